"""Spend, energy, rates and revenue lines into the finance engine. Shape letters: K kinds, S sites, T months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.types import BuildoutInputs, BuildoutResult
from gigawatt.engines.finance.types import AssetClass, Debt, FinanceInputs
from gigawatt.planning.figures import Figures
from gigawatt.planning.operations import Operations
from gigawatt.planning.wiring.sites import SitePlan
from gigawatt.records import Month, Quantity, TimeAxis
from gigawatt.scenario import finance as lines
from gigawatt.scenario.model import Scenario
from gigawatt.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]


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
    cumulative_KT = np.cumsum(built.delivered_count_KT, axis=1)
    installed_KT = np.clip(built.owned_count_KT - cumulative_KT, 0.0, None)
    new_KT = np.clip(online_KT - installed_KT, 0.0, None)
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
    ordered_KT = np.cumsum(built.ordered_count_KT, axis=1)
    delivered_KT = np.cumsum(built.delivered_count_KT, axis=1)
    ready_KT = np.zeros_like(delivered_KT)
    lag = inputs.commissioning_months
    ready_KT[:, lag:] = delivered_KT[:, : delivered_KT.shape[1] - lag]
    share_KT = np.divide(ready_KT, ordered_KT, out=np.zeros_like(ready_KT), where=ordered_KT > 0)

    def hardware(unit_usd_KT: Floats) -> Floats:
        """Cost in service: money spent so far times the share of the orders that is online."""
        paid_KT = np.cumsum(built.ordered_count_KT * unit_usd_KT, axis=1)
        return np.asarray(np.diff(np.maximum.accumulate(paid_KT * share_KT, axis=1).sum(axis=0), prepend=0.0))

    shells_T = np.cumsum(built.spend_usd["construction"] - built.construction_for_later_usd_T)
    months_count = inputs.facility_w_ST.shape[1]
    building_w_ST = inputs.facility_w_ST if inputs.building_w_SX is None else inputs.building_w_SX[:, :months_count]
    steps_ST = np.clip(np.diff(building_w_ST, axis=1, prepend=building_w_ST[:, :1]), 0.0, None)
    worth_T = np.cumsum((steps_ST * inputs.construction_usd_per_w_S[:, None]).sum(axis=0))
    buildings_T = np.diff(np.minimum(shells_T, worth_T), prepend=0.0)
    spend = built.spend_usd
    classes = (
        (
            "servers",
            spend["accelerators"] + spend["servers"],
            hardware(inputs.accelerator_usd_KT + inputs.server_usd_KT),
        ),
        ("network", spend["network"], hardware(inputs.network_usd_KT)),
        ("buildings", spend["construction"], np.clip(buildings_T, 0.0, None)),
        ("other", spend["other"], spend["other"]),
    )
    return tuple(
        AssetClass(
            name,
            capex_T,
            in_service_T,
            round(_value(figures, f"finance.useful_life.{name}", getattr(life, name)) * MONTHS_PER_YEAR),
        )
        for name, capex_T, in_service_T in classes
    )


def _value(figures: Figures, path: str, quantity: Quantity | None, otherwise: float = 0.0) -> float:
    """Return a number, or what to take where there is none."""
    return figures(path, quantity) if quantity is not None else otherwise


def opex(
    sites: Sequence[SitePlan],
    inputs: BuildoutInputs,
    built: BuildoutResult,
    operations: Operations,
    scope: Scope,
    figures: Figures,
) -> dict[str, Floats]:
    """Return cost lines of the scope by month: electricity, staff, maintenance, lease, facility operations."""
    costs = sites[0].costs
    named = f"costs.{costs.id}"
    hardware_usd_K = np.array(
        [unit_usd_T[0] for unit_usd_T in inputs.accelerator_usd_KT + inputs.server_usd_KT + inputs.network_usd_KT]
    )
    facility_w_ST = built.it_w_ST * inputs.peak_pue_S[:, None] * scope.share_ST
    facility_mw_T = facility_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT
    leased_S = np.array([site.leased for site in sites])
    leased_mw_T = facility_w_ST[leased_S].sum(axis=0) / WATTS_PER_MEGAWATT
    per_mw_year = {
        "staff": figures(f"{named}.staff_usd_per_mw_year", costs.staff_usd_per_mw_year),
        "facility": _value(figures, f"{named}.facility_opex_usd_per_mw_year", costs.facility_opex_usd_per_mw_year),
    }
    maintenance = figures(f"{named}.maintenance_frac", costs.maintenance_frac)
    rent = figures(f"{named}.lease_usd_per_mw_year", costs.lease_usd_per_mw_year)
    return {
        "electricity": (operations.electricity_usd_ST * scope.share_ST).sum(axis=0),
        "maintenance": (scope.gpus_KT * hardware_usd_K[:, None]).sum(axis=0) * maintenance / MONTHS_PER_YEAR,
        **{name: facility_mw_T * rate / MONTHS_PER_YEAR for name, rate in per_mw_year.items()},
        "lease": leased_mw_T * rent / MONTHS_PER_YEAR,
    }


@dataclass(frozen=True, slots=True)
class Base:
    """What revenue lines multiply.

    Attributes
    ----------
    axis : TimeAxis
    gpus_T : Floats
        Accelerators in scope online.
    facility_mw_T, it_mw_T : Floats
        Power in scope. [MW]
    output_tokens_T : Floats
    compute_doublings_T : Floats
        log2 of H100-equivalents online, new ones included, over the installed base; 1 for new ones alone. [-]
    assistant_served_T, agents_served_T : Floats
        Share of the users' and of the agents' demand that is served; 1 where the plan serves none. [-]
    """

    axis: TimeAxis
    gpus_T: Floats
    facility_mw_T: Floats
    it_mw_T: Floats
    output_tokens_T: Floats
    compute_doublings_T: Floats
    assistant_served_T: Floats
    agents_served_T: Floats


def _ramp(base: Base, start: Month | None, ramp_months: float) -> Floats:
    """Return 0 before the start, rising evenly to 1 over the ramp."""
    since_T = np.arange(base.axis.months_count) - (base.axis.position(start) if start else 0)
    if ramp_months <= 0:
        return np.where(since_T >= 0, 1.0, 0.0)
    return np.clip((since_T + 1) / ramp_months, 0.0, 1.0)


def _years(base: Base) -> Floats:
    """Years since the plan's start, by month."""
    return np.arange(base.axis.months_count) / MONTHS_PER_YEAR


def _compound(figures: Figures, path: str, quantity: Quantity | None, base: Base) -> Floats:
    """Return yearly growth compounded by month, 1 at the start."""
    return (1.0 + _value(figures, path, quantity)) ** _years(base)


def _ads_uplift(line: lines.AdsUplift, path: str, base: Base, figures: Figures) -> Floats:
    """Revenue gained with compute: base x uplift per doubling x doublings. The law is an assumption, not a finding."""
    yearly = figures(f"{path}.on", line.on) * figures(f"{path}.ads_uplift", line.ads_uplift)
    yearly *= _value(figures, f"{path}.margin", line.margin, 1.0)
    growth_T = _compound(figures, f"{path}.growth", line.growth, base)
    ramp_T = _ramp(base, line.start, _value(figures, f"{path}.ramp", line.ramp))
    return yearly / MONTHS_PER_YEAR * growth_T * ramp_T * base.compute_doublings_T


def _ai_services(line: lines.AiServices, path: str, base: Base, figures: Figures) -> Floats:
    yearly = figures(f"{path}.users", line.users) * figures(f"{path}.ai_services", line.ai_services)
    yearly *= _value(figures, f"{path}.margin", line.margin, 1.0)
    growth_T = _compound(figures, f"{path}.growth", line.growth, base)
    ramp_T = _ramp(base, line.start, _value(figures, f"{path}.ramp", line.ramp))
    return yearly / MONTHS_PER_YEAR * growth_T * ramp_T * base.assistant_served_T


def _engineering(line: lines.Engineering, path: str, base: Base, figures: Figures) -> Floats:
    yearly = figures(f"{path}.developers", line.developers) * figures(f"{path}.engineering", line.engineering)
    ramp_T = _ramp(base, line.start, _value(figures, f"{path}.ramp", line.ramp))
    return yearly / MONTHS_PER_YEAR * ramp_T * base.agents_served_T


def _token_sales(line: lines.TokenSales, path: str, base: Base, figures: Figures) -> Floats:
    price_T = figures(f"{path}.token_sales", line.token_sales) * _compound(
        figures, f"{path}.price_change", line.price_change, base
    )
    return base.output_tokens_T * price_T * _ramp(base, line.start, 0.0)


def _gpu_rental(line: lines.GpuRental, path: str, base: Base, figures: Figures) -> Floats:
    price_T = figures(f"{path}.gpu_rental", line.gpu_rental) * _compound(
        figures, f"{path}.price_change", line.price_change, base
    )
    rented = figures(f"{path}.utilisation", line.utilisation) * _value(figures, f"{path}.share", line.share, 1.0)
    return base.gpus_T * HOURS_PER_MONTH * rented * price_T * _ramp(base, line.start, 0.0)


def _capacity_contract(line: lines.CapacityContract, path: str, base: Base, figures: Figures) -> Floats:
    mw_T = base.facility_mw_T if line.basis == "facility" else base.it_mw_T
    yearly = figures(f"{path}.capacity_contract", line.capacity_contract)
    return mw_T * yearly / MONTHS_PER_YEAR * _ramp(base, line.start, 0.0)


REVENUE: dict[str, Callable[[Any, str, Base, Figures], Floats]] = {
    "ads_uplift": _ads_uplift,
    "ai_services": _ai_services,
    "engineering": _engineering,
    "token_sales": _token_sales,
    "gpu_rental": _gpu_rental,
    "capacity_contract": _capacity_contract,
}


def revenue(scenario: Scenario, base: Base, figures: Figures) -> dict[str, Floats]:
    """Return revenue by line and month; lines of one kind add up."""
    found: dict[str, Floats] = {}
    for position, line in enumerate(scenario.revenue):
        kind = lines.kind_of(line)
        if kind is None:  # pragma: no cover  the model refuses such a line
            continue
        found[kind] = found.get(kind, 0.0) + REVENUE[kind](line, f"revenue.{position}.{kind}", base, figures)
    grant = scenario.finance.grant
    if grant:
        found["grant"] = np.zeros(base.axis.months_count)
        found["grant"][0] = figures("finance.grant", grant)
    return found


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
    )
