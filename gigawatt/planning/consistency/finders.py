"""What the plan finds for each kind of claim: one function a kind, and the table of them."""

from __future__ import annotations

from dataclasses import replace

from gigawatt.planning.consistency.case import Case, Finder, Found, nothing, reading, words
from gigawatt.scenario.claims import Claim
from gigawatt.units import say


def _capex(case: Case, claim: Claim) -> Found:
    window = case.months_of(claim)
    months = slice(window.first, window.last + 1)
    spent = float(sum(spend[months].sum() for spend in case.outcome.built.spend_usd.values()))
    budget = float(case.outcome.built.budget_usd_T[months].sum())
    limits = [limit for limit in case.outcome.built.limit_T[months] if limit not in ("none", "budget")]

    def because() -> str:
        text = f"bottom-up, the plan spends {say(spent, 'USD')} in {window.label}"
        if budget - spent > 0.01 * budget and limits:
            return f"{text} and leaves {say(budget - spent, 'USD')} for want of {max(set(limits), key=limits.count)}"
        return f"{text}; money is the limit" if budget else text

    return Found(spent, spent, spent, because)  # decided, not estimated: its band is no doubt about the claim


def _compute_online(case: Case, claim: Claim) -> Found:
    metrics = {
        "chip TDP": "power.chip_tdp_online_added_w",
        "IT": "power.it_online_added_w",
        "facility": "power.facility_online_added_w",
    }
    quantity, low, high = reading(claim)
    found = {name: case.banded(metric, str, claim) for name, metric in metrics.items()}
    can = [name for name, reads in found.items() if reads.low <= high and reads.high >= low]
    cannot = [name for name in found if name not in can]

    def because() -> str:
        said = ", ".join(f"{say(reads.value, 'W')} of {name}" for name, reads in found.items())
        text = f"the plan brings online {said}; {say(quantity.value, 'W')} can be {' or '.join(can) or 'none of them'}"
        return f"{text}, not {' or '.join(cannot)}" if can and cannot else text

    fitting = [name for name in ("IT", "facility", "chip TDP") if name in can]
    return replace(found[fitting[0] if fitting else "IT"], because=because)


def _accelerators(case: Case, claim: Claim) -> Found:
    installed = float(case.outcome.inputs.installed_count_K.sum())
    if claim.at and case.prepared.scenario.horizon.axis.position(claim.at) < 0:
        return Found(installed, installed, installed, words("installed base that the scenario lists"))

    def because() -> str:
        bought = case.banded("fleet.gpus_bought", str, claim).value
        return f"{say(installed, 'GPU')} installed + {say(bought, 'GPU')} bought, on order included"

    return case.banded("fleet.gpus_owned", because, claim)


def _added(case: Case, claim: Claim) -> Found:
    if claim.vendor.upper() == "NVIDIA":
        return case.banded("fleet.nvidia_gpus_bought", words("NVIDIA GPUs that the hardware money buys"), claim)
    return case.banded("fleet.gpus_bought", words("GPUs that the hardware money buys"), claim)


def _h100e(case: Case, claim: Claim) -> Found:
    if not claim.at or case.prepared.scenario.horizon.axis.position(claim.at) >= 0:
        text = "fleet weighted by dense 8-bit peak over the H100's"
        return case.banded("fleet.h100_equivalents", words(text), claim)
    kinds = case.outcome.inputs.kinds
    weighted_K = case.outcome.inputs.installed_count_K * case.outcome.h100_equivalents_K
    nvidia = sum(
        float(value)
        for kind, value in zip(kinds, weighted_K, strict=True)
        if case.prepared.catalogue.accelerators[kind].vendor == "NVIDIA"
    )
    total = float(weighted_K.sum())

    def because() -> str:
        return (
            f"installed base by dense 8-bit peak over the H100's: {say(nvidia, 'GPU')} NVIDIA, "
            f"{say(total, 'GPU')} in all"
        )

    meant = nvidia if claim.vendor.upper() == "NVIDIA" else total
    return Found(meant, meant, meant, because)


def _chip_power(case: Case, claim: Claim) -> Found:
    if claim.vendor.upper() == "NVIDIA":
        return case.banded("power.nvidia_chip_tdp_added_w", words("NVIDIA GPUs bought x package TDP"), claim)
    return case.banded("power.chip_tdp_added_w", words("GPUs bought x package TDP"), claim)


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
    return Found(float(total), float(total), float(total), lambda: f"GPUs x price: {share:.0%} of the plan's capex")


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
            return Found(planned.value, planned.low, planned.high, words(text))
    return nothing("the site is not in the scenario")


def _site_area(case: Case, claim: Claim) -> Found:
    for site in case.outcome.sites:
        if site.use.site == claim.site and site.entry.site_m2:
            area = site.entry.site_m2
            share = area.value / 1e6 / case.manhattan_km2
            text = f"{area.value / 1e6:.1f} km2 of land are {share:.0%} of Manhattan's {case.manhattan_km2:.1f} km2"
            return Found(area.value, area.low, area.high, words(text))
    return nothing("the site's area is not known")


def _site_capex(case: Case, claim: Claim) -> Found:
    for site in case.outcome.sites:
        if site.use.site == claim.site and site.entry.planned_mw:
            cost = site.costs.construction_usd_per_w
            watts = claim_watts(case, claim) or site.entry.planned_mw.value * 1e6
            text = f"{say(watts, 'W')} x {cost.value:.1f} USD/W of shell, electrical and mechanical plant"
            return Found(watts * cost.value, watts * cost.low, watts * cost.high, words(text))
    return nothing("the site's power is not known")


def claim_watts(case: Case, claim: Claim) -> float:
    """Return the power claimed for the same site, 0 where none is."""
    for other in case.prepared.scenario.announced + case.prepared.scenario.outcome:
        if other.claim == "site-power" and other.site == claim.site:
            return other.quantity().value
    return 0.0


def _training_hours(case: Case, claim: Claim) -> Found:
    runs = [run for run in case.prepared.work.runs if run.work.train == claim.model]
    if not runs:
        return nothing("no such run in the scenario")
    hours = sum(run.run.gpu_hours_h for run in runs)
    low = sum(run.run.gpu_hours_h * run.run.low_days / run.run.days for run in runs)
    high = sum(run.run.gpu_hours_h * run.run.high_days / run.run.days for run in runs)
    step, kept = runs[0].run.step, runs[0].run.goodput.ettr_frac
    text = (
        f"{step.model_tflops_per_gpu:.0f} model TFLOP/s per GPU (MFU {step.mfu:.0%}), {kept:.0%} of the time effective"
    )
    return Found(hours, low, high, words(text))


def _training_tflops(case: Case, claim: Claim) -> Found:
    runs = [run for run in case.prepared.work.runs if run.work.train == claim.model]
    if not runs:
        return nothing("no such run in the scenario")
    step = runs[0].run.step
    tflops = step.model_tflops_per_gpu
    return Found(
        tflops,
        tflops * step.step_time_s / step.high_s,
        tflops * step.step_time_s / step.low_s,
        lambda: f"best layout found: {runs[0].run.found.searched:,} tried, MFU {step.mfu:.0%}",
    )


def _before(case: Case, claim: Claim) -> Found:
    guides = [other.quantity() for other in case.prepared.scenario.announced if other.claim == "capex"]
    if not guides:
        return nothing("nothing to compare it with")
    change = guides[0].value / claim.quantity().value - 1.0
    return nothing(f"the announced capex is {change:+.0%} against it")


def not_modelled(case: Case, claim: Claim) -> Found:
    """Return nothing, for a claim that stands for the reader alone."""
    return nothing("stated for the reader; the plan does not derive it")


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
