"""A plan's work for the simulator: training runs at a site, serving pools by the hour, the rest as drawn jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.simulation import Jobs, Partition, Pool
from gigawatt.planning.demand import hours_of_day
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.classes import Recovery, run_class
from gigawatt.planning.fleet.hardware import gpu_watts
from gigawatt.planning.fleet.question import WORKLOAD, Question
from gigawatt.planning.fleet.work import Run, drawn_jobs, no_jobs
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.workloads import ScheduledPool, ScheduledRun
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MONTH

if TYPE_CHECKING:
    from gigawatt.planning.fleet.of_plan import Window

Floats = NDArray[np.float64]
HOURS_PER_DAY = 24
LEAST_GPUS = 64.0  # a rest smaller than this many accelerators is left idle
THINNING = 7  # stream of the random numbers that thin drawn jobs in months that ask for less


def plan_runs(
    prepared: Prepared,
    window: Window,
    parts: Sequence[Partition],
    kinds: Sequence[str],
    recovery: Recovery,
    figures: Figures,
) -> tuple[tuple[Run, ...], tuple[int, ...], tuple[str, ...]]:
    """Return the plan's training runs in the window, the partition of each, and what a reader must know.

    Notes
    -----
    A run goes to the site that has most of its kind. Where no site has enough, it is cut into parts by site, each of
    which stops and goes on by itself. A run that began before the window brings what is left of its work.
    """
    runs: list[Run] = []
    places: list[int] = []
    notices = []
    for planned in prepared.work.runs:
        start = planned.start_months - window.first
        done = min(max(-start / planned.length_months, 0.0), 1.0)
        if done >= 1.0 or start >= window.count:
            continue
        cut = _pieces(planned, parts, kinds)
        if len(cut) > 1:
            sites = ", ".join(parts[place].site for place, _ in cut)
            notices.append(
                f"{planned.label}: no site has {planned.run.job.gpus_count:,} {planned.kind}; cut over {sites}"
            )
        for place, gpus in cut:
            runs.append(
                _run(
                    planned,
                    gpus,
                    max(start, 0.0),
                    1.0 - done,
                    parts[place].node_gpus_count,
                    prepared,
                    recovery,
                    figures,
                )
            )
            places.append(place)
    return tuple(runs), tuple(places), tuple(notices)


def _pieces(planned: ScheduledRun, parts: Sequence[Partition], kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Return partition and accelerators of each part of a run: one where a site holds it, else the largest first."""
    asked = planned.run.job.gpus_count
    room = {
        place: part.nodes_count * part.node_gpus_count
        for place, part in enumerate(parts)
        if kinds[place] == planned.kind
    }
    order = sorted(room, key=lambda place: -room[place])
    if not order or room[order[0]] >= asked or sum(room.values()) < asked:
        return [(order[0] if order else 0, asked)]
    found = []
    for place in order:
        taken = min(room[place], asked)
        if taken:
            found.append((place, taken))
            asked -= taken
    return found


def _run(
    planned: ScheduledRun,
    gpus: int,
    start_months: float,
    left_frac: float,
    node_gpus_count: int,
    prepared: Prepared,
    recovery: Recovery,
    figures: Figures,
) -> Run:
    """Return a planned run, or a part of it, as a job."""
    step, entry = planned.run.step, prepared.catalogue.accelerators[planned.kind]
    replica = math.ceil(planned.run.job.gpus_count / step.layout.data_parallel / node_gpus_count)
    load_frac = gpu_watts(entry, figures).load_frac(step.gpu_power_w)
    ideal_s = planned.run.ideal.days * SECONDS_PER_DAY
    return Run(
        label=planned.label,
        gpus=gpus,
        start_s=start_months * SECONDS_PER_MONTH,
        work_s=ideal_s * left_frac,
        tokens_per_s=planned.run.tokens / ideal_s * gpus / planned.run.job.gpus_count,
        job_class=run_class(planned.label, recovery, load_frac, node_gpus_count, replica),
        kind=planned.kind,
    )


def plan_pools(
    prepared: Prepared,
    outcome: Outcome,
    window: Window,
    parts: Sequence[Partition],
    kinds: Sequence[str],
    first_class: int,
    figures: Figures,
) -> tuple[tuple[Pool, ...], tuple[float, ...]]:
    """Return serving pools by partition, and the load of each pool's class.

    Notes
    -----
    A pool has what the plan gives it in its busiest hour and follows the hours of its demand; what it hands over is
    free for other work. Its load is such that the mean power is that of the plan.
    """
    pools: list[Pool] = []
    loads: list[float] = []
    hour_H = np.arange(math.ceil(window.duration_s / SECONDS_PER_HOUR))
    month_H = np.minimum((hour_H + 0.5) * SECONDS_PER_HOUR / SECONDS_PER_MONTH, window.count - 1).astype(np.int64)
    for pool in prepared.work.pools:
        given_W = window.of(outcome.allocation.given[pool.label])
        here = [place for place, kind in enumerate(kinds) if kind == pool.kind]
        if not here or not given_W.sum():
            continue
        path = f"workloads.{prepared.scenario.workloads.index(pool.work)}"
        shape_D = hours_of_day(pool.work.demand or pool.work.agents, path, prepared.catalogue, figures)  # type: ignore[arg-type]
        follow_H = (shape_D / shape_D.max())[hour_H % HOURS_PER_DAY]
        online_PW = np.array([_online_by_month(parts[place], window.count) for place in here])
        share_PW = np.divide(
            online_PW, online_PW.sum(axis=0), out=np.zeros_like(online_PW), where=online_PW.sum(axis=0) > 0
        )
        for place, share_W in zip(here, share_PW, strict=True):
            gpus_H = np.minimum(np.rint((given_W * share_W)[month_H] * follow_H), 2**31 - 1).astype(np.int64)
            if gpus_H.any():
                pools.append(
                    Pool(f"{pool.label}, {parts[place].site}", first_class + len(loads), place, tuple(gpus_H.tolist()))
                )
        loads.append(_pool_load(pool, given_W, window, float(shape_D.max() / shape_D.mean()), prepared, figures))
    return tuple(pools), tuple(loads)


def _pool_load(
    pool: ScheduledPool, given_W: Floats, window: Window, peak_to_mean: float, prepared: Prepared, figures: Figures
) -> float:
    """Return the load between idle and rated of an accelerator that serves."""
    watts = gpu_watts(prepared.catalogue.accelerators[pool.kind], figures)
    mean = float(np.average(window.of(pool.mean_load_T), weights=np.maximum(given_W, 1e-9)))
    busy = pool.pool.deployment.system_power_w - watts.idle_w
    return watts.load_frac(watts.idle_w + busy * min(mean * peak_to_mean, 1.0))


def _online_by_month(part: Partition, months_count: int) -> Floats:
    """Return the nodes of a partition that are online, by month."""
    middle_s = (np.arange(months_count) + 0.5) * SECONDS_PER_MONTH
    nodes = np.asarray(part.online_nodes, dtype=np.float64)
    return np.asarray(nodes[np.searchsorted(part.online_s, middle_s, side="right") - 1])


def plan_jobs(
    prepared: Prepared, outcome: Outcome, window: Window, parts: Sequence[Partition], asked: Question
) -> tuple[Jobs, bool, tuple[str, ...]]:
    """Return jobs for the accelerators that the plan keeps for research and fine-tuning, and whether each is several.

    Notes
    -----
    They are drawn from a cluster's statistics so that they ask for as many accelerators as the plan gives, month by
    month, and run wherever there is room. No job is larger than the largest place: it runs longer instead.
    """
    allocation = outcome.allocation
    kept_W = window.of((allocation.reserved_KT + allocation.tuning_KT).sum(axis=0))
    most = float(kept_W.max())
    if most < LEAST_GPUS:
        return no_jobs(), False, ()
    entry = prepared.catalogue.workloads[asked.workload or WORKLOAD]
    jobs, _, many, words = drawn_jobs(entry, round(most), window.duration_s, asked.load_frac or 1.0, asked.seed)
    month_N = np.minimum(jobs.submit_s_N / SECONDS_PER_MONTH, window.count - 1).astype(np.int64)
    kept_N = np.random.default_rng([asked.seed, THINNING]).random(month_N.size) * most < kept_W[month_N]
    chosen = {name: getattr(jobs, name)[kept_N] for name in Jobs.__dataclass_fields__}
    room = max(part.nodes_count * part.node_gpus_count for part in parts)
    gpus_N = chosen["gpus_N"]
    chosen["work_s_N"] = chosen["work_s_N"] * np.maximum(gpus_N / room, 1.0)
    found = replace(Jobs(**chosen), gpus_N=np.minimum(gpus_N, room), tenant_N=np.zeros_like(gpus_N))
    notice = f"research and fine-tuning, up to {most:,.0f} accelerators, are drawn as in {entry.name}"
    return found, many, (f"{notice}; {words}" if words else notice,)
