"""The report: complete, self-contained, safe, and equal to the plan."""

from __future__ import annotations

import dataclasses
import math
import re
from html.parser import HTMLParser

import pytest

from gigawatt.planning.plan import Balance
from gigawatt.units import say
from gigawatt.validation.record import record
from gigawatt.views.headlines import announced_beside, claimed_words, headlines, verdict_counts
from gigawatt.views.report.html import content_hash, render, sureness, write_report
from gigawatt.views.tables import TABLES, band_words, numbers
from tests.unit.views.sample import HOSTILE, sample_plan

VOID = {"meta", "link", "br", "hr", "img", "input", "line", "rect", "circle", "polygon", "polyline"}


class Page(HTMLParser):
    """Elements, text and whether tags nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.words, self.stack, self.faults = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if self.stack and self.stack[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


PLAN, HOSTILE_PLAN = sample_plan(), sample_plan(hostile=True)
PAGE, HOSTILE_PAGE = Page(render(PLAN)), Page(render(HOSTILE_PLAN))


@pytest.mark.parametrize("page", [PAGE, HOSTILE_PAGE])
def test_tags_nest_and_ids_are_unique(page):
    assert page.faults == []
    assert page.stack == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_inner_link_has_its_target():
    ids = {attributes.get("id") for _, attributes in PAGE.elements}
    inner = [attributes["href"] for tag, attributes in PAGE.elements if tag == "a" and attributes["href"][0] == "#"]
    assert len(inner) > 10
    assert {href[1:] for href in inner} <= ids


@pytest.mark.parametrize("page", [PAGE, HOSTILE_PAGE])
def test_asks_nothing_of_the_network(page):
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    for tag, attributes in page.elements:
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if "href" in attributes:
            assert tag == "a"
            assert attributes["href"].startswith(("#", "https://"))
    style = re.search(r"<style>(.*?)</style>", render(PLAN), re.DOTALL).group(1)
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_text_is_shown_and_never_run():
    text = render(HOSTILE_PLAN)
    assert "<script" not in text
    assert "javascript:" not in [attributes.get("href", "")[:11] for _, attributes in HOSTILE_PAGE.elements]
    assert re.sub(r"\s+", " ", HOSTILE) in HOSTILE_PAGE.text
    assert "</pre>" in HOSTILE_PAGE.text


def test_every_claim_stands_with_its_words_verdict_and_reason():
    for claim in PLAN.claims:
        for words in (claim.label, claim.claimed, claim.verdict, claim.because):
            assert words in PAGE.text
        if math.isfinite(claim.found):
            assert say(claim.found, claim.unit) in PAGE.text


def test_every_source_stands_numbered_and_linked():
    links = {attributes.get("href") for tag, attributes in PAGE.elements if tag == "a"}
    for number, reference in enumerate(PLAN.references, start=1):
        assert reference.url in links
        assert reference.title in PAGE.text
        assert f"source-{number}" in {attributes.get("id") for _, attributes in PAGE.elements}


def test_every_headline_figure_stands_with_its_band():
    for metric in PLAN.metrics:
        assert metric.label in PAGE.text
        assert say(metric.value, metric.unit) in PAGE.text
        assert band_words(metric.p10, metric.p90, metric.unit) in PAGE.text


def test_notices_balances_facts_assumptions_inputs_and_scenario_stand():
    for notice in PLAN.notices:
        assert notice.message in PAGE.text
    for check in PLAN.checks:
        assert check.name in PAGE.text
    for text, _ in [*PLAN.facts, *PLAN.assumptions]:
        assert text in PAGE.text
    for origin in PLAN.origins:
        assert origin.path in PAGE.text
        assert origin.value in PAGE.text
    assert "year: 2025, capex: 60..65 B USD" in PAGE.text
    assert "not investment advice" in PAGE.text


def test_every_figure_has_a_caption_and_is_drawn_for_page_and_phone():
    figures = [attributes["id"] for tag, attributes in PAGE.elements if tag == "figure"]
    assert len(figures) == 18
    assert sum(tag == "svg" for tag, _ in PAGE.elements) == 2 * len(figures)


def test_missing_parts_leave_no_empty_section():
    bare = dataclasses.replace(
        PLAN,
        claims=(),
        notices=(),
        outlines={},
        frontiers={},
        tables={**PLAN.tables, "training": PLAN.tables["training"].iloc[:0], "demand": PLAN.tables["demand"].iloc[:0]},
    )
    ids = {attributes.get("id") for _, attributes in Page(render(bare)).elements}
    assert not {"announcement", "outcome", "training", "serving"} & ids
    assert {"build-out", "power", "money"} <= ids


def test_a_broken_balance_is_shouted():
    broken = dataclasses.replace(PLAN, checks=(Balance("Money", 1.0, 2.0, "USD"),))
    page = Page(render(broken))
    assert "NO" in page.text.split()
    assert "0 of 1 balances hold; the largest residual is 5e-01" in page.text


def test_same_plan_same_bytes_and_another_seed_another_hash():
    assert render(PLAN) == render(sample_plan())
    assert content_hash(PLAN) != content_hash(dataclasses.replace(PLAN, seed=8))


def test_is_written_whole(tmp_path):
    path = write_report(PLAN, tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == render(PLAN)
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


def test_announced_figure_stands_beside_the_same_finding_only():
    assert announced_beside(PLAN, PLAN.metrics[0]) == "announced 60-65 B USD"
    assert announced_beside(PLAN, PLAN.metrics[3]) == ""


def test_first_screen_takes_marked_figures_else_the_first_six():
    assert headlines(PLAN) == list(PLAN.metrics[:6])
    marked = tuple(dataclasses.replace(m, headline=m.name.startswith("energy")) for m in PLAN.metrics)
    assert [m.name for m in headlines(dataclasses.replace(PLAN, metrics=marked))] == ["energy.total_mwh"]


def test_a_claimed_range_names_its_unit_once():
    claim = dataclasses.replace(PLAN.claims[0], claimed="60.0 B USD to 65.0 B USD")
    assert claimed_words(claim) == "60.0 to 65.0 B USD"
    claim = dataclasses.replace(claim, claimed="900 MW to 1.20 GW")
    assert claimed_words(claim) == "900 MW to 1.20 GW"


def test_verdicts_are_counted_in_grammar():
    assert verdict_counts(PLAN.claims) == "2 agree, 3 differ, 1 cannot be, 1 not modelled"
    assert verdict_counts(PLAN.claims[:2]) == "1 agrees, 1 differs"


def test_the_report_shows_the_proof_of_every_engine():
    errors = record().errors
    assert "Predicted against measured" in PAGE.text
    training = errors["training"]
    assert f"{training.within_25_pct * training.n / 100:.0f} of {training.n} lie within ±25 %" in PAGE.text
    for engine, one in errors.items():
        assert f"{engine.replace('-', ' ')} {one.n:,} {one.median_abs_error_pct:.1f}" in PAGE.text
    (line,) = [line for line in sureness(PLAN) if "training steps" in line]
    assert f"within {training.median_abs_error_pct:.1f}" in line
    assert f"nine in ten within {training.p90_abs_error_pct:.0f} %" in line


def test_sureness_counts_inputs_by_kind():
    assert "4 inputs, each with its origin: 1 reported, 1 estimate, 1 datasheet, 1 assumption." in sureness(PLAN)


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_equal_columns_and_no_bare_nan(name):
    table = TABLES[name](PLAN)
    assert len({len(column.cells) for column in table.columns}) == 1
    assert not {"nan", "inf", "None"} & {cell for column in table.columns for cell in column.cells}


def test_decimal_points_stand_in_line():
    words, cells = numbers([350e3, 1.31e6, math.nan, -0.05e6], "GPU")
    assert words == "M GPUs"
    assert cells == ("0.35", "1.31", "-", "-0.05")


def test_a_band_names_its_unit_once():
    assert band_words(57e9, 62e9, "USD") == "57.0 to 62.0 B USD"
    assert band_words(0.9e9, 1.2e9, "W") == "900 MW to 1.20 GW"
    assert band_words(1.0, 1.0, "USD") == ""
    assert band_words(math.nan, 1.0, "USD") == ""
