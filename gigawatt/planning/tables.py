"""The plan's tables: pandas frames with units in `attrs["units"]`. Columns: docstring of `plan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gigawatt.planning.allocation import output_tokens
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.workloads import ScheduledRun
from gigawatt.records import Month
from gigawatt.units import (
    DAYS_PER_YEAR,
    MONTHS_PER_YEAR,
    SECONDS_PER_MONTH,
    WATTS_PER_MEGAWATT,
    unit_of_name,
)

SQUARE_METRES_PER_KM2 = 1e6
# lines of the statement that few plans have; left out where they are zero throughout
RARE_LINES = (
    "lease_amortisation", "lease_interest", "deferred_tax", "interest_capitalised", "lease_paid", "lease_principal",
    "rou_asset", "lease_liability", "deferred_tax_liability", "lease_guarantee",
)  # fmt: skip


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Make a frame; the units are those of the columns' names."""
    frame = pd.DataFrame(columns)
    frame.attrs["units"] = {name: unit_of_name(name) for name in frame.columns if frame[name].dtype.kind in "fi"}
    return frame


def _long(months: list[str], **columns: Any) -> dict[str, Any]:
    """One block of a long table: the months beside columns of equal length or single values."""
    return {"month": months, **columns}


def _concat(blocks: list[dict[str, Any]], empty: tuple[str, ...]) -> pd.DataFrame:
    """Stack blocks into one frame; an empty one keeps its columns."""
    if not blocks:
        return _frame({name: [] for name in empty})
    frames = [pd.DataFrame(block) for block in blocks]
    return _frame({name: pd.concat([frame[name] for frame in frames], ignore_index=True) for name in frames[0].columns})


def months_table(prepared: Prepared, outcome: Outcome) -> pd.DataFrame:
    """Return one row a month: the plan in one table."""
    labels = prepared.scenario.horizon.axis.labels()
    return _frame(
        {"month": labels, **month_columns(prepared, outcome), "limit": list(outcome.built.limit_T)} | _kinds(outcome)
    )


def month_columns(
    prepared: Prepared, outcome: Outcome, names: Sequence[str] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of the table of months, all kinds of accelerators together: those of `names`, all if None."""
    built, operations, allocation = outcome.built, outcome.operations, outcome.allocation
    statement = outcome.finance.statement_usd
    online_KT = built.online_count_SKT.sum(axis=0)
    energy_T, it_T = operations.total_mwh_ST.sum(axis=0), operations.it_mwh_ST.sum(axis=0)
    months_count = prepared.scenario.horizon.axis.months_count
    columns: dict[str, Callable[[], NDArray[np.float64]]] = {
        "gpus_online": lambda: online_KT.sum(axis=0),
        "gpus_delivered": lambda: built.owned_count_KT.sum(axis=0),
        "gpus_waiting": lambda: built.waiting_count_KT.sum(axis=0),
        "gpus_added": lambda: built.ordered_count_KT.sum(axis=0),
        "h100e_online": lambda: outcome.h100_equivalents_K @ online_KT,
        "it_mw": lambda: operations.it_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT,
        "facility_mw": lambda: operations.facility_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT,
        "it_rated_mw": lambda: built.it_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT,
        "it_capacity_mw": lambda: built.it_capacity_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT,
        "energised_mw": lambda: outcome.inputs.facility_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT,
        "pue": lambda: np.divide(energy_T, it_T, out=np.full_like(it_T, np.nan), where=it_T > 0),
        "energy_mwh": lambda: energy_T,
        "water_l": lambda: operations.water_l_ST.sum(axis=0),
        "co2_t": lambda: operations.co2_t_ST.sum(axis=0),
        "capex_usd": lambda: np.sum(list(built.spend_usd.values()), axis=0),
        "opex_usd": lambda: statement["opex"],
        "revenue_usd": lambda: statement["revenue"],
        "free_cash_flow_usd": lambda: statement["free_cash_flow"],
        "cash_usd": lambda: np.cumsum(statement["free_cash_flow"]),
        "tokens_trained": lambda: sum((run.tokens_T for run in prepared.work.runs), np.zeros(months_count)),
        "output_tokens_served": lambda: outcome.finance_inputs.output_tokens_T,
        "gpus_training": lambda: (allocation.training_KT + allocation.tuning_KT).sum(axis=0),
        "gpus_serving": lambda: allocation.serving_KT.sum(axis=0),
        "gpus_reserved": lambda: allocation.reserved_KT.sum(axis=0),
        "gpus_free": lambda: allocation.free_KT.sum(axis=0),
    }
    return {name: columns[name]() for name in names or columns}


def _kinds(outcome: Outcome) -> dict[str, NDArray[np.float64]]:
    """Return the accelerators online by kind."""
    online_KT = outcome.built.online_count_SKT.sum(axis=0)
    return {f"gpus_{kind}": online_KT[k] for k, kind in enumerate(outcome.inputs.kinds)}


def build_tables(prepared: Prepared, outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Return fleet, purchases and spend."""
    built, axis, labels = outcome.built, prepared.scenario.horizon.axis, prepared.scenario.horizon.axis.labels()
    kinds, sites = outcome.inputs.kinds, outcome.inputs.sites
    fleet = [
        _long(
            labels,
            site=site,
            accelerator=kind,
            online_gpus=built.online_count_SKT[s, k],
            it_mw=built.online_count_SKT[s, k] * outcome.inputs.system_w_K[k] / WATTS_PER_MEGAWATT,
        )
        for s, site in enumerate(sites)
        for k, kind in enumerate(kinds)
        if built.online_count_SKT[s, k].any()
    ]
    purchases = [
        _long(
            labels,
            accelerator=kind,
            ordered_gpus=built.ordered_count_KT[k],
            delivered_gpus=built.delivered_count_KT[k],
            retired_gpus=built.retired_count_KT[k],
            in_delivery_gpus=built.in_delivery_count_KT[k],
            owned_gpus=built.owned_count_KT[k],
            waiting_gpus=built.waiting_count_KT[k],
        )
        for k, kind in enumerate(kinds)
    ]
    spend = {f"{name}_usd": built.spend_usd[name] for name in built.spend_usd}
    assert axis.months_count == len(labels)
    return {
        "fleet": _concat(fleet, ("month", "site", "accelerator", "online_gpus", "it_mw")),
        "purchases": _concat(purchases, ("month", "accelerator", "ordered_gpus")),
        "spend": _frame(
            {"month": labels, **spend, "budget_usd": built.budget_usd_T, "unspent_usd": built.unspent_usd_T}
        ),
    }


def power_table(prepared: Prepared, outcome: Outcome) -> pd.DataFrame:
    """Return power and energy by site and month."""
    labels, operations = prepared.scenario.horizon.axis.labels(), outcome.operations
    blocks = []
    for s, site in enumerate(outcome.inputs.sites):
        it_mwh, total = operations.it_mwh_ST[s], operations.total_mwh_ST[s]
        blocks.append(
            _long(
                labels,
                site=site,
                energised_mw=outcome.inputs.facility_w_ST[s] / WATTS_PER_MEGAWATT,
                facility_mw=operations.facility_w_ST[s] / WATTS_PER_MEGAWATT,
                it_mw=operations.it_w_ST[s] / WATTS_PER_MEGAWATT,
                pue=np.divide(total, it_mwh, out=np.full_like(it_mwh, np.nan), where=it_mwh > 0),
                energy_it_mwh=it_mwh,
                energy_cooling_mwh=operations.cooling_mwh_ST[s],
                energy_losses_mwh=operations.losses_mwh_ST[s],
                energy_total_mwh=total,
            )
        )
    return _concat(blocks, ("month", "site"))


def money_tables(prepared: Prepared, outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Return cashflow, revenue, opex and assets by month."""
    labels = prepared.scenario.horizon.axis.labels()
    statement = {
        f"{name}_usd": values
        for name, values in outcome.finance.statement_usd.items()
        if name not in RARE_LINES or values.any()
    }
    classes = [
        _long(
            labels,
            asset=asset.name,
            capex_usd=asset.capex_usd_T,
            in_service_usd=asset.in_service_usd_T,
            depreciation_usd=outcome.finance.asset_depreciation_usd[asset.name],
            book_value_usd=np.cumsum(asset.in_service_usd_T - outcome.finance.asset_depreciation_usd[asset.name]),
        )
        for asset in outcome.finance_inputs.assets
    ]
    return {
        "cashflow": _frame({"month": labels, **statement, "gpu_hours": outcome.finance_inputs.gpu_hours_T}),
        "revenue": _frame({"month": labels, **{f"{name}_usd": line for name, line in outcome.revenue_usd.items()}}),
        "opex": _frame({"month": labels, **{f"{name}_usd": line for name, line in outcome.opex_usd.items()}}),
        "assets": _concat(classes, ("month", "asset", "capex_usd", "in_service_usd", "depreciation_usd")),
    }


def demand_table(prepared: Prepared, outcome: Outcome) -> pd.DataFrame:
    """Return serving demand against supply by workload and month."""
    labels, blocks = prepared.scenario.horizon.axis.labels(), []
    for pool in prepared.work.pools:
        given_T = outcome.allocation.given[pool.label]
        served_T, output_T, input_T = output_tokens(pool, given_T)
        blocks.append(
            _long(
                labels,
                workload=pool.label,
                accelerator=pool.kind,
                demand_requests_per_s=pool.requests_per_s_T,
                demand_output_tokens_per_s=pool.requests_per_s_T * pool.pool.inputs.request.output_tokens,
                gpus_needed=pool.gpus_needed_T,
                gpus_given=given_T,
                served_frac=served_T,
                output_tokens=output_T,
                input_tokens=input_T,
                supply_output_tokens_per_s=np.divide(
                    output_T, SECONDS_PER_MONTH, out=np.zeros_like(output_T), where=given_T > 0
                ),
            )
        )
    return _concat(blocks, ("month", "workload", "accelerator", "gpus_needed", "gpus_given", "served_frac"))


def _date(prepared: Prepared, months: float) -> str:
    """Return the day that lies so many months after the plan's start, as 2025-03-14."""
    start = prepared.scenario.horizon.start
    whole = int(np.floor(months))
    month: Month = start.plus(whole)
    day = 1 + int((months - whole) * DAYS_PER_YEAR / MONTHS_PER_YEAR)
    return f"{month}-{min(day, 28):02d}"


def training_row(prepared: Prepared, run: ScheduledRun) -> dict[str, Any]:
    """Return one row of the training table."""
    whole, step, layout = run.run, run.run.step, run.run.step.layout
    end = run.start_months + run.length_months
    deadline = run.work.deadline
    published = prepared.catalogue.models[run.work.train].training_gpu_hours_h
    return {
        "label": run.label,
        "model": run.work.train,
        "accelerator": run.kind,
        "gpus": whole.job.gpus_count,
        "precision": whole.job.precision,
        "start": _date(prepared, run.start_months),
        "end": _date(prepared, end),
        "days": whole.days,
        "low_days": whole.low_days,
        "high_days": whole.high_days,
        "deadline": str(deadline) if deadline else "",
        "meets_deadline": bool(end <= prepared.scenario.horizon.axis.position(deadline) + 1) if deadline else None,
        "tokens": whole.tokens,
        "mfu": step.mfu,
        "tflops_per_gpu": step.model_tflops_per_gpu,
        "step_time_s": step.step_time_s,
        "tokens_per_s": step.tokens_per_s,
        "gpu_hours": whole.gpu_hours_h,
        "published_gpu_hours": published.value if published else float("nan"),
        "ettr": whole.goodput.ettr_frac,
        "interruptions": whole.goodput.interruptions_per_day * whole.days,
        "energy_mwh": whole.facility_energy_mwh,
        "cost_usd": whole.cost_usd,
        "co2_t": whole.co2_t,
        "layout": f"TP{layout.tensor_parallel} PP{layout.pipeline_parallel} CP{layout.context_parallel} "
        f"EP{layout.expert_parallel} DP{layout.data_parallel} micro-batch {layout.micro_batch}",
    }


def sites_table(prepared: Prepared, outcome: Outcome, manhattan_km2: float) -> pd.DataFrame:
    """Return one row a site."""
    rows = []
    newest_w = _newest_system_w(prepared, outcome)
    for s, site in enumerate(outcome.sites):
        entry, year = site.entry, site.year
        site_m2 = entry.site_m2.value if entry.site_m2 else (year.site_m2 if year else 0.0)
        building_m2 = entry.building_m2.value if entry.building_m2 else (year.building_m2 if year else 0.0)
        planned_mw = entry.planned_mw.value if entry.planned_mw else float("nan")
        construction = outcome.inputs.construction_usd_per_w_S[s] * max(0.0, float(np.diff(site.facility_w_T).sum()))
        rows.append(
            {
                "site": site.use.site,
                "name": entry.name,
                "operator": entry.operator,
                "place": entry.place,
                "latitude": entry.latitude,
                "longitude": entry.longitude,
                "status": entry.status,
                "leased": site.leased,
                "energised_start_mw": site.facility_w_T[0] / WATTS_PER_MEGAWATT,
                "energised_end_mw": site.facility_w_T[-1] / WATTS_PER_MEGAWATT,
                "planned_mw": planned_mw,
                "it_end_mw": outcome.built.it_w_ST[s, -1] / WATTS_PER_MEGAWATT,
                "pue_mean": site.pue_mean,
                "pue_p99": site.pue_p99,
                "pue_max": site.pue_max,
                "wue_l_per_kwh": year.wue_l_per_kwh if year else float("nan"),
                "peak_mw": year.peak_w / WATTS_PER_MEGAWATT if year else float("nan"),
                "site_km2": site_m2 / SQUARE_METRES_PER_KM2,
                "building_km2": building_m2 / SQUARE_METRES_PER_KM2,
                "share_of_manhattan_pct": 100.0 * site_m2 / SQUARE_METRES_PER_KM2 / manhattan_km2,
                "electricity_usd_per_mwh": site.electricity_usd_per_mwh,
                "carbon_kg_per_mwh": site.carbon_kg_per_mwh,
                "gpus_end": outcome.built.online_count_SKT[s, :, -1].sum(),
                "gpus_when_complete": planned_mw * WATTS_PER_MEGAWATT / site.pue_p99 / newest_w,
                "capex_usd": construction,
                "announced_capex_usd": entry.capex_usd.value if entry.capex_usd else float("nan"),
            }
        )
    return _frame({name: [row[name] for row in rows] for name in rows[0]})


def _newest_system_w(prepared: Prepared, outcome: Outcome) -> float:
    """Return the all-in watts of the kind that came last to market."""
    kinds = outcome.inputs.kinds
    newest = max(range(len(kinds)), key=lambda k: prepared.catalogue.accelerators[kinds[k]].available_from)
    return float(outcome.inputs.system_w_K[newest])


def all_tables(prepared: Prepared, outcome: Outcome, manhattan_km2: float) -> dict[str, pd.DataFrame]:
    """Return every table of the plan."""
    runs = [training_row(prepared, run) for run in prepared.work.runs]
    return {
        "months": months_table(prepared, outcome),
        **build_tables(prepared, outcome),
        "power": power_table(prepared, outcome),
        **money_tables(prepared, outcome),
        "demand": demand_table(prepared, outcome),
        "training": _frame({name: [run[name] for run in runs] for name in runs[0]}) if runs else _frame({"label": []}),
        "sites": sites_table(prepared, outcome, manhattan_km2),
    }
