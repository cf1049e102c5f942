"""The machine that runs compiled policies, inside other compiled loops or by itself.

Importing this module loads Numba; everything else of the room does without.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from gigawatt.engines.policy import opcodes as op
from gigawatt.engines.policy.arithmetic import LARGEST
from gigawatt.engines.policy.compile import STEPS_MOST_COUNT

_NO_VALUE = math.nan  # of an operation; the check after each instruction turns it into 0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _careful(kind, acc, other):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the result of the slower operations; NaN where there is none."""
    if kind == op.SQRT:
        return math.sqrt(acc) if acc >= 0.0 else _NO_VALUE
    if kind == op.LOG:
        return math.log(acc) if acc > 0.0 else _NO_VALUE
    if kind == op.EXP:
        return math.exp(acc)
    if kind == op.FLOOR:
        return np.floor(acc)
    backward = kind in (op.RFLOORDIV, op.RMOD, op.RPOW)
    left, right = (other, acc) if backward else (acc, other)
    if kind in (op.POW, op.RPOW):
        return _NO_VALUE if left == 0.0 and right < 0.0 else left**right
    if right == 0.0:
        return _NO_VALUE
    return left // right if kind in (op.FLOORDIV, op.RFLOORDIV) else left % right


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _step(kind, acc, other):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the accumulator after one operation; NaN where there is no value."""
    if kind == op.ADD:
        return acc + other
    if kind == op.MUL:
        return acc * other
    if kind == op.SUB:
        return acc - other
    if kind == op.RSUB:
        return other - acc
    if kind == op.DIV:
        return acc / other if other != 0.0 else _NO_VALUE
    if kind == op.RDIV:
        return other / acc if acc != 0.0 else _NO_VALUE
    if kind == op.LT:
        return 1.0 if acc < other else 0.0
    if kind == op.LE:
        return 1.0 if acc <= other else 0.0
    if kind == op.GT:
        return 1.0 if acc > other else 0.0
    if kind == op.GE:
        return 1.0 if acc >= other else 0.0
    if kind == op.EQ:
        return 1.0 if acc == other else 0.0
    if kind == op.NE:
        return 1.0 if acc != other else 0.0
    if kind == op.MIN:
        return min(acc, other)
    if kind == op.MAX:
        return max(acc, other)
    if kind == op.NEG:
        return -acc
    if kind == op.NOT:
        return 1.0 if acc == 0.0 else 0.0
    return abs(acc) if kind == op.ABS else _careful(kind, acc, other)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run(code, constants, features, stack):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Run a program once.

    Parameters
    ----------
    code : ndarray of int32, shape (instructions, 2)
        `Program.code`.
    constants : ndarray of float64
        `Program.constants`.
    features : ndarray of float64
        Values in the order of the `Features` table; one that is not finite is cut and counts as a fault.
    stack : ndarray of float64
        At least `Program.stack_depth` cells; cell 0 is raised by the faults of the call, the others are scratch.

    Returns
    -------
    float
        Finite, at most `LARGEST` in size.

    Notes
    -----
    Total and bounded: every operation has a finite value by the rules of `arithmetic`, and after `STEPS_MOST_COUNT`
    instructions a call ends with 0 and a fault, which compiled policies never reach. Call it from other
    `numba.njit` functions; it holds no lock and allocates nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from gigawatt.engines.policy import Feature, Features, compile_policy
    >>> program = compile_policy("wait_h / 0.5", Features((Feature("wait_h", "h", "Time in the queue."),)))
    >>> float(run(program.code, program.constants, np.array([3.0]), program.new_stack()))
    6.0
    """
    acc, at = 0.0, 0
    for _ in range(STEPS_MOST_COUNT):
        kind, place, index = code[at, 0] >> 2, code[at, 0] & 3, code[at, 1]
        at += 1
        if kind == op.RETURN:
            return acc
        if kind == op.STORE:
            stack[index] = acc
            continue
        if op.JUMP <= kind <= op.JUMP_UNLESS_ZERO:
            if kind == op.JUMP or (acc == 0.0) == (kind == op.JUMP_IF_ZERO):
                at = index
            continue
        if place == op.FEATURE:
            other = features[index]
            if not abs(other) <= LARGEST:
                other = 0.0 if other != other else math.copysign(LARGEST, other)
                stack[0] += 1.0
        else:
            other = constants[index] if place == op.CONSTANT else stack[index]
        acc = other if kind == op.LOAD else _step(kind, acc, other)
        if not abs(acc) <= LARGEST:
            acc = 0.0 if acc != acc else math.copysign(LARGEST, acc)
            stack[0] += 1.0
    stack[0] += 1.0
    return 0.0
