"""The power chain as a table: each stage from the meter to the chip, with its rating, spare units and losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility import FacilityResult, PlantDesign
from gigawatt.engines.facility.power_chain import (
    COOLING_RATING_RATIO,
    TRUNK_RATING_RATIO,
    Bank,
    BranchHours,
    Chain,
    cooling_branch,
    it_branch,
    rack_losses_w,
    trunk,
)
from gigawatt.engines.facility.stages import RACK_CHAINS, REDUNDANCY
from gigawatt.engines.facility.types import Floats
from gigawatt.planning.design_day import DesignDay
from gigawatt.units import WATTS_PER_MEGAWATT

SAME = frozenset({"none"})  # names of the redundancy table that say what another says


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage.

    Attributes
    ----------
    stage : str
    part : str
        trunk, it, cooling, site or rack: what draws through it. Rack losses are inside the IT power.
    rating_w : float
        Of the units needed. [W]
    redundancy : str
    loss_mean_frac, loss_design_frac : float
        Of what enters it, over the year and on the design day at the rating. [1]
    energy_mwh : float
        Lost in the year. [MWh]
    """

    stage: str
    part: str
    rating_w: float
    redundancy: str
    loss_mean_frac: float
    loss_design_frac: float
    energy_mwh: float


def _branches(chain: Chain, it_w_H: Floats, cooling_w_H: Floats) -> tuple[BranchHours, BranchHours, BranchHours]:
    """Return IT branch, cooling branch and trunk."""
    to_it, to_cooling = it_branch(chain, it_w_H), cooling_branch(chain, cooling_w_H)
    return to_it, to_cooling, trunk(chain, to_it.input_w_H + to_cooling.input_w_H)


def _walk(banks: tuple[Bank, ...], branch: BranchHours) -> list[tuple[Bank, Floats, Floats]]:
    """Each bank from the meter's side on, with what enters it and what it loses."""
    rows = []
    entering_w_H = branch.input_w_H
    for bank in reversed(banks):
        lost_w_H = branch.by_stage_w_H[bank.stage.name]
        rows.append((bank, entering_w_H, lost_w_H))
        entering_w_H = entering_w_H - lost_w_H
    return rows


def redundancy_name(bank: Bank) -> str:
    """Return the name of a bank's spare units."""
    names = [name for name, spare in REDUNDANCY.items() if spare == bank.redundancy and name not in SAME]
    return names[0]


def stage_rows(year: FacilityResult, plant: PlantDesign, day: DesignDay) -> list[StageRow]:
    """Return each stage from the meter to the chip.

    Parameters
    ----------
    year : FacilityResult
    plant : PlantDesign
    day : DesignDay
        Of the same rating.

    Returns
    -------
    list of StageRow
        The losses of all but the racks, overhead among them, add up to the year's losses.
    """
    chain, rated_w = day.chain, day.it_w
    worst = int(np.argmax(day.hours.facility_w_H))
    design_it = np.full(1, rated_w)
    design_cooling = day.hours.cooling_w_H[worst : worst + 1]
    usual = _branches(chain, year.it_w_H, year.cooling_w_H)
    hottest = _branches(chain, design_it, design_cooling)
    parts = (
        ("it", chain.it_banks, 1.0),
        ("cooling", chain.cooling_banks, COOLING_RATING_RATIO),
        ("trunk", chain.trunk_banks, TRUNK_RATING_RATIO),
    )
    found: dict[str, list[StageRow]] = {}
    for (part, banks, ratio), of_year, of_day in zip(parts, usual, hottest, strict=True):
        found[part] = [
            StageRow(
                stage=bank.stage.name.removeprefix("generic-"),
                part=part,
                rating_w=rated_w * ratio * bank.rating_ratio,
                redundancy=redundancy_name(bank),
                loss_mean_frac=float(np.sum(lost_w_H) / np.sum(entering_w_H)),
                loss_design_frac=float(day_lost[0] / day_entering[0]),
                energy_mwh=float(np.sum(lost_w_H)) / WATTS_PER_MEGAWATT,
            )
            for (bank, entering_w_H, lost_w_H), (_, day_entering, day_lost) in zip(
                _walk(banks, of_year), _walk(banks, of_day), strict=True
            )
        ]
    overhead_w = plant.overhead_frac * rated_w
    overhead = StageRow(
        "overhead",
        "site",
        overhead_w,
        "",
        overhead_w / float(np.mean(year.facility_w_H)),
        overhead_w / day.facility_w,
        overhead_w * year.it_w_H.size / WATTS_PER_MEGAWATT,
    )
    return [*found["trunk"], *found["cooling"], overhead, *found["it"], *_rack_rows(year, plant, rated_w)]


def _rack_rows(year: FacilityResult, plant: PlantDesign, rated_w: float) -> list[StageRow]:
    """Stages inside the racks, whose losses are part of the IT power."""
    named = plant.power_chain if isinstance(plant.power_chain, str) else "generic"
    kind = named if named in RACK_CHAINS else "generic"
    usual = rack_losses_w(kind, year.it_w_H, rated_w)
    full = rack_losses_w(kind, np.full(1, rated_w), rated_w)
    rows, entering_w_H, entering_w = [], year.it_w_H, rated_w
    for name, lost_w_H in usual.items():
        lost_w = float(full[name][0])
        rows.append(
            StageRow(
                stage=name,
                part="rack",
                rating_w=rated_w,
                redundancy="",
                loss_mean_frac=float(np.sum(lost_w_H) / np.sum(entering_w_H)),
                loss_design_frac=lost_w / entering_w,
                energy_mwh=float(np.sum(lost_w_H)) / WATTS_PER_MEGAWATT,
            )
        )
        entering_w_H, entering_w = entering_w_H - lost_w_H, entering_w - lost_w
    return rows
