"""What the fleet does: training runs laid on the calendar, serving pools sized by month. Shape letter: T months."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import CostModel, Tariff
from gigawatt.engines.serving.types import Request, ServiceLevel
from gigawatt.engines.training.tuning import Tuning
from gigawatt.errors import CatalogueError, InfeasibleError, InputError
from gigawatt.planning.demand import peak_to_mean_of
from gigawatt.planning.figures import Figures
from gigawatt.planning.finetune import BATCH_SEQUENCES, finetune_run
from gigawatt.planning.plan import Notice
from gigawatt.planning.power_caps import power_cap_w
from gigawatt.planning.serving import ServingPool, pool_sizes, serving_inputs, serving_pool
from gigawatt.planning.training import TrainingRun, failure_model, find_layout, training_job, whole_run
from gigawatt.records import Month, Quantity, TimeAxis
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.workloads import FinetuneWork, ResearchWork, ServeWork, TrainWork
from gigawatt.units import DAYS_PER_YEAR, HOURS_PER_MONTH, MONTHS_PER_YEAR, SECONDS_PER_DAY

if TYPE_CHECKING:
    from gigawatt.planning.fleet import FleetAnswer

Floats = NDArray[np.float64]
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR
FINETUNE_SEQUENCE_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class Setting:
    """What the cost and the carbon of a workload depend on."""

    costs: CostModel
    tariff: Tariff
    pue: float


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """A training run on the plan's months.

    Attributes
    ----------
    label, kind : str
        In words; accelerator id.
    work : TrainWork
    run : TrainingRun
    start_months, length_months : float
        From the plan's first day.
    gpus_T, tokens_T : Floats
        Mean accelerators held and tokens trained in the month.
    """

    label: str
    kind: str
    work: TrainWork
    run: TrainingRun
    start_months: float
    length_months: float
    gpus_T: Floats
    tokens_T: Floats


@dataclass(frozen=True, slots=True)
class ScheduledPool:
    """A serving pool on the plan's months."""

    label: str
    kind: str
    work: ServeWork
    pool: ServingPool
    requests_per_s_T: Floats
    peak_to_mean: float
    gpus_needed_T: Floats
    mean_load_T: Floats


@dataclass(frozen=True, slots=True)
class ScheduledTuning:
    """A stream of fine-tuning runs."""

    label: str
    kind: str
    work: FinetuneWork
    run: TrainingRun
    gpus_needed_T: Floats


@dataclass
class Work:
    """Everything the fleet is asked to do."""

    runs: list[ScheduledRun] = field(default_factory=list)
    pools: list[ScheduledPool] = field(default_factory=list)
    tunings: list[ScheduledTuning] = field(default_factory=list)
    reserves: list[tuple[str, Floats]] = field(default_factory=list)  # label, share by month
    notices: list[Notice] = field(default_factory=list)
    fleet: FleetAnswer | None = None  # the simulation, where the scenario asks for it
    gpu_w_KT: Floats | None = None  # and the mean IT power of an accelerator that it finds [W]


def schedule(scenario: Scenario, catalogue: Catalogue, setting: Setting, figures: Figures) -> Work:
    """Predict every workload and lay it on the months.

    Parameters
    ----------
    scenario : Scenario
        Resolved.
    catalogue : Catalogue
    setting : Setting
    figures : Figures

    Returns
    -------
    Work
        A workload that cannot run becomes a notice, not an error: the rest of the plan stands.
    """
    work = Work()
    for position, item in enumerate(scenario.workloads):
        path = f"workloads.{position}"
        try:
            if isinstance(item, TrainWork):
                work.runs.append(scheduled_run(item, path, scenario, catalogue, setting, figures))
            elif isinstance(item, FinetuneWork):
                work.tunings.append(_tuning(item, path, scenario, catalogue, setting, figures))
            elif isinstance(item, ServeWork):
                work.pools.append(scheduled_pool(item, path, scenario, catalogue, setting, figures))
            elif isinstance(item, ResearchWork):
                work.reserves.append((item.label, reserved_share(item, scenario.horizon.axis, figures)))
        except (InfeasibleError, InputError, CatalogueError) as error:
            work.notices.append(Notice("workload-infeasible", str(error), path))
    work.runs = _told_apart(work.runs)
    return work


def reserved_share(item: ResearchWork, axis: TimeAxis, figures: Figures) -> Floats:
    """Return the share of the fleet kept for other work, by month."""
    return _since(item.start, axis, figures(f"workloads.{item.label}.reserve", item.reserve))


def _since(start: Month | None, axis: TimeAxis, value: float) -> Floats:
    """Return a value from a month on, from the plan's first where none is given, and 0 before."""
    value_T = np.zeros(axis.months_count)
    value_T[max(0, axis.position(start or axis.start)) :] = value
    return value_T


def _told_apart(runs: list[ScheduledRun]) -> list[ScheduledRun]:
    """Return the runs, those of the same model numbered, so that each has a label of its own."""
    names = [run.label for run in runs]
    numbers = [names[: place + 1].count(name) for place, name in enumerate(names)]
    return [
        replace(run, label=f"{run.label} ({number})") if names.count(run.label) > 1 else run
        for run, number in zip(runs, numbers, strict=True)
    ]


def _take(figures: Figures, path: str, quantity: Quantity | None) -> float:
    """Return the number of a field whose default the resolver has filled; 0 where there is none."""
    return figures(path, quantity) if quantity is not None else 0.0


def _software_date(item: TrainWork) -> float:
    """Return the year of the software: as given, else the start of the run."""
    return item.software_date or item.start.index / MONTHS_PER_YEAR


def scheduled_run(
    item: TrainWork, path: str, scenario: Scenario, catalogue: Catalogue, setting: Setting, figures: Figures
) -> ScheduledRun:
    """Predict a training run and lay it on the months.

    Parameters
    ----------
    item : TrainWork
    path : str
        Where it stands in the scenario, "workloads.0".
    scenario : Scenario
        Resolved.
    catalogue, setting, figures
        For cost and carbon.

    Returns
    -------
    ScheduledRun

    Raises
    ------
    InfeasibleError
        If no layout fits.
    InputError
        If the accelerator lacks the precision.
    """
    kind, count = next(iter(item.on.items()))
    job = training_job(
        catalogue,
        item.train,
        kind,
        round(figures(f"{path}.on.{kind}", count)),
        sequence_tokens=round(_take(figures, f"{path}.sequence", item.sequence)),
        batch_tokens=_take(figures, f"{path}.batch", item.batch),
        precision=item.precision,
        software_date=_software_date(item),
        power_cap_w=power_cap_w(kind, scenario, figures),
        stack=item.stack,
    )
    fleet = scenario.fleet
    failures = failure_model(
        catalogue.reliability[fleet.reliability],
        figures,
        fleet.checkpoint_write.value if fleet.checkpoint_write else None,
        fleet.restart.value if fleet.restart else None,
    )
    run = whole_run(
        job,
        find_layout(job),
        figures(f"{path}.tokens", item.tokens),
        failures,
        catalogue,
        costs=setting.costs,
        tariff=setting.tariff,
        pue=setting.pue,
        figures=figures,
    )
    return on_months(catalogue.models[item.train].name, item, run, scenario.horizon.axis)


def on_months(label: str, item: TrainWork, run: TrainingRun, axis: TimeAxis) -> ScheduledRun:
    """Lay a training run on the months of a plan."""
    start, length = float(axis.position(item.start)), run.days / DAYS_PER_MONTH
    bounds = np.minimum(np.maximum(np.arange(axis.months_count + 1), start), start + length)  # of months, in the run
    overlap_T = bounds[1:] - bounds[:-1]
    return ScheduledRun(
        label=label,
        kind=next(iter(item.on)),
        work=item,
        run=run,
        start_months=start,
        length_months=length,
        gpus_T=overlap_T * run.job.gpus_count,
        tokens_T=overlap_T / length * run.tokens,
    )


def _tuning(
    item: FinetuneWork, path: str, scenario: Scenario, catalogue: Catalogue, setting: Setting, figures: Figures
) -> ScheduledTuning:
    """Find the fewest nodes that train all weights, and the accelerators that a stream of runs keeps busy."""
    start = item.start or scenario.horizon.start
    job = training_job(
        catalogue,
        item.finetune,
        item.on,
        1,
        sequence_tokens=FINETUNE_SEQUENCE_TOKENS,
        batch_tokens=FINETUNE_SEQUENCE_TOKENS * BATCH_SEQUENCES,
        precision="bf16",
        software_date=start.index / MONTHS_PER_YEAR,
        power_cap_w=power_cap_w(item.on, scenario, figures),
    )
    run = finetune_run(
        job,
        Tuning("full"),
        figures(f"{path}.tokens", item.tokens),
        failure_model(catalogue.reliability[scenario.fleet.reliability], figures),
        catalogue,
        costs=setting.costs,
        tariff=setting.tariff,
        pue=setting.pue,
        figures=figures,
        whole_nodes=True,
    ).run
    label = f"fine-tuning {catalogue.models[item.finetune].name}"
    return tuned_by_month(label, item, path, run, scenario.horizon.axis, figures)


def tuned_by_month(
    label: str, item: FinetuneWork, path: str, run: TrainingRun, axis: TimeAxis, figures: Figures
) -> ScheduledTuning:
    """Return the accelerators that a stream of fine-tuning runs keeps busy."""
    busy = figures(f"{path}.runs", item.runs) * run.gpu_hours_h / HOURS_PER_MONTH
    return ScheduledTuning(label, item.on, item, run, _since(item.start, axis, math.ceil(busy)))


def scheduled_pool(
    item: ServeWork, path: str, scenario: Scenario, catalogue: Catalogue, setting: Setting, figures: Figures
) -> ScheduledPool:
    """Choose a deployment and size it month by month.

    Parameters
    ----------
    item : ServeWork
    path : str
        Where it stands in the scenario, "workloads.0".
    scenario : Scenario
        Resolved.
    catalogue, setting, figures
        For cost and carbon.

    Returns
    -------
    ScheduledPool

    Raises
    ------
    InfeasibleError
        If nothing meets the service level.
    InputError
        If the accelerator cannot hold the precision.
    """
    source = item.demand or item.agents
    assert source is not None
    calls_per_task = 1.0
    if item.agents is not None:
        calls_per_task = _take(figures, f"{path}.turns", item.agents.turns) or 1.0
    request = Request(
        input_tokens=figures(f"{path}.input", source.input) / calls_per_task,
        output_tokens=figures(f"{path}.output", source.output) / calls_per_task,
        cached_frac=_take(figures, f"{path}.cached", source.cached),
    )
    start = item.start or scenario.horizon.start
    slo, cap_w = item.slo, power_cap_w(item.on, scenario, figures)
    inputs = serving_inputs(
        catalogue,
        item.serve,
        item.on,
        request,
        ServiceLevel(
            ttft_p99_s=figures(f"{path}.ttft_p99", slo.ttft_p99) if slo.ttft_p99 else float("inf"),
            tpot_p99_s=figures(f"{path}.tpot_p99", slo.tpot_p99) if slo.tpot_p99 else float("inf"),
        ),
        precision=item.precision,
        software_date=start.index / MONTHS_PER_YEAR,
        power_cap_w=cap_w,
    )
    pool = serving_pool(
        inputs,
        catalogue,
        costs=setting.costs,
        tariff=setting.tariff,
        pue=setting.pue,
        figures=figures,
        power_cap_w=cap_w,
    )
    return sized_by_month(
        item.label or f"serving {catalogue.models[item.serve].name}",
        item,
        path,
        pool,
        scenario.horizon.axis,
        catalogue,
        figures,
        calls_per_task=calls_per_task,
    )


def sized_by_month(
    label: str,
    item: ServeWork,
    path: str,
    pool: ServingPool,
    axis: TimeAxis,
    catalogue: Catalogue,
    figures: Figures,
    *,
    calls_per_task: float,
) -> ScheduledPool:
    """Size a pool for its demand, month by month; an agent makes `calls_per_task` requests for a task, people one."""
    source = item.demand or item.agents
    assert source is not None
    if item.demand:
        rate = figures(f"{path}.users", item.demand.users) * figures(f"{path}.messages", item.demand.messages)
    else:
        assert item.agents is not None
        rate = figures(f"{path}.developers", item.agents.developers) * figures(f"{path}.tasks", item.agents.tasks)
    growth = 1.0 + _take(figures, f"{path}.growth", source.growth)
    first = max(0, axis.position(item.start or axis.start))
    requests_T = np.zeros(axis.months_count)
    requests_T[first:] = rate * calls_per_task / SECONDS_PER_DAY * growth ** np.arange(axis.months_count - first)
    peak_to_mean = peak_to_mean_of(source, path, catalogue, figures)
    availability = _take(figures, f"{path}.availability", item.slo.availability)
    gpus_T, load_T = pool_sizes(pool, requests_T, peak_to_mean, availability)
    return ScheduledPool(
        label=label,
        kind=item.on,
        work=item,
        pool=pool,
        requests_per_s_T=requests_T,
        peak_to_mean=peak_to_mean,
        gpus_needed_T=gpus_T,
        mean_load_T=load_T,
    )
