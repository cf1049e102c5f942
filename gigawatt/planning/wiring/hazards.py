"""Failure and repair records of the catalogue into the fleet simulator's hazards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.failures import Reliability, Repair
from gigawatt.engines.fleet.simulation import Component, Hazards
from gigawatt.planning.figures import Figures
from gigawatt.records import Quantity
from gigawatt.units import DAYS_PER_YEAR, SECONDS_PER_DAY, SECONDS_PER_MONTH

OTHER = "other"  # stands for every cause without a line of its own
SOFTWARE = "software of jobs"
SECONDS_PER_YEAR = DAYS_PER_YEAR * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Ageing:
    """How the failure rate of a node follows its age, over the published one.

    Attributes
    ----------
    infant_factor, infant_s : float
        [-], [s]
    worn_s, wear_exponent : float
        [s], [-]
    settled_frac : float
        Rate without youth and wear over the published one. [-]
    """

    infant_factor: float = 1.0
    infant_s: float = 0.0
    worn_s: float = 0.0
    wear_exponent: float = 2.0
    settled_frac: float = 1.0


def ageing_of(entry: Reliability, figures: Figures) -> Ageing:
    r"""Return how the failures of an entry follow the age of nodes.

    Parameters
    ----------
    entry : Reliability
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    Ageing
        What the entry says nothing of does not change with age.

    Notes
    -----
    A node of age :math:`a` fails :math:`g(a) = 1 + (f - 1) e^{-a/s} + (a/w)^k` times as often as a settled one. The
    published rate is that of nodes of the age at which it was observed, so that a settled one has it over
    :math:`g(a_o)`.
    """
    names = ("infant_factor_ratio", "infant_months", "worn_years", "wear_exponent_ratio", "observed_age_months")
    said = {name: getattr(entry, name) for name in names}
    value = {name: figures(f"reliability.{entry.id}.{name}", item) for name, item in said.items() if item is not None}
    factor, youth_s = value.get("infant_factor_ratio", 1.0), value.get("infant_months", 0.0) * SECONDS_PER_MONTH
    worn_s, exponent = value.get("worn_years", 0.0) * SECONDS_PER_YEAR, value.get("wear_exponent_ratio", 2.0)
    age_s = value.get("observed_age_months", 0.0) * SECONDS_PER_MONTH
    youth = (factor - 1.0) * math.exp(-age_s / youth_s) if youth_s else 0.0
    wear = (age_s / worn_s) ** exponent if worn_s else 0.0
    settled = 1.0 / (1.0 + youth + wear) if "observed_age_months" in value else 1.0
    return Ageing(factor, youth_s, worn_s, exponent, settled)


def job_causes(catalogue: Catalogue, entry: Reliability) -> tuple[str, ...]:
    """Return the causes of an entry that stop a job and leave its nodes healthy."""
    return tuple(cause for cause in entry.causes_frac if cause in catalogue.repairs[entry.repair].job_causes)


def _of_cause(figures: Figures, path: str, lines: Mapping[str, Quantity], cause: str) -> float:
    """Return the line of a cause, else that of the others, else 0."""
    name = cause if cause in lines else OTHER
    return figures(f"{path}.{name}", lines[name]) if name in lines else 0.0


def hazards(
    catalogue: Catalogue,
    entry: Reliability,
    figures: Figures,
    *,
    technicians_count: int = 0,
    ageing: bool = False,
    of_jobs: bool = True,
) -> Hazards:
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
    ageing : bool
        Whether rates follow the age of nodes; else each node fails at the published rate at any age.
    of_jobs : bool
        Whether causes that leave the node healthy are among the components; not where jobs fail of them themselves.

    Returns
    -------
    Hazards
        One component for each published cause, which share the published rate; one for all where no causes are
        published. Causes that leave the node healthy are mended at once, and do not age.
    """
    named = f"reliability.{entry.id}"
    repair = catalogue.repairs[entry.repair]
    rate = figures(f"{named}.failures_per_node_day", entry.failures_per_node_day)
    shares = {cause: figures(f"{named}.causes_frac.{cause}", share) for cause, share in entry.causes_frac.items()}
    age = ageing_of(entry, figures) if ageing else Ageing()
    own = job_causes(catalogue, entry)
    components = tuple(
        _component(cause, rate * share, repair, figures, Ageing() if cause in own else age)
        for cause, share in (shares or {"all causes": 1.0}).items()
        if of_jobs or cause not in own
    )
    lemons = (entry.lemon_frac, entry.lemon_factor_ratio)
    return Hazards(
        components=components,
        lemon_frac=figures(f"{named}.lemon_frac", lemons[0]) if lemons[0] else 0.0,
        lemon_factor=figures(f"{named}.lemon_factor_ratio", lemons[1]) if lemons[1] else 1.0,
        technicians_count=technicians_count,
    )


def _component(cause: str, failures_per_node_day: float, repair: Repair, figures: Figures, age: Ageing) -> Component:
    """Return one cause with what happens after it."""
    named = f"repairs.{repair.id}"
    of_job = cause in repair.job_causes
    return Component(
        name=cause,
        failures_per_node_day=failures_per_node_day * age.settled_frac,
        scope=repair.scope.get(cause, "node"),
        hidden_frac=_of_cause(figures, f"{named}.hidden_frac", repair.hidden_frac, cause),
        detection_s=figures(f"{named}.detection_s", repair.detection_s),
        rollback_s=_of_cause(figures, f"{named}.rollback_s", repair.rollback_s, cause),
        automatic_frac=1.0 if of_job else _of_cause(figures, f"{named}.automatic_frac", repair.automatic_frac, cause),
        automatic_repair_s=0.0 if of_job else figures(f"{named}.automatic_repair_s", repair.automatic_repair_s),
        repair_s=_of_cause(figures, f"{named}.repair_s", repair.repair_s, cause),
        repair_sigma=figures(f"{named}.repair_sigma_ratio", repair.repair_sigma_ratio),
        hands_on_s=0.0 if of_job else figures(f"{named}.hands_on_s", repair.hands_on_s),
        infant_factor=age.infant_factor,
        infant_s=age.infant_s,
        worn_s=age.worn_s,
        wear_exponent=age.wear_exponent,
    )
