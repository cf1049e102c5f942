"""Whole training runs: accelerator-hours found against those published."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace

from gigawatt.catalogue.store import Catalogue, load
from gigawatt.engines.fleet import FailureModel, goodput
from gigawatt.engines.training import Layout, StepEstimate, TrainingJob, estimate, run, search
from gigawatt.engines.training.space import PYTORCH_STACKS
from gigawatt.errors import InfeasibleError
from gigawatt.planning.convert import accelerator, transformer
from gigawatt.validation.compare import Validation
from gigawatt.validation.published_rows import PUBLISHED, Prediction, Published, row_of, validation_of

MILLION = 1e6
# Of the job, where a source is silent: as in the reliability comparison, a restart of 5 min and a stall of 20 s. The
# rate of failures per node and day of each row is that of Meta's A100 and H100 fleets (arXiv:2410.21680, 2407.21783).
RESTART_S = 300.0
WRITE_S = 20.0
NODE_GPUS = 8
NODE_REPAIR_H = 24.0  # enters no figure here


def _layout(written: Mapping[str, str], gpus: int) -> Layout | None:
    """Return the layout that a source gives; None to search."""
    if not written["tensor"]:
        return None
    tensor, pipeline = int(written["tensor"]), int(written["pipeline"])
    return Layout(
        tensor,
        pipeline,
        gpus // (tensor * pipeline),
        expert_parallel=int(written["expert"] or 1),
        micro_batch=int(written["micro_batch"]),
        virtual_stages=int(written["virtual"]),
        recompute=written["recompute"],  # type: ignore[arg-type]  # our own table
        schedule=written["schedule"] or "1f1b",  # type: ignore[arg-type]
        tensor_overlap=written["stack"] not in PYTORCH_STACKS,
    )


def _job(written: Mapping[str, str], catalogue: Catalogue) -> TrainingJob:
    """Return the job of a row."""
    return TrainingJob(
        transformer(catalogue.models[written["model"]]),
        accelerator(catalogue.accelerators[written["accelerator"]], catalogue),
        int(written["gpus"]),
        int(written["sequence"]),
        int(written["batch_sequences"]),
        written["precision"],  # type: ignore[arg-type]  # our own table
        float(written["software_date"]),
        written["stack"],
    )


def _step(written: Mapping[str, str], job: TrainingJob) -> StepEstimate:
    """Return the step on the published layout, else on the best one."""
    layout = _layout(written, job.gpus_count)
    best = estimate(job, layout) if layout else search(job).best
    if best is None:
        message = f"{written['id']}: no layout fits"
        raise InfeasibleError(message)
    return best


def _prediction(written: Mapping[str, str], catalogue: Catalogue) -> Prediction:
    """Predict one published figure of a run, with the range of the step time."""
    job = _job(written, catalogue)
    step = _step(written, job)
    low, high = step.low_s / step.step_time_s, step.high_s / step.step_time_s
    if written["quantity"] == "tflops_per_gpu":
        return Prediction(step.model_tflops_per_gpu, step.model_tflops_per_gpu / high, step.model_tflops_per_gpu / low)
    failures = FailureModel(float(written["node_failures_per_day"]), NODE_GPUS, 0.0, RESTART_S, WRITE_S, NODE_REPAIR_H)
    kept = goodput(failures, job.gpus_count).ettr_frac
    early_t = float(written["early_tokens_t"] or 0.0)
    hours = run(job, step, (float(written["tokens_t"]) - early_t) * MILLION * MILLION).gpu_hours_h
    if early_t:
        small = replace(job, batch_sequences=int(written["early_batch_sequences"]))
        hours += run(small, _step(written, small), early_t * MILLION * MILLION).gpu_hours_h
    hours /= kept * MILLION
    return Prediction(hours, hours * low, hours * high)


def validate_training_runs(catalogue: Catalogue | None = None) -> Validation:
    """Compare accelerator-hours of whole runs with published ones: step time over kept time.

    Parameters
    ----------
    catalogue : Catalogue, optional
        By default the one that ships.

    Returns
    -------
    Validation
        Groups dense and moe; rows whose job rests on assumptions are flagged.

    Examples
    --------
    >>> validate_training_runs().summary_with_flagged.n > 10
    True
    """
    catalogue = catalogue or load()
    with (PUBLISHED / "training_runs.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    rows = []
    for written in table:
        fields = {name: written[name] for name in Published.__dataclass_fields__}
        figure = Published(**{**fields, "value": float(fields["value"])})  # type: ignore[arg-type]
        rows.append(row_of(figure, _prediction(written, catalogue)))
    return validation_of(rows)
