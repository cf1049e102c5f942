"""The page of a validation: every row is seen once, doubted ones hollow, and the words are those of the statistics."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from gigawatt.validation.compare import Validation, summarise
from gigawatt.views.figures import validation as drawn
from gigawatt.views.report.validation import WORST_ROWS, render, write_validation
from tests.unit.views.validation_sample import ERRORS_PCT, row, sample_validation, skipped_row

SVG = "{http://www.w3.org/2000/svg}"


def parsed(figure):
    return ElementTree.fromstring(figure.standalone)


def with_class(root, tag, name):
    return [each for each in root.iter(SVG + tag) if name in (each.get("class") or "").split()]


@pytest.fixture(scope="module")
def sample():
    return sample_validation()


@pytest.fixture(scope="module")
def page(sample):
    return render({"training": sample}, "0.0")


def test_the_title_says_the_finding(page, sample):
    median = sample.summary.median_abs_error_pct
    said = f"Half of {len(ERRORS_PCT) * 3} training steps are predicted within {median:.1f}\N{NO-BREAK SPACE}%"
    assert f"<h1>{said}</h1>" in page
    assert median == pytest.approx(5.5)  # by size the ninth of eighteen is 5, the tenth 6


def test_scatter_draws_each_row_once_and_doubted_ones_hollow(sample):
    root = parsed(drawn.scatter("training", sample.rows, "Step time, s"))
    points = [each for each in root.iter(SVG + "circle") if each.get("r") == "3"]
    hollow = [each for each in points if "line" in each.get("class").split()]
    assert len(points) == sum(not one.skipped for one in sample.rows)
    assert len(hollow) == 1
    assert hollow[0].find(SVG + "title").text.startswith("row-7,")


def test_a_row_predicted_as_measured_lies_on_the_line():
    rows = [row(place, "dense", 0.0) for place in range(5)]
    root = parsed(drawn.scatter("training", rows, "Step time, s"))
    line = with_class(root, "line", "ink")[0]
    x1, y1, x2, y2 = (float(line.get(name)) for name in ("x1", "y1", "x2", "y2"))
    for point in (each for each in root.iter(SVG + "circle") if each.get("r") == "3"):
        share = (float(point.get("cx")) - x1) / (x2 - x1)
        assert float(point.get("cy")) == pytest.approx(y1 + share * (y2 - y1), abs=0.2)


def test_a_row_beyond_25_per_cent_lies_outside_the_outer_band():
    rows = [row(place, "dense", error) for place, error in enumerate((0.0, 24.0, 26.0, -24.0, -26.0))]
    root = parsed(drawn.scatter("training", rows, "Step time, s"))
    band = with_class(root, "polygon", "gridf")[0]
    corners = [tuple(map(float, pair.split(","))) for pair in band.get("points").split()]

    def inside(x, y):
        crossings = 0
        for (xa, ya), (xb, yb) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
                crossings += 1
        return crossings % 2 == 1

    found = {
        each.find(SVG + "title").text.split(",")[0]: inside(float(each.get("cx")), float(each.get("cy")))
        for each in root.iter(SVG + "circle")
        if each.get("r") == "3"
    }
    assert {key: found[key] for key in ("row-1", "row-2", "row-3", "row-4")} == {
        "row-1": True, "row-2": False, "row-3": True, "row-4": False,
    }  # fmt: skip


def test_histogram_counts_every_fair_row_and_those_within_10_per_cent(sample):
    root = parsed(drawn.histogram("training", sample))
    bars = [
        (each, int(re.search(r": ([\d,]+) rows", each.find(SVG + "title").text)[1])) for each in root.iter(SVG + "rect")
    ]
    fair = [one for one in sample.rows if not one.flag and not one.skipped]
    assert sum(count for _, count in bars) == len(fair)
    near = sum(count for each, count in bars if each.get("class") == "f1")
    assert near == sum(-10 <= one.error_pct < 10 for one in fair)


def test_bars_are_as_tall_as_their_counts(sample):
    bars = parsed(drawn.histogram("training", sample)).iter(SVG + "rect")
    tall = [
        (float(each.get("height")), int(re.search(r": (\d+) rows", each.find(SVG + "title").text)[1])) for each in bars
    ]
    ratios = {round(height / count, 1) for height, count in tall if count}
    assert max(ratios) - min(ratios) <= 0.2


def test_each_row_marks_those_that_their_range_misses():
    few = sample_validation(1)
    fair = [one for one in few.rows if not one.flag and not one.skipped]
    missed = sum(not one.low <= one.measured <= one.high for one in fair)
    figure = drawn.each_row("finance", few)
    assert len(with_class(parsed(figure), "circle", "f4")) == missed > 0
    assert figure.title == f"The stated range holds {len(fair) - missed} of {len(fair)} published figures"


def test_groups_of_few_rows_and_second_names_of_the_same_rows_are_left_out(sample):
    groups = {**sample.groups, "few": summarise([row(0, "few", 1.0)]), "the same as ampere": sample.groups["ampere"]}
    shown = drawn.groups_shown(groups)
    assert "few" not in shown
    assert "ampere" in shown
    assert "the same as ampere" not in shown


def test_the_hardest_group_stands_first_and_is_named(sample):
    figure = drawn.by_group("training", sample)
    medians = {name: one.median_abs_error_pct for name, one in drawn.groups_shown(sample.groups).items()}
    first = figure.title.partition(" is hardest")[0]
    assert medians[first] == max(medians.values()) > min(medians.values())
    assert f"half within {max(medians.values()):.1f} %" in figure.title


def test_two_groups_where_few_rows_state_no_histogram_but_every_row():
    names = [figure.title for figure in drawn.figures("finance", sample_validation(1))]
    assert any(name.startswith("The stated range holds") for name in names)


def test_nothing_is_drawn_from_no_rows():
    nothing = [skipped_row(1, "no layers")]
    empty = Validation(tuple(nothing), summarise(nothing), {}, summarise(nothing))
    assert drawn.figures("training", empty) == []
    assert "No training steps could be compared" in render({"training": empty}, "0.0")


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_a_row_not_above_zero_is_told_not_drawn(value):
    rows = [row(place, "a", 1.0) for place in range(4)] + [replace(row(5, "a", 1.0), measured=value)]
    figure = drawn.scatter("finance", rows, "USD mn")
    assert "Not drawn: 1 not above zero" in figure.source


@pytest.mark.parametrize(("low", "high"), [(1.04, 1.16), (0.4, 300.0), (0.011, 466.0), (50.0, 4e5), (3.0, 3.0)])
def test_an_axis_has_at_least_two_and_not_too_many_ticks(low, high):
    rows = [replace(row(0, "a", 0.0), measured=value, predicted=value) for value in (low, high)]
    scale = drawn._scale(rows)
    marks = scale.ticks(480.0, 48.0)
    assert 2 <= len(marks) <= 10
    assert all(scale.low <= mark <= scale.high * 1.000001 for mark in marks)


def test_worst_rows_stand_by_size_with_their_flags(page, sample):
    table = page.partition('class="data worst"')[2].partition("</table>")[0]
    errors = [float(cell.replace("−", "-")) for cell in re.findall(r'</th><td class="n">([+−]?[\d.]+)</td>', table)]
    assert len(errors) == WORST_ROWS
    assert [abs(error) for error in errors] == sorted(map(abs, errors), reverse=True)
    assert errors[0] == 60.0
    assert "early: slow software" in table


def test_left_out_rows_are_counted_by_reason(page):
    assert "Left out of the statistics: 1 doubted, 2 that cannot be predicted" in page
    for reason in ("precision not published", "layers not published", "early: slow software"):
        assert f'<td class="n">1</td><td>{reason}</td>' in page


def test_every_row_is_compared_doubted_or_skipped(page, sample):
    assert len(sample.rows) == sample.summary.n + 1 + 2
    assert "1 more are doubted, 2 cannot be predicted" in page


def test_coverage_is_that_of_the_rows(page, sample):
    fair = [one for one in sample.rows if not one.flag and not one.skipped]
    held = sum(one.low <= one.measured <= one.high for one in fair)
    assert f"holds {held} of {len(fair)} measurements" in page


def test_a_missed_bound_is_said():
    bad = [row(place, "dense/hopper", 50.0) for place in range(50)]
    result = Validation(tuple(bad), summarise(bad), {}, summarise(bad))
    assert "OUTSIDE its bound" in render({"training": result}, "0.0")


class _Balance(HTMLParser):
    """Collects tags that load something, and every opened tag with a script in it."""

    def __init__(self):
        super().__init__()
        self.loads = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if tag in ("script", "link", "img", "iframe", "object") or any(name.startswith("on") for name in names):
            self.loads.append(tag)
        if not names.get("href", "#").startswith("#"):
            self.loads.append(names["href"])


def test_hostile_labels_are_words_and_nothing_is_loaded():
    page = render({"training": sample_validation(hostile=True)}, "0.0", "<b>mine.csv")
    parser = _Balance()
    parser.feed(page)
    assert parser.loads == []
    assert "&lt;script&gt;" in page
    assert "Measurements: &lt;b&gt;mine.csv." in page
    assert "validation/published" not in page


def test_all_engines_have_a_card_and_a_section(sample):
    page = render({"training": sample, "finance": sample_validation(1)}, "0.0")
    assert len(re.findall(r"<dd class=\"value\">", page)) == 2
    assert 'id="training"' in page
    assert 'id="finance"' in page
    assert f"<h1>Half of {len(ERRORS_PCT) * 4} figures are predicted within" in page


def test_same_validation_same_page(sample, page):
    assert render({"training": sample}, "0.0") == page


def test_no_coordinate_is_missing(sample):
    for width in (358.0, 544.0, 1000.0):
        for figure in drawn.figures("training", sample, width):
            assert "nan" not in figure.body.lower().replace("finance", "")
            assert math.isfinite(figure.height)


def test_a_file_is_written_whole(tmp_path, sample, page):
    path = write_validation({"training": sample}, tmp_path / "deep" / "page.html", "0.0")
    assert path.read_text(encoding="utf-8") == page
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]
