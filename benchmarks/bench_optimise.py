"""Time of choosing a build-out. Run: `pytest benchmarks/bench_optimise.py -o python_files='bench_*.py'`."""

from __future__ import annotations

import pytest

import gigawatt as gw

# Meta with budgets to 2030, a seventh accelerator, and less power than it wants, so that halls are worth their cost.
HARD = [
    "budget=["
    + ", ".join(f"{{year: {year}, capex: {capex} B USD, other: 14 %}}" for year, capex in
                zip(range(2025, 2031), (65, 70, 75, 75, 75, 75), strict=True))
    + "]",
    "sites.meta-other-us.power={2025-01: 1.05 GW, 2025-04: 1.25 GW, 2025-07: 1.45 GW}",
    "optimise.halls=[{site: prometheus-oh, size: 130 MW, most: 10}, {site: meta-other-us, size: 95 MW, most: 40}]",
    "revenue.0.ads_uplift=8 %",
    "purchases.offer.5={accelerator: vera-rubin-nvl144, start: 2026-10, supply: 60 k/month}",
]  # fmt: skip
HALLS = [
    "optimise.halls=[{site: stargate-abilene, size: 150 MW, most: 12}, "
    "{site: stargate-oracle, size: 190 MW, most: 12}, {site: stargate-abu-dhabi, size: 230 MW, most: 12}]"
]


@pytest.mark.parametrize("step", ["quarter", "month"])
def test_meta_as_it_ships(benchmark, step):
    """Three sites, seven accelerators, 24 quarters or 72 months; the target is 45 s to a proven 0.5 %."""
    answer = benchmark.pedantic(gw.optimise, ("meta-2025",), {"step": step}, rounds=1)
    assert answer.gap_frac <= 0.005


@pytest.mark.parametrize("step", ["quarter", "month"])
def test_meta_with_budgets_and_halls(benchmark, step):
    """The same with budgets for six years, eight accelerators and halls in whole numbers."""
    answer = benchmark.pedantic(gw.optimise, ("meta-2025", HARD), {"step": step}, rounds=1)
    assert answer.gap_frac <= 0.005
    assert answer.integers_count > 0


@pytest.mark.parametrize("step", ["quarter", "month"])
def test_stargate_with_halls(benchmark, step):
    """Three sites with halls, money for four years."""
    answer = benchmark.pedantic(gw.optimise, ("stargate", HALLS), {"step": step}, rounds=1)
    assert answer.gap_frac <= 0.005
