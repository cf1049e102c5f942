"""What the pages of all reports share: templates, style, tables of words, what is cited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from gigawatt.views.figures.svg import STYLE, TOKENS

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

EMPTY = ("", "–", "-")  # cells that say nothing of a column
SIGNS = "+-−<>"  # what may stand before a number


def is_link(url: str) -> bool:
    """Whether a source's address may be followed from a page."""
    return url.startswith(("https://", "http://"))


@cache
def template(name: str) -> Template:
    """Load a template of this room, once; what it names and is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gigawatt.views.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["is_link"] = is_link
    return environment.get_template(name)


def style(more: str = "") -> Markup:
    """Return the style of a page, with what one page has more."""
    from markupsafe import Markup

    css = resources.files("gigawatt.views.report").joinpath("report.css").read_text(encoding="utf-8")
    return Markup(TOKENS + STYLE + css + more)


def table(title: str, words: tuple[Sequence[str], Sequence[Sequence[str]]], note: str = "") -> dict[str, Any]:
    """Make a table of headings and rows; columns of numbers stand to the right.

    Parameters
    ----------
    title : str
    words : tuple
        Headings, and rows of as many cells.
    note : str
        Above the table.

    Returns
    -------
    dict
        title, head (name and whether it is a column of numbers), rows, note.
    """
    head, rows = words

    def numeric(column: int) -> bool:
        cells = [row[column].lstrip(SIGNS) for row in rows if row[column] not in EMPTY]
        return bool(cells) and all(cell[:1].isdigit() for cell in cells)

    heads = [(name, numeric(column)) for column, name in enumerate(head)]
    return {"title": title, "head": heads, "rows": rows, "note": note}


def input_rows(used: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return figures that an answer drew on as rows: path, value, unit, kind, source, date."""
    return [
        (item["path"], f"{item['value']:.6g}", item["unit"], item["kind"], item["source"], item["as_of"])
        for item in used
    ]


def cited(names: Iterable[str], known: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the sources named that the bibliography has, in order of first use."""
    return [(name, known[name]) for name in dict.fromkeys(names) if name in known]
