"""The plan: everything a view may show, computed, with units and provenance.

Tables (pandas, units in `attrs["units"]`; energy and money are of the month, counts at its end):

==============  ===========================================================================================
months          one row a month: month, gpus_online, gpus_delivered, gpus_waiting, gpus_added, h100e_online,
                it_mw, facility_mw, it_capacity_mw, energised_mw, pue, energy_mwh, water_l, co2_t, capex_usd,
                opex_usd, revenue_usd, free_cash_flow_usd, cash_usd, tokens_trained, output_tokens_served,
                gpus_training, gpus_serving, gpus_reserved, gpus_free, limit; gpus_<kind> per accelerator kind
fleet           month, site, accelerator, online_gpus, it_mw
purchases       month, accelerator, ordered_gpus, delivered_gpus, retired_gpus, in_delivery_gpus, owned_gpus,
                waiting_gpus
spend           month, accelerators_usd, servers_usd, network_usd, construction_usd, other_usd, budget_usd, unspent_usd
power           month, site, energised_mw, facility_mw, it_mw, pue, energy_it_mwh, energy_cooling_mwh,
                energy_losses_mwh, energy_total_mwh
cashflow        month and every line of the finance engine's statement, `_usd` added; lines that few plans have are
                left out where they are zero; gpu_hours (of the accelerators judged)
assets          month, asset (servers, network, buildings, other), capex_usd, in_service_usd, depreciation_usd,
                book_value_usd; without capitalised interest
revenue         month and one column per revenue line
opex            month and one column per cost line
demand          month, workload, accelerator, demand_requests_per_s, demand_output_tokens_per_s, gpus_needed,
                gpus_given, served_frac, output_tokens, input_tokens, it_mw
training        one row a run: label, model, accelerator, gpus, precision, start, end, days, deadline, meets_deadline,
                tokens, mfu, tflops_per_gpu, step_time_s, tokens_per_s, gpu_hours, ettr, energy_mwh, cost_usd, co2_t,
                layout, interruptions, low_days, high_days, published_gpu_hours
sites           one row a site: site, name, operator, place, latitude, longitude, status, leased, energised_start_mw,
                energised_end_mw, planned_mw, it_end_mw, pue_mean, pue_p99, pue_max, wue_l_per_kwh, peak_mw, site_km2,
                building_km2, share_of_manhattan_pct, electricity_usd_per_mwh, carbon_kg_per_mwh, gpus_end,
                gpus_when_complete, capex_usd, announced_capex_usd
==============  ===========================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from gigawatt.planning.fleet import FleetAnswer
    from gigawatt.planning.site_years import SiteYear

Verdict = Literal["agrees", "differs", "cannot be", "not modelled"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One headline figure.

    Attributes
    ----------
    name : str
        Dotted path, such as "finance.npv_usd".
    label : str
        In words.
    value : float
        In `unit`; NaN where it does not apply.
    unit : str
        Unit symbol for `gigawatt.units.say`.
    p10, p90 : float
        80 % band; equal to `value` where no uncertainty was computed.
    better : str
        "up", "down" or "".
    note : str
        Basis, marks an estimate.
    headline : bool
        Whether it stands on the first screen.
    """

    name: str
    label: str
    value: float
    unit: str
    p10: float = float("nan")
    p90: float = float("nan")
    better: str = ""
    note: str = ""
    headline: bool = False


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """One claim beside what the plan finds.

    Attributes
    ----------
    label : str
        The claim in words: "Capex 2025".
    kind : str
        announced, outcome, or between (two announced figures against each other).
    claimed : str
        As said: "60-65 B USD".
    claimed_value, claimed_low, claimed_high : float
        In `unit`.
    found, found_low, found_high : float
        What the plan finds; NaN where it models nothing for it.
    unit : str
    verdict : str
        agrees, differs, cannot be, not modelled.
    because : str
        One sentence of arithmetic.
    source : str
        Bibliography id.
    claim : str
        Kind of the claim in the scenario: capex, accelerators, ...
    at : str
        Month that it speaks of, 2025-12; the last month of its period; empty where it has none.
    """

    label: str
    kind: str
    claimed: str
    claimed_value: float
    claimed_low: float
    claimed_high: float
    found: float
    found_low: float
    found_high: float
    unit: str
    verdict: Verdict
    because: str
    source: str
    claim: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """A conservation law and how well it holds."""

    name: str
    left: float
    right: float
    unit: str

    @property
    def residual(self) -> float:
        """Relative difference."""
        scale = max(abs(self.left), abs(self.right), 1e-300)
        return abs(self.left - self.right) / scale if self.left != self.right else 0.0

    @property
    def holds(self) -> bool:
        """Whether the residual is within 1e-9."""
        return self.residual <= 1e-9


@dataclass(frozen=True, slots=True)
class Notice:
    """A typed warning: shown by every view."""

    code: str
    message: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input comes from.

    Attributes
    ----------
    path : str
        Dotted path of the input: "budget.0.capex", "accelerators.gb200-nvl72.price_usd".
    value : str
        In friendly words.
    kind : str
        measured, datasheet, reported, estimate, assumption, derived.
    source : str
        Bibliography id, or file:line.
    as_of : str
    note : str
    """

    path: str
    value: str
    kind: str
    source: str
    as_of: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry of the report's numbered source list."""

    id: str
    title: str
    publisher: str
    url: str
    date: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a metric is made: formula, inputs by name, notes."""

    metric: str
    formula: str
    inputs: tuple[tuple[str, str], ...]  # name, value in words
    origins: tuple[str, ...] = ()  # paths into `Plan.origins`


@dataclass(frozen=True)
class Plan:
    """A finished plan. Frozen; views read it and compute nothing.

    Attributes
    ----------
    scenario_id, title, question, as_of : str
    scenario_text : str
        The scenario as written, merged.
    inputs : dict
        The resolved scenario, JSON-ready.
    metrics : tuple of Metric
    tables : mapping of str to pandas.DataFrame
        As in the module's docstring.
    claims : tuple of ClaimCheck
    gigawatts : mapping of str to float
        The three gigawatts brought online in the plan's first budget period: chip_tdp_w, it_w, facility_w.
    split_usd : mapping of str to float
        Capex of the budget by class: accelerators, servers, network, construction, other, unspent.
    finance : mapping
        As `gigawatt.planning.economics.finance_document` returns it: measures, break-evens by revenue line, cost of a
        month's delay, lives of servers, economics of a megawatt, balance at the end, covenants, leases, consensus,
        terms, conventions.
    checks : tuple of Balance
    notices : tuple of Notice
    origins : tuple of Origin
    references : tuple of Reference
        Sources in order of first use.
    explanations : mapping of str to Explanation
    facts, assumptions : tuple of (text, source)
    outlines : mapping of str to list
        Land outlines, longitude and latitude: "manhattan".
    frontiers : mapping of str to list of dict
        Serving frontier by workload: output_tokens_per_s_per_gpu, tpot_p99_s, ttft_p99_s, j_per_output_token, batch,
        replica, chosen.
    site_years : tuple of SiteYear
        Hours of each site that has an hourly year and ever holds accelerators.
    timings_s : mapping of str to float
    seed : int
    version : str
    fleet : FleetAnswer or None
        The fleet event by event, where the scenario says `fleet.method: simulated`; kept time and power are then its.
    window_end : str
        Last month of the budget, or of the plan where there is none: the month of the headline counts.
    """

    scenario_id: str
    title: str
    question: str
    as_of: str
    scenario_text: str
    inputs: dict[str, Any]
    metrics: tuple[Metric, ...]
    tables: Mapping[str, pd.DataFrame]
    claims: tuple[ClaimCheck, ...]
    gigawatts: Mapping[str, float]
    split_usd: Mapping[str, float]
    finance: Mapping[str, Any]
    checks: tuple[Balance, ...]
    notices: tuple[Notice, ...]
    origins: tuple[Origin, ...]
    references: tuple[Reference, ...]
    explanations: Mapping[str, Explanation]
    facts: tuple[tuple[str, str], ...] = ()
    assumptions: tuple[tuple[str, str], ...] = ()
    outlines: Mapping[str, list[list[tuple[float, float]]]] = field(default_factory=dict)
    frontiers: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    site_years: tuple[SiteYear, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    version: str = ""
    window_end: str = ""
    fleet: FleetAnswer | None = None

    def metric(self, name: str) -> Metric:
        """Return a metric by name.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        return next(metric for metric in self.metrics if metric.name == name)

    def __repr__(self) -> str:
        return f"<Plan {self.scenario_id}: {len(self.tables['months'])} months, {len(self.metrics)} metrics>"
