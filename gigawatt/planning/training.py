"""A training run, whole: layout and step time, goodput, cost and carbon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.abilities import UNIT_OF_FORMAT, format_fault
from gigawatt.catalogue.failures import Reliability
from gigawatt.catalogue.schema import CostModel, Tariff
from gigawatt.engines.fleet import goodput
from gigawatt.engines.fleet.types import FailureModel, Goodput
from gigawatt.engines.training import estimate, run, search
from gigawatt.engines.training.phases import Phase, run_phases
from gigawatt.engines.training.types import Layout, RunEstimate, SearchResult, StepEstimate, TrainingJob
from gigawatt.errors import InfeasibleError, InputError, nearest
from gigawatt.planning import convert
from gigawatt.planning.figures import Figures
from gigawatt.planning.power_caps import checked_cap_w
from gigawatt.planning.unit_costs import gpu_hour_cost
from gigawatt.units import WATTS_PER_MEGAWATT

ENGINE_PRECISIONS = {"nvfp4": "fp4"}  # number formats that the engine knows by another name
EARLIEST_SOFTWARE, LATEST_SOFTWARE = 2018, 2040  # years between which a software date is believed
# How unevenly experts are loaded beyond chance, standard deviation over mean, by how routing is balanced: forced, as
# benchmarks do; by a bias on each expert; by an auxiliary loss. The latter two are ESTIMATES after L. Wang et al.,
# "Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts," arXiv:2408.15664, 2024.
ROUTING_SPREADS = {"forced": 0.0, "bias": 0.02, "auxiliary": 0.2}
LARGEST_ROUTING_SPREAD = 10.0  # beyond which one expert has nearly all tokens, and nothing is balanced
BATCH_ROUNDING_FRAC = 0.05  # how far a batch in tokens may be from the count of sequences that is meant


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A run with everything a planner asks of it.

    Attributes
    ----------
    job : TrainingJob
    found : SearchResult
        The search, or the one layout that was given.
    step : StepEstimate
        The layout used.
    tokens : float
    ideal : RunEstimate
        Without failures.
    goodput : Goodput
    days, low_days, high_days : float
        Wall time with failures, and the 80 % interval of the step time. [day]
    gpu_hours_h : float
        With failures. [h]
    facility_energy_mwh, cost_usd, co2_t : float
    usd_per_gpu_hour : float
    """

    job: TrainingJob
    found: SearchResult
    step: StepEstimate
    tokens: float
    ideal: RunEstimate
    goodput: Goodput
    days: float
    low_days: float
    high_days: float
    gpu_hours_h: float
    facility_energy_mwh: float
    cost_usd: float
    co2_t: float
    usd_per_gpu_hour: float


def failure_model(
    entry: Reliability,
    figures: Figures,
    checkpoint_write_s: float | None = None,
    restart_s: float | None = None,
) -> FailureModel:
    """Turn a catalogue entry into the fleet engine's failure model, with a scenario's overrides."""
    named = f"reliability.{entry.id}"
    planned = entry.planned_stops_per_day
    return FailureModel(
        failures_per_node_day=figures(f"{named}.failures_per_node_day", entry.failures_per_node_day),
        node_gpus_count=entry.node_gpus,
        planned_stops_per_day=figures(f"{named}.planned_stops_per_day", planned) if planned else 0.0,
        restart_s=restart_s or figures(f"{named}.restart_s", entry.restart_s),
        checkpoint_write_s=checkpoint_write_s or figures(f"{named}.checkpoint_write_s", entry.checkpoint_write_s),
        node_repair_h=figures(f"{named}.node_repair_h", entry.node_repair_h),
    )


def routing_spread_frac(written: float | str) -> float:
    """Return the spread of the load of an expert beyond chance: a number, or how routing is balanced.

    Parameters
    ----------
    written : float or str
        Key of `ROUTING_SPREADS`, or a number. [-]

    Returns
    -------
    float
        [-]

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> routing_spread_frac("bias"), routing_spread_frac("0.1")
    (0.02, 0.1)
    """
    if written in ROUTING_SPREADS:
        return ROUTING_SPREADS[str(written)]
    try:
        spread = float(written)
    except ValueError:
        spread = -1.0
    if not 0.0 <= spread <= LARGEST_ROUTING_SPREAD:
        message = (
            f'routing spread "{written}" is neither a number from 0 to {LARGEST_ROUTING_SPREAD:g} nor a way of '
            f"balancing. {nearest(str(written), ROUTING_SPREADS)}"
        )
        raise InputError(message)
    return spread


def batch_sequences(batch_tokens: float, sequence_tokens: int) -> int:
    """Return the sequences of a batch given in tokens.

    People say "a batch of 16 M tokens" for 2,048 sequences of 8,192; a count that data parallelism can divide is meant.

    Parameters
    ----------
    batch_tokens : float
        Tokens per optimizer step, rounded as people round it.
    sequence_tokens : int
        Tokens per sequence.

    Returns
    -------
    int
        The count within `BATCH_ROUNDING_FRAC` of the given one that holds the largest power of two.

    Examples
    --------
    >>> batch_sequences(16e6, 8192), batch_sequences(8 * 8192, 8192)
    (2048, 8)
    """
    exact = batch_tokens / sequence_tokens
    step = 1 << max(0, int(exact).bit_length())
    while step > 1:
        nearest_count = max(step, round(exact / step) * step)
        if abs(nearest_count - exact) <= BATCH_ROUNDING_FRAC * exact:
            return nearest_count
        step //= 2
    return max(1, round(exact))


def training_job(
    catalogue: Catalogue,
    model: str,
    accelerator: str,
    gpus_count: int,
    *,
    sequence_tokens: int,
    batch_tokens: float,
    precision: str,
    software_date: float,
    power_cap_w: float = 0.0,
    stack: str = "megatron",
) -> TrainingJob:
    """Build a job from catalogue ids.

    Raises
    ------
    CatalogueError
        If an id is unknown.
    InputError
        If the accelerator lacks the precision, does not take the power cap (0: none), or a number is not positive.
    """
    entry = catalogue.accelerators[accelerator]
    lacking, remedy = format_fault(entry, precision)
    if lacking:
        message = f"{lacking}; {remedy}" if precision in UNIT_OF_FORMAT else f"{lacking}. {remedy}"
        raise InputError(message)
    if power_cap_w:
        checked_cap_w(entry, power_cap_w)
    if not EARLIEST_SOFTWARE <= software_date <= LATEST_SOFTWARE:
        message = f"software date {software_date:g} is no year between {EARLIEST_SOFTWARE} and {LATEST_SOFTWARE}"
        raise InputError(message)
    if gpus_count < 1 or sequence_tokens < 1 or batch_tokens < sequence_tokens:
        message = (
            f"gpus {gpus_count}, sequence {sequence_tokens} and batch {batch_tokens:g} tokens: each must be at least 1,"
            " and the batch at least one sequence"
        )
        raise InputError(message)
    if catalogue.models[model].state_space_layers:
        message = f"{model} has state-space layers, which the training engine does not model"
        raise InputError(message)
    return TrainingJob(
        model=convert.transformer(catalogue.models[model]),
        accelerator=convert.accelerator(entry, catalogue),
        gpus_count=gpus_count,
        sequence_tokens=sequence_tokens,
        batch_sequences=batch_sequences(batch_tokens, sequence_tokens),
        precision=ENGINE_PRECISIONS.get(precision, precision),  # type: ignore[arg-type]  # one that the chip has
        software_date=software_date,
        power_cap_w=power_cap_w,
        stack=stack,
    )


def find_layout(
    job: TrainingJob,
    layout: Layout | None = None,
    fixed: Mapping[str, int | str] | None = None,
    allow: Mapping[str, Sequence[int | str]] | None = None,
) -> SearchResult:
    """Search all layouts, or predict the one that is given.

    Parameters
    ----------
    job : TrainingJob
    layout : Layout, optional
        Whole layout; it is predicted even where it does not fit.
    fixed : mapping, optional
        Degrees to hold while the rest is searched.
    allow : mapping, optional
        Fields of a layout with the values to try instead of the usual ones.

    Returns
    -------
    SearchResult
    """
    if layout is None:
        return search(job, fixed=dict(fixed or {}), allow=allow)
    step = estimate(job, layout)
    return SearchResult(
        best=step if step.fits else None,
        alternatives=(step,),
        searched=1,
        feasible=int(step.fits),
        search_s=0.0,
        reason=step.reason,
        schedules=(layout.schedule,),
        zero_stages=(layout.zero_stage,),
    )


def whole_run(
    job: TrainingJob,
    found: SearchResult,
    tokens: float,
    failures: FailureModel,
    catalogue: Catalogue,
    *,
    costs: CostModel,
    tariff: Tariff,
    pue: float,
    figures: Figures,
    phases: Sequence[Phase] = (),
) -> TrainingRun:
    """Carry a layout through to days, hours, energy, cost and carbon.

    Parameters
    ----------
    job, found : TrainingJob, SearchResult
    tokens : float
        Tokens to train on.
    failures : FailureModel
    catalogue, costs, tariff, pue, figures
        For cost and carbon.
    phases : sequence of Phase
        Stretches with their own sequence and batch, whose tokens then count instead of `tokens`; none for one step
        throughout.

    Returns
    -------
    TrainingRun

    Raises
    ------
    InfeasibleError
        If no layout fits; says what is short.
    """
    if found.best is None:
        why = found.reason or "nothing fits"
        message = f"{job.model.name} does not fit on {job.gpus_count:,} {job.accelerator.name}: {why}"
        raise InfeasibleError(message)
    step = found.best
    ideal = run_phases(job, phases).total if phases else run(job, step, tokens)
    kept = goodput(failures, job.gpus_count)
    days = ideal.days / kept.ettr_frac
    hours = ideal.gpu_hours_h / kept.ettr_frac
    energy_mwh = ideal.it_energy_mwh / kept.ettr_frac * pue
    rate = gpu_hour_cost(
        job.accelerator.name,
        catalogue,
        costs=costs,
        tariff=tariff,
        pue=pue,
        mean_it_w=ideal.it_energy_mwh * WATTS_PER_MEGAWATT / ideal.gpu_hours_h if phases else step.gpu_power_w,
        power_cap_w=job.power_cap_w,
        figures=figures,
    ).total_usd
    carbon = figures(f"tariffs.{tariff.id}.carbon_kg_per_mwh", tariff.carbon_kg_per_mwh)
    return TrainingRun(
        job=job,
        found=found,
        step=step,
        tokens=ideal.tokens,
        ideal=ideal,
        goodput=kept,
        days=days,
        low_days=days * step.low_s / step.step_time_s,
        high_days=days * step.high_s / step.step_time_s,
        gpu_hours_h=hours,
        facility_energy_mwh=energy_mwh,
        cost_usd=hours * rate,
        co2_t=energy_mwh * carbon / 1000.0,
        usd_per_gpu_hour=rate,
    )


def with_precision(layout: Layout, job: TrainingJob) -> Layout:
    """Return the layout at the job's precision."""
    return replace(layout, precision=job.precision)
