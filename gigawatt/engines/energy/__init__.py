"""Supply of power: sizing and dispatch, levelised cost, firm capacity, carbon, power until the grid comes."""

from __future__ import annotations

from gigawatt.engines.energy.bridge import Bridge, BridgingUnit, bridge, contract_w
from gigawatt.engines.energy.carbon import GAS_KG_PER_MWH, carbon, methane_kg_per_mwh
from gigawatt.engines.energy.commitment import no_load_fuel_frac, started_w
from gigawatt.engines.energy.firm import Firm, Units, capacity_states, firm_units, loss_of_load
from gigawatt.engines.energy.money import (
    capital_recovery_per_year,
    compute_value_usd_per_mwh,
    lcoe_usd_per_mwh,
    speed_to_power,
    waiting_usd_per_mwh,
)
from gigawatt.engines.energy.result import Carbon, Certificate, SupplyResult
from gigawatt.engines.energy.sizing import dispatch, size_supply
from gigawatt.engines.energy.sources import (
    DERATING_PER_K,
    PART_LOAD_LOSS_FRAC,
    derating_frac,
    part_load_efficiency_frac,
    plain_solar_frac,
    wind_frac,
)
from gigawatt.engines.energy.types import Flexible, Generator, Grid, Ppa, Storage, SupplyProblem

__all__ = [
    "DERATING_PER_K",
    "GAS_KG_PER_MWH",
    "PART_LOAD_LOSS_FRAC",
    "Bridge",
    "BridgingUnit",
    "Carbon",
    "Certificate",
    "Firm",
    "Flexible",
    "Generator",
    "Grid",
    "Ppa",
    "Storage",
    "SupplyProblem",
    "SupplyResult",
    "Units",
    "bridge",
    "capacity_states",
    "capital_recovery_per_year",
    "carbon",
    "compute_value_usd_per_mwh",
    "contract_w",
    "derating_frac",
    "dispatch",
    "firm_units",
    "lcoe_usd_per_mwh",
    "loss_of_load",
    "methane_kg_per_mwh",
    "no_load_fuel_frac",
    "part_load_efficiency_frac",
    "plain_solar_frac",
    "size_supply",
    "speed_to_power",
    "started_w",
    "waiting_usd_per_mwh",
    "wind_frac",
]
