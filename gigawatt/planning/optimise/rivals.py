"""What others would buy: the scenario's own rule, the announced orders, the cheapest compute. K kinds, T months."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout import plan_buildout
from gigawatt.planning.optimise.inputs import Problem
from gigawatt.planning.outcome import h100_equivalents

Floats = NDArray[np.float64]
NEXT_FRAC = 1e-3  # preference of a kind over that of the next better one: it gets what that leaves over


@dataclass(frozen=True, slots=True)
class Rival:
    """Orders by someone else.

    Attributes
    ----------
    name : str
        In words.
    ordered_KP : Floats
        By period. [-]
    """

    name: str
    ordered_KP: Floats


def rivals_of(problem: Problem) -> tuple[Rival, ...]:
    """Return what the scenario's rule, its announced orders and the cheapest compute first would order.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    tuple of Rival
    """
    inputs = problem.outcome.inputs
    found = []
    if inputs.rule == "spend-the-budget":
        found.append(
            Rival("spend the budget by its shares", _by_period(problem, problem.outcome.built.ordered_count_KT))
        )
    if inputs.announced_count_KT.any():
        found.append(Rival("as announced", _by_period(problem, inputs.announced_count_KT)))
    if inputs.preference_K.any() and inputs.capex_budget_usd_T.any():
        greedy = replace(inputs, rule="spend-the-budget", preference_K=_cheapest_first(problem))
        found.append(Rival("cheapest compute first", _by_period(problem, plan_buildout(greedy).ordered_count_KT)))
    return tuple(found)


def _price_KT(problem: Problem) -> Floats:
    """Return all-in prices by month."""
    inputs = problem.outcome.inputs
    return np.asarray(inputs.accelerator_usd_KT + inputs.server_usd_KT + inputs.network_usd_KT)


def _by_period(problem: Problem, ordered_KT: Floats) -> Floats:
    """Join orders to periods: no more than were ordered, and no more than the same money buys at mean prices."""
    spent_KP = problem.periods.sums(_price_KT(problem) * ordered_KT)
    count_KP = problem.periods.sums(ordered_KT)
    price_KP = problem.inputs.price_usd_KP
    paid_KP = np.divide(spent_KP, price_KP, out=count_KP.copy(), where=price_KP > 0.0)
    return np.minimum(count_KP, paid_KP)


def _cheapest_first(problem: Problem) -> Floats:
    """Return preferences by which a kind is bought before all that cost more per H100-equivalent."""
    inputs = problem.outcome.inputs
    weights_K = h100_equivalents(problem.prepared.catalogue, inputs.kinds)
    per_unit_K = _price_KT(problem).mean(axis=1) / weights_K
    rank_K = np.argsort(
        np.argsort(np.where(inputs.preference_K > 0.0, per_unit_K, np.inf), kind="stable"), kind="stable"
    )
    return np.where(inputs.preference_K > 0.0, NEXT_FRAC**rank_K, 0.0)
