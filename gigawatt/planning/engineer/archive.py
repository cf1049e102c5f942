"""Good programs that differ: one for each cell of length and behaviour, so that a search does not run into one corner.

After J.-B. Mouret, J. Clune, "Illuminating search spaces by mapping elites," arXiv:1504.04909, 2015.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import asdict, dataclass, field
from typing import Any

from gigawatt.planning.engineer.score import Limits, Score
from gigawatt.planning.engineer.targets import TARGETS

PARTS_STEPS = (6, 12, 24, 48)  # borders between the lengths of policies [parts]
RATIO_STEPS = (0.5, 0.75, 1.0)  # borders of a guarded measure over its limit [-]


@dataclass(frozen=True, slots=True)
class Entry:
    """A policy that is kept.

    Attributes
    ----------
    text : str
    parts : int
    score : Score
        On the training slices.
    number : int
        Of the proposal.
    """

    text: str
    parts: int
    score: Score
    number: int


Cell = tuple[int, int, int]


@dataclass(slots=True)
class Archive:
    """The best policy of each cell.

    Attributes
    ----------
    limits : Limits
    cells : dict
        By length, and by the two measures of the target's behaviour.
    """

    limits: Limits
    cells: dict[Cell, Entry] = field(default_factory=dict)

    def cell(self, entry: Entry) -> Cell:
        """Return where a policy belongs."""
        first, second = (
            bisect(RATIO_STEPS, float(getattr(entry.score.means, name)) / self.limits.guards[name])
            for name in TARGETS[self.limits.target].behaviour
        )
        return bisect(PARTS_STEPS, entry.parts), first, second

    def offer(self, entry: Entry) -> bool:
        """Keep a policy if it is the best of its cell; an alarm is never kept. Say whether it was."""
        if entry.score.alarm:
            return False
        at = self.cell(entry)
        held = self.cells.get(at)
        if held is not None and held.score.fitness >= entry.score.fitness:
            return False
        self.cells[at] = entry
        return True

    def best(self, count: int = 1) -> list[Entry]:
        """Return the fittest, best first."""
        return sorted(self.cells.values(), key=lambda entry: (-entry.score.fitness, entry.number))[:count]

    def record(self) -> list[dict[str, Any]]:
        """Return the entries as plain data, in a fixed order."""
        return [asdict(self.cells[at]) for at in sorted(self.cells)]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Take entries back from plain data."""
        for row in rows:
            score = dict(row["score"])
            score["means"] = TARGETS[self.limits.target].measures(**score["means"])
            score["breaches"] = tuple(score["breaches"])
            entry = Entry(row["text"], row["parts"], Score(**score), row["number"])
            self.cells[self.cell(entry)] = entry
