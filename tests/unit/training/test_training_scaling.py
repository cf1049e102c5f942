"""Scaling laws against what their papers print, and against themselves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigawatt.engines.training.scaling import (
    BESIROGLU,
    HOFFMANN,
    LAWS,
    LLAMA_3,
    LLAMA_3_PRINTED,
    LossLaw,
    compute_optimal,
    flops_for_loss,
    loss_nats,
    overtraining_ratio,
    tokens_for_loss,
    training_flops,
)
from gigawatt.errors import InputError

BUDGETS = st.floats(1e18, 1e28)
LOSS_LAWS = st.sampled_from([HOFFMANN, BESIROGLU])


def test_chinchilla_is_the_optimum_of_its_budget():
    # Hoffmann et al. 2022 (arXiv:2203.15556): 70 B on 1.4 T tokens for Gopher's 5.76e23 FLOP
    best = compute_optimal(5.76e23)
    assert best.parameters_count == pytest.approx(70e9, rel=0.05)
    assert best.tokens_count == pytest.approx(1.4e12, rel=0.06)
    assert training_flops(70e9, 1.4e12) == pytest.approx(5.76e23, rel=0.03)


def test_the_original_fit_asks_for_a_smaller_model():
    # figure 4 of the same paper: 40 B at Gopher's budget
    assert compute_optimal(5.76e23, HOFFMANN).parameters_count == pytest.approx(40e9, rel=0.02)


def test_the_new_fit_keeps_about_twenty_tokens_a_parameter():
    # Besiroglu et al. 2024 (arXiv:2404.10102), section 4: consistent with the 20 of approaches 1 and 2 at 1e23 to 1e24
    for flops in (1e22, 1e23, 1e24):
        best = compute_optimal(flops)
        assert 15 < best.tokens_count / best.parameters_count < 26


def test_llama_3_law_gives_the_flagship():
    # Llama 3 (arXiv:2407.21783) section 3.2.1: 402 B on 16.55 T tokens at 3.8e25. By 6 N D 16.55 T leave 383 B.
    best = compute_optimal(3.8e25, LLAMA_3)
    assert best.tokens_count == pytest.approx(16.55e12, rel=1e-9)
    assert best.parameters_count == pytest.approx(402e9, rel=0.06)
    assert math.isnan(best.loss_nats)


def test_the_printed_llama_3_exponent_misses_its_own_extrapolation():
    # the discrepancy that the solved exponent, 0.538 for a printed 0.53, is there for
    assert compute_optimal(3.8e25, LLAMA_3_PRINTED).tokens_count == pytest.approx(10.5e12, rel=0.02)
    assert pytest.approx(0.538, abs=1e-3) == LLAMA_3.exponent


@given(BUDGETS, LOSS_LAWS, st.floats(0.2, 5.0).filter(lambda factor: abs(factor - 1.0) > 0.05))
def test_no_other_split_of_a_budget_is_better(flops: float, law: LossLaw, factor: float):
    best = compute_optimal(flops, law)
    assert training_flops(best.parameters_count, best.tokens_count) == pytest.approx(flops)
    assert loss_nats(best.parameters_count * factor, best.tokens_count / factor, law) > best.loss_nats


@given(BUDGETS, LOSS_LAWS)
def test_budget_and_loss_are_inverse(flops: float, law: LossLaw):
    best = compute_optimal(flops, law)
    assert flops_for_loss(best.loss_nats, law).flops == pytest.approx(flops, rel=1e-6)
    assert tokens_for_loss(best.parameters_count, best.loss_nats, law) == pytest.approx(best.tokens_count, rel=1e-6)


@given(st.floats(1e8, 1e13), st.floats(1e9, 1e15), LOSS_LAWS)
def test_more_of_anything_lowers_the_loss_towards_the_floor(parameters: float, tokens: float, law: LossLaw):
    loss = loss_nats(parameters, tokens, law)
    assert loss_nats(2 * parameters, tokens, law) < loss
    assert loss_nats(parameters, 2 * tokens, law) < loss
    assert loss > law.floor_nats


def test_overtraining_is_one_at_the_optimum_and_large_for_small_models():
    for law in LAWS.values():
        best = compute_optimal(1e24, law)
        assert overtraining_ratio(best.parameters_count, best.tokens_count, law) == pytest.approx(1.0)
    # Llama 3 8B on 15 T tokens, 1,875 tokens a parameter
    assert 80 < overtraining_ratio(8e9, 15e12) < 120


def test_what_cannot_be_reached_is_refused_with_its_reach():
    with pytest.raises(InputError, match="stay above"):
        tokens_for_loss(1e9, 1.9)
    with pytest.raises(InputError, match="never falls"):
        flops_for_loss(1.8)
    with pytest.raises(InputError, match=r"parameters_count.*tokens_count"):
        loss_nats(0.0, -1.0)
    with pytest.raises(InputError):
        compute_optimal(0.0)
