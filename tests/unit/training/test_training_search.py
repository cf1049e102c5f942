"""The search: agreement with single estimates, rules, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from training_parts import DEEPSEEK_V3, GB200, H100, LLAMA_8B, LLAMA_70B, LLAMA_405B

from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.training import TrainingJob, estimate, search
from gigawatt.engines.training.columns import job_columns
from gigawatt.engines.training.search import score
from gigawatt.engines.training.space import candidates, layout_of
from gigawatt.errors import InputError

JOBS = {
    "dense": TrainingJob(LLAMA_70B, H100, 256, 8192, 512),
    "moe": TrainingJob(DEEPSEEK_V3, GB200, 256, 4096, 4096, "fp8", 2026.0),
}


@pytest.mark.parametrize("name", JOBS)
def test_scores_equal_single_estimates(name):
    job = JOBS[name]
    columns = job_columns([job], CALIBRATION)
    layouts = candidates(job, columns, CALIBRATION)
    time_s, used_bytes = score(columns, layouts, CALIBRATION)
    rows = np.random.default_rng(0).choice(np.flatnonzero(np.isfinite(time_s)), 60, replace=False)
    for row in rows:
        step = estimate(job, layout_of(layouts, int(row), job))
        assert step.fits, step.reason
        assert step.step_time_s == pytest.approx(float(time_s[row]), rel=1e-12)
        assert step.memory.total_gib == pytest.approx(float(used_bytes[row]) / 2**30, rel=1e-12)


@pytest.mark.parametrize("name", JOBS)
def test_nothing_tried_beats_the_best(name):
    job = JOBS[name]
    columns = job_columns([job], CALIBRATION)
    time_s, _ = score(columns, candidates(job, columns, CALIBRATION), CALIBRATION)
    found = search(job)
    assert found.best is not None
    assert found.best.step_time_s == pytest.approx(float(time_s.min()), rel=1e-12)
    assert found.searched == time_s.size
    assert found.feasible == int(np.isfinite(time_s).sum())


def test_every_layout_returned_fits_and_is_distinct():
    found = search(JOBS["dense"], keep=5)
    steps = (found.best, *found.alternatives)
    assert all(step.fits for step in steps)
    assert len({step.layout for step in steps}) == len(steps)


def test_alternatives_hold_a_leaner_layout():
    found = search(JOBS["dense"])
    assert min(step.memory.total_gib for step in found.alternatives) < found.best.memory.total_gib


def test_the_best_of_llama_405b_beats_its_published_layout():
    found = search(TrainingJob(LLAMA_405B, H100, 16384, 8192, 2048, software_date=2024.3))
    assert found.best.mfu > 0.41
    assert found.best.layout.tensor_parallel == 8


def test_fixed_fields_are_kept():
    found = search(JOBS["dense"], fixed={"tensor_parallel": 4, "recompute": "full", "data_parallel": 8})
    for step in (found.best, *found.alternatives):
        assert (step.layout.tensor_parallel, step.layout.recompute, step.layout.data_parallel) == (4, "full", 8)


@pytest.mark.parametrize(
    ("fixed", "text"),
    [
        ({"tensor_paralel": 8}, "Nearest: tensor_parallel"),
        ({"recompute": "some"}, "one of none"),
        ({"micro_batch": "two"}, "whole number"),
    ],
)
def test_wrong_fixed_fields_are_named(fixed, text):
    with pytest.raises(InputError, match=text):
        search(JOBS["dense"], fixed=fixed)


def test_too_few_accelerators_are_refused_with_what_is_short():
    found = search(TrainingJob(LLAMA_405B, H100, 16, 8192, 64))
    assert found.best is None
    assert found.feasible == 0
    assert found.searched > 0
    assert "GiB short" in found.reason


def test_an_impossible_batch_is_refused():
    found = search(TrainingJob(LLAMA_8B, H100, 16, 8192, 64), fixed={"data_parallel": 3})
    assert found.best is None
    assert "no layout divides" in found.reason
