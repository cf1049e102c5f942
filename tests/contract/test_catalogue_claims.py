"""Claims of the catalogue add up, carry their ranges and miss nothing that was gathered."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gigawatt.catalogue import load
from gigawatt.units import factor_of

CATALOGUE = load()
SHARED = Path(__file__).parents[3] / "shared"
# a claim counts in these besides the units of `gigawatt.units`
CLAIM_UNITS = {"B USD", "M USD", "H100e", "GPU-h", "T token", "kW", "%", "1"}


@pytest.mark.parametrize("name", sorted(CATALOGUE.claims))
def test_a_claim_is_in_a_unit_that_can_be_read(name: str) -> None:
    claim = CATALOGUE.claims[name]
    assert claim.period
    if claim.unit not in CLAIM_UNITS:
        factor_of(claim.unit.removeprefix("B ").removeprefix("M ").replace("TWh", "MWh"))


def test_meta_quarters_add_up_to_its_years() -> None:
    claims = CATALOGUE.claims

    def quarters(item: str, year: int) -> float:
        return sum(claims[f"meta-{item}-{year}q{quarter}"].value.value for quarter in (1, 2, 3, 4))

    assert quarters("revenue", 2024) == pytest.approx(claims["meta-revenue-fy2024"].value.value, abs=0.002)
    assert quarters("revenue", 2025) == pytest.approx(claims["meta-revenue-fy2025"].value.value, abs=0.002)
    assert quarters("ad-revenue", 2024) == pytest.approx(claims["meta-ad-revenue-fy2024"].value.value, abs=0.002)
    assert quarters("ad-revenue", 2025) == pytest.approx(claims["meta-ad-revenue-fy2025"].value.value, abs=0.02)
    assert quarters("capex-with-leases", 2024) == pytest.approx(39.23, abs=0.02)
    assert quarters("capex-with-leases", 2025) == pytest.approx(72.22, abs=0.02)


def test_peers_quarters_add_up_to_their_years() -> None:
    claims = CATALOGUE.claims
    for company, total in (("alphabet", 91.447), ("amazon", 131.8)):
        year = sum(claims[f"{company}-capex-cash-2025q{quarter}"].value.value for quarter in (1, 2, 3, 4))
        assert year == pytest.approx(total, rel=0.002)
    microsoft = sum(
        claims[f"microsoft-capex-with-leases-cy{quarter}"].value.value
        for quarter in ("2024q3", "2024q4", "2025q1", "2025q2")
    )
    assert microsoft == pytest.approx(88.2, rel=0.002)


def test_income_is_revenue_less_costs() -> None:
    claims = CATALOGUE.claims
    for period in ("fy2023", "fy2024", "fy2025", "2024q4", "2025q4"):
        revenue, costs, income = (
            claims[f"meta-{item}-{period}"].value.value
            for item in ("revenue", "costs-and-expenses", "operating-income")
        )
        assert revenue - costs == pytest.approx(income, abs=1e-3)


def test_the_guide_of_january_2025_and_what_came_of_it() -> None:
    claims = CATALOGUE.claims
    guide = claims["meta-capex-guidance-2025-guide-2025-01-24"].value
    assert (guide.low, guide.high) == (60.0, 65.0)
    assert claims["meta-capex-consensus-before-2025"].value.value == 51.3
    assert claims["meta-gpu-count-target-2025-12"].value.value == 1_300_000
    # the outcome was a tenth above the top of the first guide
    assert claims["meta-capex-with-leases-fy2025"].value.value / guide.high == pytest.approx(1.111, abs=0.002)


def test_fleet_estimates_carry_their_band_and_grow_by_what_was_added() -> None:
    claims = CATALOGUE.claims
    fleets = [claims[name] for name in claims if claims[name].item == "accelerators delivered"]
    assert len(fleets) >= 8
    for fleet in fleets:
        assert fleet.value.low == pytest.approx(0.75 * fleet.value.value, rel=1e-4)
        assert fleet.value.high == pytest.approx(1.30 * fleet.value.value, rel=1e-4)
    added = sum(claims[f"meta-nvidia-accelerators-added-2025q{quarter}"].value.value for quarter in (1, 2, 3, 4))
    grown = (
        claims["meta-nvidia-accelerators-2025-12"].value.value - claims["meta-nvidia-accelerators-2024-12"].value.value
    )
    assert added == pytest.approx(grown, rel=0.01)


@pytest.mark.skipif(not SHARED.exists(), reason="../shared with the economics table is not here")
def test_every_published_figure_of_the_economics_table_is_a_claim() -> None:
    with (SHARED / "validation" / "economics.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["unit"] != "text"]
    numbers: set[float] = set()
    for name in CATALOGUE.claims:
        value = CATALOGUE.claims[name].value
        for number in (value.low, value.value, value.high):
            numbers |= {float(f"{number * factor:.4g}") for factor in (1.0, 1e3)}
    # revenue by quarter is held to the million where the table rounds it
    rounded = {row["value"] for row in rows if row["note"] == "rounded" and row["item"] == "revenue"}
    missing = [
        row for row in rows if row["value"] not in rounded and float(f"{float(row['value']):.4g}") not in numbers
    ]
    assert missing == []
