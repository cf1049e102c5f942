"""A synthetic plan for the views' tests: small numbers, self-consistent, with every table filled.

Nothing in it is a forecast; it only has the shape of one. `hostile=True` puts markup, formulas and quotes into
every text that a user or a source could have written.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from gigawatt.planning.plan import Balance, ClaimCheck, Explanation, Metric, Notice, Origin, Plan, Reference
from gigawatt.planning.site_years import SiteYear

KINDS = ("h100-sxm", "gb200-nvl72", "gb300-nvl72")
SITES = ("prometheus-oh", "hyperion-la", "other-us")
WORKLOADS = ("assistant", "coding-agents")
HOSTILE = "<script>alert('x')</script> & \"quoted\" [bold]"
NAN = float("nan")
SYSTEM_W = {"h100-sxm": 1500.0, "gb200-nvl72": 1950.0, "gb300-nvl72": 2150.0}
PUE = {"prometheus-oh": 1.09, "hyperion-la": 1.12, "other-us": 1.1}
HOURS_PER_MONTH = 730.5
# simplified outline of the island, longitude and latitude, about 58 km2
MANHATTAN = [
    (-74.0190, 40.7055), (-74.0120, 40.7009), (-73.9985, 40.7085), (-73.9770, 40.7105), (-73.9715, 40.7270),
    (-73.9720, 40.7420), (-73.9575, 40.7590), (-73.9420, 40.7755), (-73.9290, 40.7960), (-73.9340, 40.8120),
    (-73.9335, 40.8350), (-73.9225, 40.8560), (-73.9110, 40.8700), (-73.9260, 40.8780), (-73.9345, 40.8600),
    (-73.9470, 40.8490), (-73.9600, 40.8210), (-73.9830, 40.7890), (-74.0010, 40.7650), (-74.0095, 40.7480),
    (-74.0125, 40.7250),
]  # fmt: skip


def _labels(count: int) -> list[str]:
    return [f"{2025 + step // 12:04d}-{step % 12 + 1:02d}" for step in range(count)]


def _ramp(count: int, start: float, end: float, first: int, last: int) -> np.ndarray:
    """Flat, then straight, then flat."""
    return np.interp(np.arange(count), [0, first, last, count], [start, start, end, end])


def _site_years(bad: str) -> tuple[SiteYear, ...]:
    """Hours of each site, the first with a supply of its own."""
    hour = np.arange(8760)
    warm = 0.5 - 0.5 * np.cos(2.0 * np.pi * (hour / 8760 - hour / 24))
    found = []
    for place, (site, mean) in enumerate(PUE.items()):
        pue = mean - 0.02 + 0.06 * warm
        it_w = np.full(8760, 300e6 * (place + 1))
        sun = np.clip(np.cos(2.0 * np.pi * (hour - 12) / 24), 0.0, 1.0) * 500e6
        supply = {"solar-tracking": sun, "grid": np.clip(pue * it_w - sun, 0.0, None)} if place == 0 else {}
        load = pue * it_w
        found.append(
            SiteYear(site, site + bad, "columbus_oh", pue, load, it_w, 1.1 * load.max(), float(load.sum() / it_w.sum()),
                     supply, load if supply else None)
        )  # fmt: skip
    return tuple(found)


def _frame(columns: dict[str, Any], units: dict[str, str] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame.attrs["units"] = units or {}
    return frame


def sample_tables(count: int = 36) -> dict[str, pd.DataFrame]:
    """Every table of a plan, `count` months long."""
    months = _labels(count)
    steps = np.arange(count)
    online = {
        ("other-us", "h100-sxm"): _ramp(count, 350e3, 350e3, 0, 1) - 60e3 * np.clip((steps - 26) / 8, 0, 1),
        ("prometheus-oh", "gb200-nvl72"): _ramp(count, 0.0, 260e3, 5, 17),
        ("prometheus-oh", "gb300-nvl72"): _ramp(count, 0.0, 120e3, 15, 26),
        ("hyperion-la", "gb300-nvl72"): _ramp(count, 0.0, 640e3, 17, count - 3),
    }
    fleet = _frame(
        {
            "month": [month for month in months for _ in online],
            "site": [site for _ in months for site, _ in online],
            "accelerator": [kind for _ in months for _, kind in online],
            "online_gpus": [online[key][step] for step in range(count) for key in online],
            "it_mw": [online[key][step] * SYSTEM_W[key[1]] / 1e6 for step in range(count) for key in online],
        }
    )
    by_kind = {kind: sum(v for (_, k), v in online.items() if k == kind) for kind in KINDS}
    it_by_site = {
        site: sum((v * SYSTEM_W[k] / 1e6 for (s, k), v in online.items() if s == site), np.zeros(count))
        for site in SITES
    }
    total = sum(by_kind.values())
    waiting = np.round(np.where((steps > 3) & (steps < 30), 40e3 + 45e3 * np.sin(steps / 4.0) ** 2, 12e3))
    delivered = total + waiting
    energised = {
        "prometheus-oh": np.where(steps < 12, 450.0, 1020.0),
        "hyperion-la": np.select([steps < 15, steps < 24], [0.0, 760.0], 1650.0),
        "other-us": np.full(count, 640.0),
    }
    facility = {site: it_by_site[site] * (PUE[site] + 0.02 * np.sin(steps * math.pi / 6.0)) for site in SITES}
    power = _frame(
        {
            "month": [month for month in months for _ in SITES],
            "site": list(SITES) * count,
            **{
                name: [function(site, step) for step in range(count) for site in SITES]
                for name, function in {
                    "energised_mw": lambda s, i: energised[s][i],
                    "facility_mw": lambda s, i: facility[s][i],
                    "it_mw": lambda s, i: it_by_site[s][i],
                    "pue": lambda s, i: facility[s][i] / it_by_site[s][i] if it_by_site[s][i] > 0 else NAN,
                    "energy_it_mwh": lambda s, i: it_by_site[s][i] * HOURS_PER_MONTH * 0.8,
                    "energy_cooling_mwh": lambda s, i: (facility[s][i] - it_by_site[s][i]) * HOURS_PER_MONTH * 0.5,
                    "energy_losses_mwh": lambda s, i: (facility[s][i] - it_by_site[s][i]) * HOURS_PER_MONTH * 0.3,
                    "energy_total_mwh": lambda s, i: facility[s][i] * HOURS_PER_MONTH * 0.8,
                }.items()
            },
        }
    )
    budget = np.where(steps < 12, 62.5e9 / 12, np.where(steps < 24, 70e9 / 12, 0.0))
    shares = {"accelerators": 0.39, "servers": 0.11, "network": 0.11, "construction": 0.29, "other": 0.05}
    spend = {f"{name}_usd": budget * share for name, share in shares.items()}
    capex = sum(spend.values())
    opex = {
        "energy_usd": sum(facility.values()) * HOURS_PER_MONTH * 0.8 * 62.0,
        "staff_usd": sum(facility.values()) * 9e3,
        "maintenance_usd": np.cumsum(capex) * 0.0015,
    }
    revenue = {
        "ads_uplift_usd": np.where(steps >= 6, 160e9 / 12 * 0.02 * (1 + 0.09 * (steps - 6)), 0.0),
        "ai_services_usd": np.where(steps >= 12, 0.9e9 * (1 + 0.25 * (steps - 12)), 0.0),
    }
    revenue_total, opex_total = sum(revenue.values()), sum(opex.values())
    depreciation = np.cumsum(capex) / 66.0
    tax = np.maximum(0.0, (revenue_total - opex_total - depreciation) * 0.17)
    free = revenue_total - opex_total - tax - capex
    training_gpus = np.round(total * 0.3)
    needed = {"assistant": 60e3 * 1.05**steps, "coding-agents": 25e3 * 1.07**steps}
    given = {name: np.minimum(values, total * 0.22) for name, values in needed.items()}
    serving_gpus = sum(given.values())
    facility_total, it_total = sum(facility.values()), sum(it_by_site.values())
    month_table = _frame(
        {
            "month": months,
            "gpus_online": total,
            "gpus_delivered": delivered,
            "gpus_waiting": waiting,
            "gpus_added": np.diff(total, prepend=total[0]),
            "h100e_online": by_kind["h100-sxm"] + 2.5 * by_kind["gb200-nvl72"] + 3.1 * by_kind["gb300-nvl72"],
            "it_mw": it_total,
            "facility_mw": facility_total,
            "it_capacity_mw": sum(energised.values()) / 1.12,
            "energised_mw": sum(energised.values()),
            "pue": facility_total / it_total,
            "energy_mwh": facility_total * HOURS_PER_MONTH * 0.8,
            "water_l": facility_total * HOURS_PER_MONTH * 0.8 * 1e3 * 0.19,
            "co2_t": facility_total * HOURS_PER_MONTH * 0.8 * 0.37,
            "capex_usd": capex,
            "opex_usd": opex_total,
            "revenue_usd": revenue_total,
            "free_cash_flow_usd": free,
            "cash_usd": np.cumsum(free),
            "tokens_trained": np.where(steps < 4, 7e12, 0.0),
            "output_tokens_served": serving_gpus * 9e8,
            "gpus_training": training_gpus,
            "gpus_serving": serving_gpus,
            "gpus_reserved": np.round(total * 0.2),
            "gpus_free": np.maximum(0.0, total - training_gpus - serving_gpus - np.round(total * 0.2)),
            "limit": ["supply" if s < 8 else "power" if s < 24 else "budget" if s < 30 else "none" for s in steps],
            **{f"gpus_{kind}": values for kind, values in by_kind.items()},
        },
        {"water_l": "L", "co2_t": "t", "pue": "1", "gpus_online": "GPU", "tokens_trained": "token"},
    )
    demand = _frame(
        {
            "month": [month for month in months for _ in WORKLOADS],
            "workload": list(WORKLOADS) * count,
            "accelerator": ["h100-sxm", "gb300-nvl72"] * count,
            "demand_requests_per_s": [needed[w][i] * 0.3 for i in range(count) for w in WORKLOADS],
            "demand_output_tokens_per_s": [needed[w][i] * 110.0 for i in range(count) for w in WORKLOADS],
            "gpus_needed": [needed[w][i] for i in range(count) for w in WORKLOADS],
            "gpus_given": [given[w][i] for i in range(count) for w in WORKLOADS],
            "served_frac": [given[w][i] / needed[w][i] for i in range(count) for w in WORKLOADS],
            "output_tokens": [given[w][i] * 9e8 for i in range(count) for w in WORKLOADS],
            "input_tokens": [given[w][i] * 4e9 for i in range(count) for w in WORKLOADS],
            "it_mw": [given[w][i] * 0.0011 for i in range(count) for w in WORKLOADS],
        }
    )
    purchases = _frame(
        {
            "month": [month for month in months for _ in KINDS],
            "accelerator": list(KINDS) * count,
            "ordered_gpus": [0.0, 20e3, 30e3] * count,
            "delivered_gpus": [0.0, 20e3, 30e3] * count,
            "retired_gpus": [0.0, 0.0, 0.0] * count,
            "in_delivery_gpus": [0.0, 40e3, 60e3] * count,
            "owned_gpus": [by_kind[kind][step] for step in range(count) for kind in KINDS],
            "waiting_gpus": [waiting[step] / 3 for step in range(count) for _ in KINDS],
        }
    )
    training = _frame(
        {
            "label": ["Behemoth pre-training", "Maverick pre-training", "Next model"],
            "model": ["llama-4-behemoth", "llama-4-maverick", "llama-4-behemoth"],
            "accelerator": ["h100-sxm", "h100-sxm", "gb300-nvl72"],
            "gpus": [32e3, 100e3, 128e3],
            "precision": ["fp8", "fp8", "fp8"],
            "start": ["2025-01", "2025-02", "2026-08"],
            "end": ["2025-10", "2025-04", "2027-01"],
            "days": [281.0, 71.0, 160.0],
            "deadline": ["", "2025-04", "2026-12"],
            "meets_deadline": [True, True, False],
            "tokens": [30e12, 22e12, 60e12],
            "mfu": [0.31, 0.24, 0.35],
            "tflops_per_gpu": [610.0, 470.0, 1750.0],
            "step_time_s": [11.0, 3.4, 7.5],
            "tokens_per_s": [1.25e6, 3.6e6, 4.3e6],
            "gpu_hours": [2.16e8, 1.7e8, 4.9e8],
            "ettr": [0.93, 0.88, 0.91],
            "energy_mwh": [2.3e5, 1.9e5, 9.0e5],
            "cost_usd": [5.1e8, 4.0e8, 1.6e9],
            "co2_t": [9e4, 7e4, 3.3e5],
            "layout": ["tp8 pp16 dp250", "tp8 pp4 dp3125", "tp8 pp8 dp2000"],
            "interruptions": [1410.0, 1120.0, 2050.0],
            "low_days": [250.0, 62.0, 140.0],
            "high_days": [330.0, 84.0, 205.0],
            "published_gpu_hours": [NAN, 2.38e6, NAN],
        }
    )
    sites = _frame(
        {
            "site": list(SITES),
            "name": ["Prometheus", "Hyperion", "Other United States"],
            "operator": ["Meta", "Meta", "various"],
            "place": ["New Albany, Ohio", "Richland Parish, Louisiana", "several"],
            "latitude": [40.1, 32.5, NAN],
            "longitude": [-82.75, -91.6, NAN],
            "status": ["under-construction", "under-construction", "operating"],
            "leased": [False, False, True],
            "energised_start_mw": [energised[s][0] for s in SITES],
            "energised_end_mw": [energised[s][-1] for s in SITES],
            "planned_mw": [1020.0, 2064.0, NAN],
            "it_end_mw": [it_by_site[s][-1] for s in SITES],
            "pue_mean": [PUE[s] for s in SITES],
            "pue_p99": [PUE[s] + 0.05 for s in SITES],
            "pue_max": [PUE[s] + 0.08 for s in SITES],
            "wue_l_per_kwh": [0.12, 0.25, 0.19],
            "peak_mw": [facility[s].max() for s in SITES],
            "site_km2": [3.0, 9.1, NAN],
            "building_km2": [0.12, 0.37, NAN],
            "share_of_manhattan_pct": [5.1, 15.4, NAN],
            "electricity_usd_per_mwh": [65.0, 52.0, 68.0],
            "carbon_kg_per_mwh": [410.0, 350.0, 370.0],
            "gpus_end": [sum(v[-1] for (s, _), v in online.items() if s == site) for site in SITES],
            "gpus_when_complete": [470e3, 860e3, NAN],
            "capex_usd": [11e9, 18e9, 0.0],
            "announced_capex_usd": [NAN, 10e9, NAN],
        }
    )
    return {
        "months": month_table,
        "fleet": fleet,
        "purchases": purchases,
        "spend": _frame({"month": months, **spend, "budget_usd": budget, "unspent_usd": np.cumsum(budget - capex)}),
        "power": power,
        "cashflow": _frame(
            {
                "month": months,
                "revenue_usd": revenue_total,
                "opex_usd": opex_total,
                "depreciation_usd": depreciation,
                "tax_usd": tax,
                "capex_usd": capex,
                "free_cash_flow_usd": free,
                "cash_usd": np.cumsum(free),
            }
        ),
        "revenue": _frame({"month": months, **revenue}),
        "opex": _frame({"month": months, **opex}),
        "assets": _frame(
            {
                "month": months,
                "asset": ["servers"] * count,
                "capex_usd": capex,
                "in_service_usd": capex,
                "depreciation_usd": depreciation,
            }
        ),
        "demand": demand,
        "training": training,
        "sites": sites,
    }


def _claims(hostile: str) -> tuple[ClaimCheck, ...]:
    return (
        ClaimCheck("Capex 2025" + hostile, "announced", "60-65 B USD", 62.5e9, 60e9, 65e9, 59.4e9, 57e9, 62e9, "USD",
                   "agrees", "5 % of the budget is committed to sites that open after the year.", "meta-2025-01-24",
                   claim="capex", at="2025-12"),
        ClaimCheck("Compute online in 2025", "announced", "~1 GW", 1e9, 0.9e9, 1.1e9, 0.83e9, 0.7e9, 0.97e9, "W",
                   "differs", "Power is energised for 0.83 GW of what is delivered by December.", "meta-2025-01-24"),
        ClaimCheck("Accelerators by 2025-12", "announced", "more than 1.3 M GPUs", 1.3e6, 1.3e6, NAN, 0.47e6, 0.43e6,
                   0.52e6, "GPU", "cannot be",
                   "The budget buys at most 0.52 M at the lowest price of the catalogue, on top of what is installed.",
                   "meta-2025-01-24", claim="accelerators", at="2025-12"),
        ClaimCheck("Hyperion site power", "announced", "more than 2 GW", 2e9, 2e9, NAN, 2.06e9, 2.06e9, 2.06e9, "W",
                   "agrees", "The plan energises 1.65 GW within the horizon and 2.06 GW when complete.",
                   "entergy-2024"),
        ClaimCheck("Monthly users of the assistant", "announced", "more than 1 B users", 1e9, 1e9, NAN, NAN, NAN, NAN,
                   "user", "not modelled", "Users are an input of the plan.", "meta-2025-01-24"),
        ClaimCheck("Capex per watt against capex and power", "between", "62.5 B USD over 1 GW", 62.5, 60.0, 65.0, 38.0,
                   30.0, 46.0, "USD/W", "differs", "The year also pays for power that comes later.",
                   "scenario.yaml:14"),
        ClaimCheck("Capex 2025, as reported", "outcome", "72.2 B USD", 72.22e9, 72.22e9, 72.22e9, 59.4e9, 57e9, 62e9,
                   "USD", "differs", "The guidance was raised three times in the year.", "meta-fy2025-release"),
    )  # fmt: skip


def sample_plan(count: int = 36, *, hostile: bool = False) -> Plan:
    """A whole plan; the same for the same arguments.

    `count` months, at least 24. With `hostile`, titles, labels and notes hold HTML, rich markup and formulas.
    """
    bad = " " + HOSTILE if hostile else ""
    tables = sample_tables(count)
    months = tables["months"]
    if hostile:
        tables["training"]["label"] = [
            '=HYPERLINK("http://evil.example")',
            *list(tables["training"]["label"])[1:],
        ]
        tables["sites"]["name"] = [name + bad for name in tables["sites"]["name"]]
    split = {
        name: float(tables["spend"][f"{name}_usd"].sum())
        for name in ("accelerators", "servers", "network", "construction", "other")
    }
    budget = float(tables["spend"]["budget_usd"].sum())
    facility = float(months["facility_mw"].iloc[-1]) * 1e6
    cash = months["cash_usd"].to_numpy()
    back = np.flatnonzero((cash >= 0) & (np.arange(count) > cash.argmin()))
    payback = float(back[0] + 1) if back.size else math.inf
    metrics = (
        Metric("finance.capex_usd", "Capex 2025", 59.4e9, "USD", 57e9, 62e9, "", "budget less what is not committed"),
        Metric("gpus.online_2025", "GPUs online, December 2025", 0.47e6, "GPU", 0.43e6, 0.52e6, "up"),
        Metric("power.facility_end_w", "Facility power at the end", facility, "W", facility * 0.9, facility * 1.07, ""),
        Metric("training.tokens", "Tokens trained", 112e12, "token", 90e12, 130e12, "up"),
        Metric("serving.usd_per_million_tokens", "Cost of a million output tokens", 0.41, "USD", 0.3, 0.66, "down",
               "estimate: price of the catalogue's deployment"),
        Metric("finance.npv_usd", "Net present value", -11.3e9, "USD", -48e9, 35e9, "up", "9 % a year" + bad),
        Metric("finance.payback_months", "Payback", payback, "month", 44.0, NAN, "down"),
        Metric("energy.total_mwh", "Electricity over the plan", float(months["energy_mwh"].sum()), "MWh"),
    )  # fmt: skip
    return Plan(
        scenario_id="sample",
        title="Two gigawatt sites in three years" + bad,
        question="With 132 B USD over two years and the power that has been announced, how many accelerators run, what "
        "do they train and serve, and when does the money come back?" + bad,
        as_of="2025-01-24",
        scenario_text="scenario: sample\nbudget:\n  - {year: 2025, capex: 60..65 B USD}   # </pre>" + bad + "\n",
        inputs={"scenario": "sample", "budget": [{"year": 2025, "capex_usd": 62.5e9}]},
        metrics=metrics,
        tables=tables,
        claims=_claims(bad),
        site_years=_site_years(bad),
        gigawatts={"chip_tdp_w": 0.31e9, "it_w": 0.52e9, "facility_w": 0.57e9},
        split_usd={**split, "unspent": budget - sum(split.values())},
        finance={
            "npv_usd": -11.3e9,
            "irr": [0.041],
            "irr_note": "",
            "payback_months": payback,
            "discounted_payback_months": math.inf,
            "capex_usd": float(months["capex_usd"].sum()),
            "depreciation_usd": float(tables["cashflow"]["depreciation_usd"].sum()),
            "terminal_usd": 31e9,
            "usd_per_gpu_hour": 1.74,
            "usd_per_million_tokens": 0.41,
            "break_even_revenue_factor": 1.17,
            "conventions": ("Flows are discounted mid-month.", "The terminal value is the remaining book value."),
        },
        checks=(
            Balance("GPUs: delivered = online + waiting", float(months["gpus_delivered"].iloc[-1]),
                    float((months["gpus_online"] + months["gpus_waiting"]).iloc[-1]), "GPU"),
            Balance("Money: budget = spend + unspent", budget, sum(split.values()) + (budget - sum(split.values())),
                    "USD"),
            Balance("Energy: total = IT + cooling + losses", float(tables["power"]["energy_total_mwh"].sum()),
                    float(tables["power"][["energy_it_mwh", "energy_cooling_mwh", "energy_losses_mwh"]].sum().sum()),
                    "MWh"),
        ),
        notices=(
            Notice("extrapolated", "GB300 in FP8 is outside the validated range of the training engine." + bad,
                   "workloads.2"),
            Notice("power-late", "Hyperion's second substation is an announcement, not a contract.", "sites.1"),
        ),
        origins=(
            Origin("budget.0.capex", "62.5 B USD (60-65)", "reported", "meta-2025-01-24", "2025-01-24"),
            Origin("accelerators.gb200-nvl72.price_usd", "35 k USD (28-42)", "estimate", "analyst-2025", "2025-03",
                   "no list price is published" + bad),
            Origin("accelerators.h100-sxm.tdp_w", "700 W", "datasheet", "nvidia-h100-datasheet", "2023-03"),
            Origin("finance.discount_rate", "9.00 %", "assumption", "scenario.yaml:41", "", "=2+5"),
        ),
        references=(
            Reference("meta-2025-01-24", "Statement on the 2025 plan" + bad, "Meta", "https://example.org/meta?a=1&b=2",
                      "2025-01-24"),
            Reference("entergy-2024", "Filing on the Richland Parish site", "Entergy", "https://example.org/entergy",
                      "2024-10"),
            Reference("analyst-2025", "Accelerator prices", "An analyst", "https://example.org/prices", "2025-03"),
            Reference("nvidia-h100-datasheet", "H100 datasheet", "NVIDIA", "javascript:alert(1)" if hostile else
                      "https://example.org/h100", "2023-03"),
            Reference("meta-fy2025-release", "Results for 2025", "Meta", "https://example.org/fy2025", "2026-01-28"),
        ),
        explanations={
            "finance.npv_usd": Explanation("finance.npv_usd", "sum of flow / (1 + r)^t", (("r", "9.00 %"),),
                                           ("finance.discount_rate",)),
        },
        facts=(("Meta guided to 60-65 B USD of capex in 2025." + bad, "meta-2025-01-24"),
               ("The Richland Parish site has three gas units approved for it.", "entergy-2024")),
        assumptions=(("Accelerator prices fall by 15 % a year.", "scenario.yaml:22"),
                     ("Advertising revenue rises by 2 % from the assistant.", "assumption")),
        outlines={"manhattan": [MANHATTAN]},
        frontiers={
            workload: [
                {"output_tokens_per_s_per_gpu": 150.0 * scale * (1 - math.exp(-tpot / 30.0)), "tpot_p99_s": tpot / 1e3,
                 "ttft_p99_s": 0.4 + tpot / 200.0, "j_per_output_token": 20.0 / tpot, "batch": 2**position,
                 "replica": "tp8", "chosen": position == 4}
                for position, tpot in enumerate((9.0, 12.0, 18.0, 28.0, 44.0, 70.0))
            ]
            for workload, scale in zip(WORKLOADS, (6.0, 11.0), strict=True)
        },
        timings_s={"resolve": 0.31, "training": 0.62, "serving": 0.54, "facility": 0.42, "finance": 0.05},
        seed=7,
        version="0.1.0",
        window_end="2025-12",
    )  # fmt: skip
