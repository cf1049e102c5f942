"""The optimum as an ordinary scenario: announced orders, halls in the power schedule, caps, and who works on what.

Shape letters: K kinds, V variants, P periods, T months.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise import Choice
from gigawatt.planning.optimise.inputs import Problem
from gigawatt.scenario.read import read_text
from gigawatt.scenario.resolve import Resolved, resolve
from gigawatt.units import WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]
NOTE = "chosen by gigawatt optimise"
LITTLE_FRAC = 0.02  # a share below this is not worth a word [-]
MOSTLY_FRAC = 0.5  # a cap is set for all accelerators of a kind where more than this share of them runs under it [-]


def monthly_orders(problem: Problem, choice: Choice) -> Floats:
    """Return whole accelerators ordered by kind and month; what is cut off a month moves to the next of its period."""
    exact_KT = choice.ordered_count_KP[:, problem.periods.of_T] * problem.share_KT
    ordered_KT = np.zeros_like(exact_KT)
    for period in range(problem.periods.count):
        months = problem.periods.of_T == period
        so_far = np.floor(np.cumsum(exact_KT[:, months], axis=1) + 1e-6)
        ordered_KT[:, months] = np.diff(so_far, axis=1, prepend=0.0)
    return ordered_KT


def settings_of(problem: Problem, choice: Choice) -> list[str]:
    """Return what to set in the scenario so that its plan is the optimum.

    Parameters
    ----------
    problem : Problem
    choice : Choice

    Returns
    -------
    list of str
        "path=value", as for `--set`.
    """
    axis, kinds = problem.periods.axis, problem.inputs.kinds
    orders = [
        {
            "accelerator": kinds[kind],
            "month": str(axis.start.plus(month)),
            "count": int(count),
            "source": "assumption",
            "note": NOTE,
        }
        for kind, counts_T in enumerate(monthly_orders(problem, choice).tolist())
        for month, count in enumerate(counts_T)
        if count > 0.0
    ]
    found = (
        ["purchases.rule=as-announced", f"purchases.announced={json.dumps(orders)}"] if orders else _nothing(problem)
    )
    return [*found, *_power(problem, choice), *_caps(problem, choice), *_work(problem, choice)]


def _nothing(problem: Problem) -> list[str]:
    """Return the settings of a plan that orders nothing."""
    order = {
        "accelerator": problem.inputs.kinds[0],
        "month": str(problem.periods.axis.start),
        "count": 0,
        "source": "assumption",
        "note": NOTE,
    }
    return ["purchases.rule=as-announced", f"purchases.announced={json.dumps([order])}"]


def _power(problem: Problem, choice: Choice) -> list[str]:
    """Return the power schedules of sites where halls open."""
    found = []
    opened_P = {site: np.zeros(problem.periods.count) for site in problem.inputs.sites}
    for option, count_P in zip(problem.inputs.halls, choice.halls_count_HP, strict=True):
        opened_P[option.name] += count_P * option.hall_w
    for site in problem.prepared.sites:
        more_P = opened_P[site.use.site]
        if not more_P.any():
            continue
        months = problem.periods.axis.months_count
        more_X = np.full(site.building_w_X.size, more_P.sum())
        more_X[:months] = np.cumsum(more_P)[problem.periods.of_T]
        watts_X = site.building_w_X + more_X
        steps = {
            str(problem.periods.axis.start.plus(month)): f"{watts_X[month] / WATTS_PER_MEGAWATT:.6f} MW"
            for month in range(watts_X.size)
            if month == 0 or watts_X[month] != watts_X[month - 1]
        }
        found.append(f"sites.{site.use.site}.power={json.dumps(steps)}")
    return found


def _capped_shares(problem: Problem, choice: Choice) -> dict[str, tuple[float, float]]:
    """Return, by accelerator, the cap that was looked at and the share of its months that run under it."""
    given = problem.prepared.scenario.fleet.power_cap or {}
    online_VP = choice.bought_SVP.sum(axis=0) + choice.installed_SVP.sum(axis=0)
    months_V = online_VP @ problem.inputs.months_P
    found = {}
    for variant, months in zip(problem.variants, months_V.tolist(), strict=True):
        all_months = float(months_V[problem.inputs.kind_V == variant.kind].sum())
        if variant.cap_w and variant.accelerator not in given and all_months > 0.0:
            found[variant.accelerator] = (variant.cap_w, months / all_months)
    return found


def mixed_caps(problem: Problem, choice: Choice) -> list[str]:
    """Say which accelerators run under a cap for some of the time, which a plan does not know."""
    return [
        f"{100.0 * share:.0f} % of the months of {kind} run at {cap_w:,.0f} W; the plan has one cap for all of them"
        for kind, (cap_w, share) in _capped_shares(problem, choice).items()
        if LITTLE_FRAC < share < 1.0 - LITTLE_FRAC
    ]


def _caps(problem: Problem, choice: Choice) -> list[str]:
    """Return the caps under which most accelerators of a kind run."""
    given = problem.prepared.scenario.fleet.power_cap or {}
    shares = _capped_shares(problem, choice).items()
    caps = {kind: f"{cap_w:g} W" for kind, (cap_w, share) in shares if share > MOSTLY_FRAC}
    if not caps:
        return []
    kept = {kind: f"{cap.value!r} W" for kind, cap in given.items()}
    return [f"fleet.power_cap={json.dumps({**kept, **caps})}"]


def _work(problem: Problem, choice: Choice) -> list[str]:
    """Return what runs on other accelerators than the scenario says, and when it then starts."""
    found = []
    for item, months_WP in zip(problem.runs, choice.run_months, strict=True):
        if not months_WP.any():
            continue
        lengths_W = np.array([way.length_months for way in item.need.ways])
        most = int(np.argmax(months_WP.sum(axis=1) / lengths_W))
        way = item.need.ways[most]
        kind = problem.variants[way.variant].accelerator
        if kind == item.run.kind and way.gpus_count == item.run.run.job.gpus_count:
            continue
        first = int(problem.periods.first_P[int(np.argmax(months_WP[most] > 0.0))])
        start = max(first, round(item.run.start_months))
        found.append(f"workloads.{item.position}.on={json.dumps({kind: round(way.gpus_count)})}")
        found.append(f"workloads.{item.position}.start={problem.periods.axis.start.plus(start)}")
    for pool, gpus_VP in zip(problem.pools, choice.pool_gpus, strict=True):
        if pool.position < 0 or not gpus_VP.any():
            continue
        kinds_K = np.bincount(
            problem.inputs.kind_V, weights=gpus_VP @ problem.inputs.months_P, minlength=len(problem.inputs.kinds)
        )
        kind = problem.inputs.kinds[int(np.argmax(kinds_K))]
        if kind != pool.kind:
            found.append(f"workloads.{pool.position}.on={kind}")
    return found


def as_scenario(resolved: Resolved, problem: Problem, choice: Choice) -> Resolved:
    """Return the scenario whose plan is the optimum.

    Parameters
    ----------
    resolved : Resolved
        The scenario that was optimised.
    problem : Problem
    choice : Choice

    Returns
    -------
    Resolved
        With the orders as announced ones; everything else of the plan follows from them as from any scenario.
    """
    overlays = resolved.catalogue.folders[1:]
    name = f"{resolved.scenario.scenario}.yaml"
    loaded = read_text(resolved.text, name, settings_of(problem, choice), overlays)
    return resolve(replace(loaded, catalogue=resolved.catalogue))
