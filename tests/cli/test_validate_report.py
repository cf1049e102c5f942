"""`gigawatt validate`: a table that fits 80 columns, and the page that --report writes."""

from __future__ import annotations

import json
import sys

import pytest

from gigawatt.views.cli import main
from gigawatt.views.cli import validate as verb
from tests.unit.views.validation_sample import row, sample_validation, skipped_row

WIDTH = 80


@pytest.fixture
def narrow(monkeypatch, capsys):
    """Run the command line on a terminal of 80 columns with a validation that is known."""

    def run(*words, result=None):
        monkeypatch.setattr("gigawatt.validation.engines.validate", lambda *_: result or sample_validation())
        monkeypatch.setattr(sys, "argv", ["gigawatt", "validate", *words])
        monkeypatch.setenv("COLUMNS", str(WIDTH))
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def long_names():
    from gigawatt.validation.compare import Validation, summarise

    rows = [row(place % 9, "dense/blackwell-ultra/mxfp8", float(place % 7) - 3.0) for place in range(20)]
    names = ("dense blackwell-ultra mxfp8", "j_per_output_token dense", *(f"group-{place}" for place in range(12)))
    few = {f"few-{place}": summarise(rows[:4]) for place in range(3)}
    every = summarise([*rows, skipped_row(1, "no")])
    return Validation(tuple(rows), every, {name: summarise(rows) for name in names} | few, every)


def test_a_group_of_27_characters_stands_on_one_line_of_80(narrow):
    _, out, _ = narrow("training", result=long_names())
    line = next(line for line in out.splitlines() if "blackwell-ultra mxfp8" in line)
    assert line.split()[:4] == ["dense", "blackwell-ultra", "mxfp8", "20"]
    assert max(map(len, out.splitlines())) <= WIDTH


def test_no_line_of_a_table_is_broken(narrow):
    _, out, _ = narrow("training", "--worst", "8", result=long_names())
    body = out.partition("worst rows")[2].splitlines()[2:10]
    assert len(body) == 8
    assert all(line.split()[0].startswith("row-") for line in body)


def test_small_groups_show_only_when_asked_for(narrow):
    _, out, _ = narrow("training", result=long_names())
    assert "few-1" not in out
    assert "3 groups of fewer than 5 rows: --all-groups" in out
    _, out, _ = narrow("training", "--all-groups", result=long_names())
    assert "few-1" in out
    assert "--all-groups" not in out


def test_numbers_are_those_of_the_summary(narrow):
    result = sample_validation()
    _, out, _ = narrow("training", result=result)
    cells = next(line for line in out.splitlines() if line.split()[:1] == ["all"]).split()
    assert cells[1:4] == [
        str(result.summary.n),
        f"{result.summary.median_abs_error_pct:.1f}",
        f"{result.summary.p90_abs_error_pct:.1f}",
    ]


def test_rows_that_cannot_be_predicted_are_counted(narrow):
    _, out, _ = narrow("training")
    assert f"2 of {len(sample_validation().rows)} rows cannot be predicted" in out


def test_a_doubted_row_is_starred_and_its_reason_told(narrow):
    _, out, _ = narrow("training")
    assert "row-7*" in out
    assert "* row-7: early: slow software" in out


def test_report_is_written_and_told_on_standard_error(narrow, tmp_path):
    path = tmp_path / "page.html"
    code, out, err = narrow("training", "--report", str(path))
    assert code == 0
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert str(path) in err.replace("\n", "")
    assert str(path) not in out


def test_report_leaves_the_document_alone(narrow, tmp_path):
    code, out, err = narrow("training", "--json", "--report", str(tmp_path / "page.html"))
    assert code == 0
    assert json.loads(out)["result"]["summary"]["n"] == sample_validation().summary.n
    assert err == ""
    assert (tmp_path / "page.html").is_file()


def test_a_report_that_cannot_be_written_is_an_error_not_a_trace(narrow, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = narrow("training", "--report", str(tmp_path / "file" / "page.html"))
    assert code == 2
    assert "cannot be written" in err


def test_a_real_engine_makes_a_page(gigawatt, tmp_path):
    path = tmp_path / "reliability.html"
    ran = gigawatt("validate", "reliability", "--report", str(path))
    assert ran.code == 0
    assert "reliability figures are predicted within" in path.read_text(encoding="utf-8")


def test_the_example_runs(narrow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = verb.EXAMPLE.partition("gigawatt validate ")[2].split()
    assert narrow(*words)[0] == 0
    assert (tmp_path / words[-1]).is_file()


def test_a_bias_that_rounds_to_nothing_has_no_minus(narrow):
    from gigawatt.validation.compare import Validation, summarise

    rows = [row(place, "dense", -0.01) for place in range(5)]
    _, out, _ = narrow("training", "--worst", "0", result=Validation(tuple(rows), summarise(rows), {}, summarise(rows)))
    assert "+0.0" in out
    assert "-0.0" not in out
