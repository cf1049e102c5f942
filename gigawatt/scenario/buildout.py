"""Sections `installed`, `budget`, `sites`, `purchases`: what is there, may be spent, has power, is on offer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

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
    source: SourceId = "assumption"
    note: str = ""


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

    rule: Literal["spend-the-budget", "as-announced"] = "spend-the-budget"
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
        if self.rule == "spend-the-budget" and not self.offer:
            message = 'rule "spend-the-budget" needs a list under offer; add one, as in {accelerator: gb200-nvl72}'
            raise ValueError(message)
        return self
