"""The workbook reads back with equal numbers, and a text is never a formula."""

from __future__ import annotations

import math

import openpyxl
import pytest

from gigawatt.views.report.xlsx import HEADER_ROWS, SHEETS, write_xlsx
from tests.unit.views.sample import sample_plan

PLAN = sample_plan(hostile=True)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return openpyxl.load_workbook(write_xlsx(PLAN, tmp_path_factory.mktemp("book") / "plan.xlsx"))


def test_has_a_sheet_for_every_table_and_the_rest(book):
    assert set(book.sheetnames) == {*SHEETS.values(), "Summary", "Claims", "Inputs", "Sources", "Checks"}
    assert set(SHEETS) == set(PLAN.tables)


@pytest.mark.parametrize("name", SHEETS)
def test_every_number_reads_back_equal(book, name):
    frame, sheet = PLAN.tables[name], book[SHEETS[name]]
    assert [cell.value for cell in sheet[1]] == list(frame.columns)
    assert sheet.max_row == len(frame) + HEADER_ROWS
    for position, row in enumerate(frame.itertuples(index=False, name=None)):
        for column, value in enumerate(row):
            found = sheet.cell(position + HEADER_ROWS + 1, column + 1).value
            if isinstance(value, float) and math.isnan(value):
                assert found is None
            elif isinstance(value, str):
                assert (found or "") == value
            else:
                assert found == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("name", SHEETS.values())
def test_headers_are_frozen_and_units_stand_below_names(book, name):
    assert book[name].freeze_panes == "B3"
    units = {cell.value for cell in book[name][2]} - {None}
    assert units or name in ("Revenue",)


def test_units_are_right(book):
    names = {cell.value: book["Build-out"].cell(2, cell.column).value for cell in book["Build-out"][1]}
    assert names["capex_usd"] == "USD"
    assert names["it_mw"] == "MW"
    assert names["water_l"] == "L"
    assert names["gpus_waiting"] == "GPU"


def test_no_cell_outside_finance_is_a_formula_and_none_is_a_link(book):
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
    assert book["Training"].cell(HEADER_ROWS + 1, 1).value.startswith("=HYPERLINK")
    assert book["Inputs"].cell(HEADER_ROWS + 4, 6).value == "=2+5"


def test_claims_and_sources_are_complete(book):
    assert [row[0] for row in book["Claims"].iter_rows(min_row=3, values_only=True)] == [c.label for c in PLAN.claims]
    assert [row[1] for row in book["Sources"].iter_rows(min_row=3, values_only=True)] == [r.id for r in PLAN.references]
    assert [row[5] for row in book["Checks"].iter_rows(min_row=3, values_only=True)] == [c.holds for c in PLAN.checks]


def test_an_infinite_time_is_never(book):
    rows = {row[0]: row[1] for row in book["Summary"].iter_rows(min_row=5, max_col=2, values_only=True)}
    assert rows["Payback"] == "never"


def test_native_charts_stand_on_build_out_and_cash(book):
    assert len(book["Build-out"]._charts) == 1
    assert len(book["Cash"]._charts) == 2
