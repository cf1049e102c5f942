"""Speed of the training engine: single estimates, scoring, whole searches. Run: pytest benchmarks/bench_training.py."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.catalogue.store import load
from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.training import Layout, TrainingJob, estimate, search
from gigawatt.engines.training.columns import job_columns
from gigawatt.engines.training.search import candidates, score
from gigawatt.planning.convert import accelerator, transformer

SCORED_COUNT = 200_000


@pytest.fixture(scope="module")
def job():
    catalogue = load()
    chip = accelerator(catalogue.accelerators["h100-sxm"], catalogue)
    return TrainingJob(transformer(catalogue.models["llama-3.1-405b"]), chip, 16384, 8192, 2048)


def test_estimate(benchmark, job):
    benchmark(estimate, job, Layout(8, 16, 128, virtual_stages=8))


def test_score(benchmark, job):
    columns = job_columns([job], CALIBRATION)
    layouts = candidates(job, columns, {})
    many = layouts.take(np.resize(np.arange(layouts.tensor.size), SCORED_COUNT))
    benchmark(score, columns, many, CALIBRATION)
    benchmark.extra_info["configurations_per_s"] = SCORED_COUNT / benchmark.stats["min"]


def test_search(benchmark, job):
    benchmark(search, job)
