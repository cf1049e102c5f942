"""Sections `installed`, `budget`, `sites`, `purchases`: what is there, may be spent, has power, is on offer."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from gigawatt.errors import UnitError
from gigawatt.records import Quantity
from gigawatt.scenario.fields import (
    AcceleratorId,
    AMonth,
    Gpus,
    Months,
    Section,
    Share,
    SiteId,
    SourceId,
    Usd,
    Watts,
    amount,
    catalogue_id,
)
from gigawatt.units import parse

MOST_BUILDINGS = 200
_TIMES = re.compile(r"^\s*(\d+)\s*[x×*]\s*(.+)$")
PowerPath = Literal["grid-new", "grid-existing", "onsite-gas", "onsite-gas-reserved", "reciprocating", "mobile-gas"]
Spares = Literal["none", "N", "N+1", "2N", "4-to-make-3", "5-to-make-4", "block-redundant"]


def read_buildings(text: str) -> tuple[int, float]:
    """Read equal buildings, "4 x 250 MW".

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of int and float
        Their number, and the facility power of each. [W]

    Raises
    ------
    ValueError
        If they cannot be read, or have no power.

    Examples
    --------
    >>> read_buildings("4 x 250 MW")
    (4, 250000000.0)
    """
    found = _TIMES.match(text)
    try:
        count, watts = (int(found[1]), parse(found[2], "W")[0]) if found else (0, 0.0)
    except UnitError as error:
        raise ValueError(str(error)) from error
    if not 1 <= count <= MOST_BUILDINGS or watts <= 0.0:
        message = f'"{text}" is no number of buildings with a power, 1 to {MOST_BUILDINGS}; write it as "4 x 250 MW"'
        raise ValueError(message)
    return count, watts


class Installed(Section):
    """Accelerators in service before the horizon starts."""

    accelerator: AcceleratorId
    count: Gpus
    since: AMonth | None = None  # mean month in which they came into service
    source: SourceId = "assumption"
    note: str = ""


class BudgetPeriod(Section):
    """Capex of a period; `year` stands for its twelve months."""

    year: int | None = Field(default=None, ge=1990, le=2100)
    start: AMonth | None = None
    end: AMonth | None = None
    capex: Usd
    other: Share | None = None  # share that buys neither AI hardware nor buildings for it
    source: SourceId = "assumption"
    note: str = ""

    @model_validator(mode="after")
    def _has_period(self) -> BudgetPeriod:
        """Ask for a year or for start and end."""
        dates = [date for date in (self.start, self.end) if date is not None]
        if len(dates) != (2 if self.year is None else 0):
            message = "the period is not clear; give either a year or both start and end"
            raise ValueError(message)
        if self.start and self.end and self.end < self.start:
            message = f"end {self.end} is before start {self.start}"
            raise ValueError(message)
        return self


class SiteUse(Section):
    """A site of the catalogue, or of your own where place, weather and so on are given in an overlay."""

    site: SiteId
    power: dict[AMonth, Watts] | None = None  # facility power energised by month, over the catalogue's
    delay: Months | None = None  # power comes so much later; buildings are paid as planned
    pue: amount("1", at_least=1.0, at_most=3.0) | None = None  # type: ignore[valid-type]  # instead of the hourly model
    electricity: amount("USD/MWh", at_least=0.0) | None = None  # type: ignore[valid-type]
    leased: bool | None = None
    construction: amount("USD/W", at_least=0.0) | None = None  # type: ignore[valid-type]
    plant: catalogue_id("plants") | None = None  # type: ignore[valid-type]
    redundancy: Spares | None = None  # spare units behind the trunk, over the plant's
    load: Literal["training", "serving", "mixed"] | None = None  # hourly shape; from the workloads where left out
    supply: Any = None  # "grid", "sized", or powers by kind of supply, each fixed, a range or "any"
    cleared: AMonth | None = None  # clearing starts: power follows a build schedule
    path: PowerPath | None = None  # how power comes, for that schedule
    buildings: str | None = None  # "4 x 250 MW", in the order in which they are begun
    source: SourceId = "assumption"
    note: str = ""

    @field_validator("buildings")
    @classmethod
    def _buildings_with_power(cls, text: str | None) -> str | None:
        """Refuse what is no number of buildings with a power."""
        if text is not None:
            read_buildings(text)
        return text

    @field_validator("supply", mode="before")
    @classmethod
    def _a_supply(cls, written: Any) -> Any:
        """Read a word, or powers by kind of supply."""
        if written is None or written in ("grid", "sized"):
            return written
        if not isinstance(written, dict) or not written:
            message = f'"{written}" is no supply; write grid, sized, or powers such as {{solar-tracking: 500 MW}}'
            raise ValueError(message)
        return {str(kind): _power_of(str(kind), power) for kind, power in written.items()}

    @model_validator(mode="after")
    def _one_schedule(self) -> SiteUse:
        """Refuse a power schedule beside a build schedule, and a price beside a supply that makes one."""
        if self.power is not None and self.built:
            message = "power and a build schedule (cleared, path, buildings) exclude each other; leave one out"
            raise ValueError(message)
        if self.electricity is not None and self.supply not in (None, "grid"):
            message = "electricity and supply both give a price; leave one out"
            raise ValueError(message)
        return self

    @property
    def built(self) -> bool:
        """Whether power follows a build schedule that is said here."""
        return any(value is not None for value in (self.cleared, self.path, self.buildings))


def _power_of(kind: str, written: Any) -> Any:
    """Read the power of a kind of supply: a quantity, or "any"."""
    if written == "any" or isinstance(written, Quantity):
        return written
    try:
        value, low, high = parse(written, "W")
    except UnitError as error:
        message = f"{kind}: {error}"
        raise ValueError(message) from error
    if low < 0.0:
        message = f'{kind}: "{written}" is below the least allowed, 0 W'
        raise ValueError(message)
    return Quantity(value, "W", low, high)


class Offer(Section):
    """An accelerator kind that can be bought."""

    accelerator: AcceleratorId
    start: AMonth | None = None  # first month of orders; the catalogue's availability where not given
    end: AMonth | None = None
    supply: amount("GPU/month", at_least=0.0) | None = None  # type: ignore[valid-type]
    share: Share | None = None  # of the hardware money while on offer; equal shares where not given
    price: amount("USD", positive=True) | None = None  # type: ignore[valid-type]  # accelerator alone
    price_change: amount("1/year", at_least=-0.9, at_most=5.0) | None = None  # type: ignore[valid-type]  # per year
    source: SourceId = "assumption"
    note: str = ""


class AnnouncedPurchase(Section):
    """An announced order, for the rule `as-announced`."""

    accelerator: AcceleratorId
    month: AMonth
    count: Gpus
    source: SourceId
    note: str = ""


class Purchases(Section):
    """How accelerators are bought."""

    rule: Literal["spend-the-budget", "as-announced", "optimise"] = "spend-the-budget"
    offer: tuple[Offer, ...] = ()
    announced: tuple[AnnouncedPurchase, ...] = ()
    delivery: Months | None = None  # order to delivery
    commissioning: Months | None = None  # delivery to online
    retire_after: Months | None = None
    power_lookahead: Months | None = None
    costs: catalogue_id("costs") = "us-2025"  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _has_what_the_rule_needs(self) -> Purchases:
        """Ask for the list that the rule reads."""
        if self.rule == "as-announced" and not self.announced:
            message = 'rule "as-announced" needs orders under announced; add them, or choose "spend-the-budget"'
            raise ValueError(message)
        if self.rule != "as-announced" and not self.offer:
            message = f'rule "{self.rule}" needs a list under offer; add one, as in {{accelerator: gb200-nvl72}}'
            raise ValueError(message)
        return self
