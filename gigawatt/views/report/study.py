"""The report of a study: one HTML file without script or request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gigawatt.planning.document import package_version
from gigawatt.planning.store import write_atomically
from gigawatt.planning.study import StudyAnswer
from gigawatt.units import say
from gigawatt.views import study_words as words
from gigawatt.views.figures.study import pictures
from gigawatt.views.report import page
from gigawatt.views.report.html import DISCLAIMER, NARROW_PX, WIDE_PX

ALL = 10_000  # rows of a table that is shown whole


def _tables(answer: StudyAnswer) -> list[dict[str, Any]]:
    """Every table of the report."""
    tables = [page.table("Metrics under the draws", words.bands(answer, whole=True))]
    if words.targets(answer)[1]:
        tables.append(page.table("What was announced", words.targets(answer)))
    if answer.choices:
        tables.append(page.table("Choices under the same draws", words.choices(answer), words.worth(answer)))
    tables.append(page.table("One figure at a time", words.swings(answer, ALL)))
    if answer.indices:
        tables.append(page.table("Shares of the variance", words.indices(answer)))
    tables.append(page.table("Figures that were drawn", words.drivers(answer, ALL)))
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
    headlines = [band for band in answer.bands if band.headline or band.name == answer.goal.name]
    return page.template("study.html.jinja").render(
        style=page.style(),
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
        sources=page.cited(
            (driver.figure.quantity.source for driver in answer.drivers), answer.resolved.catalogue.sources()
        ),
        disclaimer=DISCLAIMER,
        version=package_version(),
    )


def write_study(answer: StudyAnswer, path: Path) -> Path:
    """Write the report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(answer))
    return path
