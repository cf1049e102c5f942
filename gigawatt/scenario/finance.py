"""Sections `revenue` and `finance`. The first key of a revenue line says its kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from gigawatt.scenario.fields import AMonth, Months, Section, Share, SourceId, TaxLawId, Usd, Years, amount


class AdsUplift(Section):
    """More advertising revenue: a share of what it would have been, per doubling of the compute that was installed."""

    ads_uplift: amount("1", at_least=0.0, at_most=1.0)  # type: ignore[valid-type]
    on: amount("USD/year", at_least=0.0)  # type: ignore[valid-type]
    growth: amount("1/year", at_least=-0.5, at_most=1.0) | None = None  # type: ignore[valid-type]  # of the base
    margin: Share | None = None  # share of it that is left after costs that are not in the plan
    start: AMonth | None = None
    ramp: Months | None = None
    source: SourceId = "assumption"
    note: str = ""


class Advertising(Section):
    """Advertising by its parts: users, ads shown, price; and what more compute adds to the last two."""

    advertising: amount("user", at_least=0.0)  # type: ignore[valid-type]  # daily users
    ads: amount("1/day", at_least=0.0)  # type: ignore[valid-type]  # shown to a user
    price_per_thousand: amount("USD", at_least=0.0)  # type: ignore[valid-type]
    engagement_uplift: Share | None = None  # of the ads shown, per doubling of the compute that was installed
    price_uplift: Share | None = None  # of the price, per doubling
    growth: amount("1/year", at_least=-0.5, at_most=1.0) | None = None  # type: ignore[valid-type]  # of the users
    price_change: amount("1/year", at_least=-0.95, at_most=2.0) | None = None  # type: ignore[valid-type]
    margin: Share | None = None
    start: AMonth | None = None
    ramp: Months | None = None
    source: SourceId = "assumption"
    note: str = ""


class AiServices(Section):
    """Paid services or advertising on the assistant, per user and year."""

    ai_services: amount("USD/user/year", at_least=0.0)  # type: ignore[valid-type]
    users: amount("user", at_least=0.0)  # type: ignore[valid-type]
    growth: amount("1/year", at_least=-0.5, at_most=2.0) | None = None  # type: ignore[valid-type]
    margin: Share | None = None
    start: AMonth | None = None
    ramp: Months | None = None
    source: SourceId = "assumption"
    note: str = ""


class Engineering(Section):
    """Value of the AI engineer: developer time saved."""

    engineering: amount("USD/developer/year", at_least=0.0)  # type: ignore[valid-type]
    developers: amount("developer", at_least=0.0)  # type: ignore[valid-type]
    start: AMonth | None = None
    ramp: Months | None = None
    source: SourceId = "assumption"
    note: str = ""


class TokenSales(Section):
    """Tokens that the plan serves, sold."""

    token_sales: amount("USD/token", at_least=0.0)  # type: ignore[valid-type]  # "2 USD/M token" as "2e-6 USD/token"
    price_change: amount("1/year", at_least=-0.95, at_most=2.0) | None = None  # type: ignore[valid-type]
    start: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""


class GpuRental(Section):
    """Accelerators rented out by the hour."""

    gpu_rental: amount("USD/h", at_least=0.0)  # type: ignore[valid-type]  # per accelerator
    utilisation: Share
    share: Share | None = None  # of the new fleet; all of it where not given
    price_change: amount("1/year", at_least=-0.95, at_most=2.0) | None = None  # type: ignore[valid-type]
    start: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""


class CapacityContract(Section):
    """Take-or-pay capacity, per megawatt online."""

    capacity_contract: amount("USD/MW/year", at_least=0.0)  # type: ignore[valid-type]
    basis: Literal["facility", "it"] = "facility"
    start: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""


KINDS: dict[str, type[Section]] = {
    "ads_uplift": AdsUplift,
    "advertising": Advertising,
    "ai_services": AiServices,
    "engineering": Engineering,
    "token_sales": TokenSales,
    "gpu_rental": GpuRental,
    "capacity_contract": CapacityContract,
}


def kind_of(item: Any) -> str | None:
    """Return the kind of a revenue line: the key of KINDS that it has; None when it has none or several."""
    if isinstance(item, dict):
        found = [kind for kind in KINDS if kind in item]
        return found[0] if len(found) == 1 else None
    return next((kind for kind, model in KINDS.items() if isinstance(item, model)), None)


RevenueLine = Annotated[
    Annotated[AdsUplift, Tag("ads_uplift")]
    | Annotated[Advertising, Tag("advertising")]
    | Annotated[AiServices, Tag("ai_services")]
    | Annotated[Engineering, Tag("engineering")]
    | Annotated[TokenSales, Tag("token_sales")]
    | Annotated[GpuRental, Tag("gpu_rental")]
    | Annotated[CapacityContract, Tag("capacity_contract")],
    Discriminator(
        kind_of,
        custom_error_type="revenue_kind",
        custom_error_message="a revenue line says what it is by exactly one of the keys " + ", ".join(KINDS),
    ),
]


class LifeChange(Section):
    """A later change of straight-line lives, which is prospective: book value over what remains of the new life."""

    start: AMonth
    servers: Years | None = None
    network: Years | None = None
    buildings: Years | None = None
    other: Years | None = None


class UsefulLife(Section):
    """Straight-line lives by asset class."""

    servers: Years | None = None
    network: Years | None = None
    buildings: Years | None = None
    other: Years | None = None
    change: LifeChange | None = None


class DebtTerms(Section):
    """Borrowing against capex."""

    share: Share
    interest: Share
    term: Years
    interest_only: Months | None = None
    capitalise_interest: bool = True
    dscr_min: amount("1", at_least=0.0, at_most=10.0) | None = None  # type: ignore[valid-type]
    net_debt_to_ebitda_max: amount("1", at_least=0.0, at_most=100.0) | None = None  # type: ignore[valid-type]


class LeaseTerms(Section):
    """Leases of sites, as the balance sheet shows them."""

    kind: Literal["operating", "finance"] = "operating"
    term: Years
    rate: Share | None = None
    guarantee: Share | None = None
    source: SourceId = "assumption"
    note: str = ""


class FinanceTerms(Section):
    """How money is judged."""

    discount_rate: Share | None = None
    tax: Share | None = None
    tax_law: TaxLawId | None = None
    useful_life: UsefulLife = UsefulLife()
    debt: DebtTerms | None = None
    lease: LeaseTerms | None = None
    terminal: Literal["book", "market", "none"] = "book"
    resale_decline: Share | None = None
    timing: Literal["mid", "end"] = "mid"
    scope: Literal["new", "all"] = "new"  # judge what the plan's money buys, or the whole fleet
    grant: Usd | None = None
    overhead: amount("USD/MW/year", at_least=0.0) | None = None  # type: ignore[valid-type]  # selling, head office
    source: SourceId = "assumption"
    note: str = ""
