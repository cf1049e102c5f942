"""The bands of a plan are a small study: the same figures, spread and taken again in the same way."""

from __future__ import annotations

import math

import gigawatt as gw
from gigawatt.planning.plan import Plan
from gigawatt.planning.study import Question, run_study

NAME = "neocloud-20mw"


def test_the_bands_of_a_plan_are_those_of_a_study() -> None:
    plan = gw.plan(NAME, draws_count=128)
    found = run_study(gw.load(NAME), Question(samples_count=128, workers_count=1)).bands
    compared = 0
    for band in found:
        metric = plan.metric(band.name)
        width = band.p90 - band.p10
        if not math.isfinite(width) or width == 0.0 or band.unit == "months":
            continue
        assert abs(metric.p10 - band.p10) < 0.25 * width, band.name
        assert abs(metric.p90 - band.p90) < 0.25 * width, band.name
        compared += 1
    assert compared > 20


def test_the_year_of_a_site_and_the_throughput_of_a_pool_move(meta: Plan) -> None:
    pue, tokens = meta.metric("power.pue"), meta.metric("finance.usd_per_million_output_tokens")
    assert pue.p10 < pue.value < pue.p90
    # the engine states its throughput within about a third: without it the band was half as wide
    assert tokens.p90 / tokens.p10 > 1.5


def test_a_steady_rental_price_narrows_the_bands() -> None:
    moving = gw.plan("epoch-1gw", draws_count=32).metric("finance.npv_usd")
    steady = gw.plan("epoch-1gw", ("study.rental_price=steady",), draws_count=32).metric("finance.npv_usd")
    assert moving.value == steady.value
    assert steady.p90 - steady.p10 < 0.9 * (moving.p90 - moving.p10)


def test_one_seed_gives_the_same_bands_again() -> None:
    first, second = (gw.plan(NAME, draws_count=8, seed=7).metrics for _ in range(2))
    assert repr(first) == repr(second)
