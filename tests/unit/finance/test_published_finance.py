from __future__ import annotations

import numpy as np
import pytest

from gigawatt.errors import InputError
from gigawatt.validation.finance import meta_depreciation, predictions, read_facts, validate_finance


def rms_error(first: str, last: str) -> float:
    facts = read_facts()
    predicted = meta_depreciation(facts)
    errors = [
        predicted[fact.period] / fact.value - 1.0
        for name, fact in facts.items()
        if name.startswith("meta-da-2") and first <= fact.period <= last
    ]
    return float(np.sqrt(np.mean(np.square(errors))))


def test_metas_quarterly_depreciation_within_five_percent() -> None:
    assert rms_error("2022Q3", "2025Q2") <= 0.05


def test_the_quarters_after_the_fit_are_forecast_within_six_percent() -> None:
    assert rms_error("2025Q1", "2026Q1") <= 0.06


def test_depreciation_drops_when_the_life_is_extended_though_capex_grows() -> None:
    predicted = meta_depreciation(read_facts())
    assert predicted["2025Q1"] < predicted["2024Q4"] - 250.0
    unchanged = meta_depreciation(read_facts(), last_life_change=False)
    assert unchanged["2025Q1"] > unchanged["2024Q4"]


def test_the_change_of_life_is_worth_what_the_company_said_within_a_fifth() -> None:
    row = next(row for row in validate_finance().rows if row.id == "meta-life-change-2025")
    assert abs(row.error_pct) <= 20.0


def test_every_measured_figure_is_predicted_or_says_why_not() -> None:
    facts = read_facts()
    measured = {name for name, fact in facts.items() if fact.role == "measured"}
    found = set(predictions(facts))
    assert found <= measured
    result = validate_finance()
    assert {row.id for row in result.rows if row.skipped} == measured - found == {"coreweave-interest-2025Q2"}


def test_costs_of_a_gigawatt_are_within_ten_percent() -> None:
    costs = [row for row in validate_finance().rows if row.group.startswith("cost")]
    assert len(costs) == 5
    assert max(abs(row.error_pct) for row in costs) <= 10.0


def test_prices_are_within_a_quarter() -> None:
    prices = [row for row in validate_finance().rows if row.group.startswith("price")]
    assert len(prices) == 4
    assert max(abs(row.error_pct) for row in prices) <= 25.0


def test_every_published_figure_names_a_source() -> None:
    import csv

    from gigawatt.validation.finance import PUBLISHED

    with PUBLISHED.open(newline="") as file:
        for row in csv.DictReader(file):
            assert row["source"], row["id"]
            assert row["role"] in ("input", "assumption", "calibrated", "measured"), row["id"]
            assert row["url"].startswith("http") or row["role"] in ("assumption", "calibrated"), row["id"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,role\nx,input\n", "2: column period"),
        ("id,role,period,value,unit,source,url,note\nx,input,,many,1,s,u,n\n", '2: value: "many" is not a number'),
    ],
)
def test_faults_in_the_file_are_named_with_their_line(tmp_path, text: str, words: str) -> None:
    data = tmp_path / "finance.csv"
    data.write_text(text)
    with pytest.raises(InputError, match=words):
        read_facts(data)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_facts(tmp_path / "none.csv")
