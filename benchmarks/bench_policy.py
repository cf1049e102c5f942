"""A score of 15 operations, on the policy machine and written by hand. Run: `pytest benchmarks/bench_policy.py`.

Each run finds the best of 100,000 jobs as a scheduler does, one after the other, so that milliseconds times 10 are
nanoseconds a score.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from gigawatt.engines.policy import Feature, Features, compile_policy
from gigawatt.engines.policy.machine import run
from gigawatt.errors import InputError

sys.path.append(str(Path(__file__).parents[1] / "tests" / "unit" / "policy"))
from hostile import HOSTILE

JOBS_COUNT = 100_000
NAMES = ("job_gpus", "run_time_h", "wait_h", "priority", "free_frac")
TABLE = Features(tuple(Feature(name, "-", "A feature.") for name in NAMES))
# 15 operations: + + * / - - * * / - max * + min *
SCORE = """
(wait_h + 2 * priority) / (1 + run_time_h) - 0.3 * (run_time_h - wait_h) * free_frac
+ job_gpus / 1024 * max(wait_h - 12, 0) + min(job_gpus, 64)
"""
FUNCTION = """
def order(job_gpus, run_time_h, wait_h, priority):
    score = wait_h / (1 + run_time_h)
    if job_gpus >= 1024:
        score = score * 2
    for k in range(3):
        score = score + k * 0.1
    return score
"""


@numba.njit
def best_on_machine(code, constants, features_NF, stack):
    best, best_score = -1, -np.inf
    for n in range(len(features_NF)):
        score = run(code, constants, features_NF[n], stack)
        if score > best_score:
            best, best_score = n, score
    return best


@numba.njit
def score_by_hand(features):
    age = (features[2] + 2.0 * features[3]) / (1.0 + features[1]) - 0.3 * (features[1] - features[2]) * features[4]
    return age + features[0] / 1024.0 * max(features[2] - 12.0, 0.0) + min(features[0], 64.0)


@numba.njit
def best_by_hand(features_NF):
    best, best_score = -1, -np.inf
    for n in range(len(features_NF)):
        score = score_by_hand(features_NF[n])
        if score > best_score:
            best, best_score = n, score
    return best


@pytest.fixture(scope="module")
def features_NF():
    ranges = np.array([2048.0, 50.0, 48.0, 3.0, 1.0])
    return np.random.default_rng(1).random((JOBS_COUNT, len(NAMES))) * ranges


def test_score_by_hand(benchmark, features_NF):
    """What Numba makes of the same score: the bar."""
    best_by_hand(features_NF)
    benchmark(best_by_hand, features_NF)


def test_score_on_the_machine(benchmark, features_NF):
    """The same by bytecode; the target is 10 times the time by hand."""
    program = compile_policy(f"({SCORE})", TABLE)
    arguments = (program.code, program.constants, features_NF, program.new_stack())
    assert best_on_machine(*arguments) == best_by_hand(features_NF)
    benchmark(best_on_machine, *arguments)


def test_function_with_a_loop(benchmark, features_NF):
    """A conditional and three passes: about 40 steps."""
    program = compile_policy(FUNCTION, TABLE)
    arguments = (program.code, program.constants, features_NF, program.new_stack())
    best_on_machine(*arguments)
    benchmark(best_on_machine, *arguments)


def test_a_text_to_a_program(benchmark):
    """What a search pays for each candidate before it runs."""
    assert benchmark(compile_policy, FUNCTION, TABLE).cost_bound > 0


def test_all_hostile_texts(benchmark):
    """Every text that must stay out, once each."""

    def reject_all():
        for _, text in HOSTILE:
            with pytest.raises(InputError):
                compile_policy(text, TABLE)

    benchmark(reject_all)
