"""gigawatt runs, export and report over real run folders."""

from __future__ import annotations

import csv
import io
import shutil

import pytest

RUN = "small"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Plan the smallest shipped scenario into a folder of runs."""
    from gigawatt.planning.pipeline import make_plan
    from gigawatt.planning.run_folders import recorded
    from gigawatt.planning.store import save_run
    from gigawatt.scenario.read import read
    from gigawatt.scenario.resolve import resolve

    root = tmp_path_factory.mktemp("working") / "runs"
    made = make_plan(resolve(read("sovereign-1mw")), draws_count=0)
    with recorded(root / RUN, "plan", made.scenario_id, inputs=made.inputs, seed=0):
        save_run(made, root / RUN)
    return root


def test_list(gigawatt, runs):
    ran = gigawatt("runs", "list", "--in", str(runs))
    assert ran.code == 0
    assert [word in ran.out for word in (RUN, "plan", "sovereign-1mw", "done")] == [True] * 4
    (run,) = gigawatt("runs", "--in", str(runs), "--json").document["result"]["runs"]
    assert (run["name"], run["status"], run["seed"]) == (RUN, "done", 0)
    assert len(run["inputs_sha256"]) == 64


def test_an_empty_folder_says_what_to_do(gigawatt, tmp_path):
    ran = gigawatt("runs", "--in", str(tmp_path))
    assert (ran.code, "gigawatt plan SCENARIO makes one" in " ".join(ran.out.split())) == (0, True)


def test_show(gigawatt, runs):
    ran = gigawatt("runs", "show", RUN, "--in", str(runs))
    assert ran.code == 0
    assert "432 GPUs" in ran.out
    result = gigawatt("runs", "show", RUN, "--in", str(runs), "--json").document["result"]
    assert result["metrics"]["fleet.gpus_bought"]["value"] == 432
    assert "months" in result["tables"]


def test_query(gigawatt, runs):
    sql = "SELECT max(gpus_online) AS most FROM months"
    assert gigawatt("runs", "query", sql, "--in", str(runs), "--json").document["result"] == {
        "rows": [{"most": 432.0}],
        "more": False,
    }
    ran = gigawatt("runs", "query", "SELECT run, month FROM months", "--of", RUN, "--in", str(runs), "--csv")
    rows = list(csv.reader(io.StringIO(ran.out)))
    assert rows[:2] == [["run", "month"], [RUN, "2025-07"]]
    assert len(rows) > 40
    cut = gigawatt("runs", "query", "SELECT month FROM months", "--rows", "2", "--in", str(runs))
    assert "the first 2 rows; --rows 0 shows all" in cut.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lst",), "Nearest: list"),
        (("list", "x"), "runs show RUN shows one"),
        (("show",), "runs show takes one run, got 0"),
        (("show", "smalll"), "Nearest: small"),
        (("query", "COPY months TO 'x'"), "a query is one SELECT"),
        (("query", "SELECT 1", "2"), "takes one SELECT, in quotes, got 2"),
        (("query", "SELECT 1", "--of", "no"), 'there is no run "no"'),
        (("rm",), "takes the names"),
        (("rm", RUN), "add --yes"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(gigawatt, runs, words, said):
    ran = gigawatt("runs", *words, "--in", str(runs))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_export(gigawatt, runs, tmp_path):
    ran = gigawatt("export", RUN, "--in", str(runs), "--out", str(tmp_path))
    assert ran.code == 0
    assert (tmp_path / "units.csv").is_file()
    with (tmp_path / "months.csv").open() as file:
        assert max(float(row["gpus_online"]) for row in csv.DictReader(file)) == 432.0
    files = gigawatt("export", RUN, "--in", str(runs), "--to", "parquet", "--json").document["result"]["files"]
    assert str(runs / RUN / "export" / "months.parquet") in files
    assert "export" not in gigawatt("runs", "show", RUN, "--in", str(runs), "--json").document["result"]["tables"]


def test_remove(gigawatt, runs, tmp_path):
    shutil.copytree(runs, tmp_path / "runs")
    ran = gigawatt("runs", "rm", RUN, "--yes", "--in", str(tmp_path / "runs"))
    assert (ran.code, "removed" in ran.err) == (0, True)
    assert not (tmp_path / "runs" / RUN).exists()


@pytest.mark.browser
def test_a_report_is_printed(gigawatt, runs):
    from gigawatt.views.report.printed import BROWSERS

    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("no Chromium")
    (runs / RUN / "report.html").write_text("<!doctype html><title>x</title><p>a page")
    ran = gigawatt("report", RUN, "--pdf", "--png", "--in", str(runs))
    assert ran.code == 0, ran.err
    assert (runs / RUN / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert (runs / RUN / "report.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_browser_the_report_is_named(gigawatt, runs, monkeypatch, tmp_path):
    (runs / RUN / "report.html").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = gigawatt("report", RUN, "--pdf", "--in", str(runs))
    assert (ran.code, "PDF is printed by Chromium or Chrome" in ran.err) == (2, True)
    (runs / RUN / "report.html").unlink()
