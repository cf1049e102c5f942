"""The headline figures: one row each, with its formula. A new metric is one function and one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gigawatt.engines.finance import break_even_factor, evaluate
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.wiring.buildout import budget_period
from gigawatt.records import Month, TimeAxis
from gigawatt.scenario.finance import AdsUplift


@dataclass(frozen=True, slots=True)
class Window:
    """The months of the first budget, or the whole plan where there is none: [first, last]."""

    first: int
    last: int
    label: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric's definition.

    Attributes
    ----------
    name, label, unit : str
    better : str
        "up", "down" or "".
    formula : str
        In words.
    compute : function
        Of the outcome, what was prepared, and the window.
    headline : bool
        Whether it stands on the first screen.
    drawn : bool
        Whether it gets a band; costly ones do not.
    """

    name: str
    label: str
    unit: str
    better: str
    formula: str
    compute: Callable[[Outcome, Prepared, Window], float]
    headline: bool = False
    drawn: bool = True


def window_of(prepared: Prepared) -> Window:
    """Return the months from the first budget's start to the last one's end, or the whole plan where there is none."""
    axis = prepared.scenario.horizon.axis
    periods = [budget_period(period) for period in prepared.scenario.budget]
    if periods:
        found = window_between(axis, min(start for start, _ in periods), max(end for _, end in periods))
        if found:
            return found
    return Window(0, axis.months_count - 1, f"{axis.start} to {axis.end}")


def window_between(axis: TimeAxis, start: Month, end: Month) -> Window | None:
    """Return the months of the plan from start to end; None where they lie outside it."""
    first, last = max(0, axis.position(start)), min(axis.months_count - 1, axis.position(end))
    if first > last:
        return None
    whole_year = start.month == 1 and end == Month(start.year, 12)
    return Window(first, last, str(start.year) if whole_year else f"{start} to {end}")


def _bought(outcome: Outcome, window: Window) -> np.ndarray:
    """Accelerators ordered in the window, by kind."""
    return np.asarray(outcome.built.ordered_count_KT[:, window.first : window.last + 1].sum(axis=1))


def _gpus_bought(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_bought(outcome, window).sum())


def _nvidia(outcome: Outcome, prepared: Prepared) -> np.ndarray:
    """Return 1 for each NVIDIA kind, 0 for the others."""
    shelf = prepared.catalogue.accelerators
    return np.array([float(shelf[kind].vendor == "NVIDIA") for kind in outcome.inputs.kinds])


def _nvidia_bought(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_bought(outcome, window) @ _nvidia(outcome, prepared))


def _chip_power(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_bought(outcome, window) @ outcome.inputs.tdp_w_K)


def _nvidia_chip_power(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_bought(outcome, window) @ (outcome.inputs.tdp_w_K * _nvidia(outcome, prepared)))


def _it_power(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_bought(outcome, window) @ outcome.inputs.system_w_K)


def _nvidia_it_power(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_bought(outcome, window) @ (outcome.inputs.system_w_K * _nvidia(outcome, prepared)))


def _online_added(outcome: Outcome, window: Window) -> np.ndarray:
    """Accelerators online at the window's end less those in service before it, by kind."""
    online_SKT = outcome.built.online_count_SKT
    before_K = online_SKT[:, :, window.first - 1].sum(axis=0) if window.first > 0 else outcome.inputs.installed_count_K
    return np.asarray(online_SKT[:, :, window.last].sum(axis=0) - before_K)


def _chip_power_online(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_online_added(outcome, window) @ outcome.inputs.tdp_w_K)


def _it_power_online(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(_online_added(outcome, window) @ outcome.inputs.system_w_K)


def _facility_power_online(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return _it_power_online(outcome, prepared, window) * _peak_pue(outcome)


def _peak_pue(outcome: Outcome) -> float:
    """Peak PUE of the sites, weighted by the IT power they carry at the end."""
    weight_S = outcome.built.it_w_ST[:, -1]
    if weight_S.sum() <= 0:
        return float(outcome.inputs.peak_pue_S.mean())
    return float(weight_S @ outcome.inputs.peak_pue_S / weight_S.sum())


def _facility_power(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return _it_power(outcome, prepared, window) * _peak_pue(outcome)


def _owned(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    at = window.last
    on_order = outcome.built.in_delivery_count_KT[:, at].sum()
    return float(outcome.built.owned_count_KT[:, at].sum() + on_order)


def _online(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(outcome.built.online_count_SKT[:, :, window.last].sum())


def _online_peak(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(outcome.built.online_count_SKT.sum(axis=(0, 1)).max())


def _h100e(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    owned_K = outcome.built.owned_count_KT[:, window.last] + outcome.built.in_delivery_count_KT[:, window.last]
    return float(owned_K @ outcome.h100_equivalents_K)


def _it_online(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(outcome.built.it_w_ST[:, window.last].sum())


def _spent(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(sum(spend.sum() for spend in outcome.built.spend_usd.values()))


def _all_in(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    hardware = sum(outcome.built.spend_usd[name].sum() for name in ("accelerators", "servers", "network"))
    bought = outcome.built.ordered_count_KT.sum()
    return float(hardware / bought) if bought else float("nan")


def _energy(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    months = slice(max(0, outcome.operations.it_w_ST.shape[1] - 12), None)
    return float(outcome.operations.total_mwh_ST[:, months].sum())


def _pue(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    it_mwh = outcome.operations.it_mwh_ST.sum()
    return float(outcome.operations.total_mwh_ST.sum() / it_mwh) if it_mwh else float("nan")


def _water(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    it_kwh = outcome.operations.it_mwh_ST.sum() * 1000.0
    return float(outcome.operations.water_l_ST.sum() / it_kwh) if it_kwh else float("nan")


def _revenue(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    return float(sum(line.sum() for line in outcome.revenue_usd.values()))


def _irr(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    """Return the one rate of return; NaN where there is none, several, or money comes before it goes (a grant)."""
    flows = outcome.finance.statement_usd["free_cash_flow"]
    moving = flows[flows != 0.0]
    roots = outcome.finance.irr_frac_per_year
    if len(roots) != 1 or not moving.size or moving[0] > 0.0:
        return float("nan")
    return 100.0 * roots[0]


def _break_even_uplift(outcome: Outcome, prepared: Prepared, window: Window) -> float:
    lines = [line for line in prepared.scenario.revenue if isinstance(line, AdsUplift)]
    if len(lines) != 1:
        return float("nan")
    given = outcome.finance_inputs

    def npv_usd(factor: float) -> float:
        scaled = {**given.revenue_usd, "ads_uplift": given.revenue_usd["ads_uplift"] * factor}
        return evaluate(replace(given, revenue_usd=scaled)).npv_usd

    factor: float = break_even_factor(npv_usd)
    given_pct: float = 100.0 * lines[0].ads_uplift.value
    return given_pct * factor


MEASURES: tuple[Measure, ...] = (
    Measure("fleet.gpus_bought", "GPUs bought", "GPU", "up",
            "hardware money / (accelerator + server + network price), month by month, within supply and power",
            _gpus_bought, headline=True),
    Measure("fleet.nvidia_gpus_bought", "of them NVIDIA", "GPU", "up", "the same, NVIDIA only", _nvidia_bought),
    Measure("fleet.gpus_owned", "GPUs owned or on order", "GPU", "up",
            "installed + ordered - retired, at the budget's end", _owned, headline=True),
    Measure("fleet.gpus_online", "GPUs online", "GPU", "up",
            "delivered, commissioned and powered, at the budget's end", _online, headline=True),
    Measure("fleet.gpus_online_peak", "GPUs online, most in any month", "GPU", "up", "maximum over the months",
            _online_peak),
    Measure("fleet.h100_equivalents", "H100-equivalents owned or on order", "GPU", "up",
            "sum of GPUs x dense 8-bit peak / H100's", _h100e),
    Measure("power.it_online_added_w", "IT power brought online", "W", "",
            "GPUs online at the period's end less the installed base, x all-in IT watts per GPU", _it_power_online,
            headline=True),
    Measure("power.chip_tdp_online_added_w", "as chip power (TDP)", "W", "", "the same x package TDP",
            _chip_power_online),
    Measure("power.facility_online_added_w", "as facility power", "W", "", "IT power brought online x peak PUE",
            _facility_power_online),
    Measure("power.chip_tdp_added_w", "Chip power bought (TDP)", "W", "", "GPUs bought x package TDP", _chip_power),
    Measure("power.nvidia_chip_tdp_added_w", "of it NVIDIA", "W", "", "the same, NVIDIA only", _nvidia_chip_power),
    Measure("power.it_added_w", "IT power bought", "W", "", "GPUs bought x all-in IT watts per GPU", _it_power),
    Measure("power.nvidia_it_added_w", "of it NVIDIA", "W", "", "the same, NVIDIA only", _nvidia_it_power),
    Measure("power.facility_added_w", "Facility power for what is bought", "W", "", "IT power bought x peak PUE",
            _facility_power),
    Measure("power.it_online_w", "IT power online at the period's end", "W", "", "GPUs online x all-in IT watts",
            _it_online),
    Measure("power.pue", "PUE", "1", "down", "facility energy / IT energy over the plan, from hourly weather", _pue),
    Measure("power.energy_mwh", "Energy, last twelve months", "MWh", "", "IT + cooling + losses", _energy),
    Measure("power.wue_l_per_kwh", "Site water per IT energy", "L/kWh", "down", "site water / IT energy", _water),
    Measure("finance.capex_usd", "Capex", "USD", "", "accelerators + servers + network + construction + other",
            _spent, headline=True),
    Measure("finance.hardware_usd_per_gpu", "Hardware cost per GPU", "USD", "down",
            "(accelerators + servers + network) / GPUs bought", _all_in),
    Measure("finance.revenue_usd", "Revenue over the plan", "USD", "up", "sum of the revenue lines", _revenue),
    Measure("finance.npv_usd", "NPV", "USD", "up",
            "sum of free cash flow / (1 + r)^t + terminal value, monthly", lambda o, p, w: o.finance.npv_usd,
            headline=True),
    Measure("finance.irr_pct", "IRR a year", "%", "up", "rate at which NPV is zero", _irr),
    Measure("finance.break_even_ads_uplift_pct", "Ads uplift at which NPV is zero", "%", "down",
            "uplift of advertising revenue for which NPV is zero, every other line held", _break_even_uplift,
            drawn=False),
    Measure("finance.payback_months", "Payback", "month", "down", "first month with cumulative free cash flow >= 0",
            lambda o, p, w: o.finance.payback_months),
    Measure("finance.usd_per_gpu_hour", "Levelised cost per GPU-hour", "USD/h", "down",
            "discounted capex + opex - terminal value, over discounted GPU-hours",
            lambda o, p, w: o.finance.usd_per_gpu_hour),
    Measure("finance.usd_per_million_output_tokens", "Cost per million tokens served", "USD", "down",
            "serving's share of the discounted cost over discounted output tokens",
            lambda o, p, w: o.finance.usd_per_million_output_tokens),
)  # fmt: skip

MEASURE_OF = {measure.name: measure for measure in MEASURES}


def measure_all(
    prepared: Prepared, *, drawn_only: bool = False, window: Window | None = None
) -> dict[str, Callable[[Outcome], float]]:
    """Return every measure, or those that get a band, as a function of the outcome alone."""
    months = window or window_of(prepared)

    def bind(measure: Measure) -> Callable[[Outcome], float]:
        return lambda outcome: measure.compute(outcome, prepared, months)

    return {measure.name: bind(measure) for measure in MEASURES if measure.drawn or not drawn_only}
