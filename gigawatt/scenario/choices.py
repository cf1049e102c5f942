"""Section `optimise`: what may be chosen beyond the plan, and what must not be exceeded."""

from __future__ import annotations

from pydantic import Field

from gigawatt.scenario.fields import (
    AcceleratorId,
    AMonth,
    Gpus,
    Months,
    Section,
    SiteId,
    SourceId,
    Watts,
    amount,
)


class Halls(Section):
    """Halls that may be opened at a site of the scenario, beyond its power schedule, in whole numbers."""

    site: SiteId
    size: Watts  # facility power of one
    most: int = Field(ge=1, le=1000)
    start: AMonth | None = None  # first month in which one may open
    end: AMonth | None = None
    lead: Months | None = None  # groundbreaking to energised
    source: SourceId = "assumption"
    note: str = ""


class Cloud(Section):
    """Accelerators that may be rented by the hour, for training runs and serving."""

    accelerator: AcceleratorId
    price: amount("USD/h", at_least=0.0)  # type: ignore[valid-type]  # per accelerator
    most: Gpus | None = None
    start: AMonth | None = None
    end: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""


class Choices(Section):
    """What `gigawatt optimise` may choose beyond purchases and placement."""

    halls: tuple[Halls, ...] = ()
    cloud: tuple[Cloud, ...] = ()
    early_sale: bool = False  # whether accelerators may be sold before they retire
    carbon: amount("t/year", at_least=0.0) | None = None  # type: ignore[valid-type]
    water: amount("L/year", at_least=0.0) | None = None  # type: ignore[valid-type]
    power_caps: bool = True  # whether accelerators may be held to the power at which their site does most
