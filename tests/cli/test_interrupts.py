"""Ctrl-C on a real process: one line, exit code 130, at once, and nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# A shell that runs this in the background hands "ignore Ctrl-C" on; a terminal does not.
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from gigawatt.__main__ import main; main()\n"
)
# The same, and presses Ctrl-C itself: a while after a module is there that the work begins with, or once a file is.
START_AND_STOP = """
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
what, after_s = sys.argv.pop(1), float(sys.argv.pop(1))
def stop():
    while what not in sys.modules and not os.path.exists(what):
        time.sleep(0.005)
    time.sleep(after_s)
    os.killpg(0, signal.SIGINT)
threading.Thread(target=stop, daemon=True).start()
from gigawatt.__main__ import main
main()
"""
# Ctrl-C comes while the modules of the command line are being imported.
START_AND_STOP_AT_ONCE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Stop:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Stop())
from gigawatt.__main__ import main
main()
"""
SOON_S = 0.15
LONGEST_S = 120.0
WORKING_S = 4.0  # past its imports, in the midst of what it does


def interrupted(folder: Path, words: list[str], begun: Callable[[], bool]) -> tuple[int, str, str]:
    """Start a verb, wait until it has begun its work, send Ctrl-C to all its processes."""
    verb = subprocess.Popen(
        [sys.executable, "-c", START, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + LONGEST_S
        while not begun():
            assert verb.poll() is None, verb.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        os.killpg(verb.pid, signal.SIGINT)
        out, said = verb.communicate(timeout=LONGEST_S)
    finally:
        verb.kill()
    return verb.returncode, out, said


def half_written(folder: Path) -> list[Path]:
    """Return what an atomic write leaves only when it is cut short."""
    return [
        path for path in folder.rglob("*") if path.is_file() and (path.name.startswith(".") and path.name != ".lock")
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "meta-2025", "--draws", "100000", "--out", "made"],
        [
            "facility",
            "stargate-abilene",
            "--supply",
            "sized",
            "--grid-mw",
            "0",
            "--full",
            "--commitment",
            "--out",
            "made",
        ],
        ["validate"],
    ],
    ids=lambda words: words[0],
)
def test_a_verb_ends_in_a_line_and_leaves_nothing(tmp_path, words):
    began = time.monotonic()
    code, out, said = interrupted(tmp_path, words, lambda: time.monotonic() - began > WORKING_S)
    assert (code, out, said) == (130, "", "stopped\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["typer", "gigawatt.views.cli.validate"])
def test_a_start_ends_in_a_line(module):
    ran = subprocess.run(
        [sys.executable, "-c", START_AND_STOP_AT_ONCE, module], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "stopped\n")


def test_a_study_keeps_its_parts_and_says_how_to_go_on(tmp_path):
    words = ["study", "sovereign-1mw", "--samples", "128", "--workers", "1", "--out", "made"]
    code, out, said = interrupted(tmp_path, words, lambda: len(list(tmp_path.glob("made/parts/part-*"))) > 0)
    assert (code, out) == (130, "")
    assert said.startswith("stopped: ")
    assert said.endswith("parts are kept in made; the same command with --resume goes on from there\n")
    assert said.count("\n") == 1
    assert json.loads((tmp_path / "made" / "run.json").read_text())["status"] == "interrupted"
    assert not half_written(tmp_path)


def stopped(folder: Path, words: str, what: str, after_s: float) -> subprocess.CompletedProcess[str]:
    """Run a verb that is stopped from within; TMPDIR lies in the folder, so that what is left there is seen."""
    (folder / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-c", START_AND_STOP, what, str(after_s), *words.split()],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=LONGEST_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "module"),
    [
        ("train --model llama-3.1-405b --accelerator h100-sxm --gpus 16384", "gigawatt.planning.jobs"),
        ("finetune --model llama-3.1-70b", "gigawatt.planning.finetune"),
        ("scale --accelerator gb300-nvl72 --gpus 16384 --days 90", "gigawatt.planning.model_budget"),
        ("optimise coreweave-2025 --out made", "highspy"),
        # its workers start: they neither see the Ctrl-C that the terminal sends them too, nor outlive the study
        ("study meta-2025 --samples 1024 --workers 2", "multiprocessing.popen_spawn_posix"),
        (
            "serve --model llama-3.1-8b --accelerator h100-sxm --trace synthetic --requests 200/s --duration 1h "
            "--input 500 --output 100",
            "gigawatt.planning.requests",
        ),
        (
            "fleet --model llama-3.1-8b --run-gpus 1024 --gpus 1M --days 7000 --out made --events",
            "gigawatt.engines.fleet.simulator",
        ),
    ],
    ids=lambda text: text.split()[0],
)
def test_a_verb_at_work_ends_at_once(tmp_path, words, module):
    ran = stopped(tmp_path, words, module, SOON_S)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "stopped\n")
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_a_fleet_stopped_while_it_is_written_leaves_whole_files(tmp_path):
    words = "fleet --workload helios-venus --gpus 1024 --days 20 --out made --events"
    ran = stopped(tmp_path, words, "made/run.json", 0.0)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "stopped\n")
    assert json.loads((tmp_path / "made" / "run.json").read_text())["status"] == "interrupted"
    assert not half_written(tmp_path)
    assert not list(tmp_path.glob("made/**/.fleet-*"))
    assert not list((tmp_path / "tmp").iterdir())
