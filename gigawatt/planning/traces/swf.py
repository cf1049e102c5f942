"""Standard workload format of the Parallel Workloads Archive: 18 numbers a line, -1 where one is missing."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.traces.columns import Format, Reading
from gigawatt.planning.traces.source import SWF_FIELDS_COUNT

# Places of the fields, from 1.
SUBMIT, WAIT, RUN, USED, ASKED, STATUS, USER, GROUP, QUEUE = 2, 3, 4, 5, 8, 11, 12, 13, 15
FAILED_STATUS, CANCELLED_STATUS = 0, 5


def _field(place: int) -> str:
    """Return a field as a number; -1 is missing."""
    return f"nullif(try_cast(list_extract(regexp_split_to_array(trim(line), '\\s+'), {place}) as double), -1)"


def _reading(columns: Sequence[str]) -> Reading:
    """Return the columns; processors stand for accelerators, groups for tenants."""
    fields_count = "len(regexp_split_to_array(trim(line), '\\s+'))"
    return Reading(
        submit=f"(case when {fields_count} = {SWF_FIELDS_COUNT} then {_field(SUBMIT)} end)",
        duration=_field(RUN),
        gpus=f"coalesce({_field(USED)}, {_field(ASKED)})",
        tenant=f"coalesce(cast(cast({_field(GROUP)} as bigint) as varchar), '')",
        state=f"(case {_field(STATUS)} when {FAILED_STATUS} then 1 when {CANCELLED_STATUS} then 2 else 0 end)",
        wait=_field(WAIT),
        fields={"submit": "field 2", "duration": "field 4", "gpus": "field 5", "wait": "field 3"},
        left_out={"comments": "line is NULL or trim(line) = '' or starts_with(trim(line), ';')"},
    )


SWF = Format(
    name="swf",
    about="standard workload format, 18 fields",
    container="lines",
    needs=("line",),
    reading=_reading,
    ordered=True,
    notes=("processors stand for accelerators, groups for tenants",),
)
