"""What a policy is worth: what is wanted against the best rule by hand, limits that guard the rest, price of length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gigawatt.planning.engineer.court import Verdict
from gigawatt.planning.engineer.measures import Measures, mean_of
from gigawatt.planning.engineer.slices import Slice
from gigawatt.planning.engineer.targets import TARGETS, WAIT
from gigawatt.units import SECONDS_PER_HOUR

PART_PRICE = 0.0005  # of what is wanted, for each part of a policy: twenty parts must win a hundredth
GUARD_RATIO = 1.25  # tail and largest jobs may wait so much longer than under the worse of best and usual rule by hand
GOODPUT_SLACK = 0.002  # goodput may be lower by so much and still counts as equal: a fifth of a point [-]
WAITING_SLACK = 0.001  # more jobs may still wait at the end [-]
LEAST_LIMIT_S = 60.0  # of a guard: where nobody waits, a minute is no starvation
BREACH_PRICE = 2.0  # a limit exceeded by a tenth costs twice as much as a tenth of what is wanted
AT_STAKE_FRAC = 0.02  # of what is wanted on average, added on both sides of a slice's ratio: empty weeks do not shout
GAIN_TOLERANCE = 1e-9  # relative, of rounding, before a score counts as beyond what is possible


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy must keep to.

    Attributes
    ----------
    reference : str
        Best rule by hand.
    wanted : float
        Its measure of what is wanted, over the slices.
    by_slice : dict of str to float
        The same by slice.
    tail_wait_s, largest_wait_s, mean_wait_s : float
        At most. [s]
    goodput_frac, waiting_frac : float
        At least; at most. [-]
    """

    reference: str
    wanted: float
    by_slice: dict[str, float]
    tail_wait_s: float
    largest_wait_s: float
    mean_wait_s: float
    goodput_frac: float
    waiting_frac: float


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
    means : Measures
    breaches : tuple of str
        Limits that are not kept.
    alarm : str
        What is impossible about the result; empty where nothing is. An alarm is a defect, never a prize.
    """

    fitness: float
    gain_frac: float
    means: Measures
    breaches: tuple[str, ...] = ()
    alarm: str = ""


def best_by_hand(target: str, verdicts: dict[str, Verdict]) -> str:
    """Return the rule by hand with the least of what is wanted; the first of equal ones."""
    wanted = TARGETS[target].wanted
    sound = {name: mean_of(list(found.rows)) for name, found in verdicts.items() if not found.rejected}
    return min(sound, key=lambda name: float(getattr(sound[name], wanted)))


def limits_of(target: str, verdicts: dict[str, Verdict], slices: Sequence[Slice]) -> Limits:
    """Return the limits that follow from the rules by hand.

    Parameters
    ----------
    target : str
    verdicts : dict of str to Verdict
        Of each rule by hand, on the slices that policies are scored on.
    slices : sequence of Slice

    Returns
    -------
    Limits
    """
    best = best_by_hand(target, verdicts)
    found, usual = mean_of(list(verdicts[best].rows)), mean_of(list(verdicts[TARGETS[target].usual].rows))
    waits = {
        name: GUARD_RATIO * max(getattr(found, name), getattr(usual, name), LEAST_LIMIT_S)
        for name in ("tail_wait_s", "largest_wait_s", "mean_wait_s")
    }
    return Limits(
        best,
        float(getattr(found, TARGETS[target].wanted)),
        {
            item.name: float(getattr(row, TARGETS[target].wanted))
            for item, row in zip(slices, verdicts[best].rows, strict=True)
        },
        waits["tail_wait_s"],
        waits["largest_wait_s"],
        waits["mean_wait_s"],
        found.goodput_frac - GOODPUT_SLACK,
        found.waiting_frac + WAITING_SLACK,
    )


def score_of(target: str, verdict: Verdict, limits: Limits, slices: Sequence[Slice]) -> Score:
    """Return what a policy is worth.

    Parameters
    ----------
    target : str
    verdict : Verdict
        Not rejected.
    limits : Limits
    slices : sequence of Slice
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


def _ratio(target: str, verdict: Verdict, limits: Limits, slices: Sequence[Slice]) -> float:
    """Return what is wanted over that of the best rule by hand, as a geometric mean over slices."""
    name = TARGETS[target].wanted
    total = 0.0
    for row, item in zip(verdict.rows, slices, strict=True):
        there = limits.by_slice[item.name]
        least = AT_STAKE_FRAC * limits.wanted
        total += math.log((float(getattr(row, name)) + least) / (there + least)) if there + least > 0.0 else 0.0
    return math.exp(total / len(verdict.rows))


def _breaches(means: Measures, limits: Limits) -> list[tuple[float, str]]:
    """Return the limits that are exceeded, by which share, in words."""
    found = []
    for name, what in (
        ("tail_wait_s", "the 99th percentile of waits"),
        ("largest_wait_s", "the mean wait of the largest jobs"),
        ("mean_wait_s", "the mean wait"),
    ):
        value, most = getattr(means, name), getattr(limits, name)
        if value > most:
            words = f"{what} is {value / SECONDS_PER_HOUR:,.2f} h, at most {most / SECONDS_PER_HOUR:,.2f} h"
            found.append((value / most - 1.0, words))
    if means.goodput_frac < limits.goodput_frac:
        words = f"goodput is {100.0 * means.goodput_frac:.2f} %, at least {100.0 * limits.goodput_frac:.2f} %"
        found.append((limits.goodput_frac / max(means.goodput_frac, 1e-12) - 1.0, words))
    if means.waiting_frac > limits.waiting_frac:
        words = f"{100.0 * means.waiting_frac:.2f} % of jobs never start, at most {100.0 * limits.waiting_frac:.2f} %"
        found.append((means.waiting_frac - limits.waiting_frac, words))
    return found


def alarm_of(target: str, verdict: Verdict, slices: Sequence[Slice]) -> str:
    """Say which result is beyond what any policy can reach: then the simulator or the judge is wrong."""
    for row, item in zip(verdict.rows, slices, strict=True):
        if row.impossible_count > 0.0:
            what = "a job ended before its work was done, or jobs held more than there is"
            return f"{item.name}: {row.impossible_count:,.0f} times {what}"
        least_s = item.least_wait_s * (1.0 - GAIN_TOLERANCE)
        if row.waiting_frac == 0.0 and row.mean_wait_s < least_s:
            found = f"a mean wait of {row.mean_wait_s:,.1f} s"
            return f"{item.name}: {found}, where no schedule has less than {least_s:,.1f} s"
        jobs = item.simulation.jobs
        part = item.simulation.partitions[0]
        capacity_gpu_s = part.nodes_count * part.node_gpus_count * item.simulation.duration_s
        most = min(float(jobs.gpus_N @ jobs.work_s_N) / capacity_gpu_s, 1.0) * (1.0 + GAIN_TOLERANCE)
        if row.goodput_frac > most and TARGETS[target].wanted != WAIT:
            return f"{item.name}: goodput of {row.goodput_frac:.6f}, where the jobs ask for {most:.6f}"
        if row.lost_frac < 0.0:
            return f"{item.name}: less than nothing is lost"
    return ""
