"""A table with columns of any names: told by the usual ones, or by a map that the user gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigawatt.errors import nearest
from gigawatt.planning.traces.columns import Format, Reading, end_of, kind_of, moment, number, text
from gigawatt.planning.traces.source import Source, refuse

# What each part of a job is called elsewhere, most likely first; compared without case, blanks and underscores.
USUAL: dict[str, tuple[str, ...]] = {
    "submit": ("submit_s", "submit_time", "submit", "submitted_at", "submission_time", "arrival_time", "creation_time"),
    "duration": ("duration_s", "duration", "run_time", "runtime", "run_s", "elapsed", "elapsed_s"),
    "gpus": ("gpus", "num_gpus", "gpu_num", "gpu_count", "n_gpus", "num_gpu", "gpus_requested", "accelerators"),
    "start": ("start_s", "start_time", "start", "started_at"),
    "end": ("end_s", "end_time", "end", "ended_at", "finish_time", "finished_at"),
    "tenant": ("tenant", "vc", "queue", "project", "account", "partition", "team", "user", "group"),
    "state": ("state", "status", "job_state", "end_state"),
    "kind": ("kind", "type", "job_type", "jobname", "job_name", "name"),
    "wait": ("wait_s", "wait", "queue_time", "wait_time", "queued_s"),
}


def _folded(name: str) -> str:
    """Return a name as it is compared."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def guessed(columns: Sequence[str], usual: Mapping[str, Sequence[str]] = USUAL) -> dict[str, str]:
    """Return which column is which part, by their names.

    Parameters
    ----------
    columns : sequence of str
        Of a file.
    usual : mapping of str to sequence of str
        Names that each part goes by, most likely first; those of a job where not given.

    Returns
    -------
    dict of str to str
        Column by part.

    Examples
    --------
    >>> guessed(["Submit Time", "GPUs", "Runtime", "colour"])
    {'submit': 'Submit Time', 'duration': 'Runtime', 'gpus': 'GPUs'}
    """
    by_name = {_folded(column): column for column in columns}
    found = {}
    for part, names in usual.items():
        column = next((by_name[_folded(name)] for name in names if _folded(name) in by_name), "")
        if column:
            found[part] = column
    return found


def joined(source: Source, given: Mapping[str, str], usual: Mapping[str, Sequence[str]], what: str) -> dict[str, str]:
    """Return column by part: the user's own, then what the names tell.

    Parameters
    ----------
    source : Source
    given : mapping of str to str
        The user's.
    usual : mapping of str to sequence of str
        As for `guessed`.
    what : str
        What a row is, for messages: "a job".

    Returns
    -------
    dict of str to str

    Raises
    ------
    InputError
        If a part or a column is unknown.
    """
    for part, column in given.items():
        if part not in usual:
            raise refuse(source.path, f'"{part}" is no part of {what}.', remedy=nearest(part, tuple(usual)))
        if column not in source.columns:
            remedy = nearest(column, source.columns)
            raise refuse(source.path, f'has no column "{column}" for {part}.', 0, "", remedy)
    return guessed([column for column in source.columns if column not in given.values()], usual) | dict(given)


def is_enough(parts: Mapping[str, str]) -> bool:
    """Whether a job can be told from these parts."""
    return {"submit", "gpus"} <= set(parts) and ("duration" in parts or {"start", "end"} <= set(parts))


def mapped(source: Source, given: Mapping[str, str]) -> dict[str, str]:
    """Return the map of a file's columns, the user's own put before what their names tell.

    Raises
    ------
    InputError
        If a part or column is unknown, or one is missing.
    """
    parts = joined(source, given, USUAL, "a job")
    if is_enough(parts):
        return parts
    lacking = [part for part in ("submit", "gpus") if part not in parts]
    if not ("duration" in parts or {"start", "end"} <= set(parts)):
        lacking.append("duration")
    shown = ", ".join(source.columns[:20]) + (", ..." if len(source.columns) > 20 else "")
    remedy = (
        f'Say which column is which, for example columns={{"{lacking[0]}": "{source.columns[0]}"}}; it has: {shown}.'
    )
    raise refuse(source.path, f"names no column of {' and '.join(lacking)} of its jobs.", remedy=remedy)


def format_of(parts: Mapping[str, str], ordered: bool = False) -> Format:
    """Return a format that reads these columns."""

    def reading(columns: Sequence[str]) -> Reading:
        started = moment(parts["start"]) if "start" in parts else ""
        duration = number(parts["duration"]) if "duration" in parts else f"{moment(parts['end'])} - {started}"
        wait = number(parts["wait"]) if "wait" in parts else f"{started} - {moment(parts['submit'])}" if started else ""
        return Reading(
            submit=moment(parts["submit"]),
            duration=duration,
            gpus=number(parts["gpus"]),
            tenant=f"coalesce({text(parts['tenant'])}, '')" if "tenant" in parts else "''",
            state=end_of(parts["state"]) if "state" in parts else "0",
            kind=kind_of(parts["kind"]) if "kind" in parts else "0",
            wait=wait or "NULL",
            fields={"duration": parts.get("end", ""), "wait": parts.get("start", ""), **parts},
            left_out={"jobs without accelerators": "gpus = 0"},
        )

    named = ", ".join(f"{part} from {column}" for part, column in parts.items())
    return Format("table", "a table with columns of its own", "table", (), reading, ordered, (f"columns: {named}",))
