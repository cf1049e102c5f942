"""A draw is the plan's own arithmetic: central figures give the plan, and each figure moves what it should."""

from __future__ import annotations

import numpy as np
import pytest

import gigawatt as gw
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.outcome import settled
from gigawatt.planning.redraw import _Held, redrawn, responses_of
from gigawatt.planning.study.outputs import Reader
from gigawatt.planning.study.studied import Drawn, _refuse_unknown, studied
from gigawatt.planning.tables import months_table
from gigawatt.planning.wiring.sites import flat_work, with_year
from gigawatt.records import Quantity
from gigawatt.validation.finance_facts import read_facts
from gigawatt.validation.finance_guidance import GUIDANCE, OWN_CASH, fit_drift


@pytest.mark.parametrize("name", ["meta-2025", "neocloud-20mw", "colossus"])
def test_draw_zero_is_the_plan_to_the_last_bit(ready, name):
    plan, made = ready(name), gw.plan(name, draws_count=0)
    prepared, outcome = plan.at({})
    found = Reader.of(plan).scalars(prepared, outcome)
    for metric in made.metrics:
        if f"m:{metric.name}" in found:
            assert found[f"m:{metric.name}"] == metric.value or np.isnan(metric.value), metric.name
    months = months_table(prepared, outcome)
    assert months.equals(made.tables["months"])


def test_central_values_written_out_are_the_plan_too(ready):
    plan = ready("meta-2025")
    central = {figure.path: figure.quantity.value for figure in plan.uncertain}
    reader = Reader.of(plan)
    assert reader.scalars(*plan.at(central)) == pytest.approx(reader.scalars(*plan.at({})), rel=1e-12, nan_ok=True)


def test_a_site_answers_an_end_of_a_range_as_its_year_does():
    resolved = gw.load("colossus")
    ledger = Figures()
    prepared, _ = settled(resolved.scenario, resolved.catalogue, ledger)
    responses = responses_of(prepared, ledger.used)
    site = prepared.sites[0]
    path = f"plants.{site.plant.id}.power_chain_efficiency_frac"
    low = ledger.used[path].low
    flat = flat_work(prepared.mean_load_frac)
    middle = with_year(site, prepared.catalogue, flat, Figures())
    there = with_year(site, prepared.catalogue, flat, _Held({path: low}))
    assert there.pue_mean > middle.pue_mean
    drawn = redrawn(prepared, responses, Drawn({path: low})).sites[0]
    assert drawn.pue_p99 - site.pue_p99 == pytest.approx(there.pue_p99 - middle.pue_p99)
    assert drawn.losses_ratio_M - site.losses_ratio_M == pytest.approx(there.losses_ratio_M - middle.losses_ratio_M)


def test_twice_the_tokens_take_twice_the_days_and_a_slow_step_more(ready):
    plan = ready("meta-2025")
    before = plan.at({})[0].work.runs[0].run
    more = plan.at({"workloads.0.tokens": 2.0 * before.tokens})[0].work.runs[0].run
    slow = plan.at({"workloads.0.step_time": 1.25 * before.step.step_time_s})[0].work.runs[0].run
    assert more.days == pytest.approx(2.0 * before.days)
    assert slow.days == pytest.approx(1.25 * before.days)
    assert slow.step.mfu == pytest.approx(before.step.mfu / 1.25)


def test_more_failures_make_a_run_longer(ready):
    plan = ready("meta-2025")
    path = "reliability.meta-llama3-h100.failures_per_node_day"
    rate = next(figure.quantity for figure in plan.uncertain if figure.path == path)
    days = [plan.at({path: value})[0].work.runs[0].run.days for value in (rate.low, rate.value, rate.high)]
    assert days == sorted(days)
    assert days[0] < days[-1]


def test_a_faster_pool_needs_fewer_accelerators_and_more_users_need_more(ready):
    plan = ready("meta-2025")
    throughput = next(figure.quantity for figure in plan.uncertain if figure.path == "workloads.4.throughput")
    before = plan.at({})[0].work.pools[0].gpus_needed_T.max()
    faster = plan.at({"workloads.4.throughput": throughput.high})[0].work.pools[0].gpus_needed_T.max()
    users = plan.at({"workloads.4.users": 1.6e9})[0].work.pools[0].gpus_needed_T.max()
    assert faster < before < users
    assert users == pytest.approx(2.0 * before, rel=0.02)
    assert faster == pytest.approx(before * throughput.value / throughput.high, rel=0.03)


def test_a_dearer_megawatt_hour_costs_what_it_says(ready):
    plan = ready("meta-2025")
    path = "sites.meta-other-us.electricity"
    before, after = (plan.at({path: price})[1].operations.electricity_usd_ST[1] for price in (80.6, 90.6))
    mwh = plan.at({})[1].operations.total_mwh_ST[1]
    assert after - before == pytest.approx(10.0 * mwh)


def test_the_section_study_spreads_a_figure_that_has_no_range(ready):
    bare = {figure.path for figure in ready("neocloud-20mw").uncertain}
    assert "finance.discount_rate" not in bare
    given = "study.figures=[{figure: finance.discount_rate, low: 8 %, high: 16 %, family: triangular}]"
    told = {figure.path: figure for figure in ready("neocloud-20mw", given).uncertain}["finance.discount_rate"]
    assert (told.family, told.quantity.low, told.quantity.value, told.quantity.high) == ("triangular", 0.08, 0.12, 0.16)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{figure: finance.discont_rate, low: 8 %, high: 16 %}", "Nearest: finance.discount_rate"),
        ("{figure: finance.discount_rate}", "must lie apart"),
        ("{figure: finance.discount_rate, low: 8 MW, high: 16 %}", "finance.discount_rate"),
        ("{figure: finance.discount_rate, low: 14 %, high: 16 %}", "between them"),
    ],
)
def test_a_spread_that_cannot_be_is_refused(written, words):
    with pytest.raises(InputError, match=words):
        studied(gw.load("neocloud-20mw", [f"study.figures=[{written}]"]))


def test_a_figure_that_needs_a_new_search_is_held_and_says_so(ready):
    assert "workloads.5.turns" in ready("meta-2025").held
    with pytest.raises(InputError, match="would need a new search"):
        _refuse_unknown(["workloads.5.turns"], {}, {"workloads.5.turns": Quantity(20.0, "1", 8.0, 60.0)})


def test_a_budget_drifts_as_the_guides_of_other_firms_did(ready):
    plan = ready("coreweave-2025", "study.guide_drift=own-cash")
    budgets = [figure for figure in plan.uncertain if figure.family == "guide drift"]
    assert len(budgets) == len(plan.prepared.scenario.budget)
    drift = fit_drift(read_facts(GUIDANCE), OWN_CASH)
    for figure in budgets:
        ratio = figure.values(np.array([0.1, 0.5, 0.9])) / figure.quantity.value
        assert ratio == pytest.approx([drift.ratio(share) for share in (0.1, 0.5, 0.9)], rel=1e-3)
        assert np.isfinite(figure.values(np.array([0.0, 1.0]))).all()


def test_the_catalogue_holds_the_drift_that_validation_fits():
    defaults, facts = gw.catalogue.load().defaults, read_facts(GUIDANCE)
    for fitted, drift in (
        (defaults.guide_drift_own_cash, fit_drift(facts, OWN_CASH)),
        (defaults.guide_drift_all, fit_drift(facts)),
    ):
        found = [fitted[name].value for name in ("mean_log", "deviation_log", "firms_count")]
        assert found == pytest.approx([drift.mean_log, drift.deviation_log, drift.count], rel=1e-4)
