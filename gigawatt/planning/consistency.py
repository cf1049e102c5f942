"""Do the announced figures fit together? Each claim beside what the plan finds, and claims against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gigawatt.planning.metrics import Window, measure_all, window_between, window_of
from gigawatt.planning.outcome import Outcome, Prepared, h100_equivalents
from gigawatt.planning.plan import ClaimCheck, Verdict
from gigawatt.records import Month, Quantity
from gigawatt.scenario.claims import Claim
from gigawatt.units import say

ABOUT_FRAC = 0.15  # "about 1 GW" is read as within 15 %
ROUNDED_FRAC = 0.10  # a bare figure in a press release is read as rounded, within 10 %


@dataclass(frozen=True, slots=True)
class Found:
    """What the plan finds for a claim: value, range, a sentence."""

    value: float
    low: float
    high: float
    because: str


Finder = Callable[["Case", Claim], Found]


@dataclass(frozen=True)
class Case:
    """Everything a finder may look at."""

    prepared: Prepared
    outcome: Outcome
    values: Mapping[str, float]
    bands: Mapping[str, tuple[float, float]]
    window: Window
    manhattan_km2: float

    def months_of(self, claim: Claim) -> Window:
        """Return the months that a claim speaks of; the plan's own window where it names none inside the plan."""
        axis = self.prepared.scenario.horizon.axis
        found = None
        if claim.at:
            found = window_between(axis, axis.start.plus(self.window.first), claim.at)
        elif claim.period:
            first, _, last = claim.period.partition("..")
            months = [Month(int(first), 1), Month(int(first), 12)] if first.isdigit() and not last else []
            if last:
                months = [Month.parse(first), Month.parse(last)]
            found = window_between(axis, *months) if months else None
        return found or self.window

    def banded(self, metric: str, because: str, claim: Claim) -> Found:
        """Return a metric over the claim's months, with its band where they are the plan's own window."""
        window = self.months_of(claim)
        if (window.first, window.last) != (self.window.first, self.window.last):
            value = measure_all(self.prepared, window=window)[metric](self.outcome)
            return Found(value, value, value, because)
        value = self.values[metric]
        low, high = self.bands.get(metric, (value, value))
        return Found(value, min(low, value), max(high, value), because)


def _nothing(because: str) -> Found:
    """Return a finding of nothing."""
    return Found(math.nan, math.nan, math.nan, because)


def reading(claim: Claim) -> tuple[Quantity, float, float]:
    """Return the claimed quantity and the interval in which a reader would call it true."""
    quantity = claim.quantity()
    low, high = quantity.low, quantity.high
    if claim.sign == "about":
        low, high = low * (1.0 - ABOUT_FRAC), high * (1.0 + ABOUT_FRAC)
    elif claim.sign in ("more than", "at least"):
        high = math.inf
    elif claim.sign in ("less than", "at most"):
        low = -math.inf
    elif not quantity.is_range:
        low, high = low * (1.0 - ROUNDED_FRAC), high * (1.0 + ROUNDED_FRAC)
    return quantity, low, high


def judge(claim: Claim, found: Found) -> Verdict:
    """Return whether claim and finding overlap."""
    if math.isnan(found.value):
        return "not modelled"
    _, low, high = reading(claim)
    return "agrees" if found.low <= high and found.high >= low else "differs"


def _capex(case: Case, claim: Claim) -> Found:
    window = case.months_of(claim)
    months = slice(window.first, window.last + 1)
    spent = float(sum(spend[months].sum() for spend in case.outcome.built.spend_usd.values()))
    budget = float(case.outcome.built.budget_usd_T[months].sum())
    limits = [limit for limit in case.outcome.built.limit_T[months] if limit not in ("none", "budget")]
    text = f"bottom-up, the plan spends {say(spent, 'USD')} in {window.label}"
    if budget - spent > 0.01 * budget and limits:
        text += f" and leaves {say(budget - spent, 'USD')} for want of {max(set(limits), key=limits.count)}"
    elif budget:
        text += "; money is the limit"
    low, high = case.bands.get("finance.capex_usd", (spent, spent))
    whole = case.values["finance.capex_usd"]
    return Found(spent, min(spent, low * spent / whole), max(spent, high * spent / whole), text)


def _compute_online(case: Case, claim: Claim) -> Found:
    metrics = {
        "chip TDP": "power.chip_tdp_online_added_w",
        "IT": "power.it_online_added_w",
        "facility": "power.facility_online_added_w",
    }
    quantity, low, high = reading(claim)
    found = {name: case.banded(metric, "", claim) for name, metric in metrics.items()}
    can = [name for name, reads in found.items() if reads.low <= high and reads.high >= low]
    cannot = [name for name in found if name not in can]
    said = ", ".join(f"{say(reads.value, 'W')} of {name}" for name, reads in found.items())
    text = f"the plan brings online {said}; {say(quantity.value, 'W')} can be {' or '.join(can) or 'none of them'}"
    if can and cannot:
        text += f", not {' or '.join(cannot)}"
    return replace(found["IT"], because=text)


def _accelerators(case: Case, claim: Claim) -> Found:
    installed = float(case.outcome.inputs.installed_count_K.sum())
    if claim.at and case.prepared.scenario.horizon.axis.position(claim.at) < 0:
        return Found(installed, installed, installed, "installed base that the scenario lists")
    bought = case.banded("fleet.gpus_bought", "", claim).value
    text = f"{say(installed, 'GPU')} installed + {say(bought, 'GPU')} bought, on order included"
    return case.banded("fleet.gpus_owned", text, claim)


def _added(case: Case, claim: Claim) -> Found:
    if claim.vendor.upper() == "NVIDIA":
        return case.banded("fleet.nvidia_gpus_bought", "NVIDIA GPUs that the hardware money buys", claim)
    return case.banded("fleet.gpus_bought", "GPUs that the hardware money buys", claim)


def _h100e(case: Case, claim: Claim) -> Found:
    if not claim.at or case.prepared.scenario.horizon.axis.position(claim.at) >= 0:
        return case.banded("fleet.h100_equivalents", "fleet weighted by dense 8-bit peak over the H100's", claim)
    kinds = case.outcome.inputs.kinds
    weighted_K = case.outcome.inputs.installed_count_K * h100_equivalents(case.prepared.catalogue, kinds)
    nvidia = sum(
        float(value)
        for kind, value in zip(kinds, weighted_K, strict=True)
        if case.prepared.catalogue.accelerators[kind].vendor == "NVIDIA"
    )
    total = float(weighted_K.sum())
    text = (
        f"installed base by dense 8-bit peak over the H100's: {say(nvidia, 'GPU')} NVIDIA, {say(total, 'GPU')} in all"
    )
    return Found(total, nvidia, total, text)


def _chip_power(case: Case, claim: Claim) -> Found:
    if claim.vendor.upper() == "NVIDIA":
        return case.banded("power.nvidia_chip_tdp_added_w", "NVIDIA GPUs bought x package TDP", claim)
    return case.banded("power.chip_tdp_added_w", "GPUs bought x package TDP", claim)


def _spend(case: Case, claim: Claim) -> Found:
    kinds = case.outcome.inputs.kinds
    unit_KT = case.outcome.inputs.accelerator_usd_KT
    paid_K = (case.outcome.built.ordered_count_KT * unit_KT).sum(axis=1)
    vendor = claim.vendor.upper()
    total = sum(
        paid
        for kind, paid in zip(kinds, paid_K, strict=True)
        if not vendor or case.prepared.catalogue.accelerators[kind].vendor.upper() == vendor
    )
    share = float(total) / case.values["finance.capex_usd"]
    return Found(float(total), float(total), float(total), f"GPUs x price: {share:.0%} of the plan's capex")


def _site_power(case: Case, claim: Claim) -> Found:
    for site in case.outcome.sites:
        if site.use.site == claim.site and site.entry.planned_mw:
            table_w = case.outcome.inputs.system_w_K.max()
            claimed_w = claim.quantity().value
            planned = site.entry.planned_mw.times(1e6, "W")
            text = (
                f"{site.entry.name} is planned at {say(planned.value, 'W')}; at a peak PUE of {site.pue_p99:.2f}"
                f" {say(claimed_w, 'W')} carry {say(claimed_w / site.pue_p99 / table_w, 'GPU')} of the newest kind"
            )
            return Found(planned.value, planned.low, planned.high, text)
    return _nothing("the site is not in the scenario")


def _site_area(case: Case, claim: Claim) -> Found:
    for site in case.outcome.sites:
        if site.use.site == claim.site and site.entry.site_m2:
            area = site.entry.site_m2
            share = area.value / 1e6 / case.manhattan_km2
            text = f"{area.value / 1e6:.1f} km2 of land are {share:.0%} of Manhattan's {case.manhattan_km2:.1f} km2"
            return Found(area.value, area.low, area.high, text)
    return _nothing("the site's area is not known")


def _site_capex(case: Case, claim: Claim) -> Found:
    for site in case.outcome.sites:
        if site.use.site == claim.site and site.entry.planned_mw:
            cost = site.costs.construction_usd_per_w
            watts = claim_watts(case, claim) or site.entry.planned_mw.value * 1e6
            text = f"{say(watts, 'W')} x {cost.value:.1f} USD/W of shell, electrical and mechanical plant"
            return Found(watts * cost.value, watts * cost.low, watts * cost.high, text)
    return _nothing("the site's power is not known")


def claim_watts(case: Case, claim: Claim) -> float:
    """Return the power claimed for the same site, 0 where none is."""
    for other in case.prepared.scenario.announced + case.prepared.scenario.outcome:
        if other.claim == "site-power" and other.site == claim.site:
            return other.quantity().value
    return 0.0


def _training_hours(case: Case, claim: Claim) -> Found:
    runs = [run for run in case.prepared.work.runs if run.work.train == claim.model]
    if not runs:
        return _nothing("no such run in the scenario")
    hours = sum(run.run.gpu_hours_h for run in runs)
    low = sum(run.run.gpu_hours_h * run.run.low_days / run.run.days for run in runs)
    high = sum(run.run.gpu_hours_h * run.run.high_days / run.run.days for run in runs)
    step, kept = runs[0].run.step, runs[0].run.goodput.ettr_frac
    text = (
        f"{step.model_tflops_per_gpu:.0f} model TFLOP/s per GPU (MFU {step.mfu:.0%}), {kept:.0%} of the time effective"
    )
    return Found(hours, low, high, text)


def _training_tflops(case: Case, claim: Claim) -> Found:
    runs = [run for run in case.prepared.work.runs if run.work.train == claim.model]
    if not runs:
        return _nothing("no such run in the scenario")
    step = runs[0].run.step
    tflops = step.model_tflops_per_gpu
    return Found(
        tflops,
        tflops * step.step_time_s / step.high_s,
        tflops * step.step_time_s / step.low_s,
        f"best layout found: {runs[0].run.found.searched:,} tried, MFU {step.mfu:.0%}",
    )


def _before(case: Case, claim: Claim) -> Found:
    guides = [other.quantity() for other in case.prepared.scenario.announced if other.claim == "capex"]
    if not guides:
        return _nothing("nothing to compare it with")
    change = guides[0].value / claim.quantity().value - 1.0
    return _nothing(f"the announced capex is {change:+.0%} against it")


def _not_modelled(case: Case, claim: Claim) -> Found:
    return _nothing("stated for the reader; the plan does not derive it")


FINDERS: dict[str, Finder] = {
    "capex": _capex,
    "capex-before": _before,
    "capex-expected": _before,
    "compute-online": _compute_online,
    "accelerators": _accelerators,
    "accelerators-added": _added,
    "h100-equivalents": _h100e,
    "accelerator-spend": _spend,
    "chip-power-added": _chip_power,
    "site-power": _site_power,
    "site-area": _site_area,
    "site-capex": _site_capex,
    "training-gpu-hours": _training_hours,
    "training-tflops": _training_tflops,
}

LABELS = {
    "capex": "Capex", "capex-before": "Capex the year before", "capex-expected": "Capex analysts expected",
    "compute-online": "Compute brought online", "accelerators": "GPUs at the period's end",
    "accelerators-added": "GPUs added", "h100-equivalents": "H100-equivalents", "accelerator-spend": "Spent on GPUs",
    "chip-power-added": "Chip power added", "site-power": "Power of", "site-area": "Land of", "site-capex": "Cost of",
    "capex-per-watt": "Capex per watt", "training-gpu-hours": "GPU-hours to train",
    "training-tflops": "TFLOP/s per GPU training", "training-accelerators": "GPUs training", "users": "Users",
    "revenue": "Revenue", "days-to-first-power": "Days to first power",
}  # fmt: skip


def label_of(case: Case, claim: Claim) -> str:
    """Return the claim in words."""
    subject = ""
    if claim.site:
        subject = f" {case.prepared.catalogue.sites[claim.site].name}"
    elif claim.model:
        subject = f" {case.prepared.catalogue.models[claim.model].name}"
    when = f" {claim.period or claim.at or ''}".rstrip()
    vendor = f" ({claim.vendor})" if claim.vendor else ""
    return f"{LABELS[claim.claim]}{subject}{vendor}{when}"


def check_claims(case: Case) -> tuple[ClaimCheck, ...]:
    """Return every claim beside what the plan finds, then the announced figures against each other.

    Parameters
    ----------
    case : Case

    Returns
    -------
    tuple of ClaimCheck
        Announced, between, outcome.
    """
    scenario = case.prepared.scenario
    announced = [_check(case, claim, "announced") for claim in scenario.announced]
    outcome = [_check(case, claim, "outcome") for claim in scenario.outcome]
    return (*announced, *_between(case), *outcome)


def _check(case: Case, claim: Claim, kind: str) -> ClaimCheck:
    """Compare one claim with what the plan finds."""
    return _compare(claim, FINDERS.get(claim.claim, _not_modelled)(case, claim), kind, label_of(case, claim))


def _compare(claim: Claim, found: Found, kind: str, label: str) -> ClaimCheck:
    """Set a claim beside a finding."""
    quantity, low, high = reading(claim)
    said = f"{say(quantity.low, quantity.unit)} to {say(quantity.high, quantity.unit)}"
    said = said if quantity.is_range else say(quantity.value, quantity.unit)
    return ClaimCheck(
        label=label,
        kind=kind,
        claimed=f"{claim.sign} {said}".strip(),
        claimed_value=quantity.value,
        claimed_low=low if math.isfinite(low) else quantity.low,
        claimed_high=high if math.isfinite(high) else quantity.high,
        found=found.value,
        found_low=found.low,
        found_high=found.high,
        unit=quantity.unit,
        verdict=judge(claim, found),
        because=f"{found.because} ({claim.note})" if claim.note else found.because,
        source=claim.source,
    )


def _first(case: Case, kind: str) -> Claim | None:
    """Return the first announced claim of a kind."""
    return next((claim for claim in case.prepared.scenario.announced if claim.claim == kind), None)


def _mix(case: Case) -> tuple[float, tuple[float, float, float]]:
    """Return all-in IT watts, and low, central and high hardware cost, per GPU of the mix that was bought."""
    kinds, bought = case.outcome.inputs.kinds, case.outcome.built.ordered_count_KT.sum(axis=1)
    shelf = case.prepared.catalogue.accelerators
    share = bought / bought.sum()
    watts = float(share @ case.outcome.inputs.system_w_K)
    low = central = high = 0.0
    for kind, part in zip(kinds, share, strict=True):
        for figure in (shelf[kind].price_usd, shelf[kind].server_usd_per_gpu, shelf[kind].network_usd_per_gpu):
            if figure:
                low, central, high = low + part * figure.low, central + part * figure.value, high + part * figure.high
    return watts, (low, central, high)


def _between(case: Case) -> list[ClaimCheck]:
    """Set announced figures against each other: power, GPUs and money, each from the other two."""
    power, fleet, capex = (_first(case, kind) for kind in ("compute-online", "accelerators", "capex"))
    if not case.outcome.built.ordered_count_KT.any():
        return []
    watts, hardware = _mix(case)
    costs = case.outcome.sites[0].costs.construction_usd_per_w
    pue = case.values["power.facility_added_w"] / case.values["power.it_added_w"]
    other = case.outcome.inputs.other_capex_frac
    checks = []

    later = float(case.outcome.built.construction_for_later_usd_T.sum())

    def money(gpus: float) -> tuple[float, float, float]:
        shells = (costs.low, costs.value, costs.high)
        low, central, high = (
            (gpus * (each + watts * pue * shell) + later) / (1.0 - other)
            for each, shell in zip(hardware, shells, strict=True)
        )
        return low, central, high

    def row(label: str, claim: Claim, values: tuple[float, float, float], because: str) -> None:
        found = Found(values[1], values[0], values[2], because)
        checks.append(_compare(claim, found, "between", label))

    added = fleet.quantity().value - float(case.outcome.inputs.installed_count_K.sum()) if fleet else 0.0
    if power and fleet and added > 0:
        need = added * watts
        text = f"{say(added, 'GPU')} more x {watts:,.0f} W all-in are {say(need, 'W')} of IT power"
        row("Compute online against the GPUs added", power, (0.9 * need, need, 1.1 * need), text)
    rest = f"their shells, {say(later, 'USD')} of shells for later power, {other:.0%} for the rest"
    if power and capex:
        gpus = power.quantity().value / watts
        text = f"{say(power.quantity().value, 'W')} of IT are {say(gpus, 'GPU')} at {say(hardware[1], 'USD')}, {rest}"
        row("Capex against the power", capex, money(gpus), text)
    if capex and fleet and added > 0:
        text = f"{say(added, 'GPU')} more at {say(hardware[1], 'USD')}, {rest}"
        row("Capex against the GPUs added", capex, money(added), text)
    return checks


def case_of(
    prepared: Prepared,
    outcome: Outcome,
    values: Mapping[str, float],
    bands: Mapping[str, tuple[float, float]],
    manhattan_km2: float,
) -> Case:
    """Gather what the finders look at."""
    return Case(prepared, outcome, values, bands, window_of(prepared), manhattan_km2)
