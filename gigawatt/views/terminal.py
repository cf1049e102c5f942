"""The terminal: one screen for a plan, and a table for every other verb. Colour never carries a meaning alone."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gigawatt.planning.plan import ClaimCheck, Metric, Plan
from gigawatt.records import Month
from gigawatt.units import say
from gigawatt.views.figures.axes import month_short
from gigawatt.views.figures.buildout import LIMITS, column, limit_runs, months_of
from gigawatt.views.figures.spark import sparkline
from gigawatt.views.headlines import (
    VERDICTS,
    announced_beside,
    claimed_words,
    headlines,
    limit_counts,
    method_words,
    verdict_counts,
)
from gigawatt.views.tables import band_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

NARROWEST, WIDEST = 60, 120  # characters
QUESTION_LINES = 2
MOST_LINES = 23  # so that the prompt still fits on a screen of 24
NPV = "finance.npv_usd"
CLAIMS_SHOWN = 3
LABEL_CHARACTERS = 27  # a figure's label keeps these before what was announced is cut
QUARTER_MONTHS = 3
WHOLE_NAME_CHARACTERS = 22  # names up to this length in a first column are not broken
SERIES = (("GPUs online", "gpus_online", "GPU"), ("Facility power", "facility_mw", "MW"), ("Cash", "cash_usd", "USD"))
VERDICT_STYLES = {"agrees": "green", "differs": "yellow", "cannot be": "red", "not modelled": "dim"}
_NUMBER = re.compile(r"^[+\-−~<>]?\s?[\d.,]+(e[+-]?\d+)?(\s|%|$|[(–])")


def console(*, aside: bool = False) -> Console:
    """Return a console on standard output, or standard error; NO_COLOR and a pipe turn colour off."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, stderr=aside)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> Table:
    """Make a table for the terminal: text to the left, numbers to the right, nothing read as markup.

    Parameters
    ----------
    headings : sequence of str
    rows : sequence of sequence
        Cells are shown by `str`; a column of which every filled cell starts with a number is right-aligned.
    title : str
        Above the table.

    Returns
    -------
    rich.table.Table
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD, title=Text(title, "bold") if title else None, title_justify="left", pad_edge=False
    )
    for position, heading in enumerate(headings):
        cells = [str(row[position]) for row in rows]
        filled = [cell for cell in cells if cell not in ("", "-", "–")]
        numeric = bool(filled) and all(_NUMBER.match(cell) for cell in filled)
        names = position == 0 and not any(" " in cell or len(cell) > WHOLE_NAME_CHARACTERS for cell in cells)
        table.add_column(Text(heading), justify="right" if numeric else "left", overflow="fold", no_wrap=names)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def render(plan: Plan, width: int = 80, *, colour: bool = True, report: Path | str | None = None) -> Text:
    """Say a plan on one screen of 24 rows.

    Parameters
    ----------
    plan : Plan
    width : int
        Of the terminal, from 60; wider than 120 is not used. [characters]
    colour : bool
        False leaves every style out.
    report : Path or str or None
        Where the report lies.

    Returns
    -------
    rich.text.Text
        At most 23 lines, so that the prompt still fits below.
    """
    from rich.text import Text

    room = min(max(width, NARROWEST), WIDEST)
    run = plan.scenario_id if report is None else Path(report).parent
    sure = _sureness(plan, room)
    lines = [
        *_heading(plan, room),
        *_figures(plan, room),
        Text(),
        *_series(plan, room),
        _limit(plan, room),
        Text(),
        *sure,
        Text(_cut(method_words(plan), room), "dim"),
        *([Text.assemble(("report: ", "dim"), str(report))] if report is not None else []),
        Text.assemble(("next:   ", "dim"), _cut(f"gigawatt explain {_asked_first(plan)} {run}", room - 8)),
    ]
    if len(lines) > MOST_LINES and len(sure) > 1:  # what was found how stands before the claim that fares best
        lines.remove(sure[-1])
    text = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text if colour else Text(text.plain, no_wrap=True, overflow="ellipsis")


def _asked_first(plan: Plan) -> str:
    """Name of the figure that a reader would ask about first: the money, else the first on the screen."""
    names = [metric.name for metric in headlines(plan)]
    return NPV if NPV in names else names[0] if names else ""


def _cut(words: str, room: int) -> str:
    """Shorten a text to a width in cells, with an ellipsis."""
    flat = " ".join(words.split())
    return flat if len(flat) <= room else flat[: max(room - 1, 0)].rstrip() + "…"


def _heading(plan: Plan, room: int) -> list[Text]:
    """Title and question, what was asked."""
    import textwrap

    from rich.text import Text

    as_of = f"as of {plan.as_of}"
    title = _cut(plan.title, room - len(as_of) - 2)
    asked = textwrap.wrap(" ".join(plan.question.split()), room, max_lines=QUESTION_LINES, placeholder="…")
    return [
        Text.assemble((title, "bold"), " " * (room - len(title) - len(as_of)), (as_of, "dim")),
        *(Text(line, "dim") for line in asked),
        Text(),
    ]


def _figures(plan: Plan, room: int) -> list[Text]:
    """Put the headline figures in columns: label, value, band, what was announced."""
    from rich.text import Text

    rows = [
        (
            metric.label,
            say(metric.value, metric.unit),
            _bare_band(metric),
            announced_beside(plan, metric).removeprefix("announced "),
        )
        for metric in headlines(plan)
    ]
    heads = ("", "found", "P10–P90", "announced")
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(4)]
    label = min(max(room - sum(widths[1:]) - 6, LABEL_CHARACTERS), widths[0])
    said = max(room - label - widths[1] - widths[2] - 6, 0)
    lines = []
    for position, (name, value, band, announced) in enumerate([heads, *rows]):
        head = position == 0
        if len(announced) > said:  # the value beside it says the noun
            announced = announced.removesuffix(f" {value.rpartition(' ')[2]}")
        lines.append(
            Text.assemble(
                _cut(name, label).ljust(label),
                "  ",
                (value.rjust(widths[1]), "dim" if head else "bold"),
                "  ",
                (band.rjust(widths[2]), "dim"),
                "  ",
                (_cut(announced, said), "dim" if head else ""),
            )
        )
    return lines


def _bare_band(metric: Metric) -> str:
    """Say a band without the words that the value beside it says already: unit, or noun and multiplier apart."""
    low, _, high = band_words(metric.p10, metric.p90, metric.unit).partition(" to ")
    unit = say(metric.value, metric.unit).partition(" ")[2]
    if not unit or not high.endswith(f" {unit}") or " " in low:
        noun = unit.rpartition(" ")[2] if " " in unit else unit
        if not noun or not high.endswith(noun) or (" " in low and not low.endswith(noun)):
            return " to ".join(side for side in (low, high) if side)
        unit = noun
    return f"{low.removesuffix(unit).rstrip()} to {high.removesuffix(unit).rstrip()}"


def _series(plan: Plan, room: int) -> list[Text]:
    """Draw a sparkline a quarter for each of the main series, with its first and last value."""
    from rich.text import Text

    months = months_of(plan)
    ends = [place for place, month in enumerate(months) if Month.parse(month).month % QUARTER_MONTHS == 0]
    lines = []
    for words, name, unit in SERIES:
        values = column(plan, name)
        shown = [float(values[place]) for place in ends] or [float(values[-1])]
        tail = f"{say(float(values[0]), unit)} to {say(float(values[-1]), unit)}, {month_short(months[-1])}"
        spark = sparkline(shown)[-(room - 16 - len(tail) - 2) :]
        lines.append(Text.assemble(words.ljust(16), (spark, "cyan"), "  ", (tail, "dim")))
    return lines


def _limit(plan: Plan, room: int) -> Text:
    """Say what limits growth, as runs of months; a short count where the runs are too many for a line."""
    from rich.text import Text

    months, runs = months_of(plan), limit_runs(plan)
    words = ", ".join(f"{LIMITS.get(limit, limit).lower()} to {month_short(months[last])}" for limit, _, last in runs)
    if len(words) > room - 16:
        parts = [f"{LIMITS.get(name, name).lower()} {count}" for name, count in limit_counts(plan)]
        words = ", ".join(parts) + f" of {len(months)} months"
    return Text.assemble("What limits it".ljust(16), _cut(words, room - 16))


def _sureness(plan: Plan, room: int) -> list[Text]:
    """Claims by verdict, balances and warnings in a line, then the claims that fare worst."""
    from rich.text import Text

    held = sum(check.holds for check in plan.checks)
    parts = [f"{len(plan.claims)} claims: {verdict_counts(plan.claims)}"] if plan.claims else []
    parts += [f"{held} of {len(plan.checks)} balances hold"]
    if plan.notices:
        parts.append(f"{len(plan.notices)} {'warning' if len(plan.notices) == 1 else 'warnings'}")
    lines = [Text(_cut("; ".join(parts), room))]
    order = {"cannot be": 0, "differs": 1, "agrees": 2, "not modelled": 3}
    worst_first = sorted(plan.claims, key=lambda claim: order[claim.verdict])
    lines += [_claim_line(claim, room) for claim in worst_first[:CLAIMS_SHOWN]]
    return lines


def _claim_line(claim: ClaimCheck, room: int) -> Text:
    """One claim: verdict, label, claimed, found."""
    from rich.text import Text

    found = f"found {say(claim.found, claim.unit)}" if math.isfinite(claim.found) else "not computed"
    tail = f"{claimed_words(claim)}, {found}"
    kind = "outcome, " if claim.kind == "outcome" else ""
    label = _cut(kind + claim.label, max(room - 16 - len(tail) - 2, 12))
    mark = f"{VERDICTS[claim.verdict][0]} {claim.verdict}".ljust(16)
    return Text.assemble(
        (mark, VERDICT_STYLES[claim.verdict]), f"{label}: ", (_cut(tail, room - 18 - len(label)), "dim")
    )
