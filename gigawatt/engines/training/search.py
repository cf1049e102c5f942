"""Search over all layouts of a job: time and memory of each, the fastest, and the front of time against memory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.constants import CALIBRATION, Calibration
from gigawatt.engines.training import memory
from gigawatt.engines.training.columns import Column, JobColumns, LayoutColumns, job_columns
from gigawatt.engines.training.parallelism.shares import Shares
from gigawatt.engines.training.space import Asked, Value, candidates, layout_of, read_asked, schedules_of
from gigawatt.engines.training.step import LayerTerms, assemble, estimate, layer_terms
from gigawatt.engines.training.types import SearchResult, StepEstimate, TrainingJob
from gigawatt.units import BYTES_PER_GIB

RECOMPUTE_STEPS = 4.0  # makes the codes of recomputation whole numbers [-]
CHUNK_COUNT = 8192  # configurations scored at a time; columns of this length stay in a core's cache [-]
PARETO_COUNT = 10  # layouts of the front of time against memory that are returned [-]


def score(
    columns: JobColumns, layouts: LayoutColumns, calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Step time and peak memory of every layout; time is infinite where memory does not suffice.

    Parameters
    ----------
    columns : JobColumns
        One job.
    layouts : LayoutColumns
        N layouts.
    calibration : Calibration
        Constants.

    Returns
    -------
    tuple of array
        Step time, shape (N,) [s]; peak memory, shape (N,) [B].
    """
    count = layouts.tensor.size
    time_s, used_bytes = np.full(count, np.inf), np.empty(count)
    usable = memory.usable_bytes(columns)
    first, kind = _kinds(layouts)
    kinds = layouts.take(first)
    terms = layer_terms(columns, kinds, calibration)
    per_token = memory.activation_bytes_per_token(columns, kinds)
    for start in range(0, count, CHUNK_COUNT):
        rows = np.arange(start, min(start + CHUNK_COUNT, count))
        chunk = layouts.take(rows)
        parameters = memory.rank_parameters(columns, chunk)
        used_bytes[rows] = memory.assemble(columns, chunk, per_token[kind[rows]], parameters).total
        fits = np.flatnonzero(used_bytes[rows] <= usable)
        if fits.size:
            inside = rows[fits]
            held = Shares(*(_rows_of(part, fits) for part in parameters))
            own = LayerTerms(*(_rows_of(part, kind[inside]) for part in terms))
            time_s[inside] = assemble(columns, chunk.take(fits), own, held, calibration).total
    return time_s, used_bytes


def _rows_of(column: Column, rows: NDArray[np.intp]) -> Column:
    """Return rows of a column; one of length 1 stands for all rows."""
    return column[rows] if column.size > 1 else column


def _kinds(layouts: LayoutColumns) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group layouts whose layers take the same time: the first row of each group, and the group of each row."""
    key = np.zeros(layouts.tensor.size)
    for column in (
        layouts.tensor,
        layouts.context,
        layouts.expert,
        layouts.expert_tensor,
        layouts.micro_batch,
        layouts.context_exchange,
        layouts.schedule,
        layouts.sequence_parallel,
        layouts.tensor_overlap,
        layouts.recompute * RECOMPUTE_STEPS,
    ):
        if column.size > 1:
            key = key * (column.max() + 1.0) + column
    _, first, kind = np.unique(key, return_index=True, return_inverse=True)
    return first, kind


def _front(time_s: NDArray[np.float64], used_bytes: NDArray[np.float64]) -> list[int]:
    """Rows that no other row beats in both time and memory, fastest first, thinned to `PARETO_COUNT`."""
    rows = np.flatnonzero(np.isfinite(time_s))
    order = rows[np.lexsort((used_bytes[rows], time_s[rows]))]
    least = np.minimum.accumulate(used_bytes[order])
    first = np.ones(order.size, dtype=bool)
    first[1:] = used_bytes[order][1:] < least[:-1]
    front = order[first]
    picked = np.unique(np.linspace(0, front.size - 1, min(PARETO_COUNT, front.size)).astype(int))
    return [int(row) for row in front[picked]]


def _nothing(job: TrainingJob, columns: JobColumns, layouts: LayoutColumns, used_bytes: NDArray[np.float64]) -> str:
    """Why no layout fits: the binding constraint and by how much."""
    if not used_bytes.size:
        return (
            f"no layout divides {job.gpus_count} accelerators, a batch of {job.batch_sequences} sequences, "
            f"{job.model.layers} layers and {job.model.heads} heads within the fixed degrees"
        )
    row = int(np.argmin(used_bytes))
    room = float(memory.usable_bytes(columns)[0]) / BYTES_PER_GIB
    needed = float(used_bytes[row]) / BYTES_PER_GIB
    layout = layout_of(layouts, row, job)
    return (
        f"memory: the leanest of {used_bytes.size} layouts (tensor {layout.tensor_parallel}, pipeline "
        f"{layout.pipeline_parallel}, recompute {layout.recompute}, ZeRO {layout.zero_stage}) needs {needed:.1f} GiB "
        f"of {room:.1f} GiB usable, {needed - room:.1f} GiB short per accelerator"
    )


def search(
    job: TrainingJob,
    keep: int = 10,
    fixed: Mapping[str, Value] | None = None,
    calibration: Calibration = CALIBRATION,
    allow: Mapping[str, Sequence[Value]] | None = None,
) -> SearchResult:
    """Find the fastest layouts of a job.

    Parameters
    ----------
    job : TrainingJob
        What is trained, on what.
    keep : int
        Layouts to return, the best included.
    fixed : mapping of str to int or str, optional
        Fields of `Layout` that are given, for example ``{"tensor_parallel": 8, "recompute": "none"}``.
    calibration : Calibration
        Constants; the calibrated ones by default.
    allow : mapping of str to sequence, optional
        Fields of `Layout` with the values to try instead of the usual ones of `space`, for example
        ``{"schedule": ("1f1b", "zero-bubble", "dualpipe")}``. An `expert_tensor_parallel` of 0 is that of tensors.

    Returns
    -------
    SearchResult
        The best, then the next best by time, then the Pareto front of time against memory. `searched` counts layouts
        that the rules allow, `feasible` those that also fit memory. Each layout's time equals that of `estimate`.

    Raises
    ------
    InputError
        If `fixed` or `allow` names no field of a layout or has a wrong value.
    """
    started_s = time.perf_counter()
    asked: Asked = read_asked(fixed, allow)
    columns = job_columns([job], calibration)
    layouts = candidates(job, columns, calibration, asked)
    time_s, used_bytes = score(columns, layouts, calibration)

    def result(best: list[StepEstimate], feasible: int, reason: str = "") -> SearchResult:
        return SearchResult(
            best[0] if best else None,
            tuple(best[1:]),
            int(time_s.size),
            feasible,
            time.perf_counter() - started_s,
            reason,
            schedules_of(asked),
            tuple(int(stage) for stage in np.unique(layouts.zero_stage)),
        )

    feasible = int(np.isfinite(time_s).sum())
    if not feasible:
        return result([], 0, _nothing(job, columns, layouts, used_bytes))
    nearest_rows = np.argpartition(time_s, min(keep, time_s.size) - 1)[:keep]
    best_rows = [int(row) for row in nearest_rows[np.lexsort((used_bytes[nearest_rows], time_s[nearest_rows]))]]
    best_rows = [row for row in best_rows if np.isfinite(time_s[row])]
    rows = list(dict.fromkeys(best_rows + _front(time_s, used_bytes)))
    found = [estimate(job, layout_of(layouts, row, job), calibration) for row in rows]
    found_that_fit = [step for step in found if step.fits]
    return result(found_that_fit, feasible if found_that_fit else 0, "" if found_that_fit else found[0].reason)
