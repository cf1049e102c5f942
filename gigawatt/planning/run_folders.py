"""Run folders: one form for what any verb writes, so that it can be found, read and removed again.

A folder is a run when it has `run.json`, the record of the run: verb, what it was about, version, seed, hashes, when it
was made, how it ended. It is written first (`running`) and last (`done`), each time whole: a killed run tells so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gigawatt.errors import InputError, RunNotFoundError, nearest
from gigawatt.planning.document import clean, dumps, package_version
from gigawatt.planning.store import write_atomically

RUNS = Path("runs")  # where runs lie unless told otherwise, under the working folder
RECORD = "run.json"
SCHEMA = "gigawatt/run/1"
PARTS = "parts"  # folders of this name hold the parts of long runs: many, and not hashed
DEEPEST = 2  # folders below the runs folder in which a run is looked for
BLOCK_BYTES = 1 << 20
# Documents by which a folder without a record is known, and the verb that writes each; the first that is there counts.
DOCUMENTS = {
    "optimum.json": "optimise",
    "plan.json": "plan",
    "study.json": "study",
    "fleet.json": "fleet",
    "facility.json": "facility",
    "replay.json": "serve",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of a run: path under its folder, size, hash (empty for the parts of long runs)."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its record has it.

    Attributes
    ----------
    name : str
        Path under the folder of runs.
    folder : Path
    verb : str
    about : str
        Scenario, site or model.
    status : str
        running, done, interrupted or failed; unknown where there is no record.
    version : str
        Of gigawatt.
    seed : int or None
    inputs_sha256 : str
        Hash of what was asked, every default filled: equal for equal questions.
    created, finished : str
        Times in UTC, 2026-01-31T12:00:00Z; empty where unknown.
    words : str
        Why a run failed.
    files : tuple of File
    process, host : int, str
        Who writes it.
    """

    name: str
    folder: Path
    verb: str
    about: str = ""
    status: str = "unknown"
    version: str = ""
    seed: int | None = None
    inputs_sha256: str = ""
    created: str = ""
    finished: str = ""
    words: str = ""
    files: tuple[File, ...] = ()
    process: int = 0
    host: str = ""

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(file.bytes for file in self.files)


@contextmanager
def recorded(
    folder: Path | None, verb: str, about: str = "", *, inputs: Any = None, seed: int | None = None
) -> Iterator[None]:
    """Keep the record of a run while its files are written.

    Parameters
    ----------
    folder : Path or None
        Run folder, made if missing; None keeps nothing.
    verb : str
    about : str
        Scenario, site or model.
    inputs : Any
        What was asked, for the hash.
    seed : int, optional

    Raises
    ------
    InputError
        If the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     with recorded(Path(place) / "a", "plan", "meta-2025", seed=1):
    ...         pass
    ...     [(run.name, run.verb, run.status, run.seed) for run in list_runs(Path(place))]
    [('a', 'plan', 'done', 1)]
    """
    if folder is None:
        yield
        return
    run = Run(
        folder.name, folder, verb, about, "running", package_version(), seed, hash_of(inputs), _now(),
        process=os.getpid(), host=socket.gethostname(),
    )  # fmt: skip
    _write(run)
    try:
        yield
    except KeyboardInterrupt:
        _write(replace(run, status="interrupted", finished=_now()))
        raise
    except BaseException as error:
        _write(replace(run, status="failed", finished=_now(), words=str(error)[:2000]))
        raise
    _write(replace(run, status="done", finished=_now(), files=tuple(_files(folder))))


def hash_of(inputs: Any) -> str:
    """Return the hash of what was asked, the same for any order of its keys.

    Parameters
    ----------
    inputs : Any
        What JSON can hold.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(clean(inputs), sort_keys=True, default=str).encode()).hexdigest()


def list_runs(root: Path = RUNS) -> list[Run]:
    """Return the runs in a folder, the latest first.

    Parameters
    ----------
    root : Path
        Folder of runs; `runs` under the working folder.

    Returns
    -------
    list of Run
        Empty where there is no such folder.
    """
    folders = [path for depth in range(1, DEEPEST + 1) for path in root.glob("/".join("*" * depth)) if path.is_dir()]
    found = [_read(path, path.relative_to(root).as_posix()) for path in folders if is_run(path)]
    return sorted(found, key=lambda run: (run.created, run.name), reverse=True)


def find_run(name: str | Path, root: Path = RUNS) -> Run:
    """Return a run by its name, or by its folder.

    Parameters
    ----------
    name : str or Path
    root : Path
        Folder of runs.

    Returns
    -------
    Run

    Raises
    ------
    RunNotFoundError
        If there is none; names the nearest.
    """
    for folder in (root / name, Path(name)):
        if is_run(folder):
            return _read(folder, folder.relative_to(root).as_posix() if root in folder.parents else folder.name)
    known = [run.name for run in list_runs(root)]
    rest = nearest(str(name), known) if known else "There is none yet; gigawatt plan SCENARIO makes one."
    message = f'{root}: there is no run "{name}". {rest}'
    raise RunNotFoundError(message)


def is_run(folder: Path) -> bool:
    """Return whether a folder is a run: it has a record, or a document that a verb writes.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    return folder.is_dir() and any((folder / name).is_file() for name in (RECORD, *DOCUMENTS))


def remove_run(run: Run) -> None:
    """Remove a run's folder.

    Parameters
    ----------
    run : Run

    Raises
    ------
    InputError
        If it is a link, holds the working folder, is being written, or cannot be removed.
    """
    folder = run.folder
    if folder.is_symlink() or Path.cwd().is_relative_to(folder.resolve()):
        message = f"{folder}: is {'a link' if folder.is_symlink() else 'where you are'}; it is not removed"
        raise InputError(message)
    if run.status == "running":
        message = f"{folder}: process {run.process} is writing it; stop that first"
        raise InputError(message)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        message = f"{folder}: cannot be removed: {error.strerror or error}"
        raise InputError(message) from error


def run_record(run: Run) -> dict[str, Any]:
    """Return a run as `run.json` has it.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
    """
    told = {"schema": SCHEMA, **{key: value for key, value in asdict(run).items() if key != "folder"}}
    return dict(clean(told))


def _write(run: Run) -> None:
    """Write the record of a run."""
    write_atomically(run.folder / RECORD, dumps(run_record(run)))


def _read(folder: Path, name: str) -> Run:
    """Read the record of a run; without one, say what its documents tell."""
    plain = Run(name, folder, next((verb for file, verb in DOCUMENTS.items() if (folder / file).is_file()), "?"))
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return replace(plain, files=tuple(_files(folder, hashed=False)))
    except (OSError, ValueError) as error:
        return replace(plain, words=f"{RECORD} cannot be read: {error}")
    if not isinstance(told, Mapping) or told.get("schema") != SCHEMA:
        return replace(plain, words=f"{RECORD} is not of the schema {SCHEMA}")
    known = {key: told[key] for key in Run.__slots__ if key in told and key not in ("name", "folder", "files")}
    run = replace(plain, **known, files=tuple(File(**file) for file in told.get("files", ())))
    return replace(run, status="interrupted") if run.status == "running" and not _lives(run) else run


def _lives(run: Run) -> bool:
    """Return whether the process that writes a run is there; one on another machine is taken to be."""
    if run.host != socket.gethostname():
        return True
    try:
        os.kill(run.process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _files(folder: Path, *, hashed: bool = True) -> Iterator[File]:
    """Return the files of a run but its record, by name."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name != RECORD and not path.name.startswith("."):
            digest = hashlib.sha256()
            wanted = hashed and path.parent.name != PARTS
            if wanted:
                with path.open("rb") as file:
                    while block := file.read(BLOCK_BYTES):
                        digest.update(block)
            yield File(path.relative_to(folder).as_posix(), path.stat().st_size, digest.hexdigest() if wanted else "")


def _now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
