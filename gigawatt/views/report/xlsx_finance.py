"""The sheet Finance: cells to change, the months in formulas, and NPV, IRR and payback that follow them.

Figures of the plan stand in it as numbers: revenue and cost by line, capex and what enters service by class. What
follows from them is a formula, so that an analyst can change a rate, a life or a line and see the result. Financing
stays on the sheet Cash. Each result holds the plan's own value too, for programs that do not compute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gigawatt.planning.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

SHEET = "Finance"
TITLE_ROW, TERMS_ROW, FACTOR_ROW, HEAD_ROW = 0, 3, 19, 20  # counted from 0
FIRST_ROW = HEAD_ROW + 1
RESULT_COLUMN = 4
NEEDED = ("revenue", "opex", "assets", "cashflow")
HALF_CENT = "0.005"


@dataclass(frozen=True, slots=True)
class _Term:
    """A cell that can be changed."""

    key: str
    label: str
    value: Any
    note: str


class _Sheet:
    """The sheet under construction: where each column stands."""

    def __init__(self, book: Any, plan: Plan) -> None:
        self.book, self.plan = book, plan
        self.sheet = book.book.add_worksheet(SHEET)
        self.count = len(plan.tables["cashflow"])
        self.last_row = FIRST_ROW + self.count - 1
        self.columns: dict[str, int] = {}
        self.cells: dict[str, str] = {}
        self.change = book.book.add_format({"bg_color": "#fff8c5", "border": 1, "num_format": "#,##0.0000"})
        self.money = book.book.add_format({"num_format": "#,##0"})
        self.plain = book.book.add_format({"num_format": "0.000000"})

    def at(self, name: str, row: int) -> str:
        """Address of a column's cell in a row."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        return str(xl_rowcol_to_cell(row, self.columns[name]))

    def all(self, name: str) -> str:
        """Address of a column's months."""
        from xlsxwriter.utility import xl_range_abs

        return str(xl_range_abs(FIRST_ROW, self.columns[name], self.last_row, self.columns[name]))

    def span(self, names: list[str], row: int, *, fixed: bool = False) -> str:
        """Address of neighbouring columns in one row."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        first, last = self.columns[names[0]], self.columns[names[-1]]
        return ":".join(xl_rowcol_to_cell(row, place, row_abs=fixed) for place in (first, last))

    def add(self, name: str, heading: str) -> None:
        """Give a column its place and heading."""
        place = len(self.columns)
        self.columns[name] = place
        self.sheet.write_string(HEAD_ROW, place, heading, self.book.head)
        self.sheet.set_column(place, place, 18)

    def numbers(self, name: str, heading: str, values: Any, *, factor: bool = False) -> None:
        """Add a column of the plan's numbers, with a factor above it where it may be scaled."""
        self.add(name, heading)
        for step, value in enumerate(values):
            self.sheet.write_number(FIRST_ROW + step, self.columns[name], float(value), self.money)
        if factor:
            self.sheet.write_number(FACTOR_ROW, self.columns[name], 1.0, self.change)

    def formulas(self, name: str, heading: str, formula: Any, values: Any = None, style: Any = None) -> None:
        """Add a column of formulas; `formula` takes a row."""
        self.add(name, heading)
        for step in range(self.count):
            row = FIRST_ROW + step
            value = "" if values is None else float(values[step])  # nothing rather than a wrong 0
            self.sheet.write_formula(row, self.columns[name], f"={formula(row)}", style or self.money, value)


def finance_sheet(book: Any, plan: Plan) -> None:
    """Add the sheet, where the plan has what it needs.

    Parameters
    ----------
    book : object
        The workbook under construction, with its formats.
    plan : Plan
    """
    if "terms" not in plan.finance or any(name not in plan.tables for name in NEEDED) or not len(plan.tables["assets"]):
        return
    made = _Sheet(book, plan)
    _terms(made)
    revenue, costs = _lines(made)
    classes = _assets(made)
    _flows(made, revenue, costs, classes)
    _half_months(made)
    _results(made, classes)
    for place, width in ((0, 34), (1, 14), (2, 30), (RESULT_COLUMN - 1, 38), (RESULT_COLUMN, 20)):
        made.sheet.set_column(place, place, width)  # wide enough for what stands above the months
    made.sheet.freeze_panes(FIRST_ROW, 2)


def _assets_of(plan: Plan) -> dict[str, pd.DataFrame]:
    """Rows of the table of assets, by class."""
    return {str(name): frame for name, frame in plan.tables["assets"].groupby("asset", sort=False)}


def _terms(made: _Sheet) -> None:
    """Write the cells that can be changed."""
    terms, sheet = made.plan.finance["terms"], made.sheet
    sheet.write_string(TITLE_ROW, 0, "Finance, in formulas", made.book.title)
    sheet.write_string(
        TITLE_ROW + 1, 0,
        "Change a yellow cell: all else follows. Unlevered and nominal; each flow is discounted from its place in the "
        "month, so Excel's NPV, which starts a whole period in, is not used. Financing stands on the sheet Cash.",
    )  # fmt: skip
    rows = [
        _Term("rate", "Discount rate, a year", terms["discount_rate_frac_per_year"], "effective"),
        _Term("tax", "Tax rate", terms["tax_frac"], ""),
        _Term("loss", "Most of a year that losses cover", terms["loss_use_frac"], "1: all of it"),
        _Term("shift", "Flow falls after, months", 0.5 if terms["timing"] == "mid" else 1.0, "0.5: middle; 1: end"),
        _Term("terminal", "Terminal value", terms["terminal"], "book, market or none"),
        _Term("decline", "Loss of market value, a year", _decline(terms), "servers and network, if market"),
    ]
    rows += [
        _Term(f"life {name}", f"Life of {name}, months", months, "straight line")
        for name, months in terms["life_months"].items()
    ]
    for place, term in enumerate(rows):
        row = TERMS_ROW + place
        sheet.write_string(row, 0, term.label)
        if isinstance(term.value, str):
            sheet.write_string(row, 1, term.value, made.change)
        else:
            sheet.write_number(row, 1, float(term.value), made.change)
        sheet.write_string(row, 2, term.note, made.book.unit)
        made.cells[term.key] = f"$B${row + 1}"
    sheet.set_column(0, 0, 32)
    sheet.write_string(FACTOR_ROW, 0, "Factor on the column below")


def _decline(terms: Any) -> float:
    """Loss of market value a year; 0 where nothing is resold."""
    known = _resold(terms)
    return float(terms["resale_decline"][known[0]]) if known else 0.0


def _resold(terms: Any) -> list[str]:
    """Return the classes that a market buys used."""
    return [name for name, value in terms["resale_decline"].items() if value is not None and math.isfinite(value)]


def _lines(made: _Sheet) -> tuple[list[str], list[str]]:
    """Write revenue and costs by line; return their columns."""
    made.add("month number", "Month, number")
    for step in range(made.count):
        made.sheet.write_number(FIRST_ROW + step, 0, step + 1)
    made.add("month", "Month")
    for step, label in enumerate(made.plan.tables["cashflow"]["month"]):
        made.sheet.write_string(FIRST_ROW + step, 1, str(label))
    found: list[list[str]] = []
    for table in ("revenue", "opex"):
        frame = made.plan.tables[table]
        names = [str(name) for name in frame.columns if name != "month"]
        for name in names:
            said = name.removesuffix("_usd").replace("_", " ")
            made.numbers(f"{table} {name}", f"{table.capitalize()}: {said}", frame[name], factor=True)
        found.append([f"{table} {name}" for name in names])
    return found[0], found[1]


def _assets(made: _Sheet) -> list[str]:
    """Write capex, what enters service and depreciation by class; return the classes."""
    frames = _assets_of(made.plan)
    for name, frame in frames.items():
        made.numbers(f"capex {name}", f"Capex: {name}", frame["capex_usd"], factor=True)
    for name, frame in frames.items():
        made.numbers(f"service {name}", f"Enters service: {name}", frame["in_service_usd"])
    changes = bool(made.plan.finance["terms"]["life_changes"])
    for name, frame in frames.items():
        factor = f"{_absolute(made.at(f'capex {name}', FACTOR_ROW))}"

        def formula(row: int, name: str = name, factor: str = factor) -> str:
            month, life = made.at("month number", row), made.cells[f"life {name}"]
            months = made.all("month number")
            window = f'{months},"<="&{month},{months},">"&({month}-{life})'
            return f"{factor}*SUMIFS({made.all(f'service {name}')},{window})/{life}"

        values = frame["depreciation_usd"].to_numpy()
        if changes:  # a life that changes within the plan is more than one cell can say
            made.numbers(f"depreciation {name}", f"Depreciation: {name}", values)
        else:
            made.formulas(f"depreciation {name}", f"Depreciation: {name}", formula, values)
    return list(frames)


def _absolute(cell: str) -> str:
    """Return an address with both parts fixed."""
    letters = cell.rstrip("0123456789")
    return f"${letters}${cell[len(letters) :]}"


def _scaled(made: _Sheet, names: list[str], row: int) -> str:
    """Sum of neighbouring columns, each times its factor; 0 where there is none."""
    if not names:
        return "0"
    return f"SUMPRODUCT({made.span(names, row)},{made.span(names, FACTOR_ROW, fixed=True)})"


def _flows(made: _Sheet, revenue: list[str], costs: list[str], classes: list[str]) -> None:
    """Write the months: revenue to free cash flow, cumulated and discounted."""
    cash, cells = made.plan.tables["cashflow"], made.cells
    capex, written_off = [f"capex {name}" for name in classes], [f"depreciation {name}" for name in classes]
    paid = made.plan.tables["opex"].drop(columns="month").sum(axis=1).to_numpy()
    free = cash["free_cash_flow_usd"].to_numpy()
    made.formulas("revenue", "Revenue", lambda row: _scaled(made, revenue, row), cash["revenue_usd"].to_numpy())
    made.formulas("costs", "Costs paid", lambda row: _scaled(made, costs, row), paid)
    made.formulas("capex", "Capex", lambda row: _scaled(made, capex, row), cash["capex_usd"].to_numpy())
    deducted = cash["tax_depreciation_usd"].to_numpy()
    if made.plan.finance["terms"]["tax_method"] == "book":
        made.formulas("deducted", "Depreciation for tax", lambda row: f"SUM({made.span(written_off, row)})", deducted)
    else:  # the tables of the law stay as the plan has them
        made.numbers("deducted", "Depreciation for tax", deducted)
    made.formulas(
        "income", "Taxable income",
        lambda row: f"{made.at('revenue', row)}-{made.at('costs', row)}-{made.at('deducted', row)}",
    )  # fmt: skip
    _tax(made)
    made.formulas(
        "free", "Free cash flow",
        lambda row: f"{made.at('revenue', row)}-{made.at('costs', row)}-{made.at('capex', row)}-{made.at('tax', row)}",
        free,
    )  # fmt: skip
    made.formulas(
        "discount", "Discount factor",
        lambda row: f"1/(1+{cells['rate']})^(({made.at('month number', row)}-1+{cells['shift']})/12)", style=made.plain,
    )  # fmt: skip
    for name, heading, flow in (
        ("sum", "Cumulated", lambda row: made.at("free", row)),
        ("discounted sum", "Cumulated, discounted", lambda row: f"{made.at('free', row)}*{made.at('discount', row)}"),
    ):
        _cumulated(made, name, heading, flow)
    made.numbers("hours", "GPU-hours", cash["gpu_hours"])


def _tax(made: _Sheet) -> None:
    """Write the tax on the tax year so far, less losses of earlier years; if tax follows the books, a month is a year.

    What a row adds to the tax on its year so far is its tax.
    """
    cells, cash, terms = made.cells, made.plan.tables["cashflow"], made.plan.finance["terms"]
    yearly = terms["tax_method"] != "book"
    begins = [not yearly or str(month).endswith("-01") for month in cash["month"]]
    begins[0] = True
    for name, heading in (("so far", "Taxable in the tax year so far"), ("losses", "Losses of earlier years"),
                          ("tax so far", "Tax on the year so far"), ("tax", "Tax")):  # fmt: skip
        made.add(name, heading)
    paid = cash["unlevered_tax_usd"].to_numpy()
    for step, begin in enumerate(begins):
        row = FIRST_ROW + step
        carried, so_far = "0", made.at("income", row)
        if not begin:
            so_far = f"{made.at('so far', row - 1)}+{so_far}"
            carried = made.at("losses", row - 1)
        elif step:
            last, before = made.at("so far", row - 1), made.at("losses", row - 1)
            carried = f"{before}+MAX(0-{last},0)-MIN({before},{cells['loss']}*MAX({last},0))"
        taxed = f"{cells['tax']}*({_taxable(made, made.at('so far', row), row)})"
        step_up = made.at("tax so far", row) + ("" if begin else f"-{made.at('tax so far', row - 1)}")
        for name, formula, value in (("so far", so_far, ""), ("losses", carried, ""), ("tax so far", taxed, ""),
                                     ("tax", step_up, float(paid[step]))):  # fmt: skip
            made.sheet.write_formula(row, made.columns[name], f"={formula}", made.money, value)


def _taxable(made: _Sheet, income: str, row: int) -> str:
    """Income of a tax year so far, less what losses of earlier years may cover of it."""
    return f"MAX({income},0)-MIN({made.at('losses', row)},{made.cells['loss']}*MAX({income},0))"


def _cumulated(made: _Sheet, name: str, heading: str, flow: Any) -> None:
    """Write a running sum, and beside it the number of each month that still is in debt."""
    made.add(name, heading)
    for row in range(FIRST_ROW, made.last_row + 1):
        before = "0" if row == FIRST_ROW else made.at(name, row - 1)
        made.sheet.write_formula(row, made.columns[name], f"={before}+{flow(row)}", made.money, "")
    made.formulas(
        f"{name} owing", "Month, if still owing",
        lambda row: f"IF({made.at(name, row)}<0-{HALF_CENT},{made.at('month number', row)},0)",
    )  # fmt: skip


def _half_months(made: _Sheet) -> None:
    """Write the flows on a grid of half months, on which IRR needs no dates."""
    made.add("half", "Half month")
    made.add("grid", "Flow, for IRR")
    shift, count = made.cells["shift"], made.count
    for step in range(1, 2 * count + 1):
        row = FIRST_ROW + step - 1
        made.sheet.write_number(row, made.columns["half"], step)
        place = f"(({made.at('half', row)}-2*{shift})/2+1)"
        flow = f"IF({place}=INT({place}),INDEX({made.all('free')},{place}),0)"
        # the last half month of flows at the middle has none of them, and no place outside the months is looked up
        safe = f"IF({place}<1,0,{flow})"
        end = "+terminal" if step == 2 * count else ""
        made.sheet.write_formula(
            row, made.columns["grid"], f"={safe}{end}".replace("terminal", "$E$12"), made.money, ""
        )


def _results(made: _Sheet, classes: list[str]) -> None:
    """Write what follows: NPV, IRR, payback, multiple, unit cost; and the terminal value they rest on."""
    from xlsxwriter.utility import xl_range_abs

    finance, cells, months = made.plan.finance, made.cells, made.count
    free, discount, hours = made.all("free"), made.all("discount"), made.all("hours")
    grid = xl_range_abs(FIRST_ROW, made.columns["grid"], FIRST_ROW + 2 * months - 1, made.columns["grid"])
    end = f"$E$12/(1+{cells['rate']})^({months}/12)"
    npv = f"SUMPRODUCT({free},{discount})+{end}"
    irr = [value for value in finance["irr"] if math.isfinite(value)]
    rows = [
        ("NPV [USD]", npv, finance["npv_usd"]),
        ("IRR, a year", f'IFERROR((1+IRR({grid},0.003))^24-1,"none")', irr[0] if len(irr) == 1 else "none"),
        ("Payback [months]", _payback(made, "sum", "free"), finance["payback_months"]),
        ("Payback, discounted [months]", _payback(made, "discounted sum", "free", discounted=True),
         finance["discounted_payback_months"]),
        ("Multiple on invested capital", f'(SUMIF({free},">0")+$E$12)/(0-SUMIF({free},"<0"))', finance["moic"]),
        ("Cost per GPU-hour [USD]",
         f'IFERROR((SUMPRODUCT({made.all("capex")}+{made.all("costs")},{discount})-{end})'
         f'/SUMPRODUCT({hours},{discount}),"none")', finance["usd_per_gpu_hour"]),
        ("Worth of the assets at the end [USD]", _worth(made, classes), ""),
        ("What tax has not yet deducted [USD]", f"SUM({made.all('capex')})-SUM({made.all('deducted')})", ""),
        ("Terminal value after tax [USD]", "$E$10-" + _sale_tax(made), finance["terminal_usd"]),
    ]  # fmt: skip
    made.sheet.write_string(TERMS_ROW - 1, RESULT_COLUMN - 1, "Results", made.book.head)
    for place, (label, formula, value) in enumerate(rows):
        row = TERMS_ROW + place
        made.sheet.write_string(row, RESULT_COLUMN - 1, label)
        stored = "never" if isinstance(value, float) and math.isinf(value) else value
        stored = "none" if isinstance(stored, float) and math.isnan(stored) else stored
        style = made.money if "USD" in label and "hour" not in label else made.plain
        made.sheet.write_formula(row, RESULT_COLUMN, f"={formula}", style, stored)


def _payback(made: _Sheet, sums: str, flow: str, *, discounted: bool = False) -> str:
    """Months until the running sum stays non-negative."""
    last = f"MAX({made.all(f'{sums} owing')})"
    next_flow = f"INDEX({made.all(flow)},{last}+1)"
    if discounted:
        next_flow += f"*INDEX({made.all('discount')},{last}+1)"
    paid = f"{last}-INDEX({made.all(sums)},{last})/({next_flow})"
    return f'IF({last}=0,0,IF({last}={made.count},"never",{paid}))'


def _worth(made: _Sheet, classes: list[str]) -> str:
    """Book or market value of all classes and construction in progress."""
    resold = _resold(made.plan.finance["terms"])
    months, terminal = made.all("month number"), made.cells["terminal"]
    parts = []
    for name in classes:
        factor, service = _absolute(made.at(f"capex {name}", FACTOR_ROW)), made.all(f"service {name}")
        book = f"{factor}*SUM({service})-SUM({made.all(f'depreciation {name}')})"
        progress = f"{factor}*(SUM({made.all(f'capex {name}')})-SUM({service}))"
        if name in resold:
            market = f"{factor}*SUMPRODUCT({service},(1-{made.cells['decline']})^(({made.count}+1-{months})/12))"
            book = f'IF({terminal}="market",{market},{book})'
        parts.append(f"{progress}+{book}")
    return f'IF({terminal}="none",0,{"+".join(parts)})'


def _sale_tax(made: _Sheet) -> str:
    """Tax on what the assets fetch above what tax has left of them, as income of the last month."""
    so_far, row = made.at("so far", made.last_row), made.last_row
    with_sale = _taxable(made, f"({so_far}+MAX($E$10-$E$11,0))", row)
    return f"{made.cells['tax']}*(({with_sale})-({_taxable(made, so_far, row)}))"
