"""The library side of `train` and `serve`: one call from catalogue ids to a whole answer."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.bring import bring
from gigawatt.catalogue.schema import Accelerator
from gigawatt.engines.serving.types import Request, ServiceLevel, Sizing
from gigawatt.engines.training.types import Layout, SearchResult, TrainingJob
from gigawatt.errors import InputError, nearest
from gigawatt.planning.convert import profile_figures
from gigawatt.planning.figures import Figures
from gigawatt.planning.launch import tool_named
from gigawatt.planning.launch.search import search_within
from gigawatt.planning.power_caps import CapPoint, best_cap, caps_w, check_power, checked_cap_w, compared
from gigawatt.planning.serving import ServingPool, pool_size, serving_inputs, serving_pool
from gigawatt.planning.training import TrainingRun, failure_model, find_layout, training_job, whole_run
from gigawatt.records import Month
from gigawatt.units import DAYS_PER_YEAR, MONTHS_PER_YEAR

DEFAULT_TARIFF = "us-industrial-average"
DEFAULT_COSTS = "us-2025"
DEFAULT_RELIABILITY = "meta-llama3-h100"
DEFAULT_PUE = 1.12  # ASSUMPTION: a new liquid-cooled hyperscale site; Microsoft states 1.12 for its newest

BEST = "best"  # in place of a power cap: the one that gives most
RECOMPUTES = ("none", "selective", "half", "full")
# Fields of a layout that are one of a few, as they are written.
CHOICES = {
    "recompute": RECOMPUTES,
    "schedule": ("1f1b", "dualpipe", "zero-bubble"),
    "offload": ("none", "optimizer"),
    "optimizer_bits": ("8", "32"),
    "context_exchange": ("ring", "all-gather"),
}
LAYOUT_FIELDS = tuple(field for field in Layout.__dataclass_fields__ if field != "precision")


@dataclass(frozen=True, slots=True)
class TrainAnswer:
    """What `train` finds: the job, the search, the run where tokens were given, power caps where they were compared."""

    job: TrainingJob
    found: SearchResult
    run: TrainingRun | None
    figures: Figures
    caps: tuple[CapPoint, ...] = ()
    it_w: float | None = None  # IT power that the accelerators of `caps` fill [W]


@dataclass(frozen=True, slots=True)
class ServeAnswer:
    """What `serve` finds: the pool, and its size where a demand was given."""

    pool: ServingPool
    sizing: Sizing | None
    figures: Figures


# How long after a chip ships in volume its software still gains much. On 512 H100 (volume since 2022-10) the minutes
# to train MLPerf's GPT-3 fell 64.3, 58.3, 50.7, 49.8 in the rounds of June and November 2023 and 2024 (v3.0 to v4.1):
# the gains end with the round of June 2024.
SOFTWARE_MATURES_YEARS = 1.7
# Older chips run on the frameworks of that round too: fused attention came to A100 two years after the chip.
FRAMEWORKS_OF_YEAR = 2024.45


def usual_software_date(available_from: str) -> float:
    """Return the year of the software that a job of today would run on an accelerator.

    Parameters
    ----------
    available_from : str
        First month of the accelerator's volume delivery, 2022-10.

    Returns
    -------
    float
        Today as a year with its fraction, but not later than `SOFTWARE_MATURES_YEARS` after the accelerator came, and
        not before `FRAMEWORKS_OF_YEAR`.
    """
    today = datetime.datetime.now(tz=datetime.UTC).date()
    this_year = today.year + (today.timetuple().tm_yday - 1) / DAYS_PER_YEAR
    mature_year = Month.parse(available_from).index / MONTHS_PER_YEAR + SOFTWARE_MATURES_YEARS
    return min(this_year, max(mature_year, FRAMEWORKS_OF_YEAR))


def _layout(fixed: Mapping[str, int | str], job: TrainingJob) -> Layout | None:
    """Return a whole layout where tensor, pipeline and data parallelism follow from what is fixed; None to search."""
    unknown = [name for name in fixed if name not in LAYOUT_FIELDS]
    if unknown:
        message = f'"{unknown[0]}" is no part of a layout. {nearest(unknown[0], LAYOUT_FIELDS)}'
        raise InputError(message)
    for name, choices in CHOICES.items():
        if name in fixed and str(fixed[name]) not in choices:
            message = f'{name} "{fixed[name]}" is not known. {nearest(str(fixed[name]), choices)}'
            raise InputError(message)
    if not {"tensor_parallel", "pipeline_parallel", "micro_batch"} <= set(fixed):
        return None
    taken = int(fixed["tensor_parallel"]) * int(fixed["pipeline_parallel"]) * int(fixed.get("context_parallel", 1))
    if job.gpus_count % taken:
        message = f"{job.gpus_count:,} GPUs are not a multiple of tensor x pipeline x context parallel = {taken:,}"
        raise InputError(message)
    data = int(fixed.get("data_parallel", job.gpus_count // taken))
    if data * taken != job.gpus_count:
        message = (
            f"tensor x pipeline x context x data parallel = {data * taken:,}, but there are {job.gpus_count:,} GPUs"
        )
        raise InputError(message)
    return Layout(**{**fixed, "data_parallel": data, "precision": job.precision})  # type: ignore[arg-type]


def _cap_w(power_cap: float | str | None, entry: Accelerator) -> float:
    """Return a power cap that the accelerator takes, 0 for none. [W]."""
    if power_cap is None:
        return 0.0
    if isinstance(power_cap, str):
        message = f'power cap "{power_cap}" is neither a number of watts nor "{BEST}"'
        raise InputError(message)
    return checked_cap_w(entry, power_cap)


def train(
    catalogue: Catalogue,
    model: str,
    accelerator: str,
    gpus: int,
    *,
    tokens: float | None = None,
    sequence: int = 8192,
    batch_tokens: float | None = None,
    batch_sequences: int | None = None,
    precision: str = "bf16",
    fixed: Mapping[str, int | str] | None = None,
    tool: str | None = None,
    software_date: float | None = None,
    power_cap: float | str | None = None,
    it_w: float | None = None,
    reliability: str = DEFAULT_RELIABILITY,
    tariff: str = DEFAULT_TARIFF,
    pue: float = DEFAULT_PUE,
) -> TrainAnswer:
    """Find how to train a model on some accelerators, and what it takes.

    Parameters
    ----------
    catalogue : Catalogue
    model, accelerator : str
        Catalogue ids or paths: a model's `config.json` or its folder, a YAML file of the catalogue's shape.
    gpus : int
        Accelerators.
    tokens : float, optional
        Tokens to train on; days, cost and carbon need them.
    sequence : int
        Tokens per sequence.
    batch_tokens : float, optional
        Tokens per step; the catalogue's default where not given.
    batch_sequences : int, optional
        Sequences per step, to the last one, in place of `batch_tokens`, which are taken as people round them.
    precision : str
        bf16, fp8, mxfp8, nvfp4 or fp4, where the accelerator has it.
    fixed : mapping, optional
        Degrees to hold, by the names of `Layout`; with tensor, pipeline and micro-batch all given it is not searched.
    tool : str, optional
        Tool that will train, a key of `gigawatt.planning.launch.TOOLS`: only what it can express is searched, at the
        pace of its software.
    software_date : float, optional
        Year of the software; where not given, today's, as far as the accelerator's software still improves.
    power_cap : float or "best", optional
        Cap of each accelerator's package; "best" for the one that gives most tokens per joule, or from `it_w`. [W]
    it_w : float, optional
        IT power to fill with accelerators that run such jobs: caps are then compared by what all of them do. [W]
    reliability, tariff : str
        Catalogue ids.
    pue : float
        Facility over IT energy.

    Returns
    -------
    TrainAnswer

    Raises
    ------
    CatalogueError, InputError
        If an id or a number is wrong.
    InfeasibleError
        If tokens are given and nothing fits.
    """
    figures = Figures()
    defaults = catalogue.defaults
    catalogue, model = bring(catalogue, "models", model)
    catalogue, accelerator = bring(catalogue, "accelerators", accelerator)
    figures.used.update(profile_figures(accelerator, catalogue))
    exact = batch_sequences * sequence if batch_sequences else None
    job = training_job(
        catalogue,
        model,
        accelerator,
        gpus,
        sequence_tokens=sequence,
        batch_tokens=exact or batch_tokens or figures("defaults.train_batch_tokens", defaults.train_batch_tokens),
        precision=precision,
        software_date=software_date or usual_software_date(catalogue.accelerators[accelerator].available_from),
    )
    job = replace(job, batch_sequences=batch_sequences or job.batch_sequences)
    if tool is not None:
        job = replace(job, stack=tool_named(tool).stack)
    layout = _layout(fixed or {}, job)
    entry = catalogue.accelerators[accelerator]
    cap_w = caps_w(job.accelerator.tdp_w)[0] if power_cap == BEST else _cap_w(power_cap, entry)
    if it_w is not None:
        check_power(job, cap_w, it_w)

    def find(asked: TrainingJob) -> SearchResult:
        if tool is None or layout is not None:
            return find_layout(asked, layout, fixed)
        return search_within(asked, tool, fixed or {})

    if power_cap == BEST:
        job, found = best_cap(job, find, it_w)
    else:
        job = replace(job, power_cap_w=cap_w)
        found = find(job)
    caps = compared(job, found, it_w) if power_cap == BEST or it_w is not None else ()
    run = None
    if tokens is not None:
        run = whole_run(
            job,
            found,
            tokens,
            failure_model(catalogue.reliability[reliability], figures),
            catalogue,
            costs=catalogue.costs[DEFAULT_COSTS],
            tariff=catalogue.tariffs[tariff],
            pue=pue,
            figures=figures,
        )
    return TrainAnswer(job, found, run, figures, caps, it_w)


def serve(
    catalogue: Catalogue,
    model: str,
    accelerator: str,
    *,
    input_tokens: float = 1000.0,
    output_tokens: float = 300.0,
    cached: float = 0.0,
    precision: str = "fp8",
    ttft_p99_s: float = float("inf"),
    tpot_p99_s: float = float("inf"),
    requests_per_s: float | None = None,
    peak_to_mean: float | None = None,
    availability: float | None = None,
    gpus: int | None = None,
    software_date: float | None = None,
    engine: str = "tensorrt-llm",
    power_cap_w: float = 0.0,
    tariff: str = DEFAULT_TARIFF,
    pue: float = DEFAULT_PUE,
) -> ServeAnswer:
    """Find how to serve a model, and how many accelerators a demand needs.

    Parameters
    ----------
    catalogue : Catalogue
    model, accelerator : str
        Catalogue ids or paths, as for `train`.
    input_tokens, output_tokens, cached : float
        Mean request, and the share of its input found in the prefix cache.
    precision : str
        Of the weights: bf16, fp8, fp4 or int4.
    ttft_p99_s, tpot_p99_s : float
        Service level. [s]
    requests_per_s : float, optional
        Mean demand. [1/s]
    peak_to_mean, availability : float, optional
        The catalogue's defaults where not given.
    gpus : int, optional
        Hold the replica to so many accelerators.
    software_date : float, optional
        Year of the software; where not given, today's, as far as the accelerator's software still improves.
    engine : str
        tensorrt-llm or vllm.
    power_cap_w : float
        Cap of each accelerator's package; 0: none. [W]
    tariff : str
    pue : float

    Returns
    -------
    ServeAnswer

    Raises
    ------
    CatalogueError, InputError
        If an id or a number is wrong.
    InfeasibleError
        If nothing fits and meets the service level.
    """
    figures = Figures()
    catalogue, model = bring(catalogue, "models", model)
    catalogue, accelerator = bring(catalogue, "accelerators", accelerator)
    figures.used.update(profile_figures(accelerator, catalogue))
    if input_tokens <= 0 or output_tokens <= 0 or not 0.0 <= cached < 1.0:
        message = (
            f"input {input_tokens:g} and output {output_tokens:g} must be above 0, cached {cached:g} in 0 to below 1"
        )
        raise InputError(message)
    inputs = serving_inputs(
        catalogue,
        model,
        accelerator,
        Request(input_tokens, output_tokens, cached),
        ServiceLevel(ttft_p99_s, tpot_p99_s),
        precision=precision,
        software_date=software_date or usual_software_date(catalogue.accelerators[accelerator].available_from),
        engine=engine,
        power_cap_w=power_cap_w,
    )
    pool = serving_pool(
        inputs,
        catalogue,
        costs=catalogue.costs[DEFAULT_COSTS],
        tariff=catalogue.tariffs[tariff],
        pue=pue,
        figures=figures,
        gpus_count=gpus,
        power_cap_w=power_cap_w,
    )
    sizing = None
    if requests_per_s is not None:
        defaults = catalogue.defaults
        sizing = pool_size(
            pool,
            requests_per_s,
            peak_to_mean or figures("defaults.peak_to_mean_ratio", defaults.peak_to_mean_ratio),
            availability or figures("defaults.availability_frac", defaults.availability_frac),
        )
    return ServeAnswer(pool, sizing, figures)


def used_figures(figures: Figures) -> list[dict[str, Any]]:
    """Return the figures that an answer drew on, JSON-ready."""
    return [
        {
            "path": path,
            "value": item.value,
            "unit": item.unit,
            "source": item.source,
            "kind": item.kind,
            "as_of": item.as_of,
        }
        for path, item in sorted(figures.used.items())
    ]
