"""A table of requests with columns of any names: told by the usual ones, or by a map that the user gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigawatt.planning.requests.columns import Format, Reading
from gigawatt.planning.traces.columns import moment, number, text
from gigawatt.planning.traces.generic import joined
from gigawatt.planning.traces.source import Source, refuse

# What each part of a request is called elsewhere, most likely first; compared without case, blanks and underscores.
USUAL: dict[str, tuple[str, ...]] = {
    "arrival": ("arrival_s", "arrival", "arrived_at", "arrival_time", "timestamp", "time", "ts", "start_time"),
    "arrival_ms": ("arrival_ms", "timestamp_ms", "time_ms"),
    "input": (
        *("input_tokens", "input_length", "input_len", "prompt_tokens", "prompt_length", "num_prefill_tokens"),
        *("context_tokens", "request_tokens", "input", "prompt_len"),
    ),
    "output": (
        *("output_tokens", "output_length", "output_len", "completion_tokens", "generated_tokens", "response_tokens"),
        *("num_decode_tokens", "output", "decode_tokens"),
    ),
    "blocks": ("hash_ids", "block_ids", "block_hashes", "prefix_blocks"),
}
MS_PER_S = 1000
TABLE = "table"  # a table with columns of its own


def mapped(source: Source, given: Mapping[str, str]) -> dict[str, str]:
    """Return the map of a file's columns, the user's own put before what their names tell.

    Raises
    ------
    InputError
        If a part or column is unknown, or one is missing.
    """
    parts = joined(source, given, USUAL, "a request")
    if "arrival" in given:
        parts.pop("arrival_ms", None)
    elif "arrival_ms" in parts:
        parts.pop("arrival", None)
    lacking = [part for part in ("input", "output") if part not in parts]
    if not {"arrival", "arrival_ms"} & set(parts):
        lacking.insert(0, "arrival")
    if lacking:
        shown = ", ".join(source.columns[:20]) + (", ..." if len(source.columns) > 20 else "")
        column = source.columns[0] if source.columns else "COLUMN"
        remedy = f"Say which column is which, for example --columns {lacking[0]}={column}; it has: {shown}."
        raise refuse(source.path, f"names no column of {' and '.join(lacking)} of its requests.", remedy=remedy)
    return parts


def format_of(parts: Mapping[str, str], block_tokens: int = 512) -> Format:
    """Return a format that reads these columns."""

    def reading(columns: Sequence[str]) -> Reading:
        in_ms = "arrival_ms" in parts
        return Reading(
            arrival=f"{number(parts['arrival_ms'])} / {MS_PER_S}" if in_ms else moment(parts["arrival"]),
            input=number(parts["input"]),
            output=number(parts["output"]),
            blocks=f"try_cast({text(parts['blocks'])} as bigint[])" if "blocks" in parts else "",
            fields={**parts, "arrival": parts["arrival_ms" if in_ms else "arrival"]},
        )

    named = ", ".join(f"{part} from {column}" for part, column in parts.items())
    return Format(TABLE, "a table with columns of its own", (), reading, True, block_tokens, (f"columns: {named}",))
