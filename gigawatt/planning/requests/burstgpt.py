"""BurstGPT: months of requests to GPT-3.5 and GPT-4 from a university's users."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.requests.columns import Format, Reading
from gigawatt.planning.traces.columns import number

FIELDS = {"arrival": "Timestamp", "input": "Request tokens", "output": "Response tokens"}


def _reading(columns: Sequence[str]) -> Reading:
    """Return the columns; requests that failed have an answer of no tokens."""
    return Reading(
        arrival=number(FIELDS["arrival"]),
        input=number(FIELDS["input"]),
        output=number(FIELDS["output"]),
        fields=FIELDS,
        left_out={"requests that failed": f"{number(FIELDS['output'])} = 0"},
    )


BURSTGPT = Format(
    name="burstgpt",
    about="BurstGPT traces of requests to GPT-3.5 and GPT-4",
    needs=(*FIELDS.values(), "Log Type"),
    reading=_reading,
    ordered=True,
)
