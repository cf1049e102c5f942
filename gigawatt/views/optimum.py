"""An optimum on the terminal: what is bought, where it runs, what binds, which price would change it, who is worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gigawatt.planning.optimise.answer import OptimiseAnswer, Scarce
from gigawatt.planning.optimise.ask import GOALS
from gigawatt.units import say
from gigawatt.views.terminal import show_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

ROWS_SHOWN = 12
SENTENCES_SHOWN = 6
WHAT = {"npv": "NPV", "cost": "cost", "carbon": "carbon", "time": "months", "compute": "compute", "tokens": "tokens"}


def render(answer: OptimiseAnswer, report: Path | None = None) -> Group:
    """Say an optimum on a terminal.

    Parameters
    ----------
    answer : OptimiseAnswer
    report : Path, optional
        Where the report of its plan lies.

    Returns
    -------
    rich.console.Group
    """
    from rich.console import Group

    parts: list[RenderableType] = [*_heading(answer), *_bought(answer), *_placed(answer)]
    parts += [show_table(("orders", "GPUs", WHAT[answer.goal]), _rivals(answer))] if answer.rivals else []
    parts += [*_listed("what binds", _binding(answer)), *_listed("what would change it", _flips(answer))]
    parts += [*_listed("to know", answer.notes)]
    where = (
        f"report: {report}" if report else "next:   --out DIR makes the plan of this optimum, with report and workbook"
    )
    return Group(*parts, where)


def _amount(answer: OptimiseAnswer, value: float, unit: str = "") -> str:
    """Say a value of the goal, or in a unit of its own."""
    unit = unit or answer.unit
    return f"{value:.4g} {unit}".removesuffix(" x") if unit in ("x", "FLOP") else say(value, unit)


def _heading(answer: OptimiseAnswer) -> list[RenderableType]:
    """Goal, value and proof."""
    from rich.text import Text

    scenario = answer.resolved.scenario
    lines: list[RenderableType] = [Text(f"{scenario.title}: {GOALS[answer.goal]}", "bold")]
    if answer.goal == "time":
        proof = f"; not by the end of {answer.not_before}, which is proven" if answer.not_before else ""
        lines.append(f"{answer.about} is done by the end of {answer.date}{proof}")
    else:
        bound = f"none can be better than {_amount(answer, answer.bound)}"
        lines.append(f"{answer.label}: {_amount(answer, answer.value)}; {bound} (gap {100.0 * answer.gap_frac:.2f} %)")
    if math.isfinite(answer.unspent_usd):
        spent = say(answer.budget_usd - answer.unspent_usd, "USD")
        lines.append(f"spent on hardware and further halls: {spent} of {say(answer.budget_usd, 'USD')}")
    return [*lines, ""]


def _joined(answer: OptimiseAnswer) -> dict[tuple[str, str], list[float]]:
    """Join orders to quarters, or to years, until they fit a screen; accelerators and dollars by when and kind."""
    rows: dict[tuple[str, str], list[float]] = {}
    for name in (str, _quarter, _year):
        rows = {}
        for order in answer.orders:
            row = rows.setdefault((name(order.period), order.accelerator), [0.0, 0.0])
            row[0] += order.gpus
            row[1] += order.usd
        if len(rows) <= ROWS_SHOWN:
            break
    return rows


def _quarter(period: str) -> str:
    """Return the quarter of a month; a quarter is one already."""
    year, _, part = period.partition("-")
    return period if part.startswith("Q") else f"{year}-Q{(int(part) - 1) // 3 + 1}"


def _year(period: str) -> str:
    """Return the year of a period."""
    return f"in {period[:4]}"


def _bought(answer: OptimiseAnswer) -> list[RenderableType]:
    """Tell what is ordered, what opens and what is rented."""
    joined = _joined(answer).items()
    cells = [(when, kind, f"{gpus:,.0f}", say(usd, "USD")) for (when, kind), (gpus, usd) in joined]
    tables: list[RenderableType] = ["nothing is bought"]
    if cells:
        tables = [show_table(("ordered", "accelerator", "GPUs", "cost"), cells)]
    if answer.openings:
        halls = [(o.period, o.site, o.halls, f"{o.mw:,.0f} MW", say(o.usd, "USD")) for o in answer.openings]
        tables.append(show_table(("opens", "site", "halls", "facility power", "cost"), halls))
    if answer.cloud:
        rented = [(t.period, t.accelerator, f"{t.gpus:,.0f}") for t in answer.cloud[:ROWS_SHOWN]]
        tables.append(show_table(("rented", "accelerator", "GPUs"), rented))
    return tables


def _placed(answer: OptimiseAnswer) -> list[RenderableType]:
    """Where what is bought runs, in the period in which most of it does."""
    by_period: dict[str, float] = {}
    for place in answer.placements:
        by_period[place.period] = by_period.get(place.period, 0.0) + place.bought_gpus
    if not any(by_period.values()):
        return []
    fullest = max(by_period, key=lambda period: by_period[period])
    rows = [
        (
            p.site,
            p.accelerator,
            f"{p.power_cap_w:,.0f} W" if p.power_cap_w else "none",
            f"{p.bought_gpus:,.0f}",
            f"{p.bought_gpus * p.it_mw / (p.bought_gpus + p.installed_gpus):,.1f} MW",
        )
        for p in answer.placements
        if p.period == fullest and p.bought_gpus >= 0.5
    ]
    return [show_table((f"in {fullest} at", "runs", "power cap", "GPUs", "IT"), rows)]


def _rivals(answer: OptimiseAnswer) -> list[tuple[str, str, str]]:
    """Set the optimum beside what others achieve."""
    total = sum(order.gpus for order in answer.orders)
    rows = [("this optimum", f"{total:,.0f}", _amount(answer, answer.value))]
    for rival in answer.rivals:
        found = f"impossible: {rival.why}" if rival.why else _amount(answer, rival.value)
        rows.append((rival.name, f"{rival.gpus:,.0f}", found))
    return rows


def _listed(title: str, sentences: Sequence[str]) -> list[RenderableType]:
    """Sentences under a title; nothing where there are none."""
    from rich.table import Table
    from rich.text import Text

    if not sentences:
        return []
    listed = Table.grid(padding=(0, 1, 0, 0))
    for sentence in sentences:
        listed.add_row("-", Text(sentence))
    return [Text(title, "bold"), listed, ""]


def _binding(answer: OptimiseAnswer) -> list[str]:
    """Tell what binds: of each sort and place the most valuable period."""
    best: dict[tuple[str, str], Scarce] = {}
    for item in answer.scarce:
        known = best.get((item.what, item.where))
        if known is None or _most(item) > _most(known):
            best[item.what, item.where] = item
    ranked = sorted(best.values(), key=lambda item: -_most(item) * item.amount)
    if not ranked:
        return ["nothing: more money, power or supply would change nothing"]
    return [_sentence(answer, item) for item in ranked[:SENTENCES_SHOWN]]


def _most(item: Scarce) -> float:
    """Return the larger of what one unit is worth in its period and to the end."""
    return item.worth_onward if math.isfinite(item.worth_onward) else item.worth


def _sentence(answer: OptimiseAnswer, item: Scarce) -> str:
    """Say one thing that binds and what more of it is worth."""
    worth = _amount(answer, _most(item) * item.amount, answer.worth_unit)
    if item.what == "power":
        more = say(item.amount, "W")
        return f"power of {item.where}: {more} more from {item.when} on are worth up to {worth}"
    if item.what == "look-ahead":
        return f"power in time for orders: {say(item.amount, 'W')} more from {item.when} on are worth up to {worth}"
    if item.what == "supply":
        return f"supply of {item.where}: {item.amount:,.0f} more in {item.when} are worth up to {worth}"
    if item.what == "budget":
        return f"budget: one dollar more in {item.when} is worth {_amount(answer, _most(item), answer.worth_unit)}"
    if item.what in ("run", "pool"):
        return f"{item.where}: a hundredth of it less is worth up to {worth}"
    return f"limit on {item.what}: one {item.per} more is worth up to {worth}"


def _flips(answer: OptimiseAnswer) -> list[str]:
    """At which price another accelerator would be bought."""
    found = []
    for flip in answer.flips:
        if flip.below_accelerator_usd > 0.0:
            at = f"below {say(flip.below_accelerator_usd, 'USD')} each"
            all_in = f"all in {say(flip.below_usd, 'USD')}, it costs {say(flip.price_usd, 'USD')}"
            found.append(f"{flip.accelerator} would be bought {at} in {flip.when} ({all_in})")
        else:
            found.append(f"{flip.accelerator} would not be bought even for nothing: what goes with it costs too much")
    return found[:SENTENCES_SHOWN]
