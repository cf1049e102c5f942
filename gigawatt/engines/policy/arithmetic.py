"""What each operation of the language gives, in plain Python: the reference that the fast machine is tested against.

Every value is a finite float of at most `LARGEST` in size, and each operation is total. Two rules replace what Python
would raise: **no value gives 0** (division by zero, logarithm or root out of range, zero to a negative power), and
**too large gives the largest**, with its sign. Either is a fault, and faults are counted.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
)

LARGEST = 1e300  # size to which results are cut: sums and products of two such cannot be mistaken for NaN [-]

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": math.pow,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "clip": lambda value, least, most: min(max(value, least), most),
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one call.

    Attributes
    ----------
    value : float
        Finite.
    faults_count : int
        Operations without a value or too large, and features that the policy reads and that are not finite.
    """

    value: float
    faults_count: int


def bounded(value: float) -> float:
    """Return a value as the language knows it: 0 for NaN, at most `LARGEST` in size.

    Parameters
    ----------
    value : float

    Returns
    -------
    float

    Examples
    --------
    >>> bounded(float("nan")), bounded(float("-inf")), bounded(2.0)
    (0.0, -1e+300, 2.0)
    """
    if math.isnan(value):
        return 0.0
    return min(max(float(value), -LARGEST), LARGEST)


def apply(name: str, *values: float) -> Outcome:
    """Apply an operator or function to finite values.

    Parameters
    ----------
    name : str
        Of `ARITHMETIC` or `FUNCTIONS`.
    *values : float

    Returns
    -------
    Outcome

    Examples
    --------
    >>> apply("/", 1.0, 0.0)
    Outcome(value=0.0, faults_count=1)
    >>> apply("**", -10.0, 301.0)
    Outcome(value=-1e+300, faults_count=1)
    """
    try:
        raw = float((_ARITHMETIC.get(name) or _FUNCTIONS[name])(*values))
    except (ZeroDivisionError, ValueError):
        return Outcome(0.0, 1)
    except OverflowError:  # of a power or of exp; a negative base keeps its sign in odd powers
        odd = len(values) == 2 and values[0] < 0.0 and math.fmod(values[1], 2.0) != 0.0
        return Outcome(-LARGEST if odd else LARGEST, 1)
    value = bounded(raw)
    return Outcome(value, int(value != raw))


def constant(expression: Expression) -> Outcome | None:
    """Return what an expression without names gives; None for one with names.

    Parameters
    ----------
    expression : Expression

    Returns
    -------
    Outcome or None

    Examples
    --------
    >>> constant(Binary("*", Number(2.0), Number(3.0)))
    Outcome(value=6.0, faults_count=0)
    """
    state = _State({})
    try:
        return Outcome(state.value(expression), state.faults_count)
    except KeyError:
        return None


def evaluate(tree: Tree, features: Mapping[str, float]) -> Outcome:
    """Run a policy by walking its tree: slow, simple, and what `machine.run` must agree with.

    Parameters
    ----------
    tree : Tree
    features : mapping of str to float
        Value of each feature that the policy uses.

    Returns
    -------
    Outcome

    Examples
    --------
    >>> evaluate(Tree("", (), (Return(Binary("/", Name("wait_h"), Number(2.0))),)), {"wait_h": 5.0})
    Outcome(value=2.5, faults_count=0)
    """
    raw = {name: float(features[name]) for name in names_read(tree) if name in features}
    state = _State({name: bounded(value) for name, value in raw.items()})
    state.faults_count = sum(value != state.names[name] for name, value in raw.items())
    value = state.block(tree.body)
    return Outcome(0.0 if value is None else value, state.faults_count)


@dataclass(slots=True)
class _State:
    """Names and their values while a policy runs."""

    names: dict[str, float]
    faults_count: int = 0

    def block(self, statements: tuple[Statement, ...]) -> float | None:
        """Run statements; the returned value, or None where none is returned."""
        for statement in statements:
            match statement:
                case Return(value):
                    return self.value(value)
                case Assign(name, value):
                    self.names[name] = self.value(value)
                case If(test, body, otherwise):
                    returned = self.block(body if self.value(test) != 0.0 else otherwise)
                    if returned is not None:
                        return returned
                case Loop(name, start, stop, body):
                    for number in range(start, stop):
                        self.names[name] = float(number)
                        returned = self.block(body)
                        if returned is not None:
                            return returned
        return None

    def value(self, expression: Expression) -> float:
        """Evaluate an expression."""
        match expression:
            case Number(value):
                return value
            case Name(name):
                return self.names[name]
            case Unary("-", operand):
                return -self.value(operand)
            case Unary(_, operand):
                return float(self.value(operand) == 0.0)
            case Binary(name, left, right):
                return self._apply(name, self.value(left), self.value(right))
            case Call(name, arguments):
                return self._apply(name, *(self.value(argument) for argument in arguments))
            case Choice(test, chosen, otherwise):
                return self.value(chosen if self.value(test) != 0.0 else otherwise)
            case Logic(name, operands):
                return self._logic(name, operands)
            case Compare(names, operands):
                return self._compare(names, operands)

    def _logic(self, name: str, operands: tuple[Expression, ...]) -> float:
        """Evaluate operands until one decides."""
        found = 0.0
        for operand in operands:
            found = self.value(operand)
            if (found != 0.0) == (name == "or"):
                break
        return found

    def _compare(self, names: tuple[str, ...], operands: tuple[Expression, ...]) -> float:
        """Evaluate a chain until one link does not hold."""
        left = self.value(operands[0])
        for name, operand in zip(names, operands[1:], strict=True):
            right = self.value(operand)
            if not _COMPARISONS[name](left, right):
                return 0.0
            left = right
        return 1.0

    def _apply(self, name: str, *values: float) -> float:
        """Apply an operation and count its fault."""
        outcome = apply(name, *values)
        self.faults_count += outcome.faults_count
        return outcome.value
