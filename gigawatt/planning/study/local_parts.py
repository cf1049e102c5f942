"""Parts of a study made by processes of this machine, each written whole or not at all; parts that are there stay."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

Work = Callable[[int], dict[str, Any]]


def _write(work: Work, part: int, path: Path) -> None:
    """Make one part and write it."""
    import duckdb
    import pandas as pd

    frame, beside = pd.DataFrame(work(part)), path.with_suffix(".partial")
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(f"COPY frame TO '{str(beside).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    beside.replace(path)


def run_parts(
    work: Work,
    parts: int,
    folder: Path,
    *,
    executor: str = "local",
    workers: int | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> None:
    """Make the parts that are not there yet.

    Parameters
    ----------
    work : function
        Picklable; columns of a part, by its number.
    parts : int
        Number of parts.
    folder : Path
        Parts come to `parts/` in it.
    executor : str
        "local".
    workers : int, optional
        Processes; as many as there are cores where not given.
    progress : function, optional
        Told parts done and parts in all.
    """
    place = folder / "parts"
    place.mkdir(parents=True, exist_ok=True)
    files = {part: place / f"part-{part:05d}.parquet" for part in range(parts)}
    missing = [part for part, file in files.items() if not file.is_file()]
    done, count = parts - len(missing), min(workers or os.cpu_count() or 1, len(missing))

    def tell() -> None:
        if progress is not None:
            progress(done, parts)

    if count <= 1:
        for part in missing:
            _write(work, part, files[part])
            done += 1
            tell()
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_write, work, part, files[part]) for part in missing]):
            future.result()
            done += 1
            tell()
