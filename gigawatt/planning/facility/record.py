"""JSON of `gigawatt facility`, with the keys of the contracts; its hours as a table."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.construction import Milestone
from gigawatt.engines.energy import Carbon, started_w
from gigawatt.engines.facility import by_calendar_month
from gigawatt.planning.facility.answer import FacilityAnswer
from gigawatt.planning.facility.bridging import Bridging
from gigawatt.planning.facility.build import Build
from gigawatt.planning.facility.supply import Supply
from gigawatt.planning.facility.swing import Swing
from gigawatt.planning.store import write_atomically
from gigawatt.units import JOULES_PER_MWH, WATTS_PER_MEGAWATT

if TYPE_CHECKING:
    import pandas as pd

MONTHS_COUNT = 12
KILOGRAMS_PER_TONNE = 1e3
HOURS_FILE = "hours.parquet"


def _mw(watts: float) -> float:
    """Megawatts."""
    return float(watts) / WATTS_PER_MEGAWATT


def facility_record(answer: FacilityAnswer) -> dict[str, Any]:
    """Return an answer as the contract's result.

    Parameters
    ----------
    answer : FacilityAnswer

    Returns
    -------
    dict
        Parts that were not asked for, or do not apply, are None.
    """
    year, case = answer.year, answer.case
    return {
        "site": {
            "id": case.entry.id, "name": case.entry.name, "operator": case.entry.operator, "place": case.entry.place,
            "latitude": case.entry.latitude, "longitude": case.entry.longitude, "status": case.entry.status,
            "leased": case.entry.leased, "weather": case.entry.weather, "plant": case.plant.id,
            "redundancy": case.plant.redundancy, "tariff": case.tariff.id, "grid": case.entry.grid or None,
        },
        "facility_mw": _mw(answer.facility_w),
        "it_rated_mw": _mw(answer.it_rated_w),
        "it_mean_mw": _mw(float(np.mean(year.it_w_H))),
        "load": {"profile": answer.profile.name, "mean_frac": float(np.mean(year.it_w_H)) / answer.it_rated_w},
        "pue": {"mean": year.pue_mean, "p99": year.pue_p99, "max": year.pue_max, "design": answer.day.ratio},
        "ere": year.ere,
        "wue_l_per_kwh": year.wue_l_per_kwh,
        "energy_mwh": year.energy_mwh,
        "peak_mw": _mw(year.peak_w),
        "peak_at_rating_mw": _mw(answer.day.facility_w),
        "peak_cooling_mw": _mw(year.peak_cooling_w),
        "power_chain": stages_record(answer),
        "by_month": months_record(answer),
        "water_l": {
            name: float(np.sum(getattr(year, f"{name}_l_H"))) for name in ("evaporation", "blowdown", "drift")
        } | {"total": float(np.sum(year.water_l_H))},
        "heat_reuse": _heat(answer),
        "carbon": carbon_record(answer.carbon),
        "cost": asdict(answer.cost),
        "land": asdict(answer.land),
        "accelerators": _gpus(answer),
        "dynamics": _swing(answer.swing) if answer.swing else None,
        "build": build_record(answer.build) if answer.build else None,
        "supply": supply_record(answer.supply) if answer.supply else None,
        "bridge": _bridge(answer.bridging) if answer.bridging else None,
        "residual_frac": year.residual_frac,
        "notices": list(answer.notices),
    }  # fmt: skip


def stages_record(answer: FacilityAnswer) -> list[dict[str, Any]]:
    """Return the power chain, one row a stage, from the meter to the chip."""
    return [
        {
            "stage": row.stage, "part": row.part, "rating_mw": _mw(row.rating_w), "redundancy": row.redundancy or None,
            "loss_mean_pct": 100.0 * row.loss_mean_frac, "loss_design_pct": 100.0 * row.loss_design_frac,
            "energy_mwh": row.energy_mwh,
        }
        for row in answer.stages
    ]  # fmt: skip


def months_record(answer: FacilityAnswer) -> list[dict[str, Any]]:
    """Return energy, PUE, water and heat by calendar month."""
    year = answer.year
    it, cooling, losses, total = (
        by_calendar_month(values) / WATTS_PER_MEGAWATT
        for values in (year.it_w_H, year.cooling_w_H, year.losses_w_H, year.facility_w_H)
    )
    water, heat = by_calendar_month(year.water_l_H), by_calendar_month(year.exported_w_H) / WATTS_PER_MEGAWATT
    return [
        {
            "month": month + 1, "it_mwh": it[month], "cooling_mwh": cooling[month], "losses_mwh": losses[month],
            "total_mwh": total[month], "pue": total[month] / it[month], "water_l": water[month],
            "wue_l_per_kwh": water[month] / (it[month] * 1e3), "heat_mwh": heat[month],
        }
        for month in range(MONTHS_COUNT)
    ]  # fmt: skip


def _heat(answer: FacilityAnswer) -> dict[str, float] | None:
    """Heat given to others; None where none is."""
    exported = float(np.sum(answer.year.exported_w_H)) / WATTS_PER_MEGAWATT
    if not exported:
        return None
    return {"exported_mwh": exported, "delivered_c": answer.design.heat_reuse_c, "ere": answer.year.ere}


def carbon_record(carbon: Carbon) -> dict[str, float]:
    """Return a year's carbon in tonnes, by the ways of counting."""
    return {
        "location_t": carbon.location_kg / KILOGRAMS_PER_TONNE,
        "market_t": carbon.market_kg / KILOGRAMS_PER_TONNE,
        "hourly_t": carbon.hourly_kg / KILOGRAMS_PER_TONNE,
        "onsite_t": carbon.onsite_kg / KILOGRAMS_PER_TONNE,
        "carbon_free_pct": 100.0 * carbon.carbon_free_frac,
    }


def _gpus(answer: FacilityAnswer) -> dict[str, Any]:
    """Watts per accelerator and how many fit, by what of the nameplate is counted on."""
    gpus = answer.gpus
    return {
        "accelerator": gpus.accelerator,
        "power_cap_w": gpus.cap_w or None,
        "it_w_per_gpu": gpus.system_w,
        "design_pue": gpus.pue,
        "by_load": [
            {"counted_on": name, **asdict(watts), "fit_gpus": gpus.fit_count[name]}
            for name, watts in gpus.by_load.items()
        ],
        "asked_gpus": answer.question.gpus,
    }


def _swing(swing: Swing) -> dict[str, Any]:
    """Wave, bands, and what smooths it."""
    wave = swing.wave
    return {
        "high_mw": _mw(wave.high_w),
        "low_mw": _mw(wave.low_w),
        "swing_mw": _mw(wave.swing_w),
        "step_s": wave.period_s,
        "high_frac": wave.high_frac,
        "rest_mw": _mw(swing.rest_w),
        "idle_mw": _mw(swing.idle_w),
        "stop_mw": _mw(swing.stop_w),
        "bands_mw": {name: _mw(watts) for name, watts in swing.bands_w.items()},
        "smoothed": [
            {
                "tau_s": each.tau_s, "swing_mw": _mw(each.swing_w), "ramp_mw_per_s": _mw(each.ramp_w_per_s),
                "wave_mwh": each.store.wave_j / JOULES_PER_MWH, "store_mwh": each.store_mwh,
                "rating_mw": _mw(each.store.rating_w),
            }
            for each in swing.smoothed
        ],
        "limit": {
            "ramp_mw_per_s": _mw(swing.limit.ramp_w_per_s), "window_s": swing.limit.window_s,
            "swing_mw": _mw(swing.limit.swing_w),
        }
        if swing.limit
        else None,
        "remedies": [
            {
                "remedy": each.name, "keeps_limit": each.keeps_limit, "keeps_stop": each.keeps_stop,
                "swing_mw": _mw(each.swing_w), "ramp_mw_per_s": _mw(each.ramp_w_per_s),
                "store_mwh": each.store_j / JOULES_PER_MWH, "rating_mw": _mw(each.rating_w),
                "floor_mw": _mw(each.floor_w), "extra_mw": _mw(each.energy_extra_w),
                "slowdown_frac": each.slowdown_frac, "capex_usd": each.capex_usd,
                "running_usd_per_year": each.running_usd_per_year,
            }
            for each in swing.remedies
        ],
    }  # fmt: skip


def _milestone(build: Build, found: Milestone | None) -> dict[str, Any] | None:
    """Days, dates and what decides a milestone."""
    if found is None:
        return None
    dates = build.dates(found.band)
    return {
        "mw": _mw(found.watts),
        "p10_days": found.band.p10_days,
        "p50_days": found.band.p50_days,
        "p90_days": found.band.p90_days,
        "p10": dates[0] if dates else None,
        "p50": dates[1] if dates else None,
        "p90": dates[2] if dates else None,
        "limit_frac": found.limit_frac,
        "criticality_frac": found.criticality_frac,
    }


def build_record(build: Build) -> dict[str, Any]:
    """Return a build schedule; days count from clearing."""
    schedule = build.schedule
    p10, p50, p90 = schedule.energised_w_PT / WATTS_PER_MEGAWATT
    return {
        "cleared": str(build.cleared) if build.cleared else None,
        "power": [{"path": each.path, "mw": each.mw} for each in build.power],
        "buildings_mw": list(build.building_mw),
        "kind": build.kind,
        "first_power": _milestone(build, schedule.first_power),
        "gigawatt": _milestone(build, schedule.gigawatt),
        "complete": _milestone(build, schedule.complete),
        "peak_crew": schedule.peak_crew_count,
        "by_month": [
            {"month": month, "p10_mw": low, "p50_mw": middle, "p90_mw": high, "spend_usd": spend}
            for month, low, middle, high, spend in zip(
                build.months, p10.tolist(), p50.tolist(), p90.tolist(), _spend(build), strict=True
            )
        ],
        "cost_usd": build.cost_usd,
        "assumed": list(build.assumed),
    }


def _spend(build: Build) -> list[float]:
    """Spend of all blocks by month. [USD]."""
    months = [sum(month) for month in zip(*build.spend_usd.values(), strict=True)]
    return months or [0.0] * len(build.months)


def supply_record(supply: Supply) -> dict[str, Any]:
    """Return a supply: capacities, cost, prices of what binds, carbon, outages, certificate."""
    result, certificate = supply.result, supply.result.certificate
    unserved = float(np.sum(result.unserved_w_H)) / WATTS_PER_MEGAWATT
    return {
        "capacity_mw": {name: _mw(watts) for name, watts in result.capacity_w.items()},
        "storage_mwh": result.energy_capacity_mwh,
        "grid_mw": _mw(supply.grid_w),
        "energy_mwh": {
            **{name: _mw(float(np.sum(watts))) for name, watts in result.output_w_H.items()},
            "grid": _mw(float(np.sum(result.import_w_H))),
        },
        "spilled_mwh": {name: _mw(float(np.sum(watts))) for name, watts in result.spilled_w_H.items()},
        "starts": {name: _starts(watts, result.capacity_w[name]) for name, watts in result.running_w_H.items()},
        "unserved_mwh": unserved,
        "cost_usd": result.cost_usd,
        "total_usd": result.total_usd,
        "lcoe_usd_per_mwh": result.lcoe_usd_per_mwh,
        "shadow_prices": {
            "power_mean_usd_per_mwh": float(np.mean(result.price_usd_per_mwh_H)),
            "power_p99_usd_per_mwh": float(np.percentile(result.price_usd_per_mwh_H, 99)),
            "grid_usd_per_mw_year": result.grid_value_usd_per_mw_year,
            "rules_usd": result.policy_price_usd,
        },
        "carbon": carbon_record(result.carbon),
        "carbon_free_score_pct": 100.0 * result.carbon.carbon_free_frac,
        "loss_of_load_h": supply.loss_of_load_h,
        "expected_unserved_mwh": supply.unserved_mwh,
        "firm": {
            name: {
                "units": firm.units_count, "needed_units": firm.needed_count, "nameplate_mw": _mw(firm.nameplate_w),
                "availability_frac": firm.availability_frac, "nameplate_ratio": firm.nameplate_ratio,
            }
            for name, firm in supply.firm.items()
        },
        "certificate": {
            "steps": certificate.steps_count, "gap_pct": 100.0 * certificate.gap_frac,
            "lower_bound_usd": certificate.lower_bound_usd if math.isfinite(certificate.lower_bound_usd) else None,
            "residual_frac": certificate.residual_frac,
        },
    }  # fmt: skip


def _starts(running_w_H: NDArray[np.float64], capacity_w: float) -> float:
    """Return how often a year the whole of a plant is started, parts of it added up."""
    return float(started_w(running_w_H).sum()) / capacity_w if capacity_w > 0.0 else 0.0


def _bridge(bridging: Bridging) -> dict[str, Any]:
    """Rented power by month until the grid comes."""
    found = bridging.result
    last = max(np.flatnonzero(found.units_M), default=-1)
    return {
        "unit": bridging.unit,
        "grid_month": bridging.grid_month,
        "most_units": int(found.units_M.max()),
        "nameplate_mw": _mw(float(found.nameplate_w_M.max())),
        "energy_mwh": float(found.energy_mwh_M.sum()),
        "carbon_t": float(found.carbon_kg_M.sum()) / KILOGRAMS_PER_TONNE,
        "cost_usd": float(found.cost_usd_M.sum()),
        "cost_usd_per_mwh": found.cost_usd_per_mwh,
        "by_month": [
            {
                "month": bridging.months[at], "demand_mw": _mw(bridging.demand_w_M[at]),
                "units": int(found.units_M[at]), "served_mw": _mw(found.served_w_M[at]),
                "unmet_mw": _mw(found.unmet_w_M[at]), "cost_usd": float(found.cost_usd_M[at]),
            }
            for at in range(int(last) + 1)
        ],
    }  # fmt: skip


def hours_columns(answer: FacilityAnswer) -> dict[str, np.ndarray]:
    """Return the hours of the year by column; a supply's outputs among them."""
    year = answer.year
    columns = {
        "hour": np.arange(1, year.it_w_H.size + 1),
        "dry_bulb_c": np.asarray(answer.case.hours["dry_bulb_c"], dtype=np.float64),
        "wet_bulb_c": np.asarray(answer.case.hours["wet_bulb_c"], dtype=np.float64),
        "it_mw": year.it_w_H / WATTS_PER_MEGAWATT,
        "cooling_mw": year.cooling_w_H / WATTS_PER_MEGAWATT,
        "losses_mw": year.losses_w_H / WATTS_PER_MEGAWATT,
        "facility_mw": year.facility_w_H / WATTS_PER_MEGAWATT,
        "pue": year.pue_H,
        "water_l": year.water_l_H,
        "heat_mw": year.exported_w_H / WATTS_PER_MEGAWATT,
    }
    if answer.supply:
        result = answer.supply.result
        series = {**result.output_w_H, "grid": result.import_w_H, "unserved": result.unserved_w_H}
        series |= {f"charge_{name}": watts for name, watts in result.charge_w_H.items()}
        columns |= {f"{name.replace('-', '_')}_mw": watts / WATTS_PER_MEGAWATT for name, watts in series.items()}
        columns["price_usd_per_mwh"] = result.price_usd_per_mwh_H
    return columns


def hours_frame(answer: FacilityAnswer) -> pd.DataFrame:
    """Return the hours of the year as a table."""
    import pandas as pd

    return pd.DataFrame(hours_columns(answer))


def write_hours(answer: FacilityAnswer, folder: Path) -> Path:
    """Write the hours as Parquet, whole or not at all.

    Parameters
    ----------
    answer : FacilityAnswer
    folder : Path
        Made if missing.

    Returns
    -------
    Path
        The file.
    """
    import tempfile

    import duckdb

    frame = hours_frame(answer)
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        part = Path(scratch) / HOURS_FILE
        connection.register("frame", frame)
        connection.execute(f"COPY frame TO '{str(part).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
        content = part.read_bytes()
    write_atomically(folder / HOURS_FILE, content)
    return folder / HOURS_FILE
