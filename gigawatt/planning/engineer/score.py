"""What a policy is worth: what is wanted against the best rule by hand, limits that guard the rest, price of length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gigawatt.planning.engineer.court import Verdict
from gigawatt.planning.engineer.measures import mean_of
from gigawatt.planning.engineer.target import AnySlice
from gigawatt.planning.engineer.targets import TARGETS

PART_PRICE = 0.0005  # of what is wanted, for each part of a policy: twenty parts must win a hundredth
BREACH_PRICE = 2.0  # a limit exceeded by a tenth costs twice as much as a tenth of what is wanted
AT_STAKE_FRAC = 0.02  # of what is wanted on average, added on both sides of a slice's ratio: empty weeks do not shout


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy must keep to.

    Attributes
    ----------
    target : str
    reference : str
        Best rule by hand.
    wanted : float
        Its measure of what is wanted, over the slices.
    by_slice : dict of str to float
        The same by slice.
    guards : dict of str to float
        Limit of each guarded measure of the target.
    """

    target: str
    reference: str
    wanted: float
    by_slice: dict[str, float]
    guards: dict[str, float]


@dataclass(frozen=True, slots=True)
class Score:
    """What a policy is worth on some slices.

    Attributes
    ----------
    fitness : float
        Larger is better; 0 is the best rule by hand. [-]
    gain_frac : float
        What is wanted is smaller by so much than under the best rule by hand: geometric mean over the slices, so that
        no week outweighs the others. [-]
    means : measures
        Of the target's kind.
    breaches : tuple of str
        Limits that are not kept.
    alarm : str
        What is impossible about the result; empty where nothing is. An alarm is a defect, never a prize.
    """

    fitness: float
    gain_frac: float
    means: Any
    breaches: tuple[str, ...] = ()
    alarm: str = ""


def best_by_hand(target: str, verdicts: dict[str, Verdict]) -> str:
    """Return the rule by hand with the least of what is wanted; the first of equal ones."""
    wanted = TARGETS[target].wanted
    sound = {name: mean_of(list(found.rows)) for name, found in verdicts.items() if not found.rejected}
    return min(sound, key=lambda name: float(getattr(sound[name], wanted)))


def limits_of(target: str, verdicts: dict[str, Verdict], slices: Sequence[AnySlice], usual: str = "") -> Limits:
    """Return the limits that follow from the rules by hand.

    Parameters
    ----------
    target : str
    verdicts : dict of str to Verdict
        Of each rule by hand, on the slices that policies are scored on.
    slices : sequence of slices
    usual : str
        The rule that is taken where nothing is said; the simulator's where empty.

    Returns
    -------
    Limits
    """
    best, wanted = best_by_hand(target, verdicts), TARGETS[target].wanted
    found, there = (mean_of(list(verdicts[name].rows)) for name in (best, usual or TARGETS[target].usual))
    return Limits(
        target,
        best,
        float(getattr(found, wanted)),
        {item.name: float(getattr(row, wanted)) for item, row in zip(slices, verdicts[best].rows, strict=True)},
        {
            guard.name: guard.limit(float(getattr(found, guard.name)), float(getattr(there, guard.name)))
            for guard in TARGETS[target].guards
        },
    )


def score_of(target: str, verdict: Verdict, limits: Limits, slices: Sequence[AnySlice]) -> Score:
    """Return what a policy is worth.

    Parameters
    ----------
    target : str
    verdict : Verdict
        Not rejected.
    limits : Limits
    slices : sequence of slices
        Those of the verdict's rows.

    Returns
    -------
    Score
    """
    means = mean_of(list(verdict.rows))
    gain = 1.0 - _ratio(target, verdict, limits, slices)
    over = _breaches(means, limits)
    fitness = gain - PART_PRICE * verdict.parts - BREACH_PRICE * sum(by for by, _ in over)
    return Score(fitness, gain, means, tuple(words for _, words in over), alarm_of(target, verdict, slices))


def _ratio(target: str, verdict: Verdict, limits: Limits, slices: Sequence[AnySlice]) -> float:
    """Return what is wanted over that of the best rule by hand, as a geometric mean over slices."""
    name = TARGETS[target].wanted
    total = 0.0
    for row, item in zip(verdict.rows, slices, strict=True):
        there = limits.by_slice[item.name]
        least = AT_STAKE_FRAC * limits.wanted
        total += math.log((float(getattr(row, name)) + least) / (there + least)) if there + least > 0.0 else 0.0
    return math.exp(total / len(verdict.rows))


def _breaches(means: Any, limits: Limits) -> list[tuple[float, str]]:
    """Return the limits that are exceeded, by which share, in words."""
    found, target = [], TARGETS[limits.target]
    for guard in target.guards:
        value, limit = float(getattr(means, guard.name)), limits.guards[guard.name]
        by = guard.breach(value, limit)
        if by > 0.0:
            column = target.column(guard.name)
            side = "at least" if guard.more else "at most"
            found.append((by, f"{column.what} is {column.said(value)}, {side} {column.said(limit)}"))
    return found


def alarm_of(target: str, verdict: Verdict, slices: Sequence[AnySlice]) -> str:
    """Say which result is beyond what any policy can reach: then the simulator or the judge is wrong."""
    for row, item in zip(verdict.rows, slices, strict=True):
        words = TARGETS[target].alarm(row, item)
        if words:
            return f"{item.name}: {words}"
    return ""
