"""What a unit of anything costs and earns, found by asking the plan's own arithmetic for one unit.

Shape letters: T months, P periods, Q periods of orders, K kinds, V variants, S sites.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.depreciation import straight_line_depreciation, tax_depreciation
from gigawatt.engines.finance.types import FinanceInputs
from gigawatt.planning.figures import Figures
from gigawatt.planning.operations import operate
from gigawatt.planning.optimise.periods import Periods
from gigawatt.planning.optimise.variants import Variant
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.wiring.earnings import Base, revenue
from gigawatt.planning.wiring.money import Scope, opex
from gigawatt.units import MONTHS_PER_YEAR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Running:
    """Of an accelerator that is online, by site, variant and period: cost, carbon and water. [USD], [t], [L]."""

    opex_usd_SVP: Floats
    carbon_t_SVP: Floats
    water_l_SVP: Floats


def running(
    prepared: Prepared, outcome: Outcome, variants: tuple[Variant, ...], periods: Periods, figures: Figures
) -> Running:
    """Ask operations and opex for one accelerator of each variant at each site, at the load that the own plan has.

    Parameters
    ----------
    prepared, outcome : Prepared, Outcome
        The scenario's own plan.
    variants : tuple of Variant
    periods : Periods
    figures : Figures

    Returns
    -------
    Running
    """
    sites, inputs, axis = prepared.sites, outcome.inputs, periods.axis
    shape = (len(sites), len(inputs.kinds), axis.months_count)
    rated_w_T = inputs.system_w_K @ outcome.built.online_count_SKT.sum(axis=0)
    drawn_w_T = outcome.allocation.it_w_KT.sum(axis=0)
    load_T = np.divide(drawn_w_T, rated_w_T, out=np.full_like(drawn_w_T, prepared.mean_load_frac), where=rated_w_T > 0)
    found = np.zeros((3, len(sites), len(variants), periods.count))
    for s in range(len(sites)):
        for v, variant in enumerate(variants):
            online_SKT, it_w_KT, it_w_ST = np.zeros(shape), np.zeros(shape[1:]), np.zeros((shape[0], shape[2]))
            online_SKT[s, variant.kind] = 1.0
            it_w_KT[variant.kind] = variant.system_w * load_T
            it_w_ST[s] = variant.system_w
            operations = operate(sites, axis, online_SKT, it_w_KT)
            scope = Scope(online_SKT.sum(axis=0), np.ones_like(it_w_ST))
            cost = opex(
                prepared.scenario.finance,
                sites,
                inputs,
                replace(outcome.built, it_w_ST=it_w_ST),
                operations,
                scope,
                figures,
            )
            found[0, s, v] = periods.sums(np.asarray(sum(cost.values())))
            found[1, s, v] = periods.sums(operations.co2_t_ST.sum(axis=0))
            found[2, s, v] = periods.sums(operations.water_l_ST.sum(axis=0))
    return Running(*found)


@dataclass(frozen=True, slots=True)
class Earning:
    """Revenue by month of one unit of each thing that it may hang on, and what hangs on nothing. [USD].

    Attributes
    ----------
    fixed_T, gpu_T, facility_mw_T, it_mw_T, token_T, doubling_T, assistant_T, agents_T : Floats
    """

    fixed_T: Floats
    gpu_T: Floats
    facility_mw_T: Floats
    it_mw_T: Floats
    token_T: Floats
    doubling_T: Floats
    assistant_T: Floats
    agents_T: Floats


def earning(prepared: Prepared, periods: Periods, figures: Figures) -> Earning:
    """Ask the revenue lines for one unit of each thing they hang on; they are linear in each.

    Where no pool asks for it the plan counts demand of users or agents as served: that part is fixed.
    """
    zero_T = np.zeros(periods.axis.months_count)
    asked = {
        agents: sum((p.requests_per_s_T for p in prepared.work.pools if (p.work.agents is not None) == agents), zero_T)
        for agents in (False, True)
    }
    nothing = Base(
        axis=periods.axis,
        gpus_T=zero_T,
        facility_mw_T=zero_T,
        it_mw_T=zero_T,
        output_tokens_T=zero_T,
        compute_doublings_T=zero_T,
        assistant_served_T=np.where(asked[False] > 0.0, 0.0, 1.0),
        agents_served_T=np.where(asked[True] > 0.0, 0.0, 1.0),
    )

    def total(base: Base) -> Floats:
        return np.asarray(sum(revenue(prepared.scenario, base, figures).values(), zero_T))

    fixed_T = total(nothing)

    def of(name: str) -> Floats:
        return total(replace(nothing, **{name: getattr(nothing, name) + 1.0})) - fixed_T

    return Earning(
        fixed_T,
        *(
            of(name)
            for name in (
                "gpus_T", "facility_mw_T", "it_mw_T", "output_tokens_T", "compute_doublings_T", "assistant_served_T",
                "agents_served_T",
            )
        ),
    )  # fmt: skip


def revenue_SVP(earned: Earning, outcome: Outcome, variants: tuple[Variant, ...], periods: Periods) -> Floats:
    """Return revenue of an accelerator online: rent of its hours at the speed it keeps, and of its megawatts. [USD]."""
    found = np.zeros((len(outcome.inputs.sites), len(variants), periods.count))
    for s, pue in enumerate(outcome.inputs.peak_pue_S.tolist()):
        for v, variant in enumerate(variants):
            it_mw = variant.system_w / WATTS_PER_MEGAWATT
            power_usd_T = it_mw * (earned.it_mw_T + pue * earned.facility_mw_T)
            found[s, v] = periods.sums(variant.speed_frac * earned.gpu_T + power_usd_T)
    return found


@dataclass(frozen=True, slots=True)
class Wear:
    """Depreciation by period, and book value at the end with what is not yet in service, of orders. [USD].

    Attributes
    ----------
    depreciation_usd_KQP, terminal_usd_KQ : Floats
    """

    depreciation_usd_KQP: Floats
    terminal_usd_KQ: Floats


@dataclass(frozen=True, slots=True)
class UnitAsset:
    """A dollar that enters service in a month: what tax deducts by month, and what it is worth at the plan's end."""

    deducted_T: Floats
    terminal: float


def unit_asset(terms: FinanceInputs, name: str, month: int) -> UnitAsset:
    """Return how a dollar of a class depreciates that enters service in a month; one that does not is kept in full.

    Parameters
    ----------
    terms : FinanceInputs
        Of the scenario's own plan.
    name : str
        servers, network, buildings.
    month : int
        After the plan's end where it does not enter service.

    Returns
    -------
    UnitAsset
        Its terminal value is after tax on the gain, at the full rate.
    """
    asset = next(asset for asset in terms.assets if asset.name == name)
    entered_T = np.zeros(terms.gpu_hours_T.size)
    if month >= entered_T.size:
        return UnitAsset(entered_T, 0.0 if terms.terminal == "none" else 1.0)
    entered_T[month] = 1.0
    book_T = straight_line_depreciation(entered_T, asset.life_months)
    deducted_T = book_T
    if terms.tax.method != "book":
        calendar, bonus_T = terms.tax.first_calendar_month, terms.tax.bonus_frac_T
        deducted_T = tax_depreciation(
            entered_T, book_T, asset.tax_class, first_calendar_month=calendar, bonus_frac_T=bonus_T
        )
    worth = 1.0 - float(book_T.sum())
    decline = asset.resale_decline_frac_per_year
    if terms.terminal == "market" and not math.isnan(decline):
        worth = (1.0 - decline) ** ((entered_T.size - month) / MONTHS_PER_YEAR)
    basis = 1.0 - float(deducted_T.sum())
    return UnitAsset(deducted_T, 0.0 if terms.terminal == "none" else worth - terms.tax_frac * (worth - basis))


def wear(outcome: Outcome, share_KT: Floats, periods: Periods) -> Wear:
    """Return how orders depreciate.

    Parameters
    ----------
    outcome : Outcome
    share_KT : Floats
        Share of a period's order that is placed in each of its months. [-]
    periods : Periods

    Returns
    -------
    Wear
    """
    inputs, terms = outcome.inputs, outcome.finance_inputs
    months = periods.axis.months_count
    lag = inputs.delivery_months + inputs.commissioning_months
    parts = (
        ("servers", inputs.accelerator_usd_KT + inputs.server_usd_KT),
        ("network", inputs.network_usd_KT),
    )
    deducted_KTT, left_KQ = np.zeros((len(inputs.kinds), months, months)), np.zeros((len(inputs.kinds), periods.count))
    for name, usd_KT in parts:
        units = [unit_asset(terms, name, month + lag) for month in range(months)]
        paid_KT = usd_KT * share_KT
        deducted_KTT += paid_KT[:, :, None] * np.array([unit.deducted_T for unit in units])
        left_KQ += periods.sums(paid_KT * np.array([unit.terminal for unit in units]))
    return Wear(periods.sums(np.add.reduceat(deducted_KTT, periods.first_P, axis=1)), left_KQ)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Money that no choice changes: cash and income before tax by period, what is left at the end. [USD]."""

    cash_usd_P: Floats
    income_usd_P: Floats
    terminal_usd: float


def fixed(outcome: Outcome, earned: Earning, periods: Periods) -> Fixed:
    """Return what comes and goes whatever is bought: construction of the power schedule, other capex, fixed revenue."""
    terms = outcome.finance_inputs
    paid_T, deducted_T, left_usd = np.zeros_like(earned.fixed_T), np.zeros_like(earned.fixed_T), 0.0
    for asset in terms.assets:
        if asset.name not in ("buildings", "other"):
            continue
        paid_T += asset.capex_usd_T
        not_yet_usd = float(asset.capex_usd_T.sum() - asset.in_service_usd_T.sum())
        left_usd += not_yet_usd * unit_asset(terms, asset.name, paid_T.size).terminal
        for month in np.flatnonzero(asset.in_service_usd_T).tolist():
            unit = unit_asset(terms, asset.name, month)
            deducted_T += asset.in_service_usd_T[month] * unit.deducted_T
            left_usd += asset.in_service_usd_T[month] * unit.terminal
    return Fixed(periods.sums(earned.fixed_T - paid_T), periods.sums(earned.fixed_T - deducted_T), left_usd)


def discount(outcome: Outcome, periods: Periods) -> tuple[Floats, float]:
    """Return the mean discount of each period's months, and that of the end; as the finance engine has them."""
    terms = outcome.finance_inputs
    shift = 0.5 if terms.timing == "mid" else 1.0
    at_T = (np.arange(periods.axis.months_count) + shift) / MONTHS_PER_YEAR
    rate = 1.0 + terms.discount_rate_frac_per_year
    return periods.means(np.asarray(rate**-at_T, dtype=np.float64)), float(
        rate ** -(periods.axis.months_count / MONTHS_PER_YEAR)
    )
