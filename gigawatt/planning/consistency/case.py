"""What a claim is set beside: the plan, the months the claim speaks of, and how it is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gigawatt.planning.metrics import MEASURE_OF, Window, window_between, window_of
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.plan import ClaimCheck, Verdict
from gigawatt.records import Month, Quantity
from gigawatt.scenario.claims import Claim
from gigawatt.units import say

ABOUT_FRAC = 0.15  # "about 1 GW" is read as within 15 %
ROUNDED_FRAC = 0.10  # a bare figure in a press release is read as rounded, within 10 %


@dataclass(frozen=True, slots=True)
class Found:
    """What the plan finds for a claim: value, range, and a sentence that is made when it is asked for."""

    value: float
    low: float
    high: float
    because: Callable[[], str]


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

    def banded(self, metric: str, because: Callable[[], str], claim: Claim) -> Found:
        """Return a metric over the claim's months, with its band where they are the plan's own window."""
        window = self.months_of(claim)
        if (window.first, window.last) != (self.window.first, self.window.last):
            value = MEASURE_OF[metric].compute(self.outcome, self.prepared, window)
            return Found(value, value, value, because)
        value = self.values[metric]
        low, high = self.bands.get(metric, (value, value))
        return Found(value, min(low, value), max(high, value), because)


def words(text: str) -> Callable[[], str]:
    """Return a sentence that is ready as one to ask for."""
    return lambda: text


def nothing(because: str) -> Found:
    """Return a finding of nothing."""
    return Found(math.nan, math.nan, math.nan, words(because))


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


def case_of(
    prepared: Prepared,
    outcome: Outcome,
    values: Mapping[str, float],
    bands: Mapping[str, tuple[float, float]],
    manhattan_km2: float,
) -> Case:
    """Gather what the finders look at."""
    return Case(prepared, outcome, values, bands, window_of(prepared), manhattan_km2)


def compare_claim(claim: Claim, found: Found, kind: str, label: str) -> ClaimCheck:
    """Set a claim beside a finding."""
    quantity, low, high = reading(claim)
    because = found.because()
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
        because=f"{because} ({claim.note})" if claim.note else because,
        source=claim.source,
        claim=claim.claim,
        at=_month_of(claim),
    )


def _month_of(claim: Claim) -> str:
    """Return the month that a claim speaks of, or the last one of its period."""
    if claim.at:
        return str(claim.at)
    last = claim.period.partition("..")[2] or claim.period
    return f"{last}-12" if last.isdigit() else last
