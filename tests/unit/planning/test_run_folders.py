"""Run folders: a record that tells how a run ended, whatever happened to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gigawatt.errors import InputError, RunNotFoundError
from gigawatt.planning.run_folders import RECORD, find_run, hash_of, list_runs, recorded, remove_run


def test_a_finished_run_has_its_record_with_hashes(tmp_path):
    folder = tmp_path / "a"
    with recorded(folder, "plan", "meta-2025", inputs={"x": 1}, seed=3):
        (folder / "plan.json").write_text("{}")
        (folder / "parts").mkdir()
        (folder / "parts" / "part-00000.parquet").write_bytes(b"12345")
        (folder / ".left").write_text("hidden files are of no run")
    run = find_run("a", tmp_path)
    assert (run.verb, run.about, run.status, run.seed) == ("plan", "meta-2025", "done", 3)
    assert run.inputs_sha256 == hash_of({"x": 1})
    assert run.created <= run.finished
    # echo -n '{}' | sha256sum; parts are many and large: their size is kept, not their hash
    assert [(file.path, file.bytes, file.sha256) for file in run.files] == [
        ("parts/part-00000.parquet", 5, ""),
        ("plan.json", 2, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
    ]


def test_the_hash_of_a_question_does_not_hang_on_the_order_of_its_keys():
    assert hash_of({"a": 1, "b": [2.0, None]}) == hash_of({"b": [2.0, None], "a": 1})
    assert hash_of({"a": 1}) != hash_of({"a": 2})


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(KeyboardInterrupt, "interrupted", ""), (InputError("no such row"), "failed", "no such row")],
)
def test_a_run_that_did_not_end_well_tells_so(tmp_path, error, status, words):
    with pytest.raises((KeyboardInterrupt, InputError)), recorded(tmp_path / "a", "study"):
        raise error
    run = find_run("a", tmp_path)
    assert (run.status, run.words) == (status, words)


def test_a_killed_run_is_told_from_a_running_one(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from gigawatt.planning.run_folders import recorded\n"
        "with recorded(Path(sys.argv[1]), 'fleet'): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "killed")], check=False)
    assert json.loads((tmp_path / "killed" / RECORD).read_text())["status"] == "running"
    assert find_run("killed", tmp_path).status == "interrupted"
    with recorded(tmp_path / "alive", "fleet"):
        run = find_run("alive", tmp_path)
        assert run.status == "running"
        with pytest.raises(InputError, match=f"process {os.getpid()} is writing it"):
            remove_run(run)


def test_no_folder_no_record():
    with recorded(None, "plan"):
        pass


def test_runs_are_found_by_name_by_folder_and_without_a_record(tmp_path):
    for name in ("meta", "deep/inner"):
        with recorded(tmp_path / name, "plan"):
            pass
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "fleet.json").write_text("{}")
    (tmp_path / "notes").mkdir()
    assert sorted((run.name, run.verb, run.status) for run in list_runs(tmp_path)) == [
        ("deep/inner", "plan", "done"),
        ("meta", "plan", "done"),
        ("old", "fleet", "unknown"),
    ]
    assert find_run(tmp_path / "meta", tmp_path / "elsewhere").folder == tmp_path / "meta"
    with pytest.raises(RunNotFoundError, match=r'no run "mata"\. Nearest: meta'):
        find_run("mata", tmp_path)
    with pytest.raises(RunNotFoundError, match="There is none yet; gigawatt plan SCENARIO makes one"):
        find_run("meta", tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[1]", '{"schema": "other/1"}', "\0"])
def test_a_broken_record_is_said_not_fatal(tmp_path, text):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / RECORD).write_text(text)
    (run,) = list_runs(tmp_path)
    assert run.status == "unknown"
    assert RECORD in run.words


def test_a_run_is_removed_and_nothing_else(tmp_path, monkeypatch):
    with recorded(tmp_path / "a", "plan"):
        pass
    (tmp_path / "link").symlink_to(tmp_path / "a", target_is_directory=True)
    with pytest.raises(InputError, match="is a link"):
        remove_run(find_run("link", tmp_path))
    monkeypatch.chdir(tmp_path / "a")
    with pytest.raises(InputError, match="where you are"):
        remove_run(find_run("a", tmp_path))
    monkeypatch.chdir(tmp_path)
    remove_run(find_run("a", tmp_path))
    assert not (tmp_path / "a").exists()
