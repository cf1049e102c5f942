"""Helios (SenseTime, 2020) and Acme (Shanghai AI Laboratory, 2023): logs of Slurm and of Kubernetes as published."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.traces.columns import Format, Reading, end_of, kind_of, moment, number, text, whole_or

_FIELDS = {"submit": "submit_time", "duration": "duration", "gpus": "gpu_num", "wait": "queue"}
_NO_GPUS = {"jobs without accelerators": "gpus = 0"}


def _helios(columns: Sequence[str]) -> Reading:
    """Return the columns of Helios; a name of the job, where there is one, tells its kind."""
    return Reading(
        submit=moment("submit_time"),
        duration=number("duration"),
        gpus=number("gpu_num"),
        tenant=text("vc"),
        state=end_of("state"),
        kind=kind_of("jobname") if "jobname" in columns else "0",
        wait=number("queue"),
        fields=_FIELDS,
        left_out=_NO_GPUS,
    )


def _acme(columns: Sequence[str]) -> Reading:
    """Return the columns of Acme; users stand for tenants, for it has no virtual clusters."""
    return Reading(
        submit=moment("submit_time"),
        duration=number("duration"),
        gpus=number("gpu_num"),
        tenant=text("user"),
        state=end_of("state"),
        kind=kind_of("type"),
        wait=whole_or(number("queue"), f"{moment('start_time')} - {moment('submit_time')}"),
        fields=_FIELDS,
        left_out=_NO_GPUS,
    )


HELIOS = Format(
    name="helios",
    about="SenseTime Helios, 2020, cluster_log.csv",
    container="table",
    needs=("submit_time", "duration", "gpu_num", "vc", "state", "queue"),
    reading=_helios,
)
ACME = Format(
    name="acme",
    about="Shanghai AI Laboratory Acme, 2023, trace_seren.csv and trace_kalos.csv",
    container="table",
    needs=("submit_time", "duration", "gpu_num", "user", "type", "state"),
    reading=_acme,
    notes=("users stand for tenants: the trace has no virtual clusters",),
)
