"""Weeks of a cluster's jobs, apart by time: to learn from, to choose by, to prove on. Shape letter: N jobs.

A slice is one week on one fleet. Jobs of the two days before it fill the fleet and do not count; after it none come,
so that whatever a policy puts off is still counted. Draw 0 of a trace is the week as it was; in the others its jobs
are drawn anew with replacement, and the failures are others. All policies meet the same jobs and the same failures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.simulation import Jobs, Simulation
from gigawatt.errors import InfeasibleError
from gigawatt.planning.engineer.bound import least_mean_wait_s
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

WEEK_S = 7.0 * SECONDS_PER_DAY
BEFORE_S = 2.0 * SECONDS_PER_DAY  # jobs before the week, which fill the fleet
AFTER_S = 3.0 * SECONDS_PER_DAY  # without new jobs
JITTER_S = SECONDS_PER_HOUR  # a job that is drawn anew comes up to so much earlier or later
MOST_SEEDS = 1000  # between the failures of two seeds; draws lie in between
SPLITS = ("train", "select", "test")
TRAIN_FRAC, SELECT_FRAC = 1 / 3, 2 / 9  # of the weeks, in order of time; the rest is for the proof
TRAIN_DRAWS = 3  # of each week while searching; more are better spent on another policy
OTHER_SIZES = (0.9, 1.2)  # of the fleet, with the same jobs: loads the search has not seen
LARGEST_FRAC, LARGEST_COUNT = 0.01, 20  # the largest jobs: so many in a hundred, at least so many
LEAST_LOAD_FRAC = 0.6  # of the load of the fullest week: emptier ones, where a trace begins or ends, are left out


@dataclass(frozen=True, slots=True)
class Slice:
    """One week, one draw, one fleet.

    Attributes
    ----------
    split : str
        One of `SPLITS`, or "elsewhere": other fleets and other people's jobs, for the proof too.
    where : str
        Fleet and work in words.
    week, draw : int
    simulation : Simulation
    counts_N, largest_N : ndarray of bool
        Jobs of the week, and the largest of them.
    least_wait_s : float
        No schedule has a smaller mean wait. [s]
    """

    split: str
    where: str
    week: int
    draw: int
    simulation: Simulation
    counts_N: NDArray[np.bool_]
    largest_N: NDArray[np.bool_]
    least_wait_s: float

    @property
    def name(self) -> str:
        """Name in tables and in the log."""
        return f"{self.where}, week {self.week}, draw {self.draw}"


def weeks_of(jobs: Jobs) -> list[int]:
    """Return the weeks, counted from the first job's first whole day, that have enough to do.

    Raises
    ------
    InfeasibleError
        If there are fewer than three.
    """
    last = int(np.floor((jobs.submit_s_N.max(initial=0.0) - BEFORE_S) / WEEK_S))
    asked = np.array([asked_gpus(jobs, week) for week in range(max(last + 1, 0))])
    enough = asked >= LEAST_LOAD_FRAC * asked.max(initial=0.0)
    kept = [int(week) for week in np.flatnonzero(enough)]
    if len(kept) < len(SPLITS):
        message = (
            f"engineer: the jobs fill {len(kept)} weeks; at least {len(SPLITS)} are needed, one to learn from, one to "
            "choose by and one to prove on"
        )
        raise InfeasibleError(message)
    return kept


def split_of(weeks: list[int]) -> dict[int, str]:
    """Return what each week is for, by time: the proof is on the last ones.

    Examples
    --------
    >>> list(split_of([2, 3, 4, 5, 6, 7, 8, 9, 10]).values())
    ['train', 'train', 'train', 'select', 'select', 'test', 'test', 'test', 'test']
    """
    train = max(round(TRAIN_FRAC * len(weeks)), 1)
    select = max(round(SELECT_FRAC * len(weeks)), 1)
    names = [SPLITS[0]] * train + [SPLITS[1]] * select + [SPLITS[2]] * len(weeks)
    return dict(zip(weeks, names, strict=False))


def asked_gpus(jobs: Jobs, week: int) -> float:
    """Return the accelerators that the jobs of a week and of the two days before ask for on average while it lasts."""
    start_s, end_s = week * WEEK_S, week * WEEK_S + BEFORE_S + WEEK_S
    inside = (jobs.submit_s_N >= start_s) & (jobs.submit_s_N < end_s)
    runs_s = np.minimum(jobs.work_s_N[inside], end_s - jobs.submit_s_N[inside])
    return float(jobs.gpus_N[inside] @ runs_s) / (BEFORE_S + WEEK_S)


def slice_of(base: Simulation, jobs: Jobs, split: str, where: str, week: int, draw: int) -> Slice:
    """Cut one week out of the jobs of a cluster.

    Parameters
    ----------
    base : Simulation
        Fleet, failures, rules; its jobs are not looked at.
    jobs : Jobs
        In order of submission.
    split, where : str
    week, draw : int
        Draw 0 is the week as it was.

    Returns
    -------
    Slice
    """
    start_s = week * WEEK_S  # of the two days before it
    inside = (jobs.submit_s_N >= start_s) & (jobs.submit_s_N < start_s + BEFORE_S + WEEK_S)
    cut = taken(jobs, np.flatnonzero(inside), start_s)
    if draw:
        cut = drawn_anew(cut, np.random.default_rng([base.seed, week, draw]), BEFORE_S + WEEK_S)
    seed = base.seed * MOST_SEEDS + draw
    return made_of(split, where, week, draw, replace(base, jobs=cut, warm_up_s=0.0, seed=seed))


def made_of(split: str, where: str, week: int, draw: int, simulation: Simulation) -> Slice:
    """Return a slice of a simulation whose jobs are those of one week and of the two days before it."""
    sizes = [part.nodes_count * part.node_gpus_count for part in simulation.partitions]
    jobs = taken(simulation.jobs, np.flatnonzero(simulation.jobs.gpus_N <= max(sizes)), 0.0)
    counts_N = jobs.submit_s_N >= BEFORE_S
    if not counts_N.any():
        message = f"engineer: no job comes in week {week} ({where}); ask for a larger fleet, or a higher load"
        raise InfeasibleError(message)
    least_s = least_mean_wait_s(taken(jobs, np.flatnonzero(counts_N), 0.0), sum(sizes))
    whole = replace(simulation, jobs=jobs, duration_s=BEFORE_S + WEEK_S + AFTER_S)
    return Slice(split, where, week, draw, whole, counts_N, largest_of(jobs, counts_N), least_s)


def taken(jobs: Jobs, index_N: NDArray[np.int64], start_s: float) -> Jobs:
    """Return some jobs, with time counted from a start."""
    return Jobs(
        jobs.submit_s_N[index_N] - start_s,
        *(
            getattr(jobs, name)[index_N]
            for name in ("work_s_N", "gpus_N", "class_N", "tenant_N", "partition_N", "end_N")
        ),
    )


def drawn_anew(jobs: Jobs, luck: np.random.Generator, span_s: float) -> Jobs:
    """Return as many jobs, drawn with replacement, each within an hour of when it came."""
    count = jobs.submit_s_N.size
    found = taken(jobs, np.sort(luck.integers(0, count, count)), 0.0)
    moved_s = found.submit_s_N + luck.uniform(-JITTER_S, JITTER_S, count)
    moved_s = np.clip(np.round(moved_s), 0.0, span_s)
    order = np.argsort(moved_s, kind="stable")
    return taken(replace(found, submit_s_N=moved_s), order, 0.0)


def largest_of(jobs: Jobs, counts_N: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the largest jobs among those that count: all of the size of the hundredth in a hundred, or larger."""
    sizes = np.sort(jobs.gpus_N[counts_N])[::-1]
    at = min(max(int(LARGEST_FRAC * sizes.size), LARGEST_COUNT), sizes.size) - 1
    return np.asarray(counts_N & (jobs.gpus_N >= sizes[at]))


def scaled_sizes(jobs: Jobs, times: int) -> Jobs:
    """Return the jobs so many times as large."""
    return replace(jobs, gpus_N=jobs.gpus_N * times)
