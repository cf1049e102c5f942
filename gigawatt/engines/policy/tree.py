"""The checked syntax tree of a policy: what the language consists of, and nothing else.

Trees are values: two policies that differ only in spacing, comments and redundant parentheses are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ARITHMETIC = ("+", "-", "*", "/", "//", "%", "**")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
# Functions by name, with the fewest and the most arguments.
FUNCTIONS = {
    "abs": (1, 1),
    "clip": (3, 3),
    "exp": (1, 1),
    "floor": (1, 1),
    "log": (1, 1),
    "max": (2, 8),
    "min": (2, 8),
    "sqrt": (1, 1),
}


@dataclass(frozen=True, slots=True)
class Number:
    """A constant, negative ones included."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A feature or a local name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`; operator "-" or "not"."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and one of `ARITHMETIC`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare:
    """A chain `a < b <= c`: one operand more than `operators`."""

    operators: tuple[str, ...]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`a and b and c` or `a or b or c`; as in Python the value is that of the operand that decided."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen if test else otherwise`."""

    test: Expression
    chosen: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """One of `FUNCTIONS`."""

    name: str
    arguments: tuple[Expression, ...]


Expression = Number | Name | Unary | Binary | Compare | Logic | Choice | Call


@dataclass(frozen=True, slots=True)
class Assign:
    """`name = value`; `name += value` becomes `name = name + value`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    """`elif` is an `If` alone in `otherwise`."""

    test: Expression
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """`for name in range(start, stop)`, both known, `start` below `stop`."""

    name: str
    start: int
    stop: int
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """`return value`."""

    value: Expression


Statement = Assign | If | Loop | Return


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole policy.

    Attributes
    ----------
    name : str
        Of the function; empty for a bare expression.
    parameters : tuple of str
        Features it takes; empty for a bare expression, which may use any.
    body : tuple of Statement
        A bare expression is one `Return`.
    """

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]


def parts(node: Expression | Statement) -> tuple[Expression | Statement, ...]:
    """Return the nodes directly below one.

    Parameters
    ----------
    node : Expression or Statement

    Returns
    -------
    tuple of Expression or Statement
        In the order of the text.

    Examples
    --------
    >>> parts(Binary("+", Name("a"), Number(1.0)))
    (Name(name='a'), Number(value=1.0))
    """
    match node:
        case Number() | Name():
            return ()
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Compare(_, operands) | Logic(_, operands) | Call(_, operands):
            return operands
        case Choice(test, chosen, otherwise):
            return (chosen, test, otherwise)
        case Assign(_, value) | Return(value):
            return (value,)
        case If(test, body, rest):
            return (test, *body, *rest)
        case Loop(_, _, _, body):
            return body


def nodes(tree: Tree) -> Iterator[Expression | Statement]:
    """Yield the nodes of a policy in the order of its text.

    Parameters
    ----------
    tree : Tree

    Yields
    ------
    Expression or Statement

    Examples
    --------
    >>> [type(node).__name__ for node in nodes(Tree("", (), (Return(Number(1.0)),)))]
    ['Return', 'Number']
    """
    waiting: list[Expression | Statement] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(parts(node)))


def nodes_count(tree: Tree) -> int:
    """Return the nodes of a policy: its complexity.

    Parameters
    ----------
    tree : Tree

    Returns
    -------
    int
        Statements, operators, calls, names and numbers; the bare `Return` of an expression does not count.

    Examples
    --------
    >>> nodes_count(Tree("", (), (Return(Binary("+", Name("a"), Number(1.0))),)))
    3
    """
    count = sum(1 for _ in nodes(tree))
    return count if tree.name else count - 1


def names_read(tree: Tree) -> frozenset[str]:
    """Return the names that a policy reads, features and local ones.

    Parameters
    ----------
    tree : Tree

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> names_read(Tree("", (), (Return(Name("wait_h")),)))
    frozenset({'wait_h'})
    """
    return frozenset(node.name for node in nodes(tree) if isinstance(node, Name))
