"""The layouts that a search tries: axes, and what of their product is left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.constants import TENSOR_OVERLAP_FROM, Calibration
from gigawatt.engines.training import rules
from gigawatt.engines.training.columns import (
    CONTEXT_EXCHANGE_CODES,
    OFFLOAD_CODES,
    OPTIMIZER_BITS,
    RECOMPUTE_CODES,
    SCHEDULE_CODES,
    Column,
    JobColumns,
    LayoutColumns,
)
from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError, nearest

LARGEST_TENSOR = 64  # tensor parallelism beyond this, even in a larger domain, has no published run [-]
LARGEST_CONTEXT = 128
SHORTEST_PART_TOKENS = 1024  # tokens of a sequence per context-parallel rank below which nobody splits [-]
LARGEST_MICRO_BATCH = 16
LARGEST_EXPERT = 1024

# Tried unless asked otherwise. Plain and interleaved 1F1B is what every tool runs, and the only schedule that rows of
# several systems calibrate: DualPipe rests on one model's report, zero-bubble on its paper's formula alone.
SCHEDULES = ("1f1b",)
# Ring and all-gather are both options of Megatron-Core and torchtitan.
CONTEXT_EXCHANGES = ("ring", "all-gather")
ZERO_STAGES = (0, 1, 2, 3)
RECOMPUTES = ("none", "selective", "full")
# PyTorch's own software repeats every second product, shards parameters under a pipeline, always splits sequences with
# tensors, and hides no tensor-parallel collectives unless asked to: torchtitan's enable_async_tensor_parallel is off.
PYTORCH_STACKS = ("fsdp", "eager")
# Columns that are never an axis unless `allow` makes them one: optimizers in 8 bits train otherwise, offloading needs
# hosts to match, overlap is as the software has it, and groups that shard trade memory alone on one step's traffic.
SINGLE = ("tensor_overlap", "shard_group", "offload", "optimizer_bits")

AS_TENSOR = 0  # asked as expert-tensor degree: that of tensor parallelism, whatever it is [-]

_CODES: dict[str, Mapping[str, float]] = {
    "recompute": RECOMPUTE_CODES,
    "schedule": SCHEDULE_CODES,
    "offload": OFFLOAD_CODES,
    "context_exchange": CONTEXT_EXCHANGE_CODES,
}
# field of Layout -> field of LayoutColumns
_COLUMN_OF = {
    name: name.removesuffix("_parallel") if name != "sequence_parallel" else name
    for name in Layout.__dataclass_fields__
    if name != "precision"
}

Value = int | str


def _divisors(number: int, limit: int) -> list[int]:
    """Divisors of a number up to a limit."""
    return [divisor for divisor in range(1, min(number, limit) + 1) if number % divisor == 0]


def _powers(limit: int) -> list[int]:
    """Powers of two up to a limit."""
    return [1 << exponent for exponent in range(max(limit, 1).bit_length())]


def _code(name: str, value: Value, asked: str) -> float:
    """Turn the user's value of a field into that of a column."""
    if name not in _COLUMN_OF:
        message = f'{asked}: "{name}" is not a field of a layout. {nearest(name, _COLUMN_OF)}'
        raise InputError(message)
    codes = _CODES.get(name)
    if codes is not None and value not in codes:
        message = f'{asked}: {name} is one of {", ".join(codes)}, not "{value}"'
        raise InputError(message)
    if codes is None and (isinstance(value, str) or value < 0):
        message = f'{asked}: {name} is a whole number, not "{value}"'
        raise InputError(message)
    if name == "optimizer_bits" and value not in OPTIMIZER_BITS:
        message = f'{asked}: optimizer_bits is one of {", ".join(map(str, OPTIMIZER_BITS))}, not "{value}"'
        raise InputError(message)
    return codes[str(value)] if codes is not None else float(value)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller wants tried: values by column."""

    columns: Mapping[str, list[float]] = field(default_factory=dict)

    def __contains__(self, column: str) -> bool:
        return column in self.columns


def read_asked(fixed: Mapping[str, Value] | None = None, allow: Mapping[str, Sequence[Value]] | None = None) -> Asked:
    """Read what is given and what is allowed.

    Parameters
    ----------
    fixed : mapping, optional
        Fields of `Layout` with the one value to try.
    allow : mapping, optional
        Fields with the values to try instead of the usual ones.

    Returns
    -------
    Asked

    Raises
    ------
    InputError
        If a name is no field of a layout, or a value none of the field.
    """
    values: dict[str, list[float]] = {}
    for name, several in (allow or {}).items():
        if isinstance(several, str) or not isinstance(several, Iterable) or not several:
            message = f'allow: {name} is a list of values to try, not "{several}"'
            raise InputError(message)
        values[_COLUMN_OF.get(name, name)] = [_code(name, value, "allow") for value in several]
    values |= {_COLUMN_OF.get(name, name): [_code(name, value, "fixed")] for name, value in (fixed or {}).items()}
    return Asked(values)


def _axes(job: TrainingJob, columns: JobColumns, calibration: Calibration, asked: Asked) -> dict[str, list[float]]:
    """Values to try for each column but data, which follows from the others."""
    model, gpus = job.model, job.gpus_count
    tensor = min(job.accelerator.scale_up_domain_count, LARGEST_TENSOR)
    parts = max(job.sequence_tokens // SHORTEST_PART_TOKENS, 1)
    widths = _divisors(model.expert_ffn_hidden, tensor) if model.experts else [1]
    recomputes = RECOMPUTES + (("half",) if job.stack in PYTORCH_STACKS else ())
    axes: dict[str, Sequence[float]] = {
        "tensor": [t for t in _divisors(gpus, tensor) if model.heads % t == 0],
        "pipeline": _divisors(gpus, model.layers),
        "context": [c for c in _powers(min(parts, LARGEST_CONTEXT)) if gpus % c == 0],
        "expert": _divisors(model.experts, LARGEST_EXPERT) if model.experts else [1],
        "expert_tensor": widths,
        "micro_batch": _powers(min(LARGEST_MICRO_BATCH, job.batch_sequences)),
        "virtual_stages": list(range(1, model.layers + 1)),
        "recompute": [RECOMPUTE_CODES[name] for name in recomputes],
        "zero_stage": ZERO_STAGES,
        "schedule": [SCHEDULE_CODES[name] for name in SCHEDULES],
        "context_exchange": [CONTEXT_EXCHANGE_CODES[name] for name in CONTEXT_EXCHANGES],
        "sequence_parallel": [1.0] if _sequence_parallel_wins(job, columns, calibration, asked) else [1.0, 0.0],
        "tensor_overlap": [0.0 if job.stack in PYTORCH_STACKS else 1.0],
        "shard_group": [0.0],
        "offload": [0.0],
        "optimizer_bits": [float(max(OPTIMIZER_BITS))],
    }
    return {name: list(asked.columns.get(name, axis)) for name, axis in axes.items()}


def _sequence_parallel_wins(job: TrainingJob, columns: JobColumns, calibration: Calibration, asked: Asked) -> bool:
    """Whether tensor without sequence parallelism is never faster.

    It has half as many collectives, each an all-reduce of (2 - f) gathers where switches reduce to the degree f, and
    none hidden; with sequence parallelism a share h is hidden. So it loses where 2 (1 - h) <= 2 - f; it always holds
    more memory and moves more bytes in norms. Megatron-Core demands it for a mixture of experts, PyTorch always.
    """
    if job.model.experts or job.stack in PYTORCH_STACKS:
        return True
    overlaps = asked.columns.get("tensor_overlap", [1.0])
    can = job.software_date >= TENSOR_OVERLAP_FROM and min(overlaps) > 0
    hidden = calibration.tensor_overlap if can else 0.0
    return 2.0 * hidden >= float(columns.in_network_frac[0])


class _Grid:
    """Columns of a growing product, all of one length."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def cross(self, name: str, values: Sequence[float]) -> None:
        """Put every value beside every row."""
        axis = np.array(values, dtype=np.float64)
        size = next(iter(self.columns.values())).size if self.columns else 1
        self.columns = {known: np.repeat(column, axis.size) for known, column in self.columns.items()}
        self.columns[name] = np.tile(axis, size)

    def keep(self, holds: NDArray[np.bool_]) -> None:
        """Keep the rows where a condition holds."""
        self.columns = {name: column[holds] for name, column in self.columns.items()}


def candidates(
    job: TrainingJob, columns: JobColumns, calibration: Calibration, asked: Asked | None = None
) -> LayoutColumns:
    """Return every layout that the rules allow, as columns.

    Parameters
    ----------
    job : TrainingJob
        What is trained, on what; `columns` holds the same.
    columns : JobColumns
        One job.
    calibration : Calibration
        Constants.
    asked : Asked, optional
        What the caller wants tried.

    Returns
    -------
    LayoutColumns
        N layouts.

    Notes
    -----
    Besides the rules of `rules.RULES`: tensor parallelism stays in a scale-up domain, and experts are cut no finer
    than it; an interleaved pipeline has a chunk of the same number of layers everywhere and whole rounds of
    micro-batches; gradients or parameters are sharded under a pipeline only in PyTorch's software, unless asked.
    What cannot win is left out, see `_zero_stages` and `_axes`.
    """
    asked = asked or Asked()
    axes = _axes(job, columns, calibration, asked)
    grid = _Grid()
    for name in ("tensor", "pipeline", "context"):
        grid.cross(name, axes[name])
    split = grid["tensor"] * grid["pipeline"] * grid["context"]
    grid.columns["data"] = columns.gpus / split
    wanted = asked.columns.get("data")
    grid.keep((np.fmod(columns.gpus, split) == 0.0) & (np.isin(grid["data"], wanted) if wanted else True))
    grid.cross("micro_batch", axes["micro_batch"])
    grid.keep(np.fmod(columns.batch_sequences, grid["data"] * grid["micro_batch"]) == 0.0)
    _virtual_stages(grid, job, columns, axes["virtual_stages"], asked)
    grid.cross("schedule", axes["schedule"])
    # without a pipeline all schedules are one, and DualPipe only holds its weights twice
    lone = min(axes["schedule"])
    grid.keep((grid["pipeline"] > 1.0) | (grid["schedule"] == lone))
    grid.cross("context_exchange", axes["context_exchange"])
    # one rank exchanges nothing either way
    grid.keep((grid["context"] > 1.0) | (grid["context_exchange"] == axes["context_exchange"][0]))
    _experts(grid, job, axes, asked)
    _zero_stages(grid, job, columns, axes["zero_stage"], asked)
    grid.cross("recompute", axes["recompute"])
    grid.cross("sequence_parallel", axes["sequence_parallel"])
    # one rank has nothing to split
    grid.keep((grid["tensor"] > 1.0) | (grid["sequence_parallel"] == axes["sequence_parallel"][0]))
    for name in SINGLE:
        if len(axes[name]) > 1:
            grid.cross(name, axes[name])
    alone = {name: np.array(axes[name]) for name in SINGLE if len(axes[name]) == 1}  # one value stands for all rows
    layouts = LayoutColumns(**grid.columns, **alone)
    return layouts.take(np.flatnonzero(rules.mask(columns, layouts))) if layouts.tensor.size else layouts


def _experts(grid: _Grid, job: TrainingJob, axes: Mapping[str, Sequence[float]], asked: Asked) -> None:
    """Put in the ranks that experts are spread over and, unless asked otherwise, cut no finer than tensors are."""
    for name in ("expert", "expert_tensor"):
        grid.cross(name, axes[name])
    same = grid["expert_tensor"] == AS_TENSOR
    if np.any(same):
        # one rank, or no experts to cut: the degree of 1 says the same
        grid.keep(~same | ((grid["tensor"] > 1.0) & (job.model.experts > 0)) | (1.0 not in axes["expert_tensor"]))
        width = grid["expert_tensor"]
        grid.columns["expert_tensor"] = np.where(width == AS_TENSOR, grid["tensor"], width)
    parts = grid["expert"] * grid["expert_tensor"]
    fits = np.fmod(grid["tensor"] * grid["context"] * grid["data"], parts) == 0.0
    grid.keep(fits if "expert_tensor" in asked else fits & (np.fmod(grid["tensor"], grid["expert_tensor"]) == 0.0))


def _virtual_stages(grid: _Grid, job: TrainingJob, columns: JobColumns, values: Sequence[float], asked: Asked) -> None:
    """Put in the chunks of a stage: even, in whole rounds of micro-batches, and none without a pipeline."""
    grid.cross("virtual_stages", values)
    pipe, virtual = grid["pipeline"], grid["virtual_stages"]
    rounds = np.fmod(columns.batch_sequences / (grid["data"] * grid["micro_batch"]), pipe) == 0.0
    layers = float(job.model.layers)
    even = (np.fmod(layers, pipe * virtual) == 0.0) | (np.fmod(layers + 2.0, pipe * virtual) == 0.0)
    if "virtual_stages" in asked:
        even[:] = True
    grid.keep((virtual == 1.0) | ((pipe > 1.0) & (pipe * virtual <= layers + 2.0) & rounds & even))


def _zero_stages(grid: _Grid, job: TrainingJob, columns: JobColumns, values: Sequence[float], asked: Asked) -> None:
    """Put in the stages of ZeRO that can win.

    Stage 0 updates all parameters on every rank, and its all-reduce takes no less than a scatter and a gather unless
    switches reduce: elsewhere stage 1 is never slower nor larger. Where nothing is shared, all stages are one. Under a
    pipeline stage 2 works as stage 1.
    """
    grid.cross("zero_stage", values)
    if "zero_stage" in asked:
        return
    zero = grid["zero_stage"]
    switches = columns.in_network_frac + columns.in_network_out_frac > 0.0
    ranks = grid["context"] * grid["data"]
    shared = np.maximum(ranks, grid["tensor"] * ranks / (grid["expert"] * grid["expert_tensor"]))
    staged = (zero > 2.0) & (job.stack in PYTORCH_STACKS)
    holds = (zero == 1.0) | ((shared > 1.0) & ((zero > 0.0) | switches))
    grid.keep(holds & ((zero <= 1.0) | (grid["pipeline"] == 1.0) | staged))


def layout_of(layouts: LayoutColumns, row: int, job: TrainingJob) -> Layout:
    """Return one row as a `Layout`."""
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


def schedules_of(asked: Asked) -> tuple[str, ...]:
    """Names of the schedules that are tried."""
    tried = asked.columns.get("schedule", [SCHEDULE_CODES[name] for name in SCHEDULES])
    return tuple(name for name, code in SCHEDULE_CODES.items() if code in tried)
