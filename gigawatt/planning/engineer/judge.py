"""The judge: a process of its own that simulates policies and answers in numbers. The second wall behind the gate.

It is started with a clean environment and an empty folder to stand in, takes its slices once, loads the simulator, then
gives up what it does not need: it may open no file and no socket, start no process, write no byte to disk, and has
bounds on memory and on processor time. Requests and answers are lines of JSON; nothing else comes back.
"""

from __future__ import annotations

import json
import pickle
import sys
from dataclasses import astuple, dataclass, replace
from typing import Any, BinaryIO

from gigawatt.engines.policy import compile_policy
from gigawatt.engines.policy.tree import nodes_count
from gigawatt.errors import EngineError, GigawattError
from gigawatt.planning.engineer.bench import Bench
from gigawatt.planning.engineer.targets import TARGETS

MEMORY_BYTES = 1 << 30  # beyond what the loaded simulator takes
PROCESSOR_S = 60.0  # of one request; a week of 10,000 accelerators takes some hundredths of a second
JOB_S = 3e-4  # more for each job of the largest request: ten times what jobs take on the largest fleets
STANDARD_FILES = 3  # standard input, output and error stay open


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a judge starts with.

    Attributes
    ----------
    bench : Bench
    memory_bytes : int
        0 for no bound.
    processor_s : float
        0 for no bound. [s]
    """

    bench: Bench
    memory_bytes: int = MEMORY_BYTES
    processor_s: float = PROCESSOR_S


def judged(bench: Bench, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request.

    Parameters
    ----------
    bench : Bench
    request : dict
        `text` of a policy or `rival`, the name of a rule by hand; `slices`, places in the bench.

    Returns
    -------
    dict
        `rows`, a list of measures for each slice, and `parts` of the policy; or `rejected` with the reason.
    """
    target = TARGETS[bench.question.target]
    try:
        program = compile_policy(request["text"], target.features) if "text" in request else None
        rows = [
            list(astuple(target.measure(bench.slices[at], program, str(request.get("rival", "")))))
            for at in request["slices"]
        ]
    except EngineError as error:
        return {"rejected": f"the simulator's own balances do not hold under it: {error}"}
    except GigawattError as error:
        return {"rejected": str(error)}
    except (MemoryError, RecursionError) as error:
        return {"rejected": f"the judge ran out of room: {type(error).__name__}"}
    return {"rows": rows, "parts": nodes_count(program.tree) if program else 0}


def processor_s_of(bench: Bench) -> float:
    """Return the processor time of one request: more where slices are large. [s]."""
    jobs: dict[str, int] = {}
    for item in bench.slices:
        jobs[item.split] = jobs.get(item.split, 0) + item.counts_N.size
    return PROCESSOR_S + JOB_S * max(jobs.values())


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Judge until there are no more requests.

    Parameters
    ----------
    source, sink : binary files
        A sheet first, pickled by the parent; then lines.
    """
    sheet: Sheet = pickle.load(source)  # from the process that started this one
    _warm(sheet.bench)
    barred = bar(sheet)
    sink.write(json.dumps({"ready": True, "barred": barred}).encode() + b"\n")
    sink.flush()
    for line in source:
        if sheet.processor_s:
            allow_processor(sheet.processor_s)
        try:
            answer = judged(sheet.bench, json.loads(line))
        except Exception as error:
            answer = {"rejected": f"the judge failed on it: {type(error).__name__}: {error}"}
        sink.write(json.dumps(answer).encode() + b"\n")
        sink.flush()


def _warm(bench: Bench) -> None:
    """Load all that a request needs while files may still be opened."""
    target = TARGETS[bench.question.target]
    small = replace(bench, slices=(target.short(bench.slices[0]),))
    name = target.features.names[0]
    judged(small, {"text": f"{name} * 2 + 1", "slices": [0]})
    judged(small, {"text": "no_such_feature", "slices": [0]})


def bar(sheet: Sheet) -> list[str]:
    """Give up files, sockets, processes and memory; return what the system refused to bar.

    Parameters
    ----------
    sheet : Sheet

    Returns
    -------
    list of str
        Empty where everything is barred.
    """
    try:
        import resource
    except ImportError:
        return ["resource limits: this system has none"]
    wanted = {"RLIMIT_FSIZE": 0, "RLIMIT_NOFILE": STANDARD_FILES, "RLIMIT_NPROC": 0, "RLIMIT_CORE": 0}
    if sheet.memory_bytes:
        wanted["RLIMIT_AS"] = _address_bytes() + sheet.memory_bytes
    refused = []
    for name, value in wanted.items():
        try:
            kind = getattr(resource, name)
            resource.setrlimit(kind, (value, value))
        except (AttributeError, ValueError, OSError) as error:
            refused.append(f"{name}: {error}")
    return refused


def allow_processor(more_s: float) -> None:
    """Let the process use so much more processor time; beyond, the system ends it. [s]."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + more_s) + 1, hard))


def _address_bytes() -> int:
    """Return the address space in use; 0 where the system does not say."""
    from pathlib import Path

    try:
        import resource

        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ImportError):
        return 0


def main() -> None:
    """Run as a process; what a library prints must not be taken for an answer."""
    sink = sys.stdout.buffer
    sys.stdout = sys.stderr
    serve(sys.stdin.buffer, sink)


__all__ = ["Sheet", "bar", "judged", "main", "serve"]
