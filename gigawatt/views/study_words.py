"""A study in words and rows, for the terminal and the report alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gigawatt.planning.study import Driver, StudyAnswer
from gigawatt.units import say
from gigawatt.units.words import three_digits

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]

SWINGS_SHOWN = 12
DRIVERS_SHOWN = 12


def share(value: float) -> str:
    """Say a share in per cent; what is not quite all or nothing is not rounded to it.

    Examples
    --------
    >>> share(0.8809), share(0.9998), share(0.0), share(0.0004)
    ('88 %', '>99 %', '0 %', '<1 %')
    """
    if math.isnan(value):
        return "–"
    percent = 100.0 * value
    if 0.0 < percent < 1.0:
        return "<1 %"
    if 99.0 < percent < 100.0:
        return ">99 %"
    return f"{percent:.0f} %"


def figure_value(value: float, unit: str) -> str:
    """Say the value of a figure, of whatever unit."""
    if unit == "1":
        return three_digits(value)
    return say(value, unit)


def goal_value(answer: StudyAnswer, value: float) -> str:
    """Say a value of the goal."""
    return say(value, answer.goal.unit)


def headline(answer: StudyAnswer) -> str:
    """Say the answer in one sentence."""
    goal = answer.goal
    sentence = f"{goal.label}: {say(goal.p10, goal.unit)} to {say(goal.p90, goal.unit)} in eight draws of ten"
    if goal.p10 < 0.0 < goal.p90 or goal.name == "finance.npv_usd":
        sentence += f"; above zero in {share(answer.above_zero_share)}"
    return sentence


def conditions(answer: StudyAnswer) -> str:
    """Say how the study was made."""
    question = answer.question
    return (
        f"{answer.resolved.scenario.title}: {question.samples_count:,} draws of {len(answer.drivers)} figures, "
        f"seed {question.seed}; the plan itself has {goal_value(answer, answer.goal.central)}"
    )


def bands(answer: StudyAnswer, *, whole: bool = False) -> Table:
    """Bands of the metrics: headlines and the goal, or all."""
    chosen = [band for band in answer.bands if whole or band.headline or band.name == answer.goal.name]
    rows: list[tuple[str, ...]] = [
        (band.label, *(say(value, band.unit) for value in (band.central, band.p10, band.p50, band.p90)))
        for band in chosen
        if not (math.isnan(band.central) and math.isnan(band.p50))
    ]
    return ("under the draws", "plan", "P10", "P50", "P90"), rows


def targets(answer: StudyAnswer) -> Table:
    """Announced figures: how often the plan reaches them, and how often they are true as said."""
    rows: list[tuple[str, ...]] = [
        (
            target.label,
            target.claimed,
            say(target.p50, target.unit),
            share(target.reached_share),
            share(target.within_share),
        )
        for target in answer.targets
        if target.moves
    ]
    return ("announced", "as said", "P50", "reached", "true"), rows


def swings(answer: StudyAnswer, count: int = SWINGS_SHOWN) -> Table:
    """One figure at a time: P10 and P90 of the figure and the goal there."""
    rows: list[tuple[str, ...]] = [
        (
            swing.path,
            figure_value(swing.low_value, swing.unit),
            figure_value(swing.high_value, swing.unit),
            goal_value(answer, swing.at_low),
            goal_value(answer, swing.at_high),
        )
        for swing in answer.swings[:count]
    ]
    return ("one figure at a time", "its P10", "its P90", "goal there", "goal there"), rows


def drivers(answer: StudyAnswer, count: int = DRIVERS_SHOWN) -> Table:
    """Figures by the strength of their rank correlation with the goal."""
    rows = [_driver(answer, driver) for driver in answer.drivers[:count]]
    return ("figure", "value", "low", "high", "family", "rank correlation", "worth of knowing"), rows


def _driver(answer: StudyAnswer, driver: Driver) -> tuple[str, ...]:
    """One row of `drivers`."""
    quantity = driver.figure.quantity
    moving = driver.figure.family == "process"
    ends = ("–", "–") if moving else tuple(figure_value(end, quantity.unit) for end in (quantity.low, quantity.high))
    worth = "–" if math.isnan(driver.worth) else goal_value(answer, driver.worth)
    return (
        driver.figure.path,
        figure_value(quantity.value, quantity.unit),
        *ends,
        driver.figure.family,
        "–" if math.isnan(driver.rank_correlation) else f"{driver.rank_correlation:+.2f}".replace("-", "−"),
        worth,
    )


def strongest(answer: StudyAnswer, count: int = 4) -> str:
    """Say which figures the goal follows most closely over the draws, markets among them."""
    told = [
        f"{driver.figure.path} ({driver.rank_correlation:+.2f})".replace("(-", "(−")
        for driver in answer.drivers[:count]
        if not math.isnan(driver.rank_correlation)
    ]
    return f"{answer.goal.label} follows, by rank correlation, {', '.join(told)}" if told else ""


def indices(answer: StudyAnswer) -> Table:
    """Shares of the goal's variance."""
    rows: list[tuple[str, ...]] = [
        (
            index.path,
            f"{100.0 * index.first:.0f} %".replace("-", "−"),
            f"{100.0 * index.total:.0f} %".replace("-", "−"),
            f"{100.0 * index.total_half:.0f} %",
        )
        for index in answer.indices
    ]
    return ("share of the variance", "alone", "with interplay", "± (95 %)"), rows


def choices(answer: StudyAnswer) -> Table:
    """Plans under the same draws."""
    rows: list[tuple[str, ...]] = [
        (
            choice.name,
            goal_value(answer, abs(choice.regret.mean) if answer.goal.better == "down" else choice.regret.mean),
            share(choice.regret.best_share),
            goal_value(answer, choice.regret.regret_mean),
            goal_value(answer, choice.regret.regret_p90),
        )
        for choice in answer.choices
    ]
    return ("same draws", f"mean {answer.goal.label}", "best in", "regret, mean", "regret, P90"), rows


def worth(answer: StudyAnswer) -> str:
    """Say what knowing is worth before choosing; empty where there is no choice."""
    if math.isnan(answer.worth_of_all):
        return ""
    names = " or ".join(choice.name for choice in answer.choices)
    best = max((driver for driver in answer.drivers), key=_known_worth, default=None)
    sentence = f"Knowing everything before choosing {names} would be worth {goal_value(answer, answer.worth_of_all)}"
    if best is None or _known_worth(best) <= 0.0:
        return f"{sentence}; no figure by itself would change the choice"
    return f"{sentence}; of single figures {best.figure.path} most, {goal_value(answer, best.worth)}"


def _known_worth(driver: Driver) -> float:
    """Worth of knowing a figure; 0 where it has none."""
    return 0.0 if math.isnan(driver.worth) else driver.worth


def bar(low: float, high: float, middle: float, ends: Sequence[float], characters: int) -> str:
    """Draw one bar of a tornado in characters: from low to high, with a mark at the middle.

    Examples
    --------
    >>> bar(-1.0, 3.0, 0.0, (-4.0, 4.0), 17)
    '      ██│██████  '
    """
    span = (ends[1] - ends[0]) or 1.0

    def place(value: float) -> int:
        return round((value - ends[0]) / span * (characters - 1))

    first, last, centre = place(min(low, high)), place(max(low, high)), place(middle)
    return "".join("│" if at == centre else "█" if first <= at <= last else " " for at in range(characters))
