"""Conservation, limits and monotonicity of the build-out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.buildout import BuildoutInputs, BuildoutResult, plan_buildout

MONTHS, LATER = 24, 8


@st.composite
def plans(draw: st.DrawFn, kinds: int | None = None, rule: str | None = None) -> BuildoutInputs:
    """Draw a plan in which anything may bind."""
    kinds = kinds or draw(st.integers(1, 3))
    sites = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    budget_year = np.repeat(draw(st.sampled_from([[2025, 2026], [2025, 0], [0, 2026], [0, 0]])), MONTHS // 2)
    scale = 10.0 ** draw(st.integers(0, 9))
    ramp_w = np.cumsum(rng.uniform(0.0, 3e4, (sites, MONTHS + LATER)), axis=1)
    ramp_w *= rng.uniform(0.7, 1.0, ramp_w.shape) if draw(st.booleans()) else 1.0
    return BuildoutInputs(
        kinds=tuple("abc"[:kinds]),
        sites=tuple("stu"[:sites]),
        rule=rule or draw(st.sampled_from(["spend-the-budget", "as-announced"])),
        capex_budget_usd_T=np.where(budget_year > 0, scale * rng.uniform(0.0, 2.0, MONTHS), 0.0),
        budget_year_T=budget_year,
        other_capex_frac=draw(st.sampled_from([0.0, 0.07])),
        accelerator_usd_KT=rng.uniform(1e4, 4e4, (kinds, MONTHS)),
        server_usd_KT=rng.uniform(1e3, 1e4, (kinds, MONTHS)),
        network_usd_KT=rng.uniform(1e3, 1e4, (kinds, MONTHS)),
        supply_count_KT=rng.uniform(0.0, 100.0, (kinds, MONTHS)) * rng.integers(0, 2, (kinds, MONTHS)),
        preference_K=rng.uniform(0.1, 1.0, kinds),
        announced_count_KT=np.floor(rng.uniform(0.0, 40.0, (kinds, MONTHS))),
        system_w_K=rng.uniform(1e3, 2.5e3, kinds),
        tdp_w_K=rng.uniform(700.0, 1400.0, kinds),
        installed_count_K=rng.uniform(0.0, 50.0, kinds),
        installed_age_months_K=rng.uniform(0.0, 70.0, kinds),
        retirement_months=draw(st.sampled_from([12, 60])),
        delivery_months=draw(st.integers(0, 6)),
        commissioning_months=draw(st.integers(0, 3)),
        facility_w_ST=ramp_w[:, :MONTHS],
        facility_later_w_SL=ramp_w[:, MONTHS:],
        peak_pue_S=rng.uniform(1.05, 1.6, sites),
        construction_usd_per_w_S=rng.uniform(0.0, 12.0, sites) * rng.integers(0, 2, sites),
        construction_months_S=rng.integers(0, 20, sites),
        power_lookahead_months=draw(st.integers(0, 6)),
    )


def close(left: np.ndarray, right: np.ndarray) -> None:
    """Equal to 1e-9 of the larger side."""
    size = max(1.0, float(np.abs(left).max(initial=0.0)), float(np.abs(right).max(initial=0.0)))
    np.testing.assert_allclose(left, right, rtol=0.0, atol=1e-9 * size)


@given(plans())
@settings(max_examples=120, deadline=None)
def test_accelerators_are_conserved(inputs: BuildoutInputs) -> None:
    result = plan_buildout(inputs)
    ordered, delivered, retired = (
        np.cumsum(count, axis=1)
        for count in (result.ordered_count_KT, result.delivered_count_KT, result.retired_count_KT)
    )
    close(ordered, delivered + result.in_delivery_count_KT)
    close(inputs.installed_count_K[:, None] + delivered, result.owned_count_KT + retired)
    close(result.owned_count_KT, result.online_count_SKT.sum(axis=0) + result.waiting_count_KT)
    for count in (result.ordered_count_KT, result.online_count_SKT, result.waiting_count_KT, result.owned_count_KT):
        assert (count >= 0.0).all()


@given(plans())
@settings(max_examples=120, deadline=None)
def test_money_is_conserved(inputs: BuildoutInputs) -> None:
    result = plan_buildout(inputs)
    # to the size of the money that moves: announced orders may cost far more than the budget
    close(np.cumsum(result.budget_usd_T) - result.unspent_usd_T, np.cumsum(sum(result.spend_usd.values())))
    hardware = sum(result.spend_usd[part] for part in ("accelerators", "servers", "network"))
    price = inputs.accelerator_usd_KT + inputs.server_usd_KT + inputs.network_usd_KT
    close(hardware, (price * result.ordered_count_KT).sum(axis=0))
    assert (result.construction_for_later_usd_T <= result.spend_usd["construction"] + 1e-6).all()


@given(plans(rule="spend-the-budget"))
@settings(max_examples=120, deadline=None)
def test_orders_respect_supply_and_budget(inputs: BuildoutInputs) -> None:
    result = plan_buildout(inputs)
    assert (result.ordered_count_KT <= inputs.supply_count_KT * (1.0 + 1e-9)).all()
    assert (result.ordered_count_KT[:, inputs.budget_year_T == 0] == 0.0).all()
    committed = result.spend_usd["construction"] + result.spend_usd["other"]
    affordable = np.cumsum(inputs.capex_budget_usd_T - committed).min() >= 0.0
    if affordable:
        assert result.unspent_usd_T.min() >= -1e-9 * max(1.0, inputs.capex_budget_usd_T.sum())


@given(plans())
@settings(max_examples=120, deadline=None)
def test_power_online_is_the_smaller_of_capacity_and_what_is_ready(inputs: BuildoutInputs) -> None:
    result = plan_buildout(inputs)
    assert (result.it_w_ST <= result.it_capacity_w_ST * (1.0 + 1e-9) + 1e-6).all()
    delivered = np.cumsum(result.delivered_count_KT, axis=1)
    ready = np.zeros_like(delivered)
    wait = inputs.commissioning_months
    ready[:, wait:] = delivered[:, : MONTHS - wait]
    ready_w = inputs.system_w_K @ (result.owned_count_KT - delivered + ready)
    close(result.it_w_ST.sum(axis=0), np.minimum(result.it_capacity_w_ST.sum(axis=0), ready_w))


@given(plans(rule="spend-the-budget"))
@settings(max_examples=120, deadline=None)
def test_orders_never_outgrow_the_power_of_their_arrival(inputs: BuildoutInputs) -> None:
    result = plan_buildout(inputs)
    capacity_w = (np.hstack((inputs.facility_w_ST, inputs.facility_later_w_SL)) / inputs.peak_pue_S[:, None]).sum(
        axis=0
    )
    for month in np.flatnonzero(result.ordered_count_KT.sum(axis=0)):
        arrival = month + inputs.delivery_months
        first_alive = max(month - inputs.retirement_months + 1, 0)
        bought = result.ordered_count_KT[:, first_alive : month + 1].sum(axis=1)
        young = inputs.installed_age_months_K + arrival < inputs.retirement_months
        alive = bought + np.where(young, inputs.installed_count_K, 0.0)
        there = min(arrival + inputs.power_lookahead_months, capacity_w.size - 1)
        assert inputs.system_w_K @ alive <= capacity_w[there] * (1.0 + 1e-9)


def ordered_total(result: BuildoutResult) -> float:
    return float(result.ordered_count_KT.sum())


@given(plans(kinds=1, rule="spend-the-budget"), st.floats(1.0, 3.0))
@settings(max_examples=150, deadline=None)
def test_more_budget_never_orders_fewer(inputs: BuildoutInputs, factor: float) -> None:
    richer = replace(inputs, capex_budget_usd_T=factor * inputs.capex_budget_usd_T)
    assert ordered_total(plan_buildout(richer)) >= ordered_total(plan_buildout(inputs)) * (1.0 - 1e-9)


@given(plans(rule="spend-the-budget"), st.floats(1.0, 3.0))
@settings(max_examples=100, deadline=None)
def test_more_budget_never_orders_fewer_of_any_kind_where_power_is_ample(inputs: BuildoutInputs, factor: float) -> None:
    inputs = replace(
        inputs,
        facility_w_ST=np.full_like(inputs.facility_w_ST, 1e12),
        facility_later_w_SL=np.full_like(inputs.facility_later_w_SL, 1e12),
    )
    richer = replace(inputs, capex_budget_usd_T=factor * inputs.capex_budget_usd_T)
    more, fewer = (plan_buildout(case).ordered_count_KT.sum(axis=0).cumsum() for case in (richer, inputs))
    assert (more >= fewer * (1.0 - 1e-9)).all()


@given(plans(kinds=1), st.floats(1.0, 3.0))
@settings(max_examples=150, deadline=None)
def test_more_power_never_has_fewer_online(inputs: BuildoutInputs, factor: float) -> None:
    # with prices that move, power that comes earlier makes a plan buy earlier, perhaps dearer; so prices stand still
    flat = {
        name: np.full((1, MONTHS), getattr(inputs, name)[0, 0])
        for name in ("accelerator_usd_KT", "server_usd_KT", "network_usd_KT")
    }
    inputs = replace(inputs, construction_usd_per_w_S=np.zeros(len(inputs.sites)), retirement_months=60, **flat)
    stronger = replace(
        inputs,
        facility_w_ST=factor * inputs.facility_w_ST,
        facility_later_w_SL=factor * inputs.facility_later_w_SL,
    )
    more, fewer = (plan_buildout(case).online_count_SKT.sum(axis=(0, 1)) for case in (stronger, inputs))
    assert (more >= fewer * (1.0 - 1e-9) - 1e-9).all()


@given(plans(rule="spend-the-budget"))
@settings(max_examples=60, deadline=None)
def test_no_budget_leaves_only_the_installed_base(inputs: BuildoutInputs) -> None:
    result = plan_buildout(replace(inputs, capex_budget_usd_T=np.zeros(MONTHS)))
    assert result.ordered_count_KT.sum() == 0.0
    close(
        result.owned_count_KT,
        np.where(
            inputs.installed_age_months_K[:, None] + np.arange(MONTHS) < inputs.retirement_months,
            inputs.installed_count_K[:, None],
            0.0,
        ),
    )
