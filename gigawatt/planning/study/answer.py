"""What a study finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gigawatt.planning.study.ask import Question
from gigawatt.planning.study.drivers import Index, Swing
from gigawatt.planning.study.families import Uncertain
from gigawatt.planning.study.worth import Regret
from gigawatt.scenario.resolve import Resolved


@dataclass(frozen=True, slots=True)
class Band:
    """A metric under the draws.

    Attributes
    ----------
    name, label, unit, better : str
        As in the plan.
    headline : bool
    central : float
        Of the plan at its central figures.
    p10, p50, p90, mean : float
        Over the draws in which it is defined.
    """

    name: str
    label: str
    unit: str
    better: str
    headline: bool
    central: float
    p10: float
    p50: float
    p90: float
    mean: float


@dataclass(frozen=True, slots=True)
class Fan:
    """A monthly series under the draws, one value a month."""

    name: str
    unit: str
    months: tuple[str, ...]
    central: tuple[float, ...]
    p10: tuple[float, ...]
    p50: tuple[float, ...]
    p90: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """An announced figure and how often the plan meets it.

    Attributes
    ----------
    label, claimed, unit, source : str
    low, high : float
        Within which a reader would call it true.
    central, p10, p50, p90 : float
        What the plan finds.
    within_share : float
        Share of the draws within low and high. [-]
    reached_share : float
        Share of the draws at or above low; at or below high where the claim is of at most so much. [-]
    moves : bool
        Whether draws differ in it.
    """

    label: str
    claimed: str
    unit: str
    source: str
    low: float
    high: float
    central: float
    p10: float
    p50: float
    p90: float
    within_share: float
    reached_share: float
    moves: bool


@dataclass(frozen=True, slots=True)
class Driver:
    """A figure, how it is spread, and how a goal follows it."""

    figure: Uncertain
    rank_correlation: float
    worth: float  # of knowing it, in the goal's unit; NaN where there is no choice


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the plans that are compared under the same draws."""

    name: str
    regret: Regret


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """A study.

    Attributes
    ----------
    resolved : Resolved
    question : Question
    bands : tuple of Band
    fans : tuple of Fan
    targets : tuple of Target
    swings : tuple of Swing
        One figure at a time, widest first.
    drivers : tuple of Driver
        Figures that were drawn, by the strength of their rank correlation.
    indices : tuple of Index
        Of variance; empty where not asked.
    choices : tuple of Choice
        Plans under the same draws; not building where there is one plan and its NPV is the goal.
    worth_of_all : float
        Of knowing everything before choosing, in the goal's unit; NaN where there is no choice.
    above_zero_share : float
        Share of the draws in which the goal is above zero. [-]
    held : tuple of str
        Figures with a range that a draw does not move.
    notes : tuple of str
    residual_usd, balance_frac : float
        Largest violation of statements and of balances in any draw.
    folder : Path or None
        Where the parts lie; None where they were not kept.
    """

    resolved: Resolved
    question: Question
    bands: tuple[Band, ...]
    fans: tuple[Fan, ...]
    targets: tuple[Target, ...]
    swings: tuple[Swing, ...]
    drivers: tuple[Driver, ...]
    indices: tuple[Index, ...]
    choices: tuple[Choice, ...]
    worth_of_all: float
    above_zero_share: float
    held: tuple[str, ...]
    notes: tuple[str, ...]
    residual_usd: float
    balance_frac: float
    folder: Path | None = None
    timings_s: Mapping[str, float] = field(default_factory=dict)

    def band(self, name: str) -> Band:
        """Return the band of a metric.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for band in self.bands:
            if band.name == name:
                return band
        raise KeyError(name)

    @property
    def goal(self) -> Band:
        """The band of the goal."""
        return self.band(self.question.goal)

    def __repr__(self) -> str:
        return f"<Study of {self.resolved.scenario.scenario}: {self.question.samples_count:,} draws>"
