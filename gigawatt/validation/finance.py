"""The finance engine against published accounts, cost models and prices.

The file `published/finance.csv` holds what goes in and what came out, each with its source. Its column `role` says what
a number is: `input` (published), `assumption`, `calibrated` (fitted here, and to what), `measured` (compared with).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance import levelised_cost, straight_line_depreciation
from gigawatt.units import HOURS_PER_YEAR, MONTHS_PER_YEAR
from gigawatt.validation.compare import Row, Summary, Validation, summarise
from gigawatt.validation.finance_facts import PUBLISHED, Fact, read_facts
from gigawatt.validation.finance_guidance import guidance_rows

Floats = NDArray[np.float64]

# Half-width of the stated range: about twice the error of the depreciation fit; a judgement for the others. [-]
RANGE_FRAC: Mapping[str, float] = {"depreciation": 0.10, "cost": 0.10, "price": 0.25, "interest": 0.10}
FIRST_YEAR = 2017
QUARTERS_PER_YEAR = 4
QUARTERS_OF_THE_HALF_YEAR, MIDDLE_OF_SECOND_QUARTER = 2.0, 0.5
MONTHS_PER_QUARTER = 3
LAST_FITTED_QUARTER = "2024Q4"
WATTS_PER_KILOWATT = 1e3
MWH_PER_WH = 1e-6
MILLION = 1e6
BILLION = 1e9


def quarter_month(quarter: str) -> int:
    """Return the first month of a quarter, counted from January of the first year.

    Examples
    --------
    >>> quarter_month("2017Q1"), quarter_month("2018Q3")
    (0, 18)
    """
    year, number = quarter.split("Q")
    return (int(year) - FIRST_YEAR) * int(MONTHS_PER_YEAR) + (int(number) - 1) * MONTHS_PER_QUARTER


def meta_depreciation(
    facts: Mapping[str, Fact], last_life_change: bool = True, short_lived_only: bool = False
) -> dict[str, float]:
    """Predict a firm's quarterly depreciation from its capex and the lives it states.

    Parameters
    ----------
    facts : mapping of str to Fact
        From `read_facts`.
    last_life_change : bool, optional
        Whether the last change of server life happens.
    short_lived_only : bool, optional
        Only servers and network.

    Returns
    -------
    dict of str to float
        By quarter. [USD mn]

    Notes
    -----
    Capex of a quarter (of a year before 2020) is spread evenly over its months. A fixed share buys servers and network,
    in service at once, with the stated lives; the rest buys buildings, in service after a lag. Two numbers are fitted:
    the share and the lag.
    """
    capex = {name.removeprefix("meta-capex-"): fact.value for name, fact in facts.items() if "meta-capex-" in name}
    quarters: list[str] = []
    monthly: list[float] = []
    for period in sorted(capex):
        parts = [period] if "Q" in period else [f"{period}Q{number + 1}" for number in range(QUARTERS_PER_YEAR)]
        quarters += parts
        monthly += [capex[period] / len(parts) / MONTHS_PER_QUARTER] * (MONTHS_PER_QUARTER * len(parts))
    capex_T = np.array(monthly)
    life_T = np.zeros(capex_T.size, dtype=np.int64)
    changes = sorted(name for name in facts if name.startswith("meta-server-life-"))
    for name in changes if last_life_change else changes[:-1]:
        life_T[quarter_month(facts[name].period) :] = round(facts[name].value * MONTHS_PER_YEAR)
    share = facts["meta-short-lived-share"].value
    lag = int(facts["meta-long-lived-lag"].value)
    total_T = straight_line_depreciation(share * capex_T, life_T)
    if not short_lived_only:
        buildings_T = np.concatenate((np.zeros(lag), (1.0 - share) * capex_T))[: capex_T.size]
        total_T = total_T + straight_line_depreciation(
            buildings_T, round(facts["meta-building-life"].value * MONTHS_PER_YEAR)
        )
    sums = total_T.reshape(-1, MONTHS_PER_QUARTER).sum(axis=1)
    return dict(zip(quarters, sums.tolist(), strict=True))


def yearly_cost(capex: float, years: float, rate: float) -> float:
    """Return the level yearly cost of a sum paid now, at the end of each year of a life.

    Examples
    --------
    >>> round(yearly_cost(1000.0, 5, 0.10), 2)
    263.8
    """
    payments = int(years)
    return levelised_cost(np.array([capex] + [0.0] * payments), np.array([0.0] + [1.0] * payments), rate)


def gigawatt_year(facts: Mapping[str, Fact], it_life_years: float) -> float:
    """Predict the yearly cost of a gigawatt of IT, for a life of its IT equipment. [USD bn/year]."""
    capex, share, rate = (facts[name].value for name in ("epoch-gw-capex", "epoch-it-share", "epoch-rate"))
    it = yearly_cost(share * capex, it_life_years, rate)
    facility = yearly_cost((1.0 - share) * capex, facts["epoch-facility-life"].value, rate)
    return it + facility + facts["epoch-gw-opex"].value


def rental_price(facts: Mapping[str, Fact], rate: float) -> float:
    """Predict the price of an H100-hour that pays all its costs at a rate of return. [USD/h]."""
    capex = facts["h100-rental-capex"].value
    energy = facts["h100-facility-w"].value * MWH_PER_WH * HOURS_PER_YEAR * facts["h100-energy-price"].value
    yearly = (
        yearly_cost(capex, facts["h100-rental-life"].value, rate) + capex * facts["h100-maintenance"].value + energy
    )
    return yearly / (HOURS_PER_YEAR * facts["h100-utilisation"].value)


def contract_price(facts: Mapping[str, Fact]) -> float:
    """Predict a cloud's yearly revenue per megawatt from capex per GPU, life, margin and return. [USD mn/MW/year]."""
    yearly = yearly_cost(
        facts["h100-cluster-usd"].value, facts["coreweave-life"].value, facts["coreweave-required-return"].value
    )
    per_gpu = yearly / facts["coreweave-ebitda-margin"].value
    return per_gpu / facts["coreweave-h100-it-w"].value  # USD per W-year is million USD per MW-year


def quarter_interest(facts: Mapping[str, Fact]) -> float:
    """Predict a cloud's interest of a quarter from its debt at two dates, straight between them. [USD mn].

    What is incurred, discounts and fees in the effective rates included, less what is capitalised.
    """
    begin, end = facts["coreweave-debt-2024Q4"].value, facts["coreweave-debt-2025Q2"].value
    first, last = facts["coreweave-rate-2024Q4"].value, facts["coreweave-rate-2025Q2"].value
    passed = (1.0 + MIDDLE_OF_SECOND_QUARTER) / QUARTERS_OF_THE_HALF_YEAR
    debt, rate = begin + passed * (end - begin), first + passed * (last - first)
    return debt * rate / QUARTERS_PER_YEAR - facts["coreweave-capitalised-2025Q2"].value


def gigawatt_capex(facts: Mapping[str, Fact]) -> float:
    """Predict the capex of a gigawatt of facility power from that of a rack. [USD bn]."""
    rack_w = facts["bernstein-rack-gpus"].value * facts["epoch-gb200-it-w"].value * facts["gw-design-pue"].value
    return facts["bernstein-rack-usd"].value * MILLION / rack_w  # USD per W is billion USD per GW


def predictions(facts: Mapping[str, Fact]) -> dict[str, tuple[str, float]]:
    """Predict every measured figure.

    Parameters
    ----------
    facts : mapping of str to Fact
        From `read_facts`.

    Returns
    -------
    dict of str to tuple
        Group labels and prediction by id, in the unit of the file.
    """
    by_quarter = meta_depreciation(facts)
    found: dict[str, tuple[str, float]] = {}
    for name, fact in facts.items():
        if fact.role == "measured" and name.startswith("meta-da-2"):
            window = "fitted" if fact.period <= LAST_FITTED_QUARTER else "forecast"
            found[name] = (f"depreciation/{window}", by_quarter[fact.period])
    drop = by_quarter["2025Q1"] - by_quarter["2024Q4"]
    found["meta-da-drop-2025Q1"] = ("depreciation/change-of-life", drop)
    kept, changed = (
        meta_depreciation(facts, last_life_change=change, short_lived_only=True) for change in (False, True)
    )
    saved = sum(kept[quarter] - changed[quarter] for quarter in kept if quarter.startswith("2025"))
    found["meta-life-change-2025"] = ("depreciation/change-of-life", saved)
    for years in (3, 5, 7):
        found[f"epoch-tco-{years}y"] = ("cost/fitted", gigawatt_year(facts, years))
    per_gpu_year = gigawatt_year(facts, facts["epoch-it-life"].value) * facts["epoch-gb200-it-w"].value
    found["epoch-usd-per-gb200-hour"] = ("cost/fitted", per_gpu_year / HOURS_PER_YEAR)  # bn/GW is USD per W
    found["bernstein-gw-usd"] = ("cost/unfitted", gigawatt_capex(facts))
    found["coreweave-mw-year-2025Q1"] = ("price/unfitted", contract_price(facts))
    found["coreweave-mw-year-2025Q2"] = ("price/unfitted", contract_price(facts))
    found["coreweave-interest-2025Q2"] = ("interest/unfitted", quarter_interest(facts))
    found["h100-price-no-loss"] = ("price/unfitted", rental_price(facts, 0.0))
    found["h100-price-equity"] = ("price/unfitted", rental_price(facts, facts["h100-equity-return"].value))
    return found


def _row(fact: Fact, found: Mapping[str, tuple[str, float]]) -> Row:
    """Compare one measured figure."""
    group, predicted = found[fact.id]
    half = RANGE_FRAC[group.split("/")[0]] * abs(predicted)
    error_pct = 100.0 * (predicted / fact.value - 1.0)
    return Row(fact.id, group, fact.unit, fact.value, predicted, error_pct, predicted - half, predicted + half, "", "")


def validate_finance(data: Path = PUBLISHED) -> Validation:
    """Compare the finance engine with published accounts, cost models and prices.

    Parameters
    ----------
    data : Path, optional
        File with the columns of `published/finance.csv`.

    Returns
    -------
    Validation
        Groups: depreciation, cost, price, interest and guidance; fitted, forecast (same model, figures it was not
        fitted to), unfitted, change-of-life. None of its rows is flagged.
    """
    facts = read_facts(data)
    found = predictions(facts)
    compared = [_row(fact, found) for fact in facts.values() if fact.role == "measured"]
    rows = (*compared, *guidance_rows())
    labels = sorted({label for row in rows for label in row.group.split("/")})
    groups: dict[str, Summary] = {
        label: summarise(row for row in rows if label in row.group.split("/")) for label in labels
    }
    summary = summarise(rows)
    return Validation(rows=rows, summary=summary, groups=groups, summary_with_flagged=summary)
