"""Annuities, levelised cost, the worth of compute and the price of waiting for power."""

from __future__ import annotations

from gigawatt.errors import InputError
from gigawatt.units import WATTS_PER_MEGAWATT

HOURS_PER_TYPICAL_YEAR = 8760.0  # a year without a leap day, as levelised costs are quoted


def capital_recovery_per_year(rate_frac: float, life_years: float) -> float:
    """Annual payment that recovers one unit of capital with interest.

    Parameters
    ----------
    rate_frac : float
        Cost of capital, real; 0 divides evenly. [1]
    life_years : float
        [year]

    Returns
    -------
    float
        [1/year]

    Raises
    ------
    InputError
        If the life is not positive or the rate is not above -1.

    Notes
    -----
    r / (1 - (1 + r)^-n).

    Examples
    --------
    >>> round(capital_recovery_per_year(0.08, 30.0), 5)
    0.08883
    """
    if life_years <= 0.0 or rate_frac <= -1.0:
        message = f"energy: life {life_years} years must be positive and rate {rate_frac} above -1"
        raise InputError(message)
    if rate_frac == 0.0:
        return 1.0 / life_years
    return rate_frac / (1.0 - float((1.0 + rate_frac) ** -life_years))


def lcoe_usd_per_mwh(
    capex_usd_per_w: float,
    rate_frac: float,
    life_years: float,
    fixed_usd_per_mw_year: float,
    capacity_factor_frac: float,
    heat_rate_ratio: float = 0.0,
    fuel_usd_per_mwh: float = 0.0,
    variable_usd_per_mwh: float = 0.0,
) -> float:
    """Levelised cost of energy of one plant.

    Parameters
    ----------
    capex_usd_per_w : float
        [USD/W]
    rate_frac, life_years : float
        Cost of capital and life. [1, year]
    fixed_usd_per_mw_year : float
        [USD/MW/year]
    capacity_factor_frac : float
        Mean output over capacity. [1]
    heat_rate_ratio : float
        Fuel over electricity. [1]
    fuel_usd_per_mwh : float
        Per thermal megawatt-hour. [USD/MWh]
    variable_usd_per_mwh : float
        [USD/MWh]

    Returns
    -------
    float
        [USD/MWh]

    Raises
    ------
    InputError
        If the capacity factor is not in (0, 1].

    Notes
    -----
    (CRF capex + fixed) / (8760 CF) + heat rate x fuel + variable.

    Examples
    --------
    A combined cycle at 2,400 USD/kW, 6.4 MMBtu/MWh and 3.50 USD/MMBtu:

    >>> mmbtu_mwh = 0.29307107
    >>> round(lcoe_usd_per_mwh(2.4, 0.08, 30.0, 36e3, 0.9, 6.4 * mmbtu_mwh, 3.5 / mmbtu_mwh, 2.1), 1)
    56.1
    """
    if not 0.0 < capacity_factor_frac <= 1.0:
        message = f"energy: capacity factor {capacity_factor_frac} is not in 0..1"
        raise InputError(message)
    capital = capital_recovery_per_year(rate_frac, life_years) * capex_usd_per_w * WATTS_PER_MEGAWATT
    yearly = (capital + fixed_usd_per_mw_year) / (HOURS_PER_TYPICAL_YEAR * capacity_factor_frac)
    return yearly + heat_rate_ratio * fuel_usd_per_mwh + variable_usd_per_mwh


def compute_value_usd_per_mwh(usd_per_gpu_hour: float, facility_w_per_gpu: float) -> float:
    """Value a megawatt-hour at the meter by what it earns as compute.

    Parameters
    ----------
    usd_per_gpu_hour : float
        Price or margin of an accelerator hour. [USD/h]
    facility_w_per_gpu : float
        Facility power per accelerator. [W]

    Returns
    -------
    float
        [USD/MWh]

    Examples
    --------
    >>> compute_value_usd_per_mwh(2.0, 2000.0)
    1000.0
    """
    return usd_per_gpu_hour * WATTS_PER_MEGAWATT / facility_w_per_gpu


def waiting_usd_per_mwh(
    wait_years: float,
    idle_usd_per_mw_year: float,
    rate_frac: float,
    operating_years: float,
) -> float:
    """Cost of accelerators that stand idle until power comes, spread over the energy they use afterwards.

    Parameters
    ----------
    wait_years : float
        From delivery of the accelerators to power. [year]
    idle_usd_per_mw_year : float
        Cost of owning what waits, per megawatt of facility load. [USD/MW/year]
    rate_frac : float
        Cost of capital at which the waiting is financed. [1]
    operating_years : float
        Over which it is recovered. [year]

    Returns
    -------
    float
        [USD/MWh]

    Notes
    -----
    The waiting years' cost, compounded to the first day of power, is an annuity of the operating years:
    ((1 + r)^w - 1) / r x idle x CRF(r, n) / 8760.

    Examples
    --------
    >>> round(waiting_usd_per_mwh(2.0, 8760e3, 0.0, 20.0))
    100
    """
    compounded = wait_years if rate_frac == 0.0 else ((1.0 + rate_frac) ** wait_years - 1.0) / rate_frac
    yearly = compounded * idle_usd_per_mw_year * capital_recovery_per_year(rate_frac, operating_years)
    return yearly / HOURS_PER_TYPICAL_YEAR


def speed_to_power(
    energy_usd_per_mwh: dict[str, float],
    wait_years: dict[str, float],
    idle_usd_per_mw_year: float,
    rate_frac: float,
    operating_years: float,
) -> dict[str, float]:
    """Total cost of energy of each way to power, waiting accelerators included, cheapest first.

    Parameters
    ----------
    energy_usd_per_mwh : dict of str to float
        Cost of energy alone, by way to power. [USD/MWh]
    wait_years : dict of str to float
        From delivery of the accelerators to power, by the same names. [year]
    idle_usd_per_mw_year, rate_frac, operating_years : float
        As in `waiting_usd_per_mwh`.

    Returns
    -------
    dict of str to float
        [USD/MWh]

    Raises
    ------
    InputError
        If the two do not name the same ways.

    Examples
    --------
    >>> speed_to_power({"grid": 70.0, "solar": 360.0}, {"grid": 4.0, "solar": 2.0}, 40e6, 0.0, 27.0)
    {'solar': 698.2, 'grid': 746.5}
    """
    if set(energy_usd_per_mwh) != set(wait_years):
        message = f"energy: costs name {sorted(energy_usd_per_mwh)} and waits {sorted(wait_years)}"
        raise InputError(message)
    total = {
        name: round(cost + waiting_usd_per_mwh(wait_years[name], idle_usd_per_mw_year, rate_frac, operating_years), 1)
        for name, cost in energy_usd_per_mwh.items()
    }
    return dict(sorted(total.items(), key=lambda item: item[1]))
