"""From a checked tree to instructions for the machine.

Each register is known here; `opcodes` has their order. Loops are jumps backwards on a hidden counter, so that code
stays as short as the text.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    names_read,
    nodes,
)
from gigawatt.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A policy that `machine.run` can run.

    Attributes
    ----------
    code : ndarray of int32, shape (rows, 2)
        Rows as `opcodes` says.
    constants : ndarray of float64
    stack_depth : int
        Cells that the stack array of a call needs, at least; cell 0 counts faults over all calls.
    cost_bound : int
        Steps that a call makes at most, on the longest path.
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
    (3, 6, ('wait_h', 'job_gpus'))
    """
    tree = parse(text, features, limits)
    layout = _layout(tree, features)
    writer = _Writer(layout)
    try:
        cost, _ = writer.block(tree.body)
    except RecursionError:
        message = "policy: too little room on the stack to compile this. Call from less deep."
        raise InputError(message) from None
    most = min(limits.steps_count, op.PASSES_MOST_COUNT)
    if cost > most:
        message = f"policy: up to {cost:,} steps a call. At most {most:,}: loop less or compute less."
        raise InputError(message)
    if writer.depth > op.REGISTERS_MOST_COUNT:
        message = (
            f"policy: {writer.depth:,} names and values. At most {op.REGISTERS_MOST_COUNT:,}: write a shorter one."
        )
        raise InputError(message)
    header = [(len(layout.read), 0), *((features.names.index(name), 0) for name in layout.read)]
    return Program(
        np.array(header + writer.code, dtype=np.int32),
        np.array(list(layout.constants), dtype=np.float64),
        writer.depth,
        cost,
        text,
        layout.read,
        tree,
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which register holds what; constants and names by their value and name."""

    read: tuple[str, ...]
    constants: dict[float, int]
    names: dict[str, int]
    size: int


def _layout(tree: Tree, features: Features) -> _Layout:
    """Give each feature that is read, each constant and each local name a register."""
    seen = names_read(tree)
    own: dict[str, None] = {}
    constants: dict[float, None] = {}
    for node in nodes(tree):
        if isinstance(node, Number):
            constants[node.value] = None
        elif isinstance(node, Assign):
            own[node.name] = None
        elif isinstance(node, Loop):
            own[node.name] = None
            constants |= dict.fromkeys((float(node.start), float(node.stop), 1.0))
    read = tuple(name for name in features.names if name in seen)
    by_value = {value: number for number, value in enumerate(constants, start=1 + len(read))}
    by_name = {name: number for number, name in enumerate(read, start=1)}
    by_name |= {name: number for number, name in enumerate(own, start=1 + len(read) + len(constants))}
    return _Layout(read, by_value, by_name, 1 + len(read) + len(constants) + len(own))


class _Writer:
    """Writes code. Statements return their most steps; expressions also the register that holds their value."""

    def __init__(self, layout: _Layout) -> None:
        self.layout = layout
        self.code: list[tuple[int, int]] = []
        self.offset = 1 + len(layout.read)  # rows before the code
        self.free = self.depth = layout.size  # next free register; the most used so far

    def block(self, statements: tuple[Statement, ...]) -> tuple[int, bool]:
        """Write statements; also say whether the last of them always returns."""
        cost, ends = 0, False
        for statement in statements:
            added, ends = self._statement(statement)
            cost += added
        return cost, ends

    def _statement(self, statement: Statement) -> tuple[int, bool]:
        """Write one statement; the registers that it took are free again."""
        kept = self.free
        match statement:
            case Return(value):
                cost, register = self.value(value)
                written = cost + self._emit(op.RETURN, 0, register), True
            case Assign(name, value):
                written = self._into(value, self.layout.names[name]), False
            case If():
                written = self._if(statement)
            case Loop():
                written = self._loop(statement)
        self.free = kept
        return written

    def _if(self, statement: If) -> tuple[int, bool]:
        """Write a conditional; no jump over `otherwise` where there is none or the body returns."""
        cost, register = self.value(statement.test)
        skip = self._hole()
        body_cost, body_ends = self.block(statement.body)
        leave = self._hole() if statement.otherwise and not body_ends else None
        self._fill(skip, op.JUMP_IF_ZERO, register)
        otherwise_cost, otherwise_ends = self.block(statement.otherwise)
        if leave is not None:
            body_cost += 1
            self._fill(leave, op.JUMP)
        return cost + 1 + max(body_cost, otherwise_cost), body_ends and otherwise_ends

    def _loop(self, loop: Loop) -> tuple[int, bool]:
        """Write a loop on a hidden counter, so that the body may assign to its variable as in Python."""
        counter, test = self._take(), self._take()
        constants = self.layout.constants
        cost = self._emit(op.MOVE, counter, constants[loop.start])
        top = len(self.code) + self.offset
        turn = self._emit(op.MOVE, self.layout.names[loop.name], counter)
        body_cost, ends = self.block(loop.body)
        if ends:
            return cost + turn + body_cost, True
        turn += body_cost + self._emit(op.ADD, counter, counter, constants[1.0])
        turn += self._emit(op.LT, test, counter, constants[loop.stop])
        turn += self._emit(op.REPEAT, top, test)
        return cost + turn * (loop.stop - loop.start), False

    def value(self, expression: Expression) -> tuple[int, int]:
        """Write an expression; one that is a name or a number lies in a register already."""
        match expression:
            case Number(value):
                return 0, self.layout.constants[value]
            case Name(name):
                return 0, self.layout.names[name]
        register = self._take()
        return self._into(expression, register), register

    def _into(self, expression: Expression, target: int) -> int:
        """Write an expression whose last step sets a register; nothing before that step touches it."""
        kept = self.free
        match expression:
            case Number() | Name():
                cost = self._emit(op.MOVE, target, self.value(expression)[1])
            case Unary(name, operand) | Call(name, (operand,)):
                cost, register = self.value(operand)
                cost += self._emit(op.UNARY[name], target, register)
            case Binary(name, left, right) | Compare((name,), (left, right)):
                cost = self._steps((name,), (left, right), target)
            case Call("clip", arguments):
                cost = self._steps(("max", "min"), arguments, target)
            case Call(name, arguments):
                cost = self._steps((name,) * (len(arguments) - 1), arguments, target)
            case Choice():
                cost = self._choice(expression, target)
            case Compare(names, operands):
                cost = self._chain(names, operands, target)
            case Logic(name, operands):
                cost = self._logic(name, operands, target)
        self.free = kept
        return cost

    def _steps(self, names: tuple[str, ...], operands: tuple[Expression, ...], target: int) -> int:
        """Write operations one after the other, each on the result so far and the next operand."""
        cost, left = self.value(operands[0])
        for number, (name, operand) in enumerate(zip(names, operands[1:], strict=True), start=1):
            kept = self.free
            added, right = self.value(operand)
            self.free = kept
            result = target if number == len(names) else self._take()
            cost += added + self._emit(op.BINARY[name], result, left, right)
            left = result
        return cost

    def _choice(self, choice: Choice, target: int) -> int:
        """Write a conditional expression."""
        cost, register = self.value(choice.test)
        skip = self._hole()
        chosen_cost = self._into(choice.chosen, target)
        leave = self._hole()
        self._fill(skip, op.JUMP_IF_ZERO, register)
        otherwise_cost = self._into(choice.otherwise, target)
        self._fill(leave, op.JUMP)
        return cost + 1 + max(chosen_cost + 1, otherwise_cost)

    def _chain(self, names: tuple[str, ...], operands: tuple[Expression, ...], target: int) -> int:
        """Write a chain of comparisons: each operand is computed once, none after a link that does not hold."""
        held = self._take()
        holes: list[int] = []
        cost, left = self.value(operands[0])
        for name, operand in zip(names, operands[1:], strict=True):
            if holes:
                cost += 1
            added, right = self.value(operand)
            cost += added + self._emit(op.BINARY[name], held, left, right)
            left = right
            holes.append(self._hole())
        self.code.pop()
        for hole in holes[:-1]:
            self._fill(hole, op.JUMP_IF_ZERO, held)
        return cost + self._emit(op.MOVE, target, held)

    def _logic(self, name: str, operands: tuple[Expression, ...], target: int) -> int:
        """Write `and` or `or`: the first operand that decides is the value."""
        held = self._take()
        cost = self._into(operands[0], held)
        holes = []
        for operand in operands[1:]:
            holes.append(self._hole())
            cost += 1 + self._into(operand, held)
        for hole in holes:
            self._fill(hole, op.JUMP_IF_ZERO if name == "and" else op.JUMP_UNLESS_ZERO, held)
        return cost + self._emit(op.MOVE, target, held)

    def _take(self) -> int:
        """Reserve a register."""
        self.free += 1
        self.depth = max(self.depth, self.free)
        return self.free - 1

    def _emit(self, operation: int, target: int, first: int = 0, second: int = 0) -> int:
        """Write one step."""
        self.code.append((operation + op.TARGET_STEP * target, first + op.OPERAND_STEP * second))
        return 1

    def _hole(self) -> int:
        """Leave room for a jump forward."""
        self.code.append((0, 0))
        return len(self.code) - 1

    def _fill(self, hole: int, operation: int, register: int = 0) -> None:
        """Make a hole jump to here."""
        self.code[hole] = (operation + op.TARGET_STEP * (len(self.code) + self.offset), register)
