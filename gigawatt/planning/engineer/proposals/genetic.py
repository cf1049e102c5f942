"""The search that needs nothing: typed trees that mutate and cross, parents from the archive, constants tuned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gigawatt.engines.policy import Features, compile_policy, parse
from gigawatt.engines.policy.describe import to_text
from gigawatt.engines.policy.features import Limits
from gigawatt.engines.policy.simplify import simplify
from gigawatt.engines.policy.tree import Expression, Return, Tree, nodes_count
from gigawatt.errors import InputError
from gigawatt.planning.engineer.archive import Archive
from gigawatt.planning.engineer.proposals import Proposal
from gigawatt.planning.engineer.proposals.trees import CHANGES, Grower, as_expression, cross, tidied, without_scale

LARGEST_PARTS = 60  # of what is tried
CROSS_FRAC = 0.25  # of children have two parents
FRESH_FRAC = 0.04  # of children have none
GREEDY_FRAC = 0.5  # of parents are the best of a few, the others any of the archive
TOURNAMENT = 4
# What means something else in a slice of nine days than in a fleet's years: the built-in search leaves it alone.
BOUND_TO_SLICES = ("submit_s", "hour_of_week_h")
TRIES = 40  # to find a child that has not been seen


class Genetic:
    """Proposals by mutation and crossing.

    Parameters
    ----------
    features : Features
    seeds : sequence of str
        Policies to begin with.
    seed : int
    orders : bool
        Whether a score only says what goes first, so that its scale does not matter.
    """

    def __init__(self, features: Features, seeds: Sequence[str], seed: int, *, orders: bool = True) -> None:
        self.features, self.seeds, self.seed, self.orders = features, tuple(seeds), seed, orders
        self.drawn = Features(tuple(row for row in features.rows if row.name not in BOUND_TO_SLICES))
        self.seen: set[str] = set()
        read = {name for text in self.seeds for name in self._reads(text)}
        self.favoured = tuple(name for name in self.drawn.names if name in read)

    def propose(self, batch: int, count: int, archive: Archive) -> Sequence[Proposal]:
        """Return children of what the archive holds; in the first batch what there is to begin with."""
        grower = Grower(self.drawn, np.random.default_rng([self.seed, batch]), self.favoured)
        found: list[Proposal] = []
        if batch == 0:
            for text in self.seeds:
                self._take(found, self._spelling(text), "to begin with")
        trees = [self._tree(entry.text) for entry in archive.best(len(archive.cells))]
        parents = [tree for tree in trees if tree is not None]
        for _ in range(TRIES * count):
            if len(found) >= count:
                break
            child, source = self._child(parents, grower)
            short = tidied(as_expression(simplify(Tree("", (), (Return(child),))).body) or child)
            text = to_text(Tree("", (), (Return(without_scale(short) if self.orders else short),)))
            if self._fits(text):
                self._take(found, text, source)
        return found[:count]

    def remember(self, texts: Sequence[str]) -> None:
        """Never propose these again."""
        self.seen.update(texts)

    def _child(self, parents: list[Expression], grower: Grower) -> tuple[Expression, str]:
        """Make one child."""
        if not parents or grower.chance(FRESH_FRAC):
            return grower.number(3), "drawn"
        parent = self._parent(parents, grower)
        if len(parents) > 1 and grower.chance(CROSS_FRAC):
            return cross(parent, self._parent(parents, grower), grower), "crossed"
        weights = np.cumsum([weight for _, weight in CHANGES])
        change = CHANGES[int(np.searchsorted(weights, grower.luck.random() * weights[-1]))][0]
        return change(parent, grower), change.__name__

    def _parent(self, parents: list[Expression], grower: Grower) -> Expression:
        """Choose a parent; they come best first."""
        if grower.chance(GREEDY_FRAC):
            return parents[int(grower.luck.integers(0, len(parents), TOURNAMENT).min())]
        return grower.pick(parents)

    def _take(self, found: list[Proposal], text: str, source: str) -> None:
        """Add a policy that has not been seen."""
        if text and text not in self.seen:
            self.seen.add(text)
            found.append(Proposal(text, source))

    def _fits(self, text: str) -> bool:
        """Say whether the gate lets a text through and it is short enough."""
        try:
            program = compile_policy(text, self.drawn)
        except InputError:
            return False
        return bool(program.features) and nodes_count(program.tree) <= LARGEST_PARTS

    def _reads(self, text: str) -> tuple[str, ...]:
        """Return the features that a seed reads."""
        try:
            return compile_policy(text, self.features).features
        except InputError:
            return ()

    def _tree(self, text: str) -> Expression | None:
        """Return a policy as one expression; none where it is too long for that."""
        try:
            return as_expression(parse(text, self.features, Limits()).body)
        except InputError:
            return None

    def _spelling(self, text: str) -> str:
        """Return a seed in its canonical spelling; empty where the table lacks what it reads."""
        try:
            return to_text(simplify(parse(text, self.features, Limits())))
        except InputError:
            return ""
