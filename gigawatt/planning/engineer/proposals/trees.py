"""Random expressions of the policy language and changes to them. Two types: numbers, and tests that are true or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from gigawatt.engines.policy import Features
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
    Unary,
)

T = TypeVar("T")
LARGEST_SHOWN = 1e9  # constants are drawn up to here
OPERATORS = ("+", "-", "*", "/")
COMPARISONS = ("<", ">")
BINARY_CALLS = ("min", "max")
DIGITS = 3  # of constants: what more says nothing to a reader
LEAF_FRAC = 0.3  # of the places where a tree may end, how often it does
CONSTANT_FRAC = 0.3  # of leaves
FAVOURED_FRAC = 0.75  # of features drawn; what looks at everything fits the training weeks and no others
SPREAD = 0.5  # of the logarithm, by which a constant is moved


def is_test(node: Expression) -> bool:
    """Say whether an expression is true or not rather than a number."""
    return isinstance(node, Compare | Logic) or (isinstance(node, Unary) and node.operator == "not")


def children(node: Expression) -> tuple[Expression, ...]:
    """Return the parts directly below."""
    match node:
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Compare(_, operands) | Logic(_, operands) | Call(_, operands):
            return operands
        case Choice(test, chosen, otherwise):
            return (test, chosen, otherwise)
    return ()


def rebuilt(node: Expression, parts: tuple[Expression, ...]) -> Expression:
    """Return a node with other parts below."""
    match node:
        case Unary(name, _):
            return Unary(name, parts[0])
        case Binary(name, _, _):
            return Binary(name, parts[0], parts[1])
        case Compare(names, _):
            return Compare(names, parts)
        case Logic(name, _):
            return Logic(name, parts)
        case Call(name, _):
            return Call(name, parts)
        case Choice():
            return Choice(*parts)
    return node


Path = tuple[int, ...]


def paths(node: Expression, here: Path = ()) -> list[tuple[Path, Expression]]:
    """Return each node with the way to it."""
    found = [(here, node)]
    for at, part in enumerate(children(node)):
        found += paths(part, (*here, at))
    return found


def put_at(node: Expression, path: Path, new: Expression) -> Expression:
    """Return a tree with another part at a place."""
    if not path:
        return new
    parts = children(node)
    return rebuilt(node, (*parts[: path[0]], put_at(parts[path[0]], path[1:], new), *parts[path[0] + 1 :]))


def as_expression(body: tuple[Statement, ...]) -> Expression | None:
    """Return a policy's body as one expression, where it is no loop: names put in, branches as choices."""
    return _folded(body, {})


def _folded(body: tuple[Statement, ...], known: dict[str, Expression]) -> Expression | None:
    """Fold statements, the first one first."""
    if not body:
        return None
    first, rest = body[0], body[1:]
    match first:
        case Return(value):
            return _put_in(value, known)
        case Assign(name, value):
            return _folded(rest, {**known, name: _put_in(value, known)})
        case If(test, chosen, otherwise):
            left, right = _folded((*chosen, *rest), known), _folded((*otherwise, *rest), known)
            return None if left is None or right is None else Choice(_put_in(test, known), left, right)
        case Loop():
            return None


def _put_in(node: Expression, known: dict[str, Expression]) -> Expression:
    """Replace names by what they stand for."""
    if isinstance(node, Name):
        return known.get(node.name, node)
    return rebuilt(node, tuple(_put_in(part, known) for part in children(node)))


@dataclass(frozen=True, slots=True)
class Grower:
    """Draws expressions over a table of features.

    Attributes
    ----------
    features : Features
    luck : numpy Generator
    favoured : tuple of str
        Features that are drawn most often: those that rules of the books read.
    """

    features: Features
    luck: np.random.Generator
    favoured: tuple[str, ...] = ()

    def chance(self, frac: float) -> bool:
        """Say yes so often."""
        return bool(self.luck.random() < frac)

    def pick(self, options: Sequence[T]) -> T:
        """Choose one."""
        return options[int(self.luck.integers(len(options)))]

    def number(self, depth: int) -> Expression:
        """Draw a number of at most so many levels."""
        if depth <= 0 or self.chance(LEAF_FRAC):
            return self.leaf()
        kind = self.luck.random()
        if kind < 0.6:
            return Binary(self.pick(OPERATORS), self.number(depth - 1), self.number(depth - 1))
        if kind < 0.75:
            return Call(self.pick(BINARY_CALLS), (self.number(depth - 1), self.number(depth - 1)))
        if kind < 0.88:
            return self.shrunk(self.number(depth - 1))
        return Choice(self.test(depth - 1), self.number(depth - 1), self.number(depth - 1))

    def shrunk(self, node: Expression) -> Expression:
        """Take a power, the logarithm or the root of a number, safely."""
        kind = self.luck.random()
        if kind < 0.4:
            return Binary("**", Call("max", (node, Number(0.0))), Number(self.value(0.1, 3.0)))
        if kind < 0.7:
            return Call("log", (Binary("+", Number(1.0), Call("max", (node, Number(0.0)))),))
        return Call("sqrt", (Call("max", (node, Number(0.0))),))

    def test(self, depth: int) -> Expression:
        """Draw a test; most ask a feature against a threshold."""
        if depth > 1 and self.chance(0.3):
            return Compare((self.pick(COMPARISONS),), (self.number(depth - 1), self.number(depth - 1)))
        row = self.pick(self.features.rows)
        return Compare((self.pick(COMPARISONS),), (Name(row.name), Number(self.value(row.least, row.most))))

    def leaf(self) -> Expression:
        """Draw a feature or a constant."""
        if self.chance(CONSTANT_FRAC):
            return Number(self.value(0.01, 1000.0))
        return self.name()

    def name(self) -> Name:
        """Draw a feature."""
        return Name(self.pick(self.favoured if self.favoured and self.chance(FAVOURED_FRAC) else self.features.names))

    def value(self, least: float, most: float) -> float:
        """Draw a constant, evenly by its logarithm."""
        low = math.log(max(least, min(most, 1.0) / 100.0, 1e-6))
        high = math.log(min(max(most, 1e-6), LARGEST_SHOWN))
        return rounded(math.exp(self.luck.uniform(min(low, high), max(low, high))))

    def moved(self, number: Number) -> Number:
        """Move a constant; now and then turn its sign."""
        value = number.value if number.value else self.value(0.01, 10.0)
        value *= math.exp(SPREAD * self.luck.standard_normal())
        return Number(rounded(-value if self.chance(0.05) else value))

    def any_of(self, like: Expression, depth: int) -> Expression:
        """Draw an expression of the same type as another."""
        return self.test(depth) if is_test(like) else self.number(depth)


def rounded(value: float) -> float:
    """Return a number with few digits.

    Examples
    --------
    >>> rounded(1234.567), rounded(0.0)
    (1230.0, 0.0)
    """
    if not value or not math.isfinite(value):
        return 0.0
    return float(f"{value:.{DIGITS - 1}e}")


def tidied(node: Expression) -> Expression:
    """Return a tree whose constants have few digits."""
    if isinstance(node, Number):
        return Number(rounded(node.value))
    return rebuilt(node, tuple(tidied(part) for part in children(node)))


def without_scale(node: Expression) -> Expression:
    """Return an expression that orders alike, without constants that are added to the whole or scale it.

    Examples
    --------
    >>> without_scale(Binary("*", Binary("+", Name("a"), Number(3.0)), Number(2.0)))
    Name(name='a')
    """
    match node:
        case Binary("+" | "-", kept, Number(_)) | Binary("+", Number(_), kept):
            return without_scale(kept)
        case Binary("*" | "/", kept, Number(value)) | Binary("*", Number(value), kept) if value > 0.0:
            return without_scale(kept)
    return node


Change = Callable[[Expression, Grower], Expression]


def subtree(node: Expression, grower: Grower) -> Expression:
    """Put something new in the place of a part."""
    path, old = grower.pick(paths(node))
    return put_at(node, path, grower.any_of(old, 2))


def constants(node: Expression, grower: Grower) -> Expression:
    """Move one or more constants."""
    places = [(path, part) for path, part in paths(node) if isinstance(part, Number)]
    if not places:
        return subtree(node, grower)
    chosen = grower.pick(places)
    for path, part in places:
        if path == chosen[0] or grower.chance(0.3):
            node = put_at(node, path, grower.moved(part))
    return node


def point(node: Expression, grower: Grower) -> Expression:
    """Change an operator or a feature."""
    path, old = grower.pick(paths(node))
    new: Expression
    match old:
        case Binary():
            new = old if old.operator == "**" else replace(old, operator=grower.pick(OPERATORS))
        case Name():
            new = grower.name()
        case Number():
            new = grower.moved(old)
        case Compare(_, (left, right)):
            new = Compare((grower.pick(COMPARISONS),), (right, left) if grower.chance(0.5) else (left, right))
        case _:
            new = grower.any_of(old, 2)
    return put_at(node, path, new)


def hoist(node: Expression, grower: Grower) -> Expression:
    """Put a part of a part in its place: shorter."""
    path, old = grower.pick(paths(node))
    inner = [part for _, part in paths(old)[1:] if is_test(part) == is_test(old)]
    return put_at(node, path, grower.pick(inner)) if inner else subtree(node, grower)


def wrap(node: Expression, grower: Grower) -> Expression:
    """Add a term to the whole, or scale it."""
    if grower.chance(0.3):
        return Choice(grower.test(1), node, grower.number(2))
    operator = grower.pick(OPERATORS)
    return Binary(operator, node, grower.number(2))


def cross(node: Expression, other: Expression, grower: Grower) -> Expression:
    """Put a part of another policy in the place of a part of the same type."""
    path, old = grower.pick(paths(node))
    parts = [part for _, part in paths(other) if is_test(part) == is_test(old)]
    return put_at(node, path, grower.pick(parts)) if parts else subtree(node, grower)


CHANGES: tuple[tuple[Change, float], ...] = ((subtree, 0.2), (constants, 0.3), (point, 0.2), (hoist, 0.1), (wrap, 0.2))
