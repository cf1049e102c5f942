"""The report of one site: one HTML file without script or request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.facility import FacilityAnswer
from gigawatt.planning.facility.record import facility_record
from gigawatt.planning.figures import used_figures
from gigawatt.planning.store import write_atomically
from gigawatt.views import facility_words as words
from gigawatt.views.figures.facility import pictures
from gigawatt.views.report import page
from gigawatt.views.report.html import DISCLAIMER, NARROW_PX, WIDE_PX

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue

CARDS = ("PUE", "Peak", "Energy a year", "Carbon a year", "Cost a year", "Accelerators")


def _tables(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Every table of the report, in the order of the terminal."""
    tables = [
        page.table("Power chain, from the meter to the chip", words.chain(result)),
        page.table("By month", words.months(result)),
        page.table(f"Watts for each {result['accelerators']['accelerator']}", words.accelerators(result)),
    ]
    if result["dynamics"]:
        tables.append(
            page.table("What a store leaves of the swing", words.smoothing(result), words.swing_words(result))
        )
        if result["dynamics"]["remedies"]:
            tables.append(page.table("What keeps the utility's limit", words.remedies(result)))
    if result["build"]:
        tables.append(page.table("Build schedule", words.build(result), words.build_words(result)))
    if result["supply"]:
        tables.append(page.table("Supply at least cost", words.supply(result)))
        head = ("of the supply", "value", "in detail")
        tables.append(page.table("What the supply costs, and what binds", (head, words.supply_figures(result))))
    if result["bridge"]:
        tables.append(page.table("Power until the grid comes", words.bridge(result), words.bridge_words(result)))
    return tables


def render(answer: FacilityAnswer, version: str, catalogue: Catalogue) -> str:
    """Write an answer as one HTML document.

    Parameters
    ----------
    answer : FacilityAnswer
    version : str
        Of the package.
    catalogue : Catalogue
        For the bibliography.

    Returns
    -------
    str
        Self-contained HTML: style and pictures inline, no script, no request.
    """
    result = facility_record(answer)
    figures = list(words.figures(result))
    used = used_figures(answer.figures)
    return page.template("facility.html.jinja").render(
        style=page.style(),
        title=words.headline(result),
        lead=words.conditions(result),
        site=result["site"]["id"],
        cards=[row for row in figures if row[0] in CARDS],
        rest=[row for row in figures if row[0] not in CARDS],
        pictures=list(zip(pictures(answer, WIDE_PX), pictures(answer, NARROW_PX), strict=True)),
        tables=_tables(result),
        notices=answer.notices,
        inputs=page.input_rows(used),
        sources=page.cited((item["source"] for item in used), catalogue.sources()),
        residual=f"{answer.year.residual_frac:.0e}",
        disclaimer=DISCLAIMER,
        version=version,
    )


def write_facility(answer: FacilityAnswer, path: Path, version: str, catalogue: Catalogue) -> Path:
    """Write the report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(answer, version, catalogue))
    return path
