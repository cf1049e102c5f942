"""The library side of `train` and `serve`: one call from catalogue ids to a whole answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.bring import bring
from gigawatt.catalogue.schema import Accelerator
from gigawatt.engines.training.types import Layout, SearchResult, TrainingJob
from gigawatt.errors import InputError, nearest
from gigawatt.planning.convert import profile_figures
from gigawatt.planning.figures import Figures, used_figures
from gigawatt.planning.job_defaults import (
    DEFAULT_COSTS,
    DEFAULT_PUE,
    DEFAULT_RELIABILITY,
    DEFAULT_TARIFF,
    usual_software_date,
)
from gigawatt.planning.launch import tool_named
from gigawatt.planning.launch.search import search_within
from gigawatt.planning.power_caps import CapPoint, best_cap, caps_w, check_power, checked_cap_w, compared
from gigawatt.planning.training import (
    TrainingRun,
    failure_model,
    find_layout,
    routing_spread_frac,
    training_job,
    whole_run,
)

if TYPE_CHECKING:
    from gigawatt.planning.serving_jobs import ServeAnswer, serve

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


def _schedules(allow: Sequence[str], fixed: Mapping[str, int | str]) -> dict[str, tuple[str, ...]]:
    """Return the schedules to search where others than the usual one are allowed."""
    for name in allow:
        if name not in CHOICES["schedule"]:
            message = f'allow: "{name}" is no schedule of a pipeline. {nearest(name, CHOICES["schedule"])}'
            raise InputError(message)
    if allow and "schedule" in fixed:
        message = f"the schedule is held at {fixed['schedule']}: no others can be allowed beside it"
        raise InputError(message)
    return {"schedule": tuple(dict.fromkeys(("1f1b", *allow)))} if allow else {}


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
    allow: Sequence[str] = (),
    routing_spread: float | str = 0.0,
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
    allow : sequence of str
        Schedules of the pipeline to search beside 1f1b: dualpipe, zero-bubble.
    routing_spread : float or str
        How unevenly experts are loaded beyond chance, standard deviation over mean, or how routing is balanced: forced
        (0), bias (0.02), auxiliary (0.2). [-]
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
    spread_frac = routing_spread_frac(routing_spread)
    job = replace(job, batch_sequences=batch_sequences or job.batch_sequences, routing_spread_frac=spread_frac)
    if tool is not None:
        job = replace(job, stack=tool_named(tool).stack)
    layout = _layout(fixed or {}, job)
    schedules = _schedules(allow, fixed or {})
    entry = catalogue.accelerators[accelerator]
    cap_w = caps_w(job.accelerator.tdp_w)[0] if power_cap == BEST else _cap_w(power_cap, entry)
    if it_w is not None:
        check_power(job, cap_w, it_w)

    def find(asked: TrainingJob) -> SearchResult:
        if tool is None or layout is not None:
            return find_layout(asked, layout, fixed, schedules)
        return search_within(asked, tool, fixed or {}, schedules)

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


def __getattr__(name: str) -> object:
    """Return what serving offers here, imported only when asked for: numba and scipy take longer than a search."""
    if name in ("ServeAnswer", "serve"):
        from gigawatt.planning import serving_jobs

        return getattr(serving_jobs, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


__all__ = [
    "BEST",
    "CHOICES",
    "DEFAULT_COSTS",
    "DEFAULT_PUE",
    "DEFAULT_RELIABILITY",
    "DEFAULT_TARIFF",
    "LAYOUT_FIELDS",
    "RECOMPUTES",
    "ServeAnswer",
    "TrainAnswer",
    "serve",
    "train",
    "used_figures",
    "usual_software_date",
]
