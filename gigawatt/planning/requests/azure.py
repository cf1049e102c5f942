"""Azure: an hour of code completion and conversation of 2023, a week of each of 2024, in the same columns."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.requests.columns import Format, Reading
from gigawatt.planning.traces.columns import moment, number

FIELDS = {"arrival": "TIMESTAMP", "input": "ContextTokens", "output": "GeneratedTokens"}


def _reading(columns: Sequence[str]) -> Reading:
    """Return the columns."""
    return Reading(
        arrival=moment(FIELDS["arrival"]),
        input=number(FIELDS["input"]),
        output=number(FIELDS["output"]),
        fields=FIELDS,
    )


AZURE = Format(
    name="azure",
    about="Azure LLM inference traces of 2023 and 2024",
    needs=tuple(FIELDS.values()),
    reading=_reading,
    ordered=True,
)
