"""Results in Python and notebooks: figures by name, explanations, HTML without script or request."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

import gigawatt as gw
from gigawatt.errors import InputError
from gigawatt.views.figures import FIGURES


@pytest.fixture(scope="module")
def plan():
    return gw.plan("sovereign-1mw", draws_count=0)


def assert_harmless(html):
    assert "<svg" in html
    for part in ("<script", "http-equiv", "<link", "<img", "url(http", "onload"):
        assert part not in html.lower()


def test_a_plan_draws_each_figure_that_it_can_and_names_the_nearest_to_a_wrong_one(plan):
    assert isinstance(plan, gw.Plan)
    drawn = [figure for name in FIGURES if (figure := plan.figure(name)) is not None]
    assert len(drawn) >= 8
    for figure in drawn:
        ElementTree.fromstring(figure.standalone)
    with pytest.raises(InputError, match="cash-flow"):
        plan.figure("cashflow")


def test_a_plan_explains_its_metrics_down_to_sources(plan):
    known = {origin.path for origin in plan.origins}
    for metric in plan.metrics:
        found = plan.explain(metric.name)
        assert found.formula
        assert set(found.origins) <= known
    with pytest.raises(InputError, match=r"finance\.npv_usd"):
        plan.explain("finance.npv")


def test_the_face_of_a_plan_has_its_headlines(plan):
    html = plan._repr_html_()
    assert_harmless(html)
    assert plan.title in html
    assert "<td>" in html


def test_the_face_of_a_study_has_bands_and_tornado(tmp_path):
    answer = gw.study("sovereign-1mw", samples_count=16, workers_count=1, folder=tmp_path)
    html = answer._repr_html_()
    assert_harmless(html)
    assert "P90" in html
    assert answer.figure("tornado").name == "tornado"
    with pytest.raises(InputError, match="tornado"):
        answer.figure("tornados")


def test_the_face_of_a_fleet_has_its_figures():
    run = gw.simulate_fleet(model="llama-3.1-8b", run_gpus=256, days=20)
    assert_harmless(run._repr_html_())
    for name in ("fleet-ledger", "fleet-use", "fleet-power", "fleet-ettr"):
        ElementTree.fromstring(run.figure(name).standalone)
    with pytest.raises(InputError, match="fleet-use"):
        run.figure("fleet-used")
