"""Axes of time and value: scales, ticks, grid, marks and labels at the end of a series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.records import Month
from gigawatt.units import say, three_digits
from gigawatt.views.figures.svg import FONT_PX, LINE_PX, Canvas, text_width

Floats = NDArray[np.float64]
NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December")  # fmt: skip
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # of a power of ten, between two ticks
QUARTER_MONTHS = 3
QUARTER_PX = 26.0  # least room between two quarter labels
FOOT_PX, FOOT_YEARS_PX = 36.0, 24.0  # room below the axis: quarters and years, years only
YEAR_PX = 42.0  # least room between two year labels


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values from at or below low to at or above high, zero among them where the range holds it.

    Examples
    --------
    >>> ticks(0.0, 1.31e6)
    [0.0, 500000.0, 1000000.0, 1500000.0]
    """
    span = (high - low) or abs(high) or 1.0
    size = 10.0 ** math.floor(math.log10(span / wanted))
    step = next(size * factor for factor in STEPS if size * factor >= span / wanted * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * position for position in range(first, last + 1)]


def scaled(highest: float, unit: str) -> tuple[float, str]:
    """Return divisor and unit in words for an axis that reaches `highest`.

    Examples
    --------
    >>> scaled(1.31e6, "GPU"), scaled(2830.0, "MW"), scaled(-51.5e9, "USD")
    ((1000000.0, 'M GPUs'), (1000.0, 'GW'), (1000000000.0, 'B USD'))
    """
    if not math.isfinite(highest) or highest == 0:
        return 1.0, say(0.0, unit).partition(" ")[2]
    number, _, words = say(highest, unit).partition(" ")
    return 10.0 ** round(math.log10(highest / float(number.replace(",", "")))), words


def tick_text(value: float, step: float) -> str:
    """Write a tick with the decimals that its step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    if decimals == 0 and step % 1 > 1e-9:
        decimals = 1
    return f"{value:,.{decimals}f}".replace("-", "−")


def month_words(month: str) -> str:
    """Say a month: "December 2027"; another text stays as it is."""
    try:
        parsed = Month.parse(month)
    except ValueError:
        return month
    return f"{NAMES[parsed.month - 1]} {parsed.year}"


def month_short(month: str) -> str:
    """Say a month in eight characters: "Dec 2027"."""
    words = month_words(month)
    return f"{words[:3]} {words[-4:]}" if words != month else month


@dataclass(slots=True)
class Frame:
    """The plot area: months from left to right, a value upwards.

    Attributes
    ----------
    canvas : Canvas
    left, right, top, bottom : float
        Edges. [px]
    count : int
        Months.
    low, high : float
        Of the value axis.
    """

    canvas: Canvas
    left: float
    right: float
    top: float
    bottom: float
    count: int
    low: float
    high: float

    def x(self, position: float) -> float:
        """Place of the middle of a month, by its position."""
        return self.left + (position + 0.5) * (self.right - self.left) / max(self.count, 1)

    def y(self, value: float) -> float:
        """Place of a value."""
        return self.bottom - (value - self.low) / ((self.high - self.low) or 1.0) * (self.bottom - self.top)

    def points(self, values: Floats) -> list[tuple[float, float]]:
        """Places of a series, one value a month."""
        return [(self.x(position), self.y(float(value))) for position, value in enumerate(values)]

    def area(self, lower: Floats, upper: Floats, style: str, words: str = "") -> None:
        """Fill between two series; where one is missing nothing is drawn."""
        good = np.isfinite(lower) & np.isfinite(upper)
        if good.any():
            there = [place for place, fine in zip(self.points(upper), good, strict=True) if fine]
            back = [place for place, fine in zip(self.points(lower), good, strict=True) if fine]
            self.canvas.polygon([*there, *reversed(back)], f"{style} edge", words)

    def line(self, values: Floats, style: str) -> None:
        """Draw a series."""
        self.canvas.polyline(self.points(values), style)

    def bars(self, values: Floats, style: str, months: Sequence[str], unit: str) -> None:
        """Draw a bar a month from zero."""
        width = (self.right - self.left) / max(self.count, 1)
        gap = min(2.0, width * 0.2)
        for position, value in enumerate(values):
            if math.isfinite(value) and value != 0:
                top, foot = sorted((self.y(float(value)), self.y(0.0)))
                hint = f"{month_words(months[position])}: {say(float(value), unit)}"
                self.canvas.rect(self.x(position) - width / 2 + gap / 2, top, width - gap, foot - top, style, hint)

    def value_axis(self, marks: Sequence[float], divisor: float, words: str = "") -> None:
        """Draw the grid with its numbers; `words` name the unit above the axis."""
        step = (marks[1] - marks[0]) / divisor if len(marks) > 1 else 1.0
        for mark in marks:
            y = self.y(mark)
            self.canvas.line(self.left, y, self.right, y, "axis" if mark == 0 else "grid")
            self.canvas.text(self.left - 6, y + 4, tick_text(mark / divisor, step), "m", "end")
        if words:
            self.canvas.text(0, self.top - 10, words, "m")

    def month_axis(self, months: Sequence[str]) -> None:
        """Draw a tick a quarter, years in words, and quarters too where there is room."""
        width = (self.right - self.left) / max(self.count, 1)
        quarters = width * QUARTER_MONTHS >= QUARTER_PX
        year_x = -YEAR_PX
        for position, label in enumerate(months):
            month = Month.parse(label)
            if (month.month - 1) % QUARTER_MONTHS:
                continue
            x = self.x(position) - width / 2
            year_starts = month.month == 1
            self.canvas.line(x, self.bottom, x, self.bottom + (7 if year_starts else 4), "axis")
            if quarters and x + QUARTER_PX <= self.right + width:
                name = f"Q{(month.month - 1) // QUARTER_MONTHS + 1}"
                self.canvas.text(x + width * QUARTER_MONTHS / 2, self.bottom + 15, name, "m", "middle")
            if (year_starts or position < QUARTER_MONTHS) and x - year_x >= YEAR_PX and x + YEAR_PX <= self.right + 14:
                year_x = x
                self.canvas.text(x + 3, self.bottom + (31 if quarters else 18), str(month.year), "m")

    def flag(self, position: float, value: float, words: Sequence[str], style: str = "") -> None:
        """Mark an announced figure at its date: a ring with words beside it, on the side that has room."""
        x, y = self.x(position), self.y(value)
        widest = max(text_width(line) for line in words)
        left_side = x - self.left > widest + 12
        for row, line in enumerate(words):
            at = y + 4 + (row - (len(words) - 1) / 2) * (FONT_PX + 2)
            anchor = "end" if left_side else "start"
            self.canvas.text(x + (-10 if left_side else 10), at, line, f"{style} halo".strip(), anchor)
        self.canvas.dot(x, y, 5, "paper", " ".join(words))

    def end_labels(self, labels: Sequence[tuple[float, str, str]]) -> None:
        """Write labels at the right end, each at its value, moved apart where they would touch.

        Each is (value, words, style of its swatch).
        """
        wanted = sorted(((self.y(value), words, style) for value, words, style in labels), key=lambda label: label[0])
        places: list[float] = []
        for y, _, _ in wanted:
            places.append(max(y + 4, places[-1] + LINE_PX if places else -math.inf))
        overflow = (places[-1] - self.bottom - 4) if places else 0.0
        for position in range(len(places) - 1, -1, -1):
            places[position] -= max(overflow, 0.0)
            overflow = 0.0 if position == 0 else places[position - 1] + LINE_PX - places[position]
        for place, (_, words, style) in zip(places, wanted, strict=True):
            self.canvas.swatch(self.right + 8, place, style)
            self.canvas.text(self.right + 21, place, words)


def frame(
    canvas: Canvas, width: float, height: float, count: int, span: tuple[float, float], labels: Sequence[str] = (),
    *, top: float = 26.0, foot: float | None = None, left: float = 0.0, wanted: int = 4, gutter: float = 50.0,
) -> tuple[Frame, list[float]]:  # fmt: skip
    """Lay out a plot area and its ticks: room on the left for numbers, on the right for the longest label."""
    marks = ticks(span[0], span[1], wanted)
    right = width - (max((text_width(words) for words in labels), default=-14.0) + 24.0)
    if foot is None:
        foot = FOOT_PX if (right - left - gutter) / max(count, 1) * QUARTER_MONTHS >= QUARTER_PX else FOOT_YEARS_PX
    return Frame(canvas, left + gutter, right, top, height - foot, count, marks[0], marks[-1]), marks


def number(value: float) -> str:
    """Write a bare number of three digits, with a true minus sign."""
    return three_digits(value).replace("-", "−")
