"""From a checked tree to instructions for the machine.

Every place in the stack array is known here: cell 0 counts faults, then come the local names, then temporary values.
Loops are jumps backwards on a hidden counter, so that code stays as short as the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.policy import opcodes as op
from gigawatt.engines.policy.features import USUAL, Features, Limits
from gigawatt.engines.policy.parse import parse
from gigawatt.engines.policy.tree import (
    Assign,
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    If,
    Logic,
    Loop,
    Name,
    Number,
    Return,
    Statement,
    Tree,
    Unary,
    parts,
)
from gigawatt.errors import InputError

STEPS_MOST_COUNT = 1_000_000  # instructions after which the machine gives up, whatever the code [-]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A policy that `machine.run` can run.

    Attributes
    ----------
    code : ndarray of int32, shape (instructions, 2)
        Rows as `opcodes` says.
    constants : ndarray of float64
    stack_depth : int
        Cells that the stack array of a call needs, at least; cell 0 counts faults over all calls.
    cost_bound : int
        Instructions that a call executes at most, on the longest path.
    source : str
        The text as given.
    features : tuple of str
        Names that it reads, in the order of the table.
    tree : Tree
    """

    code: NDArray[np.int32]
    constants: NDArray[np.float64]
    stack_depth: int
    cost_bound: int
    source: str
    features: tuple[str, ...]
    tree: Tree

    def new_stack(self) -> NDArray[np.float64]:
        """Return a stack array for `machine.run`, with no faults counted."""
        return np.zeros(self.stack_depth, dtype=np.float64)


def compile_policy(text: str, features: Features, limits: Limits = USUAL) -> Program:
    """Check a policy and translate it.

    Parameters
    ----------
    text : str
        A bare expression, or one function whose parameters are features.
    features : Features
        What the hook offers; the order is that of the `features` array of a call.
    limits : Limits

    Returns
    -------
    Program

    Raises
    ------
    InputError
        The text leaves the language, or may take too many instructions.

    Examples
    --------
    >>> from gigawatt.engines.policy.features import Feature
    >>> table = Features((Feature("wait_h", "h", "Time in the queue."), Feature("job_gpus", "GPU", "Size.")))
    >>> program = compile_policy("wait_h / (1 + job_gpus)", table)
    >>> program.cost_bound, program.stack_depth, program.features
    (4, 1, ('wait_h', 'job_gpus'))
    """
    tree = parse(text, features, limits)
    writer = _Writer({name: index for index, name in enumerate(features.names)}, _locals(tree.body))
    cost, _ = writer.block(tree.body)
    if cost > min(limits.steps_count, STEPS_MOST_COUNT):
        message = (
            f"policy: up to {cost:,} instructions a call. At most {limits.steps_count:,}: loop less or compute less."
        )
        raise InputError(message)
    return Program(
        np.array(writer.code, dtype=np.int32).reshape(-1, 2),
        np.array(list(writer.constants), dtype=np.float64),
        writer.depth,
        cost,
        text,
        tuple(name for name in features.names if name in writer.used),
        tree,
    )


def _locals(body: tuple[Statement, ...]) -> dict[str, int]:
    """Return the cell of each local name: from 1, by first appearance."""
    cells: dict[str, int] = {}
    waiting: list[Statement | Expression] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, Assign | Loop):
            cells.setdefault(node.name, len(cells) + 1)
        waiting.extend(reversed(parts(node)))
    return cells


@dataclass(slots=True)
class _Writer:
    """Writes code; each method returns the most instructions that its part executes."""

    feature_index: dict[str, int]
    cells: dict[str, int]
    code: list[tuple[int, int]] = field(default_factory=list)
    constants: dict[float, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    free: int = 0  # next temporary cell
    depth: int = 0  # cells used so far at most

    def __post_init__(self) -> None:
        self.free = self.depth = len(self.cells) + 1

    def block(self, statements: tuple[Statement, ...]) -> tuple[int, bool]:
        """Write statements; also say whether the last of them always returns."""
        cost, ends = 0, False
        for statement in statements:
            added, ends = self._statement(statement)
            cost += added
        return cost, ends

    def _statement(self, statement: Statement) -> tuple[int, bool]:
        """Write one statement."""
        match statement:
            case Return(value):
                return self.value(value) + self._emit(op.RETURN), True
            case Assign(name, value):
                return self.value(value) + self._emit(op.STORE, op.STACK, self.cells[name]), False
            case If(test, body, otherwise):
                return self._if(test, body, otherwise)
            case Loop():
                return self._loop(statement)

    def _if(self, test: Expression, body: tuple[Statement, ...], otherwise: tuple[Statement, ...]) -> tuple[int, bool]:
        """Write a conditional; no jump over `otherwise` where there is none or the body returns."""
        cost = self.value(test)
        skip = self._hole()
        body_cost, body_ends = self.block(body)
        if otherwise and not body_ends:
            leave = self._hole()
            self._fill(skip, op.JUMP_IF_ZERO)
            otherwise_cost, otherwise_ends = self.block(otherwise)
            self._fill(leave, op.JUMP)
            return cost + 1 + max(body_cost + 1, otherwise_cost), body_ends and otherwise_ends
        self._fill(skip, op.JUMP_IF_ZERO)
        otherwise_cost, otherwise_ends = self.block(otherwise)
        return cost + 1 + max(body_cost, otherwise_cost), body_ends and otherwise_ends

    def _loop(self, loop: Loop) -> tuple[int, bool]:
        """Write a loop on a hidden counter, so that the body may assign to its variable as in Python."""
        counter = self._take()
        cost = self._emit(op.LOAD, op.CONSTANT, self._constant(loop.start))
        cost += self._emit(op.STORE, op.STACK, counter)
        top = len(self.code)
        turn = self._emit(op.LOAD, op.STACK, counter) + self._emit(op.STORE, op.STACK, self.cells[loop.name])
        body_cost, ends = self.block(loop.body)
        turn += body_cost
        if not ends:
            turn += self._emit(op.LOAD, op.STACK, counter) + self._emit(op.ADD, op.CONSTANT, self._constant(1))
            turn += self._emit(op.STORE, op.STACK, counter) + self._emit(op.LT, op.CONSTANT, self._constant(loop.stop))
            turn += self._emit(op.JUMP_UNLESS_ZERO, 0, top)
        self.free -= 1
        return cost + turn * (1 if ends else loop.stop - loop.start), ends

    def value(self, expression: Expression) -> int:
        """Write an expression: its value is in the accumulator afterwards."""
        match expression:
            case Number() | Name():
                return self._emit(op.LOAD, *self._place(expression))
            case Unary(name, operand):
                return self.value(operand) + self._emit(op.UNARY[name])
            case Binary(name, left, right):
                return self._binary(name, left, right)
            case Compare(names, operands):
                return self._compare(names, operands)
            case Logic(name, operands):
                return self._logic(name, operands)
            case Choice(test, chosen, otherwise):
                return self._choice(test, chosen, otherwise)
            case Call(name, arguments):
                return self._call(name, arguments)

    def _binary(self, name: str, left: Expression, right: Expression) -> int:
        """Write an operation on two operands; one that is a name or a number needs no cell."""
        forward, backward = op.BINARY[name]
        if isinstance(right, Number | Name):
            return self.value(left) + self._emit(forward, *self._place(right))
        if isinstance(left, Number | Name):
            return self.value(right) + self._emit(backward, *self._place(left))
        cell = self._take()
        cost = self.value(left) + self._emit(op.STORE, op.STACK, cell)
        cost += self.value(right) + self._emit(backward, op.STACK, cell)
        self.free -= 1
        return cost

    def _call(self, name: str, arguments: tuple[Expression, ...]) -> int:
        """Write a call; `clip` is the smaller of `most` and the larger of `least` and the value."""
        if name in op.UNARY:
            return self.value(arguments[0]) + self._emit(op.UNARY[name])
        steps = ("max", "min") if name == "clip" else (name,) * (len(arguments) - 1)
        nested = arguments[0]
        cost = self.value(nested)
        for step, argument in zip(steps, arguments[1:], strict=True):
            forward, backward = op.BINARY[step]
            if isinstance(argument, Number | Name):
                cost += self._emit(forward, *self._place(argument))
                continue
            cell = self._take()
            cost += self._emit(op.STORE, op.STACK, cell) + self.value(argument)
            cost += self._emit(backward, op.STACK, cell)
            self.free -= 1
        return cost

    def _compare(self, names: tuple[str, ...], operands: tuple[Expression, ...]) -> int:
        """Write a comparison; in a chain each middle operand is computed once, into a cell."""
        if len(names) == 1:
            return self._binary(names[0], operands[0], operands[1])
        left, right = self._take(), self._take()
        cost = self.value(operands[0]) + self._emit(op.STORE, op.STACK, left)
        holes: list[int] = []
        for name, operand in zip(names, operands[1:], strict=True):
            if holes:
                cost += self._emit(op.LOAD, op.STACK, right) + self._emit(op.STORE, op.STACK, left)
            cost += self.value(operand) + self._emit(op.STORE, op.STACK, right)
            cost += self._emit(op.BINARY[name][1], op.STACK, left)
            holes.append(self._hole())
            cost += 1
        for hole in holes:
            self._fill(hole, op.JUMP_IF_ZERO)
        self.free -= 2
        return cost

    def _logic(self, name: str, operands: tuple[Expression, ...]) -> int:
        """Write `and` or `or`: the first operand that decides stays in the accumulator."""
        cost = self.value(operands[0])
        holes = []
        for operand in operands[1:]:
            holes.append(self._hole())
            cost += 1 + self.value(operand)
        for hole in holes:
            self._fill(hole, op.JUMP_IF_ZERO if name == "and" else op.JUMP_UNLESS_ZERO)
        return cost

    def _choice(self, test: Expression, chosen: Expression, otherwise: Expression) -> int:
        """Write a conditional expression."""
        cost = self.value(test)
        skip = self._hole()
        chosen_cost = self.value(chosen)
        leave = self._hole()
        self._fill(skip, op.JUMP_IF_ZERO)
        otherwise_cost = self.value(otherwise)
        self._fill(leave, op.JUMP)
        return cost + 1 + max(chosen_cost + 1, otherwise_cost)

    def _place(self, leaf: Number | Name) -> tuple[int, int]:
        """Return where a name or number lies."""
        if isinstance(leaf, Number):
            return op.CONSTANT, self._constant(leaf.value)
        if leaf.name in self.cells:
            return op.STACK, self.cells[leaf.name]
        self.used.add(leaf.name)
        return op.FEATURE, self.feature_index[leaf.name]

    def _constant(self, value: float) -> int:
        """Return the index of a constant, adding it if it is new."""
        return self.constants.setdefault(float(value), len(self.constants))

    def _take(self) -> int:
        """Reserve a cell."""
        self.free += 1
        self.depth = max(self.depth, self.free)
        return self.free - 1

    def _emit(self, operation: int, place: int = 0, index: int = 0) -> int:
        """Write one instruction."""
        self.code.append((operation * 4 + place, index))
        return 1

    def _hole(self) -> int:
        """Leave room for a jump forward."""
        self.code.append((-1, -1))
        return len(self.code) - 1

    def _fill(self, hole: int, operation: int) -> None:
        """Make a hole jump to here."""
        self.code[hole] = (operation * 4, len(self.code))
