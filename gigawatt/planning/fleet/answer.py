"""The library side of `gigawatt fleet`: one call from catalogue ids to a fleet's year, event by event."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.bring import bring
from gigawatt.catalogue.failures import Reliability
from gigawatt.engines.fleet import FleetResult, Simulation, simulate
from gigawatt.engines.fleet.results import JOB_ENDS
from gigawatt.errors import InfeasibleError
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.classes import classes_of_kinds, recovery_of
from gigawatt.planning.fleet.hardware import NEVER, fleet_hazards, gpu_watts, node_gpus, partition
from gigawatt.planning.fleet.question import DAYS, WORKLOAD, Question
from gigawatt.planning.fleet.rules import power_limits, rules_of
from gigawatt.planning.fleet.work import (
    FleetWork,
    Run,
    added,
    drawn_work,
    model_run,
    no_jobs,
    run_sizes,
    trace_work,
)
from gigawatt.planning.job_defaults import DEFAULT_RELIABILITY
from gigawatt.records import Month
from gigawatt.units import SECONDS_PER_DAY

SITE = "fleet"  # of a fleet that is no scenario's


@dataclass(frozen=True, slots=True)
class FleetAnswer:
    """A fleet's time, simulated.

    Attributes
    ----------
    question : Question
    title : str
        What was simulated, in words.
    simulation : Simulation
    result : FleetResult
    kinds : tuple of str
        Accelerator of each partition.
    runs : tuple of Run
        Training runs that were known beforehand.
    start : Month or None
        First month of a scenario's window.
    wall_s : float
        Time that the simulation took. [s]
    notices : tuple of str
    figures : Figures
    """

    question: Question
    title: str
    simulation: Simulation
    result: FleetResult
    kinds: tuple[str, ...]
    runs: tuple[Run, ...]
    start: Month | None
    wall_s: float
    notices: tuple[str, ...]
    figures: Figures = field(repr=False)

    @property
    def gpus_count(self) -> int:
        """Accelerators of all partitions when all nodes are online."""
        return sum(part.nodes_count * part.node_gpus_count for part in self.simulation.partitions)


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated, before it is: the same draws under any policy."""

    question: Question
    title: str
    simulation: Simulation
    kinds: tuple[str, ...]
    runs: tuple[Run, ...]
    start: Month | None
    notices: tuple[str, ...]
    figures: Figures


def reliability_of(asked: Question, catalogue: Catalogue) -> Reliability | None:
    """Return the failure rates that are asked for; None where nothing fails."""
    if asked.reliability == NEVER:
        return None
    return catalogue.reliability[asked.reliability or DEFAULT_RELIABILITY]


def fleet_case(catalogue: Catalogue, asked: Question) -> Case:
    """Turn a question about accelerators of one kind into a simulation.

    Parameters
    ----------
    catalogue : Catalogue
    asked : Question

    Returns
    -------
    Case

    Raises
    ------
    CatalogueError, InputError
        If something is unknown or cannot be.
    InfeasibleError
        If no layout of the model fits.
    """
    asked.require_valid()
    figures = Figures()
    catalogue, accelerator = bring(catalogue, "accelerators", asked.accelerator)
    asked = replace(asked, accelerator=accelerator)
    entry = catalogue.accelerators[accelerator]
    reliability = reliability_of(asked, catalogue)
    recovery = recovery_of(asked, catalogue, reliability, figures)
    mean_frac = figures("defaults.training_mean_load_frac", catalogue.defaults.training_mean_load_frac)
    watts = gpu_watts(entry, figures)
    gpus, work, runs = _work(asked, catalogue, recovery, figures)
    load_frac = watts.load_frac(mean_frac * watts.full_w)
    node = node_gpus([entry], reliability)
    movable = asked.preemption or asked.defragmentation
    classes = classes_of_kinds(recovery, load_frac, node, movable=movable, many=work.many)
    part = partition(entry, gpus, figures, site=SITE, node_gpus_count=node)
    part = replace(part, age_s=max(asked.age_s, 0.0))
    stops_per_day = planned_stops(reliability, figures) if reliability and runs else 0.0
    simulation = Simulation(
        partitions=(part,),
        classes=(*classes, *(run.job_class for run in runs)),
        jobs=work.jobs,
        hazards=fleet_hazards(catalogue, reliability, node, asked, figures, many=work.many),
        duration_s=work.duration_s,
        rules=rules_of(asked, work.quota_gpus),
        maintenance=replace(asked.maintenance, job_stops_per_day=stops_per_day),
        power_limits=power_limits(asked, (part,), work.duration_s),
        warm_up_s=work.warm_up_s,
        seed=asked.seed,
    )
    title = f"{part.nodes_count * node:,} {accelerator} over {work.duration_s / SECONDS_PER_DAY:,.0f} days"
    return Case(asked, title, simulation, (accelerator,), runs, None, work.notices, figures)


def planned_stops(entry: Reliability, figures: Figures) -> float:
    """Return the planned stops of a large run. [1/day]."""
    planned = entry.planned_stops_per_day
    return figures(f"reliability.{entry.id}.planned_stops_per_day", planned) if planned else 0.0


def _work(
    asked: Question, catalogue: Catalogue, recovery: Any, figures: Figures
) -> tuple[int, FleetWork, tuple[Run, ...]]:
    """Return accelerators, jobs, and the run among them."""
    gpus, run_gpus = run_sizes(asked) if asked.model else (asked.gpus, 0)
    asked = replace(asked, gpus=gpus)
    if asked.trace:
        work = trace_work(asked)
    elif asked.workload or not asked.model:
        entry = catalogue.workloads[asked.workload or WORKLOAD]
        gpus = gpus or round(sum(figure.value for figure in entry.quota_gpus.values()))
        if gpus <= run_gpus:
            message = f"the run takes all of {gpus:,} accelerators and leaves none to jobs of {entry.name}"
            raise InfeasibleError(message)
        work = drawn_work(asked, catalogue, gpus - run_gpus)
    else:
        work = FleetWork(no_jobs(), (asked.days or DAYS) * SECONDS_PER_DAY)
    if not asked.model:
        return gpus, work, ()
    runs = (model_run(asked, catalogue, run_gpus, work.duration_s, recovery, figures),)
    return gpus, added(work, runs), runs


def answered(case: Case) -> FleetAnswer:
    """Simulate a case."""
    start = time.perf_counter()
    result = simulate(case.simulation, check=case.question.check)
    wall_s = time.perf_counter() - start
    notices = (*case.notices, *_notices(case, result))
    return FleetAnswer(
        case.question, case.title, case.simulation, result, case.kinds, case.runs, case.start, wall_s, notices,
        case.figures,
    )  # fmt: skip


def _notices(case: Case, result: FleetResult) -> tuple[str, ...]:
    """Say which jobs could never start."""
    rejected = result.state_N == JOB_ENDS.index("rejected")
    if not rejected.any():
        return ()
    parts = case.simulation.partitions
    most = max(part.nodes_count * part.node_gpus_count for part in parts)
    largest = int(case.simulation.jobs.gpus_N[rejected].max())
    return (
        f"{int(np.count_nonzero(rejected)):,} jobs were rejected: they ask for up to {largest:,} accelerators where at "
        f"most {most:,} are in one place, or for more than their quota",
    )


def simulate_fleet(catalogue: Catalogue, **asked: Any) -> FleetAnswer:
    """Simulate a fleet event by event.

    Parameters
    ----------
    catalogue : Catalogue
    **asked
        Fields of `Question`.

    Returns
    -------
    FleetAnswer

    Raises
    ------
    CatalogueError, InputError
        If something is unknown or cannot be.
    InfeasibleError
        If no layout of the model fits.

    Examples
    --------
    A run on 16,384 accelerators over 54 days, as Llama 3's:

    >>> from gigawatt.catalogue import load
    >>> answer = simulate_fleet(load(), model="llama-3.1-405b", run_gpus=16384, days=54.0)  # doctest: +SKIP
    >>> answer.result.interruptions_N  # doctest: +SKIP
    array([419])
    """
    return answered(fleet_case(catalogue, Question(**asked)))


def compared(case: Case, policies: Sequence[str]) -> tuple[FleetAnswer, ...]:
    """Simulate a case under several policies, with the same jobs and the same failures.

    Parameters
    ----------
    case : Case
    policies : sequence of str

    Returns
    -------
    tuple of FleetAnswer
        In their order.
    """
    found = []
    for policy in policies:
        asked = replace(case.question, policy=policy)
        asked.require_valid()
        rules = rules_of(asked, case.simulation.rules.quota_gpus)
        found.append(answered(replace(case, question=asked, simulation=replace(case.simulation, rules=rules))))
    return tuple(found)
