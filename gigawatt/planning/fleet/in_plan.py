"""The simulator in a plan: kept time of training runs, power of accelerators, hours of sites, event by event.

Shape letters: S sites, K kinds, T months, H hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.results import JOB_ENDS
from gigawatt.engines.fleet.types import Goodput
from gigawatt.planning.facility.profile import HOURS_COUNT
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.answer import FleetAnswer, answered
from gigawatt.planning.fleet.measures import hourly_it_w, walls_s
from gigawatt.planning.fleet.of_plan import Window, plan_case
from gigawatt.planning.fleet.question import Question
from gigawatt.planning.fleet.work import BY_KIND
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.plan import Notice
from gigawatt.planning.workloads import ScheduledRun, on_months
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MONTH

Floats = NDArray[np.float64]
LEAST_DAYS = 2.0  # a run that the simulator saw for less has no kept time of its own


def with_fleet(prepared: Prepared, outcome: Outcome, figures: Figures) -> Prepared:
    """Return what was prepared, with what the simulator finds in place of the closed form.

    Parameters
    ----------
    prepared, outcome : Prepared, Outcome
        Of a first pass.
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    Prepared
        Training runs as long as they were there, the mean power of an accelerator by kind and month, each site's load
        by the hour of its year, and the simulation itself. A plan without accelerators online stays as it is.
    """
    if not outcome.built.online_count_SKT.any():
        return prepared
    window = Window(0, prepared.scenario.horizon.axis.months_count)
    answer = answered(plan_case(prepared, outcome, Question(), window, figures))
    kept = _kept(answer)
    runs = [_rerun(run, kept, prepared) for run in prepared.work.runs]
    work = replace(
        prepared.work,
        runs=runs,
        fleet=answer,
        gpu_w_KT=gpu_w(answer, outcome.inputs.kinds, window.count),
        notices=[*prepared.work.notices, *(Notice("fleet-simulated", words, "fleet") for words in answer.notices)],
    )
    sites = [replace(site, load_share_H=_share(answer, site.use.site)) for site in prepared.sites]
    return replace(prepared, work=work, sites=sites)


def _kept(answer: FleetAnswer) -> dict[str, tuple[float, float, float]]:
    """Return by run useful over wall time, time to failure and stops a day, weighted over its parts."""
    jobs, result = answer.simulation.jobs, answer.result
    wall_s_N = walls_s(answer)
    found: dict[str, tuple[float, float, float]] = {}
    for label in dict.fromkeys(run.label for run in answer.runs):
        classes = [BY_KIND + number for number, run in enumerate(answer.runs) if run.label == label]
        these = np.isin(jobs.class_N, classes) & (result.state_N != JOB_ENDS.index("rejected"))
        wall = float(jobs.gpus_N[these] @ wall_s_N[these])
        longest_s = float(wall_s_N[these].max(initial=0.0))
        if longest_s < LEAST_DAYS * SECONDS_PER_DAY:
            continue
        useful = float(jobs.gpus_N[these] @ result.useful_s_N[these])
        stops = float(result.interruptions_N[these].sum())
        held_h = float(result.held_s_N[these].max()) / SECONDS_PER_HOUR
        if useful > 0.0:
            between_h = held_h / stops if stops else float("inf")
            found[label] = (min(useful / wall, 1.0), between_h, stops / (longest_s / SECONDS_PER_DAY))
    return found


def _rerun(run: ScheduledRun, kept: dict[str, tuple[float, float, float]], prepared: Prepared) -> ScheduledRun:
    """Return a run with the time that it kept in the simulation; as it was where it was not there long enough."""
    if run.label not in kept:
        return run
    ettr, mttf_h, per_day = kept[run.label]
    before = run.run.goodput
    lost = {name: share * (1.0 - ettr) / max(1.0 - before.ettr_frac, 1e-12) for name, share in before.lost_frac.items()}
    goodput: Goodput = replace(before, ettr_frac=ettr, mttf_h=mttf_h, interruptions_per_day=per_day, lost_frac=lost)
    longer = before.ettr_frac / ettr
    whole = replace(
        run.run,
        goodput=goodput,
        days=run.run.days * longer,
        low_days=run.run.low_days * longer,
        high_days=run.run.high_days * longer,
        gpu_hours_h=run.run.gpu_hours_h * longer,
        facility_energy_mwh=run.run.facility_energy_mwh * longer,
        cost_usd=run.run.cost_usd * longer,
        co2_t=run.run.co2_t * longer,
    )
    return on_months(run.label, run.work, whole, prepared.scenario.horizon.axis)


def gpu_w(answer: FleetAnswer, kinds: Sequence[str], months_count: int) -> Floats:
    """Return the mean IT power of an accelerator of each kind that is online, by month; 0 where none is.

    Parameters
    ----------
    answer : FleetAnswer
    kinds : sequence of str
    months_count : int

    Returns
    -------
    Floats
        Shape (K, T). [W]
    """
    power_w_PH = answer.result.power_w_PH
    hours = power_w_PH.shape[1]
    month_H = np.minimum((np.arange(hours) + 0.5) * SECONDS_PER_HOUR / SECONDS_PER_MONTH, months_count - 1).astype(
        np.int64
    )
    middle_s_H = (np.arange(hours) + 0.5) * SECONDS_PER_HOUR
    power_KT, online_KT = np.zeros((len(kinds), months_count)), np.zeros((len(kinds), months_count))
    for place, part in enumerate(answer.simulation.partitions):
        k = kinds.index(answer.kinds[place])
        nodes = np.asarray(part.online_nodes, dtype=np.float64)
        online_H = nodes[np.searchsorted(part.online_s, middle_s_H, side="right") - 1] * part.node_gpus_count
        power_KT[k] += np.bincount(month_H, power_w_PH[place], months_count)
        online_KT[k] += np.bincount(month_H, online_H, months_count)
    return np.divide(power_KT, online_KT, out=np.zeros_like(power_KT), where=online_KT > 0.0)


def _share(answer: FleetAnswer, site: str) -> Floats | None:
    """Return a site's IT power over that of its accelerators at their rating, by hour of a year; None without any.

    Years of a plan are laid over each other, weighted by what is online.
    """
    parts = [part for part in answer.simulation.partitions if part.site == site]
    if not parts:
        return None
    power_w_H = hourly_it_w(answer, site)
    middle_s_H = (np.arange(power_w_H.size) + 0.5) * SECONDS_PER_HOUR
    rated_w_H = np.zeros(power_w_H.size)
    for part in parts:
        nodes = np.asarray(part.online_nodes, dtype=np.float64)
        online_H = nodes[np.searchsorted(part.online_s, middle_s_H, side="right") - 1] * part.node_gpus_count
        rated_w_H += online_H * part.busy_w
    first = (answer.start.month - 1) if answer.start else 0
    hour_H = (np.arange(power_w_H.size) + round(first * SECONDS_PER_MONTH / SECONDS_PER_HOUR)) % HOURS_COUNT
    power, rated = (np.bincount(hour_H, values, HOURS_COUNT) for values in (power_w_H, rated_w_H))
    mean = float(power.sum() / rated.sum()) if rated.sum() else 0.0
    return np.asarray(np.minimum(np.divide(power, rated, out=np.full(HOURS_COUNT, mean), where=rated > 0.0), 1.0))
