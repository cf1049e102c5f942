"""Power of a site by month: a schedule in steps, or lead times of its construction, with their quantiles.

Shape letters: Q quantiles, X months of the plan and after it, N draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import Site
from gigawatt.engines.construction import month_ends_days, simulate, watts_by_month
from gigawatt.planning.construction import Power, campus_inputs
from gigawatt.planning.figures import Figures
from gigawatt.records import Month, Quantity, TimeAxis
from gigawatt.scenario.buildout import SiteUse, read_buildings
from gigawatt.units import WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

# Months after the plan's end whose energisation draws construction money inside the plan: longer than any shell takes.
LATER_MONTHS = 60
CONSTRUCTION = "us-2025"
DEFAULT_PATH = "grid-new"  # where neither scenario nor catalogue says how power comes: the ordinary way
DRAWS_COUNT = 1000
SEED = 0  # the draws of a plan move along the quantiles; the quantiles themselves are the same in every plan
QUANTILES = np.linspace(0.02, 0.98, 49)


@dataclass(frozen=True, slots=True)
class PowerStep:
    """Facility power that a site has from a month on.

    Attributes
    ----------
    month : int
        From the plan's first, negative before it.
    path : str
        Name of the figure.
    quantity : Quantity
        [W]
    """

    month: int
    path: str
    quantity: Quantity


def power_steps(use: SiteUse, entry: Site, axis: TimeAxis) -> tuple[PowerStep, ...]:
    """Return energised facility power in order of months: the scenario's schedule, else the catalogue's."""
    if use.power is not None:
        watts = dict(use.power)
    else:
        catalogued = entry.facility_mw.items()
        watts = {Month.parse(month): quantity.times(WATTS_PER_MEGAWATT, "W") for month, quantity in catalogued}
    return tuple(
        PowerStep(axis.position(month), f"sites.{use.site}.power.{month}", watts[month]) for month in sorted(watts)
    )


def buildings_mw(use: SiteUse, entry: Site, catalogue: Catalogue) -> list[float]:
    """Return the facility power of each building: as written, else the catalogue's power and number. [MW]."""
    if use.buildings is not None:
        count, watts = read_buildings(use.buildings)
        return [watts / WATTS_PER_MEGAWATT] * count
    facts = catalogue.construction[CONSTRUCTION]
    steps = [quantity.value for quantity in entry.facility_mw.values()]
    total_mw = max(steps, default=0.0) or (entry.planned_mw.value if entry.planned_mw else 0.0)
    if entry.buildings_count:
        count = round(entry.buildings_count.value)
    else:
        count = max(1, round(total_mw / facts.interval_building_mw.value))
    return [total_mw / count] * count


def built_w(use: SiteUse, entry: Site, axis: TimeAxis, months_count: int, catalogue: Catalogue) -> Floats | None:
    """Return energised power by quantile and month.

    Parameters
    ----------
    use : SiteUse
    entry : Site
    axis : TimeAxis
    months_count : int
        X.
    catalogue : Catalogue

    Returns
    -------
    Floats or None
        Shape (Q, X), rising along both; None where the site has a power schedule. [W]
    """
    scheduled = use.power is not None or any(quantity.value > 0.0 for quantity in entry.facility_mw.values())
    if not use.built and (scheduled or not entry.cleared):
        return None
    cleared = use.cleared or Month.parse(entry.cleared)
    path = use.path or entry.power_path or DEFAULT_PATH
    inputs = campus_inputs(
        catalogue.construction[CONSTRUCTION], buildings_mw(use, entry, catalogue), [Power(name) for name in [path]]
    )
    draws = simulate(inputs, DRAWS_COUNT, np.random.default_rng(SEED))
    first = axis.position(cleared)
    known_count = max(months_count - first, 1)
    energised_w_NT = watts_by_month(draws, month_ends_days(known_count))["energised"]
    quantile_w_QT = np.quantile(energised_w_NT, QUANTILES, axis=0)
    months_X = np.arange(months_count) - first
    shown_QX = quantile_w_QT[:, np.clip(months_X, 0, known_count - 1)]
    return np.where(months_X >= 0, shown_QX, 0.0)


def drawn_w(use: SiteUse, built_w_QX: Floats, figures: Figures) -> Floats:
    """Take one quantile for all months: the median, or that of a draw. Shape (X,). [W]."""
    share = figures(
        f"sites.{use.site}.build",
        Quantity(
            0.5, "1", float(QUANTILES[0]), float(QUANTILES[-1]), source="gigawatt-estimate", kind="derived",
            note="quantile of the build schedule, over 1,000 draws of the catalogue's lead times",
        ),
    )  # fmt: skip
    position = float(np.interp(share, QUANTILES, np.arange(len(QUANTILES))))
    low = int(position)
    high = min(low + 1, len(QUANTILES) - 1)
    blended: Floats = built_w_QX[low] + (position - low) * (built_w_QX[high] - built_w_QX[low])
    return blended


def energised(
    use: SiteUse, steps: Sequence[PowerStep], axis: TimeAxis, figures: Figures, built_w_QX: Floats | None = None
) -> tuple[Floats, Floats]:
    """Lay a power schedule on the months: a step holds until the next; or take one quantile of a build schedule.

    Returns
    -------
    tuple of Floats
        Power energised, with the scenario's delay, and the power that buildings are paid for, without it; both over the
        plan's months and the `LATER_MONTHS` after them. [W]
    """
    delay_months = round(figures(f"sites.{use.site}.delay", use.delay)) if use.delay else 0
    months_count = axis.months_count + LATER_MONTHS
    if built_w_QX is not None:
        power_w, building_w = np.zeros(months_count), drawn_w(use, built_w_QX, figures)
        power_w[delay_months:] = building_w[: months_count - delay_months]
        return power_w, building_w
    watts = [(step.month, figures(step.path, step.quantity)) for step in steps]
    building_w = _held(watts, months_count)
    if not delay_months:
        return building_w, building_w
    late = [(month + delay_months if month > 0 else month, power_w) for month, power_w in watts]
    return _held(late, months_count), building_w


def _held(watts: Sequence[tuple[int, float]], months_count: int) -> Floats:
    """Lay power on the months, each from its month until the next."""
    watts_X = np.zeros(months_count)
    for month, power_w in watts:
        watts_X[max(0, month) :] = power_w
    return watts_X


def first_power(built_w_QX: Floats, axis: TimeAxis) -> tuple[str, str, str]:
    """Return the months by which 10, 50 and 90 % of the draws have power; "later" where that lies beyond them all."""

    def month_of(share: float) -> str:
        """First month in which so many draws have power: the quantile that 1 - share of them exceed."""
        row = built_w_QX[int(np.argmin(np.abs(QUANTILES - (1.0 - share))))]
        powered = np.flatnonzero(row > 0.0)
        return str(axis.start.plus(int(powered[0]))) if powered.size else "later"

    return month_of(0.1), month_of(0.5), month_of(0.9)
