"""What goes into a supply problem. Shape letters: H hours, M months, K steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

UNLIMITED = float("inf")
# Price of power that is not delivered where a coarse solution must be judged and the problem names none. MISO's value
# of lost load since 2025; ERCOT studies find three times as much. An assumption. [USD/MWh]
UNSERVED_USD_PER_MWH = 10_000.0


@dataclass(frozen=True, slots=True)
class Generator:
    """A kind of plant whose capacity is found, or given by equal bounds.

    Attributes
    ----------
    name : str
    capex_usd_per_w : float
        Overnight cost of net capacity at the reference condition. [USD/W]
    life_years : float
        Over which capex is recovered. [year]
    fixed_usd_per_mw_year : float
        Fixed operation and maintenance. [USD/MW/year]
    variable_usd_per_mwh : float
        Variable operation and maintenance, without fuel. [USD/MWh]
    heat_rate_ratio : float
        Fuel energy, higher heating value, over electricity; 0 burns nothing. [1]
    fuel_usd_per_mwh : float
        Price of fuel, per thermal megawatt-hour. [USD/MWh]
    carbon_kg_per_mwh : float
        Carbon dioxide of the fuel, per thermal megawatt-hour; 0 counts as carbon-free. [kg/MWh]
    availability_frac_H : ndarray or None
        Output over capacity that an hour allows: sun, wind, derating by heat, outages; None is 1. [1]
    energy_limit_frac : float
        Most energy in the year over demand. [1]
    min_w, max_w : float
        Bounds of capacity. [W]
    least_load_frac : float
        Least output over what is running. [1]
    start_usd_per_mw : float
        Wear and fuel of bringing a megawatt from rest. [USD/MW]
    no_load_fuel_frac : float
        Fuel at no output over that at full load, of what is running; the rest grows with output. [1]
    """

    name: str
    capex_usd_per_w: float
    life_years: float
    fixed_usd_per_mw_year: float = 0.0
    variable_usd_per_mwh: float = 0.0
    heat_rate_ratio: float = 0.0
    fuel_usd_per_mwh: float = 0.0
    carbon_kg_per_mwh: float = 0.0
    availability_frac_H: Floats | None = None
    energy_limit_frac: float = UNLIMITED
    min_w: float = 0.0
    max_w: float = UNLIMITED
    least_load_frac: float = 0.0
    start_usd_per_mw: float = 0.0
    no_load_fuel_frac: float = 0.0

    @property
    def is_committed(self) -> bool:
        """Whether it matters how much of the plant is running, beside what it puts out."""
        return self.least_load_frac > 0.0 or self.start_usd_per_mw > 0.0 or self.no_load_fuel_frac > 0.0

    @property
    def marginal_usd_per_mwh(self) -> float:
        """Variable cost and fuel of one megawatt-hour at full load [USD/MWh]."""
        return self.variable_usd_per_mwh + self.heat_rate_ratio * self.fuel_usd_per_mwh

    @property
    def emission_kg_per_mwh(self) -> float:
        """Carbon dioxide of one megawatt-hour of electricity [kg/MWh]."""
        return self.heat_rate_ratio * self.carbon_kg_per_mwh

    @property
    def runs_by_itself(self) -> bool:
        """Whether output is what the hour offers, less what is spilled: sun and wind."""
        return (
            self.availability_frac_H is not None
            and self.heat_rate_ratio == 0.0
            and self.carbon_kg_per_mwh == 0.0
            and not np.isfinite(self.energy_limit_frac)
            and not self.is_committed
        )


@dataclass(frozen=True, slots=True)
class Storage:
    """A kind of storage; charging and discharging share the converter.

    Attributes
    ----------
    name : str
    capex_usd_per_w : float
        Per watt of converter; with a fixed duration the whole cost may stand here. [USD/W]
    capex_usd_per_mwh : float
        Per megawatt-hour of energy capacity. [USD/MWh]
    life_years : float
    duration_h : float
        Energy over power; 0 lets both be found. [h]
    fixed_usd_per_mw_year, variable_usd_per_mwh : float
        The second per megawatt-hour discharged. [USD/MW/year, USD/MWh]
    charge_frac, discharge_frac : float
        Efficiency of each way. [1]
    min_w, max_w : float
        Bounds of power. [W]
    """

    name: str
    capex_usd_per_w: float
    life_years: float
    duration_h: float = 0.0
    capex_usd_per_mwh: float = 0.0
    fixed_usd_per_mw_year: float = 0.0
    variable_usd_per_mwh: float = 0.0
    charge_frac: float = 1.0
    discharge_frac: float = 1.0
    min_w: float = 0.0
    max_w: float = UNLIMITED


@dataclass(frozen=True, slots=True)
class Grid:
    """A connection to the grid and its tariff.

    Attributes
    ----------
    limit_w_H : ndarray
        Contracted import; it may grow while the connection ramps. [W]
    price_usd_per_mwh_H : ndarray
        Price of energy, delivered. [USD/MWh]
    carbon_kg_per_mwh_H : ndarray
        Average intensity of the grid. [kg/MWh]
    carbon_free_frac_H : ndarray
        Carbon-free share of the grid's generation. [1]
    demand_usd_per_mw_month : float
        Demand charge on the month's billed demand. [USD/MW/month]
    ratchet_frac : float
        Least billed demand over the year's highest import. [1]
    minimum_bill_frac : float
        Least billed demand over the contract of the month. [1]
    """

    limit_w_H: Floats
    price_usd_per_mwh_H: Floats
    carbon_kg_per_mwh_H: Floats
    carbon_free_frac_H: Floats
    demand_usd_per_mw_month: float = 0.0
    ratchet_frac: float = 0.0
    minimum_bill_frac: float = 0.0


@dataclass(frozen=True, slots=True)
class Ppa:
    """A pay-as-produced power purchase agreement, delivered over the grid connection or settled in money.

    All that the plant makes is paid at the strike and sold at the hub. What the site uses it buys back at the hub
    price plus delivery, so a virtual agreement is the same arithmetic with the retail adder as delivery.

    Attributes
    ----------
    name : str
    strike_usd_per_mwh : float
    production_frac_H : ndarray
        Output over contracted capacity. [1]
    hub_usd_per_mwh_H : ndarray
        Price where the plant's power is settled. [USD/MWh]
    delivery_usd_per_mwh : float
        Hub to site, per megawatt-hour used. [USD/MWh]
    min_w, max_w : float
        Bounds of contracted capacity. [W]
    """

    name: str
    strike_usd_per_mwh: float
    production_frac_H: Floats
    hub_usd_per_mwh_H: Floats
    delivery_usd_per_mwh: float = 0.0
    min_w: float = 0.0
    max_w: float = UNLIMITED


@dataclass(frozen=True, slots=True)
class Flexible:
    """Compute that may be turned down, at a price.

    Attributes
    ----------
    share_frac : float
        Most that may be turned down in an hour, of demand. [1]
    value_usd_per_mwh : float
        What a megawatt-hour of compute is worth; see `compute_value_usd_per_mwh`. [USD/MWh]
    year_limit_frac : float
        Most energy turned down in the year, of demand. [1]
    """

    share_frac: float
    value_usd_per_mwh: float
    year_limit_frac: float = 1.0


@dataclass(frozen=True, slots=True)
class SupplyProblem:
    """Demand, what may serve it, and what must hold.

    Attributes
    ----------
    demand_w_H : ndarray
        Facility power. [W]
    discount_rate_frac : float
        Real cost of capital. [1]
    generators, storages, ppas : tuple
    grid : Grid or None
        None is an island.
    flexible : Flexible or None
    unserved_usd_per_mwh : float or None
        Value of lost load; None forbids unserved demand. [USD/MWh]
    carbon_limit_kg : float
        Most carbon dioxide a year: plants on site, and import that no agreement covers. [kg]
    carbon_free_min_frac : float
        Least carbon-free share, hour by hour (24/7). [1]
    month_of_hour_H : ndarray or None
        Month of each hour from 0, for demand charges; None is the calendar of a year without a leap day. [1]
    """

    demand_w_H: Floats
    discount_rate_frac: float
    generators: tuple[Generator, ...] = ()
    storages: tuple[Storage, ...] = ()
    grid: Grid | None = None
    ppas: tuple[Ppa, ...] = ()
    flexible: Flexible | None = None
    unserved_usd_per_mwh: float | None = None
    carbon_limit_kg: float = UNLIMITED
    carbon_free_min_frac: float = 0.0
    month_of_hour_H: Integers | None = None

    @property
    def plants(self) -> list[Generator | Storage]:
        """What is bought and wears out."""
        return [*self.generators, *self.storages]

    @property
    def parts(self) -> list[Generator | Storage | Ppa]:
        """Everything that has a capacity."""
        return [*self.plants, *self.ppas]


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs of hours that the linear programme treats as one.

    Attributes
    ----------
    start_K : ndarray
        First hour of each step.
    hours_K : ndarray
        Length. [h]
    hours_count : int
        Hours in all.
    """

    start_K: Integers
    hours_K: Floats
    hours_count: int
    of_hour_H: Integers = field(repr=False)

    @property
    def index(self) -> Integers:
        """Number of each step, from 0."""
        return np.arange(len(self.start_K))

    def mean(self, hourly_H: Floats) -> Floats:
        """Return the mean of an hourly series in each step."""
        return np.add.reduceat(hourly_H, self.start_K) / self.hours_K

    def spread(self, stepped_K: Floats) -> Floats:
        """Return a stepped series by hour."""
        return stepped_K[self.of_hour_H]
