from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_optimum import halls, present_value, small_optimum

from gigawatt.engines.buildout.optimise import (
    CloudOption,
    Goal,
    Limit,
    OptimiseInputs,
    PoolNeed,
    RunNeed,
    Way,
    evaluate,
    optimise,
)
from gigawatt.errors import InputError

NPV = Goal("npv", required_runs=True)


def residuals(inputs: OptimiseInputs, choice) -> dict[str, float]:
    """How far each constraint is exceeded, as a share of its bound; negative where there is room."""
    orders, online = choice.ordered_count_KP, choice.bought_SVP + choice.installed_SVP
    paid = np.cumsum((inputs.price_usd_KP * orders).sum(axis=0))
    power = inputs.facility_w_SP.copy()
    for option, count in zip(inputs.halls, choice.halls_count_HP, strict=True):
        paid = paid + np.cumsum(count @ option.paid_usd_QP)
        power[option.site] += np.cumsum(count) * option.hall_w
    drawn = (online * inputs.system_w_V[:, None]).sum(axis=1) * inputs.peak_pue_S[:, None]
    ready = np.einsum("kq,kqp->kp", orders, inputs.ready_frac_KQP)
    runs = np.array([online[:, inputs.kind_V == kind].sum(axis=(0, 1)) for kind in range(len(inputs.kinds))])
    return {
        "budget": float(np.max(paid / inputs.ceiling_usd_P) - 1.0),
        "power": float(np.max(drawn / np.maximum(power, 1.0)) - 1.0),
        "supply": float(np.max(orders / np.maximum(inputs.supply_count_KP, 1e-9)) - 1.0),
        "stock": float(np.max((runs - ready - inputs.installed_count_KP) / 1e3)),
    }


@pytest.mark.parametrize("changes", [{}, {"compute_usd_P": np.full(4, 40e6)}, {"tax_frac": 0.0}])
def test_the_value_is_the_present_value_of_what_is_chosen(changes):
    inputs = small_optimum(halls=(halls(),), **changes)
    found = optimise(inputs, NPV)
    assert found.status == "proven"
    # tangents may exceed the logarithm by a ten-thousandth of what compute earns
    assert found.value == pytest.approx(
        present_value(inputs, found.choice), rel=2e-4 if "compute_usd_P" in changes else 1e-7
    )


def test_the_optimum_is_the_best_of_all_that_can_be_counted():
    # everything comes in lots of 300 accelerators: orders, what a hall carries and costs, supply and budget
    lot, lot_usd = 300.0, 10.8e6
    inputs = small_optimum(
        price_usd_KP=np.full((2, 4), lot_usd / lot),
        supply_count_KP=np.array([[5 * lot] * 4, [0.0] * 4]),
        facility_w_SP=np.array([[3 * lot * 2400.0] * 4, [0.0] * 4]),
        revenue_usd_SVP=np.array([14e3, 0.0, 0.0])[None, :, None] * np.ones((2, 1, 4)),
        ready_frac_KQP=np.repeat(np.triu(np.ones((4, 4)), 1)[None], 2, axis=0),
        ceiling_usd_P=lot_usd * np.array([5.0, 8.0, 13.0, 20.0]),
        halls=(halls(most=2, hall_w=3 * lot * 2400.0),),
    )
    nothing, best, seen = optimise_empty(inputs), -np.inf, 0
    for early in product(range(6), repeat=3):
        orders = lot * np.array([*early, 0.0])  # what is ordered last serves nothing within the plan
        for opened in product((0.0, 1.0, 2.0), repeat=3):
            count = np.array([0.0, *opened])
            spent = np.cumsum(inputs.price_usd_KP[0] * orders + count @ inputs.halls[0].paid_usd_QP)
            if sum(opened) > 2.0 or (spent > inputs.ceiling_usd_P * (1.0 + 1e-12)).any():
                continue
            bought = np.zeros((2, 3, 4))
            bought[0, 0] = np.minimum(orders @ np.triu(np.ones((4, 4)), 1), 3 * lot * (1.0 + np.cumsum(count)))
            ordered = np.vstack((orders, np.zeros(4)))
            tried = replace(nothing, ordered_count_KP=ordered, bought_SVP=bought, halls_count_HP=count[None])
            best, seen = max(best, present_value(inputs, tried)), seen + 1
    found = optimise(inputs, NPV)
    assert seen > 300
    assert found.choice.halls_count_HP.sum() > 0
    assert found.value == pytest.approx(best, rel=1e-6)
    assert found.value == pytest.approx(present_value(inputs, found.choice), rel=1e-7)


def optimise_empty(inputs):
    """A choice that buys nothing."""
    found = optimise(replace(inputs, supply_count_KP=np.zeros_like(inputs.supply_count_KP), halls=()), NPV).choice
    return replace(found, halls_count_HP=np.zeros((len(inputs.halls), inputs.months_P.size)))


def test_halls_are_whole_and_the_relaxation_is_no_worse():
    # 3.7 MW halls do not fill up evenly
    inputs = small_optimum(
        halls=(halls(most=4, hall_w=3.7e6), halls(most=2, hall_w=4.4e6, site=1)),
        facility_w_SP=np.full((2, 4), 2e6),
        revenue_usd_SVP=np.full((2, 3, 4), 9e3),
    )
    found = optimise(inputs, NPV)
    counts = found.choice.halls_count_HP
    assert counts.sum() > 0
    np.testing.assert_array_equal(counts, np.round(counts))
    assert (counts.sum(axis=1) <= [4, 2]).all()
    assert found.relaxed >= found.value
    assert found.bound >= found.value
    assert found.relaxed >= found.bound * (1.0 - 1e-9)
    assert found.integers_count == 6


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["ceiling_usd_P", "facility_w_SP", "supply_count_KP"]),
    st.floats(1.0, 3.0),
    st.floats(0.3, 1.5),
    st.floats(0.3, 1.5),
)
def test_more_of_anything_is_never_worse_and_all_balances_hold(name, more, money, power):
    plain = small_optimum(halls=(halls(),))
    poor = replace(plain, ceiling_usd_P=plain.ceiling_usd_P * money, facility_w_SP=plain.facility_w_SP * power)
    rich = replace(poor, **{name: getattr(poor, name) * more})
    less, best = optimise(poor, NPV), optimise(rich, NPV)
    assert best.value >= less.value - 1e-9 * abs(less.value) - 1.0
    for inputs, found in ((poor, less), (rich, best)):
        assert all(excess <= 1e-6 for excess in residuals(inputs, found.choice).values())
        assert found.bound >= found.value


@pytest.mark.parametrize(
    ("what", "field", "place", "step"),
    [
        ("budget", "ceiling_usd_P", np.s_[:], 1e4),
        ("power", "facility_w_SP", np.s_[0, 2], 1e3),
        ("power", "facility_w_SP", np.s_[0, 3], 1e3),
        ("supply", "supply_count_KP", np.s_[1, 1], 1.0),
    ],
)
def test_prices_are_what_one_more_unit_brings(what, field, place, step):
    inputs = small_optimum(ceiling_usd_P=np.linspace(120e6, 520e6, 4), supply_count_KP=np.full((2, 4), 5e3))
    found = optimise(inputs, NPV)
    changed = getattr(inputs, field).copy()
    changed[place] += step
    gain = optimise(replace(inputs, **{field: changed}), NPV).value - found.value
    if what == "budget":
        price = next(price.onward for price in found.prices if price.what == what)
    else:
        names = inputs.sites if what == "power" else inputs.kinds
        price = next(
            (p.value for p in found.prices if (p.what, p.where, p.when) == (what, names[place[0]], f"q{place[1] + 1}")),
            0.0,
        )
    assert gain == pytest.approx(price * step, rel=1e-4, abs=0.5)
    assert what == "supply" or gain > 0.0


def test_the_price_below_which_a_kind_is_bought_is_where_it_begins_to_be():
    inputs = small_optimum(revenue_usd_SVP=np.array([8e3, 7.4e3, 1e3])[None, :, None] * np.ones((2, 1, 4)))
    found = optimise(inputs, NPV)
    assert not found.choice.ordered_count_KP[1].any()
    flip = next(item for item in found.switches if item.kind == 1)
    assert 0.0 < flip.below_usd < flip.price_usd

    def bought(price_usd: float) -> float:
        share = price_usd / 25e3
        price = inputs.price_usd_KP.copy()
        worn, left = inputs.depreciation_usd_KQP.copy(), inputs.terminal_usd_KQ.copy()
        price[1, flip.period] *= share
        worn[1, flip.period] *= share
        left[1, flip.period] *= share
        cheap = replace(inputs, price_usd_KP=price, depreciation_usd_KQP=worn, terminal_usd_KQ=left)
        return float(optimise(cheap, NPV).choice.ordered_count_KP[1].sum())

    assert bought(flip.below_usd * 1.001) == 0.0
    assert bought(flip.below_usd * 0.999) > 100.0


def test_short_power_is_shared_by_capping():
    scarce = small_optimum(facility_w_SP=np.full((2, 4), 4e6), ceiling_usd_P=np.full(4, 2e9))
    ample = small_optimum(facility_w_SP=np.full((2, 4), 4e9), ceiling_usd_P=np.full(4, 2e9))
    # 7.4 k USD on 1,500 W beat 8 k USD on 2,000 W
    assert optimise(scarce, NPV).choice.bought_SVP[:, 1, 3].sum() > 100.0
    assert optimise(ample, NPV).choice.bought_SVP[:, 1].sum() == pytest.approx(0.0, abs=1e-6)


def test_the_cheaper_site_is_filled_first():
    found = optimise(small_optimum(ceiling_usd_P=np.full(4, 100e6)), NPV).choice
    assert found.bought_SVP[0].sum() > 0.0
    assert found.bought_SVP[1].sum() == pytest.approx(0.0, abs=1e-6)


def run_need(**changes) -> RunNeed:
    """A run of two months on 3,000 of kind a, three on 4,000 of b, in the first three quarters."""
    need = RunNeed("big", (Way(0, 3e3, 2.0), Way(2, 4e3, 3.0)), 1.0, np.array([3.0, 3.0, 3.0, 0.0]), "q3")
    return replace(need, **changes)


def test_a_run_gets_its_months_before_its_deadline():
    inputs = small_optimum(runs=(run_need(),), revenue_usd_SVP=np.zeros((2, 3, 4)))
    found = optimise(inputs, NPV)
    months = found.choice.run_months[0]
    assert (months[:, 3] == 0.0).all()
    assert (months / np.array([[2.0], [3.0]])).sum() == pytest.approx(1.0)
    assert months.sum(axis=0).max() <= 3.0 + 1e-9
    online = found.choice.bought_SVP.sum(axis=0)
    assert (months[0] * 3e3 / 3.0 <= online[0] + 1e-6).all()
    free = optimise(inputs, replace(NPV, required_runs=False))
    assert free.value > found.value
    assert not free.choice.ordered_count_KP.any()


def test_most_of_a_run_by_a_date():
    inputs = small_optimum(runs=(run_need(open_months_P=np.full(4, 3.0)),), supply_count_KP=np.full((2, 4), 1e3))
    done = [optimise(inputs, Goal("work", until=until, run=0)).value for until in (1, 2, 3, 4)]
    assert np.diff(done).min() >= -1e-9
    # in the first quarter half of 1,000 of a and of b serve: 500 of 3,000 for three of two months, or less of b
    assert done[0] == pytest.approx(500 / 3000 * 3 / 2 + 500 / 4000 * 3 / 3, rel=1e-6)


def test_pools_are_served_in_full_where_they_must_be():
    pool = PoolNeed("chat", np.array([[1e3], [1.2e3], [2e3]]) * np.array([0.0, 1.0, 1.0, 2.0]), np.arange(4) > 0,
                    np.zeros(4), np.arange(4) * 1e9)  # fmt: skip
    inputs = small_optimum(pools=(pool,))
    least = optimise(inputs, Goal("cost", required_pools=True))
    served = (least.choice.pool_gpus[0] / np.maximum(pool.gpus_VP, 1.0)).sum(axis=0)
    np.testing.assert_allclose(served, [0.0, 1.0, 1.0, 1.0], atol=1e-7)
    nothing = optimise(inputs, Goal("cost"))
    assert nothing.value < least.value
    assert not nothing.choice.ordered_count_KP.any()
    # 1,000 accelerators on 40 k, or 2,000 on 25 k: a is the cheaper way
    assert least.choice.ordered_count_KP[1].sum() == pytest.approx(0.0, abs=1e-6)


def test_a_pool_is_served_for_money_where_it_is_worth_it():
    pool = PoolNeed("chat", np.full((3, 4), 2e3), np.ones(4, dtype=bool), np.full(4, 30e6), np.ones(4))
    idle = small_optimum(revenue_usd_SVP=np.zeros((2, 3, 4)))
    found = optimise(replace(idle, pools=(pool,)), NPV)
    assert found.choice.pool_gpus[0].sum() > 0.0
    assert found.value == pytest.approx(present_value(replace(idle, pools=(pool,)), found.choice), rel=1e-7)
    poor = replace(pool, worth_usd_P=np.full(4, 1e5))
    assert not optimise(replace(idle, pools=(poor,)), NPV).choice.ordered_count_KP.any()


def test_most_compute_is_the_best_rate_times_months():
    rate = np.array([3.0, 2.5, 1.0])
    inputs = small_optimum(
        facility_w_SP=np.full((2, 4), 1e9), ceiling_usd_P=np.full(4, 1e12), reserve_frac_P=np.full(4, 0.25)
    )
    found = optimise(inputs, Goal("compute", until=2, rate_V=rate))
    # two quarters: orders of the first serve 1.5 quarters, of the second half a one; 8,000 of each kind, a quarter kept
    assert found.value == pytest.approx(0.75 * (3.0 + 1.0) * 8e3 * 3.0 * (1.5 + 0.5), rel=1e-9)


def test_least_carbon_uses_the_clean_site():
    pool = PoolNeed("chat", np.full((3, 4), 1e3) * (np.arange(4) > 0), np.arange(4) > 0, np.zeros(4), np.ones(4))
    found = optimise(small_optimum(pools=(pool,)), Goal("carbon", required_pools=True))
    assert found.value == pytest.approx(3 * 1e3 * 1.0)
    assert found.choice.bought_SVP[1].sum() == pytest.approx(0.0, abs=1e-6)


def test_a_carbon_limit_is_kept_and_has_a_price():
    inputs = small_optimum()
    limit = Limit("carbon 2025", "t", inputs.carbon_t_SVP, 20e3, np.ones(4, dtype=bool))
    free, held = optimise(inputs, NPV), optimise(replace(inputs, limits=(limit,)), NPV)
    assert (free.choice.bought_SVP * inputs.carbon_t_SVP).sum() > 20e3
    assert (held.choice.bought_SVP * inputs.carbon_t_SVP).sum() == pytest.approx(20e3, rel=1e-6)
    price = next(item.value for item in held.prices if item.what == "carbon 2025")
    looser = replace(inputs, limits=(replace(limit, most=20.01e3),))
    assert optimise(looser, NPV).value - held.value == pytest.approx(price * 10.0, rel=1e-3)


def test_the_cloud_is_rented_only_where_it_is_cheaper():
    need = run_need(open_months_P=np.array([3.0, 0.0, 0.0, 0.0]), need_frac=1.0)
    base = small_optimum(runs=(need,), revenue_usd_SVP=np.zeros((2, 3, 4)), supply_count_KP=np.full((2, 4), 100.0))
    assert optimise(base, NPV).status == "impossible"
    cloud = CloudOption("cloud a", 0, np.full(4, 1e4), np.full(4, 6e3))
    found = optimise(replace(base, clouds=(cloud,)), NPV)
    # two months of 3,000 in a quarter of three are 2,000 on average
    assert found.choice.cloud_count_CP.sum() == pytest.approx(2e3, rel=1e-6)
    assert not found.choice.ordered_count_KP.any()


def test_what_earns_less_than_it_costs_is_sold_early_at_its_price():
    revenue = np.full((2, 3, 4), 9e3)
    revenue[:, :, 2:] = 0.0
    inputs = small_optimum(revenue_usd_SVP=revenue)
    kept = optimise(inputs, NPV)
    resale = np.repeat(inputs.price_usd_KP[:, :, None], 4, axis=2) * 0.95
    sold = optimise(replace(inputs, resale_usd_KQP=resale), NPV)
    assert sold.value > kept.value
    assert sold.choice.sold_count_KP.sum() > 0.0
    assert sold.choice.sold_count_KP.sum() <= sold.choice.ordered_count_KP.sum() * (1.0 + 1e-9)
    online = sold.choice.bought_SVP.sum(axis=(0, 1))
    assert online[3] < online[1]


def test_the_installed_base_keeps_running_and_takes_power():
    base = np.zeros((2, 4))
    base[1] = 6e3
    full = small_optimum(installed_count_KP=base)
    found = optimise(full, NPV)
    np.testing.assert_allclose(found.choice.installed_SVP.sum(axis=(0, 1)), 6e3, rtol=1e-9)
    assert found.value < optimise(small_optimum(), NPV).value


def test_power_that_comes_late_lets_nothing_be_ordered_for_it():
    late = np.zeros((2, 4))
    late[:, 3] = 50e6
    inputs = small_optimum(facility_w_SP=late, ceiling_usd_P=np.full(4, 2e9), revenue_usd_SVP=np.full((2, 3, 4), 20e3))
    waiting = optimise(inputs, NPV)
    assert waiting.choice.ordered_count_KP[:, :3].sum() > 0.0
    watched = replace(
        inputs,
        room_w_P=np.array([0.0, 0.0, 0.0, 50e6]),
        alive_frac_KQP=np.repeat(np.triu(np.ones((4, 4)))[None], 2, axis=0),
        ahead_P=np.arange(4) + 1,
    )
    in_time = optimise(watched, NPV)
    assert in_time.choice.ordered_count_KP[:, :3].sum() == pytest.approx(0.0, abs=1e-6)
    assert in_time.value < waiting.value


@pytest.mark.parametrize("seed", range(4))
def test_no_other_orders_do_better_and_given_ones_are_a_start(seed):
    inputs = small_optimum(halls=(halls(),), compute_usd_P=np.full(4, 20e6))
    found = optimise(inputs, NPV, gap_frac=0.05)
    draw = np.random.default_rng(seed).dirichlet(np.ones(8)).reshape(2, 4)
    orders = draw * 150e6 / inputs.price_usd_KP
    other = evaluate(inputs, NPV, orders)
    assert other.status == "proven"
    np.testing.assert_allclose(other.choice.ordered_count_KP, orders, rtol=1e-6)
    assert other.value <= found.bound * (1.0 + 1e-9)
    assert optimise(inputs, NPV, gap_frac=0.9, starts=[orders]).value >= other.value * (1.0 - 1e-9)


def test_orders_above_the_budget_or_not_on_offer_are_named():
    inputs = small_optimum(supply_count_KP=np.array([[8e3] * 4, [0.0] * 4]))
    rich = evaluate(inputs, NPV, np.array([[8e3] * 4, [0.0] * 4]))
    assert rich.status == "impossible"
    assert [clash.what for clash in rich.clashes] == ["budget"]
    assert evaluate(inputs, NPV, np.array([[0.0] * 4, [1.0] * 4])).status == "impossible"


def blamed(inputs: OptimiseInputs, goal: Goal = NPV) -> set[tuple[str, str]]:
    """Names of the constraints that clash."""
    found = optimise(inputs, goal)
    assert found.status == "impossible"
    assert found.choice is None
    return {(clash.what, clash.where) for clash in found.clashes}


def test_what_cannot_be_names_the_constraints_that_clash():
    need = run_need(ways=(Way(0, 3e3, 2.0),))
    # nothing is delivered, however much there is of the rest
    assert blamed(small_optimum(runs=(need,), supply_count_KP=np.array([[10.0] * 4, [9e3] * 4]))) == {
        ("supply", "a"),
        ("run", "big"),
    }
    assert blamed(small_optimum(runs=(need,), ceiling_usd_P=np.full(4, 1e5))) == {("budget", ""), ("run", "big")}
    assert blamed(small_optimum(runs=(replace(need, ways=(Way(0, 3e3, 30.0),)),))) == {("run", "big")}
    dark = small_optimum(runs=(need,), facility_w_SP=np.full((2, 4), 1e3))
    assert ("run", "big") in blamed(dark)
    assert {what for what, _ in blamed(dark)} == {"run", "power"}
    pool = PoolNeed("chat", np.full((3, 4), np.inf), np.ones(4, dtype=bool), np.zeros(4), np.zeros(4))
    assert blamed(small_optimum(pools=(pool,)), Goal("cost", required_pools=True)) == {("pool", "chat")}


def test_how_much_a_clash_must_give_way_is_enough_and_no_more():
    inputs = small_optimum(runs=(run_need(ways=(Way(0, 3e3, 2.0),)),), ceiling_usd_P=np.full(4, 1e6))
    short = next(clash.by for clash in optimise(inputs, NPV).clashes if clash.what == "budget")
    assert optimise(replace(inputs, ceiling_usd_P=inputs.ceiling_usd_P + short * 1.001), NPV).status == "proven"
    assert optimise(replace(inputs, ceiling_usd_P=inputs.ceiling_usd_P + short * 0.999), NPV).status == "impossible"


def test_wrong_inputs_are_refused_with_every_reason():
    with pytest.raises(InputError, match=r"system_w_V has shape \(2,\), expected \(3,\).*goal \"npw\" is unknown"):
        optimise(small_optimum(system_w_V=np.ones(2)), Goal("npw"))
    with pytest.raises(InputError, match="needs rate_V"):
        optimise(small_optimum(), Goal("compute"))
    with pytest.raises(InputError, match="names run 0 of 0"):
        optimise(small_optimum(), Goal("work", run=0))
    with pytest.raises(InputError, match="supply_count_KP must not be negative"):
        optimise(small_optimum(supply_count_KP=np.full((2, 4), -1.0)), NPV)
