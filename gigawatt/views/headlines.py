"""What stands on the first screen of every view: the chosen figures, what was announced for them, the verdicts."""

from __future__ import annotations

import math

from gigawatt.planning.plan import Metric, Plan

HEADLINES_COUNT = 6
# each verdict with its mark, from best to least
VERDICTS = {"agrees": "✓", "differs": "≠", "cannot be": "×", "not modelled": "–"}


def headlines(plan: Plan) -> list[Metric]:
    """The figures of the first screen: those marked for it, else the first ones that have a value."""
    known = [metric for metric in plan.metrics if math.isfinite(metric.value)]
    return ([metric for metric in known if metric.headline] or known)[:HEADLINES_COUNT]


def announced_beside(plan: Plan, metric: Metric) -> str:
    """Say what was announced for a metric: of the claims whose finding is this very figure, the first."""
    for claim in plan.claims:
        if claim.kind == "announced" and claim.unit == metric.unit and claim.found == metric.value:
            return f"announced {claim.claimed}"
    return ""
