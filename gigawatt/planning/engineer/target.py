"""What a target is: what a policy decides, what is measured of it, what is wanted, what is guarded, what it must beat.

To add one on the fleet simulator, write a row in `fleet_targets`; on the serving simulator, in `router_target`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.policy import Features, Program

OWN = "the scenario's own"  # rule by hand: that of the scenario's fleet, left as it is


class AnySlice(Protocol):
    """A stretch of time on one fleet or service: policies are measured on several."""

    @property
    def split(self) -> str:
        """What it is for."""

    @property
    def where(self) -> str:
        """Fleet or service and work, in words."""

    @property
    def week(self) -> int:
        """Number of the week or window."""

    @property
    def draw(self) -> int:
        """Number of the draw."""

    @property
    def counts_N(self) -> NDArray[np.bool_]:
        """Which of its jobs or requests count."""

    @property
    def name(self) -> str:
        """Name in tables and in the log."""


@dataclass(frozen=True, slots=True)
class Column:
    """A measure and how it is said.

    Attributes
    ----------
    name : str
        Field of the measures.
    what : str
        In words.
    heading : str
        Of tables.
    unit : str
    per_unit : float
        Value of one such unit.
    digits : int
        After the point.
    shown : bool
        Whether a terminal has room for it.
    little : float
        Where the best rule by hand has less than this, little is at stake.
    """

    name: str
    what: str
    heading: str
    unit: str
    per_unit: float
    digits: int
    shown: bool = True
    little: float = 0.0

    def figure(self, value: float) -> str:
        """Return a value in the unit."""
        return f"{value / self.per_unit:,.{self.digits}f}"

    def said(self, value: float) -> str:
        """Return a value with its unit.

        Examples
        --------
        >>> Column("mean_wait_s", "mean wait", "mean wait h", "h", 3600.0, 2).said(5400.0)
        '1.50 h'
        """
        return f"{self.figure(value)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Guard:
    """A limit that a policy must keep to; it follows from the rules by hand on the same slices.

    Attributes
    ----------
    name : str
        Field of the measures.
    ratio : float
        At most so many times the worse of the best and the usual rule by hand; 0 where `slack` says it.
    floor : float
        The limit comes from no less than this.
    slack : float
        So much worse than the best rule by hand still counts as equal.
    more : bool
        Whether more is better.
    """

    name: str
    ratio: float = 0.0
    floor: float = 0.0
    slack: float = 0.0
    more: bool = False

    def limit(self, best: float, usual: float) -> float:
        """Return the limit.

        Examples
        --------
        >>> Guard("a", ratio=1.5).limit(2.0, 4.0), Guard("b", slack=0.1, more=True).limit(0.5, 0.9)
        (6.0, 0.4)
        """
        if self.ratio:
            return self.ratio * max(best, usual, self.floor)
        return best - self.slack if self.more else max(best, self.floor) + self.slack

    def breach(self, value: float, limit: float) -> float:
        """Return by which share a limit is exceeded; 0 where it is kept."""
        if self.more:
            return max(limit / max(value, 1e-12) - 1.0, 0.0)
        return max(value / limit - 1.0 if self.ratio else value - limit, 0.0)


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of policy; subclasses measure it on their simulator.

    Attributes
    ----------
    name : str
    hook : str
        Name of the function in a policy's file.
    features : Features
        What a policy may read.
    measures : type
        Dataclass of floats that is measured of a slice.
    columns : tuple of Column
        Of its fields, those in tables.
    wanted : str
        Field that shall be small.
    guards : tuple of Guard
    behaviour : tuple of str
        Two guarded fields by which programs differ.
    about : str
        What the policy decides, in a sentence.
    contract : str
        What a value means.
    rivals : tuple of str
        Rules by hand that the simulator has.
    usual : str
        The rule that the simulator takes where nothing is said.
    books : mapping of str to str
        Rules by hand from the literature, as texts by name: a search begins with them and has to beat them, too.
    seeds : tuple of str
        Texts beside those of the books that a search begins with.
    orders : bool
        Whether a score only says what goes first, so that its scale does not matter.
    setting : str
        What is looked at, for a language model.
    spans : str
        What slices are cut from: weeks, windows.
    bound : str
        What is proven of the best that can be, with a place for the figure; empty where nothing is.
    notes : tuple of str
        What a reader must know.
    """

    name: str
    hook: str
    features: Features
    measures: type
    columns: tuple[Column, ...]
    wanted: str
    guards: tuple[Guard, ...]
    behaviour: tuple[str, str]
    about: str
    contract: str
    rivals: tuple[str, ...]
    usual: str
    books: Mapping[str, str]
    seeds: tuple[str, ...] = ()
    orders: bool = True
    setting: str = "a fleet of accelerators"
    spans: str = "weeks"
    bound: str = ""
    notes: tuple[str, ...] = field(default=())

    def column(self, name: str) -> Column:
        """Return how a measure is said."""
        return next(item for item in self.columns if item.name == name)

    def measure(self, item: Any, program: Program | None, rival: str = "") -> Any:
        """Simulate a slice under a policy, or under a rule by hand; return its measures."""
        raise NotImplementedError

    def alarm(self, row: Any, item: Any) -> str:
        """Say which measure is beyond what any policy can reach: then the simulator is wrong. Empty where none is."""
        raise NotImplementedError

    def least(self, item: Any) -> float:
        """Return what is proven that no policy can undercut; 0 where nothing is."""
        raise NotImplementedError

    def short(self, item: Any) -> Any:
        """Return a slice that takes a moment, and on which all is loaded that a judge needs."""
        raise NotImplementedError
