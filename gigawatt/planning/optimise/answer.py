"""The answer in plain records: what is bought, where it runs, what binds and what that costs, who would do worse.

Shape letters: K kinds, V variants, P periods, S sites.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gigawatt.engines.buildout.optimise import Choice, Optimum, Price
from gigawatt.planning.optimise.inputs import Problem
from gigawatt.scenario.resolve import Resolved
from gigawatt.units import WATTS_PER_MEGAWATT

LARGEST_STEP_MW = 100.0
STEP_COUNT, STEP_SHARE = 1000.0, 0.01
LEAST_COUNT = 0.5  # accelerators below this are the solver's rounding


@dataclass(frozen=True, slots=True)
class Order:
    """What is ordered in a period."""

    period: str
    accelerator: str
    gpus: float
    usd: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What runs where: mean of the period, of what was there before and of what is bought."""

    period: str
    site: str
    accelerator: str
    power_cap_w: float
    installed_gpus: float
    bought_gpus: float
    it_mw: float


@dataclass(frozen=True, slots=True)
class Opening:
    """Halls that open beyond the power schedule."""

    period: str
    site: str
    halls: int
    mw: float
    usd: float


@dataclass(frozen=True, slots=True)
class Task:
    """Who does a piece of work in a period: months that a run spends so, or accelerators of a pool."""

    period: str
    work: str
    accelerator: str
    power_cap_w: float
    gpus: float


@dataclass(frozen=True, slots=True)
class Scarce:
    """Something that binds.

    Attributes
    ----------
    what, where, when : str
    worth : float
        How much better the goal becomes by one unit more of it: in that period alone.
    worth_onward : float
        The same of one unit more from the period on to the end; NaN where the two do not differ.
    per : str
        Unit of what is scarce.
    amount : float
        How much of it is a sensible step to speak of, in `per`.
    """

    what: str
    where: str
    when: str
    worth: float
    worth_onward: float
    per: str
    amount: float


@dataclass(frozen=True, slots=True)
class Flip:
    """The price below which an accelerator that is not bought would be: all in, and of the accelerator alone. [USD]."""

    accelerator: str
    when: str
    price_usd: float
    below_usd: float
    below_accelerator_usd: float


@dataclass(frozen=True, slots=True)
class Beaten:
    """What other orders achieve; `why` says what they break where they cannot."""

    name: str
    value: float
    gpus: float
    why: str


@dataclass(frozen=True)
class OptimiseAnswer:
    """The best build-out of a scenario.

    Attributes
    ----------
    goal, label, unit, about : str
        What was sought: name, in words, unit for `say`, and the run or pool that it speaks of.
    step : str
        month or quarter.
    status : str
        proven, stopped, out of time.
    value, bound, gap_frac : float
        Found, and what none can better.
    date : str
        Last month by whose end a run is done, for the goal `time`; else empty.
    not_before : str
        That it cannot be done by the end of the period before is proven to that month; empty for other goals.
    orders, placements, openings, tasks, cloud : tuple
    scarce : tuple of Scarce
    worth_unit : str
        Unit of what they are worth: that of the value, and USD for the goal `time`.
    flips : tuple of Flip
    rivals : tuple of Beaten
    budget_usd, unspent_usd : float
        What may be spent beyond what is committed, and what of it is left. [USD]
    columns_count, rows_count, integers_count, nodes_count : int
        Size of the programme.
    resolved : Resolved
        The scenario whose plan is the optimum.
    notes : tuple of str
    """

    goal: str
    label: str
    unit: str
    about: str
    step: str
    status: str
    value: float
    bound: float
    gap_frac: float
    orders: tuple[Order, ...]
    placements: tuple[Placement, ...]
    openings: tuple[Opening, ...]
    tasks: tuple[Task, ...]
    cloud: tuple[Task, ...]
    scarce: tuple[Scarce, ...]
    worth_unit: str
    flips: tuple[Flip, ...]
    rivals: tuple[Beaten, ...]
    budget_usd: float
    unspent_usd: float
    columns_count: int
    rows_count: int
    integers_count: int
    nodes_count: int
    resolved: Resolved
    date: str = ""
    not_before: str = ""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<OptimiseAnswer {self.label}: {self.value:.6g}, within {self.gap_frac:.2%} of what is possible>"


def orders_of(problem: Problem, choice: Choice) -> Iterator[Order]:
    """Yield what is ordered, period by period."""
    inputs = problem.inputs
    for period, label in enumerate(inputs.periods):
        for kind, name in enumerate(inputs.kinds):
            count = float(choice.ordered_count_KP[kind, period])
            if count >= LEAST_COUNT:
                yield Order(label, name, count, count * float(inputs.price_usd_KP[kind, period]))


def placements_of(problem: Problem, choice: Choice) -> Iterator[Placement]:
    """Yield what runs where."""
    for period, label in enumerate(problem.inputs.periods):
        for site, name in enumerate(problem.inputs.sites):
            for v, variant in enumerate(problem.variants):
                before, bought = (float(a[site, v, period]) for a in (choice.installed_SVP, choice.bought_SVP))
                if before + bought >= LEAST_COUNT:
                    it_mw = (before + bought) * variant.system_w / WATTS_PER_MEGAWATT
                    yield Placement(label, name, variant.accelerator, variant.cap_w, before, bought, it_mw)


def openings_of(problem: Problem, choice: Choice) -> Iterator[Opening]:
    """Yield halls that open."""
    for option, count_P in zip(problem.inputs.halls, choice.halls_count_HP, strict=True):
        for period in np.flatnonzero(count_P > 0.0).tolist():
            count = round(count_P[period])
            mw = count * option.hall_w / WATTS_PER_MEGAWATT
            usd = count * float(option.paid_usd_QP[period].sum())
            yield Opening(problem.inputs.periods[period], option.name, count, mw, usd)


def tasks_of(problem: Problem, choice: Choice) -> Iterator[Task]:
    """Yield who does which work."""
    for item, months_WP in zip(problem.runs, choice.run_months, strict=True):
        for way, months_P in zip(item.need.ways, months_WP, strict=True):
            variant = problem.variants[way.variant]
            for period, label in enumerate(problem.inputs.periods):
                gpus = way.gpus_count * float(months_P[period]) / float(problem.inputs.months_P[period])
                if gpus >= LEAST_COUNT:
                    yield Task(label, item.run.label, variant.accelerator, variant.cap_w, gpus)
    for pool, gpus_VP in zip(problem.pools, choice.pool_gpus, strict=True):
        for variant, gpus_P in zip(problem.variants, gpus_VP, strict=True):
            for period, label in enumerate(problem.inputs.periods):
                if gpus_P[period] >= LEAST_COUNT:
                    yield Task(label, pool.label, variant.accelerator, variant.cap_w, float(gpus_P[period]))


def cloud_of(problem: Problem, choice: Choice) -> Iterator[Task]:
    """Yield what is rented."""
    for option, count_P in zip(problem.inputs.clouds, choice.cloud_count_CP, strict=True):
        variant = problem.variants[option.variant]
        for period, label in enumerate(problem.inputs.periods):
            if count_P[period] >= LEAST_COUNT:
                yield Task(label, option.name, variant.accelerator, variant.cap_w, float(count_P[period]))


def scarce_of(problem: Problem, prices: tuple[Price, ...]) -> tuple[Scarce, ...]:
    """Return what binds, most valuable first; power is worth most to its end, supply in its period."""
    site_w = dict(zip(problem.inputs.sites, problem.inputs.facility_w_SP.max(axis=1).tolist(), strict=True))

    def step(price: Price) -> float:
        """Power in steps of 1, 10 or 100 MW by the size of the site, accelerators by the thousand."""
        if price.what == "look-ahead":
            return WATTS_PER_MEGAWATT
        if price.what == "power":
            tenth_mw = max(site_w[price.where] / WATTS_PER_MEGAWATT / 10, 1.0)
            return min(float(10 ** int(np.log10(tenth_mw))), LARGEST_STEP_MW) * WATTS_PER_MEGAWATT
        return {"GPU": STEP_COUNT, "share": STEP_SHARE}.get(price.unit, 1.0)

    return tuple(
        Scarce(
            p.what,
            p.where,
            p.when,
            p.value,
            p.onward if p.what in ("power", "look-ahead") else float("nan"),
            p.unit,
            step(p),
        )
        for p in prices
    )


def money_of(problem: Problem, choice: Choice) -> tuple[float, float]:
    """Return what may be spent on hardware and further halls in all runs of budgets, and what of it is left. [USD]."""
    inputs = problem.inputs
    if inputs.free_budget:
        return float("nan"), float("nan")
    last = [int(np.flatnonzero(inputs.budget_run_P == run)[-1]) for run in set(inputs.budget_run_P.tolist()) if run]
    free_usd = float(inputs.ceiling_usd_P[last].sum())
    halls_usd = sum(
        float(count_P @ option.paid_usd_QP.sum(axis=1))
        for option, count_P in zip(inputs.halls, choice.halls_count_HP, strict=True)
    )
    spent_usd = float((choice.ordered_count_KP * inputs.price_usd_KP).sum()) + halls_usd
    return free_usd, max(free_usd - spent_usd, 0.0)


def flips_of(problem: Problem, optimum: Optimum) -> tuple[Flip, ...]:
    """Return which accelerator would be bought at which price, the closest first."""
    plain = problem.outcome.inputs
    rest_KP = problem.periods.sums((plain.server_usd_KT + plain.network_usd_KT) * problem.share_KT)
    found = [
        Flip(
            problem.inputs.kinds[item.kind],
            problem.inputs.periods[item.period],
            item.price_usd,
            item.below_usd,
            item.below_usd - float(rest_KP[item.kind, item.period]),
        )
        for item in optimum.switches
    ]
    return tuple(sorted(found, key=lambda flip: -flip.below_usd / flip.price_usd))


def record_of(answer: OptimiseAnswer) -> dict[str, Any]:
    """Return an answer as the result of the JSON document.

    Parameters
    ----------
    answer : OptimiseAnswer

    Returns
    -------
    dict
    """
    lists = ("orders", "placements", "openings", "tasks", "cloud", "scarce", "flips", "rivals")
    plain = (
        "goal", "label", "unit", "worth_unit", "about", "step", "status", "value", "bound", "budget_usd", "unspent_usd",
        "date", "not_before", "columns_count", "rows_count", "integers_count", "nodes_count",
    )  # fmt: skip
    return {
        **{name: getattr(answer, name) for name in plain},
        "gap_pct": 100.0 * answer.gap_frac,
        **{name: [asdict(item) for item in getattr(answer, name)] for name in lists},
        "notes": list(answer.notes),
    }
