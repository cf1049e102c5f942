"""Mooncake: an hour of Kimi's requests with the prefix blocks of their prompts."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.requests.columns import Format, Reading
from gigawatt.planning.traces.columns import number, text

FIELDS = {"arrival": "timestamp", "input": "input_length", "output": "output_length", "blocks": "hash_ids"}
BLOCK_TOKENS = 512  # of a prefix block, as the trace's publisher states [-]
MS_PER_S = 1000


def _reading(columns: Sequence[str]) -> Reading:
    """Return the columns; times are milliseconds."""
    return Reading(
        arrival=f"{number(FIELDS['arrival'])} / {MS_PER_S}",
        input=number(FIELDS["input"]),
        output=number(FIELDS["output"]),
        blocks=f"try_cast({text(FIELDS['blocks'])} as bigint[])",
        fields=FIELDS,
    )


MOONCAKE = Format(
    name="mooncake",
    about="Mooncake traces with hashes of prefix blocks",
    needs=tuple(FIELDS.values()),
    reading=_reading,
    ordered=True,
    block_tokens=BLOCK_TOKENS,
)
