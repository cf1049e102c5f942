"""What `sacct --parsable2` prints, with whichever columns were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.planning.traces.columns import MISSING, Format, Reading, end_of, kind_of, moment, number, text, whole_or
from gigawatt.planning.traces.source import named

# Columns that hold generic resources, the first that is there counts.
_RESOURCES = ("AllocTRES", "ReqTRES")
_PER_NODE = ("AllocGRES", "ReqGRES")


def _span(column: str) -> str:
    """Return a time written D-HH:MM:SS, HH:MM:SS or MM:SS as seconds."""
    word = text(column)
    days = f"coalesce(try_cast(nullif(regexp_extract({word}, '^(\\d+)-', 1), '') as double), 0)"
    clock = f"string_split(regexp_replace({word}, '^\\d+-', ''), ':')"
    parts = f"list_transform({clock}, lambda part: try_cast(part as double))"
    seconds = f"list_reduce({parts}, lambda total, part: total * 60 + part)"
    return f"(case when len({clock}) in (2, 3) then {days} * 86400 + {seconds} end)"


def _gpus(column: str) -> str:
    """Return the accelerators of a list of resources: the total, else the sum over models."""
    word = f"lower(cast({named(column)} as varchar))"
    total = f"try_cast(nullif(regexp_extract({word}, 'gres/gpu=(\\d+)', 1), '') as double)"
    models = f"regexp_extract_all({word}, 'gres/gpu:[^=,]+=(\\d+)', 1)"
    return f"coalesce({total}, list_sum(list_transform({models}, lambda part: cast(part as double))))"


def _gpus_of_nodes(column: str, columns: Sequence[str]) -> str:
    """Return the accelerators of a node, as older releases write them, times the nodes."""
    word = f"lower(cast({named(column)} as varchar))"
    of_node = f"try_cast(nullif(regexp_extract({word}, 'gpu(?::[a-z]\\w*)?[:=](\\d+)', 1), '') as double)"
    nodes = next((name for name in ("NNodes", "AllocNodes", "ReqNodes") if name in columns), "")
    return f"{of_node} * coalesce({number(nodes)}, 1)" if nodes else of_node


def _reading(columns: Sequence[str]) -> Reading:
    """Return the columns of whatever was printed."""
    tried = [_gpus(name) for name in _RESOURCES if name in columns]
    tried += [_gpus_of_nodes(name, columns) for name in _PER_NODE if name in columns]
    spans = [number("ElapsedRaw")] if "ElapsedRaw" in columns else []
    spans += [_span("Elapsed")] if "Elapsed" in columns else []
    spans += [f"{moment('End')} - {moment('Start')}"] if {"Start", "End"} <= set(columns) else []
    owner = next((name for name in ("Account", "Partition", "User") if name in columns), "")
    started = moment("Start") if "Start" in columns else "NULL"
    state = f"split_part(upper(trim({named('State')})), ' ', 1)" if "State" in columns else "''"
    left_out = {"job steps": f"contains(cast({named('JobID')} as varchar), '.')"}
    left_out["jobs still waiting"] = f"{state} in ('PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'SPECIAL_EXIT')"
    if "Start" in columns:
        never = f"lower(trim(coalesce(cast({named('Start')} as varchar), ''))) in {MISSING}"
        left_out["jobs that never started"] = f"{never} and {state} <> 'RUNNING'"
    left_out["jobs without accelerators"] = "gpus = 0"
    return Reading(
        submit=moment("Submit"),
        duration=f"coalesce({', '.join(spans)})" if spans else "NULL",
        gpus=f"coalesce({', '.join([*tried, '0'])})",
        tenant=whole_or(text(owner), "''") if owner else "''",
        state=end_of("State") if "State" in columns else "0",
        kind=kind_of("JobName") if "JobName" in columns else "0",
        wait=f"{started} - {moment('Submit')}",
        fields={"submit": "Submit", "duration": "Elapsed", "gpus": "AllocTRES", "wait": "Start"},
        left_out=left_out,
    )


SLURM = Format(
    name="slurm",
    about="sacct --parsable2 with JobID, Submit, Start, End or Elapsed, and AllocTRES or ReqTRES",
    container="table",
    needs=("JobID", "Submit"),
    reading=_reading,
)
