"""Speed of the training engine: single estimates, scoring, whole searches.

Run: pytest benchmarks/bench_training.py -s. Configurations a second, and each search over one pass of scoring as many
layouts, are printed; a ratio says the same on any machine.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from gigawatt.catalogue.store import load
from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.training import Layout, TrainingJob, estimate, search
from gigawatt.engines.training.columns import job_columns
from gigawatt.engines.training.search import score
from gigawatt.engines.training.space import candidates
from gigawatt.planning.convert import accelerator, transformer

SCORED_COUNT = 200_000
REPEATS = 5
SEARCHES = (("llama-3.1-8b", 64), ("llama-3.1-405b", 16384), ("deepseek-v3", 2048))


def _job(catalogue, model, gpus):
    chip = accelerator(catalogue.accelerators["h100-sxm"], catalogue)
    return TrainingJob(transformer(catalogue.models[model]), chip, gpus, 8192, 2048)


@pytest.fixture(scope="module")
def job():
    return _job(load(), "llama-3.1-405b", 16384)


def test_estimate(benchmark, job):
    benchmark(estimate, job, Layout(8, 16, 128, virtual_stages=8))


def test_score(benchmark, job):
    columns = job_columns([job], CALIBRATION)
    layouts = candidates(job, columns, CALIBRATION)
    many = layouts.take(np.resize(np.arange(layouts.tensor.size), SCORED_COUNT))
    benchmark(score, columns, many, CALIBRATION)
    benchmark.extra_info["configurations_per_s"] = SCORED_COUNT / benchmark.stats["min"]


def test_search(benchmark, job):
    benchmark(search, job)


def _fastest_s(call):
    """Shortest processor time of some calls."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def test_searches_against_scoring(capsys):
    catalogue = load()
    lines = []
    for model, gpus in SEARCHES:
        job = _job(catalogue, model, gpus)
        columns = job_columns([job], CALIBRATION)
        layouts = candidates(job, columns, CALIBRATION)
        many = layouts.take(np.resize(np.arange(layouts.tensor.size), SCORED_COUNT))
        scored_s = _fastest_s(lambda: score(columns, many, CALIBRATION)) / SCORED_COUNT  # noqa: B023
        single_s = _fastest_s(lambda: estimate(job, Layout(data_parallel=gpus)))  # noqa: B023
        found = search(job)
        searched_s = _fastest_s(lambda: search(job))  # noqa: B023
        lines.append(
            f"{model} on {gpus}: {1.0 / scored_s:,.0f} configurations a second; a search of {found.searched:,} takes "
            f"{searched_s / single_s:.0f} times as long as one estimate, {searched_s * 1e3:.0f} ms here"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert len(lines) == len(SEARCHES)
