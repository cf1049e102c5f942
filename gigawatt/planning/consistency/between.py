"""Announced figures against each other: power, GPUs and money, each from the other two."""

from __future__ import annotations

from gigawatt.planning.consistency.case import Case, Found, compare_claim, words
from gigawatt.planning.plan import ClaimCheck
from gigawatt.scenario.claims import Claim
from gigawatt.units import say


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


def between(case: Case) -> list[ClaimCheck]:
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
        found = Found(values[1], values[0], values[2], words(because))
        checks.append(compare_claim(claim, found, "between", label))

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
