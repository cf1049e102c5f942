"""The judge: a clean process with bounds; whatever a policy tries ends in a rejection, and nothing outside changes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import pytest

from gigawatt.planning.engineer.court import KEPT_VARIABLES, Court, verdict_of
from gigawatt.planning.engineer.judge import judged
from gigawatt.planning.engineer.measures import mean_of
from tests.unit.policy.hostile import HOSTILE

ROOT = Path(__file__).parents[4]
# The texts that the gate's own tests hold back, with the names of this hook's features.
RENAMED = (("wait_h", "wait_s"), ("run_time_h", "run_time_s"), ("free_frac", "done_frac"))


def hostile_texts():
    """Return hostile policies as a proposer could send them: text alone."""
    found = []
    for _, text in HOSTILE:
        if isinstance(text, str):
            for old, new in RENAMED:
                text = text.replace(old, new)
            found.append(text)
    return found


def test_a_judge_measures_as_the_simulator_does_in_this_process(bench, court):
    places = bench.of("test")[:2]
    there = court.texts(["-run_time_s"], places)[0]
    here = verdict_of(judged(bench, {"text": "-run_time_s", "slices": places}), 2)
    assert there == here
    assert there.parts == 2
    assert mean_of(list(there.rows)).mean_wait_s > 0.0


def test_answers_come_in_the_order_of_the_texts_for_any_number_of_judges(bench, court):
    texts = ["-submit_s", "-run_time_s", "no_such_feature", "-job_gpus"]
    with Court(bench, workers=2) as other:
        assert other.texts(texts, [0, 1]) == court.texts(texts, [0, 1])


def test_first_come_first_served_written_is_the_rule_of_the_simulator(bench, court):
    # the same backfilling, one class of jobs: the written order of submission is the built-in one
    written, built_in = court.texts(["-submit_s"], [0])[0], court.rivals(["easy-backfill"], [0])[0]
    assert astuple(written.rows[0]) == astuple(built_in.rows[0])


def test_hostile_texts_through_the_whole_path_change_nothing_outside(court, bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(Path(court._folder.name).iterdir())
    texts = hostile_texts()
    assert len(texts) >= 200
    verdicts = court.texts(texts, bench.of("train")[:1])
    assert all(verdict.rejected and not verdict.rows for verdict in verdicts)
    assert not any("ended" in verdict.rejected for verdict in verdicts)  # the gate holds them; no judge had to die
    assert sorted(Path(court._folder.name).iterdir()) == before == []
    assert list(tmp_path.iterdir()) == []


def test_a_judge_has_no_secrets_in_its_environment(bench, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "do-not-tell")
    with Court(bench, workers=1) as found:
        process = found._judges[0].process
        seen = Path(f"/proc/{process.pid}/environ")
        if not seen.exists():
            pytest.skip("the system shows no environment of processes")
        names = {item.partition(b"=")[0].decode() for item in seen.read_bytes().split(b"\0") if item}
    assert "OPENAI_API_KEY" not in names
    assert names <= {*KEPT_VARIABLES, "LC_CTYPE"}


WALL = """
import sys; sys.path.insert(0, sys.argv[1])
import os, socket, json
from gigawatt.planning.engineer.judge import MEMORY_BYTES, Sheet, bar
refused = bar(Sheet(None, memory_bytes=1 << 28))
found = {}
def tried(name, act):
    try:
        act()
        found[name] = "done"
    except (OSError, MemoryError) as error:
        found[name] = type(error).__name__
tried("write", lambda: open("was-here", "w").write("x"))
tried("read", lambda: open("/etc/passwd").read())
tried("socket", lambda: socket.socket())
tried("memory", lambda: bytearray(1 << 31))
tried("pipe", lambda: os.pipe())
print(json.dumps({"refused": refused, "found": found}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resource limits are checked on Linux")
def test_the_second_wall_holds_without_the_gate(tmp_path):
    command = [sys.executable, "-I", "-c", WALL, str(ROOT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path)
    answer = json.loads(ran.stdout)
    assert answer["refused"] == []
    assert set(answer["found"].values()) == {"OSError", "MemoryError"}
    assert answer["found"]["memory"] == "MemoryError"
    assert [path for path in tmp_path.iterdir() if path.stat().st_size] == []


def test_a_judge_that_takes_too_long_is_ended_and_the_next_one_answers(bench):
    with Court(bench, workers=1, wall_s=60.0) as found:
        assert found.texts(["-run_time_s"], [0])[0].rows
        found.wall_s = 1e-4
        verdict = found.texts(["-run_time_s"], bench.of("test"))[0]
        assert "ended" in verdict.rejected
        found.wall_s = 60.0
        assert found.texts(["-run_time_s"], [0])[0].rows


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"rows": [[1.0] * 11]},
        {"rows": [[1.0] * 10], "parts": 1},
        {"rows": [[float("inf")] * 11], "parts": 1},
        {"rows": [["1"] * 11], "parts": 1},
        {"rows": [], "parts": 1},
    ],
)
def test_an_answer_that_is_no_measurement_is_a_rejection(answer):
    assert verdict_of(answer, 1).rejected
