"""What stands on the first screen of every view: the chosen figures, what was announced for them, the verdicts."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from gigawatt.planning.plan import ClaimCheck, Metric, Plan
from gigawatt.units import say

HEADLINES_COUNT = 6
# each verdict with its mark and its plural
VERDICTS = {
    "agrees": ("✓", "agree"),
    "differs": ("≠", "differ"),
    "cannot be": ("×", "cannot be"),
    "not modelled": ("–", "not modelled"),
}


def headlines(plan: Plan) -> list[Metric]:
    """Return the figures of the first screen: those marked for it, else the first ones that have a value."""
    known = [metric for metric in plan.metrics if math.isfinite(metric.value)]
    return ([metric for metric in known if metric.headline] or known)[:HEADLINES_COUNT]


def claimed_words(claim: ClaimCheck) -> str:
    """Say what was claimed; a range names its unit once: "60.0 to 65.0 B USD"."""
    return re.sub(r"^(\S+) (.+) to (\S+) \2$", r"\1 to \3 \2", claim.claimed)


# kind of claim that speaks of a headline figure
CLAIM_OF_METRIC = {
    "finance.capex_usd": "capex",
    "fleet.gpus_owned": "accelerators",
    "fleet.gpus_bought": "accelerators-added",
    "power.it_online_added_w": "compute-online",
}


def announced_beside(plan: Plan, metric: Metric) -> str:
    """Say what was announced for a metric: the first claim of its kind over the same months."""
    for claim in plan.claims:
        if (
            claim.kind == "announced"
            and claim.claim == CLAIM_OF_METRIC.get(metric.name)
            and claim.at == plan.window_end
        ):
            return f"announced {claimed_words(claim)}"
    return ""


def verdict_counts(claims: Iterable[ClaimCheck]) -> str:
    """Count claims by verdict in words: "2 agree, 1 differs"."""
    counts = Counter(str(claim.verdict) for claim in claims)
    return ", ".join(
        f"{counts[verdict]} {plural if counts[verdict] > 1 else verdict}"
        for verdict, (_, plural) in VERDICTS.items()
        if counts[verdict]
    )


def limit_counts(plan: Plan) -> list[tuple[str, int]]:
    """Count the months by what limits growth in them, the longest first."""
    return Counter(str(limit) for limit in plan.tables["months"]["limit"]).most_common()


def method_words(plan: Plan) -> str:
    """Say how the kept time of training runs and the power of accelerators were found."""
    if plan.fleet is None:
        return "goodput and power in closed form"
    return f"goodput and power simulated, {say(plan.fleet.result.events_count, '1')} events"
