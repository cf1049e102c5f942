"""A whole study: the same however it is made, resumed, balanced, and within what its figures allow."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import gigawatt as gw
from gigawatt.errors import EngineError, InputError
from gigawatt.planning.parts import part_path
from gigawatt.planning.study import Question, run_study
from gigawatt.planning.study.record import study_document
from gigawatt.planning.study.results import Results
from gigawatt.planning.study.run import telling
from gigawatt.planning.study.sampling import sampling_of, values_of
from gigawatt.planning.study.work import Draws, part_draws_count, parts_count

SCENARIO = "sovereign-1mw"
SMALL = Question(samples_count=150, seed=3, workers_count=1)  # three parts of 64 draws, the last one short


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return run_study(gw.load(SCENARIO), SMALL, folder=folder)


def told(answer) -> str:
    return json.dumps(study_document(answer)["result"], sort_keys=True)


def test_draws_do_not_hang_on_how_they_are_cut(ready):
    plan = ready(SCENARIO)
    sampling = sampling_of([plan], 7)
    whole, _ = sampling.shares(0, 256)
    for first, count in ((0, 64), (64, 64), (128, 128)):
        part, _ = sampling.shares(first, count)
        assert all(np.array_equal(part[path], whole[path][first : first + count]) for path in whole)
    other, _ = sampling_of([plan], 8).shares(0, 256)
    assert not any(np.array_equal(other[path], whole[path]) for path in whole)


@pytest.mark.parametrize("samples", [1, 150, 512, 1000, 1024, 2048, 4095, 10_000, 1 << 24])
def test_parts_are_balanced_and_enough_for_some_workers(samples):
    size = part_draws_count(samples)
    assert size & (size - 1) == 0
    assert 64 <= size <= 512
    assert parts_count(samples) * size >= samples > (parts_count(samples) - 1) * size
    assert size == 64 or parts_count(samples) >= 8


def test_the_sequence_is_more_even_than_chance(ready):
    shares, _ = sampling_of([ready(SCENARIO)], 0).shares(0, 256)
    for share_N in shares.values():
        assert np.bincount((share_N * 256).astype(int), minlength=256).tolist() == [1] * 256


def test_the_same_seed_gives_the_same_study_with_two_and_four_workers(small, tmp_path):
    for workers in (2, 4):
        again = run_study(gw.load(SCENARIO), replace(SMALL, workers_count=workers), folder=tmp_path / str(workers))
        assert told(again) == told(small)


def test_ray_gives_the_same_study(small, tmp_path):
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra ray)")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, object_store_memory=80 * 1024 * 1024)
        try:
            for workers in (1, 2, 4):
                question = replace(SMALL, executor="ray", workers_count=workers)
                assert told(run_study(gw.load(SCENARIO), question, folder=tmp_path / str(workers))) == told(small)
        finally:
            ray.shutdown()


def test_a_stopped_study_goes_on(small, tmp_path):
    asked = gw.load(SCENARIO)
    run_study(asked, SMALL, folder=tmp_path)
    kept, gone = part_path(tmp_path, 0), part_path(tmp_path, 2)
    before = kept.stat().st_mtime_ns
    gone.unlink()
    assert told(run_study(asked, SMALL, folder=tmp_path, resume=True)) == told(small)
    assert kept.stat().st_mtime_ns == before
    assert gone.is_file()
    with pytest.raises(InputError, match="parts of another study"):
        run_study(asked, replace(SMALL, seed=9), folder=tmp_path, resume=True)
    with pytest.raises(InputError, match="parts of another study"):
        run_study(gw.load(SCENARIO, ["finance.tax=1 %"]), SMALL, folder=tmp_path, resume=True)


def test_a_study_that_is_not_resumed_starts_anew_and_another_seed_gives_about_the_same(small, tmp_path):
    run_study(gw.load(SCENARIO), replace(SMALL, samples_count=80), folder=tmp_path)
    again = run_study(gw.load(SCENARIO), replace(SMALL, samples_count=16, seed=4), folder=tmp_path)
    with Results(tmp_path) as results:
        assert results.count() == 16
    wide = small.goal.p90 - small.goal.p10
    assert again.goal.p50 != small.goal.p50
    assert again.goal.p50 == pytest.approx(small.goal.p50, abs=0.3 * wide)


def test_statements_hold_to_the_cent_in_every_draw(small, monkeypatch):
    assert small.residual_usd < 0.01
    assert small.balance_frac < 1e-9
    monkeypatch.setattr("gigawatt.planning.study.run.CENT_USD", 0.0)
    with pytest.raises(EngineError, match="the statements miss by"):
        run_study(gw.load(SCENARIO), replace(SMALL, samples_count=8))


def test_bands_are_quantiles_of_the_draws(small):
    with Results(small.folder) as results:
        columns = results.values(["draw", "m:finance.npv_usd", "m:fleet.gpus_online"])
        assert columns["draw"].tolist() == list(range(1, 151))
        for name in ("finance.npv_usd", "fleet.gpus_online"):
            band = small.band(name)
            draws = np.sort(columns[f"m:{name}"])
            assert (band.p10, band.p50, band.p90) == (draws[15], draws[round(0.5 * 149)], draws[134])
            assert band.p10 <= band.p50 <= band.p90
            assert band.mean == pytest.approx(draws.mean())


def test_months_have_bands_and_the_last_cash_is_its_own(small):
    fans = {fan.name: fan for fan in small.fans}
    for fan in fans.values():
        assert len(fan.months) == len(fan.p10) == len(fan.p90) == len(fan.central)
        assert all(low <= middle <= high for low, middle, high in zip(fan.p10, fan.p50, fan.p90, strict=True))
    cash, flow = fans["cash_usd"], fans["free_cash_flow_usd"]
    assert np.cumsum(flow.central) == pytest.approx(np.array(cash.central))


def test_every_draw_of_a_figure_lies_in_its_range(small, ready):
    plan = ready(SCENARIO)
    shares, _ = sampling_of([plan], SMALL.seed).shares(0, 256)
    drawn = values_of(plan, shares)
    with Results(small.folder) as results:
        kept = results.values([f"in:{figure.path}" for figure in plan.uncertain])
    for figure in plan.uncertain:
        assert np.array_equal(kept[f"in:{figure.path}"], drawn[figure.path][:150])
        if figure.family == "even":
            assert figure.quantity.low <= kept[f"in:{figure.path}"].min()
            assert kept[f"in:{figure.path}"].max() <= figure.quantity.high


def test_figures_that_swing_most_come_first_in_the_tornado(small):
    widths = [swing.width for swing in small.swings]
    assert widths == sorted(widths, reverse=True)
    assert telling(small.drivers, small.swings, 3)[0] in {small.swings[0].path, small.drivers[0].figure.path}


def test_plans_under_the_same_draws_differ_by_what_differs(tmp_path):
    asked = gw.load(SCENARIO)
    other = gw.load(SCENARIO, ["finance.grant=1 M USD"])
    answer = run_study(asked, Question(64, workers_count=1), against={"same": asked, "granted": other}, folder=tmp_path)
    same = next(choice for choice in answer.choices if choice.name == "same")
    assert same.regret.mean == answer.goal.mean
    with Results(tmp_path) as results:
        columns = results.values(["m:finance.npv_usd", "m1:finance.npv_usd", "m2:finance.npv_usd"])
    assert np.array_equal(columns["m:finance.npv_usd"], columns["m1:finance.npv_usd"])
    assert np.ptp(columns["m2:finance.npv_usd"] - columns["m:finance.npv_usd"]) == pytest.approx(0.0, abs=1.0)
    best = max(answer.choices, key=lambda choice: choice.regret.mean)
    assert best.regret.best_share == 1.0
    assert answer.worth_of_all == 0.0


def test_the_rental_price_moves_revenue_and_nothing_else(ready):
    plan = ready("epoch-1gw")
    months = plan.courses["market.gpu_rental"]
    before, after = (plan.at({}, {"market.gpu_rental": np.full(months, level)})[1] for level in (1.0, 2.0))
    assert after.revenue_usd["gpu_rental"] == pytest.approx(2.0 * before.revenue_usd["gpu_rental"])
    assert after.finance.capex_usd == before.finance.capex_usd
    drawn = Draws((plan,), sampling_of([plan], 0), 16)(0)
    assert (drawn["in:market.gpu_rental"] > 0.0).all()
    assert len(set(drawn["in:market.gpu_rental"])) == 16
    assert not ready("epoch-1gw", "study.rental_price=steady").courses


def test_chances_of_an_announced_figure_are_shares_of_the_draws(tmp_path):
    drifting = gw.load("coreweave-2025", ["study.guide_drift=own-cash"])
    answer = run_study(drifting, Question(64, workers_count=1), folder=tmp_path)
    target = answer.targets[0]
    assert (target.low, target.high, target.unit) == (20e9, 23e9, "USD")
    with Results(tmp_path) as results:
        found = results.values(["t:0"])["t:0"]
    assert target.within_share == np.mean((found >= 20e9) & (found <= 23e9))
    assert target.reached_share == np.mean(found >= 20e9)
    assert target.p10 < target.p50 < target.p90


def test_a_draw_that_makes_no_plan_says_which(monkeypatch, ready):
    plan = ready(SCENARIO)

    def refuses(*_: object, **__: object) -> None:
        message = "nothing is paid"
        raise InputError(message)

    monkeypatch.setattr("gigawatt.planning.study.studied.carry", refuses)
    with pytest.raises(InputError, match="sovereign-1mw: draw 65 makes no plan: nothing is paid"):
        Draws((plan,), sampling_of([plan], 0), 128)(1)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"goal": "finance.npv"}, "Nearest: finance.npv_usd"),
        ({"goal": "finance.break_even_ads_uplift_pct"}, "no metric that a draw has"),
        ({"samples_count": 0}, "not between 1 and"),
        ({"executor": "rai"}, "Nearest: ray"),
        ({"workers_count": 0}, "at least one worker"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(question, words):
    with pytest.raises(InputError, match=words):
        Question(**question)


def test_a_correlation_with_a_figure_that_is_not_drawn_is_refused():
    asked = gw.load(SCENARIO, ["study.correlations=[{between: [finance.tax, finance.taxes], rank: 0.5}]"])
    with pytest.raises(InputError, match="is no figure that is drawn"):
        run_study(asked, SMALL)
