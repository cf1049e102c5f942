"""The terminal: one screen, nothing read as markup, no meaning by colour alone."""

from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from gigawatt.units import say
from gigawatt.views.headlines import headlines
from gigawatt.views.terminal import console, render, show_table
from tests.unit.views.sample import HOSTILE, sample_plan


def _printed(renderable, width=80, **options):
    out = io.StringIO()
    Console(file=out, width=width, height=24, markup=False, highlight=False, **options).print(renderable)
    return out.getvalue()


@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("count", [24, 36, 60, 120])
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_fits_one_screen(width, count, hostile):
    text = render(sample_plan(count, hostile=hostile), width, report="runs/sample/report.html").plain
    lines = text.split("\n")
    assert len(lines) <= 23
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_says_question_figures_limits_claims_and_where_to_go(width):
    plan = sample_plan()
    text = render(plan, width, report="runs/sample/report.html").plain
    assert plan.question[:60] in text
    for metric in headlines(plan):
        assert say(metric.value, metric.unit) in text
    assert "What limits it" in text
    assert "cannot be" in text
    assert text.split("\n")[-2:] == [
        "report: runs/sample/report.html",
        "next:   gigawatt explain finance.npv_usd runs/sample",
    ]


def test_worst_claims_come_first():
    lines = render(sample_plan()).plain.split("\n")
    assert [line[:11].strip() for line in lines if line[:1] in ("×", "≠", "✓")] == [
        "× cannot be",
        "≠ differs",
        "≠ differs",
    ]


@pytest.mark.parametrize(
    ("value", "p10", "p90", "unit", "words"),
    [
        (62.5e9, 59.5e9, 64.2e9, "USD", "59.5 to 64.2"),
        (948e3, 863e3, 1.05e6, "GPU", "863 k to 1.05 M"),
        (942e6, -7.1e9, 6.64e9, "USD", "-7.10 to 6.64 B"),
        (1.02e9, 904e6, 1.22e9, "W", "904 MW to 1.22 GW"),
        (1.2, 1.1, 1.3, "x", "1.10 to 1.30"),
    ],
)
def test_a_band_leaves_out_only_what_the_value_says(value, p10, p90, unit, words):
    metric = dataclasses.replace(sample_plan().metrics[0], label="L", value=value, p10=p10, p90=p90, unit=unit)
    plan = dataclasses.replace(sample_plan(), metrics=(metric,), claims=())
    line = next(line for line in render(plan).plain.split("\n") if line.startswith("L "))
    assert line.rstrip().endswith(f"  {words}")


def test_next_step_names_the_scenario_when_nothing_was_written():
    assert render(sample_plan()).plain.endswith("gigawatt explain finance.npv_usd sample")


def test_an_outcome_is_not_taken_for_an_announcement():
    plan = sample_plan()
    outcome = tuple(claim for claim in plan.claims if claim.kind == "outcome")
    assert "outcome, Capex 2025" in render(dataclasses.replace(plan, claims=outcome)).plain


def test_survives_a_plan_without_claims_or_warnings():
    plan = dataclasses.replace(sample_plan(), claims=(), notices=(), question="")
    text = render(plan).plain
    assert "3 of 3 balances hold" in text
    assert "claims" not in text


def test_colour_can_be_left_out_and_changes_no_word():
    plan = sample_plan(hostile=True)
    assert render(plan, colour=False).plain == render(plan).plain
    assert "\x1b" not in _printed(render(plan, colour=False), force_terminal=True, color_system="truecolor")
    assert "\x1b[" in _printed(render(plan), force_terminal=True, color_system="truecolor")


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert console().no_color


def test_markup_stays_text_in_tables():
    text = _printed(show_table(("[bold]a", "b"), [("[red]x[/red]", HOSTILE)], title="[i]t"), width=120)
    for words in ("[bold]a", "[red]x[/red]", "[i]t", "<script>"):
        assert words in text


def test_numbers_stand_to_the_right_and_words_to_the_left():
    lines = _printed(show_table(("name", "value"), [("a", "1.04 GW"), ("long name", "12.5 GW"), ("c", "-")])).split(
        "\n"
    )
    ends = {len(line.rstrip()) for line in lines if "GW" in line}
    assert len(ends) == 1
    table = show_table(("name", "value"), [("a", "1.04 GW"), ("b", "none")])
    assert [column.justify for column in table.columns] == ["left", "left"]


def test_an_empty_table_still_has_its_head():
    assert "name" in _printed(show_table(("name", "value"), []))
