"""Failure and repair records of the catalogue into the fleet simulator's hazards."""

from __future__ import annotations

from collections.abc import Mapping

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.failures import Reliability, Repair
from gigawatt.engines.fleet.simulation import Component, Hazards
from gigawatt.planning.figures import Figures
from gigawatt.records import Quantity
from gigawatt.units import DAYS_PER_YEAR, MONTHS_PER_YEAR, SECONDS_PER_DAY

OTHER = "other"  # stands for every cause without a line of its own
SOFTWARE = "software of jobs"
SECONDS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR * SECONDS_PER_DAY


def _of_cause(figures: Figures, path: str, lines: Mapping[str, Quantity], cause: str) -> float:
    """Return the line of a cause, else that of the others, else 0."""
    name = cause if cause in lines else OTHER
    return figures(f"{path}.{name}", lines[name]) if name in lines else 0.0


def hazards(catalogue: Catalogue, entry: Reliability, figures: Figures, *, technicians_count: int = 0) -> Hazards:
    """Turn a reliability record into components with rates, detection and repair.

    Parameters
    ----------
    catalogue : Catalogue
        Holds the repair model that the record names.
    entry : Reliability
    figures : Figures
        Ledger of the figures used.
    technicians_count : int
        Hands; 0 for as many as needed.

    Returns
    -------
    Hazards
        One component for each published cause, which share the published rate; one for all where no causes are
        published. Causes that leave the node healthy are mended at once.
    """
    named = f"reliability.{entry.id}"
    repair = catalogue.repairs[entry.repair]
    rate = figures(f"{named}.failures_per_node_day", entry.failures_per_node_day)
    shares = {cause: figures(f"{named}.causes_frac.{cause}", share) for cause, share in entry.causes_frac.items()}
    infant = (entry.infant_factor_ratio, entry.infant_months)
    factor = figures(f"{named}.infant_factor_ratio", infant[0]) if infant[0] else 1.0
    months = figures(f"{named}.infant_months", infant[1]) if infant[1] else 0.0
    components = tuple(
        _component(cause, rate * share, repair, figures, factor, months * SECONDS_PER_MONTH)
        for cause, share in (shares or {"all causes": 1.0}).items()
    )
    lemons = (entry.lemon_frac, entry.lemon_factor_ratio)
    return Hazards(
        components=components,
        lemon_frac=figures(f"{named}.lemon_frac", lemons[0]) if lemons[0] else 0.0,
        lemon_factor=figures(f"{named}.lemon_factor_ratio", lemons[1]) if lemons[1] else 1.0,
        technicians_count=technicians_count,
    )


def _component(
    cause: str, failures_per_node_day: float, repair: Repair, figures: Figures, infant_factor: float, infant_s: float
) -> Component:
    """Return one cause with what happens after it."""
    named = f"repairs.{repair.id}"
    of_job = cause in repair.job_causes
    return Component(
        name=cause,
        failures_per_node_day=failures_per_node_day,
        scope=repair.scope.get(cause, "node"),
        hidden_frac=_of_cause(figures, f"{named}.hidden_frac", repair.hidden_frac, cause),
        detection_s=figures(f"{named}.detection_s", repair.detection_s),
        rollback_s=_of_cause(figures, f"{named}.rollback_s", repair.rollback_s, cause),
        automatic_frac=1.0 if of_job else _of_cause(figures, f"{named}.automatic_frac", repair.automatic_frac, cause),
        automatic_repair_s=0.0 if of_job else figures(f"{named}.automatic_repair_s", repair.automatic_repair_s),
        repair_s=_of_cause(figures, f"{named}.repair_s", repair.repair_s, cause),
        repair_sigma=figures(f"{named}.repair_sigma_ratio", repair.repair_sigma_ratio),
        hands_on_s=0.0 if of_job else figures(f"{named}.hands_on_s", repair.hands_on_s),
        infant_factor=infant_factor,
        infant_s=infant_s,
    )
