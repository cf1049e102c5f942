"""Read tables of published training steps, and what the published rows leave out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from gigawatt.errors import InputError

PUBLISHED = Path(__file__).parent / "published"
FILL = PUBLISHED / "training_fill.csv"
REQUIRED = (
    *("id", "system", "n_gpus", "model", "arch", "seq_len", "global_batch_seqs", "tp", "pp", "dp", "cp"),
    *("precision", "step_time_s", "tflops_per_gpu", "mfu", "tokens_per_s_per_gpu"),
)
NUMBERS = (
    *("n_gpus", "inter_node_gbps_per_gpu", "nvlink_domain", "layers", "hidden", "ffn_hidden", "heads", "kv_heads"),
    *("vocab", "n_experts", "top_k", "expert_ffn_hidden", "shared_experts", "seq_len", "global_batch_seqs"),
    *("micro_batch", "tp", "pp", "vpp", "dp", "cp", "ep"),
    *("step_time_s", "tflops_per_gpu", "mfu", "tokens_per_s_per_gpu"),
)
CONTAINER = re.compile(r"container (\d\d)\.(\d\d)")
SHARD_GROUP = re.compile(r"FSDP(?: sharding group |=)(\d+)")
LARGEST = 1e12  # no column holds more
MIDDLE_OF_MONTH = 0.5
MONTHS = 12.0
CENTURY = 2000.0
WORDS = ("stack", "schedule", "recompute", "selective_means")  # fields of the fill table that are not numbers


def read_table(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells of a CSV; raise InputError with file, line and field where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {error}"
        raise InputError(message) from error
    reader = csv.DictReader(text.splitlines(keepends=True), restkey="")
    try:
        missing = [name for name in required if name not in (reader.fieldnames or ())]
        if missing:
            message = f"{path}:1: columns are missing: {', '.join(missing)}"
            raise InputError(message)
        for row in reader:
            if "" in row:
                message = f"{path}:{reader.line_num}: more cells than columns; quote a cell that holds a comma"
                raise InputError(message)
            yield reader.line_num, {name: (cell or "").strip() for name, cell in row.items()}
    except csv.Error as error:
        message = f"{path}:{reader.line_num}: {error}"
        raise InputError(message) from error


def read_numbers(path: Path, line: int, row: Mapping[str, str]) -> dict[str, float]:
    """Read the numeric cells that are not blank; raise InputError with file, line and field where one is no number."""
    found = {}
    for name in NUMBERS:
        cell = row.get(name, "")
        if not cell:
            continue
        try:
            value = float(cell)
        except ValueError as error:
            message = f'{path}:{line}: {name}: "{cell}" is not a number'
            raise InputError(message) from error
        if not 0.0 <= value <= LARGEST:
            message = f"{path}:{line}: {name}: {cell} is not a number from 0 to {LARGEST:g}"
            raise InputError(message)
        found[name] = value
    return found


@cache
def _fills() -> tuple[tuple[str, str, str, str], ...]:
    """Read what published rows leave out: where, which text, field, value."""
    found = []
    for _, row in read_table(FILL, ("match", "field", "value", "reason")):
        where, _, text = row["match"].partition("=")
        found.append((where, text, row["field"], row["value"]))
    return tuple(found)


def filled_fields(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that the fill table gives a row; later lines win."""
    values: dict[str, Any] = {}
    for where, text, field, value in _fills():
        cell = row.get(where, "")
        if cell.startswith(text) if where == "id" else text in cell:
            values[field] = value if field in WORDS else float(value)
    container = CONTAINER.search(row.get("notes", ""))
    if container:
        month = (float(container[2]) - MIDDLE_OF_MONTH) / MONTHS
        values["software_date"] = CENTURY + float(container[1]) + month
    group = SHARD_GROUP.search(row.get("notes", ""))
    if group:
        values["shard_group"] = float(group[1])
    return values
