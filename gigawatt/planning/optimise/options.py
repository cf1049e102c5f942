"""What the section `optimise` of a scenario adds: halls, cloud, early sale, limits. T months, P periods, K kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.construction import construction_payments
from gigawatt.engines.buildout.optimise import CloudOption, HallOption, Limit
from gigawatt.errors import InputError, nearest
from gigawatt.planning.figures import Figures
from gigawatt.planning.optimise.money import Running, unit_asset
from gigawatt.planning.optimise.periods import Periods
from gigawatt.planning.optimise.variants import Variant
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.scenario.choices import Halls
from gigawatt.scenario.model import Scenario
from gigawatt.units import HOURS_PER_MONTH, MONTHS_PER_YEAR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def halls(
    prepared: Prepared, outcome: Outcome, budget_run_P: Ints, periods: Periods, figures: Figures
) -> tuple[HallOption, ...]:
    """Return the halls that may be opened: when, what each costs along its construction, how it depreciates.

    A hall opens with its period. It can open once it can be built within the plan, and where a budget pays each month
    of its construction.

    Raises
    ------
    InputError
        If a site is not one of the scenario's.
    """
    return tuple(
        _hall(option, f"optimise.halls.{position}", prepared, outcome, budget_run_P, periods, figures)
        for position, option in enumerate(prepared.scenario.optimise.halls)
    )


def _hall(
    option: Halls,
    path: str,
    prepared: Prepared,
    outcome: Outcome,
    budget_run_P: Ints,
    periods: Periods,
    figures: Figures,
) -> HallOption:
    """Return one option for halls."""
    inputs, axis = outcome.inputs, periods.axis
    if option.site not in inputs.sites:
        message = f'{path}.site: "{option.site}" is not a site of the scenario. {nearest(option.site, inputs.sites)}'
        raise InputError(message)
    site = inputs.sites.index(option.site)
    hall_w = figures(f"{path}.size", option.size)
    usd_per_w = float(inputs.construction_usd_per_w_S[site])
    lead = round(figures(f"{path}.lead", option.lead)) if option.lead else int(inputs.construction_months_S[site])
    first = max(axis.position(option.start) if option.start else 0, lead)
    last = min(axis.position(option.end) if option.end else axis.months_count - 1, axis.months_count - 1)
    months = axis.months_count
    paid_PP, worn_PP = np.zeros((periods.count, periods.count)), np.zeros((periods.count, periods.count))
    open_P, left_P = np.zeros(periods.count, dtype=bool), np.zeros(periods.count)
    has_budget_T = inputs.budget_year_T > 0
    for period, month in enumerate(periods.first_P.tolist()):
        if not first <= month <= last:
            continue
        added_w = np.zeros((1, months))
        added_w[0, month] = hall_w
        paid_T = construction_payments(added_w, np.array([usd_per_w]), np.array([lead]), months)
        if (paid_T[~has_budget_T] > 0.0).any():
            continue
        open_P[period] = True
        paid_PP[period] = periods.sums(paid_T)
        unit = unit_asset(outcome.finance_inputs, "buildings", month)
        worn_PP[period] = periods.sums(unit.deducted_T) * paid_T.sum()
        left_P[period] = unit.terminal * paid_T.sum()
    return HallOption(option.site, site, hall_w, option.most, open_P, paid_PP, worn_PP, left_P)


def clouds(
    prepared: Prepared, variants: tuple[Variant, ...], periods: Periods, figures: Figures
) -> tuple[CloudOption, ...]:
    """Return what may be rented by the hour.

    Raises
    ------
    InputError
        If the scenario has no such accelerator, so that nothing says how fast it works.
    """
    found = []
    axis = periods.axis
    for position, option in enumerate(prepared.scenario.optimise.cloud):
        path = f"optimise.cloud.{position}"
        variant = next((v for v, item in enumerate(variants) if item.accelerator == option.accelerator), None)
        if variant is None:
            known = nearest(option.accelerator, [item.accelerator for item in variants])
            message = f'{path}: "{option.accelerator}" is neither installed nor on offer. {known}'
            raise InputError(message)
        first = max(axis.position(option.start) if option.start else 0, 0)
        last = axis.position(option.end) if option.end else axis.months_count
        months_T = np.arange(axis.months_count)
        most = figures(f"{path}.most", option.most) if option.most else np.inf
        open_P = periods.means(((months_T >= first) & (months_T <= last)).astype(np.float64))
        most_P = np.where(open_P > 0.0, most, 0.0) if np.isinf(most) else most * open_P
        rent_usd = figures(f"{path}.price", option.price) * HOURS_PER_MONTH
        found.append(CloudOption(f"cloud {option.accelerator}", variant, most_P, rent_usd * periods.months_P))
    return tuple(found)


def resale(
    prepared: Prepared, outcome: Outcome, price_KP: Floats, periods: Periods, figures: Figures
) -> tuple[Floats | None, Floats | None]:
    """Return what accelerators bring that are sold early: of orders (K, Q, P), and of the installed base (K, P)."""
    inputs = outcome.inputs
    if not prepared.scenario.optimise.early_sale:
        return None, None
    decline = prepared.scenario.finance.resale_decline or prepared.catalogue.defaults.resale_decline_frac
    kept = 1.0 - figures("finance.resale_decline", decline)
    years_P = periods.first_P / MONTHS_PER_YEAR
    age_QP = np.maximum(years_P[None] - years_P[:, None], 0.0)
    new_K1 = (inputs.accelerator_usd_KT + inputs.server_usd_KT)[:, :1]
    age_KP = inputs.installed_age_months_K[:, None] / MONTHS_PER_YEAR + years_P
    return price_KP[:, :, None] * kept**age_QP, new_K1 * kept**age_KP


def limits(scenario: Scenario, run: Running, periods: Periods, figures: Figures) -> tuple[Limit, ...]:
    """Return the limits of each calendar year: carbon and water; a year that is cut short has its share."""
    found = []
    years_P = np.array([periods.last_month(period).year for period in range(periods.count)])
    asked = (
        ("carbon", "t", run.carbon_t_SVP, scenario.optimise.carbon),
        ("water", "L", run.water_l_SVP, scenario.optimise.water),
    )
    for name, unit, per_gpu_SVP, most in asked:
        if most is None:
            continue
        for year in np.unique(years_P).tolist():
            within_P = years_P == year
            share = float(periods.months_P[within_P].sum()) / MONTHS_PER_YEAR
            found.append(
                Limit(f"{name} {year}", unit, per_gpu_SVP, figures(f"optimise.{name}", most) * share, within_P)
            )
    return tuple(found)
