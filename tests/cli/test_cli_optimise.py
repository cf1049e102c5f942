"""The verb optimise: document, screen, run folder, exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_optimise_prints_one_document(gigawatt: Run) -> None:
    ran = gigawatt("optimise", "coreweave-2025", "--json", "--gap", "1%")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    document = ran.document
    assert document["schema"] == "gigawatt/optimise/1"
    assert document["inputs"]["gap_pct"] == pytest.approx(1.0)
    assert document["inputs"]["step"] == "month"
    result = document["result"]
    assert result["status"] == "proven"
    assert result["value"] <= result["bound"]
    assert result["gap_pct"] <= 1.0
    assert {"period", "accelerator", "gpus", "usd"} == set(result["orders"][0])
    assert all(rival["value"] <= result["value"] for rival in result["rivals"])
    assert document["provenance"]


def test_optimise_fits_a_narrow_terminal(gigawatt: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gigawatt.views.terminal.console", lambda: _narrow())
    ran = gigawatt("optimise", "coreweave-2025")
    assert ran.code == 0, ran.err
    assert max(map(len, ran.out.splitlines())) <= 80
    for word in (
        "NPV",
        "none can be better than",
        "gb200-nvl72",
        "what binds",
        "would be bought below",
        "this optimum",
    ):
        assert word in ran.out


def _narrow() -> Any:
    """Return a console of 80 characters."""
    from rich.console import Console

    return Console(width=80, highlight=False, markup=False, emoji=False)


def test_optimise_writes_the_plan_of_the_optimum(gigawatt: Run, tmp_path: Path) -> None:
    ran = gigawatt("optimise", "coreweave-2025", "--out", str(tmp_path / "best"), "--json")
    assert ran.code == 0, ran.err
    names = {path.name for path in (tmp_path / "best").iterdir()}
    assert {"optimum.json", "plan.json", "plan.xlsx", "report.html", "scenario.yaml", "tables"} <= names
    again = gigawatt("explain", "finance.npv_usd", str(tmp_path / "best"))
    assert again.code == 0, again.err
    assert gigawatt("check", str(tmp_path / "best" / "scenario.yaml")).code == 0


def test_what_is_impossible_ends_with_three_and_says_why(gigawatt: Run) -> None:
    ran = gigawatt("optimise", "coreweave-2025", "--set", "optimise.carbon=100 t/year")
    assert ran.code == 3
    assert ran.out == ""
    assert "the limit on carbon" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--goal", "npw"), "Nearest: npv"),
        (("--by", "soon"), '--by: "soon" is not a month'),
        (("--gap", "wide"), "--gap"),
        (("--step", "week"), "it is month or quarter"),
    ],
)
def test_a_wrong_option_is_named(gigawatt: Run, words: tuple[str, ...], said: str) -> None:
    ran = gigawatt("optimise", "coreweave-2025", *words)
    assert ran.code == 2
    assert said in ran.err
