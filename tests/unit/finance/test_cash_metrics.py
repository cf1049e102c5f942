from __future__ import annotations

import math

import numpy as np
import pytest

from gigawatt.engines.finance import break_even_factor, irr, levelised_cost, mirr, monthly_rate, npv, payback
from gigawatt.errors import InputError


def test_npv_leaves_the_first_flow_undiscounted_as_numpy_financial_does() -> None:
    # numpy-financial's manual: npv(0.08, [-40000, 5000, 8000, 12000, 30000]) = 3065.22
    assert npv(0.08, np.array([-40_000.0, 5_000, 8_000, 12_000, 30_000])) == pytest.approx(3065.22267)


def test_npv_with_times_from_one_is_excels() -> None:
    # Excel's help for NPV: NPV(10%, -10000, 3000, 4200, 6800) = 1188.44
    assert npv(0.10, np.array([-10_000.0, 3_000, 4_200, 6_800]), np.arange(1.0, 5.0)) == pytest.approx(
        1188.44, abs=0.005
    )


def test_irr_of_one_change_of_sign() -> None:
    # numpy-financial's manual: irr([-100, 39, 59, 55, 20]) = 0.28095
    rates, note = irr(np.array([-100.0, 39, 59, 55, 20]))
    assert rates == (pytest.approx(0.28095, abs=5e-6),)
    assert note == ""


def test_irr_finds_both_roots() -> None:
    # -100 + 230 / 1.1 - 132 / 1.21 = 0 and -100 + 230 / 1.2 - 132 / 1.44 = 0
    rates, note = irr(np.array([-100.0, 230.0, -132.0]))
    assert rates == (pytest.approx(0.1), pytest.approx(0.2))
    assert "2 rates" in note


def test_irr_agrees_with_the_spreadsheets_help() -> None:
    # Excel's help for IRR: -70,000, 12,000, 15,000, 18,000, 21,000 give -2.1 % after four years, with 26,000 more 8.7 %
    flows = np.array([-70_000.0, 12_000, 15_000, 18_000, 21_000, 26_000])
    assert irr(flows[:5])[0] == (pytest.approx(-0.021, abs=5e-4),)
    assert irr(flows)[0] == (pytest.approx(0.087, abs=5e-4),)


def test_irr_of_the_oil_pump_is_25_and_400_percent() -> None:
    # J. H. Lorie, L. J. Savage, "Three Problems in Rationing Capital," Journal of Business 28 (1955): -1,600 for a
    # larger pump, 10,000 a year earlier, 10,000 lost the year after
    assert irr(np.array([-1_600.0, 10_000, -10_000]))[0] == (pytest.approx(0.25), pytest.approx(4.0))


def test_irr_finds_two_roots_closer_than_the_grid() -> None:
    # (1 + r) = 1.1 and 1.1001: -1 + (2.2001) x^-1 - (1.1 * 1.1001) x^-2
    rates, _ = irr(np.array([-1.0, 2.2001, -1.21011]))
    assert rates == (pytest.approx(0.1, abs=1e-6), pytest.approx(0.1001, abs=1e-6))


def test_irr_finds_three_roots() -> None:
    # (x - 1)(x - 1.1)(x - 1.5) = x^3 - 3.6 x^2 + 4.25 x - 1.65
    rates, note = irr(np.array([1.0, -3.6, 4.25, -1.65]))
    assert rates == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.1), pytest.approx(0.5))
    assert "3 changes of sign and 3 rates" in note


def test_irr_of_costs_only_says_why_there_is_none() -> None:
    rates, note = irr(np.array([-100.0, -5.0]))
    assert rates == ()
    assert "never changes sign" in note


def test_irr_searches_its_range_to_both_ends_and_not_beyond() -> None:
    rates, _ = irr(np.poly([0.0101, 1.5, 10.99]))  # sum of c_t x^-t is zero at x = 1 + rate
    assert rates == (pytest.approx(-0.9899), pytest.approx(0.5), pytest.approx(9.99))
    assert irr(np.poly([0.0099, 1.5, 11.01]))[0] == (pytest.approx(0.5),)
    assert irr(np.poly([11.2]))[0] == ()


def test_irr_without_a_root_says_so() -> None:
    rates, note = irr(np.array([-100.0, 150.0, -100.0]))  # 150^2 < 4 * 100 * 100
    assert rates == ()
    assert "no rate" in note


def test_irr_of_a_nearly_total_loss_is_negative() -> None:
    rates, _ = irr(np.array([-100.0, 10.0]))
    assert rates == (pytest.approx(-0.9),)


def test_irr_of_monthly_flows_is_effective_per_year() -> None:
    flows = np.array([-100.0] + [0.0] * 11 + [110.0])
    assert irr(flows, np.arange(13) / 12)[0] == (pytest.approx(0.10),)


def test_irr_adds_up_flows_of_one_time() -> None:
    assert irr(np.array([-100.0, 60.0, 50.0]), np.array([0.0, 1.0, 1.0]))[0] == (pytest.approx(0.10),)


def test_mirr_of_one_sign_is_not_a_number() -> None:
    assert math.isnan(mirr(np.array([-1.0, -2.0]), 0.1, 0.1))


def test_payback_is_linear_within_the_month() -> None:
    assert payback(np.array([-100.0, 30, 30, 80])) == pytest.approx(3.5)


def test_payback_waits_for_the_last_return_to_zero() -> None:
    # cumulated: -10, 5, -15, 5: paid back for good during the fourth period, after 15 / 20 of it
    assert payback(np.array([-10.0, 15, -20, 20])) == pytest.approx(3.75)


def test_payback_never_and_at_once() -> None:
    assert payback(np.array([-10.0, 5])) == math.inf
    assert payback(np.array([10.0, -5])) == 0.0


def test_break_even_of_a_plan_that_needs_less_or_more() -> None:
    assert break_even_factor(lambda factor: 100.0 * factor - 25.0) == pytest.approx(0.25)
    assert break_even_factor(lambda factor: factor - 1e6) == pytest.approx(1e6)
    assert break_even_factor(lambda factor: 10.0 * factor + 5.0) == pytest.approx(-0.5)
    assert math.isnan(break_even_factor(lambda factor: -3.0))


def h100_flows(utilisation_frac: float) -> tuple[np.ndarray, np.ndarray]:
    """50 k USD, 1.84 kW at 70 USD/MWh at all hours, 3 % O&M a year, five years; yearly flows, the capex now."""
    hours = 8766.0
    yearly = 0.03 * 50e3 + 1.84e-3 * 70.0 * hours
    return np.array([50e3] + [yearly] * 5), np.array([0.0] + [hours * utilisation_frac] * 5)


def test_an_h100_hour_costs_about_2_25_usd() -> None:
    # annuity 10 %, 5 years: 3.79079; 50,000 / 3.79079 = 13,190; + 1,500 + 1,129 = 15,819; / 7,012.8 h = 2.2557
    assert levelised_cost(*h100_flows(0.8), 0.10) == pytest.approx(2.2557, abs=1e-4)


def test_a_gb200_hour_in_epochs_gigawatt_costs_2_03_usd() -> None:
    # 8.5 million USD a year for a megawatt of IT, 2.09 kW for each GB200: 17,765 USD a year over 8,766 h
    assert levelised_cost(np.array([8.5e6]), np.array([1e6 / 2090.0 * 8766.0]), 0.0) == pytest.approx(2.03, abs=0.005)


def test_levelised_cost_without_output_is_not_a_number() -> None:
    assert math.isnan(levelised_cost(np.ones(2), np.zeros(2), 0.1))


def test_times_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="time_years_T"):
        npv(0.1, np.ones(3), np.ones(2))


def test_the_monthly_rate_of_ten_percent() -> None:
    assert monthly_rate(0.10) == pytest.approx(0.00797414, abs=1e-8)
