from __future__ import annotations

import numpy as np
import pytest

import gigawatt as gw
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.document import clean, dumps
from gigawatt.planning.optimise import Question, best_plan, record_of
from gigawatt.planning.optimise.periods import periods_of
from gigawatt.records import Month, TimeAxis

RUN = (
    "{train: llama-3.1-70b, tokens: 2 T, on: {h100-sxm: 2048}, precision: bf16, batch: 4194304, start: 2025-03, "
    "deadline: 2026-06}"
)
HALLS = "optimise.halls=[{site: stargate-abilene, size: 150 MW, most: 6}]"


@pytest.fixture(scope="module")
def coreweave():
    return gw.optimise("coreweave-2025")


@pytest.fixture(scope="module")
def stargate():
    return gw.optimise("stargate", [HALLS])


def npv_usd(scenario):
    return gw.plan(scenario, draws_count=0).metric("finance.npv_usd").value


def test_quarters_are_those_of_the_calendar():
    periods = periods_of(TimeAxis(Month(2025, 2), Month(2025, 7)), "quarter")
    assert [periods.label(period) for period in range(periods.count)] == ["2025-Q1", "2025-Q2", "2025-Q3"]
    assert periods.months_P.tolist() == [2.0, 3.0, 1.0]
    np.testing.assert_allclose(periods.sums(np.arange(6.0)), [1.0, 9.0, 5.0])
    np.testing.assert_allclose(periods.means(np.arange(6.0)), [0.5, 3.0, 5.0])
    assert [periods.until(Month(2025, month)) for month in (2, 3, 6, 7)] == [0, 1, 2, 3]
    with pytest.raises(InputError, match='step of "week" is unknown'):
        periods_of(periods.axis, "week")


def test_the_programme_and_the_plan_of_its_optimum_agree(coreweave):
    assert coreweave.status == "proven"
    assert coreweave.gap_frac <= 0.005
    assert npv_usd(coreweave.resolved) == pytest.approx(coreweave.value, rel=0.003)


def test_the_programme_judges_the_scenarios_own_orders_as_their_plan_does(coreweave):
    own = next(rival for rival in coreweave.rivals if rival.name.startswith("spend the budget"))
    assert own.value == pytest.approx(npv_usd("coreweave-2025"), rel=0.003)


def test_no_rival_is_better(coreweave, stargate):
    for answer in (coreweave, stargate):
        assert answer.rivals
        assert all(not rival.why for rival in answer.rivals)
        assert max(rival.value for rival in answer.rivals) <= answer.value
    assert npv_usd(coreweave.resolved) > npv_usd("coreweave-2025")


def test_orders_keep_to_supply_and_money(coreweave):
    most = {"h200-sxm": 8e3, "gb200-nvl72": 25e3, "gb300-nvl72": 25e3}
    assert all(order.gpus <= 3 * most[order.accelerator] * (1 + 1e-9) for order in coreweave.orders)
    spent = sum(order.usd for order in coreweave.orders)
    assert spent + coreweave.unspent_usd == pytest.approx(coreweave.budget_usd)
    announced = coreweave.resolved.scenario.purchases.announced
    assert sum(order.count.value for order in announced) == pytest.approx(sum(o.gpus for o in coreweave.orders), abs=20)
    assert {order.month.year for order in announced} == {2025}


def test_what_binds_has_a_price_and_what_is_not_bought_a_threshold(coreweave):
    power = [item for item in coreweave.scarce if item.what == "look-ahead"]
    assert power
    assert all(item.worth > 0.0 for item in coreweave.scarce)
    bought = {order.accelerator for order in coreweave.orders}
    assert all(flip.accelerator not in bought and flip.below_usd < flip.price_usd for flip in coreweave.flips)


def test_a_kind_is_bought_below_its_threshold_and_not_above(coreweave):
    flip = next(item for item in coreweave.flips if item.accelerator == "gb300-nvl72")
    listed = gw.catalogue.accelerators["gb300-nvl72"].price_usd.value
    # prices fall in the same steps from the offer's price on, so the threshold moves with it
    share = flip.below_usd / flip.price_usd
    rest = sum(
        getattr(gw.catalogue.accelerators["gb300-nvl72"], part).value
        for part in ("server_usd_per_gpu", "network_usd_per_gpu")
    )

    def kinds(all_in: float) -> set[str]:
        found = gw.optimise("coreweave-2025", [f"purchases.offer.gb300-nvl72.price={all_in - rest:.2f} USD"])
        return {order.accelerator for order in found.orders}

    assert "gb300-nvl72" not in kinds((listed + rest) * share * 1.005)
    assert "gb300-nvl72" in kinds((listed + rest) * share * 0.99)


def test_the_rule_optimise_plans_the_optimum(coreweave):
    assert npv_usd(gw.load("coreweave-2025", ["purchases.rule=optimise"])) == npv_usd(coreweave.resolved)


def test_halls_that_open_are_in_the_power_of_the_plan(stargate):
    opened = sum(opening.mw for opening in stargate.openings)
    assert opened > 0.0
    assert opened % 150 == 0.0
    before, after = (gw.plan(item, draws_count=0).tables["power"] for item in ("stargate", stargate.resolved))
    last = before["month"].max()
    gained = [
        frame[(frame["month"] == last) & (frame["site"] == "stargate-abilene")]["energised_mw"].sum()
        for frame in (before, after)
    ]
    assert gained[1] - gained[0] == pytest.approx(opened)
    assert npv_usd(stargate.resolved) == pytest.approx(stargate.value, rel=0.01)
    assert stargate.integers_count > 0
    assert stargate.bound >= stargate.value


def test_months_are_no_worse_resolved_than_quarters():
    by_month = gw.optimise("epoch-1gw", step="month")
    assert npv_usd(by_month.resolved) > npv_usd("epoch-1gw")


def test_a_run_is_done_by_its_deadline_and_the_earliest_end_is_proven():
    long = RUN.replace("2 T", "40 T").replace("2026-06", "2028-12")
    settings = [f"workloads.1={long}"]
    answer = gw.optimise("coreweave-2025", settings, goal="time", about="llama-3.1-70b")
    assert answer.about.startswith("Llama 3.1 70B")
    assert Month.parse(answer.date).plus(-1) == Month.parse(answer.not_before)
    at_once = gw.plan(gw.load("coreweave-2025", settings), draws_count=0).tables["training"]
    assert str(answer.date) <= str(at_once["end"].iloc[0])[:7]
    assert all(rival.why or rival.value >= answer.value for rival in answer.rivals)
    early = [f"workloads.1={long.replace('2028-12', answer.not_before)}"]
    with pytest.raises(InfeasibleError, match=f"done by {answer.not_before}"):
        gw.optimise("coreweave-2025", early, goal="time")


@pytest.mark.parametrize("goal", ["compute", "cost", "carbon"])
def test_every_goal_has_a_proven_answer_that_no_rival_betters(goal):
    answer = gw.optimise("coreweave-2025", [f"workloads.1={RUN}"], goal=goal)
    assert answer.status == "proven"
    better = max if goal == "compute" else min
    assert better([answer.value, *(rival.value for rival in answer.rivals if not rival.why)]) == answer.value
    document = dumps(clean(record_of(answer)))
    assert '"orders"' in document


def test_most_tokens_are_served_as_the_pool_is_asked():
    answer = gw.optimise("neocloud-20mw", goal="tokens", by=Month(2028, 12))
    assert answer.about == "customer's inference"
    assert answer.value > 0.0
    half = gw.optimise("neocloud-20mw", goal="tokens", by=Month(2027, 6))
    assert half.value < answer.value


def test_power_caps_bring_more_compute_where_power_is_short():
    short = [f"workloads.1={RUN}", "workloads.0.reserve=10 %", "sites.coreweave-fleet.power={2025-01: 520 MW}"]
    free, rigid = (
        gw.optimise("coreweave-2025", [*short, f"optimise.power_caps={given}"], goal="compute")
        for given in ("true", "false")
    )
    assert free.value > rigid.value * 1.01
    assert any(place.power_cap_w for place in free.placements)
    assert not any(place.power_cap_w for place in rigid.placements)


def test_a_clash_is_said_in_words():
    with pytest.raises(InfeasibleError, match="limit on carbon") as caught:
        gw.optimise("coreweave-2025", ["optimise.carbon=100 t/year"])
    assert caught.value.exit_code == 3
    assert "t more would be needed" in str(caught.value)


@pytest.mark.parametrize(
    ("scenario", "settings", "question", "said"),
    [
        ("coreweave-2025", [], {"goal": "npw"}, 'goal "npw" is unknown. Nearest: npv'),
        ("coreweave-2025", [], {"goal": "time"}, "the scenario has no training run for this goal"),
        ("coreweave-2025", [], {"goal": "tokens"}, "the scenario has no serving pool for this goal"),
        ("coreweave-2025", [f"workloads.1={RUN}"], {"goal": "time", "about": "llama-3.1-80b"}, "is no training run"),
        ("coreweave-2025", [], {"goal": "compute", "by": Month(2024, 1)}, "no period of the plan has ended"),
        ("coreweave-2025", [], {"gap_frac": 2.0}, "a gap of"),
        ("coreweave-2025", ["optimise.halls=[{site: prometheus-oh, size: 1 MW, most: 1}]"], {}, "is not a site of the"),
        ("coreweave-2025", ["optimise.cloud=[{accelerator: mi300x, price: 2 USD/h}]"], {}, "neither installed nor on"),
        ("colossus", [], {}, "optimise needs kinds on offer"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(scenario, settings, question, said):
    with pytest.raises(InputError, match=said):
        best_plan(gw.load(scenario, settings), Question(**question))
