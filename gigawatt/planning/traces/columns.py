"""How a format's columns become the columns of every trace: a few pieces of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gigawatt.planning.traces.source import named

# Ways to write that a value is not known.
MISSING = "('', 'nan', 'none', 'null', 'unknown', 'n/a', 'na', '-', 'invalid')"


@dataclass(frozen=True, slots=True)
class Reading:
    """SQL of each column of a trace; empty where the format has none.

    Attributes
    ----------
    submit, duration, gpus : str
        Seconds, seconds, accelerators; NULL where a row has no such number.
    tenant, state, kind, wait : str
        Text, `END_CODES`, `KIND_CODES`, seconds.
    fields : mapping of str to str
        What the file calls the columns, for messages.
    left_out : mapping of str to str
        Conditions of rows that are no jobs to replay, by what they are.
    """

    submit: str
    duration: str
    gpus: str
    tenant: str = "''"
    state: str = "0"
    kind: str = "0"
    wait: str = "NULL"
    fields: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Format:
    """A format of traces.

    Attributes
    ----------
    name, about : str
        Name to ask for it by; whose it is.
    container : str
        "lines", "table" (CSV, JSON lines or Parquet), or "" for either.
    needs : tuple of str
        Columns by which it is told.
    reading : callable
        Columns of a file to SQL.
    ordered : bool
        Whether rows come in order of submission, so that one out of order is a fault.
    notes : tuple of str
        What a reader must know of its jobs.
    """

    name: str
    about: str
    container: str
    needs: tuple[str, ...]
    reading: Callable[[Sequence[str]], Reading]
    ordered: bool = False
    notes: tuple[str, ...] = ()


def text(column: str) -> str:
    """Return a column as trimmed text, NULL where it says that nothing is known."""
    plain = f"trim(cast({named(column)} as varchar))"
    return f"(case when lower({plain}) in {MISSING} then NULL else {plain} end)"


def number(column: str) -> str:
    """Return a column as a number; NULL where it is none."""
    return f"try_cast({text(column)} as double)"


def moment(column: str) -> str:
    """Return a column as seconds: a date and time, local as written, or a number."""
    return f"coalesce(epoch(try_cast({text(column)} as timestamp)), {number(column)})"


def whole_or(first: str, second: str) -> str:
    """Return the first expression, the second where it is NULL."""
    return f"coalesce({first}, {second})"


# States of Slurm and of the published traces by how a job ended: it completed, failed, or was cancelled.
_CANCELLED = ("cancelled", "canceled", "killed", "revoked", "preempted")
_FAILED = (
    *("failed", "timeout", "node_fail", "out_of_memory", "boot_fail", "deadline", "oom", "error", "fail"),
    *("launch_failed", "reconfig_fail", "evicted", "unknown_failure"),
)


def end_of(column: str) -> str:
    """Return how a job ended as an index into ENDS of the simulator: anything unknown completes."""
    word = f"lower(split_part(trim(cast({named(column)} as varchar)), ' ', 1))"
    failed = ", ".join(f"'{state}'" for state in _FAILED)
    cancelled = ", ".join(f"'{state}'" for state in _CANCELLED)
    return f"(case when {word} in ({failed}) then 1 when rtrim({word}, '+') in ({cancelled}) then 2 else 0 end)"


# Words in a job's type or name by the kind of work, in the order of KINDS of the simulator.
_KIND_WORDS = (
    (2, "eval|test|bench"),
    (1, "sft|finetun|fine-tun|fine_tun|rlhf|align|lora"),
    (3, "debug|interactive|jupyter|notebook|bash|shell"),
    (4, "serv|infer"),
)


def kind_of(column: str) -> str:
    """Return the kind of work that a column's words tell, as an index into KINDS; training where they tell none."""
    word = f"lower(trim(cast({named(column)} as varchar)))"
    cases = " ".join(f"when regexp_matches({word}, '{words}') then {kind}" for kind, words in _KIND_WORDS)
    return f"(case {cases} else 0 end)"
