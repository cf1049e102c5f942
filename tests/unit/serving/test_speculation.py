"""Drafted tokens: how many are kept, what checking costs, where the gain ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from serving_cases import DEEPSEEK, H100, LLAMA_8B, inputs

from gigawatt.engines.serving import Replica, Speculation, operating_point
from gigawatt.engines.serving.speculation import draft_model, tokens_per_step
from gigawatt.errors import InputError

EASY = Speculation(3, 0.8)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.85])
@pytest.mark.parametrize("drafted", [1, 2, 5])
def test_tokens_per_step_are_the_geometric_sum(kept, drafted):
    expected = (1.0 - kept ** (drafted + 1)) / (1.0 - kept)
    assert tokens_per_step(Speculation(drafted, kept)) == pytest.approx(expected)


def test_one_extra_layer_of_deepseek_v3_gains_what_its_report_states():
    # DeepSeek-V3 technical report, section 5.4.3: 85 to 90 % of second tokens kept, 1.8 times the tokens per second
    assert 1.8 <= tokens_per_step(Speculation(1, 0.85)) <= tokens_per_step(Speculation(1, 0.90)) <= 1.95


def gain(batch, speculation=EASY):
    given, replica = inputs(), Replica(4)
    fast = operating_point(replace(given, speculation=speculation), replica, batch)
    return fast.output_tokens_per_s / operating_point(given, replica, batch).output_tokens_per_s


def test_speculation_gains_at_small_batches_and_nothing_once_compute_binds():
    gains = [gain(batch) for batch in (1.0, 16.0, 128.0, 2048.0)]
    assert gains[0] > 2.0
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] < 1.0
    assert all(one < tokens_per_step(EASY) for one in gains)


def test_drafts_that_are_never_kept_only_cost():
    assert gain(8.0, Speculation(3, 0.0)) < 1.0


def test_a_draft_model_costs_more_than_a_layer_of_ones_own():
    assert gain(8.0, Speculation(3, 0.8, LLAMA_8B)) < gain(8.0)


def test_what_drafts_takes_memory_but_shares_the_tables():
    plain = operating_point(inputs(), Replica(4), 8.0).memory
    layer = operating_point(inputs(speculation=EASY), Replica(4), 8.0).memory
    # one of 80 layers: 68.45 G parameters in 8 bits over 80 and 4 ranks
    assert layer.weights_gib - plain.weights_gib == pytest.approx(68.45e9 / 80 / 4 / 2**30, rel=0.02)
    model = operating_point(inputs(speculation=Speculation(3, 0.8, LLAMA_8B)), Replica(4), 8.0).memory
    assert model.weights_gib - plain.weights_gib == pytest.approx(9.1e9 / 4 / 2**30, rel=0.05)
    assert model.total_gib == pytest.approx(80.0)


def test_a_layer_of_a_mixture_of_experts_drafts_with_experts():
    draft = draft_model(DEEPSEEK, EASY)
    assert draft.layers == 1
    assert draft.experts == DEEPSEEK.experts
    assert draft.dense_layers == 0


def test_littles_law_holds_with_speculation():
    found = operating_point(inputs(speculation=EASY), Replica(2), 64.0)
    assert found.requests_per_s * 1000.0 * found.tpot_p50_s == pytest.approx(64.0)


@pytest.mark.parametrize("wrong", [Speculation(0, 0.5), Speculation(2, 1.1), Speculation(2, float("nan"))])
def test_speculation_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError, match=r"serving\.speculation"):
        operating_point(inputs(accelerator=H100, speculation=wrong), Replica(2), 8.0)
