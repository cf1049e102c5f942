"""The finance engine against published accounts, cost models and prices.

The file `published/finance.csv` holds what goes in and what came out, each with its source. Its column `role` says what
a number is: `input` (published), `assumption`, `calibrated` (fitted here, and to what), `measured` (compared with).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gigawatt.engines.finance import levelised_cost
from gigawatt.units import HOURS_PER_YEAR
from gigawatt.validation.compare import Row, Summary, Validation, summarise
from gigawatt.validation.finance_depreciation import depreciation_predictions, depreciation_ranges
from gigawatt.validation.finance_facts import PUBLISHED, Fact, read_facts
from gigawatt.validation.finance_guidance import guidance_rows

# Half-width of the stated range: three times the error of the depreciation fit; a judgement for the others. Where a
# source leaves something unsaid, the range is what the unsaid may do instead. [-]
RANGE_FRAC: Mapping[str, float] = {"depreciation": 0.10, "cost": 0.10, "price": 0.25, "interest": 0.10}
QUARTERS_PER_YEAR = 4
QUARTERS_OF_THE_HALF_YEAR, MIDDLE_OF_SECOND_QUARTER = 2.0, 0.5
MWH_PER_WH = 1e-6
MILLION = 1e6


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


def rental_price(facts: Mapping[str, Fact], rate: float, utilisation: float | None = None) -> float:
    """Predict the price of an H100-hour that pays all its costs at a rate of return. [USD/h]."""
    sold = facts["h100-utilisation"].value if utilisation is None else utilisation
    capex = facts["h100-rental-capex"].value
    energy = facts["h100-facility-w"].value * MWH_PER_WH * HOURS_PER_YEAR * facts["h100-energy-price"].value
    yearly = (
        yearly_cost(capex, facts["h100-rental-life"].value, rate) + capex * facts["h100-maintenance"].value + energy
    )
    return yearly / (HOURS_PER_YEAR * sold)


def rental_ranges(facts: Mapping[str, Fact]) -> dict[str, tuple[float, float]]:
    """Return the break-even prices over what their source does not state: hours sold, and the stock market's return.

    Returns
    -------
    dict of str to tuple of float
        Low and high by id. [USD/h]
    """
    busy, idle = (facts[f"h100-utilisation-{end}"].value for end in ("high", "low"))
    least, most = (facts[f"h100-equity-return{end}"].value for end in ("", "-high"))
    return {
        "h100-price-no-loss": (rental_price(facts, 0.0, busy), rental_price(facts, 0.0, idle)),
        "h100-price-equity": (rental_price(facts, least, busy), rental_price(facts, most, idle)),
    }


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
    found = depreciation_predictions(facts)
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


def _row(fact: Fact, found: Mapping[str, tuple[str, float]], ranges: Mapping[str, tuple[float, float]]) -> Row:
    """Compare one measured figure."""
    group, predicted = found[fact.id]
    half = RANGE_FRAC[group.split("/")[0]] * abs(predicted)
    low, high = ranges.get(fact.id, (predicted - half, predicted + half))
    error_pct = 100.0 * (predicted / fact.value - 1.0)
    return Row(fact.id, group, fact.unit, fact.value, predicted, error_pct, low, high, "", "")


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
    ranges = depreciation_ranges(facts) | rental_ranges(facts)
    compared = [_row(fact, found, ranges) for fact in facts.values() if fact.role == "measured"]
    rows = (*compared, *guidance_rows())
    labels = sorted({label for row in rows for label in row.group.split("/")})
    groups: dict[str, Summary] = {
        label: summarise(row for row in rows if label in row.group.split("/")) for label in labels
    }
    summary = summarise(rows)
    return Validation(rows=rows, summary=summary, groups=groups, summary_with_flagged=summary)
