"""Section `study`: how figures are spread in `gigawatt study`, and which of them move together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gigawatt.scenario.fields import Section, SourceId, Text


class Spread(Section):
    """How one figure is spread, in place of its range in scenario or catalogue."""

    figure: str  # its path, as `gigawatt explain` and the report show it
    low: Text | None = None  # in the figure's unit; as it is where not given
    high: Text | None = None
    family: Literal["even", "triangular", "pert", "normal", "lognormal"] = "even"
    source: SourceId = "assumption"
    note: str = ""


class Correlation(Section):
    """Two figures that move together."""

    between: tuple[str, str]
    rank: float = Field(ge=-1.0, le=1.0)  # Spearman's
    source: SourceId = "assumption"
    note: str = ""


class Uncertainty(Section):
    """What `gigawatt study` draws beyond the ranges that figures have."""

    figures: tuple[Spread, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    guide_drift: Literal["none", "own-cash", "all"] = "none"  # whether budgets come out as the guides of firms did
    rental_price: Literal["moving", "steady"] = "moving"  # whether the price of rented accelerators wanders and jumps
