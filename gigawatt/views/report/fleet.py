"""The report of a simulated fleet: one HTML file without script or request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.figures import used_figures
from gigawatt.planning.fleet import FleetAnswer
from gigawatt.planning.fleet.record import fleet_record
from gigawatt.planning.store import write_atomically
from gigawatt.views import fleet_words as words
from gigawatt.views.figures.fleet import FLEET_FIGURES
from gigawatt.views.report import page
from gigawatt.views.report.html import DISCLAIMER, FULL_PX, NARROW_PX, WIDE_PX

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue

FULL_WIDTH = ("fleet-use", "fleet-jobs", "fleet-power")
CARDS = ("Utilisation", "Goodput", "Interruptions", "Waiting, median", "IT power", "Jobs")


def _pictures(answer: FleetAnswer) -> list[tuple[Any, Any, bool]]:
    """Draw each figure twice: for a page and for a phone."""
    found = []
    for name, draw in FLEET_FIGURES.items():
        full = name in FULL_WIDTH
        wide, narrow = draw(answer, FULL_PX if full else WIDE_PX), draw(answer, NARROW_PX)
        if wide is not None and narrow is not None:
            found.append((wide, narrow, full))
    return found


def render(answer: FleetAnswer, version: str, catalogue: Catalogue) -> str:
    """Write an answer as one HTML document.

    Parameters
    ----------
    answer : FleetAnswer
    version : str
        Of the package.
    catalogue : Catalogue
        For the bibliography.

    Returns
    -------
    str
        Self-contained HTML: style and pictures inline, no script, no request.
    """
    result = fleet_record(answer)
    used = used_figures(answer.figures)
    return page.template("fleet.html.jinja").render(
        style=page.style(),
        title=words.headline(result),
        lead=words.conditions(result),
        cards=[row for row in words.figures(result) if row[0] in CARDS],
        pictures=_pictures(answer),
        tables=[page.table(title[:1].upper() + title[1:], table) for title, table in words.tables(result)],
        notices=answer.notices,
        inputs=page.input_rows(used),
        sources=page.cited((item["source"] for item in used), catalogue.sources()),
        residual=f"{max(answer.result.residual_frac, 1e-15):.0e}",
        disclaimer=DISCLAIMER,
        version=version,
    )


def write_fleet_report(answer: FleetAnswer, path: Path, version: str, catalogue: Catalogue) -> Path:
    """Write the report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(answer, version, catalogue))
    return path
