"""Parts on a Ray cluster: results come back as Parquet, so that machines need no file system in common."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gigawatt.errors import InputError
from gigawatt.planning.parts import Work, part_path, write_part
from gigawatt.planning.store import write_atomically

PARTS_PER_CORE = 2  # parts that wait or run for each core of the cluster
RETRIES = 8  # times that Ray does a part again whose worker or node died
MOST_LOSSES = 3  # times that a part is handed to Ray again after that


def do_on_ray(work: Work, missing: Sequence[int], folder: Path, workers: int | None, tell: Callable[[], None]) -> None:
    """Do parts on a Ray cluster: the one that runs or is joined already, else one started here.

    Parameters
    ----------
    work : function
        From the number of a part to its columns.
    missing : sequence of int
        Parts to do.
    folder : Path
        Folder of the run; only this process writes there.
    workers : int, optional
        Most parts at once; as many as the cluster has cores where not given.
    tell : function
        Called after each part.

    Raises
    ------
    InputError
        If Ray is not installed, or the cluster loses a part again and again.
    """
    ray = _ray()
    with _joined(ray, workers):
        kept = ray.put(work)
        do_one = ray.remote(num_cpus=1, max_retries=RETRIES)(_packed)
        waiting, under_way, losses = list(reversed(missing)), dict[Any, int](), dict.fromkeys(missing, 0)
        try:
            while waiting or under_way:
                while waiting and len(under_way) < _most_under_way(ray, workers):
                    part = waiting.pop()
                    under_way[do_one.remote(kept, part)] = part
                for done in ray.wait(list(under_way), num_returns=1)[0]:
                    part = under_way.pop(done)
                    try:
                        write_atomically(part_path(folder, part), ray.get(done))
                    except ray.exceptions.RayTaskError as error:
                        raise error.cause or error from None
                    except ray.exceptions.RayError as error:
                        losses[part] += 1
                        if losses[part] > MOST_LOSSES:
                            message = f"{folder}: the Ray cluster lost part {part} again and again: {error}"
                            raise InputError(message) from error
                        waiting.append(part)
                    else:
                        tell()
        finally:
            for reference in under_way:
                ray.cancel(reference, force=True)


def _packed(work: Work, part: int) -> bytes:
    """Do a part and return it as a Parquet file's bytes."""
    with tempfile.TemporaryDirectory(prefix="gigawatt-part-") as place:
        path = part_path(Path(place), part)
        write_part(work(part), path)
        return path.read_bytes()


def _most_under_way(ray: Any, workers: int | None) -> int:
    """Return how many parts may wait or run at once: hangs on the cores there are now, as nodes come and go."""
    return workers or PARTS_PER_CORE * max(1, int(ray.cluster_resources().get("CPU", 1)))


def _ray() -> Any:
    """Return Ray, quiet, and telling nobody that it is used."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else a cluster started here reports over the network
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else Ray warns of a change to come
    try:
        import ray
    except ImportError as error:
        message = "Ray is not installed; install gigawatt with its extra: pip install 'gigawatt[ray]'"
        raise InputError(message) from error
    return ray


@contextmanager
def _joined(ray: Any, workers: int | None) -> Iterator[None]:
    """Join the cluster that runs, or start one of this machine's cores; leave it afterwards if it was joined here."""
    if ray.is_initialized():
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        ray.init(num_cpus=workers, include_dashboard=False, **quiet)
    try:
        yield
    finally:
        ray.shutdown()
