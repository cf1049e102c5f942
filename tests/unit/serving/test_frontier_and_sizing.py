"""The frontier and the pool: nothing dominated, limits kept, binomial worked by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from serving_cases import B200, DEEPSEEK, H100, LLAMA_8B, LLAMA_70B, MIXTRAL, inputs

from gigawatt.engines.serving import Replica, ServiceLevel, frontier, operating_point, size
from gigawatt.engines.serving.frontier import replicas
from gigawatt.engines.serving.sizing import enough_probability, installed_replicas_count
from gigawatt.errors import InfeasibleError, InputError


@pytest.fixture(scope="module")
def chat():
    return frontier(inputs(slo=ServiceLevel(2.0, 0.05)))


def test_the_frontier_rises_in_both(chat):
    for fast, slow in pairwise(chat.deployments):
        assert fast.tpot_p50_s < slow.tpot_p50_s
        assert fast.output_tokens_per_s_per_gpu < slow.output_tokens_per_s_per_gpu


def test_the_chosen_meets_its_limits_and_nothing_that_does_beats_it(chat):
    assert chat.chosen.meets_slo
    assert chat.chosen.ttft_p99_s <= 2.0
    assert chat.chosen.tpot_p99_s <= 0.05
    best = max(one.output_tokens_per_s_per_gpu for one in chat.deployments if one.meets_slo)
    assert chat.chosen.output_tokens_per_s_per_gpu >= best


def test_everything_on_the_frontier_fits(chat):
    assert all(one.fits for one in chat.deployments)


def test_a_tighter_limit_costs_throughput():
    loose, tight = (frontier(inputs(slo=ServiceLevel(2.0, limit))).chosen for limit in (0.2, 0.03))
    assert tight.output_tokens_per_s_per_gpu < loose.output_tokens_per_s_per_gpu


def test_a_limit_nothing_meets_names_the_nearest_miss():
    found = frontier(inputs(slo=ServiceLevel(2.0, 1e-4)))
    assert found.chosen is None
    assert found.deployments
    assert "no batch meets the service level; nearest: p99 TPOT" in found.reason


def test_a_model_too_large_for_the_accelerators_says_what_is_short():
    found = frontier(inputs(DEEPSEEK), 8)
    assert found.deployments == ()
    assert found.chosen is None
    assert "GiB more than h100 has left" in found.reason


def test_replicas_divide_what_is_at_hand_and_stay_in_the_domain():
    given = inputs(MIXTRAL)
    found = list(replicas(given, 12))
    assert found
    assert all(12 % one.gpus_count == 0 for one in found)
    wide = [one for one in replicas(given) if one.tensor_parallel > 8]
    assert all(one.attention_data_parallel for one in wide)
    assert any(one.attention_data_parallel for one in replicas(given))
    assert not any(one.expert_parallel > 1 for one in replicas(inputs(LLAMA_8B)))


def test_a_small_model_is_not_spread():
    # TensorRT-LLM overview: the smallest tensor parallelism whose cache is not starved gives most per accelerator
    assert frontier(inputs(LLAMA_8B)).chosen.replica.gpus_count == 1
    assert frontier(inputs(LLAMA_70B, B200, precision="fp4"), 8).chosen.replica.tensor_parallel == 1
    assert operating_point(inputs(), Replica(1), 20).output_tokens_per_s_per_gpu < 1000.0


def test_eleven_of_which_ten_must_be_up():
    # 0.99^11 + 11 x 0.99^10 x 0.01
    assert enough_probability(11, 10, 0.01) == pytest.approx(0.99**11 + 11 * 0.99**10 * 0.01)
    assert enough_probability(9, 10, 0.01) == 0.0
    assert enough_probability(10, 10, 0.0) == pytest.approx(1.0)


def test_the_least_that_suffices_is_installed():
    count = installed_replicas_count(100, 0.01, 0.999)
    assert enough_probability(count, 100, 0.01) >= 0.999 > enough_probability(count - 1, 100, 0.01)


def test_a_pool_carries_its_peak_and_draws_for_its_mean(chat):
    point = chat.chosen
    pool = size(point, 100.0, 60.0, idle_system_w=400.0)
    assert pool.replicas_count * point.requests_per_s * 0.9 >= 100.0
    assert pool.gpus_count == pool.replicas_count * point.replica.gpus_count
    assert pool.mean_utilisation_frac == pytest.approx(60.0 / (pool.replicas_count * point.requests_per_s))
    assert 400.0 * pool.gpus_count < pool.mean_it_w < point.system_power_w * pool.gpus_count


def test_no_demand_needs_nothing(chat):
    assert size(chat.chosen, 0.0, 0.0).gpus_count == 0


def test_replicas_on_several_nodes_need_more_spares(chat):
    wide = replace(chat.chosen, replica=Replica(8, 8))
    assert size(wide, 1e4, 1e3).replicas_count > size(chat.chosen, 1e4, 1e3).replicas_count


def test_demands_that_mean_nothing_are_refused(chat):
    with pytest.raises(InputError):
        size(chat.chosen, 1.0, 2.0)
    with pytest.raises(InputError):
        size(chat.chosen, 2.0, 1.0, availability_frac=1.0)
    with pytest.raises(InfeasibleError, match="serves nothing"):
        size(replace(chat.chosen, fits=False, reason="too small"), 2.0, 1.0)


def test_chips_of_another_generation_are_planned_too():
    other = replace(H100, name="new", generation="unheard-of")
    assert frontier(inputs(LLAMA_8B, other)).chosen is not None


@pytest.mark.parametrize("count", [0, -8])
def test_no_accelerators_are_refused(count):
    with pytest.raises(InputError, match="at least 1 is needed"):
        frontier(inputs(), count)
