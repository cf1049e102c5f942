"""A trace on a pool: conservation, the service level, the fewest replicas, what pools and prefixes do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.policy import compile_policy
from gigawatt.engines.serving import Replica
from gigawatt.engines.serving.simulator.routers import FEATURES
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.jobs import serve
from gigawatt.planning.replay import fewest, gap_percentiles, meets, percentiles
from gigawatt.planning.replay_documents import replay_record
from gigawatt.planning.replay_terms import ReplayTerms, service_of
from gigawatt.planning.requests import Lengths, synthetic

MODEL, CHIP = "llama-3.1-8b", "h100-sxm"


@pytest.fixture(scope="module")
def trace():
    return synthetic(30.0, 120.0, Lengths(800.0, 150.0), seed=4)


def answer(trace, ttft=1.0, tpot=0.03, **terms):
    return serve(load(), MODEL, CHIP, trace=trace, ttft_p99_s=ttft, tpot_p99_s=tpot, replay=ReplayTerms(**terms))


@pytest.fixture(scope="module")
def found(trace):
    return answer(trace).replayed


def test_every_request_finishes_and_every_token_is_counted(trace, found):
    assert (found.result.state_N == 3).all()
    assert found.result.output_tokens == trace.output_tokens_N.sum()
    assert found.result.preemptions_N.sum() == 0
    assert found.result.input_tokens == trace.input_tokens_N.sum()
    assert np.all(found.result.latency_s_N >= found.result.ttft_s_N)


def test_the_number_found_meets_the_service_level_and_one_fewer_does_not(trace, found):
    assert found.meets_slo
    assert found.met_frac >= 0.98
    tried = dict(found.tried)
    assert tried[found.replicas_count]
    if found.replicas_count > 1:
        held = {"replica": found.pool.deployment.replica, "replay": ReplayTerms(replicas=found.replicas_count - 1)}
        one_fewer = serve(load(), MODEL, CHIP, trace=trace, ttft_p99_s=1.0, tpot_p99_s=0.03, **held).replayed
        assert not one_fewer.meets_slo


def test_a_stricter_limit_needs_no_fewer_and_faster_arrivals_need_more(trace, found):
    assert answer(trace, ttft=0.2).replayed.gpus_count >= found.gpus_count
    assert answer(trace, rate_scale=6.0).replayed.gpus_count > found.gpus_count


def test_the_layout_with_the_fewest_accelerators_is_taken_of_several_that_were_replayed():
    busy = synthetic(2.0, 300.0, Lengths(800.0, 150.0), seed=4)
    limits = {"ttft_p99_s": 2.0, "tpot_p99_s": 0.05}
    found = serve(load(), "llama-3.1-70b", CHIP, trace=busy, **limits).replayed
    sizes = [one.gpus_count for one in found.compared if one.gpus_count]
    assert len(found.compared) > 1
    assert len({one.deployment.replica for one in found.compared}) > 1
    assert found.gpus_count == min(sizes)
    assert sum(one.deployment == found.pool.deployment for one in found.compared) == 1
    held = serve(load(), "llama-3.1-70b", CHIP, trace=busy, replica=Replica(4), **limits).replayed
    assert held.compared == ()
    assert held.gpus_count >= found.gpus_count


def test_precisions_are_compared_where_several_are_allowed(trace):
    limits = {"ttft_p99_s": 1.0, "tpot_p99_s": 0.03}
    busy = ReplayTerms(rate_scale=4.0)
    found = serve(load(), MODEL, CHIP, precision="bf16, fp8", trace=trace, replay=busy, **limits).replayed
    assert {one.deployment.precision for one in found.compared} == {"bf16", "fp8"}
    steady = serve(load(), MODEL, CHIP, precision="bf16,fp8", **limits).pool
    assert steady.inputs.precision == "fp8"  # half the traffic


def test_a_written_router_serves_the_trace(trace):
    router = compile_policy("-outstanding_requests", FEATURES)
    written = answer(trace, replicas=3, router=router).replayed
    assert (written.result.state_N == 3).all()
    assert replay_record(written)["routing"] == "written"
    assert replay_record(written)["router"] == "-outstanding_requests"


def test_goodput_energy_and_money_agree_with_the_replay(found):
    result = found.result
    assert found.goodput_requests_per_s * result.duration_s == pytest.approx(found.met_N.sum())
    watts = result.energy_j / result.duration_s / found.gpus_count
    chip = load().accelerators[CHIP]
    assert chip.idle_w.value <= watts <= chip.system_w.value
    assert found.usd == pytest.approx(found.usd_per_gpu_hour * found.gpus_count * result.duration_s / 3600.0)


def test_a_power_cap_holds_in_the_replay(trace):
    capped = serve(load(), MODEL, CHIP, trace=trace, power_cap_w=400.0, replay=ReplayTerms(replicas=1)).replayed
    free = serve(load(), MODEL, CHIP, trace=trace, replay=ReplayTerms(replicas=1)).replayed
    assert capped.result.gpu_energy_j / capped.result.duration_s <= 400.0 * (1.0 + 1e-9)
    assert free.result.gpu_energy_j / free.result.duration_s > 400.0


def test_pools_apart_finish_all_and_move_each_cache_once(trace):
    apart = answer(trace, prefill_replicas=1, decode_replicas=2).replayed
    assert apart.replicas_count == 3
    assert (apart.result.state_N == 3).all()
    assert apart.service.transfer_s_per_token > 0.0
    # 8B in 8 bits: 2 x 32 layers x 8 heads x 128 = 65,536 B a token over 50 GB/s of the fabric at its efficiency
    assert apart.service.transfer_s_per_token == pytest.approx(65_536 / 50e9, rel=0.3)


def test_prefixes_are_found_and_shorten_the_reading(trace):
    blocks = np.tile(np.arange(2), trace.requests_count)  # all prompts begin alike
    shared = replace(
        trace,
        input_tokens_N=np.maximum(trace.input_tokens_N, 1100),
        first_block_N=np.arange(trace.requests_count + 1) * 2,
        block_ids=blocks,
    )
    kept = answer(shared, replicas=2, routing="prefix-aware").replayed
    none = answer(shared, replicas=2, prefix_cache=0.0).replayed
    assert none.result.hit_tokens_N.sum() == 0
    assert kept.result.hit_tokens_N[10:].min() == 1024
    assert kept.result.ttft_s_N.mean() < none.result.ttft_s_N.mean()


def test_a_prefix_cache_takes_its_room_from_the_sequences_unless_it_lies_beside(trace):
    pool = answer(trace, replicas=1).pool
    whole = service_of(pool, trace, ReplayTerms(prefix_cache=0.0), 1)
    half = service_of(pool, trace, ReplayTerms(prefix_cache=0.5), 1)
    beside = service_of(pool, trace, ReplayTerms(prefix_cache=1e6), 1)
    assert half.model.capacity_tokens + half.prefix_cache_tokens == pytest.approx(whole.model.capacity_tokens)
    assert beside.model.capacity_tokens == whole.model.capacity_tokens
    assert beside.prefix_cache_tokens == 1e6


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"replicas": 0}, "at least 1"),
        ({"prefill_replicas": 2}, "need replicas of both"),
        ({"replicas": 2, "prefill_replicas": 1, "decode_replicas": 1}, "give one of both"),
        ({"routing": "prefix"}, "Nearest: prefix-aware"),
        ({"rate_scale": -1.0}, "above 0"),
        ({"prefix_cache": -0.1}, "at least 0"),
    ],
)
def test_terms_that_mean_nothing_are_refused(trace, terms, words):
    with pytest.raises(InputError) as caught:
        answer(trace, **terms)
    assert words in str(caught.value)


def test_without_limits_there_is_no_fewest(trace):
    with pytest.raises(InputError) as caught:
        serve(load(), MODEL, CHIP, trace=trace)
    assert "--ttft or --tpot" in str(caught.value)


def test_what_no_number_of_replicas_can_do_says_what_is_missed():
    long = synthetic(0.5, 60.0, Lengths(60_000.0, 10.0, 0.0, 0.0), seed=1)
    with pytest.raises(InfeasibleError) as caught:
        answer(long, ttft=0.05, tpot=float("inf"))
    assert "TTFT p99" in str(caught.value)


@pytest.mark.parametrize("first", [1, 2, 7, 50, 400])
@pytest.mark.parametrize("least", [1, 3, 64, 399])
def test_the_fewest_is_found_from_anywhere(first, least):
    number, tried = fewest(lambda count: count >= least, first, 400)
    assert number == least
    assert len(tried) <= 20
    assert fewest(lambda count: False, first, 400)[0] is None


def test_percentiles_of_gaps_are_those_of_equal_steps(found):
    gaps = gap_percentiles(found.result)
    assert gaps["p50"] <= gaps["p90"] <= gaps["p99"]
    assert np.isnan(percentiles(np.array([np.nan]))["p99"])


def test_rejected_requests_do_not_meet_the_level(found):
    slo = found.pool.inputs.slo
    state_N = found.result.state_N.copy()
    state_N[: len(state_N) // 10] = 4
    assert not meets(replace(found.result, state_N=state_N), slo)


def test_pools_apart_are_sized_together_and_meet_the_level(trace):
    found = answer(trace, apart=True, rate_scale=4.0).replayed
    assert found.meets_slo
    assert found.pair is not None
    service = found.service
    assert dict(found.tried)[service.replicas_count + service.decode_replicas_count]
    sizes = (found.pair.prompts.replica.gpus_count, found.pair.answers.replica.gpus_count)
    assert found.gpus_count == service.replicas_count * sizes[0] + service.decode_replicas_count * sizes[1]
    assert found.result.output_tokens == trace.output_tokens_N.sum()


def test_pools_apart_with_numbers_are_as_many(trace):
    found = answer(trace, apart=True, prefill_replicas=1, decode_replicas=3).replayed
    assert (found.service.replicas_count, found.service.decode_replicas_count) == (1, 3)
    with pytest.raises(InputError, match="give one of both"):
        answer(trace, apart=True, replicas=3)
