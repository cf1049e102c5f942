"""The workbook: every table with full figures, claims, inputs with their origin, sources and checks.

A text is always written as a text, so that one that starts with "=" is no formula; formulas stand on the sheet Finance.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.plan import Plan
from gigawatt.planning.store import write_atomically
from gigawatt.views.figures.buildout import kinds_of
from gigawatt.views.figures.svg import LIGHT, colour
from gigawatt.views.report.html import DISCLAIMER
from gigawatt.views.report.xlsx_finance import finance_sheet
from gigawatt.views.tables import heading_of, unit_of_column

if TYPE_CHECKING:
    import pandas as pd

HEADER_ROWS = 2  # names, units
WIDEST_COLUMN = 48  # characters
SHEETS = {
    "months": "Build-out", "fleet": "Fleet", "purchases": "Purchases", "spend": "Spend", "power": "Power",
    "cashflow": "Cash", "revenue": "Revenue", "opex": "Opex", "assets": "Assets", "demand": "Demand",
    "training": "Training", "sites": "Sites",
}  # fmt: skip


class _Book:
    """A workbook under construction: its formats, and typed writing of cells."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.unit = book.add_format({"italic": True, "font_color": "#57606a", "bottom": 1})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.large = book.add_format({"num_format": "#,##0", "valign": "top"})
        self.small = book.add_format({"num_format": "#,##0.000", "valign": "top"})

    def put(self, sheet: Any, row: int, column: int, value: Any, style: Any = None) -> None:
        """Write a cell by its type; what is not finite stays empty, "never" where it is an infinite time."""
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value, style)
        elif hasattr(value, "__float__") and not isinstance(value, str):
            number = float(value)
            if math.isfinite(number):
                sheet.write_number(row, column, number, style or self.format_of(number))
            elif math.isinf(number):
                sheet.write_string(row, column, "never", style)
        elif value is not None:
            sheet.write_string(row, column, str(value), style)

    def format_of(self, value: float) -> Any:
        """Thousands separators for large numbers and whole ones, three decimals for others."""
        return self.large if value == round(value) or abs(value) >= 1e4 else self.small

    def table(self, name: str, heads: Sequence[str], units: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
        """Add a sheet with headings, units and rows; headings stay in sight."""
        sheet = self.book.add_worksheet(name)
        widths = [max(len(head), len(unit), 8) for head, unit in zip(heads, units, strict=True)]
        for column, (head, unit) in enumerate(zip(heads, units, strict=True)):
            sheet.write_string(0, column, head, self.head)
            sheet.write_string(1, column, unit, self.unit)
        for position, row in enumerate(rows):
            for column, value in enumerate(row):
                self.put(sheet, position + HEADER_ROWS, column, value, self.wrap if isinstance(value, str) else None)
                widths[column] = max(widths[column], len(value) if isinstance(value, str) else 12)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width + 2, WIDEST_COLUMN))
        sheet.freeze_panes(HEADER_ROWS, 1)
        return sheet

    def frame(self, name: str, frame: pd.DataFrame) -> Any:
        """Add a sheet with a frame, its columns by name so that they can be referred to."""
        columns = [str(column) for column in frame.columns]
        units = [unit_of_column(frame, column) if frame[column].dtype.kind in "fiu" else "" for column in columns]
        return self.table(name, columns, units, frame.itertuples(index=False, name=None))


def write_xlsx(plan: Plan, path: Path) -> Path:
    """Write a plan as a workbook, whole or not at all.

    Parameters
    ----------
    plan : Plan
    path : Path
        Ends in .xlsx.

    Returns
    -------
    Path
        The file written.
    """
    import xlsxwriter

    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(memory, options) as workbook:
        book = _Book(workbook)
        _summary(book, plan)
        _claims(book, plan)
        for name, title in SHEETS.items():
            if name in plan.tables and len(plan.tables[name].columns):
                sheet = book.frame(title, plan.tables[name])
                if name == "months" and len(plan.tables[name]):
                    _chart_of_gpus(book, sheet, title, plan)
                if name == "cashflow" and len(plan.tables[name]):
                    _chart_of_cash(book, sheet, title, plan)
        finance_sheet(book, plan)
        _inputs(book, plan)
        book.table(
            "Sources", ("Number", "Id", "Publisher", "Title", "Date", "Address"), ("",) * 6,
            [(place + 1, item.id, item.publisher, item.title, item.date, item.url)
             for place, item in enumerate(plan.references)],
        )  # fmt: skip
        book.table(
            "Checks", ("Balance", "Left", "Right", "Unit", "Relative residual", "Holds"), ("",) * 6,
            [(check.name, check.left, check.right, check.unit, check.residual, check.holds) for check in plan.checks],
        )  # fmt: skip
    write_atomically(path, memory.getvalue())
    return path


def _summary(book: _Book, plan: Plan) -> None:
    """Write what was asked, every headline figure, the warnings, where it comes from."""
    sheet = book.book.add_worksheet("Summary")
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 3, 18)
    sheet.set_column(4, 5, 30)
    book.put(sheet, 0, 0, plan.title, book.title)
    book.put(sheet, 1, 0, plan.question)
    for column, head in enumerate(("Figure", "Value", "P10", "P90", "Unit", "Basis")):
        book.put(sheet, 3, column, head, book.head)
    row = 4
    for metric in plan.metrics:
        for column, value in enumerate((metric.label, metric.value, metric.p10, metric.p90, metric.unit, metric.note)):
            book.put(sheet, row, column, value)
        row += 1
    row += 1
    for notice in plan.notices:
        book.put(sheet, row, 0, f"Warning: {notice.message} ({notice.code} {notice.path})")
        row += 1
    about = (("Scenario", plan.scenario_id), ("As of", plan.as_of), ("gigawatt", plan.version), ("Seed", plan.seed))
    for label, value in about:
        book.put(sheet, row, 0, label)
        book.put(sheet, row, 1, value)
        row += 1
    book.put(sheet, row + 1, 0, DISCLAIMER)


def _claims(book: _Book, plan: Plan) -> None:
    """Every claim beside what the plan finds."""
    heads = ("Claim", "Kind", "Claimed, as said", "Claimed", "Claimed, low", "Claimed, high", "Found", "Found, low",
             "Found, high", "Unit", "Verdict", "Because", "Source")  # fmt: skip
    rows = [
        (claim.label, claim.kind, claim.claimed, claim.claimed_value, claim.claimed_low, claim.claimed_high,
         claim.found, claim.found_low, claim.found_high, claim.unit, claim.verdict, claim.because, claim.source)
        for claim in plan.claims
    ]  # fmt: skip
    book.table("Claims", heads, ("",) * len(heads), rows)


def _inputs(book: _Book, plan: Plan) -> None:
    """Every input with its origin."""
    heads = ("Input", "Value with unit", "Kind", "Source", "As of", "Note")
    rows = [(item.path, item.value, item.kind, item.source, item.as_of, item.note) for item in plan.origins]
    book.table("Inputs", heads, ("",) * len(heads), rows)


def _column_ranges(sheet: str, frame: pd.DataFrame, name: str) -> tuple[list[Any], list[Any]]:
    """Cells of the months and of one column, as a chart wants them."""
    first, last = HEADER_ROWS, HEADER_ROWS + len(frame) - 1
    place = list(frame.columns).index(name)
    return [sheet, first, 0, last, 0], [sheet, first, place, last, place]


def _chart_of_gpus(book: _Book, sheet: Any, title: str, plan: Plan) -> None:
    """GPUs online by accelerator, stacked."""
    frame = plan.tables["months"]
    chart = book.book.add_chart({"type": "area", "subtype": "stacked"})
    for position, kind in enumerate(kinds_of(plan)):
        categories, values = _column_ranges(title, frame, f"gpus_{kind}")
        chart.add_series(
            {"name": kind, "categories": categories, "values": values, "fill": {"color": LIGHT[colour(position)]}}
        )
    chart.set_title({"name": "GPUs online by accelerator", "name_font": {"size": 12}})
    chart.set_y_axis({"num_format": "#,##0", "name": "GPUs", "major_gridlines": {"visible": True}})
    chart.set_size({"width": 720, "height": 360})
    sheet.insert_chart(HEADER_ROWS + len(frame) + 1, 0, chart)


def _chart_of_cash(book: _Book, sheet: Any, title: str, plan: Plan) -> None:
    """Free cash flow of the month as columns; its sum in a chart of its own."""
    frame = plan.tables["cashflow"]
    for offset, (kind, name) in enumerate((("column", "free_cash_flow_usd"), ("line", "cash_usd"))):
        if name not in frame:
            continue
        chart = book.book.add_chart({"type": kind})
        categories, values = _column_ranges(title, frame, name)
        fill = {"fill": {"color": LIGHT["1"]}} if kind == "column" else {"line": {"color": LIGHT["1"]}}
        chart.add_series({"name": heading_of(name, "USD"), "categories": categories, "values": values, **fill})
        chart.set_title({"name": heading_of(name, "USD"), "name_font": {"size": 12}})
        chart.set_y_axis({"num_format": '#,##0.0,,," B"', "name": "USD"})
        chart.set_x_axis({"label_position": "low"})
        chart.set_legend({"none": True})
        chart.set_size({"width": 560, "height": 320})
        sheet.insert_chart(HEADER_ROWS + len(frame) + 1, offset * 5, chart)
