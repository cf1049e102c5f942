"""Budget, offers, installed base and power into the build-out engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.buildout.types import BuildoutInputs
from gigawatt.engines.hardware.power import capped_system_w
from gigawatt.planning.figures import Figures
from gigawatt.planning.power_caps import power_cap_w
from gigawatt.planning.wiring.sites import SitePlan
from gigawatt.records import Month, Quantity, TimeAxis
from gigawatt.scenario.buildout import BudgetPeriod, Offer
from gigawatt.scenario.model import Scenario, accelerators_of
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]

UNLIMITED_SUPPLY_COUNT = 1e12
# ASSUMPTION: where a scenario does not say since when installed accelerators run, they are a year and a half old.
INSTALLED_AGE_MONTHS = 18.0
HARDWARE_PARTS = ("price_usd", "server_usd_per_gpu", "network_usd_per_gpu")  # what the catalogue knows them by


def budget_period(period: BudgetPeriod) -> tuple[Month, Month]:
    """Return first and last month of a budget period."""
    if period.year is not None:
        return Month(period.year, 1), Month(period.year, 12)
    assert period.start is not None
    assert period.end is not None
    return period.start, period.end


def _watts(kinds: Sequence[str], scenario: Scenario, catalogue: Catalogue, figures: Figures) -> tuple[Floats, Floats]:
    """Return all-in watts per accelerator at full load, under its power cap where it has one, and package watts."""
    shelf = catalogue.accelerators
    rated_w_K = np.array([figures(f"accelerators.{kind}.system_w", shelf[kind].system_w) for kind in kinds])
    tdp_w_K = np.array([figures(f"accelerators.{kind}.tdp_w", shelf[kind].tdp_w) for kind in kinds])
    cap_w_K = np.array([power_cap_w(kind, scenario, figures) for kind in kinds])
    return np.asarray(capped_system_w(rated_w_K, tdp_w_K, cap_w_K)), tdp_w_K


def _catalogue_usd(part: str, kinds: Iterable[str], catalogue: Catalogue, figures: Figures) -> list[float]:
    """Return what a part of HARDWARE_PARTS costs per accelerator, by kind; 0 if unknown."""
    shelf = catalogue.accelerators
    known: dict[str, Quantity | None] = {kind: getattr(shelf[kind], part) for kind in kinds}
    return [figures(f"accelerators.{kind}.{part}", figure) if figure else 0.0 for kind, figure in known.items()]


def _window(axis: TimeAxis, offer: Offer, catalogue: Catalogue) -> tuple[int, int]:
    """Return first month and the month after the last in which a kind can be ordered."""
    start = offer.start or Month.parse(catalogue.accelerators[offer.accelerator].available_from)
    last = axis.position(offer.end) + 1 if offer.end else axis.months_count
    return max(0, axis.position(start)), min(axis.months_count, last)


def buildout_inputs(
    scenario: Scenario, catalogue: Catalogue, sites: Sequence[SitePlan], figures: Figures
) -> BuildoutInputs:
    """Translate a scenario for the build-out engine.

    Parameters
    ----------
    scenario : Scenario
        Resolved: every default filled.
    catalogue : Catalogue
    sites : sequence of SitePlan
    figures : Figures

    Returns
    -------
    BuildoutInputs
    """
    purchases = scenario.purchases
    kinds = accelerators_of(scenario)
    row = {kind: position for position, kind in enumerate(kinds)}
    budget_T, label_T, other = _budget(scenario, figures)
    price_KT, supply_KT, preference_K = _offers(scenario, catalogue, row, figures)
    announced_KT = _announced(scenario, row, figures)
    installed_K, age_K = _installed(scenario, row, figures)
    system_w_K, tdp_w_K = _watts(kinds, scenario, catalogue, figures)
    return BuildoutInputs(
        kinds=kinds,
        sites=tuple(plan.use.site for plan in sites),
        rule=purchases.rule,
        capex_budget_usd_T=budget_T,
        budget_year_T=label_T,
        other_capex_frac=other,
        accelerator_usd_KT=price_KT[0],
        server_usd_KT=price_KT[1],
        network_usd_KT=price_KT[2],
        supply_count_KT=supply_KT,
        preference_K=preference_K,
        announced_count_KT=announced_KT,
        system_w_K=system_w_K,
        tdp_w_K=tdp_w_K,
        installed_count_K=installed_K,
        installed_age_months_K=age_K,
        retirement_months=_months("retire_after", purchases.retire_after, figures),
        delivery_months=_months("delivery", purchases.delivery, figures),
        commissioning_months=_months("commissioning", purchases.commissioning, figures),
        facility_w_ST=np.array([plan.facility_w_T for plan in sites]),
        facility_later_w_SL=np.array([plan.facility_later_w_L for plan in sites]),
        peak_pue_S=np.array([plan.pue_p99 for plan in sites]),  # the hottest 1 % of hours is met by power capping
        construction_usd_per_w_S=np.array([plan.construction_usd_per_w for plan in sites]),
        construction_months_S=np.array(
            [
                round(figures(f"costs.{plan.costs.id}.construction_months", plan.costs.construction_months))
                for plan in sites
            ],
            dtype=np.int64,
        ),
        power_lookahead_months=_months("power_lookahead", purchases.power_lookahead, figures),
        building_w_SX=np.array([plan.building_w_X for plan in sites]),
    )


def _offers(
    scenario: Scenario, catalogue: Catalogue, row: dict[str, int], figures: Figures
) -> tuple[Floats, Floats, Floats]:
    """Return prices by part (accelerator, server, network), kind and month; supply; shares of the hardware money."""
    axis = scenario.horizon.axis
    price_PK = np.array([_catalogue_usd(part, row, catalogue, figures) for part in HARDWARE_PARTS])
    growth_K, preference_K = np.ones(len(row)), np.zeros(len(row))
    supply_KT = np.zeros((len(row), axis.months_count))
    for offer in scenario.purchases.offer:
        k, named = row[offer.accelerator], f"purchases.offer.{offer.accelerator}"
        if offer.price:
            price_PK[0, k] = figures(f"{named}.price", offer.price)
        if offer.price_change:
            growth_K[k] = 1.0 + figures(f"{named}.price_change", offer.price_change)
        first, last = _window(axis, offer, catalogue)
        supply_KT[k, first:last] = figures(f"{named}.supply", offer.supply) if offer.supply else UNLIMITED_SUPPLY_COUNT
        preference_K[k] = figures(f"{named}.share", offer.share) if offer.share else 1.0
    growth_KT = growth_K[:, None] ** (np.arange(axis.months_count) / MONTHS_PER_YEAR)
    return price_PK[:, :, None] * growth_KT, supply_KT, preference_K


def _announced(scenario: Scenario, row: dict[str, int], figures: Figures) -> Floats:
    """Return announced orders by kind and month."""
    axis = scenario.horizon.axis
    announced_KT = np.zeros((len(row), axis.months_count))
    for order in scenario.purchases.announced:
        month = axis.position(order.month)
        if 0 <= month < axis.months_count:
            path = f"purchases.announced.{order.accelerator}.{order.month}"
            announced_KT[row[order.accelerator], month] += figures(path, order.count)
    return announced_KT


def _months(name: str, quantity: Quantity | None, figures: Figures) -> int:
    """Return a whole number of months; the resolver has filled the default."""
    return round(figures(f"purchases.{name}", quantity)) if quantity else 0


def _budget(scenario: Scenario, figures: Figures) -> tuple[Floats, NDArray[np.int64], float]:
    """Spread each budget evenly over its months; return budget, period label and the share for other things."""
    axis = scenario.horizon.axis
    budget_T = np.zeros(axis.months_count)
    label_T = np.zeros(axis.months_count, dtype=np.int64)
    weighted_other = 0.0
    for position, period in enumerate(scenario.budget, start=1):
        start, end = budget_period(period)
        capex = figures(f"budget.{position - 1}.capex", period.capex)
        months_count = end.index - start.index + 1
        first, last = max(0, axis.position(start)), min(axis.months_count, axis.position(end) + 1)
        if last <= first:
            continue
        budget_T[first:last] += capex / months_count
        label_T[first:last] = position
        other = figures(f"budget.{position - 1}.other", period.other) if period.other else 0.0
        weighted_other += other * capex * (last - first) / months_count
    total = float(budget_T.sum())
    return budget_T, label_T, weighted_other / total if total else 0.0


def _installed(scenario: Scenario, row: dict[str, int], figures: Figures) -> tuple[Floats, Floats]:
    """Return count and mean age of what is in service at the start."""
    count_K, age_K = np.zeros(len(row)), np.zeros(len(row))
    for item in scenario.installed:
        k = row[item.accelerator]
        count = figures(f"installed.{item.accelerator}.count", item.count)
        since = item.since
        age = scenario.horizon.start.index - since.index if since else INSTALLED_AGE_MONTHS
        total = count_K[k] + count
        age_K[k] = (age_K[k] * count_K[k] + age * count) / total if total else 0.0
        count_K[k] = total
    return count_K, age_K
