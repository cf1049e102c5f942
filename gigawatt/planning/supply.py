"""From the catalogue's kinds of supply to the parts of a supply problem. H hours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue.supply import SupplyKind
from gigawatt.engines.energy import (
    DERATING_PER_K,
    PART_LOAD_LOSS_FRAC,
    BridgingUnit,
    Generator,
    Grid,
    Ppa,
    Storage,
    derating_frac,
    no_load_fuel_frac,
)
from gigawatt.errors import CatalogueError
from gigawatt.planning.grid_hours import GridHours
from gigawatt.records import Quantity
from gigawatt.units import WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]


def _value(kind: SupplyKind, name: str) -> float:
    """Return a figure that a use needs, or say that the entry lacks it."""
    figure = getattr(kind, name)
    if not isinstance(figure, Quantity):
        message = f'supply: "{kind.id}" has no {name}'
        raise CatalogueError(message)
    return figure.value


def _given(figure: Quantity | None) -> float:
    """Return a figure, 0 where the entry has none."""
    return 0.0 if figure is None else figure.value


def available_frac(
    kind: SupplyKind, resource_frac_H: Floats | None = None, dry_bulb_c_H: Floats | None = None
) -> Floats | None:
    """Share of capacity that each hour allows: resource, outages spread evenly, loss in warm air.

    Parameters
    ----------
    kind : SupplyKind
    resource_frac_H : ndarray, optional
        Output over capacity by sun or wind. [1]
    dry_bulb_c_H : ndarray, optional
        For kinds that lose output in warm air. [C]

    Returns
    -------
    ndarray or None
        None where every hour allows all.
    """
    running = 1.0 - _given(kind.outage_frac)
    if resource_frac_H is not None:
        return running * resource_frac_H
    if dry_bulb_c_H is not None:
        loss_per_k = DERATING_PER_K[kind.derating] if kind.derating else 0.0
        return running * derating_frac(dry_bulb_c_H, loss_per_k)
    return None


def generator(
    kind: SupplyKind,
    resource_frac_H: Floats | None = None,
    dry_bulb_c_H: Floats | None = None,
    fuel_usd_per_mwh: float | None = None,
    *,
    commitment: bool = False,
    **changes: float,
) -> Generator:
    """Make a generator of an entry.

    Parameters
    ----------
    kind : SupplyKind
        From `catalogue.shelf("supply")`.
    resource_frac_H, dry_bulb_c_H : ndarray, optional
        See `available_frac`.
    fuel_usd_per_mwh : float, optional
        In place of the entry's, per thermal megawatt-hour. [USD/MWh]
    commitment : bool
        Take minimum load, starts and fuel at part load from the entry, too.
    **changes : float
        Any other field of `Generator`, such as max_w or energy_limit_frac.

    Returns
    -------
    Generator

    Raises
    ------
    CatalogueError
        If the entry lacks a cost or a life.

    Examples
    --------
    >>> from gigawatt.catalogue import load
    >>> plant = generator(load().shelf("supply")["ccgt"])
    >>> round(plant.marginal_usd_per_mwh, 2), round(plant.emission_kg_per_mwh)
    (25.36, 330)
    """
    made = Generator(
        name=kind.id,
        capex_usd_per_w=_value(kind, "capex_usd_per_w"),
        life_years=_value(kind, "life_years"),
        fixed_usd_per_mw_year=_given(kind.fixed_usd_per_mw_year),
        variable_usd_per_mwh=_given(kind.variable_usd_per_mwh),
        heat_rate_ratio=_given(kind.heat_rate_ratio),
        fuel_usd_per_mwh=_given(kind.fuel_usd_per_mwh) if fuel_usd_per_mwh is None else fuel_usd_per_mwh,
        carbon_kg_per_mwh=_given(kind.fuel_kg_per_mwh),
        availability_frac_H=available_frac(kind, resource_frac_H, dry_bulb_c_H),
    )
    if commitment:
        made = replace(
            made,
            least_load_frac=_given(kind.minimum_load_frac),
            start_usd_per_mw=_given(kind.start_usd_per_mw),
            no_load_fuel_frac=no_load_fuel_frac(PART_LOAD_LOSS_FRAC[kind.derating]) if kind.derating else 0.0,
        )
    return replace(made, **changes)  # type: ignore[arg-type]


def storage(kind: SupplyKind, **changes: float) -> Storage:
    """Make a storage of an entry.

    Parameters
    ----------
    kind : SupplyKind
    **changes : float
        Any field of `Storage`.

    Returns
    -------
    Storage

    Raises
    ------
    CatalogueError
        If the entry lacks a cost, a life or an efficiency.
    """
    made = Storage(
        name=kind.id,
        capex_usd_per_w=_value(kind, "capex_usd_per_w"),
        life_years=_value(kind, "life_years"),
        duration_h=_given(kind.duration_h),
        capex_usd_per_mwh=_given(kind.energy_capex_usd_per_mwh),
        fixed_usd_per_mw_year=_given(kind.fixed_usd_per_mw_year),
        variable_usd_per_mwh=_given(kind.variable_usd_per_mwh),
        charge_frac=_value(kind, "charge_frac"),
        discharge_frac=_value(kind, "discharge_frac"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def agreement(kind: SupplyKind, resource_frac_H: Floats, hub_usd_per_mwh_H: Floats, **changes: float) -> Ppa:
    """Make a power purchase agreement of an entry.

    Parameters
    ----------
    kind : SupplyKind
    resource_frac_H : ndarray
        Output over capacity; ones for a reactor. [1]
    hub_usd_per_mwh_H : ndarray
        [USD/MWh]
    **changes : float
        Any other field of `Ppa`.

    Returns
    -------
    Ppa

    Raises
    ------
    CatalogueError
        If the entry has no strike.
    """
    production_H = (1.0 - _given(kind.outage_frac)) * resource_frac_H
    made = Ppa(kind.id, _value(kind, "strike_usd_per_mwh"), production_H, hub_usd_per_mwh_H)
    return replace(made, **changes)  # type: ignore[arg-type]


def bridging_unit(kind: SupplyKind, design_c: float, **changes: float) -> BridgingUnit:
    """Make a rented unit of an entry.

    Parameters
    ----------
    kind : SupplyKind
    design_c : float
        Dry bulb on the hottest day. [C]
    **changes : float
        Any other field of `BridgingUnit`.

    Returns
    -------
    BridgingUnit

    Raises
    ------
    CatalogueError
        If the entry has no rent.
    """
    warm = derating_frac(np.array([design_c]), DERATING_PER_K[kind.derating]) if kind.derating else np.ones(1)
    made = BridgingUnit(
        name=kind.id,
        unit_w=_value(kind, "unit_mw") * WATTS_PER_MEGAWATT,
        outage_frac=_given(kind.outage_frac),
        lead_months=round(_given(kind.lead_months)),
        rent_usd_per_mw_month=_value(kind, "rent_usd_per_mw_month"),
        mobilisation_usd_per_mw=_given(kind.mobilisation_usd_per_mw),
        variable_usd_per_mwh=_given(kind.variable_usd_per_mwh),
        heat_rate_ratio=_value(kind, "heat_rate_ratio"),
        fuel_usd_per_mwh=_value(kind, "fuel_usd_per_mwh"),
        carbon_kg_per_mwh=_value(kind, "fuel_kg_per_mwh"),
        derating_frac=float(warm[0]),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def connection(limit_w_H: Floats, price_usd_per_mwh_H: Floats, hours: GridHours, **tariff: float) -> Grid:
    """Make a grid connection of a contract, a price and a balancing area.

    Parameters
    ----------
    limit_w_H : ndarray
        [W]
    price_usd_per_mwh_H : ndarray
        Delivered. [USD/MWh]
    hours : GridHours
    **tariff : float
        demand_usd_per_mw_month, ratchet_frac, minimum_bill_frac.

    Returns
    -------
    Grid
    """
    return Grid(limit_w_H, price_usd_per_mwh_H, hours.carbon_kg_per_mwh_H, hours.carbon_free_frac_H, **tariff)
