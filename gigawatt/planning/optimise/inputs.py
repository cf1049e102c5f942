"""A prepared scenario into the optimiser's arrays.

Shape letters: T months, P periods, Q periods of orders, K kinds, V variants, S sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.energise import installed_retired
from gigawatt.engines.buildout.optimise import OptimiseInputs
from gigawatt.engines.buildout.purchases import budget_runs, hardware_ceiling
from gigawatt.planning.figures import Figures
from gigawatt.planning.optimise import money
from gigawatt.planning.optimise.options import clouds, halls, limits, resale
from gigawatt.planning.optimise.periods import Periods
from gigawatt.planning.optimise.variants import Variant, variants_of
from gigawatt.planning.optimise.work import PoolWork, RunWork, largest_of, on_every_kind, pools_of, runs_of
from gigawatt.planning.outcome import Outcome, Prepared, h100_equivalents
from gigawatt.planning.wiring.buildout import UNLIMITED_SUPPLY_COUNT

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """A scenario as the optimiser sees it, with what its answers are put into words by.

    Attributes
    ----------
    prepared, outcome : Prepared, Outcome
        The scenario and its own plan.
    periods : Periods
    variants : tuple of Variant
    runs, pools : list
    share_KT : Floats
        Share of a period's order that is placed in each of its months. [-]
    inputs : OptimiseInputs
    """

    prepared: Prepared
    outcome: Outcome
    periods: Periods
    variants: tuple[Variant, ...]
    runs: list[RunWork]
    pools: list[PoolWork]
    share_KT: Floats
    inputs: OptimiseInputs


def problem_of(
    prepared: Prepared,
    outcome: Outcome,
    periods: Periods,
    figures: Figures,
    *,
    factors: dict[str, tuple[float, ...]] | None = None,
    free_budget: bool = False,
) -> Problem:
    """Lay a scenario out for the optimiser.

    Parameters
    ----------
    prepared, outcome : Prepared, Outcome
        The scenario and its own plan, from which committed construction is taken.
    periods : Periods
    figures : Figures
    factors : dict, optional
        By label of a run: accelerators over the scenario's that are looked at.
    free_budget : bool
        Whether money is no constraint.

    Returns
    -------
    Problem
    """
    scenario, catalogue, plain = prepared.scenario, prepared.catalogue, outcome.inputs
    predicted = on_every_kind(prepared, plain.kinds, factors or {})
    largest = largest_of(predicted)
    variants = variants_of(scenario, catalogue, plain.kinds, plain.system_w_K, figures, largest)
    earned = money.earning(prepared, periods, figures)
    runs = runs_of(prepared, predicted, variants, periods)
    pools = pools_of(prepared, variants, periods, earned)
    share_KT, supply_KP = _offers(outcome, periods, free_budget)
    run = money.running(prepared, outcome, variants, periods, figures)
    ceiling_P, run_P = _budget(outcome, periods)
    inputs = OptimiseInputs(
        periods=tuple(periods.label(period) for period in range(periods.count)),
        variants=tuple(variant.name for variant in variants),
        kind_V=np.array([variant.kind for variant in variants]),
        system_w_V=np.array([variant.system_w for variant in variants]),
        supply_count_KP=supply_KP,
        revenue_usd_SVP=money.revenue_SVP(earned, outcome, variants, periods),
        opex_usd_SVP=run.opex_usd_SVP,
        carbon_t_SVP=run.carbon_t_SVP,
        ceiling_usd_P=ceiling_P,
        budget_run_P=run_P,
        counts_installed=scenario.finance.scope == "all",
        free_budget=free_budget,
        halls=halls(prepared, outcome, run_P, periods, figures),
        clouds=clouds(prepared, variants, periods, figures),
        runs=tuple(item.need for item in runs),
        pools=tuple(item.need for item in pools),
        limits=limits(scenario, run, periods, figures),
        **_fleet(prepared, outcome, variants, share_KT, periods),
        **_compute(prepared, outcome, variants, earned, periods),
        **_cash(prepared, outcome, share_KT, earned, periods, figures),
    )
    return Problem(prepared, outcome, periods, variants, runs, pools, share_KT, inputs)


def _fleet(
    prepared: Prepared, outcome: Outcome, variants: tuple[Variant, ...], share_KT: Floats, periods: Periods
) -> dict[str, Any]:
    """Return what is installed, when orders become ready, and the power of the sites."""
    plain = outcome.inputs
    least_w_K = np.array([min(v.system_w for v in variants if v.kind == k) for k in range(len(plain.kinds))])
    ahead = _ahead(outcome, least_w_K, share_KT, periods)
    reserved_T = np.sum([share_T for _, share_T in prepared.work.reserves], axis=0)
    return {
        "kinds": plain.kinds,
        "sites": plain.sites,
        "months_P": periods.months_P,
        "ready_frac_KQP": _ready(outcome, share_KT, periods),
        "installed_count_KP": _installed(outcome, periods),
        "facility_w_SP": periods.means(plain.facility_w_ST),
        "peak_pue_S": plain.peak_pue_S,
        "room_w_P": ahead.room_w_P,
        "alive_frac_KQP": ahead.alive_frac_KQP,
        "ahead_P": ahead.ahead_P,
        "reserve_frac_P": periods.means(reserved_T + np.zeros(periods.axis.months_count)),
    }


def _compute(
    prepared: Prepared, outcome: Outcome, variants: Sequence[Variant], earned: money.Earning, periods: Periods
) -> dict[str, Any]:
    """Return what compute is worth, and how much each variant counts."""
    weights_K = h100_equivalents(prepared.catalogue, outcome.inputs.kinds)
    kind_V = np.array([variant.kind for variant in variants])
    base = float(weights_K @ outcome.inputs.installed_count_K)
    return {
        "compute_usd_P": periods.sums(earned.doubling_T),
        "compute_weight_V": weights_K[kind_V] * np.array([variant.speed_frac for variant in variants]),
        "compute_base": base,
        "compute_most": float((weights_K @ outcome.scope.gpus_KT).max()) if base <= 0.0 else 0.0,
    }


def _cash(
    prepared: Prepared,
    outcome: Outcome,
    share_KT: Floats,
    earned: money.Earning,
    periods: Periods,
    figures: Figures,
) -> dict[str, Any]:
    """Return prices, wear, resale, what is paid whatever is chosen, and how the future is discounted."""
    plain = outcome.inputs
    price_KP = periods.sums((plain.accelerator_usd_KT + plain.server_usd_KT + plain.network_usd_KT) * share_KT)
    worn, always = money.wear(outcome, share_KT, periods), money.fixed(outcome, earned, periods)
    discount_P, end_frac = money.discount(outcome, periods)
    resale_KQP, resale_KP = resale(prepared, outcome, price_KP, periods, figures)
    return {
        "price_usd_KP": price_KP,
        "depreciation_usd_KQP": worn.depreciation_usd_KQP,
        "terminal_usd_KQ": worn.terminal_usd_KQ,
        "fixed_usd_P": always.cash_usd_P,
        "fixed_income_usd_P": always.income_usd_P,
        "fixed_terminal_usd": always.terminal_usd,
        "discount_P": discount_P,
        "terminal_discount_frac": end_frac,
        "tax_frac": outcome.finance_inputs.tax_frac,
        "resale_usd_KQP": resale_KQP,
        "installed_resale_usd_KP": resale_KP,
    }


def _offers(outcome: Outcome, periods: Periods, free_budget: bool) -> tuple[Floats, Floats]:
    """Return when in a period its order is placed, as supply and the budget's months have it, and its supply."""
    inputs = outcome.inputs
    paying_T = np.ones(periods.axis.months_count) if free_budget else (inputs.budget_year_T > 0).astype(np.float64)
    supply_KT = inputs.supply_count_KT * paying_T
    supply_KP = periods.sums(supply_KT)
    all_KT = supply_KP[:, periods.of_T]
    share_KT = np.divide(supply_KT, all_KT, out=np.zeros_like(supply_KT), where=all_KT > 0.0)
    return share_KT, np.where(supply_KP >= UNLIMITED_SUPPLY_COUNT, np.inf, supply_KP)


def _ready(outcome: Outcome, share_KT: Floats, periods: Periods) -> Floats:
    """Return the mean share of an order of each period that is in service over each period. Shape (K, Q, P)."""
    inputs, months = outcome.inputs, periods.axis.months_count
    arrives = np.arange(months) + inputs.delivery_months
    at_T = np.arange(months)
    served_TT = (at_T >= (arrives + inputs.commissioning_months)[:, None]) & (
        at_T < (arrives + inputs.retirement_months)[:, None]
    )
    return periods.means(np.add.reduceat(share_KT[:, :, None] * served_TT, periods.first_P, axis=1))


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What may be ordered for the power that comes within the look-ahead: as the rule of the plan has it."""

    room_w_P: Floats
    alive_frac_KQP: Floats
    ahead_P: NDArray[np.int64]


def _ahead(outcome: Outcome, least_w_K: Floats, share_KT: Floats, periods: Periods) -> _Ahead:
    """Return IT power a look-ahead after the last order of each period arrives, less what is then still installed."""
    inputs, months = outcome.inputs, periods.axis.months_count
    last_P = np.append(periods.first_P[1:], months) - 1
    arrival_P = last_P + inputs.delivery_months
    power_w_SX = np.hstack((inputs.facility_w_ST, inputs.facility_later_w_SL)) / inputs.peak_pue_S[:, None]
    power_P = np.minimum(arrival_P + inputs.power_lookahead_months, power_w_SX.shape[1] - 1)
    retired_KX = installed_retired(
        inputs.installed_count_K,
        inputs.installed_age_months_K,
        inputs.retirement_months,
        months + inputs.delivery_months,
    )
    left_KX = inputs.installed_count_K[:, None] - np.cumsum(retired_KX, axis=1)
    room_w_P = power_w_SX.sum(axis=0)[power_P] - least_w_K @ left_KX[:, arrival_P]
    ordered_T = np.arange(months)
    alive_TP = (ordered_T[:, None] <= last_P) & (ordered_T[:, None] + inputs.retirement_months > last_P)
    alive_KQP = np.add.reduceat(share_KT[:, :, None] * alive_TP, periods.first_P, axis=1)
    return _Ahead(np.maximum(room_w_P, 0.0), alive_KQP, np.searchsorted(periods.first_P, power_P, side="right"))


def _installed(outcome: Outcome, periods: Periods) -> Floats:
    """Return the installed base by period; where power does not carry it, the share that it does."""
    inputs, months = outcome.inputs, periods.axis.months_count
    retired_KT = installed_retired(
        inputs.installed_count_K, inputs.installed_age_months_K, inputs.retirement_months, months
    )
    left_KT = np.maximum(inputs.installed_count_K[:, None] - np.cumsum(retired_KT, axis=1), 0.0)
    power_w_T = (inputs.facility_w_ST / inputs.peak_pue_S[:, None]).sum(axis=0)
    wanted_w_T = inputs.system_w_K @ left_KT
    carried_T = np.minimum(np.divide(power_w_T, wanted_w_T, out=np.ones_like(power_w_T), where=wanted_w_T > 0.0), 1.0)
    return periods.means(left_KT * carried_T)


def _budget(outcome: Outcome, periods: Periods) -> tuple[Floats, NDArray[np.int64]]:
    """Return what may have been spent by the end of each period beyond what is committed, and its run of budgets."""
    inputs, spend = outcome.inputs, outcome.built.spend_usd
    free_T = inputs.capex_budget_usd_T - spend["construction"] - spend["other"]
    ceiling_T = hardware_ceiling(free_T, inputs.budget_year_T)
    ceiling_P, run_P = np.full(periods.count, np.nan), np.zeros(periods.count, dtype=np.int64)
    for number, (first, end) in enumerate(budget_runs(inputs.budget_year_T), start=1):
        for period in np.unique(periods.of_T[first:end]).tolist():
            months = np.flatnonzero(periods.of_T[first:end] == period) + first
            ceiling_P[period], run_P[period] = ceiling_T[months[-1]], number
    return ceiling_P, run_P
