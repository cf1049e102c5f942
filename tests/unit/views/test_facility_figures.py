"""Figures and report of one site: everything drawn, nothing asked of the network, no number missing."""

from __future__ import annotations

import re

import pytest

from gigawatt.catalogue import load
from gigawatt.planning.facility import FacilityAnswer, facility
from gigawatt.planning.facility.supply import SupplyAsk
from gigawatt.views.figures.facility import DAYS, HOURS, carpet, pictures
from gigawatt.views.report.facility import render


@pytest.fixture(scope="module")
def answer() -> FacilityAnswer:
    ask = SupplyAsk(parts_w={"solar-tracking": (0.0, 1e9), "battery-4h": (0.0, 1e9)}, steps_count=100)
    return facility(load(), "hyperion-la", it_mw=100.0, supply=ask, bridge="40", ramp_w_per_s=1e6)


@pytest.mark.parametrize("width", [544.0, 358.0])
def test_every_figure_is_drawn_with_finite_coordinates(answer: FacilityAnswer, width: float) -> None:
    drawn = pictures(answer, width)
    assert [figure.name for figure in drawn] == ["pue-carpet", "load-duration", "supply", "build", "wave", "land"]
    for figure in drawn:
        assert figure.title[0].isupper()
        assert not re.search(r"nan|inf\b", figure.svg.replace("information", ""))


def test_the_carpet_covers_every_hour_once(answer: FacilityAnswer) -> None:
    body = carpet(answer).body
    heights = [int(value) for value in re.findall(r"h[\d.]+v(\d+)H", body)]
    assert sum(heights) == DAYS * HOURS * 8
    assert len(body) < 200_000


def test_the_report_holds_figures_tables_and_sources_and_asks_for_nothing(answer: FacilityAnswer) -> None:
    page = render(answer, "1", load())
    for words in ("Power chain", "Build schedule", "Supply at least cost", "Power until the grid comes", "sources"):
        assert words in page
    assert page.count("<figure") == 6
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#|https?://)', page)
    cited = set(re.findall(r'href="#source-([^"]+)"', page))
    assert cited <= {*re.findall(r'id="source-([^"]+)"', page)}
