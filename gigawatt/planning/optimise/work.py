"""The scenario's work as needs of the optimiser: each run in every way, each pool on every variant.

Shape letters: T months, P periods, V variants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise import PoolNeed, RunNeed, Way
from gigawatt.planning.allocation import output_tokens
from gigawatt.planning.optimise.money import Earning
from gigawatt.planning.optimise.periods import Periods
from gigawatt.planning.optimise.variants import Variant, pool_on, run_on, slowed_months
from gigawatt.planning.outcome import Prepared
from gigawatt.planning.workloads import ScheduledPool, ScheduledRun

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RunWork:
    """A training run with its ways.

    Attributes
    ----------
    run : ScheduledRun
        As the scenario has it.
    need : RunNeed
    ways : tuple of ScheduledRun
        The prediction behind each way.
    position : int
        Among the scenario's workloads.
    flops_per_month : tuple of float
        By way: model FLOPs that one accelerator does in a month, failures counted. [FLOP]
    """

    run: ScheduledRun
    need: RunNeed
    ways: tuple[ScheduledRun, ...]
    position: int
    flops_per_month: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PoolWork:
    """A pool on the variants that can carry it; `position` is -1 for fine-tuning, which has one accelerator."""

    label: str
    served: str  # the model
    need: PoolNeed
    position: int
    kind: str


def _position(prepared: Prepared, work: object) -> int:
    """Return where a piece of work stands in the scenario."""
    return next(place for place, item in enumerate(prepared.scenario.workloads) if item is work)


Predicted = dict[tuple[str, float, str], ScheduledRun]
"""Training runs by label, accelerators over the scenario's, and kind of accelerator."""


def on_every_kind(prepared: Prepared, kinds: tuple[str, ...], factors: Mapping[str, tuple[float, ...]]) -> Predicted:
    """Predict every training run on every kind of accelerator that can run it.

    Parameters
    ----------
    prepared : Prepared
    kinds : tuple of str
    factors : mapping
        By label of a run: accelerators over the scenario's that are looked at; once as many where it has none.

    Returns
    -------
    dict
    """
    found: Predicted = {}
    for run in prepared.work.runs:
        path = f"workloads.{_position(prepared, run.work)}"
        for factor in factors.get(run.label, (1.0,)):
            for kind in kinds:
                made = run_on(run, path, kind, prepared, factor)
                if made is not None:
                    found[run.label, factor, kind] = made
    return found


def largest_of(predicted: Predicted) -> dict[str, ScheduledRun]:
    """Return the run with most FLOPs on each kind of accelerator."""
    ranked = sorted(predicted.items(), key=lambda item: whole_flops(item[1]))
    return {kind: run for (_, _, kind), run in ranked}


def whole_flops(run: ScheduledRun) -> float:
    """Return the model FLOPs of a whole run."""
    made = run.run
    return made.step.model_flops * made.tokens / (made.job.batch_sequences * made.job.sequence_tokens)


def runs_of(prepared: Prepared, predicted: Predicted, variants: tuple[Variant, ...], periods: Periods) -> list[RunWork]:
    """Return every training run that the plan could lay out, with its ways.

    Parameters
    ----------
    prepared : Prepared
    predicted : dict
        From `on_every_kind`.
    variants : tuple of Variant
    periods : Periods

    Returns
    -------
    list of RunWork
        A run that began before the plan needs only what falls into it. One without a deadline has until the plan's
        end, and if even its fastest way is longer, as much of it as time allows.
    """
    found = []
    for run in prepared.work.runs:
        ways, made, flops = [], [], []
        for (label, _, kind), plain in predicted.items():
            for v, variant in enumerate(variants):
                if label != run.label or variant.accelerator != kind:
                    continue
                given_w = plain.run.job.power_cap_w
                months = plain.length_months if variant.cap_w == given_w else slowed_months(plain, variant.cap_w)
                count = float(plain.run.job.gpus_count)
                ways.append(Way(v, count, months))
                made.append(plain)
                flops.append(whole_flops(plain) / (count * months))
        found.append(RunWork(run, _need(run, ways, periods), tuple(made), _position(prepared, run.work), tuple(flops)))
    return found


def _need(run: ScheduledRun, ways: list[Way], periods: Periods) -> RunNeed:
    """Return what of a run must be done, and when."""
    months = periods.axis.months_count
    deadline = run.work.deadline
    last = min(periods.axis.position(deadline) + 1, months) if deadline else months
    open_T = np.clip(
        np.minimum(np.arange(months) + 1, last) - np.maximum(np.arange(months), run.start_months), 0.0, 1.0
    )
    before = min(max(-run.start_months, 0.0) / run.length_months, 1.0)
    need = 1.0 - before
    if not deadline and ways:
        need = min(need, float(open_T.sum()) / min(way.length_months for way in ways))
    return RunNeed(run.label, tuple(ways), need, periods.sums(open_T), str(deadline) if deadline else "")


def pools_of(prepared: Prepared, variants: tuple[Variant, ...], periods: Periods, earned: Earning) -> list[PoolWork]:
    """Return every serving pool and stream of fine-tuning.

    Parameters
    ----------
    prepared : Prepared
    variants : tuple of Variant
    periods : Periods
    earned : Earning
        What full service of users and of agents earns.

    Returns
    -------
    list of PoolWork
    """
    found = []
    for pool in prepared.work.pools:
        position = _position(prepared, pool.work)
        gpus_VT = np.full((len(variants), periods.axis.months_count), np.inf)
        for v, variant in enumerate(variants):
            placed = pool_on(pool, f"workloads.{position}", variant, prepared)
            if placed is not None:
                gpus_VT[v] = placed.gpus_needed_T
        tokens_T = output_tokens(pool, pool.gpus_needed_T)[1]
        worth_T = _share_of_asked(pool, prepared) * (earned.agents_T if pool.work.agents else earned.assistant_T)
        need = PoolNeed(
            pool.label,
            periods.means(gpus_VT),
            periods.means(pool.gpus_needed_T) > 0.0,
            periods.sums(worth_T + tokens_T * earned.token_T),
            periods.sums(tokens_T),
        )
        found.append(PoolWork(pool.label, pool.work.serve, need, position, pool.kind))
    for tuning in prepared.work.tunings:
        gpus_VP = np.full((len(variants), periods.count), np.inf)
        for v, variant in enumerate(variants):
            if variant.accelerator == tuning.kind:
                gpus_VP[v] = periods.means(tuning.gpus_needed_T) / variant.speed_frac
        nothing_P = np.zeros(periods.count)
        asked_P = periods.means(tuning.gpus_needed_T) > 0.0
        need = PoolNeed(tuning.label, gpus_VP, asked_P, nothing_P, nothing_P)
        found.append(PoolWork(tuning.label, "", need, -1, tuning.kind))
    return found


def _share_of_asked(pool: ScheduledPool, prepared: Prepared) -> Floats:
    """Return a pool's share of the requests of users, or of agents."""
    like = [p for p in prepared.work.pools if (p.work.agents is None) == (pool.work.agents is None)]
    asked_T = np.sum([p.requests_per_s_T for p in like], axis=0)
    share_T: Floats = np.divide(pool.requests_per_s_T, asked_T, out=np.zeros_like(asked_T), where=asked_T > 0.0)
    return share_T
