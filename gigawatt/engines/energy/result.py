"""What comes out of a supply problem. Shape letters: H hours, M months."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.engines.energy.types import Floats


@dataclass(frozen=True, slots=True)
class Carbon:
    """Three ways of counting the same year, and the hourly match.

    Attributes
    ----------
    onsite_kg : float
        Of fuel burned on site. [kg]
    location_kg : float
        On site, and all that came over the grid connection at the grid's hourly intensity. [kg]
    market_kg : float
        On site, and import at the year's mean intensity after a year's certificates are taken off. [kg]
    hourly_kg : float
        On site, and in each hour only what no agreement covered in that hour. [kg]
    upstream_kg : float
        Methane that leaked on the way of the fuel, as carbon dioxide; in none of the others. [kg]
    carbon_free_frac : float
        Carbon-free share of served demand, hour by hour. [1]
    """

    onsite_kg: float
    location_kg: float
    market_kg: float
    hourly_kg: float
    upstream_kg: float
    carbon_free_frac: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """How a result was found and how far it may be from the optimum.

    Attributes
    ----------
    steps_count : int
        Steps of the programme that chose the capacities.
    iterations_count : int
        Of the solver, all programmes together.
    lower_bound_usd : float
        No supply costs less in a year; NaN where the steps join hours whose prices differ. [USD]
    gap_frac : float
        Cost on all hours over the cost that the coarse programme promised, less one; 0 for a full solve. [1]
    residual_frac : float
        Largest imbalance of an hour over the highest demand. [1]
    """

    steps_count: int
    iterations_count: int
    lower_bound_usd: float
    gap_frac: float
    residual_frac: float


@dataclass(frozen=True, slots=True)
class SupplyResult:
    """Capacities, hours, costs, prices and carbon of a supply.

    Attributes
    ----------
    capacity_w : dict of str to float
        By generator, storage and agreement. [W]
    energy_capacity_mwh : dict of str to float
        By storage. [MWh]
    output_w_H : dict of str to ndarray
        By generator, storage (discharge) and agreement (used). [W]
    spilled_w_H : dict of str to ndarray
        By generator that runs by itself, and by agreement (sold at the hub). [W]
    running_w_H : dict of str to ndarray
        By generator whose commitment matters: what of it is running. [W]
    charge_w_H : dict of str to ndarray
        By storage. [W]
    stored_mwh_H : dict of str to ndarray
        At the end of each hour. [MWh]
    import_w_H, unserved_w_H, turned_down_w_H : ndarray
        Import is what no agreement delivered. [W]
    billed_w_M : ndarray
        Billed demand by month; empty without a demand charge. [W]
    cost_usd : dict of str to float
        Of a year, by part, such as "gas.capital"; they add up to `total_usd`. [USD]
    total_usd : float
        [USD]
    lcoe_usd_per_mwh : float
        Total, less the value of what was not served or turned down, over what was served. [USD/MWh]
    price_usd_per_mwh_H : ndarray
        What one more megawatt-hour of demand would cost in each hour. [USD/MWh]
    grid_value_usd_per_mw_year : float
        What one more megawatt of contracted import saves, its own minimum bill not counted. [USD/MW/year]
    policy_price_usd : dict of str to float
        What relaxing a rule saves: carbon per tonne, energy limits and carbon-free share per megawatt-hour. [USD]
    carbon : Carbon
    certificate : Certificate
    """

    capacity_w: dict[str, float]
    energy_capacity_mwh: dict[str, float]
    output_w_H: dict[str, Floats]
    spilled_w_H: dict[str, Floats]
    running_w_H: dict[str, Floats]
    charge_w_H: dict[str, Floats]
    stored_mwh_H: dict[str, Floats]
    import_w_H: Floats
    unserved_w_H: Floats
    turned_down_w_H: Floats
    billed_w_M: Floats
    cost_usd: dict[str, float]
    total_usd: float
    lcoe_usd_per_mwh: float
    price_usd_per_mwh_H: Floats
    grid_value_usd_per_mw_year: float
    policy_price_usd: dict[str, float]
    carbon: Carbon
    certificate: Certificate
