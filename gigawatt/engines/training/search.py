"""Search over all layouts of a job: every degree, micro-batch, recomputation and sharding that the rules allow."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.constants import CALIBRATION, Calibration
from gigawatt.engines.training import memory, rules
from gigawatt.engines.training.columns import (
    CONTEXT_EXCHANGE_CODES,
    OFFLOAD_CODES,
    OPTIMIZER_BITS,
    RECOMPUTE_CODES,
    SCHEDULE_CODES,
    Column,
    JobColumns,
    LayoutColumns,
    job_columns,
)
from gigawatt.engines.training.parallelism.shares import Shares
from gigawatt.engines.training.step import LayerTerms, assemble, estimate, layer_terms
from gigawatt.engines.training.types import Layout, SearchResult, TrainingJob
from gigawatt.errors import InputError, nearest
from gigawatt.units import BYTES_PER_GIB

RECOMPUTE_STEPS = 4.0  # makes the codes of recomputation whole numbers [-]
CHUNK_COUNT = 8192  # configurations scored at a time; columns of this length stay in a core's cache [-]
LARGEST_TENSOR = 64  # tensor parallelism beyond this, even in a larger domain, has no published run [-]
LARGEST_CONTEXT = 128
SHORTEST_PART_TOKENS = 1024  # tokens of a sequence per context-parallel rank below which nobody splits [-]
LARGEST_MICRO_BATCH = 16
LARGEST_EXPERT = 1024
# Columns that are never an axis: one value, which `fixed` changes.
SINGLE = (
    "sequence_parallel",
    "tensor_overlap",
    "shard_group",
    "schedule",
    "offload",
    "optimizer_bits",
    "context_exchange",
)
ZERO_STAGES = (1, 3)  # replicated optimizer state is never better, stage 2 only under a pipeline; `fixed` reaches them
PARETO_COUNT = 10  # layouts of the front of time against memory that are returned [-]

_CODES: dict[str, Mapping[str, float]] = {
    "recompute": RECOMPUTE_CODES,
    "schedule": SCHEDULE_CODES,
    "offload": OFFLOAD_CODES,
    "context_exchange": CONTEXT_EXCHANGE_CODES,
}
# field of Layout -> field of LayoutColumns
_COLUMN_OF = {
    "tensor_parallel": "tensor",
    "pipeline_parallel": "pipeline",
    "data_parallel": "data",
    "context_parallel": "context",
    "expert_parallel": "expert",
    "expert_tensor_parallel": "expert_tensor",
    "micro_batch": "micro_batch",
    "virtual_stages": "virtual_stages",
    "recompute": "recompute",
    "zero_stage": "zero_stage",
    "sequence_parallel": "sequence_parallel",
    "tensor_overlap": "tensor_overlap",
    "shard_group": "shard_group",
    "schedule": "schedule",
    "offload": "offload",
    "optimizer_bits": "optimizer_bits",
    "context_exchange": "context_exchange",
}


def _divisors(number: int, limit: int) -> list[int]:
    """Divisors of a number up to a limit."""
    return [divisor for divisor in range(1, min(number, limit) + 1) if number % divisor == 0]


def _powers(limit: int) -> list[int]:
    """Powers of two up to a limit."""
    return [1 << exponent for exponent in range(max(limit, 1).bit_length())]


def _read_fixed(fixed: Mapping[str, int | str]) -> dict[str, float]:
    """Turn the user's fixed fields into column values."""
    values: dict[str, float] = {}
    for name, value in fixed.items():
        if name not in _COLUMN_OF:
            message = f'fixed: "{name}" is not a field of a layout. {nearest(name, _COLUMN_OF)}'
            raise InputError(message)
        codes = _CODES.get(name)
        if codes is not None and value not in codes:
            message = f'fixed: {name} is one of {", ".join(codes)}, not "{value}"'
            raise InputError(message)
        if codes is None and (isinstance(value, str) or value < 0):
            message = f'fixed: {name} is a whole number, not "{value}"'
            raise InputError(message)
        if name == "optimizer_bits" and value not in OPTIMIZER_BITS:
            message = f'fixed: optimizer_bits is one of {", ".join(map(str, OPTIMIZER_BITS))}, not "{value}"'
            raise InputError(message)
        values[_COLUMN_OF[name]] = codes[str(value)] if codes is not None else float(value)
    return values


def _axes(job: TrainingJob, fixed: Mapping[str, float]) -> dict[str, list[float]]:
    """Values to try for each column but data, which follows from the others."""
    model, gpus = job.model, job.gpus_count
    domain = job.accelerator.scale_up_domain_count
    parts = max(job.sequence_tokens // SHORTEST_PART_TOKENS, 1)
    axes: dict[str, list[int]] = {
        "tensor": [t for t in _divisors(gpus, min(domain, LARGEST_TENSOR)) if model.heads % t == 0],
        "pipeline": _divisors(gpus, model.layers),
        "context": [c for c in _powers(min(parts, LARGEST_CONTEXT)) if gpus % c == 0],
        "expert": _divisors(model.experts, LARGEST_EXPERT) if model.experts else [1],
        "micro_batch": _powers(min(LARGEST_MICRO_BATCH, job.batch_sequences)),
        "virtual_stages": list(range(1, model.layers + 1)),
        "recompute": [int(RECOMPUTE_CODES[name]) for name in ("none", "selective", "full")],
        "zero_stage": list(ZERO_STAGES),
        "sequence_parallel": [1],
        "tensor_overlap": [1],
        "shard_group": [0],
        "schedule": [0],
        "offload": [0],
        "optimizer_bits": [32],
        "context_exchange": [0],
        "expert_tensor": [1],
    }
    return {name: [fixed[name]] if name in fixed else [float(v) for v in axis] for name, axis in axes.items()}


def _product(*axes: list[float]) -> list[NDArray[np.float64]]:
    """Columns of the Cartesian product."""
    return [grid.ravel() for grid in np.meshgrid(*(np.array(axis) for axis in axes), indexing="ij")]


def _join(left: list[Column], right: list[Column]) -> list[Column]:
    """Every row of `left` with every row of `right`."""
    many, few = left[0].size, right[0].size
    return [np.repeat(column, few) for column in left] + [np.tile(column, many) for column in right]


def _keep(columns: list[Column], holds: NDArray[np.bool_]) -> list[Column]:
    """Keep the rows where a condition holds."""
    return [column[holds] for column in columns]


def candidates(job: TrainingJob, columns: JobColumns, fixed: Mapping[str, float]) -> LayoutColumns:
    """Return every layout that the rules allow, as columns.

    Besides the rules of `rules.RULES`: tensor parallelism stays in a scale-up domain; an interleaved pipeline has a
    chunk of the same number of layers everywhere and whole rounds of micro-batches; parameters are fully sharded only
    without a pipeline.
    """
    axes = _axes(job, fixed)
    grid = _product(axes["tensor"], axes["pipeline"], axes["context"])
    tensor, pipe, context = grid
    data = columns.gpus / (tensor * pipe * context)
    holds = (data >= 1.0) & (np.fmod(columns.gpus, tensor * pipe * context) == 0.0)
    if "data" in fixed:
        holds &= data == fixed["data"]
    grid = _keep([*grid, data], holds)
    grid = _join(grid, _product(axes["micro_batch"]))
    grid = _keep(grid, np.fmod(columns.batch_sequences, grid[3] * grid[4]) == 0.0)
    grid = _join(grid, _product(axes["virtual_stages"]))
    pipe, virtual = grid[1], grid[5]
    rounds = np.fmod(columns.batch_sequences / (grid[3] * grid[4]), pipe) == 0.0
    layers = float(job.model.layers)
    even = (np.fmod(layers, pipe * virtual) == 0.0) | (np.fmod(layers + 2.0, pipe * virtual) == 0.0)
    if "virtual_stages" in fixed:
        even[:] = True
    grid = _keep(grid, (virtual == 1.0) | ((pipe > 1.0) & (pipe * virtual <= layers + 2.0) & rounds & even))
    tail = _product(axes["expert"], axes["expert_tensor"], axes["recompute"], axes["zero_stage"])
    grid = _join(grid, tail)
    expert, expert_tensor, zero = grid[6], grid[7], grid[9]
    fits = np.fmod(grid[0] * grid[2] * grid[3], expert * expert_tensor) == 0.0
    fits &= (zero <= 2.0) | (grid[1] == 1.0) | ("zero_stage" in fixed)
    grid = _keep(grid, fits)
    tensor, pipe, context, data, micro, virtual, expert, expert_tensor, recompute, zero = grid
    rest = {name: np.array(axes[name]) for name in SINGLE}
    layouts = LayoutColumns(
        tensor=tensor,
        pipeline=pipe,
        data=data,
        context=context,
        expert=expert,
        expert_tensor=expert_tensor,
        micro_batch=micro,
        virtual_stages=virtual,
        recompute=recompute,
        zero_stage=zero,
        **rest,
    )
    return layouts.take(np.flatnonzero(rules.mask(columns, layouts))) if tensor.size else layouts


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
        layouts.recompute * RECOMPUTE_STEPS,
    ):
        if column.size > 1:
            key = key * (column.max() + 1.0) + column
    _, first, kind = np.unique(key, return_index=True, return_inverse=True)
    return first, kind


def _layout(layouts: LayoutColumns, row: int, job: TrainingJob) -> Layout:
    """One row as a `Layout`."""
    written: dict[str, object] = {"precision": job.precision}
    for name, column_name in _COLUMN_OF.items():
        column = getattr(layouts, column_name)
        value = float(column[row if column.size > 1 else 0])
        codes = _CODES.get(name)
        if codes is not None:
            written[name] = next(word for word, code in codes.items() if code == value)
        else:
            written[name] = bool(value) if name in ("sequence_parallel", "tensor_overlap") else int(value)
    return Layout(**written)  # type: ignore[arg-type]


def _front(time_s: NDArray[np.float64], used_bytes: NDArray[np.float64]) -> list[int]:
    """Rows that no other row beats in both time and memory, fastest first, thinned to `PARETO_COUNT`."""
    order = np.lexsort((used_bytes, time_s))
    order = order[np.isfinite(time_s[order])]
    least = np.minimum.accumulate(used_bytes[order])
    first = np.ones(order.size, dtype=bool)
    first[1:] = used_bytes[order][1:] < least[:-1]
    front = order[first]
    picked = np.unique(np.linspace(0, front.size - 1, min(PARETO_COUNT, front.size)).astype(int))
    return [int(row) for row in front[picked]]


def _nothing(
    job: TrainingJob, columns: JobColumns, layouts: LayoutColumns, used_bytes: NDArray[np.float64], started_s: float
) -> SearchResult:
    """Return the result when no layout fits: the binding constraint and by how much."""
    if not used_bytes.size:
        reason = (
            f"no layout divides {job.gpus_count} accelerators, a batch of {job.batch_sequences} sequences, "
            f"{job.model.layers} layers and {job.model.heads} heads within the fixed degrees"
        )
        return SearchResult(None, (), 0, 0, time.perf_counter() - started_s, reason)
    row = int(np.argmin(used_bytes))
    room = float(memory.usable_bytes(columns)[0]) / BYTES_PER_GIB
    needed = float(used_bytes[row]) / BYTES_PER_GIB
    layout = _layout(layouts, row, job)
    reason = (
        f"memory: the leanest of {used_bytes.size} layouts (tensor {layout.tensor_parallel}, pipeline "
        f"{layout.pipeline_parallel}, recompute {layout.recompute}, ZeRO {layout.zero_stage}) needs {needed:.1f} GiB "
        f"of {room:.1f} GiB usable, {needed - room:.1f} GiB short per accelerator"
    )
    return SearchResult(None, (), int(used_bytes.size), 0, time.perf_counter() - started_s, reason)


def search(
    job: TrainingJob,
    keep: int = 10,
    fixed: Mapping[str, int | str] | None = None,
    calibration: Calibration = CALIBRATION,
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

    Returns
    -------
    SearchResult
        The best, then the next best by time, then the Pareto front of time against memory. `searched` counts layouts
        that the rules allow, `feasible` those that also fit memory. Each layout's time equals that of `estimate`.

    Raises
    ------
    InputError
        If `fixed` names no field of a layout or has a wrong value.
    """
    started_s = time.perf_counter()
    columns = job_columns([job], calibration)
    layouts = candidates(job, columns, _read_fixed(fixed or {}))
    time_s, used_bytes = score(columns, layouts, calibration)
    feasible = int(np.isfinite(time_s).sum())
    if not feasible:
        return _nothing(job, columns, layouts, used_bytes, started_s)
    nearest_rows = np.argpartition(time_s, min(keep, time_s.size) - 1)[:keep]
    best_rows = [int(row) for row in nearest_rows[np.lexsort((used_bytes[nearest_rows], time_s[nearest_rows]))]]
    best_rows = [row for row in best_rows if np.isfinite(time_s[row])]
    rows = list(dict.fromkeys(best_rows + _front(time_s, used_bytes)))
    found = [estimate(job, _layout(layouts, row, job), calibration) for row in rows]
    found_that_fit = [step for step in found if step.fits]
    if not found_that_fit:
        return SearchResult(None, (), int(time_s.size), 0, time.perf_counter() - started_s, found[0].reason)
    return SearchResult(
        found_that_fit[0],
        tuple(found_that_fit[1:]),
        int(time_s.size),
        feasible,
        time.perf_counter() - started_s,
    )
