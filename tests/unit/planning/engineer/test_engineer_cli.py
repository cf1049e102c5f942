"""The verb: a small search from the command line to a policy that the simulator takes, a review, the leaderboard."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from gigawatt.catalogue import load
from gigawatt.errors import InputError
from gigawatt.planning.engineer import Question
from gigawatt.planning.engineer.court import verdict_of
from gigawatt.planning.engineer.evolve import text_of
from gigawatt.planning.engineer.judge import judged
from gigawatt.planning.engineer.targets import TARGETS
from gigawatt.views.cli import app
from tests.unit.planning.engineer.conftest import some_jobs

JOBS = some_jobs(weeks=4, per_week=200)
SMALL = [
    "--gpus",
    "128",
    "--draws",
    "2",
    "--budget",
    "8",
    "--workers",
    "1",
    "--load",
    "80%",
    "--accelerator",
    "h100-sxm",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a trace in a table of one's own."""
    path = tmp_path_factory.mktemp("engineer")
    rows = zip(JOBS.submit_s_N, JOBS.work_s_N, JOBS.gpus_N, strict=True)
    lines = ["submit,duration,gpus", *(f"{submit:.0f},{work:.0f},{gpus}" for submit, work, gpus in rows)]
    (path / "jobs.csv").write_text("\n".join(lines) + "\n")
    return path


def gigawatt(*words):
    """Run the program."""
    return CliRunner().invoke(app, ["engineer", *[str(word) for word in words]])


@pytest.fixture(scope="module")
def evolved(folder):
    """Return the document of a small search."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "gigawatt.planning.engineer.bench._elsewhere", lambda *_: []
        )  # another cluster's year takes seconds
        ran = gigawatt("evolve", "--trace", folder / "jobs.csv", *SMALL, "--out", folder / "first", "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_a_search_from_the_command_line(evolved, folder):
    result = evolved["result"]
    assert evolved["schema"] == "gigawatt/engineer/1"
    assert result["search"]["evaluations"] == 8
    assert result["verdict"]
    assert {"policy.py", "evidence.md", "result.json", "log.jsonl", "state.json", "question.json"} <= {
        path.name for path in (folder / "first").iterdir()
    }
    assert len((folder / "first" / "log.jsonl").read_text().splitlines()) == 8


def test_a_review_measures_the_same_as_the_search_that_wrote_it(evolved, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gigawatt.planning.engineer.bench._elsewhere", lambda *_: [])
        ran = gigawatt(
            "review", folder / "first" / "policy.py", "--trace", folder / "jobs.csv", *SMALL, "--out", folder / "mine"
        )
    assert ran.exit_code == 0, ran.output
    again = json.loads((folder / "mine" / "result.json").read_text())["result"]
    assert again["bench"] == evolved["result"]["bench"]
    assert again["measures"]["policy"] == evolved["result"]["measures"]["policy"]
    assert again["verdict"] in ran.output.replace("\n", " ") or again["verdict"][:40] in ran.output
    places = json.loads(gigawatt("leaderboard", folder, "--json").stdout)["result"]["places"]
    assert len(places) == 2
    assert "scheduler" in gigawatt("leaderboard", folder).stdout


class Here:
    """Judges in this process: starting others takes seconds, and other tests do."""

    barred = ()

    def __init__(self, bench, workers):
        self.bench, self.kind = bench, TARGETS[bench.question.target].measures

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def texts(self, texts, slices):
        """Judge policies."""
        return self._all("text", texts, slices)

    def rivals(self, names, slices):
        """Judge rules by hand."""
        return self._all("rival", names, slices)

    def _all(self, key, values, slices):
        asked = [{key: value, "slices": list(slices)} for value in values]
        return [verdict_of(judged(self.bench, item), len(slices), self.kind) for item in asked]


def test_a_scenario_is_searched_reviewed_and_ranked(tmp_path):
    asked = ["--scenario", "sovereign-1mw", "--target", "checkpoint", "--weeks", "3", "--draws", "1", "--workers", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gigawatt.planning.engineer.scenario_bench._elsewhere", lambda *_: [])
        patch.setattr(sys.modules["gigawatt.planning.engineer.evolve"], "Court", Here)  # a function has its name
        ran = gigawatt("evolve", *asked, "--budget", "2", "--out", tmp_path / "a", "--json")
        assert ran.exit_code == 0, ran.output
        first = json.loads(ran.stdout)
        ran = gigawatt("review", tmp_path / "a" / "policy.py", *asked, "--out", tmp_path / "b")
    assert ran.exit_code == 0, ran.output
    assert "gigawatt fleet sovereign-1mw --policy" in ran.output.replace("\n", " ")
    assert first["inputs"]["scenario"] == "sovereign-1mw"
    again = json.loads((tmp_path / "b" / "result.json").read_text())["result"]
    assert again["bench"] == first["result"]["bench"]
    assert again["measures"] == first["result"]["measures"]
    places = json.loads(gigawatt("leaderboard", tmp_path, "--json").stdout)["result"]["places"]
    assert [place["target"] for place in places] == ["checkpoint", "checkpoint"]


def test_an_unknown_scenario_names_the_nearest(tmp_path):
    ran = gigawatt("evolve", "--scenario", "neocloud-20m", "--out", tmp_path / "x")
    assert "neocloud-20mw" in str(ran.exception)
    assert not (tmp_path / "x").exists()


def test_a_search_that_is_there_is_not_overwritten(evolved, folder):
    ran = gigawatt("evolve", "--trace", folder / "jobs.csv", *SMALL, "--out", folder / "first")
    assert ran.exit_code != 0
    assert isinstance(ran.exception, InputError)
    assert "--resume" in str(ran.exception)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["evolv"], "Nearest: evolve"),
        (["review"], "takes a file"),
        (["evolve", "mine.py"], "takes a file"),
        (["evolve", "--target", "schedular"], "Nearest: scheduler"),
        (["evolve", "--llm", "http://localhost"], "go together"),
        (["evolve", "--llm", "localhost", "--model", "m"], "no address"),
        (["evolve", "--load", "300%"], "load"),
        (["evolve", "--scenario", "neocloud-20mw", "--gpus", "100"], "leave it out, or leave out the scenario"),
        (["evolve", "--set", "fleet.policy=fifo"], "settings are a scenario's"),
        (["review", "nothing.py"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(words, reason, tmp_path):
    ran = gigawatt(*words, *(["--out", tmp_path / "x"] if "evolve" in words else []))
    assert isinstance(ran.exception, InputError)
    assert reason in str(ran.exception)


def test_a_policy_for_another_hook_is_said(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def placement(pod_free_nodes):\n    return -pod_free_nodes\n")
    with pytest.raises(InputError, match="has no policy for queue"):
        text_of(path, "scheduler")


def test_the_question_names_every_fault_at_once():
    with pytest.raises(InputError) as error:
        Question(target="x", trace="a", workload="b", gpus=-1, budget_s=-1.0).require_valid()
    assert all(words in str(error.value) for words in ("target", "not both", "at least 1", "not negative"))
    assert load().workloads["philly"]
