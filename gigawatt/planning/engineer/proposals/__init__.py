"""Where policies come from: one interface, two sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gigawatt.planning.engineer.archive import Archive


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy's text, not yet looked at.

    Attributes
    ----------
    text : str
        Empty where the source failed.
    source : str
        How it came about.
    failure : str
        Why there is no text.
    tokens_count : int
        Spent on it.
    """

    text: str
    source: str
    failure: str = ""
    tokens_count: int = 0


class Proposer(Protocol):
    """A source of policies."""

    def propose(self, batch: int, count: int, archive: Archive) -> Sequence[Proposal]:
        """Return policies to try next.

        Parameters
        ----------
        batch : int
            Number of the batch: with the seed of the search all that chance may depend on.
        count : int
            Wanted; fewer may come.
        archive : Archive
            What has been found so far.

        Returns
        -------
        sequence of Proposal
        """


__all__ = ["Proposal", "Proposer"]
