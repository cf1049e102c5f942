from __future__ import annotations

import numpy as np
import pytest

from gigawatt.errors import InputError
from gigawatt.validation.finance import meta_depreciation, predictions, validate_finance
from gigawatt.validation.finance_facts import Fact, read_facts
from gigawatt.validation.finance_guidance import GUIDANCE, ON_CONTRACT, OWN_CASH, fit_drift


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
    assert found == measured
    assert not any(row.skipped for row in result.rows)


def test_the_interest_of_a_quarter_follows_from_the_debt_note() -> None:
    row = next(row for row in validate_finance().rows if row.id == "coreweave-interest-2025Q2")
    assert row.measured == pytest.approx(266.966)
    assert abs(row.error_pct) <= 5.0


def test_guides_of_other_firms_explain_metas_guide_and_its_outcome() -> None:
    facts = read_facts(GUIDANCE)
    everyone, own_cash = fit_drift(facts), fit_drift(facts, OWN_CASH)
    assert not any("meta" in firm for firm in (*OWN_CASH, *ON_CONTRACT))
    guide, outcome = facts["meta-2025-guide"].value, facts["meta-2025-outcome"].value
    # the outcome lies in the middle of what other firms' guides became
    assert 0.4 < everyone.share_below(outcome / guide) < 0.6
    assert 0.3 < own_cash.share_below(outcome / guide) < 0.6
    # and the guide's own range, 60 to 65, is what one in ten such firms ends within or below
    assert 0.03 < own_cash.share_below(65.0 / guide) < 0.2
    # guides that others' shells and contracts decide drift many times as far, both ways
    assert everyone.deviation_log > 5.0 * own_cash.deviation_log
    assert everyone.ratio(0.1) < 1.0 < own_cash.ratio(0.1)
    for row in validate_finance().rows:
        if row.group.startswith("guidance"):
            assert row.low < row.measured < row.high, row.id


def test_the_drift_of_a_firm_is_students_distribution() -> None:
    facts = {
        f"{firm}-{what}": Fact(f"{firm}-{what}", "input", "", value, "USD bn")
        for firm, outcome in (("a", 11.0), ("b", 12.1), ("c", 13.31))
        for what, value in (("guide", 10.0), ("outcome", outcome))
    }
    drift = fit_drift(facts, ("a", "b", "c"))
    # logarithms ln 1.1 times 1, 2, 3: mean 2, deviation 1; t of 2 degrees at 0.9 is 1.88562
    assert drift.ratio(0.5) == pytest.approx(1.21)
    assert drift.ratio(0.9) == pytest.approx(1.1 ** (2.0 + 1.88562 * (4.0 / 3.0) ** 0.5), rel=1e-5)
    assert drift.share_below(drift.ratio(0.77)) == pytest.approx(0.77)
    with pytest.raises(InputError, match="two firms"):
        fit_drift(facts, ("a",))


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

    from gigawatt.validation.finance_facts import PUBLISHED

    for path in (PUBLISHED, GUIDANCE):
        for row in csv.DictReader(path.read_text().splitlines()):
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
