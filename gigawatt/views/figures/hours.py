"""What figures of a year's hours share: months below days, levels of one colour, means by week, order of a stack."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gigawatt.views.figures.axes import Floats
from gigawatt.views.figures.svg import Canvas

HOURS, DAYS = 24, 365
LEVELS_COUNT = 9
PALEST, DARKEST = 0.06, 1.0  # opacity of the lowest and the highest level
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS_BY_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
NARROW_PX = 480.0  # below it every other month is named
WEEKS = 52
WEEK_HOURS = 168
# What stands at the bottom of a stack first; a kind that is not here comes after them.
ORDER = ("nuclear", "ccgt", "gas", "fuel", "wind", "solar", "battery", "grid")
LEAST_SHARE_FRAC = 1e-5  # of the year's energy: less is not drawn


def opacity(level: int) -> float:
    """Opacity of a level."""
    return PALEST + (DARKEST - PALEST) * level / (LEVELS_COUNT - 1)


def month_names(canvas: Canvas, left: float, right: float, bottom: float, every: int = 1) -> None:
    """Write the months below a year of days."""
    day = 0
    for position, (name, days) in enumerate(zip(MONTHS, DAYS_BY_MONTH, strict=True)):
        x = left + (right - left) * day / DAYS
        canvas.line(x, bottom, x, bottom + 5, "axis")
        if position % every == 0:
            canvas.text(x + 3, bottom + 15, name, "m")
        day += days


def weekly(values: Floats) -> Floats:
    """Means by week; the year's last day is left out."""
    return np.asarray(values[: WEEKS * WEEK_HOURS].reshape(WEEKS, WEEK_HOURS).mean(axis=1))


def by_hour_of_week(values: Floats) -> Floats:
    """Means by week and hour of the day, shape (52, 24); the year's last day is left out."""
    return np.asarray(values[: WEEKS * WEEK_HOURS].reshape(WEEKS, -1, HOURS).mean(axis=1))


def levels(values: Floats, low: float, span: float) -> NDArray[np.int64]:
    """Level of each value between a lowest and a span above it."""
    return np.asarray(np.clip((values - low) / span * LEVELS_COUNT, 0, LEVELS_COUNT - 1), dtype=np.int64)


def rank(name: str) -> tuple[int, str]:
    """Place of a part in the stack."""
    return next((place for place, start in enumerate(ORDER) if name.startswith(start)), len(ORDER)), name


def stack_of(parts: dict[str, Floats], total: float) -> dict[str, Floats]:
    """Return weekly means of the parts that matter, from the bottom of the stack to its top."""
    shown = (name for name in sorted(parts, key=rank) if np.sum(parts[name]) > LEAST_SHARE_FRAC * total)
    return {name: weekly(parts[name]) for name in shown}


def cells(canvas: Canvas, level_XY: NDArray[np.int64], left: float, top: float, cell_x: float, cell_y: float) -> None:
    """Fill a grid of levels, columns from left to right and rows from bottom to top, one path for each level."""
    rows = level_XY.shape[1]
    runs: list[list[str]] = [[] for _ in range(LEVELS_COUNT)]
    for column, level_Y in enumerate(level_XY):
        edges = [0, *(np.flatnonzero(np.diff(level_Y)) + 1).tolist(), rows]
        x = left + column * cell_x
        for first, end in pairwise(edges):
            shape = f"M{x:.1f} {top + (rows - end) * cell_y:g}h{cell_x + 0.2:.1f}v{(end - first) * cell_y:g}H{x:.1f}z"
            runs[level_Y[first]].append(shape)
    for level, parts in enumerate(runs):
        if parts:
            canvas.path("".join(parts), "f1", opacity(level))


def level_key(canvas: Canvas, left: float, y: float, step: float, words: tuple[str, str]) -> None:
    """Draw the key of the levels with the lowest and the highest value at its ends; y is the baseline."""
    canvas.text(left, y, words[0], "m")
    for level in range(LEVELS_COUNT):
        canvas.path(f"M{left + 44 + level * step:.1f} {y - 11:.0f}h{step:.1f}v12h-{step:.1f}z", "f1", opacity(level))
    canvas.text(left + 50 + LEVELS_COUNT * step, y, words[1], "m")
