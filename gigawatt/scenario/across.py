"""Checks that span sections or need the catalogue: ids exist, dates lie in the horizon, chips can do what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.abilities import cap_fault, format_fault
from gigawatt.catalogue.schema import KINDS as CATALOGUE_KINDS
from gigawatt.errors import nearest
from gigawatt.records import Month, TimeAxis
from gigawatt.scenario.buildout import BudgetPeriod, Purchases, SiteUse
from gigawatt.scenario.faults import Parts, Problem
from gigawatt.scenario.fleet import FleetTerms
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.shape import walk
from gigawatt.scenario.workloads import ResearchWork, ServeWork, TrainWork
from gigawatt.scenario.written import Path_

OWN_SOURCES = ("assumption",)  # a source that is not in the bibliography
ROUNDING = 1e-9
# weight-only formats: weights are widened before they are multiplied, so the chip needs only bf16
_MULTIPLIED_AS = {"int4": "bf16"}

Check = Callable[[Parts], Iterator[Problem]]


def unknown_ids(data: Any, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield every id that is not in the catalogue, also in parts that are otherwise wrong.

    Parameters
    ----------
    data : Any
        The scenario as written, or validated.
    catalogue : Catalogue

    Yields
    ------
    Problem
    """
    sources = catalogue.sources()
    for spot in walk(data, Scenario):
        if not spot.catalogue or not isinstance(spot.value, str):
            continue
        if spot.catalogue == "sources":
            if spot.value not in sources and spot.value not in OWN_SOURCES:
                problem = f'"{spot.value}" is not in the bibliography.'
                advice = nearest(spot.value, [*sources, *OWN_SOURCES])
                yield Problem(spot.path, problem, advice if advice.startswith("Nearest") else 'Or write "assumption".')
        elif spot.catalogue in CATALOGUE_KINDS and spot.value not in catalogue.shelf(spot.catalogue):
            shelf = catalogue.shelf(spot.catalogue)
            problem = f'"{spot.value}" is not among the {spot.catalogue} of the catalogue.'
            yield Problem(spot.path, problem, nearest(spot.value, shelf) if shelf else "")


def spanning(parts: Parts) -> Iterator[Problem]:
    """Yield what is wrong between sections.

    Parameters
    ----------
    parts : Parts
        Whatever could be read.

    Yields
    ------
    Problem
    """
    for check in (_named_once, _shares, _dates_of_offers, _dates_of_work, _dates_of_money, _counts):
        yield from check(parts)


def capabilities(parts: Parts, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield what the catalogue's chips cannot do: a number format, a power cap, an offer without a price.

    Parameters
    ----------
    parts : Parts
    catalogue : Catalogue

    Yields
    ------
    Problem
    """
    known = catalogue.accelerators
    for number, work in parts.lists.get("workloads", ()):
        path: Path_ = ("workloads", number, "precision")
        if isinstance(work, TrainWork):
            for kind in (kind for kind in work.on if kind in known):
                yield from _told(path, *format_fault(known[kind], work.precision))
        elif isinstance(work, ServeWork) and work.on in known:
            able = sorted(known[work.on].dense_flop_per_s)
            if _MULTIPLIED_AS.get(work.precision, work.precision) not in able:
                yield Problem(path, f"{work.on} does not compute in {work.precision}.", f"It has {', '.join(able)}.")
    for number, use in parts.lists.get("sites", ()):
        yield from _site_faults(("sites", number), use, catalogue)
    fleet: FleetTerms | None = parts.values.get("fleet")
    for kind, cap in ((fleet.power_cap if fleet else None) or {}).items():
        for cap_w in dict.fromkeys((cap.low, cap.high)) if kind in known else ():
            yield from _told(("fleet", "power_cap", kind), *cap_fault(known[kind], cap_w))
    purchases: Purchases | None = parts.values.get("purchases")
    for number, offer in enumerate(purchases.offer if purchases else ()):
        kind = offer.accelerator
        if offer.price is None and kind in known and known[kind].price_usd is None:
            problem = f"{kind} has no price in the catalogue."
            yield Problem(("purchases", "offer", number), problem, 'Add one, for example "price: 30 k USD".')


def _site_faults(path: Path_, use: SiteUse, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield kinds of supply that are none, and a build schedule that lacks its start or its size."""
    kinds = catalogue.shelf("supply")
    for kind in use.supply if isinstance(use.supply, dict) else ():
        if kind != "grid" and kind not in kinds:
            problem = f'"{kind}" is not among the kinds of supply of the catalogue.'
            yield Problem((*path, "supply", kind), problem, nearest(kind, [*kinds, "grid"]))
    if not use.built or use.site not in catalogue.sites:
        return
    entry = catalogue.sites[use.site]
    if use.cleared is None and not entry.cleared:
        yield Problem(path, "a build schedule does not say when it starts.", 'Add the month, "cleared: 2025-06".')
    if use.buildings is None and entry.buildings_count is None and entry.planned_mw is None:
        yield Problem(path, "a build schedule does not say what is built.", 'Add it, "buildings: 4 x 250 MW".')


def _told(path: Path_, problem: str, remedy: str) -> Iterator[Problem]:
    """Yield a fault in sentences; nothing where there is none."""
    if problem:
        yield Problem(path, f"{problem}.", f"{remedy[:1].upper()}{remedy[1:]}.")


def _named_once(parts: Parts) -> Iterator[Problem]:
    """Yield a site or an offered accelerator that is listed twice."""
    purchases: Purchases | None = parts.values.get("purchases")
    sites = [(("sites", number, "site"), use.site) for number, use in parts.lists.get("sites", ())]
    offers = [
        (("purchases", "offer", number, "accelerator"), offer.accelerator)
        for number, offer in enumerate(purchases.offer if purchases else ())
    ]
    for listed in (sites, offers):
        seen: set[str] = set()
        for path, name in listed:
            if name in seen:
                yield Problem(path, f'"{name}" is listed twice.', "Put both into one item.")
            seen.add(name)


def _shares(parts: Parts) -> Iterator[Problem]:
    """Yield shares that add up to more than the whole."""
    reserved = sum(work.reserve.value for _, work in parts.lists.get("workloads", ()) if isinstance(work, ResearchWork))
    if reserved > 1.0 + ROUNDING:
        yield Problem(("workloads",), f"the reserved shares add up to {reserved:.0%} of the fleet.", "Lower one.")
    purchases: Purchases | None = parts.values.get("purchases")
    offers = purchases.offer if purchases else ()
    shares = sum(offer.share.value for offer in offers if offer.share)
    if shares > 1.0 + ROUNDING and all(offer.start is None and offer.end is None for offer in offers):
        yield Problem(("purchases", "offer"), f"the shares add up to {shares:.0%} of the hardware money.", "Lower one.")


def _axis(parts: Parts) -> TimeAxis | None:
    """Return the plan's months where the horizon could be read."""
    horizon = parts.values.get("horizon")
    return horizon.axis if horizon else None


def _dates_of_offers(parts: Parts) -> Iterator[Problem]:
    """Yield an offer that ends before it starts."""
    purchases: Purchases | None = parts.values.get("purchases")
    for number, offer in enumerate(purchases.offer if purchases else ()):
        if offer.start and offer.end and offer.end < offer.start:
            problem = f"end {offer.end} is before start {offer.start}."
            yield Problem(("purchases", "offer", number, "end"), problem, "Write the later month under end.")


def _dates_of_work(parts: Parts) -> Iterator[Problem]:
    """Yield work that starts after the plan, and a deadline before its start."""
    axis = _axis(parts)
    for number, work in parts.lists.get("workloads", ()):
        if axis and work.start and work.start > axis.end:
            problem = f"{work.start} is after the plan's end, {axis.end}."
            yield Problem(("workloads", number, "start"), problem, "Start it earlier or extend the horizon.")
        if isinstance(work, TrainWork) and work.deadline and work.deadline < work.start:
            problem = f"deadline {work.deadline} is before start {work.start}."
            yield Problem(("workloads", number, "deadline"), problem, "Write the later month under deadline.")


def period_of(period: BudgetPeriod) -> tuple[Month, Month]:
    """Return first and last month of a budget period."""
    if period.year is not None or period.start is None or period.end is None:
        year = period.year or 0
        return Month(year, 1), Month(year, 12)
    return period.start, period.end


def _dates_of_money(parts: Parts) -> Iterator[Problem]:
    """Yield a budget outside the horizon, and a month with two."""
    axis = _axis(parts)
    taken: dict[Month, int] = {}
    for number, period in parts.lists.get("budget", ()):
        start, end = period_of(period)
        path = ("budget", number, "year" if period.year is not None else "start")
        if axis and (end < axis.start or start > axis.end):
            problem = f"{start}..{end} is outside the plan, {axis.start}..{axis.end}."
            yield Problem(path, problem, "Move the budget or the horizon.")
        months = [start.plus(step) for step in range(end.index - start.index + 1)]
        if both := [month for month in months if month in taken]:
            yield Problem(path, f"{both[0]} has a budget already.", "Let the periods follow each other.")
        taken |= dict.fromkeys(months, number)


def _counts(parts: Parts) -> Iterator[Problem]:
    """Yield a training run without accelerators or tokens, and a service that says nothing."""
    for number, work in parts.lists.get("workloads", ()):
        if isinstance(work, TrainWork):
            for kind, count in work.on.items():
                if count.value < 1.0:
                    problem = f"{count.value:g} accelerators cannot train."
                    yield Problem(("workloads", number, "on", kind), problem, 'Write a count, as in "16 k".')
            if work.tokens.value <= 0.0:
                yield Problem(("workloads", number, "tokens"), "a run over no tokens ends at once.", 'As in "15 T".')
        elif isinstance(work, ServeWork):
            what = "demand" if work.demand else "agents"
            output = (work.demand or work.agents).output  # type: ignore[union-attr]
            if output.value <= 0.0:
                problem = "nothing is generated."
                yield Problem(("workloads", number, what, "output"), problem, 'Write the tokens, as in "250".')
