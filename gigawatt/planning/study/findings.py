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
from gigawatt.planning.study.results import Results, band_of
from gigawatt.planning.study.studied import Studied
from gigawatt.planning.study.worth import regrets, worth_of_knowing, worth_of_knowing_all
from gigawatt.records import Quantity
from gigawatt.scenario.claims import Claim
from gigawatt.units import say, unit_of_name

Floats = NDArray[np.float64]

NOTHING_BUILT = "building nothing"
COURSE_NOTE = "mean over the months of the rental price over its level: a process, not a figure"


def bands_and_fans_of(
    results: Results, reader: Reader, central: Mapping[str, float]
) -> tuple[tuple[Band, ...], tuple[Fan, ...]]:
    """Return the band of each metric that a draw has, and those of each monthly series."""
    measures = [measure for measure in MEASURES if measure.drawn]
    found = results.bands([*(f"m:{measure.name}" for measure in measures), *reader.series_columns()])
    bands = tuple(
        Band(m.name, m.label, m.unit, m.better, m.headline, central[f"m:{m.name}"], *found[f"m:{m.name}"])
        for m in measures
    )
    fans = []
    for name in SERIES:
        columns = [f"s:{name}:{label}" for label in reader.labels]
        p10, p50, p90 = (tuple(found[column][place] for column in columns) for place in range(3))
        middle = tuple(central[column] for column in columns)
        fans.append(Fan(name, unit_of_name(name), tuple(reader.labels), middle, p10, p50, p90))
    return bands, tuple(fans)


def claims_of(plan: Studied, central: Mapping[str, float]) -> dict[str, Claim]:
    """Return each announced figure that the plan finds something for, by its column."""
    claims = {f"t:{number}": claim for number, claim in enumerate(plan.prepared.scenario.announced)}
    return {column: claim for column, claim in claims.items() if not math.isnan(central[column])}


def targets_of(plan: Studied, central: Mapping[str, float], columns: Mapping[str, Floats]) -> tuple[Target, ...]:
    """Return each announced figure and how often it is met."""
    case = case_of(plan.prepared, plan.at({})[1], {}, {}, 0.0)
    return tuple(
        _target(claim, label_of(case, claim), central[column], columns[column])
        for column, claim in claims_of(plan, central).items()
    )


def _target(claim: Claim, label: str, central: float, found_N: Floats) -> Target:
    """Set one claim beside what the draws find for it."""
    quantity, low, high = reading(claim)
    above_N, below_N = found_N >= low, found_N <= high
    p10, p50, p90, _ = band_of(found_N)
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
        p10=p10,
        p50=p50,
        p90=p90,
        within_share=float(np.mean(above_N & below_N)),
        reached_share=float(np.mean(below_N if claim.sign in ("less than", "at most") else above_N)),
        moves=not p10 == p90 == central,
    )


def signed(question: Question) -> float:
    """Return 1 where more of the goal is better, else -1."""
    return -1.0 if next(m for m in MEASURES if m.name == question.goal).better == "down" else 1.0


def goals_of(plans: Sequence[Studied], question: Question) -> list[str]:
    """Return the column of the goal of each plan."""
    return [f"m:{question.goal}"] + [f"m{number}:{question.goal}" for number in range(1, len(plans))]


def choices_of(
    plans: Sequence[Studied], question: Question, columns: Mapping[str, Floats]
) -> tuple[tuple[Choice, ...], Floats | None]:
    """Return the plans as choices, and what each is worth in each draw; nothing where there is no choice."""
    names = [plan.name for plan in plans]
    if len(plans) == 1 and question.goal != GOAL:
        return (), None
    value_NP = signed(question) * np.column_stack([columns[name] for name in goals_of(plans, question)])
    if len(plans) == 1:
        names, value_NP = [*names, NOTHING_BUILT], np.column_stack([value_NP, np.zeros(len(value_NP))])
    return tuple(Choice(name, regret) for name, regret in zip(names, regrets(value_NP), strict=True)), value_NP


def worth_of_all(value_NP: Floats | None) -> float:
    """Return what knowing everything would be worth; NaN where there is no choice."""
    return math.nan if value_NP is None else worth_of_knowing_all(value_NP)


def drivers_of(
    results: Results, plan: Studied, question: Question, goal_N: Floats, value_NP: Floats | None
) -> tuple[Driver, ...]:
    """Return how the goal follows each figure, and what knowing it would be worth; the strongest first."""
    figures = list(plan.uncertain) + [
        Uncertain(name, Quantity(1.0, "1", source="gigawatt-estimate", kind="derived", note=COURSE_NOTE), "process")
        for name in plan.courses
    ]
    drivers = []
    drawn = results.each([f"in:{figure.path}" for figure in figures], by_draw=True)
    for figure, (_, figure_N) in zip(figures, drawn, strict=True):
        worth = math.nan if value_NP is None else worth_of_knowing(figure_N, value_NP, question.seed)
        drivers.append(Driver(figure, rank_correlation(figure_N, goal_N), worth))

    def strength(driver: Driver) -> float:
        return 0.0 if math.isnan(driver.rank_correlation) else abs(driver.rank_correlation)

    return tuple(sorted(drivers, key=lambda driver: (-strength(driver), driver.figure.path)))
