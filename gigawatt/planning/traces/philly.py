"""Microsoft Philly, 2017: the cleaned list of jobs (submit_time, duration, num_gpus, vc)."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.traces.columns import Format, Reading, moment, number, text


def _reading(columns: Sequence[str]) -> Reading:
    """Return the columns; the list has neither end states nor waits."""
    return Reading(
        submit=moment("submit_time"),
        duration=number("duration"),
        gpus=number("num_gpus"),
        tenant=text("vc"),
        fields={"submit": "submit_time", "duration": "duration", "gpus": "num_gpus"},
        left_out={"jobs without accelerators": "gpus = 0"},
    )


PHILLY = Format(
    name="philly",
    about="Microsoft Philly, 2017, cleaned list of jobs",
    container="table",
    needs=("submit_time", "duration", "num_gpus", "vc"),
    reading=_reading,
    ordered=True,
    notes=("durations sum all attempts of a job; the list has neither end states nor waits",),
)
