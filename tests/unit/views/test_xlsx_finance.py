"""The sheet Finance recomputes the plan, to the cent, and follows a change as the engine does."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import openpyxl
import pytest

import gigawatt
from gigawatt.engines.finance import evaluate, with_life
from gigawatt.engines.finance.types import FinanceInputs
from gigawatt.planning import pipeline
from gigawatt.views.report.xlsx import write_xlsx
from tests.unit.views.spreadsheet import Formula, Sheet

NPV, IRR, PAYBACK, DISCOUNTED, MOIC, HOUR, TERMINAL = (f"E{row}" for row in (4, 5, 6, 7, 8, 9, 12))
RATE, TAX, SHIFT, KIND, SERVER_LIFE = "B4", "B5", "B7", "B8", "B10"
CENT = 0.01

CASES = {
    "plain": ("neocloud-20mw", ()),
    "market": ("neocloud-20mw", ("finance.terminal=market", "finance.timing=end")),
    "tax law": ("coreweave-2025", ("finance.tax_law=us-2025", "finance.terminal=book")),
    "finance lease": (
        "coreweave-2025",
        ("finance.lease.kind=finance", "finance.lease.term=5 years", "finance.lease.rate=9 %"),
    ),
    "costs only": ("sovereign-1mw", ()),
    "life changes": (
        "neocloud-20mw",
        ("finance.useful_life.change.start=2027-01", "finance.useful_life.change.servers=4 years"),
    ),
}


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory) -> tuple[Sheet, FinanceInputs]:
    """The sheet of a plan, and the inputs of the engine that the plan was made with."""
    name, changes = CASES[request.param]
    kept: list[FinanceInputs] = []
    original = pipeline.finance_document

    def keeping(prepared, outcome):
        kept.append(outcome.finance_inputs)
        return original(prepared, outcome)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "finance_document", keeping)
        plan = gigawatt.plan(name, changes, draws_count=0)
    path = write_xlsx(plan, tmp_path_factory.mktemp("finance") / "plan.xlsx")
    return Sheet(openpyxl.load_workbook(path)["Finance"]), kept[0]


def assert_equal(sheet: Sheet, inputs: FinanceInputs) -> None:
    """Every result of the sheet is the engine's."""
    result = evaluate(inputs)
    assert sheet[NPV] == pytest.approx(result.npv_usd, abs=CENT)
    assert sheet[TERMINAL] == pytest.approx(result.terminal_usd, abs=CENT)
    if len(result.irr_frac_per_year) == 1:
        assert sheet[IRR] == pytest.approx(result.irr_frac_per_year[0], abs=1e-9)
    elif "never changes sign" in result.irr_note:
        assert sheet[IRR] == "none"
    for cell, months in ((PAYBACK, result.payback_months), (DISCOUNTED, result.discounted_payback_months)):
        assert sheet[cell] == ("never" if math.isinf(months) else pytest.approx(months, abs=1e-6))
    assert sheet[MOIC] == pytest.approx(result.moic, abs=1e-9)
    assert sheet[HOUR] == pytest.approx(result.usd_per_gpu_hour, abs=1e-9)


def test_the_sheet_as_written_is_the_plan(made) -> None:
    assert_equal(*made)


def test_every_month_of_the_cash_flow_is_the_plans(made) -> None:
    sheet, inputs = made
    heads = {value: column for (row, column), value in sheet.content.items() if row == 21 and value}
    usd = evaluate(inputs).statement_usd
    for head, name in (("Revenue", "revenue"), ("Capex", "capex"), ("Tax", "unlevered_tax"), ("Free cash flow", None)):
        series = usd[name or "free_cash_flow"]
        found = [sheet.at((22 + month, heads[head])) for month in range(series.size)]
        np.testing.assert_allclose(found, series, atol=CENT, rtol=0)


@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_a_change_of_rates_follows(made, rate: float) -> None:
    sheet, inputs = made
    before = dict(sheet.content)
    sheet.change(RATE, rate)
    sheet.change(TAX, 0.3)
    sheet.change(SHIFT, 1.0)
    try:
        assert_equal(sheet, dataclasses.replace(inputs, discount_rate_frac_per_year=rate, tax_frac=0.3, timing="end"))
    finally:
        sheet.content = before
        sheet.known.clear()


@pytest.mark.parametrize("terminal", ["book", "market", "none"])
def test_a_change_of_the_terminal_value_follows(made, terminal: str) -> None:
    sheet, inputs = made
    if terminal == "market" and all(math.isnan(asset.resale_decline_frac_per_year) for asset in inputs.assets):
        pytest.skip("a plan that is not judged at market has no loss of market value")
    before = dict(sheet.content)
    sheet.change(KIND, terminal)
    try:
        assert_equal(sheet, dataclasses.replace(inputs, terminal=terminal))
    finally:
        sheet.content = before
        sheet.known.clear()


def test_a_change_of_life_follows_where_the_life_is_one(made) -> None:
    sheet, inputs = made
    if any(np.ndim(asset.life_months) for asset in inputs.assets) or inputs.tax.method != "book":
        pytest.skip("depreciation stands in numbers")
    before = dict(sheet.content)
    sheet.change(SERVER_LIFE, 36.0)
    try:
        assert_equal(sheet, with_life(inputs, ("servers",), 36))
    finally:
        sheet.content = before
        sheet.known.clear()


def test_a_factor_above_a_line_scales_it(made) -> None:
    sheet, inputs = made
    if not inputs.revenue_usd:
        pytest.skip("a plan without revenue")
    before = dict(sheet.content)
    sheet.change("C20", 0.5)  # the first revenue line
    first = next(iter(inputs.revenue_usd))
    lines = {**inputs.revenue_usd, first: 0.5 * inputs.revenue_usd[first]}
    try:
        assert_equal(sheet, dataclasses.replace(inputs, revenue_usd=lines))
    finally:
        sheet.content = before
        sheet.known.clear()


def test_the_evaluator_knows_the_order_of_operations() -> None:
    class Empty:
        def iter_rows(self):
            return []

    sheet = Sheet(Empty())
    for text, value in (
        ("2+3*4^2", 50.0), ("(2+3)*4", 20.0), ("1/(1+1)^2", 0.25), ('IF(1>2,"a","b"&3)', "b3"), ("0-2^2", -4.0),
        ("MAX(1,MIN(5,3))-INT(2.7)", 1.0), ('IFERROR(1/0,"none")', "none"),
    ):  # fmt: skip
        assert Formula(sheet, text).value() == value
