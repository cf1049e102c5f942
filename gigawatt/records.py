"""Frozen value types that every room shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["measured", "datasheet", "reported", "estimate", "assumption", "derived"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, its range and where it comes from.

    Attributes
    ----------
    value : float
        Central value, in `unit`.
    unit : str
        Unit symbol from `gigawatt.units`; "1" where it has none.
    low, high : float
        Range in which the sources or the author place the value; equal to `value` where none is given.
    source : str
        Id in the bibliography, or "file:line" of the scenario that set it.
    kind : str
        measured, datasheet, reported, estimate, assumption or derived.
    as_of : str
        Date of the figure, ISO 8601, as precise as known.
    page : str
        Page, table or section in the source.
    note : str
        What a reader must know to use it rightly.
    """

    value: float
    unit: str = "1"
    low: float = float("nan")
    high: float = float("nan")
    source: str = ""
    kind: Kind = "assumption"
    as_of: str = ""
    page: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.low != self.low:  # NaN: no range given
            object.__setattr__(self, "low", self.value)
        if self.high != self.high:
            object.__setattr__(self, "high", self.value)

    @property
    def is_range(self) -> bool:
        """Whether low and high differ."""
        return self.high > self.low

    def at(self, share: float) -> float:
        """Return the value at a share of the way from low to high, through the central value at one half."""
        if share <= 0.5:
            return self.low + (self.value - self.low) * share * 2.0
        return self.value + (self.high - self.value) * (share - 0.5) * 2.0

    def times(self, factor: float, unit: str | None = None) -> Quantity:
        """Return the quantity scaled, with its range, optionally in another unit."""
        return Quantity(
            self.value * factor, unit or self.unit, self.low * factor, self.high * factor,
            self.source, self.kind, self.as_of, self.page, self.note,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, written 2025-01."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read "2025-01" or "2025-01-24"; raise ValueError otherwise."""
        parts = str(text).strip().split("-")
        if len(parts) not in (2, 3) or len(parts[0]) != 4 or not all(part.isdigit() for part in parts):
            message = f'"{text}" is not a month; write it as 2025-01'
            raise ValueError(message)
        year, month = int(parts[0]), int(parts[1])
        if not 1 <= month <= 12 or not 1990 <= year <= 2100:
            message = f'"{text}" is not a month between 1990-01 and 2100-12'
            raise ValueError(message)
        return cls(year, month)

    @property
    def index(self) -> int:
        """Months since year 0, for arithmetic."""
        return self.year * 12 + self.month - 1

    def plus(self, months_count: int) -> Month:
        """Return the month `months_count` later."""
        year, month = divmod(self.index + months_count, 12)
        return Month(year, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The months of a plan, first and last included.

    Examples
    --------
    >>> axis = TimeAxis(Month(2025, 1), Month(2025, 12))
    >>> axis.months_count, axis.position(Month(2025, 3))
    (12, 2)
    """

    start: Month
    end: Month

    @property
    def months_count(self) -> int:
        """Number of months."""
        return self.end.index - self.start.index + 1

    def position(self, month: Month) -> int:
        """Index of a month on the axis; negative before it, `months_count` or more after it."""
        return month.index - self.start.index

    def labels(self) -> list[str]:
        """Months as text, 2025-01 and so on."""
        return [str(self.start.plus(step)) for step in range(self.months_count)]
