"""Accelerator-hours of whole runs against those published."""

from __future__ import annotations

import pytest

from gigawatt.validation.engines import ENGINES, validate
from gigawatt.validation.training_runs import validate_training_runs


@pytest.fixture(scope="module")
def runs():
    return {row.id: row for row in validate_training_runs().rows}


@pytest.mark.parametrize("name", ["deepseek-v3", "llama-3.1-405b", "llama-4-behemoth"])
def test_the_best_documented_runs_are_within_15_percent(runs, name):
    assert abs(runs[name].error_pct) < 15.0


def test_figures_are_those_of_the_sources(runs):
    assert runs["deepseek-v3"].measured == 2.664  # M H800 hours of pre-training
    assert runs["llama-3.1-405b"].measured == 30.84
    assert runs["llama-4-behemoth"].measured == 390.0


def test_runs_hold_their_bound():
    found, bound = validate("training-runs").summary, ENGINES["training-runs"][1]
    assert found.n >= 4
    assert found.median_abs_error_pct < bound.median_abs_error_pct
    assert found.p90_abs_error_pct < bound.p90_abs_error_pct


def test_rows_that_rest_on_assumptions_say_so(runs):
    for name in ("llama-3-8b", "llama-4-scout", "falcon-180b", "opt-175b"):
        assert runs[name].flag
