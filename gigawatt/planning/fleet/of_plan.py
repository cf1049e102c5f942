"""A plan's fleet and work as a simulation: partitions by site and kind, runs, serving pools, the rest as drawn jobs.

Shape letters: S sites, K kinds, T months of the plan, W months of the window, H hours of the simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.simulation import Partition, PowerLimit, Simulation
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.answer import Case, planned_stops
from gigawatt.planning.fleet.classes import classes_of_kinds, recovery_of, serving_class
from gigawatt.planning.fleet.hardware import NEVER, fleet_hazards, gpu_watts, node_gpus, partition
from gigawatt.planning.fleet.plan_work import plan_jobs, plan_pools, plan_runs
from gigawatt.planning.fleet.question import Question
from gigawatt.planning.fleet.rules import power_limits, rules_of
from gigawatt.planning.fleet.terms import with_terms
from gigawatt.planning.fleet.work import FleetWork, added
from gigawatt.planning.outcome import Outcome, Prepared, settled
from gigawatt.records import Month
from gigawatt.scenario.resolve import Resolved
from gigawatt.units import SECONDS_PER_MONTH

Floats = NDArray[np.float64]
USUAL_MONTHS = 12  # of a scenario where no months are named: those with most accelerators online


@dataclass(frozen=True, slots=True)
class Window:
    """Months of a plan that are simulated.

    Attributes
    ----------
    first, count : int
        Position in the plan's months; how many.
    """

    first: int
    count: int

    @property
    def duration_s(self) -> float:
        """[s]."""
        return self.count * SECONDS_PER_MONTH

    def of(self, values_T: Floats) -> Floats:
        """Return the months of the window, on the last axis."""
        return np.asarray(values_T[..., self.first : self.first + self.count])


def window_of(asked: Question, prepared: Prepared, outcome: Outcome) -> Window:
    """Return the months that are asked for; the fullest twelve where none are.

    Raises
    ------
    InputError
        If they are no months of the plan.
    """
    axis = prepared.scenario.horizon.axis
    if asked.months:
        first, _, last = asked.months.partition("..")
        try:
            start = axis.position(Month.parse(first.strip()))
            end = axis.position(Month.parse((last or first).strip()))
        except ValueError as error:
            raise InputError(str(error)) from error
        if not 0 <= start <= end < axis.months_count:
            message = f"months {asked.months}: the plan has {axis.start} to {axis.end}, the first before the last"
            raise InputError(message)
        return Window(start, end - start + 1)
    count = min(USUAL_MONTHS, axis.months_count)
    online_T = outcome.built.online_count_SKT.sum(axis=(0, 1))
    total = np.convolve(online_T, np.ones(count), mode="valid")
    return Window(int(np.argmax(total)), count)


def scenario_case(resolved: Resolved, asked: Question) -> Case:
    """Turn a scenario into a simulation of some of its months.

    Parameters
    ----------
    resolved : Resolved
    asked : Question
        Accelerators and work are the scenario's.

    Returns
    -------
    Case

    Raises
    ------
    InputError
        If something is asked that the scenario says, or nothing is online in these months.
    """
    usual = Question()
    theirs = {
        "accelerator": asked.accelerator != usual.accelerator, "gpus": asked.gpus > 0, "trace": bool(asked.trace),
        "model": bool(asked.model), "days": asked.days > 0.0,
    }  # fmt: skip
    if any(theirs.values()):
        name = next(name for name, said in theirs.items() if said)
        remedy = "leave it out, or say --months" if name == "days" else "leave it out, or leave out the scenario"
        message = f"fleet: {name} is the scenario's; {remedy}"
        raise InputError(message)
    asked.require_valid()
    figures = Figures()
    prepared, outcome = settled(resolved.scenario, resolved.catalogue, figures)
    return plan_case(prepared, outcome, asked, window_of(asked, prepared, outcome), figures)


def plan_case(prepared: Prepared, outcome: Outcome, asked: Question, window: Window, figures: Figures) -> Case:
    """Turn some months of a plan into a simulation.

    Parameters
    ----------
    prepared, outcome : Prepared, Outcome
        Of the plan.
    asked : Question
    window : Window
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    Case

    Raises
    ------
    InputError
        If nothing is online in these months.
    """
    scenario, catalogue = prepared.scenario, prepared.catalogue
    terms = scenario.fleet
    name = asked.reliability or terms.reliability
    reliability = None if name == NEVER else catalogue.reliability[name]
    start = scenario.horizon.start.plus(window.first)
    asked = replace(with_terms(asked, terms, start), reliability=name)
    asked.require_valid()
    recovery = recovery_of(asked, catalogue, reliability, figures)
    parts, kinds = partitions_of(
        prepared, outcome, window, reliability_nodes=reliability, figures=figures, age_s=asked.age_s
    )
    if not parts:
        message = f"fleet: no accelerators of {scenario.scenario} are online in these months"
        raise InputError(message)
    runs, places, run_notices = plan_runs(prepared, window, parts, kinds, recovery, figures)
    drawn, many, notices = plan_jobs(prepared, outcome, window, parts, asked)
    work = added(FleetWork(drawn, window.duration_s, many=many), runs, places)
    load_frac = _load_frac(prepared, kinds, parts, figures)
    movable = asked.preemption or asked.defragmentation
    classes = [*classes_of_kinds(recovery, load_frac, parts[0].node_gpus_count, movable=movable, many=work.many)]
    classes += [run.job_class for run in runs]
    pools, pool_loads = plan_pools(prepared, outcome, window, parts, kinds, len(classes), figures)
    classes += [serving_class(load) for load in pool_loads]
    stops_per_day = planned_stops(reliability, figures) if reliability else 0.0
    simulation = Simulation(
        partitions=parts,
        classes=tuple(classes),
        jobs=work.jobs,
        hazards=fleet_hazards(catalogue, reliability, parts[0].node_gpus_count, asked, figures, many=work.many),
        duration_s=window.duration_s,
        rules=rules_of(asked, ()),
        maintenance=replace(asked.maintenance, job_stops_per_day=stops_per_day),
        pools=pools,
        power_limits=power_limits(asked, parts, window.duration_s, _capacity(outcome, window, parts)),
        seed=asked.seed,
    )
    gpus = sum(part.nodes_count * part.node_gpus_count for part in parts)
    title = f"{scenario.title}: {gpus:,} accelerators from {start} on for {window.count} months"
    return Case(asked, title, simulation, kinds, runs, start, (*run_notices, *notices), figures)


def partitions_of(
    prepared: Prepared,
    outcome: Outcome,
    window: Window,
    *,
    reliability_nodes: object,
    figures: Figures,
    age_s: float = -1.0,
) -> tuple[tuple[Partition, ...], tuple[str, ...]]:
    """Return accelerators by site and kind, with those online month by month, and the kind of each partition.

    With an age of what is there at the plan's start, what is online at the window's start has its mean age; the age
    counts for kinds of which the scenario does not say since when they are there.
    """
    ages = age_s >= 0.0
    online_SKT = outcome.built.online_count_SKT
    online_SKW = window.of(online_SKT)
    kinds = outcome.inputs.kinds
    present = [kinds[k] for k in np.flatnonzero(online_SKW.sum(axis=(0, 2)) > 0.5)]
    if not present:
        return (), ()
    since = {item.accelerator: item.since for item in prepared.scenario.installed if item.since}
    entries = [prepared.catalogue.accelerators[kind] for kind in present]
    node = node_gpus(entries, reliability_nodes)  # type: ignore[arg-type]  # a Reliability or None
    parts, of_kind = [], []
    for s, site in enumerate(prepared.sites):
        for entry in entries:
            nodes_W = np.floor(online_SKW[s, kinds.index(entry.id)] / node + 0.5).astype(np.int64)
            if nodes_W.max() < 1:
                continue
            changes = [0, *(np.flatnonzero(np.diff(nodes_W)) + 1).tolist()]
            first_s = age_s
            if entry.id in since:
                months = prepared.scenario.horizon.start.index - since[entry.id].index
                first_s = max(months, 0) * SECONDS_PER_MONTH
            made = partition(
                entry, int(nodes_W.max()) * node, figures, site=site.use.site, node_gpus_count=node,
                name=f"{site.use.site}/{entry.id}",
            )  # fmt: skip
            parts.append(
                replace(
                    made,
                    online_s=tuple(month * SECONDS_PER_MONTH for month in changes),
                    online_nodes=tuple(int(nodes_W[month]) for month in changes),
                    age_s=mean_age_s(online_SKT[s, kinds.index(entry.id)], window.first, first_s) if ages else 0.0,
                )
            )
            of_kind.append(entry.id)
    return tuple(parts), tuple(of_kind)


def _load_frac(prepared: Prepared, kinds: Sequence[str], parts: Sequence[Partition], figures: Figures) -> float:
    """Return the load of jobs that are drawn: that of a busy accelerator in the plan, over all kinds."""
    weights = np.array([part.nodes_count for part in parts], dtype=np.float64)
    loads = []
    for kind in kinds:
        watts = gpu_watts(prepared.catalogue.accelerators[kind], figures)
        loads.append(watts.load_frac(prepared.mean_load_frac * watts.full_w))
    return float(np.average(loads, weights=weights))


def mean_age_s(online_T: Floats, month: int, first_age_s: float) -> float:
    """Return the mean age of what is online at the start of a month; what was there at the plan's start has an age.

    Parameters
    ----------
    online_T : Floats
        Accelerators online by month of the plan; the oldest leave first.
    month : int
    first_age_s : float
        [s]

    Returns
    -------
    float
        0 where nothing is online. [s]

    Examples
    --------
    Ten from the plan's start, half a month old then, and ten more after a month, seen when these come:

    >>> round(mean_age_s(np.array([10.0, 20.0]), 1, 0.5 * SECONDS_PER_MONTH) / SECONDS_PER_MONTH, 3)
    0.75
    """
    left = total = float(online_T[month])
    if total <= 0.0:
        return 0.0
    added_T = np.diff(online_T[: month + 1], prepend=0.0)
    sum_s = 0.0
    for came in range(month, -1, -1):
        taken = min(max(float(added_T[came]), 0.0), left)
        sum_s += taken * ((month - came) * SECONDS_PER_MONTH + (first_age_s if came == 0 else 0.0))
        left -= taken
    return sum_s / total


def _capacity(outcome: Outcome, window: Window, parts: tuple[Partition, ...]) -> tuple[PowerLimit, ...]:
    """Return the limits of the sites' own power where accelerators online could exceed it."""
    limits = []
    capacity_SW, drawn_SW = window.of(outcome.built.it_capacity_w_ST), window.of(outcome.built.it_w_ST)
    for s, site in enumerate(outcome.sites):
        if not any(part.site == site.use.site for part in parts) or (drawn_SW[s] <= capacity_SW[s]).all():
            continue
        changes = [0, *(np.flatnonzero(np.diff(capacity_SW[s])) + 1).tolist()]
        limits += [
            PowerLimit(site.use.site, month * SECONDS_PER_MONTH, float(capacity_SW[s, month])) for month in changes
        ]
    return tuple(limits)
