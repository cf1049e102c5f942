"""Spend, energy, rates, leases and tax into the finance engine. Shape letters: K kinds, S sites, T months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.buildout.types import BuildoutInputs, BuildoutResult
from gigawatt.engines.finance.months import changes
from gigawatt.engines.finance.types import AssetClass, Debt, FinanceInputs, Ints, Lease, Tax
from gigawatt.planning.figures import Figures
from gigawatt.planning.operations import Operations
from gigawatt.planning.wiring.sites import SitePlan
from gigawatt.records import Quantity, TimeAxis
from gigawatt.scenario import finance as lines
from gigawatt.scenario.model import Scenario
from gigawatt.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, SECONDS_PER_HOUR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

# how the tables of tax take each class; "other" follows the books
TAX_CLASSES = {"servers": "5-year", "network": "5-year", "buildings": "39-year", "other": "book"}
RESOLD = ("servers", "network")  # what a market buys used


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the fleet the money is judged on.

    Attributes
    ----------
    gpus_KT : Floats
        Accelerators online in scope: the new ones, or all.
    share_ST : Floats
        Their share of the IT power online at each site. [-]
    """

    gpus_KT: Floats
    share_ST: Floats


def scope_of(scenario: Scenario, inputs: BuildoutInputs, built: BuildoutResult) -> Scope:
    """Return the accelerators that the plan's money bought, or all of them; the installed base is powered first."""
    online_KT = built.online_count_SKT.sum(axis=0)
    if scenario.finance.scope == "all":
        return Scope(online_KT, np.ones_like(built.it_w_ST))
    installed_KT = np.maximum(built.owned_count_KT - built.delivered_count_KT.cumsum(axis=1), 0.0)
    new_KT = np.maximum(online_KT - installed_KT, 0.0)
    frac_KT = np.divide(new_KT, online_KT, out=np.zeros_like(new_KT), where=online_KT > 0)
    new_w_ST = (built.online_count_SKT * frac_KT[None] * inputs.system_w_K[None, :, None]).sum(axis=1)
    share_ST = np.divide(new_w_ST, built.it_w_ST, out=np.zeros_like(new_w_ST), where=built.it_w_ST > 0)
    return Scope(new_KT, share_ST)


def assets(
    scenario: Scenario, inputs: BuildoutInputs, built: BuildoutResult, figures: Figures
) -> tuple[AssetClass, ...]:
    """Split the spend into classes that depreciate from when they are ready, powered or not.

    Hardware ages from delivery and commissioning on, also where it waits for power; shells from when they are complete.
    """
    life = scenario.finance.useful_life
    spend = built.spend_usd
    servers_T, network_T = _hardware_in_service(inputs, built)
    classes = (
        ("servers", spend["accelerators"] + spend["servers"], servers_T),
        ("network", spend["network"], network_T),
        ("buildings", spend["construction"], _buildings_in_service(inputs, built)),
        ("other", spend["other"], spend["other"]),
    )
    decline = _value(figures, "finance.resale_decline", scenario.finance.resale_decline, float("nan"))
    return tuple(
        AssetClass(
            name,
            capex_T,
            in_service_T,
            _life_months(life, name, scenario.horizon.axis, figures),
            TAX_CLASSES[name],
            decline if name in RESOLD else float("nan"),
        )
        for name, capex_T, in_service_T in classes
    )


def _hardware_in_service(inputs: BuildoutInputs, built: BuildoutResult) -> Floats:
    """Return servers and network as they enter service: money spent so far times the share of the orders online."""
    ordered_KT, delivered_KT = built.ordered_count_KT.cumsum(axis=1), built.delivered_count_KT.cumsum(axis=1)
    share_KT, lag = np.zeros_like(delivered_KT), inputs.commissioning_months
    ready_KT = delivered_KT[:, : max(delivered_KT.shape[1] - lag, 0)]
    np.divide(ready_KT, ordered_KT[:, lag:], out=share_KT[:, lag:], where=ordered_KT[:, lag:] > 0)
    unit_usd_2KT = np.array((inputs.accelerator_usd_KT + inputs.server_usd_KT, inputs.network_usd_KT))
    paid_2KT = (built.ordered_count_KT * unit_usd_2KT).cumsum(axis=2)
    return changes(np.maximum.accumulate(paid_2KT * share_KT, axis=2).sum(axis=1))


def _buildings_in_service(inputs: BuildoutInputs, built: BuildoutResult) -> Floats:
    """Return buildings as they are complete: what they cost, as far as it is spent."""
    spent_T = (built.spend_usd["construction"] - built.construction_for_later_usd_T).cumsum()
    building_w_ST = inputs.facility_w_ST if inputs.building_w_SX is None else inputs.building_w_SX[:, : spent_T.size]
    added_w_ST = np.maximum(building_w_ST[:, 1:] - building_w_ST[:, :-1], 0.0)
    worth_T = np.zeros(spent_T.size)
    worth_T[1:] = (added_w_ST * inputs.construction_usd_per_w_S[:, None]).sum(axis=0).cumsum()
    return np.maximum(changes(np.minimum(spent_T, worth_T)), 0.0)


def _life_months(life: lines.UsefulLife, name: str, axis: TimeAxis, figures: Figures) -> int | Ints:
    """Return the life of a class; by month where it changes."""
    months = round(_value(figures, f"finance.useful_life.{name}", getattr(life, name)) * MONTHS_PER_YEAR)
    later = getattr(life.change, name) if life.change else None
    if life.change is None or later is None:
        return months
    life_T = np.full(axis.months_count, months, dtype=np.int64)
    new_months = round(figures(f"finance.useful_life.change.{name}", later) * MONTHS_PER_YEAR)
    life_T[max(0, axis.position(life.change.start)) :] = new_months
    return life_T


def _value(figures: Figures, path: str, quantity: Quantity | None, otherwise: float = 0.0) -> float:
    """Return a number, or what to take where there is none."""
    return figures(path, quantity) if quantity is not None else otherwise


def opex(
    terms: lines.FinanceTerms,
    sites: Sequence[SitePlan],
    inputs: BuildoutInputs,
    built: BuildoutResult,
    operations: Operations,
    scope: Scope,
    figures: Figures,
) -> dict[str, Floats]:
    """Return cost lines of the scope by month: electricity, staff, upkeep, rent, facility operations, overhead."""
    costs = sites[0].costs
    named = f"costs.{costs.id}"
    hardware_usd_K = inputs.accelerator_usd_KT[:, 0] + inputs.server_usd_KT[:, 0] + inputs.network_usd_KT[:, 0]
    facility_w_ST = _facility_w(inputs, built, scope)
    facility_mw_T = facility_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT
    leased_mw_T = facility_w_ST[_leased(sites)].sum(axis=0) / WATTS_PER_MEGAWATT
    per_mw_year = {
        "staff": figures(f"{named}.staff_usd_per_mw_year", costs.staff_usd_per_mw_year),
        "facility": _value(figures, f"{named}.facility_opex_usd_per_mw_year", costs.facility_opex_usd_per_mw_year),
    }
    if terms.overhead:
        per_mw_year["overhead"] = figures("finance.overhead", terms.overhead)
    maintenance = figures(f"{named}.maintenance_frac", costs.maintenance_frac)
    rent = figures(f"{named}.lease_usd_per_mw_year", costs.lease_usd_per_mw_year)
    return {
        "electricity": (operations.electricity_usd_ST * scope.share_ST).sum(axis=0),
        "maintenance": (scope.gpus_KT * hardware_usd_K[:, None]).sum(axis=0) * maintenance / MONTHS_PER_YEAR,
        **{name: facility_mw_T * rate / MONTHS_PER_YEAR for name, rate in per_mw_year.items()},
        "lease": leased_mw_T * rent / MONTHS_PER_YEAR,
    }


def _facility_w(inputs: BuildoutInputs, built: BuildoutResult, scope: Scope) -> Floats:
    """Return the facility power in scope by site. [W]."""
    return built.it_w_ST * inputs.peak_pue_S[:, None] * scope.share_ST


def _leased(sites: Sequence[SitePlan]) -> list[bool]:
    """Return which sites are rented."""
    return [site.leased for site in sites]


def lease(
    scenario: Scenario,
    sites: Sequence[SitePlan],
    inputs: BuildoutInputs,
    built: BuildoutResult,
    scope: Scope,
    figures: Figures,
) -> Lease | None:
    """Return the terms of the leases; what is leased is worth what it would cost to build."""
    terms, money = scenario.finance.lease, scenario.finance
    if terms is None:
        return None
    rate = terms.rate or (money.debt.interest if money.debt else money.discount_rate)
    cost_usd_per_w = [
        figures(f"costs.{site.costs.id}.construction_usd_per_w", site.costs.construction_usd_per_w)
        for site in sites
        if site.leased
    ]
    leased_usd_T = np.array(cost_usd_per_w) @ _facility_w(inputs, built, scope)[_leased(sites)]
    return Lease(
        line="lease",
        kind=terms.kind,
        term_months=max(1, round(figures("finance.lease.term", terms.term) * MONTHS_PER_YEAR)),
        rate_frac_per_year=_value(figures, "finance.lease.rate", rate),
        leased_cost_usd_T=np.maximum.accumulate(leased_usd_T),
        guarantee_frac=_value(figures, "finance.lease.guarantee", terms.guarantee),
    )


def tax_rule(scenario: Scenario, catalogue: Catalogue, figures: Figures) -> Tax:
    """Return how income is taxed: as the books say, or by a law of the catalogue with the bonus of each year."""
    law = scenario.finance.tax_law
    axis = scenario.horizon.axis
    if law is None:
        return Tax()
    entry = catalogue.taxes[law]
    by_year = {int(year): (f"taxes.{law}.bonus_frac.{year}", figure) for year, figure in entry.bonus_frac.items()}

    def bonus(year: int) -> float:
        known = [each for each in by_year if each <= year]
        return figures(*by_year[max(known)]) if known else 0.0

    years_T = [axis.start.plus(month).year for month in range(axis.months_count)]
    share = {year: bonus(year) for year in set(years_T)}
    return Tax(
        method="macrs",
        first_calendar_month=axis.start.month,
        bonus_frac_T=np.array([share[year] for year in years_T]),
        loss_use_frac=figures(f"taxes.{law}.loss_use_frac", entry.loss_use_frac),
    )


def peak_flop(catalogue: Catalogue, inputs: BuildoutInputs, scope: Scope) -> Floats:
    """Return what the accelerators in scope could do each month at their dense bf16 peak. [FLOP]."""
    peaks = [catalogue.accelerators[kind].dense_flop_per_s["bf16"].value for kind in inputs.kinds]
    return np.asarray(np.array(peaks) @ scope.gpus_KT * HOURS_PER_MONTH * SECONDS_PER_HOUR)


def finance_inputs(
    scenario: Scenario,
    asset_classes: tuple[AssetClass, ...],
    revenue_usd: dict[str, Floats],
    opex_usd: dict[str, Floats],
    *,
    gpus_T: Floats,
    output_tokens_T: Floats,
    served_cost_frac_T: Floats,
    figures: Figures,
    flop_T: Floats | None = None,
    leased: Lease | None = None,
    tax: Tax | None = None,
) -> FinanceInputs:
    """Join everything that the finance engine asks for."""
    terms = scenario.finance
    debt = None
    if terms.debt:
        debt = Debt(
            share_of_capex_frac=figures("finance.debt.share", terms.debt.share),
            interest_frac_per_year=figures("finance.debt.interest", terms.debt.interest),
            term_months=round(figures("finance.debt.term", terms.debt.term) * MONTHS_PER_YEAR),
            interest_only_months=round(_value(figures, "finance.debt.interest_only", terms.debt.interest_only)),
            capitalise_interest=terms.debt.capitalise_interest,
            dscr_min=_value(figures, "finance.debt.dscr_min", terms.debt.dscr_min),
            net_debt_to_ebitda_max=_value(
                figures, "finance.debt.net_debt_to_ebitda_max", terms.debt.net_debt_to_ebitda_max, float("inf")
            ),
        )
    return FinanceInputs(
        assets=asset_classes,
        revenue_usd=revenue_usd,
        opex_usd=opex_usd,
        discount_rate_frac_per_year=_value(figures, "finance.discount_rate", terms.discount_rate),
        tax_frac=_value(figures, "finance.tax", terms.tax),
        debt=debt,
        terminal=terms.terminal,
        timing=terms.timing,
        gpu_hours_T=gpus_T * HOURS_PER_MONTH,
        output_tokens_T=output_tokens_T,
        served_cost_frac_T=served_cost_frac_T,
        flop_T=flop_T,
        lease=leased,
        tax=tax or Tax(),
    )
