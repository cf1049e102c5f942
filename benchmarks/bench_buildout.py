"""Time of one build-out plan: 72 months, six kinds, five sites. Run: `pytest benchmarks/bench_buildout.py`."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.buildout import BuildoutInputs, BuildoutResult, plan_buildout

MONTHS, KINDS, SITES, LATER = 72, 6, 5, 24


def inputs() -> BuildoutInputs:
    """A plan the size of a large firm's, in which money, supply and power each bind for a while."""
    month_T = np.arange(MONTHS)
    first_K = 6 * np.arange(KINDS)
    price_K = np.linspace(25e3, 45e3, KINDS)
    on_offer_KT = (month_T >= first_K[:, None]) & (month_T < first_K[:, None] + 30)
    facility_w_SX = 150e6 + np.linspace(2e6, 40e6, SITES)[:, None] * np.arange(MONTHS + LATER)
    return BuildoutInputs(
        kinds=tuple(f"kind-{kind}" for kind in range(KINDS)),
        sites=tuple(f"site-{site}" for site in range(SITES)),
        rule="spend-the-budget",
        capex_budget_usd_T=np.full(MONTHS, 5.2e9),
        budget_year_T=2025 + month_T // 12,
        other_capex_frac=0.05,
        accelerator_usd_KT=np.repeat(price_K[:, None], MONTHS, axis=1),
        server_usd_KT=np.full((KINDS, MONTHS), 8e3),
        network_usd_KT=np.full((KINDS, MONTHS), 6e3),
        supply_count_KT=np.where(on_offer_KT, 40e3, 0.0),
        preference_K=np.ones(KINDS),
        announced_count_KT=np.zeros((KINDS, MONTHS)),
        system_w_K=np.linspace(1.4e3, 2.2e3, KINDS),
        tdp_w_K=np.linspace(700.0, 1400.0, KINDS),
        installed_count_K=np.linspace(350e3, 0.0, KINDS),
        installed_age_months_K=np.linspace(20.0, 0.0, KINDS),
        retirement_months=60,
        delivery_months=3,
        commissioning_months=1,
        facility_w_ST=facility_w_SX[:, :MONTHS],
        facility_later_w_SL=facility_w_SX[:, MONTHS:],
        peak_pue_S=np.linspace(1.1, 1.3, SITES),
        construction_usd_per_w_S=np.linspace(0.0, 13.0, SITES),
        construction_months_S=np.arange(12, 12 + SITES),
        power_lookahead_months=3,
    )


def test_plan_buildout(benchmark) -> None:
    result: BuildoutResult = benchmark(plan_buildout, inputs())
    assert result.online_count_SKT.sum() > 0.0
