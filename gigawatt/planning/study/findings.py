"""What the draws of a study say, read column by column. Shape letters: N draws, P plans."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.consistency import case_of, label_of, reading
from gigawatt.planning.metrics import MEASURES
from gigawatt.planning.study.answer import Band, Choice, Driver, Fan, Target
from gigawatt.planning.study.ask import GOAL, Question
from gigawatt.planning.study.drivers import rank_correlation
from gigawatt.planning.study.families import Uncertain
from gigawatt.planning.study.outputs import SERIES, Reader
from gigawatt.planning.study.results import Results, quoted
from gigawatt.planning.study.studied import Studied
from gigawatt.planning.study.worth import regrets, worth_of_knowing, worth_of_knowing_all
from gigawatt.records import Quantity
from gigawatt.scenario.claims import Claim
from gigawatt.units import say, unit_of_name

Floats = NDArray[np.float64]

COLUMNS_AT_ONCE = 16  # figures whose draws are in memory together
NOTHING_BUILT = "building nothing"
COURSE_NOTE = "mean over the months of the rental price over its level: a process, not a figure"


def bands_of(results: Results, central: Mapping[str, float]) -> tuple[Band, ...]:
    """Return the band of each metric that a draw has."""
    measures = [measure for measure in MEASURES if measure.drawn]
    found = results.bands([f"m:{measure.name}" for measure in measures])
    return tuple(
        Band(m.name, m.label, m.unit, m.better, m.headline, central[f"m:{m.name}"], *found[f"m:{m.name}"])
        for m in measures
    )


def fans_of(results: Results, reader: Reader, central: Mapping[str, float]) -> tuple[Fan, ...]:
    """Return the bands of each monthly series."""
    fans = []
    found = results.bands([f"s:{name}:{label}" for name in SERIES for label in reader.labels])
    for name in SERIES:
        columns = [f"s:{name}:{label}" for label in reader.labels]
        p10, p50, p90 = (tuple(found[column][place] for column in columns) for place in range(3))
        middle = tuple(central[column] for column in columns)
        fans.append(Fan(name, unit_of_name(name), tuple(reader.labels), middle, p10, p50, p90))
    return tuple(fans)


def targets_of(results: Results, plan: Studied, central: Mapping[str, float]) -> tuple[Target, ...]:
    """Return each announced figure that the plan finds something for, and how often it is met."""
    claims = {f"t:{number}": claim for number, claim in enumerate(plan.prepared.scenario.announced)}
    claims = {column: claim for column, claim in claims.items() if not math.isnan(central[column])}
    found = results.bands(list(claims))
    met = results.shares([term for column, claim in claims.items() for term in _conditions(column, claim)])
    case = case_of(plan.prepared, plan.at({})[1], {}, {}, 0.0)
    return tuple(
        _target(claim, label_of(case, claim), central[column], found[column], met[2 * place : 2 * place + 2])
        for place, (column, claim) in enumerate(claims.items())
    )


def _conditions(column: str, claim: Claim) -> tuple[str, str]:
    """Return when a draw lies within a claim, and when it reaches it."""
    _, low, high = reading(claim)
    value = quoted(column)
    above, below = f"{value} >= {low!r}", f"{value} <= {high!r}"
    within = [above] * math.isfinite(low) + [below] * math.isfinite(high)
    return " AND ".join(within), below if claim.sign in ("less than", "at most") else above


def _target(claim: Claim, label: str, central: float, band: Sequence[float], met: Sequence[float]) -> Target:
    """Set one claim beside the draws; `met` are the shares of them that lie within it and that reach it."""
    quantity, low, high = reading(claim)
    told = f"{say(quantity.low, quantity.unit)} to {say(quantity.high, quantity.unit)}"
    told = told if quantity.is_range else say(quantity.value, quantity.unit)
    return Target(
        label=label,
        claimed=f"{claim.sign} {told}".strip(),
        unit=quantity.unit,
        source=claim.source,
        low=low,
        high=high,
        central=central,
        p10=band[0],
        p50=band[1],
        p90=band[2],
        within_share=met[0],
        reached_share=met[1],
        moves=not band[0] == band[2] == central,
    )


def signed(question: Question) -> float:
    """Return 1 where more of the goal is better, else -1."""
    return -1.0 if next(m for m in MEASURES if m.name == question.goal).better == "down" else 1.0


def choices_of(
    results: Results, plans: Sequence[Studied], question: Question
) -> tuple[tuple[Choice, ...], Floats | None]:
    """Return the plans as choices, and what each is worth in each draw; nothing where there is no choice."""
    names = [plan.name for plan in plans]
    columns = [f"m:{question.goal}"] + [f"m{number}:{question.goal}" for number in range(1, len(plans))]
    if len(plans) == 1 and question.goal != GOAL:
        return (), None
    values = results.values(columns)
    value_NP = signed(question) * np.column_stack([values[column] for column in columns])
    if len(plans) == 1:
        names, value_NP = [*names, NOTHING_BUILT], np.column_stack([value_NP, np.zeros(len(value_NP))])
    return tuple(Choice(name, regret) for name, regret in zip(names, regrets(value_NP), strict=True)), value_NP


def worth_of_all(value_NP: Floats | None) -> float:
    """Return what knowing everything would be worth; NaN where there is no choice."""
    return math.nan if value_NP is None else worth_of_knowing_all(value_NP)


def drivers_of(results: Results, plan: Studied, question: Question, value_NP: Floats | None) -> tuple[Driver, ...]:
    """Return how the goal follows each figure, and what knowing it would be worth; the strongest first."""
    goal_N = results.values([f"m:{question.goal}"])[f"m:{question.goal}"]
    figures = list(plan.uncertain) + [
        Uncertain(name, Quantity(1.0, "1", source="gigawatt-estimate", kind="derived", note=COURSE_NOTE), "process")
        for name in plan.courses
    ]
    drivers = []
    for first in range(0, len(figures), COLUMNS_AT_ONCE):
        batch = figures[first : first + COLUMNS_AT_ONCE]
        drawn = results.values([f"in:{figure.path}" for figure in batch])
        for figure in batch:
            figure_N = drawn[f"in:{figure.path}"]
            worth = math.nan if value_NP is None else worth_of_knowing(figure_N, value_NP, question.seed)
            drivers.append(Driver(figure, rank_correlation(figure_N, goal_N), worth))

    def strength(driver: Driver) -> float:
        return 0.0 if math.isnan(driver.rank_correlation) else abs(driver.rank_correlation)

    return tuple(sorted(drivers, key=lambda driver: (-strength(driver), driver.figure.path)))
