"""Alibaba: pods of the GPU-sharing cluster of 2023, instances of recommenders of 2025."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.traces.columns import Format, Reading, number, text, whole_or

# Instances without an end ran on when the trace of 2025 ended.
DLRM_SPAN_S = 31 * 86400


def _pods(columns: Sequence[str]) -> Reading:
    """Return the columns of 2023: a pod waits from creation to scheduling, and runs until deletion."""
    started = number("scheduled_time")
    return Reading(
        submit=number("creation_time"),
        duration=f"{number('deletion_time')} - {started}",
        gpus=number("num_gpu"),
        tenant=text("qos"),
        state="(case when lower(\"pod_phase\") = 'failed' then 1 else 0 end)",
        kind="(case when upper(\"qos\") = 'LS' then 4 else 0 end)",
        wait=f"{started} - {number('creation_time')}",
        fields={"submit": "creation_time", "duration": "deletion_time", "gpus": "num_gpu", "wait": "scheduled_time"},
        left_out={"pods without accelerators": "gpus = 0", "pods that never started": "wait is NULL"},
    )


def _dlrm(columns: Sequence[str]) -> Reading:
    """Return the columns of 2025: instances that hold a GPU (role HN); no start is before, no end after the trace."""
    created = whole_or(number("creation_time"), "0")
    started = whole_or(number("scheduled_time"), created)
    ended = whole_or(number("deletion_time"), str(DLRM_SPAN_S))
    return Reading(
        submit=created,
        duration=f"{ended} - {started}",
        gpus=number("gpu_request"),
        tenant=text("app_name"),
        kind="4",
        wait=f"{started} - {created}",
        fields={"submit": "creation_time", "duration": "deletion_time", "gpus": "gpu_request"},
        left_out={"instances without accelerators": "gpus = 0", "instances that never started": "duration < 0"},
    )


PODS = Format(
    name="alibaba-2023",
    about="Alibaba cluster-trace-gpu-v2023, pods",
    container="table",
    needs=("creation_time", "deletion_time", "scheduled_time", "num_gpu", "gpu_milli", "qos"),
    reading=_pods,
    notes=("a pod with part of a GPU counts as one: the simulator does not share a GPU",),
)
DLRM = Format(
    name="alibaba-2025",
    about="Alibaba cluster-trace-gpu-v2025, instances of recommenders",
    container="table",
    needs=("instance_sn", "role", "app_name", "gpu_request", "creation_time", "deletion_time"),
    reading=_dlrm,
    notes=("instances without a start were there before the trace, those without an end after its 31 days",),
)
