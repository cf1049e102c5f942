"""The report of one site: one HTML file without script or request."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.facility import FacilityAnswer
from gigawatt.planning.facility.record import facility_record
from gigawatt.planning.figures import used_figures
from gigawatt.planning.store import write_atomically
from gigawatt.views import facility_words as words
from gigawatt.views.figures.facility import pictures
from gigawatt.views.figures.svg import STYLE, TOKENS
from gigawatt.views.report.html import DISCLAIMER, NARROW_PX, WIDE_PX

if TYPE_CHECKING:
    from jinja2 import Template

    from gigawatt.catalogue import Catalogue

CARDS = ("PUE", "Peak", "Energy a year", "Carbon a year", "Cost a year", "Accelerators")


@cache
def _template() -> Template:
    """Load the template once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gigawatt.views.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("facility.html.jinja")


def _numeric(rows: Any, column: int) -> bool:
    """Whether a column's cells begin with a digit, so that they stand to the right."""
    cells = [row[column] for row in rows if row[column] not in ("", "–")]
    return bool(cells) and all(cell[:1].isdigit() for cell in cells)


def _table(title: str, table: words.Table, note: str = "") -> dict[str, Any]:
    """Make a table of headings and rows."""
    head, rows = table
    heads = [(name, _numeric(rows, column)) for column, name in enumerate(head)]
    return {"title": title, "head": heads, "rows": rows, "note": note}


def _tables(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Every table of the report, in the order of the terminal."""
    tables = [
        _table("Power chain, from the meter to the chip", words.chain(result)),
        _table("By month", words.months(result)),
        _table(f"Watts for each {result['accelerators']['accelerator']}", words.accelerators(result)),
    ]
    if result["dynamics"]:
        tables.append(_table("What a store leaves of the swing", words.smoothing(result), words.swing_words(result)))
        if result["dynamics"]["remedies"]:
            tables.append(_table("What keeps the utility's limit", words.remedies(result)))
    if result["build"]:
        tables.append(_table("Build schedule", words.build(result), words.build_words(result)))
    if result["supply"]:
        tables.append(_table("Supply at least cost", words.supply(result)))
        head = ("of the supply", "value", "in detail")
        tables.append(_table("What the supply costs, and what binds", (head, words.supply_figures(result))))
    if result["bridge"]:
        tables.append(_table("Power until the grid comes", words.bridge(result), words.bridge_words(result)))
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
    from markupsafe import Markup

    result = facility_record(answer)
    figures = list(words.figures(result))
    used = used_figures(answer.figures)
    known = catalogue.sources()
    cited = [(name, known[name]) for name in dict.fromkeys(item["source"] for item in used) if name in known]
    css = resources.files("gigawatt.views.report").joinpath("report.css").read_text(encoding="utf-8")
    return _template().render(
        style=Markup(TOKENS + STYLE + css),
        title=words.headline(result),
        lead=words.conditions(result),
        site=result["site"]["id"],
        cards=[row for row in figures if row[0] in CARDS],
        rest=[row for row in figures if row[0] not in CARDS],
        pictures=list(zip(pictures(answer, WIDE_PX), pictures(answer, NARROW_PX), strict=True)),
        tables=_tables(result),
        notices=answer.notices,
        inputs=[
            (item["path"], f"{item['value']:.6g}", item["unit"], item["kind"], item["source"], item["as_of"])
            for item in used
        ],
        sources=cited,
        residual=f"{answer.year.residual_frac:.0e}",
        disclaimer=DISCLAIMER,
        version=version,
    )


def write_facility(answer: FacilityAnswer, path: Path, version: str, catalogue: Catalogue) -> Path:
    """Write the report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(answer, version, catalogue))
    return path
