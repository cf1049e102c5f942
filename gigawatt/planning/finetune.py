"""Fine-tuning, whole: the smallest hardware for a method, its time, cost and carbon, on one accelerator or on all."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any, cast

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.bring import bring
from gigawatt.catalogue.schema import CostModel, Tariff
from gigawatt.engines.fleet.types import FailureModel
from gigawatt.engines.training.finetune import finetune_estimate
from gigawatt.engines.training.smallest import accelerator_counts, fastest_layout, smallest_hardware
from gigawatt.engines.training.tuning import METHODS, TARGETS, FinetuneEstimate, Tuning, packed
from gigawatt.engines.training.types import OptimizerBits, SearchResult, TrainingJob
from gigawatt.errors import InfeasibleError, InputError, nearest
from gigawatt.planning.figures import Figures
from gigawatt.planning.job_documents import run_record, step_record
from gigawatt.planning.jobs import (
    DEFAULT_COSTS,
    DEFAULT_PUE,
    DEFAULT_RELIABILITY,
    DEFAULT_TARIFF,
    usual_software_date,
)
from gigawatt.planning.training import TrainingRun, failure_model, training_job, whole_run
from gigawatt.records import Month
from gigawatt.units import BYTES_PER_GIB, MONTHS_PER_YEAR

LEAN_BITS = 8  # block-wise quantised Adam moments [bit]
BATCH_SEQUENCES = 128  # ASSUMPTION: a usual batch of supervised fine-tuning
LARGER_COUNTS = 3  # numbers of accelerators shown beyond the fewest, where one accelerator is asked for
# Makers whose chips are rented as a service or used in their own products, and not sold: nobody else can own one.
NOT_SOLD_BY = frozenset({"Amazon", "Google", "Meta", "Microsoft"})


@dataclass(frozen=True, slots=True)
class FinetuneRun:
    """Fine-tuning on one accelerator.

    Attributes
    ----------
    estimate : FinetuneEstimate
        Hardware, layout, step.
    run : TrainingRun
        Days, hours, energy, cost, carbon.
    priced : bool
        Whether the catalogue has a price, without which the cost is that of power and building alone.
    """

    estimate: FinetuneEstimate
    run: TrainingRun
    priced: bool


@dataclass(frozen=True, slots=True)
class FinetuneAnswer:
    """What `finetune` finds.

    Attributes
    ----------
    tuning : Tuning
    options : tuple of FinetuneRun
        One an accelerator, cheapest first; of a given accelerator the fewest that fit, then more.
    refused : tuple of (str, str)
        Accelerators that cannot, and why.
    figures : Figures
    """

    tuning: Tuning
    options: tuple[FinetuneRun, ...]
    refused: tuple[tuple[str, str], ...]
    figures: Figures


def read_tuning(method: str, rank: int, targets: str, optimizer_bits: int) -> Tuning:
    """Build a tuning from words.

    Raises
    ------
    InputError
        With the nearest name, if a word is unknown.
    """
    for name, given, known in (("method", method, METHODS), ("targets", targets, TARGETS)):
        if given not in known:
            message = f'{name}: "{given}" is not one of {", ".join(known)}. {nearest(given, known)}'
            raise InputError(message)
    return Tuning(cast(Any, method), rank, cast(Any, targets), optimizer_bits)


def ownable(catalogue: Catalogue) -> list[str]:
    """Return the accelerators that anyone could own today: sold, with a price, and delivered.

    Parameters
    ----------
    catalogue : Catalogue

    Returns
    -------
    list of str
        Catalogue ids.
    """
    return [
        name
        for name, entry in catalogue.accelerators.items()
        if entry.vendor not in NOT_SOLD_BY
        and entry.price_usd is not None
        and Month.parse(entry.available_from).index / MONTHS_PER_YEAR <= usual_software_date(entry.available_from)
    ]


def finetune_run(
    job: TrainingJob,
    tuning: Tuning,
    tokens: float,
    failures: FailureModel,
    catalogue: Catalogue,
    *,
    costs: CostModel,
    tariff: Tariff,
    pue: float,
    figures: Figures,
    gpus_count: int = 0,
    whole_nodes: bool = False,
) -> FinetuneRun:
    """Fine-tune on the smallest hardware, or on a given number of accelerators.

    Parameters
    ----------
    job : TrainingJob
        Its number of accelerators is not used.
    tuning : Tuning
    tokens : float
        Tokens to train on.
    failures, catalogue, costs, tariff, pue, figures
        As in `planning.training.whole_run`.
    gpus_count : int
        Accelerators; 0 for the fewest that fit.
    whole_nodes : bool
        Whether the fewest are whole nodes.

    Returns
    -------
    FinetuneRun

    Raises
    ------
    InfeasibleError
        If nothing fits; says what is short.
    """
    if gpus_count:
        held = replace(job, gpus_count=gpus_count)
        layout, why = fastest_layout(held, tuning)
        if layout is None:
            where = f"{gpus_count:,} {job.accelerator.name}"
            message = f"{job.model.name} cannot be fine-tuned ({tuning.method}) on {where}: {why}"
            raise InfeasibleError(message + _leaner(held, tuning))
        found = finetune_estimate(held, tuning, layout)
    else:
        found = smallest_hardware(job, tuning, whole_nodes=whole_nodes)
    if tuning.optimizer_bits != found.step.layout.optimizer_bits:  # the search lays out, the moments are the tuning's
        bits: OptimizerBits = 8 if tuning.optimizer_bits == LEAN_BITS else 32
        found = finetune_estimate(found.job, tuning, replace(found.step.layout, optimizer_bits=bits))
    run = whole_run(
        found.job,
        SearchResult(found.step, (), searched=1, feasible=1, search_s=0.0),
        tokens,
        failures,
        catalogue,
        costs=costs,
        tariff=tariff,
        pue=pue,
        figures=figures,
    )
    return FinetuneRun(found, run, catalogue.accelerators[job.accelerator.name].price_usd is not None)


def _leaner(job: TrainingJob, tuning: Tuning) -> str:
    """Return what to say where the same job fits with Adam's moments in fewer bits; empty where it does not."""
    if tuning.optimizer_bits == LEAN_BITS or fastest_layout(job, replace(tuning, optimizer_bits=LEAN_BITS))[0] is None:
        return ""
    return f"; with Adam's moments in {LEAN_BITS} bits it fits: --optimizer-bits {LEAN_BITS}"


def finetune(
    catalogue: Catalogue,
    model: str,
    accelerator: str | None = None,
    *,
    method: str = "lora",
    rank: int = 16,
    targets: str = "all",
    optimizer_bits: int = 32,
    tokens: float = 1e9,
    sequence: int = 4096,
    batch_tokens: float | None = None,
    document: int | None = None,
    gpus: int | None = None,
    precision: str = "bf16",
    software_date: float | None = None,
    reliability: str = DEFAULT_RELIABILITY,
    tariff: str = DEFAULT_TARIFF,
    pue: float = DEFAULT_PUE,
) -> FinetuneAnswer:
    """Find the smallest hardware that fine-tunes a model, how long it takes and what it costs.

    Parameters
    ----------
    catalogue : Catalogue
    model : str
        Catalogue id, or the path of a Hugging Face `config.json`.
    accelerator : str, optional
        Catalogue id, or the path of a YAML file of the catalogue's shape; where not given, all that `ownable` returns
        are compared.
    method : str
        full, lora or qlora.
    rank, targets : int, str
        Of the adapters; targets are query-value, attention, mlp or all.
    optimizer_bits : int
        32 or 8.
    tokens : float
        Tokens to train on, all epochs together.
    sequence : int
        Tokens per sequence.
    batch_tokens : float, optional
        Tokens per step; `BATCH_SEQUENCES` sequences where not given.
    document : int, optional
        Mean tokens of an example, where short ones are packed into a sequence.
    gpus : int, optional
        Accelerators; the fewest that fit where not given.
    precision : str
        Of the products, as for `train`.
    software_date : float, optional
        Year of the software; `usual_software_date` of each accelerator where not given.
    reliability, tariff : str
        Catalogue ids.
    pue : float
        Facility over IT energy.

    Returns
    -------
    FinetuneAnswer

    Raises
    ------
    CatalogueError, InputError
        If an id or a number is wrong.
    InfeasibleError
        If no accelerator can; says what is short.
    """
    catalogue, model = bring(catalogue, "models", model)
    if accelerator is not None:
        catalogue, accelerator = bring(catalogue, "accelerators", accelerator)
    figures = Figures()
    tuning = read_tuning(method, rank, targets, optimizer_bits)

    def option(name: str, count: int) -> FinetuneRun:
        job = training_job(
            catalogue,
            model,
            name,
            1,
            sequence_tokens=sequence,
            batch_tokens=batch_tokens or BATCH_SEQUENCES * sequence,
            precision=precision,
            software_date=software_date or usual_software_date(catalogue.accelerators[name].available_from),
        )
        own = Figures()
        found = finetune_run(
            replace(job, model=packed(job.model, document)) if document is not None else job,
            tuning,
            tokens,
            failure_model(catalogue.reliability[reliability], own),
            catalogue,
            costs=catalogue.costs[DEFAULT_COSTS],
            tariff=catalogue.tariffs[tariff],
            pue=pue,
            figures=own,
            gpus_count=count,
        )
        figures.used.update(own.used)
        return found

    options: list[FinetuneRun] = []
    refused: list[tuple[str, str]] = []
    if accelerator:
        options.append(option(accelerator, gpus or 0))
        smallest = options[0].estimate.job
        counts = accelerator_counts(smallest.accelerator.accelerators_per_node)
        larger = [] if gpus else [count for count in counts if count > smallest.gpus_count][:LARGER_COUNTS]
    else:
        larger = []
        for name in ownable(catalogue):
            try:
                options.append(option(name, gpus or 0))
            except InfeasibleError as error:
                refused.append((name, str(error)))
        options.sort(key=lambda found: (found.run.cost_usd, found.estimate.job.accelerator.name))
    for count in larger:
        with contextlib.suppress(InfeasibleError):  # a batch may not split over more
            options.append(option(smallest.accelerator.name, count))
    if not options:
        raise InfeasibleError("\n".join(reason for _, reason in refused))
    return FinetuneAnswer(tuning, tuple(options), tuple(refused), figures)


def finetune_record(answer: FinetuneAnswer) -> dict[str, Any]:
    """Return the answer JSON-ready, with the keys of `train`."""
    options = [_option_record(option) for option in answer.options]
    first = answer.options[0].estimate
    return {
        "method": answer.tuning.method,
        "rank": answer.tuning.rank,
        "targets": answer.tuning.targets,
        "optimizer_bits": answer.tuning.optimizer_bits,
        "trainable_parameters": first.trainable_parameters_count,
        "total_parameters": first.total_parameters_count,
        "trained_file_gib": first.trained_file_bytes / BYTES_PER_GIB,
        "best": options[0],
        "alternatives": options[1:],
        "infeasible": [{"accelerator": name, "reason": reason} for name, reason in answer.refused],
    }


def _option_record(option: FinetuneRun) -> dict[str, Any]:
    """Return one accelerator's answer."""
    found = option.estimate
    run = run_record(option.run)
    if not option.priced:
        run["cost_usd"] = run["usd_per_gpu_hour"] = None
    return {
        "accelerator": found.job.accelerator.name,
        "gpus": found.job.gpus_count,
        "nodes": found.nodes_count,
        **step_record(found.step),
        "run": run,
    }
