"""Tables of a simulated fleet: as frames, as Parquet, and the log of its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from gigawatt.engines.fleet.results import JOB_ENDS, STATES
from gigawatt.errors import InputError, nearest
from gigawatt.planning.document import dumps
from gigawatt.planning.fleet import measures
from gigawatt.planning.fleet.answer import FleetAnswer
from gigawatt.planning.fleet.record import runs_record, sites_record
from gigawatt.planning.store import write_atomically
from gigawatt.units import SECONDS_PER_HOUR, WATTS_PER_MEGAWATT, unit_of_name

if TYPE_CHECKING:
    import pandas as pd

EVENTS_FILE, RECORD_FILE, TABLES_FOLDER = "events.parquet", "fleet.json", "tables"
ROW_GROUP_ROWS = 100_000
EVENTS_MEMORY = "1GB"  # beyond, the log is sorted on disk
NOBODY = -1  # in place of a job, a node or a component


def _hours(answer: FleetAnswer) -> dict[str, Any]:
    """Accelerators by what they do and IT power, by hour from the start."""
    result = answer.result
    online = measures.online_gpus(answer)
    columns: dict[str, Any] = {
        "hour": np.arange(online.size),
        "online_gpus": online,
        "busy_gpus": result.busy_gpus_H,
        "idle_gpus": result.idle_gpus_H,
        "down_gpus": result.down_gpus_H,
        "waiting_gpus": result.waiting_gpus_H,
        "it_mw": measures.power_w(answer) / WATTS_PER_MEGAWATT,
    }
    for site in dict.fromkeys(part.site for part in answer.simulation.partitions):
        columns[f"{site.replace('-', '_')}_it_mw"] = measures.hourly_it_w(answer, site) / WATTS_PER_MEGAWATT
    return columns


def _jobs(answer: FleetAnswer) -> dict[str, Any]:
    """Every job with what became of it."""
    jobs, result = answer.simulation.jobs, answer.result
    return {
        "job": np.arange(jobs.gpus_N.size),
        "class": _named([item.name for item in answer.simulation.classes], jobs.class_N),
        "tenant": jobs.tenant_N,
        "gpus": jobs.gpus_N,
        "submit_s": jobs.submit_s_N,
        "work_s": jobs.work_s_N,
        "start_s": result.start_s_N,
        "end_s": result.end_s_N,
        "wait_s": result.wait_s_N,
        "held_s": result.held_s_N,
        "useful_s": result.useful_s_N,
        "interruptions": result.interruptions_N,
        "state": _named(JOB_ENDS, result.state_N),
    }


def _failures(answer: FleetAnswer) -> dict[str, Any]:
    """Every failure with the node and the job that it hit."""
    result = answer.result
    return {
        "time_s": result.failure_s_F,
        "node": result.failure_node_F,
        "cause": _named([part.name for part in answer.simulation.hazards.components], result.failure_component_F),
        "job": result.failure_job_F,
    }


def _stops(answer: FleetAnswer) -> dict[str, Any]:
    """Return every stop of a job, or of a replica of it, with its cause and the node that failed."""
    result = answer.result
    return {
        "time_s": result.stop_s_S,
        "job": result.stop_job_S,
        "cause": _named(measures.cause_names(answer), result.stop_cause_S),
        "node": result.stop_node_S,
        "unexpected": result.stop_cause_S < measures.unexpected_count(answer),
    }


def _states(answer: FleetAnswer) -> dict[str, Any]:
    """Accelerator-hours by state and partition."""
    parts = answer.simulation.partitions
    ledger = answer.result.ledger_gpu_s_P
    return {
        "partition": [part.name for part in parts for _ in STATES],
        "site": [part.site for part in parts for _ in STATES],
        "state": list(STATES) * len(parts),
        "hours_h": [float(ledger[state][p]) / SECONDS_PER_HOUR for p in range(len(parts)) for state in STATES],
    }


def _sizes(answer: FleetAnswer) -> dict[str, Any]:
    """Jobs by size."""
    sizes = measures.by_size(answer)
    columns: dict[str, Any] = {
        "gpus": sizes.labels, "jobs": sizes.jobs_count, "hours_h": sizes.gpu_hours_h,
        "interruptions": sizes.interruptions_count, "ettr": sizes.ettr_frac, "mttf_h": sizes.mttf_h,
    }  # fmt: skip
    return columns | {f"wait_{name}_s": [wait[name] for wait in sizes.wait_s] for name in measures.PERCENTILES}


def _causes(answer: FleetAnswer) -> dict[str, Any]:
    """Causes, with the stops of jobs and the failures of each."""
    rows = measures.stops_by_cause(answer)
    return {
        "cause": [row.name for row in rows],
        "interruptions": [row.stops_count for row in rows],
        "failures": [row.failures_count for row in rows],
        "unexpected": [row.unexpected for row in rows],
    }


def _columns_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Turn rows into columns."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


TABLES: Mapping[str, Callable[[FleetAnswer], dict[str, Any]]] = {
    "hours": _hours,
    "states": _states,
    "sizes": _sizes,
    "causes": _causes,
    "runs": lambda answer: _columns_of(runs_record(answer)),
    "sites": lambda answer: _columns_of(sites_record(answer)),
    "jobs": _jobs,
    "failures": _failures,
    "stops": _stops,
}


def _named(names: Any, index_N: Any) -> Any:
    """Return a categorical column: names by their index."""
    import pandas as pd

    apart = list(dict.fromkeys(names))  # parts of a run have one name
    place = np.array([apart.index(name) for name in names] or [0], dtype=np.int64)
    return pd.Categorical.from_codes(place[np.asarray(index_N)], categories=pd.Index(apart))


def frame(answer: FleetAnswer, name: str) -> pd.DataFrame:
    """Return a table as a pandas frame with its units in `attrs`.

    Parameters
    ----------
    answer : FleetAnswer
    name : str
        Key of `TABLES`.

    Raises
    ------
    InputError
        If there is no table of that name.
    """
    import pandas as pd

    if name not in TABLES:
        message = f'"{name}" is no table of a fleet. {nearest(name, TABLES)}'
        raise InputError(message)
    made = pd.DataFrame(TABLES[name](answer))
    made.attrs["units"] = {str(key): unit_of_name(str(key)) for key in made.columns if made[key].dtype.kind in "fi"}
    return made


def write_fleet(answer: FleetAnswer, document: Any, folder: Path) -> list[Path]:
    """Write tables/*.parquet and, last, fleet.json.

    Parameters
    ----------
    answer : FleetAnswer
    document : dict
        Of the contracts.
    folder : Path
        Made if missing; each file is there whole or not at all.

    Returns
    -------
    list of Path
    """
    written = []
    for name in TABLES:
        made = frame(answer, name)
        if len(made.columns) and len(made):
            written.append(_write_query("SELECT * FROM part_0", [made], folder / TABLES_FOLDER / f"{name}.parquet"))
    write_atomically(folder / RECORD_FILE, dumps(document))
    return [*written, folder / RECORD_FILE]


def write_events(answer: FleetAnswer, folder: Path) -> Path:
    """Write the log of events in order of time: submissions, starts, stops and ends of jobs, failures, power by hour.

    Parameters
    ----------
    answer : FleetAnswer
    folder : Path

    Returns
    -------
    Path
        Columns: time_s, event, job, node, cause, gpus, it_mw. A stop has the node whose failure it comes of (-1: none),
        and job -1 for a serving pool; the report counts those after its warm-up. The file is sorted and written in
        pieces, so that a log larger than memory can be, and it is there whole or not at all.
    """
    frames = [frame(answer, name) for name in ("jobs", "failures", "hours", "stops")]
    query = f"""
        SELECT * FROM (
            SELECT submit_s AS time_s, 'submitted' AS event, job, {NOBODY} AS node, NULL AS cause, gpus,
                NULL::DOUBLE AS it_mw FROM part_0
            UNION ALL SELECT start_s, 'started', job, {NOBODY}, NULL, gpus, NULL FROM part_0 WHERE isfinite(start_s)
            UNION ALL SELECT end_s, state::VARCHAR, job, {NOBODY}, NULL, gpus, NULL FROM part_0 WHERE isfinite(end_s)
            UNION ALL SELECT time_s, 'failure', job, node, cause::VARCHAR, NULL, NULL FROM part_1
            UNION ALL SELECT hour * {SECONDS_PER_HOUR}, 'power', {NOBODY}, {NOBODY}, NULL, NULL, it_mw FROM part_2
            UNION ALL SELECT time_s, 'stopped', job, node, cause::VARCHAR, NULL, NULL FROM part_3
        ) ORDER BY time_s, event, job, node
    """
    return _write_query(query, frames, folder / EVENTS_FILE)


def _write_query(query: str, frames: list[pd.DataFrame], path: Path) -> Path:
    """Write what a query finds in some frames as Parquet, whole or not at all."""
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".fleet-") as scratch, duckdb.connect() as connection:
            part = Path(scratch) / path.name
            connection.execute(f"SET temp_directory = {_quoted(Path(scratch) / 'spill')}")
            connection.execute(f"SET memory_limit = '{EVENTS_MEMORY}'")
            for number, item in enumerate(frames):
                connection.register(f"part_{number}", item)
            connection.execute(f"COPY ({query}) TO {_quoted(part)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_ROWS})")
            part.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise InputError(message) from error
    return path


def _quoted(path: Path) -> str:
    """Write a path as text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"
