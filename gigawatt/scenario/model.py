"""The scenario: what a person may write, in the order in which it reads.

Facts come from the catalogue by id; a scenario says which of them are used, overrides what differs, and marks what is
assumed. Claims stand apart from inputs: the plan is checked against them and never takes them as given.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gigawatt.records import TimeAxis
from gigawatt.scenario.buildout import BudgetPeriod, Installed, Purchases, SiteUse
from gigawatt.scenario.choices import Choices
from gigawatt.scenario.claims import Claim
from gigawatt.scenario.fields import AMonth, Section, SourceId, Text
from gigawatt.scenario.finance import FinanceTerms, RevenueLine
from gigawatt.scenario.fleet import FleetTerms
from gigawatt.scenario.study import Uncertainty
from gigawatt.scenario.workloads import Workload

MAX_MONTHS = 240


class Horizon(Section):
    """First and last month of the plan."""

    start: AMonth
    end: AMonth

    @model_validator(mode="after")
    def _forwards(self) -> Horizon:
        """Refuse an end before the start and a plan of more than twenty years."""
        if self.end < self.start:
            message = f"end {self.end} is before start {self.start}"
            raise ValueError(message)
        if self.axis.months_count > MAX_MONTHS:
            months_count = self.axis.months_count
            message = f"{months_count} months are more than the {MAX_MONTHS} that a plan may have; shorten the horizon"
            raise ValueError(message)
        return self

    @property
    def axis(self) -> TimeAxis:
        """The months."""
        return TimeAxis(self.start, self.end)


class Assumption(Section):
    """Something taken as given, in words, for readers of the report."""

    text: str
    source: SourceId = "assumption"


class Scenario(Section):
    """A whole scenario file; `across` checks what spans its sections."""

    scenario: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    question: str = ""  # one line: what the plan answers
    as_of: Text
    horizon: Horizon
    announced: tuple[Claim, ...] = ()
    outcome: tuple[Claim, ...] = ()
    installed: tuple[Installed, ...] = ()
    budget: tuple[BudgetPeriod, ...] = ()
    sites: Annotated[tuple[SiteUse, ...], Field(min_length=1)]
    purchases: Purchases
    workloads: tuple[Workload, ...] = ()
    revenue: tuple[RevenueLine, ...] = ()
    fleet: FleetTerms = FleetTerms()
    finance: FinanceTerms = FinanceTerms()
    optimise: Choices = Choices()
    study: Uncertainty = Uncertainty()
    facts: tuple[Assumption, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


def accelerators_of(scenario: Scenario) -> tuple[str, ...]:
    """Return every accelerator that is installed, on offer or announced, in order of first mention."""
    mentioned = (
        [item.accelerator for item in scenario.installed]
        + [offer.accelerator for offer in scenario.purchases.offer]
        + [order.accelerator for order in scenario.purchases.announced]
    )
    return tuple(dict.fromkeys(mentioned))
