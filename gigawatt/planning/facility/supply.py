"""Where a site's power comes from: parts to size or given, the grid, what binds, outages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.supply import SupplyKind
from gigawatt.engines.energy import (
    DERATING_PER_K,
    Firm,
    Generator,
    Ppa,
    Storage,
    SupplyProblem,
    SupplyResult,
    Units,
    derating_frac,
    firm_units,
    loss_of_load,
    size_supply,
    wind_frac,
)
from gigawatt.engines.energy.types import UNSERVED_USD_PER_MWH
from gigawatt.errors import InfeasibleError, InputError, UnitError, nearest
from gigawatt.planning.facility.case import SiteCase
from gigawatt.planning.facility.grid import area_hours, demand_price, energy_price
from gigawatt.planning.figures import Figures
from gigawatt.planning.solar import solar_year
from gigawatt.planning.supply import agreement, connection, generator, storage
from gigawatt.records import Quantity
from gigawatt.units import MONTHS_PER_YEAR, WATTS_PER_MEGAWATT, parse

Floats = NDArray[np.float64]

SIZED_KINDS = ("solar-tracking", "wind-onshore", "gas-engine", "battery-4h")
GRID = "grid"
ANY = "any"
COARSE_STEPS_COUNT = 1500  # joined hours; docs/methods/energy.md says how far that is from the optimum
FIRM_FRAC = 0.999  # ASSUMPTION: enough units run in all but nine hours a year
SPARE_UNITS_COUNT = 1  # N+1
FUELLED = ("gas", "nuclear", "fuel-cell", "diesel")


@dataclass(frozen=True, slots=True)
class SupplyAsk:
    """What a supply may consist of.

    Attributes
    ----------
    parts_w : dict of str to tuple
        Kinds of the catalogue, each with least and most power; equal where it is given. [W]
    grid_w : float
        Contract; infinite for as much as the site's peak. [W]
    carbon_free_frac : float
        Least hourly carbon-free share. [1]
    gas_frac : float
        Most energy of each gas kind, over demand. [1]
    steps_count : int
        Joined hours; 0 for every hour.
    commitment : bool
        Whether plants that burn have a minimum load, starts and less efficiency at part load.
    """

    parts_w: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict.fromkeys(SIZED_KINDS, (0.0, inf)))
    grid_w: float = inf
    carbon_free_frac: float = 0.0
    gas_frac: float = inf
    steps_count: int = COARSE_STEPS_COUNT
    commitment: bool = False


@dataclass(frozen=True, slots=True)
class Supply:
    """A supply, sized and run.

    Attributes
    ----------
    ask : SupplyAsk
    result : SupplyResult
    grid_w : float
        Contract. [W]
    loss_of_load_h, unserved_mwh : float or None
        Expected in a year from outages of the units that burn or split; None where there are none. [h, MWh]
    firm : dict of str to Firm
        By kind of unit: N+1 for the largest load that the other parts leave.
    """

    ask: SupplyAsk
    result: SupplyResult
    grid_w: float
    loss_of_load_h: float | None
    unserved_mwh: float | None
    firm: dict[str, Firm]


def read_supply(path: Path, catalogue: Catalogue) -> SupplyAsk:
    """Read a supply file: a kind of the catalogue a line, with a power, a range, or "any"; and grid.

    Parameters
    ----------
    path : Path
    catalogue : Catalogue

    Returns
    -------
    SupplyAsk

    Raises
    ------
    InputError
        If the file cannot be read, or a kind is unknown; every fault at once.
    """
    if not path.is_file():
        message = f'{path}: there is no such file; --supply is "grid", "sized" or a file'
        raise InputError(message)
    try:
        written = YAML(typ="safe", pure=False).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        message = f"{path}: cannot be read as YAML: {error}"
        raise InputError(message) from error
    if not isinstance(written, dict) or not written:
        message = f'{path}: a supply is a mapping of kinds to powers, as in "solar-tracking: 500 MW"'
        raise InputError(message)
    return ask_of(written, catalogue, str(path))


def ask_of(written: Mapping[str, Any], catalogue: Catalogue, where: str) -> SupplyAsk:
    """Make a question of a mapping of kinds to powers; raise InputError with every fault."""
    kinds, faults = catalogue.shelf("supply"), []
    parts_w: dict[str, tuple[float, float]] = {}
    grid_w = 0.0
    for name, amount in written.items():
        if name != GRID and name not in kinds:
            faults.append(f'"{name}" is no kind of supply. {nearest(str(name), [*kinds, GRID])}')
            continue
        try:
            low, high = _bounds(amount)
        except UnitError as error:
            faults.append(f'{name}: {error}; write a power, a range such as "0..2 GW", or any')
            continue
        if name == GRID:
            grid_w = high
        else:
            parts_w[str(name)] = (low, high)
    if faults:
        message = f"{where}: {'; '.join(faults)}"
        raise InputError(message)
    return SupplyAsk(parts_w=parts_w, grid_w=grid_w)


def _bounds(amount: Any) -> tuple[float, float]:
    """Read the least and the most power of a part. [W]."""
    if isinstance(amount, Quantity):
        return amount.low, amount.high
    return (0.0, inf) if amount == ANY else parse(amount, "W")[1:]


def supply_problem(
    case: SiteCase, catalogue: Catalogue, demand_w_H: Floats, peak_w: float, ask: SupplyAsk, figures: Figures
) -> SupplyProblem:
    """Translate a site and a question into the engine's problem.

    Parameters
    ----------
    case : SiteCase
    catalogue : Catalogue
    demand_w_H : ndarray
        Facility power. [W]
    peak_w : float
        Largest facility power, which an unlimited grid covers. [W]
    ask : SupplyAsk
    figures : Figures

    Returns
    -------
    SupplyProblem
    """
    kinds = catalogue.shelf("supply")
    generators: list[Generator] = []
    storages: list[Storage] = []
    ppas: list[Ppa] = []
    price = energy_price(case, figures)
    hub_H = np.full(demand_w_H.size, price)
    for name, (low_w, high_w) in ask.parts_w.items():
        kind = kinds[name]
        remember(kind, figures)
        bounds = {"min_w": low_w, "max_w": high_w}
        if kind.technology == "storage":
            storages.append(storage(kind, **bounds))
        elif kind.technology == "agreement":
            ppas.append(agreement(kind, _resource(kind, case), hub_H, **bounds))
        else:
            limit = {"energy_limit_frac": ask.gas_frac} if kind.technology == "gas" and ask.gas_frac < inf else {}
            resource = _resource(kind, case) if kind.technology in ("sun", "wind") else None
            warm = None if resource is not None else np.asarray(case.hours["dry_bulb_c"], dtype=np.float64)
            generators.append(generator(kind, resource, warm, commitment=ask.commitment, **bounds, **limit))
    grid_w = min(ask.grid_w, peak_w)
    area = area_hours(case, catalogue, figures, demand_w_H.size)
    connected = connection(
        np.full(demand_w_H.size, grid_w), hub_H, area,
        demand_usd_per_mw_month=demand_price(case, figures) / MONTHS_PER_YEAR,
    )  # fmt: skip
    return SupplyProblem(
        demand_w_H=demand_w_H,
        discount_rate_frac=figures("defaults.discount_rate_frac", catalogue.defaults.discount_rate_frac),
        generators=tuple(generators),
        storages=tuple(storages),
        grid=connected if grid_w > 0.0 or ppas else None,
        ppas=tuple(ppas),
        unserved_usd_per_mwh=UNSERVED_USD_PER_MWH,
        carbon_free_min_frac=ask.carbon_free_frac,
    )


def remember(kind: SupplyKind, figures: Figures) -> None:
    """Put a kind's figures on the ledger."""
    for name, figure in kind.figures().items():
        figures(f"supply.{kind.id}.{name}", figure)


def _resource(kind: SupplyKind, case: SiteCase) -> Floats:
    """Output over capacity that sun or wind allow; ones for a reactor's agreement."""
    if "solar" in kind.id or kind.technology == "sun":
        case.column("ghi_w_m2")
        return solar_year(case.hours, case.place).ac_frac_H
    if "wind" in kind.id or kind.technology == "wind":
        return wind_frac(case.column("wind_m_s"))
    return np.ones(len(case.hours["dry_bulb_c"]))


def site_supply(
    case: SiteCase, catalogue: Catalogue, demand_w_H: Floats, peak_w: float, ask: SupplyAsk, figures: Figures
) -> Supply:
    """Size a supply, run it through the year, and look at outages.

    Parameters
    ----------
    case : SiteCase
    catalogue : Catalogue
    demand_w_H : ndarray
        Facility power. [W]
    peak_w : float
        [W]
    ask : SupplyAsk
    figures : Figures

    Returns
    -------
    Supply

    Raises
    ------
    InfeasibleError
        If nothing satisfies the question; names what binds.
    """
    problem = supply_problem(case, catalogue, demand_w_H, peak_w, ask, figures)
    result = size_supply(problem, steps_count=ask.steps_count)
    grid_w = float(problem.grid.limit_w_H.max()) if problem.grid else 0.0
    fleet, others_w_H, firm = _outages(case, catalogue, demand_w_H, result)
    lost = loss_of_load(demand_w_H, fleet, others_w_H) if fleet else (None, None)
    return Supply(ask, result, grid_w, lost[0], lost[1], firm)


def _warm_frac(kind: SupplyKind, case: SiteCase) -> float:
    """Output over rating in the year's hottest hour. [1]."""
    loss = DERATING_PER_K[kind.derating] if kind.derating else 0.0
    return float(derating_frac(np.array([float(np.max(case.hours["dry_bulb_c"]))]), loss)[0])


def _outages(
    case: SiteCase, catalogue: Catalogue, demand_w_H: Floats, result: SupplyResult
) -> tuple[tuple[Units, ...], Floats, dict[str, Firm]]:
    """Units that may fail, what the other parts give by hour, and how many units N+1 would take."""
    kinds = catalogue.shelf("supply")
    others_w_H = result.import_w_H - sum(result.charge_w_H.values(), np.zeros_like(demand_w_H))
    fleet: list[Units] = []
    built: dict[str, tuple[SupplyKind, float]] = {}
    for name, output_w_H in result.output_w_H.items():
        kind = kinds[name]
        capacity_w = result.capacity_w[name]
        if kind.technology not in FUELLED or kind.unit_mw is None or kind.outage_frac is None:
            others_w_H = others_w_H + output_w_H
        elif capacity_w > WATTS_PER_MEGAWATT:
            unit_w = kind.unit_mw.value * WATTS_PER_MEGAWATT
            count = ceil(capacity_w / unit_w)
            fleet.append(Units(capacity_w / count * _warm_frac(kind, case), kind.outage_frac.value, count))
            built[name] = (kind, unit_w)
    firm: dict[str, Firm] = {}
    left_w = float(np.max(demand_w_H - others_w_H))
    if len(built) == 1 and left_w > 0.0:
        (name, (kind, unit_w)) = next(iter(built.items()))
        outage = kind.outage_frac.value if kind.outage_frac else 0.0
        try:
            firm[name] = firm_units(left_w, unit_w, outage, FIRM_FRAC, _warm_frac(kind, case), SPARE_UNITS_COUNT)
        except InfeasibleError:
            firm = {}
    return tuple(fleet), others_w_H, firm
