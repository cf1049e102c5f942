"""Long work in parts: processes of this machine or a Ray cluster, killed at any time, gone on with later.

Each part is made by a function of its number alone, and its file gets its name when it is whole, not before. What parts
hold therefore does not hang on the executor, the number of workers, their order, or how often they were killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from typing import Self

from gigawatt.errors import InputError, nearest
from gigawatt.planning import worker
from gigawatt.planning.parts import (
    Interrupted,
    Progress,
    Work,
    held,
    is_whole,
    missing_parts,
    part_path,
    sweep,
    write_part,
)

EXECUTORS = ("local", "ray")
PARTS_PER_WORKER = 2  # parts that wait or run for each worker: it never idles, and few are lost when it dies
MOST_DEATHS = 4  # times that a part may be under way when a worker dies before the run gives up


def run_parts(
    work: Work,
    parts: int,
    folder: Path,
    *,
    executor: str = "local",
    workers: int | None = None,
    crew: Workers | None = None,
    progress: Progress | None = None,
) -> None:
    """Do the parts of a long piece of work, each once, and write each as `folder/parts/part-00012.parquet`.

    Parameters
    ----------
    work : function
        From the number of a part to its columns, arrays of one length by name. It must be picklable, and hang on
        nothing but the number: random streams are seeded by it.
    parts : int
        Parts in all.
    folder : Path
        Folder of the run; made if missing. Parts that are there are not done again.
    executor : {"local", "ray"}
        Processes of this machine, or a Ray cluster: the one that runs, else one that is started here.
    workers : int, optional
        Processes; as many as there are cores where not given. One local worker works in this very process.
    crew : Workers, optional
        Local processes that are there already; started for this piece of work alone where not given.
    progress : function, optional
        Told parts done and parts in all, at the start and after each.

    Raises
    ------
    InputError
        If the executor is unknown or not installed, the folder holds other parts, cannot be written or is written by
        another process, or workers die again and again at the same part.
    Interrupted
        If it is stopped from the keyboard; a KeyboardInterrupt that says what is kept.

    Notes
    -----
    A part under way when its worker or its node dies is done again. When this process dies, its workers end at once.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> with TemporaryDirectory() as folder:
    ...     run_parts(lambda part: {"square": np.array([part**2])}, 3, Path(folder), workers=1)
    ...     sorted(path.name for path in (Path(folder) / "parts").glob("*.parquet"))
    ['part-00000.parquet', 'part-00001.parquet', 'part-00002.parquet']
    """
    if executor not in EXECUTORS:
        message = f'"{executor}" is no executor. {nearest(executor, EXECUTORS)}'
        raise InputError(message)
    if workers is not None and workers < 1:
        message = f"{workers} workers do nothing; at least one is needed"
        raise InputError(message)
    with held(folder):
        missing = missing_parts(folder, parts)
        done_count = parts - len(missing)

        def tell(newly_done: int = 1) -> None:
            nonlocal done_count
            done_count += newly_done
            if progress is not None:
                progress(done_count, parts)

        try:
            tell(0)
            if missing and executor == "ray":
                from gigawatt.planning.ray_cluster import do_on_ray  # Ray is an extra

                do_on_ray(work, missing, folder, workers, tell)
            elif missing:
                _do_locally(work, missing, folder, workers or cores_count(), crew, tell)
        except Interrupted:
            raise
        except KeyboardInterrupt as error:
            raise Interrupted(parts - len(missing_parts(folder, parts)), parts, folder) from error


def cores_count() -> int:
    """Return the cores that this process may use.

    Returns
    -------
    int
        At least 1.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _do_locally(
    work: Work,
    missing: Sequence[int],
    folder: Path,
    workers_count: int,
    crew: Workers | None,
    tell: Callable[[], None],
) -> None:
    """Do parts in processes of this machine, in this one where one worker is enough."""
    workers_count = min(workers_count, len(missing))
    if workers_count == 1:
        for part in missing:
            write_part(work(part), part_path(folder, part))
            tell()
    elif crew is not None:
        crew.do(work, missing, folder, tell)
    else:
        with Workers(workers_count) as own:
            own.do(work, missing, folder, tell)


class Workers:
    """Processes of this machine that do parts, started when they are needed first, or early with `get_ready`.

    Parameters
    ----------
    count : int
        Processes at most.
    modules : sequence of str
        What they import as they start, before there is work for them.

    Notes
    -----
    To be used in a `with` statement: its end is the end of the processes.
    """

    def __init__(self, count: int, modules: Sequence[str] = ()) -> None:
        self.count, self._modules = count, modules
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def get_ready(self, count: int) -> None:
        """Start some of the processes now, while this one has other things to do."""
        with _interrupts_later():
            for _ in range(count):
                self._processes().submit(os.getpid)  # a process is started for each call that finds none idle

    def do(self, work: Work, missing: Sequence[int], folder: Path, tell: Callable[[], None]) -> None:
        """Do parts of a piece of work; tell of each.

        Raises
        ------
        InputError
            If the work cannot be sent to other processes, or they die again and again at the same part.
        """
        try:
            packed = pickle.dumps(work)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            message = f"this work cannot be sent to other processes; use one worker ({error})"
            raise InputError(message) from error
        left, deaths = list(missing), dict.fromkeys(missing, 0)
        while left:
            for part in self._until_a_death(packed, left, folder, tell):
                deaths[part] += 1
                if deaths[part] >= MOST_DEATHS:
                    message = (
                        f"{folder}: workers died {MOST_DEATHS} times with part {part} under way, most likely for want "
                        "of memory: try fewer workers (a script of your own needs the line if __name__ == '__main__')"
                    )
                    raise InputError(message)

    def _until_a_death(self, packed: bytes, left: list[int], folder: Path, tell: Callable[[], None]) -> list[int]:
        """Do parts, taking each off the list, until none is left or a worker dies; return those under way then."""
        waiting, under_way = iter(list(left)), dict[Future[int], int]()
        try:
            while left:
                while len(under_way) < PARTS_PER_WORKER * self.count and (part := next(waiting, None)) is not None:
                    with _interrupts_later():
                        under_way[self._processes().submit(worker.do_one, packed, str(folder), part)] = part
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    left.remove(future.result())
                    del under_way[future]
                    tell()
        except BrokenProcessPool:
            self._end()
            sweep(folder)
            for part in [part for part in under_way.values() if is_whole(part_path(folder, part))]:
                left.remove(part)
                tell()
            return [part for part in under_way.values() if part in left]
        except BaseException:
            self._end()  # before anyone looks what is there
            raise
        return []

    def _processes(self) -> ProcessPoolExecutor:
        """Return the processes, started if need be."""
        if self._pool is None:
            context = get_context("spawn")
            self._listens, self._keeps = context.Pipe(duplex=False)
            self._pool = ProcessPoolExecutor(
                self.count, mp_context=context, initializer=worker.begin, initargs=(self._listens, self._modules)
            )
        return self._pool

    def _end(self) -> None:
        """End the processes, in the midst of a part if need be."""
        if self._pool is not None:
            self._keeps.close()  # they hear it
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._listens.close()
            self._pool = None


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back for a moment: a process started now holds it back too, until it knows what to do with it."""
    resource_tracker.ensure_running()  # comes with the first process, and would let Ctrl-C through as it starts
    came: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # It may come to another thread, and Python has the main one act on it; only that one may set handlers.
    handler = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if handler is not None:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if came:
            signal.raise_signal(signal.SIGINT)
