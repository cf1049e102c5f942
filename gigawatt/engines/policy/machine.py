"""The machine that runs compiled policies, inside other compiled loops or by itself.

Importing this module loads Numba; everything else of the room does without.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy import uint32 as bare  # an unsigned index needs no check for counting from the end

from gigawatt.engines.policy import opcodes as op
from gigawatt.engines.policy.arithmetic import LARGEST

_NO_VALUE = math.nan  # of an operation; the check after each operation turns it into 0
_TARGET_MASK = op.TARGET_STEP - 1
_TARGET_BITS = _TARGET_MASK.bit_length()
_OPERAND_MASK = op.OPERAND_STEP - 1
_OPERAND_BITS = _OPERAND_MASK.bit_length()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _careful(kind, a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the result of the slower operations; NaN where there is none."""
    if kind == op.SQRT:
        return math.sqrt(a) if a >= 0.0 else _NO_VALUE
    if kind == op.LOG:
        return math.log(a) if a > 0.0 else _NO_VALUE
    if kind == op.EXP:
        return math.exp(a)
    if kind == op.FLOOR:
        return np.floor(a)
    if kind == op.POW:
        return _NO_VALUE if a == 0.0 and b < 0.0 else a**b
    if b == 0.0:
        return _NO_VALUE
    return a // b if kind == op.FLOORDIV else a % b


@numba.njit(inline="always", error_model="numpy")
def _plain(kind, a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the result of the quick operations; part of the main loop."""
    if kind == op.ADD:
        result = a + b
    elif kind == op.SUB:
        result = a - b
    elif kind == op.MUL:
        result = a * b
    elif kind == op.DIV:
        result = a / b if b != 0.0 else _NO_VALUE
    elif kind == op.MIN:
        result = b if b < a else a
    elif kind == op.MAX:
        result = b if b > a else a
    elif kind == op.MOVE:
        result = a
    elif kind == op.NEG:
        result = -a
    elif kind == op.LT:
        result = 1.0 if a < b else 0.0
    elif kind == op.LE:
        result = 1.0 if a <= b else 0.0
    elif kind == op.GT:
        result = 1.0 if a > b else 0.0
    elif kind == op.GE:
        result = 1.0 if a >= b else 0.0
    elif kind == op.EQ:
        result = 1.0 if a == b else 0.0
    elif kind == op.NE:
        result = 1.0 if a != b else 0.0
    elif kind == op.NOT:
        result = 1.0 if a == 0.0 else 0.0
    else:
        result = abs(a)
    return result


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run(code, constants, features, stack):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Run a program once.

    Parameters
    ----------
    code : ndarray of int32, shape (rows, 2)
        `Program.code`.
    constants : ndarray of float64
        `Program.constants`.
    features : ndarray of float64
        Values in the order of the `Features` table. One that the program reads and that is not finite is cut, which is
        a fault.
    stack : ndarray of float64
        At least `Program.stack_depth` cells. Cell 0 is raised by the faults of the call; the others are scratch.

    Returns
    -------
    float
        Finite, at most `LARGEST` in size.

    Notes
    -----
    Total: every operation has a finite value by the rules of `arithmetic`. Bounded: jumps go forward but for those of
    loops, and these fall through after `PASSES_MOST_COUNT`, which compiled policies never reach. Call it from other
    `numba.njit` functions; it allocates nothing and needs no lock. Code is trusted to come from `compile_policy`.

    Examples
    --------
    >>> from gigawatt.engines.policy import Feature, Features, compile_policy
    >>> program = compile_policy("wait_h / 0.5", Features((Feature("wait_h", "h", "Time in the queue."),)))
    >>> float(run(program.code, program.constants, np.array([3.0]), program.new_stack()))
    6.0
    """
    read_count = code[0, 0]
    for row in range(read_count):
        result = features[code[row + 1, 0]]
        if not abs(result) <= LARGEST:
            result = 0.0 if math.isnan(result) else math.copysign(LARGEST, result)
            stack[0] += 1.0
        stack[row + 1] = result
    for row in range(constants.size):
        stack[read_count + 1 + row] = constants[row]
    at, passes_left = bare(read_count + 1), op.PASSES_MOST_COUNT
    while True:
        head, operands = bare(code[at, 0]), bare(code[at, 1])
        at = bare(at + 1)
        kind, target = bare(head & _TARGET_MASK), bare(head >> _TARGET_BITS)
        a, b = stack[bare(operands & _OPERAND_MASK)], stack[bare(operands >> _OPERAND_BITS)]
        if kind == op.RETURN:
            return a
        if kind <= op.ABS:
            result = _plain(kind, a, b)
        elif kind <= op.REPEAT:
            if kind == op.REPEAT:
                passes_left -= 1
            if kind == op.JUMP or ((a == 0.0) == (kind == op.JUMP_IF_ZERO) and passes_left > 0):
                at = target
            continue
        else:
            result = _careful(kind, a, b)
        if not abs(result) <= LARGEST:
            result = 0.0 if math.isnan(result) else math.copysign(LARGEST, result)
            stack[0] += 1.0
        stack[target] = result
