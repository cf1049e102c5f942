"""Parts of a long run: whoever is killed, nothing is lost, done twice into the result, or left half-written."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gigawatt.errors import InputError
from gigawatt.planning.executors import MOST_DEATHS, Workers, run_parts
from gigawatt.planning.parts import Interrupted, is_whole, missing_parts, part_path, write_part

ROWS = 4
LONGEST_S = 20.0  # for what ends at once
# A driver of its own, as a user's script is one: this module is found beside it.
DRIVER = (
    "import sys; sys.path.insert(0, {here!r})\n"
    "from pathlib import Path\n"
    "from gigawatt.planning.executors import run_parts\n"
    "from test_executors import Slow\n"
    "if __name__ == '__main__':\n"
    "    run_parts(Slow({pause_s}), {parts}, Path({folder!r}), workers={workers})\n"
)


def drawn(part: int) -> dict[str, np.ndarray]:
    """Draw some numbers that hang on the number of the part alone."""
    stream = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(part,)))
    return {"draw": np.arange(part * ROWS, (part + 1) * ROWS), "value": stream.random(ROWS)}


@dataclass(frozen=True)
class Slow:
    """The same, after a pause."""

    pause_s: float

    def __call__(self, part: int) -> dict[str, np.ndarray]:
        time.sleep(self.pause_s)
        return drawn(part)


@dataclass(frozen=True)
class KillsOnce:
    """The same, but the worker that comes to a certain part first is killed in the midst of it."""

    mark: Path
    at: int

    def __call__(self, part: int) -> dict[str, np.ndarray]:
        if part == self.at and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return drawn(part)


def kills_always(part: int) -> dict[str, np.ndarray]:
    """Kill the worker at one part, always."""
    if part == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return drawn(part)


def fails(part: int) -> dict[str, np.ndarray]:
    """Fail at one part, as wrong input would."""
    if part == 1:
        message = "part 1 is wrong"
        raise InputError(message)
    return drawn(part)


def stops_at(part: int, at: int) -> dict[str, np.ndarray]:
    """Raise what Ctrl-C raises, at one part."""
    if part == at:
        raise KeyboardInterrupt
    return drawn(part)


def rows_of(folder: Path) -> list[tuple[int, float]]:
    """Read all parts in order."""
    import duckdb

    return duckdb.connect().sql(f"SELECT draw, value FROM '{folder / 'parts' / '*.parquet'}' ORDER BY draw").fetchall()


def expected(parts: int) -> list[tuple[int, float]]:
    """Return the rows that all parts hold."""
    columns = [drawn(part) for part in range(parts)]
    return [(int(d), float(v)) for each in columns for d, v in zip(each["draw"], each["value"], strict=True)]


def start(folder: Path, parts: int, workers: int, pause_s: float = 0.15) -> subprocess.Popen[str]:
    """Start a driver in a process and wait until it has done three parts."""
    code = DRIVER.format(
        here=str(Path(__file__).parent), folder=str(folder), parts=parts, workers=workers, pause_s=pause_s
    )
    script = folder.with_suffix(".py")
    script.write_text(code)
    driver = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 60
    while len(list(folder.glob("parts/part-*.parquet"))) < 3:
        assert driver.poll() is None, driver.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.02)
    return driver


def members_of(group: int) -> list[int]:
    """Return the processes of a group that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_parts_are_the_same_for_any_number_of_workers(tmp_path, workers):
    told: list[tuple[int, int]] = []
    run_parts(drawn, 5, tmp_path, workers=workers, progress=lambda done, parts: told.append((done, parts)))
    assert rows_of(tmp_path) == expected(5)
    assert told == [(done, 5) for done in range(6)]
    assert sorted(path.name for path in (tmp_path / "parts").glob("part*")) == [
        f"part-{part:05d}.parquet" for part in range(5)
    ]


def test_a_killed_worker_loses_nothing(tmp_path):
    mark = tmp_path / "killed"
    run_parts(KillsOnce(mark, at=3), 8, tmp_path / "run", workers=2)
    assert mark.exists()
    assert rows_of(tmp_path / "run") == expected(8)
    assert not list((tmp_path / "run" / "parts").glob(".part-*"))


def test_workers_do_one_run_after_another_and_end_with_their_block(tmp_path):
    with Workers(2) as crew:
        crew.get_ready(2)
        started = {process.pid for process in multiprocessing.active_children()}
        assert len(started) == 2
        run_parts(drawn, 4, tmp_path / "one", workers=2, crew=crew)
        assert {process.pid for process in multiprocessing.active_children()} == started
        run_parts(KillsOnce(tmp_path / "killed", at=1), 4, tmp_path / "two", workers=2, crew=crew)
    assert not multiprocessing.active_children()
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "two") == expected(4)


def test_what_is_not_a_number_is_missing_in_the_file(tmp_path):
    import duckdb

    write_part({"draw": np.arange(3), 'a "name"': np.array([1.0, np.nan, np.inf])}, tmp_path / "it's.parquet")
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT * FROM read_parquet(?)", [str(tmp_path / "it's.parquet")]).fetchall()
    assert rows == [(0, 1.0), (1, None), (2, np.inf)]


def test_a_part_that_kills_every_worker_is_named(tmp_path):
    with pytest.raises(InputError, match=rf"workers died {MOST_DEATHS} times with part \d under way.*fewer workers"):
        run_parts(kills_always, 3, tmp_path, workers=2)


def test_a_killed_driver_takes_its_workers_with_it_and_the_run_goes_on(tmp_path):
    folder = tmp_path / "run"
    driver = start(folder, parts=60, workers=2)
    driver.kill()  # SIGKILL: no handler of ours runs
    driver.communicate()
    until = time.monotonic() + 20
    while members_of(driver.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not members_of(driver.pid)
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("parts/part-*.parquet")}
    assert 3 <= len(kept) < 60
    told: list[tuple[int, int]] = []
    run_parts(drawn, 60, folder, workers=1, progress=lambda *state: told.append(state))
    assert told[0] == (len(kept), 60)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert rows_of(folder) == expected(60)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path, workers):
    folder = tmp_path / "run"
    driver = start(folder, parts=60, workers=workers)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, words = driver.communicate(timeout=20)
    kept = 60 - len(missing_parts(folder, 60))
    assert 3 <= kept < 60
    assert f"Interrupted: {kept} of 60 parts are kept in {folder}; the same command with --resume goes on" in words
    until = time.monotonic() + LONGEST_S
    while members_of(driver.pid) and time.monotonic() < until:  # the system may take a moment to bury them
        time.sleep(0.05)
    assert not members_of(driver.pid)
    assert not list(folder.glob("parts/.part-*"))


def test_an_interrupt_counts_the_parts(tmp_path):
    with pytest.raises(Interrupted) as told:
        run_parts(partial(stops_at, at=2), 5, tmp_path, workers=1)
    assert (told.value.done_count, told.value.parts_count) == (2, 5)
    run_parts(drawn, 5, tmp_path, workers=1)
    assert rows_of(tmp_path) == expected(5)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_in_a_part_is_told(tmp_path, workers):
    with pytest.raises(InputError, match="part 1 is wrong"):
        run_parts(fails, 4, tmp_path, workers=workers)
    assert not is_whole(part_path(tmp_path, 1))


@pytest.mark.parametrize("broken", [b"", b"PAR1", b"PAR1 cut short"])
def test_a_file_that_is_not_whole_is_done_again(tmp_path, broken):
    run_parts(drawn, 3, tmp_path, workers=1)
    part_path(tmp_path, 1).write_bytes(broken)
    (tmp_path / "parts" / ".part-00002.parquet.77.part").write_bytes(b"left by a killed worker")
    assert missing_parts(tmp_path, 3) == [1]
    run_parts(drawn, 3, tmp_path, workers=1)
    assert rows_of(tmp_path) == expected(3)
    assert not list((tmp_path / "parts").glob(".part-*"))


def test_a_folder_of_another_run_is_refused(tmp_path):
    run_parts(drawn, 3, tmp_path, workers=1)
    with pytest.raises(InputError, match=r"holds part-00002\.parquet, which is no part of this run of 2"):
        run_parts(drawn, 2, tmp_path, workers=1)


def test_two_processes_do_not_write_one_run(tmp_path):
    folder = tmp_path / "run"
    driver = start(folder, parts=60, workers=1)
    try:
        with pytest.raises(InputError, match="another process is writing this run"):
            run_parts(drawn, 60, folder, workers=1)
    finally:
        driver.kill()
        driver.communicate()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"executor": "loca"}, '"loca" is no executor. Nearest: local.'),
        ({"workers": 0}, "0 workers do nothing"),
        ({"workers": 2, "work": lambda part: drawn(part)}, "cannot be sent to other processes; use one worker"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path, asked, words):
    with pytest.raises(InputError, match=words):
        run_parts(asked.pop("work", drawn), 3, tmp_path, **asked)
