"""Judges at work side by side: started clean, asked in order, killed when they take too long."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Timer
from types import TracebackType
from typing import Any

from gigawatt.errors import EngineError
from gigawatt.planning.engineer.bench import Bench
from gigawatt.planning.engineer.judge import MEMORY_BYTES, Sheet, processor_s_of
from gigawatt.planning.engineer.measures import Measures, names_of
from gigawatt.planning.engineer.targets import TARGETS

WALL_FACTOR = 3.0  # wall time of one request over its processor time, for a busy machine
START_S = 600.0  # to load the slices and the simulator, which an installation compiles once
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT", "SYSTEMROOT")
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from gigawatt.planning.engineer.judge import main; main()"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge found of one policy.

    Attributes
    ----------
    rows : tuple of measures
        One for each slice asked for, of the target's kind; empty where it was rejected.
    parts : int
        Of the policy: its complexity.
    rejected : str
        Why; empty where it was not.
    """

    rows: tuple[Any, ...]
    parts: int = 0
    rejected: str = ""


def cores_count() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Court:
    """Judges as processes; a context that ends them.

    Parameters
    ----------
    bench : Bench
    workers : int
        Judges at once; 0 for one a core.
    memory_bytes : int
        Bound of one judge.
    wall_s : float or None
        Bound of one request; three times its processor time where None. [s]
    """

    def __init__(
        self,
        bench: Bench,
        workers: int = 0,
        memory_bytes: int = MEMORY_BYTES,
        wall_s: float | None = None,
    ) -> None:
        self.workers = workers or cores_count()
        processor_s = processor_s_of(bench)
        self.wall_s = WALL_FACTOR * processor_s if wall_s is None else wall_s
        self._sheet = pickle.dumps(Sheet(bench, memory_bytes, processor_s))
        self._kind = TARGETS[bench.question.target].measures
        self._idle: SimpleQueue[_Judge] = SimpleQueue()
        self._judges: list[_Judge] = []
        self._threads = ThreadPoolExecutor(self.workers)
        self._folder = tempfile.TemporaryDirectory(prefix="gigawatt-judge-")
        self.barred: tuple[str, ...] = ()

    def __enter__(self) -> Court:
        """Start the judges: the first alone, so that it compiles what the others load."""
        try:
            for _ in range(self.workers):
                judge = _Judge(self._sheet, self._folder.name)
                self._judges.append(judge)
                self.barred = judge.start()
                self._idle.put(judge)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the judges."""
        self.close()

    def close(self) -> None:
        """End the judges."""
        for judge in self._judges:
            judge.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._folder.cleanup()

    def texts(self, texts: Sequence[str], slices: Sequence[int]) -> list[Verdict]:
        """Judge policies on some slices; the answers in the order of the texts, whoever was first."""
        return self.all([{"text": text, "slices": list(slices)} for text in texts])

    def rivals(self, names: Sequence[str], slices: Sequence[int]) -> list[Verdict]:
        """Judge rules by hand on some slices."""
        return self.all([{"rival": name, "slices": list(slices)} for name in names])

    def all(self, requests: Sequence[dict[str, Any]]) -> list[Verdict]:
        """Have requests judged side by side."""
        return list(self._threads.map(self._one, requests))

    def _one(self, request: dict[str, Any]) -> Verdict:
        """Have one request judged by whoever is free."""
        judge = self._idle.get()
        try:
            return verdict_of(judge.ask(request, self.wall_s), len(request["slices"]), self._kind)
        finally:
            self._idle.put(judge)


def verdict_of(answer: dict[str, Any], count: int, kind: type = Measures) -> Verdict:
    """Read an answer; one that is not what a judge says is a rejection.

    Examples
    --------
    >>> verdict_of({"rows": [[float("nan")] * 11], "parts": 1}, 1).rejected
    'the judge answered with something else than 1 rows of 11 finite numbers'
    """
    if isinstance(answer.get("rejected"), str):
        return Verdict((), rejected=answer["rejected"])
    rows, parts, width = answer.get("rows"), answer.get("parts"), len(names_of(kind))
    sound = isinstance(rows, list) and len(rows) == count and all(_is_sound(row, width) for row in rows)
    if sound and isinstance(parts, int):
        return Verdict(tuple(kind(*row) for row in rows or ()), parts)
    what = f"something else than {count} rows of {width} finite numbers"
    return Verdict((), rejected=f"the judge answered with {what}")


def _is_sound(row: object, width: int) -> bool:
    """Say whether a row is finite numbers, one for each measure."""
    if not isinstance(row, list) or len(row) != width:
        return False
    return all(isinstance(value, float) and math.isfinite(value) for value in row)


class _Judge:
    """One judge process, started anew when it has died."""

    def __init__(self, sheet: bytes, folder: str) -> None:
        self.sheet, self.folder = sheet, folder
        self.process: subprocess.Popen[bytes] | None = None
        self.closed = False

    def start(self) -> tuple[str, ...]:
        """Start and wait until it is ready; return what the system did not bar."""
        root = str(Path(__file__).parents[3])
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", BOOT, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
            cwd=self.folder,
            start_new_session=True,
        )
        with contextlib.suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.write(self.sheet)
            self.process.stdin.flush()
        answer = self._line(START_S)
        if not answer.get("ready"):
            self.kill()
            message = "engineer: the judge process does not start; try `gigawatt doctor`"
            raise EngineError(message)
        return tuple(answer["barred"])

    def ask(self, request: dict[str, Any], wall_s: float) -> dict[str, Any]:
        """Ask one thing; a judge that dies over it has rejected it."""
        if self.process is None:
            if self.closed:
                return {"rejected": "the search was stopped"}
            self.start()
        assert self.process is not None
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            answer = self._line(wall_s)
        except BrokenPipeError:
            answer = {}
        if not answer:
            self._end()
            return {"rejected": "over its bound of time or memory: the judge process was ended"}
        return answer

    def _line(self, wall_s: float) -> dict[str, Any]:
        """Read an answer; nothing where none comes in time."""
        assert self.process is not None
        assert self.process.stdout is not None
        timer = Timer(wall_s, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        try:
            found = json.loads(line)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def kill(self) -> None:
        """End the process for good."""
        self.closed = True
        self._end()

    def _end(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
