"""Revenue lines of a scenario into dollars by month. Shape letter: T months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.figures import Figures
from gigawatt.records import Month, Quantity, TimeAxis
from gigawatt.scenario import finance as lines
from gigawatt.scenario.model import Scenario
from gigawatt.units import DAYS_PER_YEAR, HOURS_PER_MONTH, MONTHS_PER_YEAR

Floats = NDArray[np.float64]

ADS_PER_THOUSAND = 1000.0
RENTAL_COURSE = "market.gpu_rental"  # the market that all rented accelerators share


def _value(figures: Figures, path: str, quantity: Quantity | None, otherwise: float = 0.0) -> float:
    """Return a number, or what to take where there is none."""
    return figures(path, quantity) if quantity is not None else otherwise


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
    return ((since_T + 1) / ramp_months).clip(0.0, 1.0)


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


def _advertising(line: lines.Advertising, path: str, base: Base, figures: Figures) -> Floats:
    """Revenue gained as more compute shows more ads at a better price, over what users, ads and price give anyway."""
    yearly = figures(f"{path}.advertising", line.advertising) * figures(f"{path}.ads", line.ads) * DAYS_PER_YEAR
    yearly *= figures(f"{path}.price_per_thousand", line.price_per_thousand) / ADS_PER_THOUSAND
    yearly *= _value(figures, f"{path}.margin", line.margin, 1.0)
    base_T = _compound(figures, f"{path}.growth", line.growth, base) * _compound(
        figures, f"{path}.price_change", line.price_change, base
    )
    shown_T = 1.0 + _value(figures, f"{path}.engagement_uplift", line.engagement_uplift) * base.compute_doublings_T
    price_T = 1.0 + _value(figures, f"{path}.price_uplift", line.price_uplift) * base.compute_doublings_T
    ramp_T = _ramp(base, line.start, _value(figures, f"{path}.ramp", line.ramp))
    return yearly / MONTHS_PER_YEAR * base_T * ramp_T * (shown_T * price_T - 1.0)


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
    price_T = price_T * figures.course(RENTAL_COURSE, base.axis.months_count)
    return base.gpus_T * HOURS_PER_MONTH * rented * price_T * _ramp(base, line.start, 0.0)


def _capacity_contract(line: lines.CapacityContract, path: str, base: Base, figures: Figures) -> Floats:
    mw_T = base.facility_mw_T if line.basis == "facility" else base.it_mw_T
    yearly = figures(f"{path}.capacity_contract", line.capacity_contract)
    return mw_T * yearly / MONTHS_PER_YEAR * _ramp(base, line.start, 0.0)


REVENUE: dict[str, Callable[[Any, str, Base, Figures], Floats]] = {
    "ads_uplift": _ads_uplift,
    "advertising": _advertising,
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
