"""Time of a study. Run: `pytest benchmarks/bench_study.py -o python_files='bench_*.py' --benchmark-only`."""

from __future__ import annotations

import pytest

import gigawatt as gw
from gigawatt.planning.study.sampling import sampling_of
from gigawatt.planning.study.studied import studied
from gigawatt.planning.study.work import Draws


@pytest.mark.parametrize("name", ["meta-2025", "neocloud-20mw"])
def test_part(benchmark, name):
    """A part of 64 draws in this process: what a worker does, less writing it."""
    plan = studied(gw.load(name))
    draws = Draws((plan,), sampling_of([plan], 0), 512)
    assert len(benchmark.pedantic(draws, (0,), rounds=3)["draw"]) == 64


def test_whole_study(benchmark):
    """Meta with 10,000 draws on all cores; the target is 60 s on two."""
    answer = benchmark.pedantic(gw.study, ("meta-2025",), {"samples_count": 10_000}, rounds=1)
    assert answer.question.samples_count == 10_000
