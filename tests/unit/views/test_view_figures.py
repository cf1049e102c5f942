"""Figures: valid, accessible, honest about what is missing."""

from __future__ import annotations

import dataclasses
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from gigawatt.errors import InputError
from gigawatt.units import say
from gigawatt.views.figures import FIGURES, draw, sparkline
from gigawatt.views.figures.axes import scaled, ticks
from gigawatt.views.figures.buildout import limit_runs
from gigawatt.views.figures.svg import Canvas, cut, wrap
from tests.unit.views.sample import HOSTILE, sample_plan

SVG = "{http://www.w3.org/2000/svg}"
WIDTHS = (358.0, 560.0, 1000.0)
PLAN = sample_plan()
HOSTILE_PLAN = sample_plan(hostile=True)


def _parsed(name, width=560.0, plan=PLAN, standalone=False):
    figure = draw(plan, name, width)
    return ET.fromstring(figure.standalone if standalone else figure.svg)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FIGURES)
def test_is_valid_accessible_xml_without_missing_numbers(name, width):
    for standalone in (False, True):
        root = _parsed(name, width, HOSTILE_PLAN, standalone)
        assert root.get("role") == "img"
        assert root.find(f"{SVG}title").text
        assert root.find(f"{SVG}desc").text
        for element in root.iter():
            for value in [*element.attrib.values(), element.text or ""]:
                assert not re.search(r"\b(nan|inf|None)\b", value), value


@pytest.mark.parametrize("name", FIGURES)
def test_holds_no_script_and_no_outside_address(name):
    text = draw(HOSTILE_PLAN, name).standalone
    assert "<script" not in text
    assert "href" not in text
    assert "url(" not in text


@pytest.mark.parametrize("count", [24, 36, 60, 96])
@pytest.mark.parametrize("name", FIGURES)
def test_every_mark_lies_inside_the_picture(name, count):
    for width in WIDTHS:
        root = _parsed(name, width, sample_plan(count))
        height = float(root.get("height"))
        for element in root.iter():
            for key, bound in (
                ("x", width),
                ("x1", width),
                ("x2", width),
                ("cx", width),
                ("y", height),
                ("cy", height),
            ):
                if element.get(key) is not None:
                    assert -1 <= float(element.get(key)) <= bound + 1, (name, element.attrib)


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_runs_out_of_the_picture(name):
    for width in WIDTHS:
        for element in _parsed(name, width).iter(f"{SVG}text"):
            length = len(element.text) * 12.5 * 0.56
            x, anchor = float(element.get("x")), element.get("text-anchor", "start")
            right = x + {"start": length, "middle": length / 2, "end": 0}[anchor]
            left = x - {"start": 0, "middle": length / 2, "end": length}[anchor]
            assert right <= width + 8, (name, width, element.text)
            assert left >= -8, (name, width, element.text)


def test_title_of_the_build_out_says_first_and_last_count():
    online = PLAN.tables["months"]["gpus_online"]
    title = draw(PLAN, "gpus-by-kind").title
    assert say(online.iloc[0], "GPU") in title
    assert say(online.max(), "GPU") in title
    assert "remain" not in title


def test_stacked_areas_have_the_height_of_the_total():
    root = _parsed("gpus-by-kind")
    tops = [float(p.get("points").split()[35].split(",")[1]) for p in root.iter(f"{SVG}polygon")]
    floor = float(next(root.iter(f"{SVG}polygon")).get("points").split()[-1].split(",")[1])
    months = PLAN.tables["months"].iloc[-1]
    per_gpu = (floor - tops[0]) / months["gpus_h100-sxm"]
    assert floor - tops[2] == pytest.approx(months["gpus_online"] * per_gpu, rel=0.01)
    assert floor - tops[3] == pytest.approx((months["gpus_online"] + months["gpus_waiting"]) * per_gpu, rel=0.01)


def test_announced_number_is_marked_at_its_date():
    assert "more than 1.3 M" in draw(PLAN, "gpus-by-kind").svg


def test_power_bar_names_the_announced_gigawatt_beside_three_meanings():
    text = draw(PLAN, "three-gigawatts").svg
    assert "announced ~1 GW" in text
    for name in ("chip_tdp_w", "it_w", "facility_w"):
        assert say(PLAN.gigawatts[name], "W") in text


def test_a_missed_deadline_is_said_in_words():
    figure = draw(PLAN, "training")
    assert figure.title == "1 of 2 training runs with a deadline misses it"
    assert "missed" in figure.svg


def test_land_is_to_scale():
    polygons = list(_parsed("land").iter(f"{SVG}polygon"))

    def area(points):
        x, y = np.array([[float(v) for v in pair.split(",")] for pair in points.split()]).T
        return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2.0

    large, small = area(polygons[1].get("points")), area(polygons[2].get("points"))
    assert large / small == pytest.approx(9.1 / 3.0, rel=0.02)
    scale = next(e for e in _parsed("land").iter(f"{SVG}line"))
    pixels_per_km = (float(scale.get("x2")) - float(scale.get("x1"))) / 5.0
    assert large / pixels_per_km**2 == pytest.approx(9.1, rel=0.02)


def test_consistency_counts_only_what_can_be_computed():
    assert draw(PLAN, "consistency").title == "Of 6 claims that can be computed: 2 agree, 3 differ, 1 cannot be"


def test_payback_is_marked_only_when_it_comes():
    assert "payback after" in draw(sample_plan(60), "cash-flow").svg
    assert "not paid back" in draw(PLAN, "cash-flow").title
    assert "payback after" not in draw(PLAN, "cash-flow").svg


def test_reference_split_is_drawn_where_the_plan_has_one():
    with_reference = dataclasses.replace(
        PLAN, finance={**PLAN.finance, "reference_split_usd": {"accelerators": (44e9, 53e9)}}
    )
    assert "Bracket" in draw(with_reference, "capex-split").source
    assert "Bracket" not in draw(PLAN, "capex-split").source


@pytest.mark.parametrize(
    ("name", "table"), [("training", "training"), ("serving", "demand"), ("gpus-by-site", "fleet")]
)
def test_nothing_to_draw_gives_none(name, table):
    tables = {**PLAN.tables, table: PLAN.tables[table].iloc[:0]}
    assert draw(dataclasses.replace(PLAN, tables=tables), name) is None


def test_an_unknown_figure_names_the_nearest():
    with pytest.raises(InputError, match="gpus-by-kind"):
        draw(PLAN, "gpus-by-kinds")


def test_limit_runs_cover_every_month_once():
    runs = limit_runs(PLAN)
    assert sum(last - first + 1 for _, first, last in runs) == 36
    assert [name for name, _, _ in runs] == ["supply", "power", "budget", "none"]


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.31e6), (-97e9, 12e9), (1.0, 1.14), (0.0, 1.0), (-5.0, 0.0)])
def test_ticks_hold_the_range_evenly(low, high):
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high - 1e-12
    assert np.allclose(np.diff(marks), marks[1] - marks[0])
    assert 3 <= len(marks) <= 12


@pytest.mark.parametrize(("value", "unit"), [(1.31e6, "GPU"), (2830.0, "MW"), (-51.5e9, "USD"), (0.41, "USD")])
def test_axis_unit_is_that_of_the_words(value, unit):
    divisor, words = scaled(value, unit)
    number, _, name = say(value, unit).partition(" ")
    assert name == words
    assert value / divisor == pytest.approx(float(number), rel=0.01)


def test_a_coordinate_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="coordinate"):
        Canvas().rect(math.nan, 0, 1, 1, "f1")


def test_a_line_breaks_where_a_value_is_missing():
    canvas = Canvas()
    canvas.polyline([(0, 0), (1, 1), (2, math.nan), (3, 3), (4, 4)], "s1")
    assert canvas.body.count("<polyline") == 2


def test_texts_are_escaped():
    canvas = Canvas()
    canvas.text(0, 0, HOSTILE)
    assert "<script>" not in canvas.body
    assert ET.fromstring(canvas.body).text == HOSTILE


def test_words_are_wrapped_and_cut_to_their_room():
    assert wrap("one two three", 60) == ["one two", "three"]
    assert cut("abcdefghijkl", 45) == "abcde…"


def test_sparkline_keeps_gaps_and_a_zero_base():
    assert sparkline([1.0, math.nan, 1.0]) == "█ █"
    assert sparkline([-1.0, 0.0]) == "▁█"
    assert sparkline([math.nan]) == " "


def test_the_frontier_says_latency_and_energy_of_what_was_chosen():
    figure = draw(PLAN, "frontier")
    chosen = [point for points in PLAN.frontiers.values() for point in points if point["chosen"]]
    assert figure.subtitle.count("44.0 ms a token") == len(chosen)
    assert figure.subtitle.count("first token within 620 ms") == len(chosen)
    assert figure.subtitle.count("0.455 J a token") == len(chosen)  # 20 over 44
