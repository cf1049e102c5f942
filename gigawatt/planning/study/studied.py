"""A plan made ready for draws: its figures with their distributions, and what its sites answer to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance import Drift, RentalMarket
from gigawatt.errors import InputError, UnitError, nearest
from gigawatt.planning.figures import Figures
from gigawatt.planning.outcome import Outcome, Prepared, carry, settled
from gigawatt.planning.redraw import STEP_TIME, THROUGHPUT, Responses, redrawn, responses_of
from gigawatt.planning.study.families import Uncertain, checked
from gigawatt.records import Quantity
from gigawatt.scenario.resolve import Resolved
from gigawatt.scenario.study import Spread
from gigawatt.units import parse

Floats = NDArray[np.float64]

PREDICTED = (STEP_TIME, THROUGHPUT)  # figures whose range is an 80 % interval of an engine
# Shares of the draws at which the drift of a guide ends: Student's tails on two or four degrees of freedom have no end.
DRIFT_ENDS_FRAC = (0.01, 0.99)
NO_DRIFT = Drift(0.0, 0.0, 2)


@dataclass(frozen=True, slots=True)
class Drifting(Uncertain):
    """A budget that comes out as the guides of other firms did."""

    drift: Drift = NO_DRIFT

    def values(self, share_N: Floats) -> Floats:
        """Return the budget that a share of the draws stays below, for many shares."""
        ends = DRIFT_ENDS_FRAC
        ratio_N = [self.drift.ratio(float(share)) for share in np.clip(share_N, *ends).ravel()]
        return self.quantity.value * np.array(ratio_N).reshape(np.shape(share_N))


class Drawn(Figures):
    """Figures at drawn values, the central ones where none is drawn."""

    def __init__(self, values: Mapping[str, float], courses: Mapping[str, Floats] | None = None) -> None:
        super().__init__()
        self._values = values
        self._courses = courses or {}

    def __call__(self, path: str, quantity: Quantity) -> float:
        """Return the drawn value of a figure; no ledger is kept, as it would be the same in every draw."""
        return self._values.get(path, quantity.value)

    def course(self, path: str, months_count: int) -> float | Floats:
        """Return the drawn course of a market."""
        return self._courses.get(path, 1.0)


@dataclass(frozen=True, slots=True)
class Studied:
    """A plan made ready for draws.

    Attributes
    ----------
    name : str
        As the user wrote it.
    prepared : Prepared
        At the central figures, without the hours of its sites.
    responses : Responses
    uncertain : tuple of Uncertain
        Figures that are drawn, by path.
    courses : dict of str to int
        Markets whose price moves, with the plan's months.
    market : RentalMarket or None
        How it moves; None where it is steady.
    held : tuple of str
        Figures with a range that a draw does not move.
    """

    name: str
    prepared: Prepared
    responses: Responses
    uncertain: tuple[Uncertain, ...]
    courses: Mapping[str, int]
    market: RentalMarket | None
    held: tuple[str, ...]

    def at(self, values: Mapping[str, float], courses: Mapping[str, Floats] | None = None) -> tuple[Prepared, Outcome]:
        """Return the plan at drawn figures; at none, it is the central plan to the last bit."""
        figures = Drawn(values, courses)
        prepared = redrawn(self.prepared, self.responses, figures)
        return prepared, carry(prepared, figures, brief=True)


def studied(resolved: Resolved, name: str = "") -> Studied:
    """Make a scenario ready for draws.

    Parameters
    ----------
    resolved : Resolved
    name : str
        As the user wrote it; the scenario's own where empty.

    Returns
    -------
    Studied

    Raises
    ------
    InputError
        If the section `study` names a figure that there is not, or a range or family that cannot be.
    """
    if resolved.scenario.purchases.rule == "optimise":
        from gigawatt.planning.optimise import optimised  # with its solver: only where a scenario asks for it

        resolved = optimised(resolved)
    ledger = Figures()
    prepared, _ = settled(resolved.scenario, resolved.catalogue, ledger)
    return ready_for_draws(prepared, ledger.used, name)


def ready_for_draws(prepared: Prepared, used: Mapping[str, Quantity], name: str = "") -> Studied:
    """Make a plan that is settled ready for draws.

    Parameters
    ----------
    prepared : Prepared
        At the central figures.
    used : mapping of str to Quantity
        Figures that it used.
    name : str
        As the user wrote it; the scenario's own where empty.

    Returns
    -------
    Studied

    Raises
    ------
    InputError
        As `studied`.
    """
    scenario = prepared.scenario
    told = {spread.figure: spread for spread in scenario.study.figures}
    ranged = {path: _spread(path, quantity, told.get(path)).quantity for path, quantity in used.items()}
    responses = responses_of(prepared, ranged)
    drawn = Figures()
    carry(redrawn(prepared, responses, drawn), drawn)
    _refuse_unknown(told, drawn.used, used)
    uncertain = {
        path: _spread(path, quantity, told.get(path))
        for path, quantity in drawn.used.items()
        if quantity.is_range or path in told
    }
    if scenario.study.guide_drift != "none":
        uncertain |= _drifting(scenario.study.guide_drift, prepared, drawn.used)
    moving = drawn.courses if scenario.study.rental_price == "moving" else {}
    return Studied(
        name=name or scenario.scenario,
        prepared=replace(prepared, sites=[replace(site, year=None) for site in prepared.sites]),
        responses=responses,
        uncertain=tuple(uncertain[path] for path in sorted(uncertain)),
        courses=moving,
        market=_market(prepared) if moving else None,
        held=tuple(sorted(path for path, item in used.items() if item.is_range and path not in drawn.used)),
    )


def _spread(path: str, quantity: Quantity, told: Spread | None) -> Uncertain:
    """Return a figure as it is spread: by the scenario's section, else by its range."""
    if told is None:
        return Uncertain(path, quantity, "lognormal" if path.rsplit(".", 1)[-1] in PREDICTED else "even")
    try:
        low = parse(told.low, quantity.unit)[0] if told.low is not None else quantity.low
        high = parse(told.high, quantity.unit)[0] if told.high is not None else quantity.high
    except UnitError as error:
        message = f"study: {path}: {error}"
        raise InputError(message) from error
    return checked(
        Uncertain(
            path,
            replace(quantity, low=low, high=high, source=told.source, note=told.note or quantity.note),
            told.family,
        )
    )


def _refuse_unknown(told: Iterable[str], drawn: Mapping[str, Quantity], used: Mapping[str, Quantity]) -> None:
    """Refuse figures that a draw does not take."""
    for path in told:
        if path in drawn:
            continue
        if path in used:
            message = f"study: {path}: a draw holds this figure, because it would need a new search"
        else:
            message = f'study: "{path}" is no figure that this plan uses. {nearest(path, drawn)}'
        raise InputError(message)


def _drifting(group: str, prepared: Prepared, used: Mapping[str, Quantity]) -> dict[str, Uncertain]:
    """Return the budgets, spread as the guides of a group of firms came out."""
    defaults = prepared.catalogue.defaults
    fitted = defaults.guide_drift_own_cash if group == "own-cash" else defaults.guide_drift_all
    drift = Drift(fitted["mean_log"].value, fitted["deviation_log"].value, round(fitted["firms_count"].value))
    found: dict[str, Uncertain] = {}
    for number in range(len(prepared.scenario.budget)):
        path = f"budget.{number}.capex"
        middle = used[path]
        low, high = (middle.value * drift.ratio(share) for share in (0.1, 0.9))
        note = f"drift of {drift.count} firms' guides; low and high are P10 and P90"
        told = replace(middle, low=low, high=high, source="gigawatt-estimate", kind="derived", note=note)
        found[path] = Drifting(path, told, "guide drift", drift)
    return found


def _market(prepared: Prepared) -> RentalMarket:
    """Return how the price of rented accelerators moves."""
    defaults = prepared.catalogue.defaults
    return RentalMarket(
        defaults.rental_reversion_per_year.value,
        defaults.rental_variance_per_year.value,
        defaults.rental_jumps_per_year.value,
        defaults.rental_jump_frac.value,
    )
