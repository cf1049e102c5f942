"""Fill what a scenario leaves open with the catalogue's defaults, and remember where each number comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gigawatt.catalogue import Catalogue
from gigawatt.errors import Fault, ScenarioError
from gigawatt.records import Month, Quantity
from gigawatt.scenario.across import capabilities, period_of, spanning, unknown_ids
from gigawatt.scenario.buildout import Offer, Purchases
from gigawatt.scenario.faults import Parts
from gigawatt.scenario.fields import Section
from gigawatt.scenario.finance import AdsUplift, Advertising, AiServices, Engineering
from gigawatt.scenario.model import Scenario, accelerators_of
from gigawatt.scenario.read import Loaded
from gigawatt.scenario.workloads import Agents, ByHour, Demand, ServeWork, TrainWork
from gigawatt.scenario.written import dotted
from gigawatt.units import say

# section -> field -> field of the catalogue's defaults
DEFAULTS: dict[type[Section], dict[str, str]] = {
    Purchases: {
        "delivery": "delivery_months",
        "commissioning": "commissioning_months",
        "retire_after": "retirement_months",
        "power_lookahead": "power_lookahead_months",
    },
    Offer: {"price_change": "price_change_per_year"},
    TrainWork: {"sequence": "train_sequence_tokens", "batch": "train_batch_tokens"},
    Demand: {"cached": "cached_frac", "peak_to_mean": "peak_to_mean_ratio"},
    Agents: {"cached": "agent_cached_frac", "peak_to_mean": "peak_to_mean_ratio", "turns": "agent_turns_count"},
    AdsUplift: {"ramp": "revenue_ramp_months"},
    Advertising: {"ramp": "revenue_ramp_months"},
    AiServices: {"ramp": "revenue_ramp_months"},
    Engineering: {"ramp": "revenue_ramp_months"},
}


@dataclass(frozen=True, slots=True)
class Warning_:  # the builtin has the plain name
    """Something a reader should know that does not keep a plan from being made."""

    code: str
    message: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a number of the scenario comes from.

    Attributes
    ----------
    path : str
        Dotted path in the scenario.
    value : str
        In words, with its unit and range.
    unit : str
        Unit in which it is kept.
    source : str
        Id in the bibliography, "assumption", or "file:line" where the scenario names no source.
    kind : str
        reported, assumption, estimate and so on.
    as_of : str
        Date of the figure.
    note : str
        What a reader must know.
    origin : str
        "file:line", "--set", or "catalogue" for a default.
    """

    path: str
    value: str
    unit: str
    source: str
    kind: str
    as_of: str = ""
    note: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scenario with every default filled.

    Attributes
    ----------
    scenario : Scenario
        What has a default in the catalogue is no longer None.
    catalogue : Catalogue
    provenance : tuple of Provenance
        Every number of the scenario and every default used.
    warnings : tuple of Warning_
    origins : mapping
        Dotted path to "file:line".
    text : str
        The merged scenario as written.
    """

    scenario: Scenario
    catalogue: Catalogue
    provenance: tuple[Provenance, ...]
    warnings: tuple[Warning_, ...]
    origins: Mapping[str, str]
    text: str


def resolve(loaded: Loaded) -> Resolved:
    """Resolve a scenario against the catalogue.

    Parameters
    ----------
    loaded : Loaded
        As read.

    Returns
    -------
    Resolved

    Raises
    ------
    ScenarioError
        If an id is unknown or sections contradict each other; `read` has found these already for a file.
    CatalogueError
        If the catalogue lacks its defaults or holds a wrong entry.

    Examples
    --------
    >>> from gigawatt.scenario.read import read
    >>> resolved = resolve(read("meta-2025"))
    >>> resolved.scenario.purchases.delivery.unit
    'month'
    """
    catalogue, scenario = loaded.catalogue, loaded.scenario
    parts = Parts.of(scenario)
    problems = [*unknown_ids(scenario, catalogue), *spanning(parts), *capabilities(parts, catalogue)]
    if problems:
        faults = [_fault(loaded, dotted(found.path), found.problem, found.remedy) for found in problems]
        raise ScenarioError(list(dict.fromkeys(faults)))
    filled = _fill(scenario, catalogue)
    return Resolved(
        scenario=filled,
        catalogue=catalogue,
        provenance=tuple(_provenance(scenario, filled, loaded)),
        warnings=tuple(_warnings(filled, catalogue)),
        origins=loaded.origins,
        text=loaded.text,
    )


def _fault(loaded: Loaded, path: str, problem: str, remedy: str) -> Fault:
    """Return a fault at the line where a path was written."""
    file, _, line = loaded.origin(path).rpartition(":")
    return Fault(file or "scenario", int(line) if line.isdecimal() else 0, path, problem, remedy)


def _fill(scenario: Scenario, catalogue: Catalogue) -> Scenario:
    """Return the scenario with defaults in place of None."""
    defaults, reliability = catalogue.defaults, catalogue.reliability[scenario.fleet.reliability]
    filled: Scenario = _fill_section(scenario, catalogue)
    finance = filled.finance
    life = finance.useful_life
    lives = {
        "servers": life.servers or defaults.server_life_years,
        "network": life.network or defaults.network_life_years,
        "buildings": life.buildings or defaults.building_life_years,
        "other": life.other or defaults.other_life_years,
    }
    money = {
        "discount_rate": finance.discount_rate or defaults.discount_rate_frac,
        "tax": finance.tax or defaults.tax_frac,
        "resale_decline": finance.resale_decline
        or (defaults.resale_decline_frac if finance.terminal == "market" else None),
        "useful_life": life.model_copy(update=lives),
    }
    places = catalogue.checkpoints[scenario.fleet.checkpoint_tiers] if scenario.fleet.checkpoint_tiers else None
    failures = {
        "checkpoint_write": filled.fleet.checkpoint_write
        or (places.write_s if places else reliability.checkpoint_write_s),
        "restart": filled.fleet.restart or reliability.restart_s,
    }
    budget = [
        period if period.other else period.model_copy(update={"other": defaults.other_capex_frac})
        for period in filled.budget
    ]
    return filled.model_copy(
        update={
            "budget": tuple(budget),
            "finance": finance.model_copy(update=money),
            "fleet": filled.fleet.model_copy(update=failures),
        }
    )


def _fill_section(section: Any, catalogue: Catalogue) -> Any:
    """Fill a section and those in it from the table `DEFAULTS`."""
    if isinstance(section, tuple):
        return tuple(_fill_section(item, catalogue) for item in section)
    if not isinstance(section, Section):
        return section
    update: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section | tuple):
            update[name] = _fill_section(value, catalogue)
    for name, default in DEFAULTS.get(type(section), {}).items():
        follows = name == "peak_to_mean" and isinstance(section, ByHour) and section.by_hour
        if getattr(section, name) is None and not follows:
            update[name] = getattr(catalogue.defaults, default)
    if isinstance(section, ServeWork) and section.slo.availability is None:
        update["slo"] = section.slo.model_copy(update={"availability": catalogue.defaults.availability_frac})
    return section.model_copy(update=update) if update else section


def _numbers(value: Any, path: str, owner: Section | None = None) -> Iterator[tuple[str, Quantity, Section | None]]:
    """Yield path, quantity and the section that holds it, for every number of a scenario."""
    if isinstance(value, Quantity):
        yield path, value, owner
    elif isinstance(value, Section):
        for name in type(value).model_fields:
            holder = value if hasattr(value, "source") else owner
            yield from _numbers(getattr(value, name), f"{path}.{name}" if path else name, holder)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _numbers(item, f"{path}.{number}", owner)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}", owner)


def _provenance(scenario: Scenario, filled: Scenario, loaded: Loaded) -> Iterator[Provenance]:
    """Yield where each number comes from: the scenario's own, the claims', and the defaults."""
    written = {path for path, _, _ in _numbers(scenario, "")}
    for path, quantity, owner in _numbers(filled, ""):
        if path not in written:
            yield Provenance(
                path, in_words(quantity), quantity.unit, quantity.source, quantity.kind, quantity.as_of, quantity.note,
                "catalogue",
            )  # fmt: skip
            continue
        origin = loaded.origin(path)
        stated = quantity.source or (str(getattr(owner, "source", "")) if owner else "") or origin
        if origin == "--set":
            stated = "assumption"
        kind = "reported" if stated in loaded.catalogue.sources() else "assumption"
        note = quantity.note or (str(getattr(owner, "note", "")) if owner else "")
        yield Provenance(path, in_words(quantity), quantity.unit, stated, kind, str(scenario.as_of), note, origin)
    for section in ("announced", "outcome"):
        for number, claim in enumerate(getattr(scenario, section)):
            quantity, path = claim.quantity(), f"{section}.{number}.value"
            words = f"{claim.sign} {in_words(quantity)}".strip()
            when = claim.period or str(claim.at or scenario.as_of)
            yield Provenance(
                path, words, quantity.unit, claim.source, "reported", when, claim.note, loaded.origin(path)
            )


def in_words(quantity: Quantity) -> str:
    """Return a quantity with its range in words.

    Examples
    --------
    >>> in_words(Quantity(62.5e9, "USD", 60e9, 65e9))
    '62.5 B USD (60.0 B USD to 65.0 B USD)'
    """
    unit = quantity.unit
    if unit == "1" and abs(quantity.high) <= 1.0:
        quantity, unit = quantity.times(100.0, "%"), "%"
    central = say(quantity.value, unit)
    return f"{central} ({say(quantity.low, unit)} to {say(quantity.high, unit)})" if quantity.is_range else central


def _warnings(scenario: Scenario, catalogue: Catalogue) -> Iterator[Warning_]:
    """Yield what a reader should know."""
    axis = scenario.horizon.axis
    for number, use in enumerate(scenario.sites):
        entry = catalogue.sites[use.site]
        steps = use.power or {Month.parse(month): figure for month, figure in entry.facility_mw.items()}
        ordered = sorted(steps.items())
        for (_, before), (month, after) in pairwise(ordered):
            if after.value < before.value:
                message = f"the power of {use.site} falls in {month}; a schedule usually only grows."
                yield Warning_("power-falls", message, f"sites.{number}.power.{month}")
        first = next((month for month, watts in ordered if watts.value > 0.0), None)
        if not use.built and (first is None or first > axis.end):
            when = f"has its first power in {first}, after the plan's end" if first else "has no power in its schedule"
            message = f"{use.site} {when}."
            yield Warning_("power-after-the-end", message, f"sites.{number}")
        known = entry.weather in catalogue.weather_stations() or catalogue.weather_file(entry.weather)
        if not known and use.pue is None:
            message = f"{use.site} names the weather of {entry.weather}, which is not there."
            yield Warning_("no-weather", message, f"sites.{number}")
    for number, period in enumerate(scenario.budget):
        start, end = period_of(period)
        if start < axis.start or end > axis.end:
            message = f"the budget of {start}..{end} lies partly outside the plan; only the months inside count."
            yield Warning_("budget-cut", message, f"budget.{number}")
    for number, order in enumerate(scenario.purchases.announced):
        if not 0 <= axis.position(order.month) < axis.months_count:
            message = f"the order of {order.month} lies outside the plan and is left out."
            yield Warning_("order-outside", message, f"purchases.announced.{number}")
    for number, offer in enumerate(scenario.purchases.offer):
        first = offer.start or Month.parse(catalogue.accelerators[offer.accelerator].available_from)
        if first > axis.end or (offer.end and offer.end < axis.start):
            message = f"{offer.accelerator} is not on offer in any month of the plan."
            yield Warning_("offer-outside", message, f"purchases.offer.{number}")
    for number, item in enumerate(scenario.installed):
        if item.since and item.since > axis.start:
            message = f"{item.accelerator} is counted as installed from the start, though in service from {item.since}."
            yield Warning_("installed-later", message, f"installed.{number}")
    for kind in scenario.fleet.power_cap or {}:
        if kind not in accelerators_of(scenario):
            message = f"the cap of {kind} has no effect: none is installed, on offer or announced."
            yield Warning_("cap-unused", message, f"fleet.power_cap.{kind}")
    for number, line in enumerate(scenario.revenue):
        if line.start and line.start > axis.end:
            yield Warning_("revenue-outside", f"it starts in {line.start}, after the plan's end.", f"revenue.{number}")
