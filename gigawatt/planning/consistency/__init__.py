"""Do the announced figures fit together? Each claim beside what the plan finds, and claims against each other."""

from __future__ import annotations

from gigawatt.planning.consistency.between import between
from gigawatt.planning.consistency.case import Case, Found, case_of, compare_claim, judge, reading
from gigawatt.planning.consistency.finders import FINDERS, not_modelled
from gigawatt.planning.plan import ClaimCheck
from gigawatt.scenario.claims import Claim

__all__ = ["FINDERS", "Case", "Found", "case_of", "check_claims", "judge", "reading"]

LABELS = {
    "capex": "Capex", "capex-before": "Capex the year before", "capex-expected": "Capex analysts expected",
    "compute-online": "Compute brought online", "accelerators": "GPUs owned",
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
    return (*announced, *between(case), *outcome)


def _check(case: Case, claim: Claim, kind: str) -> ClaimCheck:
    """Compare one claim with what the plan finds."""
    return compare_claim(claim, FINDERS.get(claim.claim, not_modelled)(case, claim), kind, label_of(case, claim))
