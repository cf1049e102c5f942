"""Units: what people write becomes the number that is meant, and what is meant otherwise is refused."""

from __future__ import annotations

import math

import pytest

from gigawatt.errors import UnitError
from gigawatt.units import SUFFIXES, convert, factor_of, parse, say, three_digits, unit_of_name


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1.2 GW", "MW", 1200.0),
        ("1.2GW", "W", 1.2e9),
        ("65 B USD", "USD", 65e9),
        ("65 bn USD", "USD", 65e9),
        ("65 billion USD", "USD", 65e9),
        ("$65 B", "USD", 65e9),
        ("65,000,000,000 USD", "USD", 65e9),
        ("6.5e10 USD", "USD", 65e9),
        ("$0.065/kWh", "USD/MWh", 65.0),
        ("6.5 cent/kWh", "USD/MWh", 65.0),
        ("32 k", "GPU", 32e3),
        ("32 k GPUs", "GPU", 32e3),
        (32_000, "GPU", 32e3),
        ("1.3 M", "GPU", 1.3e6),
        ("15.6 T", "token", 15.6e12),
        ("15.6 T tokens", "token", 15.6e12),
        ("20 %", "1", 0.2),
        ("0.2", "1", 0.2),
        ("4 %/month", "1/month", 0.04),
        ("-20 %/year", "1/year", -0.2),
        ("50 ms", "s", 0.05),
        ("5.5 years", "year", 5.5),
        ("66 months", "year", 5.5),
        ("1.5 per user-day", "message/user/day", 1.5),
        ("2250 acre", "m2", 2250 * 4046.8564224),
        ("2.35 USD/h", "USD/h", 2.35),
        ("2.5 M gal", "L", 2.5e6 * 3.785411784),
        ("30 B USD/year", "USD/month", 2.5e9),
        ("10 M USD per MW-year", "USD/MW/year", 10e6),
        ("400 Gb/s", "bytes/s", 50e9),
        ("80 GiB", "bytes", 80 * 2**30),
        ("989 TFLOP/s", "FLOP/s", 989e12),
        ("40 M tokens", "token", 40e6),
        ("8192", "token", 8192.0),
        ("3 K", "K", 3.0),
        ("5 m", "m", 5.0),
        ("2 M USD", "USD", 2e6),
    ],
)
def test_a_quantity_reads_as_meant(text, unit, value):
    central, low, high = parse(text, unit)
    assert central == pytest.approx(value, rel=1e-12)
    assert low == high == central


@pytest.mark.parametrize(
    ("text", "unit", "low", "high"),
    [
        ("60..65 B USD", "USD", 60e9, 65e9),
        ("60 B..65 B USD", "USD", 60e9, 65e9),
        ("60 B USD..65 B USD", "USD", 60e9, 65e9),
        ("900 MW..1.2 GW", "MW", 900.0, 1200.0),
        ("0.5..5 %", "1", 0.005, 0.05),
        ("600 M..1 B", "user", 600e6, 1e9),
        ("-5..5 %", "1", -0.05, 0.05),
        ("411..738 k", "GPU", 411e3, 738e3),
        ("60 .. 65 B USD", "USD", 60e9, 65e9),
    ],
)
def test_a_range_reads_as_its_two_ends_and_its_middle(text, unit, low, high):
    assert parse(text, unit) == pytest.approx(((low + high) / 2, low, high), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", "USD"),
        ("many", "USD"),
        ("5", "USD"),  # money without a currency
        ("5", "W"),
        ("5", "%"),
        ("5 GW", "USD"),
        ("5 USD", "W"),
        ("5 GWh", "W"),  # energy is not power
        ("5 GW", "MWh"),
        ("5 kg", "W"),
        ("5 tokens", "GPU"),  # a noun may be left out, but not be the wrong one
        ("5 GPUs", "token"),
        ("5 per user-month-day", "message/user/day"),
        ("5 furlongs", "m"),
        ("1e999 USD", "USD"),
        ("nan USD", "USD"),
        ("inf", "1"),
        (float("nan"), "1"),
        (float("inf"), "1"),
        (True, "1"),
        ("65..60 B USD", "USD"),
        ("1..2..3 USD", "USD"),
        ("..5 USD", "USD"),
        ("5.. USD", "USD"),
        ("1 2 USD", "USD"),
        ("1.2.3 USD", "USD"),
        ("--5 USD", "USD"),
        ("5 USD/USD", "USD"),
    ],
)
def test_what_does_not_fit_is_refused(text, unit):
    with pytest.raises(UnitError):
        parse(text, unit)


def test_a_refusal_names_the_unit_and_the_nearest():
    with pytest.raises(UnitError, match=r"in GW, but a value in USD is wanted"):
        parse("5 GW", "USD")
    with pytest.raises(UnitError, match=r'"MWW" is not a unit. Nearest: MW'):
        parse("5 MWW", "W")


def test_mega_and_metre_are_told_apart_by_what_is_wanted():
    assert parse("5 M", "GPU")[0] == 5e6
    assert parse("5 m", "m")[0] == 5.0
    assert parse("5 T", "token")[0] == 5e12
    assert parse("5 t", "kg")[0] == 5000.0


def test_a_month_is_a_twelfth_of_a_julian_year():
    assert convert(12.0, "month", "year") == pytest.approx(1.0, rel=1e-15)
    assert convert(1.0, "year", "h") == pytest.approx(8766.0, rel=1e-15)
    assert convert(1.0, "quarter", "month") == pytest.approx(3.0, rel=1e-15)


def test_every_suffix_is_a_unit_and_names_find_theirs():
    for suffix, unit in SUFFIXES.items():
        factor_of(unit)
        assert unit_of_name(f"some_{suffix}") == unit
    assert unit_of_name("layers") == "1"
    assert unit_of_name("training_gpu_hours_h") == "h"


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (62.5e9, "USD", "62.5 B USD"),
        (1.04e9, "W", "1.04 GW"),
        (1_312_000, "GPU", "1.31 M GPUs"),
        (0.0, "USD", "0 USD"),
        (999_999.0, "USD", "1.00 M USD"),
        (0.9996e9, "W", "1.00 GW"),
        (-5.2e9, "USD", "-5.20 B USD"),
        (2.346, "USD/h", "2.35 USD/h"),
        (0.412, "%", "0.412 %"),
        (8192, "token", "8,190 tokens"),
        (math.nan, "USD", "-"),
        (math.inf, "month", "-"),
        (432, "GPU", "432 GPUs"),
    ],
)
def test_numbers_are_said_with_three_digits_and_their_unit(value, unit, words):
    assert say(value, unit) == words


def test_no_number_is_said_in_e_notation():
    for power in range(-9, 19):
        assert "e" not in three_digits(1.2345 * 10.0**power)
