"""Each shipped scenario plans unedited, and its books close."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from gigawatt.planning.document import dumps, plan_document
from gigawatt.planning.plan import Plan
from gigawatt.scenario.shipped import list_shipped

Planned = Callable[[str], Plan]
NAMES = [shipped.id for shipped in list_shipped()]
CONTRACT_METRICS = (
    "npv_usd",
    "irr",
    "payback_months",
    "capex_usd",
    "depreciation_usd",
    "usd_per_gpu_hour",
    "usd_per_million_tokens",
)


def test_ten_scenarios_ship() -> None:
    assert {
        "meta-2025", "microsoft-fy25", "stargate", "colossus", "coreweave-2025", "epoch-1gw", "neocloud-20mw",
        "sovereign-1mw", "delay-12-months", "memory-shock-2026",
    } <= set(NAMES)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_balances_hold(planned: Planned, name: str) -> None:
    broken = [check for check in planned(name).checks if not check.holds]
    assert not broken
    assert len(planned(name).checks) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_document_keeps_the_contract(planned: Planned, name: str) -> None:
    document = json.loads(dumps(plan_document(planned(name))))
    assert document["schema"] == "gigawatt/plan/1"
    result = document["result"]
    assert set(CONTRACT_METRICS) <= set(result["finance"])
    assert len(result["months"]) == len(planned(name).tables["months"])
    assert {"gpus_online", "it_mw", "facility_mw", "capex_usd", "opex_usd", "revenue_usd", "cash_usd", "limit"} <= set(
        result["months"][0]
    )
    assert all(check["holds"] for check in result["checks"])


@pytest.mark.parametrize("name", NAMES)
def test_online_never_exceeds_what_the_power_carries(planned: Planned, name: str) -> None:
    months = planned(name).tables["months"]
    assert (months["it_rated_mw"] <= months["it_capacity_mw"] * (1 + 1e-9)).all()
    assert (months["it_mw"] <= months["it_rated_mw"] * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_negative_that_cannot_be(planned: Planned, name: str) -> None:
    months = planned(name).tables["months"]
    for column in (
        "gpus_online",
        "gpus_waiting",
        "gpus_free",
        "energy_mwh",
        "capex_usd",
        "opex_usd",
        "water_l",
        "co2_t",
    ):
        assert (months[column] >= -1e-6).all(), column


@pytest.mark.parametrize("name", NAMES)
def test_energy_by_site_adds_up(planned: Planned, name: str) -> None:
    plan = planned(name)
    by_site = plan.tables["power"].groupby("month", sort=False)["energy_total_mwh"].sum().to_numpy()
    np.testing.assert_allclose(by_site, plan.tables["months"]["energy_mwh"].to_numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_has_a_verdict_a_reason_and_a_known_source(planned: Planned, name: str) -> None:
    plan = planned(name)
    known = {reference.id for reference in plan.references}
    for claim in plan.claims:
        assert claim.because
        assert claim.source in known, claim.source


@pytest.mark.parametrize("name", NAMES)
def test_every_input_names_where_it_comes_from(planned: Planned, name: str) -> None:
    for origin in planned(name).origins:
        assert origin.source, origin.path
        assert origin.kind, origin.path


def test_late_power_costs_money_and_accelerators(planned: Planned) -> None:
    on_time, late = planned("meta-2025"), planned("delay-12-months")
    for name in ("fleet.gpus_online", "finance.npv_usd"):
        assert late.metric(name).value < on_time.metric(name).value
