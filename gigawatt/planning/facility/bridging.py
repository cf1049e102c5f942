"""Rented power for what buildings and racks can use until the grid comes. M months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.energy import Bridge, bridge, contract_w
from gigawatt.errors import InputError
from gigawatt.planning.facility.case import SiteCase
from gigawatt.planning.facility.supply import FIRM_FRAC, remember
from gigawatt.planning.figures import Figures
from gigawatt.planning.supply import bridging_unit
from gigawatt.records import Month

Floats = NDArray[np.float64]

BRIDGE_KIND = "gas-turbine-mobile"


@dataclass(frozen=True, slots=True)
class Bridging:
    """Power until the grid is there.

    Attributes
    ----------
    months : tuple of str
        Labels, or numbers from clearing.
    grid_month : str
        First with the grid's power.
    unit : str
        Kind of the catalogue.
    demand_w_M : ndarray
        What buildings and racks can use. [W]
    result : Bridge
    """

    months: tuple[str, ...]
    grid_month: str
    unit: str
    demand_w_M: Floats
    result: Bridge


def months_until(text: str, months: tuple[str, ...]) -> int:
    """Read when the grid comes: a month of the calendar, or a number of months from the first one on."""
    if text.strip().isdigit():
        return int(text)
    try:
        month = Month.parse(text)
    except ValueError as error:
        message = f'"{text}" is neither a month such as 2028-12, nor a number of months from clearing'
        raise InputError(message) from error
    if months[0].isdigit():
        message = f"{text}: the day of clearing is not known; say --cleared, or give a number of months from clearing"
        raise InputError(message)
    start = Month.parse(months[0])
    return month.index - start.index


def site_bridge(
    case: SiteCase,
    catalogue: Catalogue,
    months: tuple[str, ...],
    demand_w_M: Floats,
    until: str,
    load_frac: float,
    figures: Figures,
) -> Bridging:
    """Bridge a site with rented turbines until the grid comes.

    Parameters
    ----------
    case : SiteCase
    catalogue : Catalogue
    months : tuple of str
        Of the demand.
    demand_w_M : ndarray
        Facility power that buildings and racks can use. [W]
    until : str
        When the grid comes, as typed.
    load_frac : float
        Mean over highest facility power. [1]
    figures : Figures

    Returns
    -------
    Bridging

    Raises
    ------
    InputError
        If the month cannot be read, or lies before the first.
    """
    at = months_until(until, months)
    if at < 0:
        message = f"the grid comes in {until}, before the first month, {months[0]}: there is nothing to bridge"
        raise InputError(message)
    count = max(len(months), at + 1)
    longer_w_M = np.concatenate([demand_w_M, np.full(count - len(months), float(demand_w_M[-1]))])
    labels = _longer(months, count)
    kind = catalogue.shelf("supply")[BRIDGE_KIND]
    remember(kind, figures)
    unit = bridging_unit(kind, float(np.max(case.hours["dry_bulb_c"])))
    contract_w_M = contract_w(count, ((at, float(longer_w_M.max())),))
    found = bridge(longer_w_M, contract_w_M, unit, FIRM_FRAC, load_frac)
    return Bridging(labels, labels[at], BRIDGE_KIND, longer_w_M, found)


def _longer(months: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Carry the months on."""
    if months[0].isdigit():
        return tuple(str(int(months[0]) + step) for step in range(count))
    start = Month.parse(months[0])
    return tuple(str(start.plus(step)) for step in range(count))
