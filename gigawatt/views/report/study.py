"""The report of a study: one HTML file without script or request."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.document import package_version
from gigawatt.planning.store import write_atomically
from gigawatt.planning.study import StudyAnswer
from gigawatt.units import say
from gigawatt.views import study_words as words
from gigawatt.views.figures.study import pictures
from gigawatt.views.figures.svg import STYLE, TOKENS
from gigawatt.views.report.html import DISCLAIMER, NARROW_PX, WIDE_PX

if TYPE_CHECKING:
    from jinja2 import Template

ALL = 10_000  # rows of a table that is shown whole


@cache
def _template() -> Template:
    """Load the template once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gigawatt.views.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("study.html.jinja")


def _table(title: str, table: words.Table, note: str = "") -> dict[str, Any]:
    """Make a table of headings and rows; numbers stand to the right."""
    head, rows = table

    def numeric(column: int) -> bool:
        cells = [row[column].lstrip("+-−<>") for row in rows if row[column] not in ("", "–", "-")]
        return bool(cells) and all(cell[:1].isdigit() for cell in cells)

    return {
        "title": title,
        "head": [(name, numeric(place)) for place, name in enumerate(head)],
        "rows": rows,
        "note": note,
    }


def _tables(answer: StudyAnswer) -> list[dict[str, Any]]:
    """Every table of the report."""
    tables = [_table("Metrics under the draws", words.bands(answer, whole=True))]
    if words.targets(answer)[1]:
        tables.append(_table("What was announced", words.targets(answer)))
    if answer.choices:
        tables.append(_table("Choices under the same draws", words.choices(answer), words.worth(answer)))
    tables.append(_table("One figure at a time", words.swings(answer, ALL)))
    if answer.indices:
        tables.append(_table("Shares of the variance", words.indices(answer)))
    tables.append(_table("Figures that were drawn", words.drivers(answer, ALL)))
    return tables


def render(answer: StudyAnswer) -> str:
    """Write a study as one HTML document.

    Parameters
    ----------
    answer : StudyAnswer

    Returns
    -------
    str
        Self-contained HTML: style and pictures inline, no script, no request.
    """
    from markupsafe import Markup

    known = answer.resolved.catalogue.sources()
    cited = dict.fromkeys(driver.figure.quantity.source for driver in answer.drivers)
    css = resources.files("gigawatt.views.report").joinpath("report.css").read_text(encoding="utf-8")
    headlines = [band for band in answer.bands if band.headline or band.name == answer.goal.name]
    return _template().render(
        style=Markup(TOKENS + STYLE + css),
        title=words.headline(answer),
        lead=words.conditions(answer),
        scenario=answer.resolved.scenario.scenario,
        cards=[
            (band.label, say(band.p50, band.unit), f"{say(band.p10, band.unit)} to {say(band.p90, band.unit)}")
            for band in headlines
        ],
        pictures=list(zip(pictures(answer, WIDE_PX), pictures(answer, NARROW_PX), strict=True)),
        tables=_tables(answer),
        notes=answer.notes,
        residual=f"{answer.residual_usd:.1g}",
        sources=[(name, known[name]) for name in cited if name in known],
        disclaimer=DISCLAIMER,
        version=package_version(),
    )


def write_study(answer: StudyAnswer, path: Path) -> Path:
    """Write the report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(answer))
    return path
