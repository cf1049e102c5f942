"""What an accelerator-hour costs to own: capital recovery, electricity, maintenance, shell."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import CostModel, Tariff
from gigawatt.engines.hardware.power import capped_system_w
from gigawatt.planning.figures import Figures
from gigawatt.units import HOURS_PER_YEAR, WATTS_PER_MEGAWATT


@dataclass(frozen=True, slots=True)
class GpuHourCost:
    """Cost of one accelerator-hour by part; the parts sum to `total_usd`. [USD/h]."""

    hardware_usd: float
    shell_usd: float
    electricity_usd: float
    operations_usd: float

    @property
    def total_usd(self) -> float:
        """Sum. [USD/h]."""
        return self.hardware_usd + self.shell_usd + self.electricity_usd + self.operations_usd


def capital_recovery(rate_frac_per_year: float, life_years: float) -> float:
    """Return the level yearly payment per dollar of capital.

    Parameters
    ----------
    rate_frac_per_year : float
        Discount rate. [1/year]
    life_years : float
        Life. [year]

    Returns
    -------
    float
        :math:`r / (1 - (1 + r)^{-n})`, or 1/n at a rate of zero. [1/year]

    Examples
    --------
    >>> round(capital_recovery(0.10, 5), 4)
    0.2638
    """
    if rate_frac_per_year == 0.0:
        return 1.0 / life_years
    growth: float = (1.0 + rate_frac_per_year) ** -life_years
    return rate_frac_per_year / (1.0 - growth)


def gpu_hour_cost(
    kind: str,
    catalogue: Catalogue,
    *,
    costs: CostModel,
    tariff: Tariff,
    pue: float,
    mean_it_w: float,
    figures: Figures | None = None,
    power_cap_w: float = 0.0,
) -> GpuHourCost:
    """Return what an accelerator-hour costs to own and run.

    Parameters
    ----------
    kind : str
        Accelerator id.
    catalogue : Catalogue
    costs : CostModel
        Construction and operations.
    tariff : Tariff
        Price of electricity.
    pue : float
        Facility over IT energy. [-]
    mean_it_w : float
        Mean all-in IT power per accelerator. [W]
    figures : Figures, optional
        Ledger of the figures used.
    power_cap_w : float
        Cap of the package, for which building and staff are then sized; 0: none. [W]

    Returns
    -------
    GpuHourCost
        Per accelerator-hour in service, used or not.

    Notes
    -----
    Hardware and network recover over the servers' life, the shell over the buildings', at the default discount rate;
    the shell is sized for rated power. Cost of idle time is not in it: divide by utilisation.
    """
    take = figures or Figures()
    entry, defaults = catalogue.accelerators[kind], catalogue.defaults
    rate = take("defaults.discount_rate_frac", defaults.discount_rate_frac)
    parts = {name: getattr(entry, name) for name in ("price_usd", "server_usd_per_gpu", "network_usd_per_gpu")}
    hardware_usd = sum(take(f"accelerators.{kind}.{name}", figure) for name, figure in parts.items() if figure)
    recovery = capital_recovery(rate, take("defaults.server_life_years", defaults.server_life_years))
    system_w = take(f"accelerators.{kind}.system_w", entry.system_w)
    if power_cap_w:
        system_w = float(capped_system_w(system_w, entry.tdp_w.value, power_cap_w))
    shell_usd = system_w * pue * take(f"costs.{costs.id}.construction_usd_per_w", costs.construction_usd_per_w)
    shell_recovery = capital_recovery(rate, take("defaults.building_life_years", defaults.building_life_years))
    energy_usd_per_mwh = take(f"tariffs.{tariff.id}.energy_usd_per_mwh", tariff.energy_usd_per_mwh)
    staff_usd = take(f"costs.{costs.id}.staff_usd_per_mw_year", costs.staff_usd_per_mw_year)
    operations_usd = (
        hardware_usd * take(f"costs.{costs.id}.maintenance_frac", costs.maintenance_frac)
        + system_w * pue / WATTS_PER_MEGAWATT * staff_usd
    )
    return GpuHourCost(
        hardware_usd=hardware_usd * recovery / HOURS_PER_YEAR,
        shell_usd=shell_usd * shell_recovery / HOURS_PER_YEAR,
        electricity_usd=mean_it_w * pue / WATTS_PER_MEGAWATT * energy_usd_per_mwh,
        operations_usd=operations_usd / HOURS_PER_YEAR,
    )
