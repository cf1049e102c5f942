"""What a scenario says of its fleet, where the question does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gigawatt.engines.fleet.simulation import Maintenance
from gigawatt.planning.fleet.question import Curtailment, Question
from gigawatt.records import Month, Quantity
from gigawatt.scenario.fleet import FleetTerms
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MONTH

# field of the question -> field of the scenario with one figure or word
SINGLE = {
    "policy": "policy",
    "placement": "placement",
    "preemption": "preemption",
    "defragmentation": "defragmentation",
    "spare_frac": "spares",
    "recovery": "recovery",
    "tiers": "checkpoint_tiers",
    "checkpoint_write_s": "checkpoint_write",
    "checkpoint_interval_s": "checkpoint_interval",
    "restart_s": "restart",
    "software_failures_per_gpu_day": "software_failures",
    "job_failures_per_day": "job_failures",
    "confined_software_frac": "confined_software",
    "technicians_count": "technicians",
    "power_response": "power_response",
}


def with_terms(asked: Question, terms: FleetTerms, start: Month) -> Question:
    """Return a question with the scenario's terms wherever it has the usual value.

    Parameters
    ----------
    asked : Question
    terms : FleetTerms
    start : Month
        First month of the simulation.

    Returns
    -------
    Question
    """
    usual, told = Question(), _told(terms, start)
    return replace(
        asked, **{name: value for name, value in told.items() if getattr(asked, name) == getattr(usual, name)}
    )


def _told(terms: FleetTerms, start: Month) -> dict[str, Any]:
    """Return the fields of a question that the scenario speaks of."""
    found = {name: _bare(getattr(terms, field)) for name, field in SINGLE.items()}
    if terms.age:
        found["age_s"] = terms.age.value * SECONDS_PER_MONTH
    if terms.lemons_out:
        lemons = terms.lemons_out
        found["lemons_out_after_count"] = lemons.after
        found["lemon_window_s"], found["replacement_s"] = lemons.within.value, lemons.replacement.value
    if terms.stragglers:
        found["straggler_frac"] = terms.stragglers.share.value
        found["straggler_speed_frac"] = terms.stragglers.speed.value
    if terms.maintenance:
        rounds = terms.maintenance
        found["maintenance"] = Maintenance(
            rounds.every.value, rounds.lasts.value, rounds.notice.value if rounds.notice else 0.0, rounds.pods_at_once
        )
    cuts = tuple(
        Curtailment(
            (item.month.index - start.index) * SECONDS_PER_MONTH
            + (item.day - 1) * SECONDS_PER_DAY
            + item.hour * SECONDS_PER_HOUR,
            item.lasts.value,
            item.to.value,
            item.site or "",
        )
        for item in terms.curtailments
        if item.month >= start
    )
    if cuts:
        found["curtailments"] = cuts
    return {name: value for name, value in found.items() if value is not None and value is not False and value != ""}


def _bare(term: Any) -> Any:
    """Return a figure without its unit; what is no figure as it is."""
    return term.value if isinstance(term, Quantity) else term
