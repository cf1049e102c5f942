"""The verb study: document, screen, folder, report, exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

FEW = ("--samples", "64", "--workers", "1")


def test_study_prints_one_document(gigawatt: Run) -> None:
    ran = gigawatt("study", "neocloud-20mw", *FEW, "--json", "--against", "neocloud-20mw finance.tax=0 %")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    document = ran.document
    assert document["schema"] == "gigawatt/study/1"
    assert document["inputs"]["against"] == ["neocloud-20mw finance.tax=0 %"]
    result = document["result"]
    npv = result["metrics"]["finance.npv_usd"]
    assert npv["p10"] < npv["p50"] < npv["p90"]
    assert {choice["name"] for choice in result["choices"]} == {"neocloud-20mw", "neocloud-20mw finance.tax=0 %"}
    assert len(result["months"]["cash_usd"]["p90"]) == len(result["months"]["cash_usd"]["months"])
    assert {"figure", "rank_correlation", "worth_of_knowing", "family"} < set(result["figures"][0])
    assert result["checks"]["statements_usd"] < 0.01
    assert result["sobol"] == []
    assert document["provenance"]


def test_study_fits_a_narrow_terminal_and_names_what_drives(gigawatt: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("gigawatt.views.terminal.console", lambda: Console(width=80, highlight=False, markup=False))
    ran = gigawatt("study", "neocloud-20mw", *FEW)
    assert ran.code == 0, ran.err
    assert max(map(len, ran.out.splitlines())) <= 80
    for word in (
        "P10",
        "P90",
        "in eight draws of ten",
        "capacity_contract",
        "█",
        "building nothing",
        "by rank correlation",
        "--out DIR",
    ):
        assert word in ran.out


def test_study_keeps_its_draws_and_reports(gigawatt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gigawatt.planning.study.run.SOBOL_FIGURES_COUNT", 3)
    monkeypatch.setattr("gigawatt.planning.study.run.SOBOL_SAMPLES_COUNT", 16)
    words = ("study", "neocloud-20mw", *FEW, "--sobol", "--out", str(tmp_path))
    ran = gigawatt(*words)
    assert ran.code == 0, ran.err
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    wanted = {"study.json", "report.html", "scenario.yaml", "parts/part-00000.parquet", "tables/months.parquet"}
    assert wanted <= names
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    for word in ("figure-tornado", "figure-variance", "figure-fan-cash_usd", "Choices under the same draws"):
        assert word in report
    assert "<script" not in report
    assert "share of the variance" in ran.out
    before = (tmp_path / "parts" / "part-00000.parquet").stat().st_mtime_ns
    assert gigawatt(*words, "--resume").code == 0
    assert (tmp_path / "parts" / "part-00000.parquet").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--resume",), "name the folder of the study with --out"),
        (("--goal", "npv"), "no metric that a draw has"),
        (("--against", ""), "name a scenario"),
        (("--against", "finance.tax=0 %"), "name a scenario"),
        (("--executor", "cloud"), '"cloud" is no executor'),
        (("--samples", "0"), "not between 1 and"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(gigawatt: Run, words: tuple[str, ...], told: str) -> None:
    ran = gigawatt("study", "neocloud-20mw", *words)
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err
