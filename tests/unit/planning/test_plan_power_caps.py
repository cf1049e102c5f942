"""Power caps in a plan: more accelerators on the same power, each slower, and what a plan short of power says."""

from __future__ import annotations

from typing import Any

import pytest

import gigawatt as gw
from gigawatt.catalogue import Catalogue, load
from gigawatt.engines.hardware.power import STEADY_POWER_FRAC
from gigawatt.engines.serving.types import Request, ServiceLevel
from gigawatt.planning.plan import Notice, Plan
from gigawatt.planning.serving import serving_inputs, slowed

SHORT = "coreweave-2025"  # power limits it in some months
RUN = (
    "workloads=[{train: llama-3.1-405b, tokens: 1 T, on: {gb200-nvl72: 4096}, start: 2026-01}, "
    "{serve: llama-3.1-70b, on: gb200-nvl72, "
    "demand: {users: 20 M, messages: 5 per user-day, input: 1000, output: 300}, start: 2026-01}]"
)
CAP = "fleet.power_cap.gb200-nvl72=1000 W"


def planned(*settings: str) -> Plan:
    """Plan the scenario that is short of power."""
    return gw.plan(SHORT, settings, draws_count=0)


@pytest.fixture(scope="module")
def full() -> Plan:
    """Return the plan without a cap."""
    return planned(RUN)


@pytest.fixture(scope="module")
def capped() -> Plan:
    """Return the plan with GB200 held to 1,000 W."""
    return planned(RUN, CAP)


def notices(plan: Plan, code: str) -> list[Notice]:
    """Return the notices with a code."""
    return [notice for notice in plan.notices if notice.code == code]


def test_more_accelerators_find_power(full: Plan, capped: Plan) -> None:
    """What a cap saves carries more; never more watts than without it."""
    assert capped.metric("fleet.gpus_online_peak").value > full.metric("fleet.gpus_online_peak").value
    assert capped.metric("power.it_online_w").value <= full.metric("power.it_online_w").value * (1 + 1e-9)
    for plan in (full, capped):
        assert all(check.holds for check in plan.checks)


def test_it_power_is_that_of_capped_accelerators(capped: Plan) -> None:
    """2,090 W less the 200 W below the rating."""
    fleet = capped.tables["fleet"]
    rows = fleet[(fleet["accelerator"] == "gb200-nvl72") & (fleet["online_gpus"] > 0)]
    assert len(rows)
    assert (rows["it_mw"] * 1e6 / rows["online_gpus"]).to_numpy() == pytest.approx(1890.0)


def test_training_takes_longer_on_less_power(full: Plan, capped: Plan) -> None:
    """The run keeps its accelerators and its tokens."""
    before, after = (plan.tables["training"].iloc[0] for plan in (full, capped))
    assert after["days"] > before["days"]
    assert after["energy_mwh"] < before["energy_mwh"]


def test_a_plan_short_of_power_names_the_cap(full: Plan) -> None:
    """With its gain and how to set it; a kind that has a cap is not named, nor one that a cap would hardly help."""
    experts = RUN.replace("llama-3.1-405b", "deepseek-v3")
    (notice,) = notices(planned(experts), "short-of-power")
    assert notice.path == "fleet.power_cap"
    for words in (
        "Power limits growth in",
        "capping gb200-nvl72 at",
        "more throughput",
        "Try fleet: {power_cap: {gb200",
    ):
        assert words in notice.message
    for plan in (planned(experts, CAP), full):
        assert all("gb200-nvl72" not in notice.message for notice in notices(plan, "short-of-power"))
    assert not notices(gw.plan("sovereign-1mw", draws_count=0), "short-of-power")  # money limits it, not power


def test_the_cap_has_an_origin_and_explains_power(capped: Plan) -> None:
    """As every number of a scenario."""
    (origin,) = [item for item in capped.origins if item.path == "fleet.power_cap.gb200-nvl72"]
    assert (origin.value, origin.kind) == ("1.00 kW", "assumption")
    assert "fleet.power_cap.gb200-nvl72" in capped.explanations["power.it_online_w"].origins


def test_a_cap_of_what_is_not_there_is_told() -> None:
    """It has no effect."""
    (notice,) = notices(planned("fleet.power_cap.b200-sxm=900 W"), "cap-unused")
    assert notice.path == "fleet.power_cap.b200-sxm"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return the catalogue that ships."""
    return load()


def served(catalogue: Catalogue, cap_w: float, **options: Any) -> Any:
    """Serve with a mean request under a cap."""
    from gigawatt.planning.jobs import serve

    return serve(catalogue, "llama-3.1-70b", "h100-sxm", power_cap_w=cap_w, software_date=2025.5, **options).pool


def test_a_cap_slows_prompts_and_hardly_the_writing(catalogue: Catalogue) -> None:
    """Products slow by the cube root of what is left of the power; memory keeps its rate."""
    inputs = [
        serving_inputs(
            catalogue, "llama-3.1-70b", "h100-sxm", Request(1000, 300), ServiceLevel(), precision="fp8",
            software_date=2025.5, power_cap_w=cap_w,
        ).accelerator
        for cap_w in (0.0, 525.0)
    ]  # fmt: skip
    ratio = inputs[1].dense_flop_per_s["fp8"] / inputs[0].dense_flop_per_s["fp8"]
    assert ratio == pytest.approx(((0.75 - STEADY_POWER_FRAC) / (1 - STEADY_POWER_FRAC)) ** (1 / 3))
    assert inputs[1].hbm_bytes_per_s == inputs[0].hbm_bytes_per_s
    assert slowed(inputs[0], 0.0) is inputs[0]
    prompts, writing = (
        [served(catalogue, cap_w, input_tokens=given, output_tokens=made) for cap_w in (0.0, 525.0)]
        for given, made in ((8000.0, 10.0), (100.0, 1000.0))
    )
    loss = [
        1.0 - pools[1].deployment.output_tokens_per_s_per_gpu / pools[0].deployment.output_tokens_per_s_per_gpu
        for pools in (prompts, writing)
    ]
    assert 0.10 < loss[0] < 0.16
    assert 0.0 <= loss[1] < loss[0]


def test_serving_under_a_cap_draws_no_more(catalogue: Catalogue) -> None:
    """Each point of the frontier keeps the cap, and pays for fewer watts."""
    full, capped = (served(catalogue, cap_w) for cap_w in (0.0, 450.0))
    assert max(point.gpu_power_w for point in full.frontier.deployments) > 450.0
    assert max(point.gpu_power_w for point in capped.frontier.deployments) <= 450.0
    assert capped.deployment in capped.frontier.deployments
    for point in capped.frontier.deployments:
        assert point.system_power_w - point.gpu_power_w == pytest.approx(1472.0 - 700.0)
    assert capped.usd_per_gpu_hour < full.usd_per_gpu_hour
