"""Time of one build schedule: eight buildings, 2,000 draws. Run: `pytest benchmarks/bench_construction.py`."""

from __future__ import annotations

import numpy as np

from gigawatt.catalogue import load
from gigawatt.engines.construction import CampusInputs, simulate
from gigawatt.planning.construction import Power, campus_inputs, campus_schedule

DRAWS = 2000


def inputs(crew_cap_count: float | None = None) -> CampusInputs:
    """Abilene's eight buildings."""
    facts = load().construction["us-2025"]
    return campus_inputs(facts, [147.5] * 8, [Power("onsite-gas-reserved")], crew_cap_count=crew_cap_count)


def test_draws(benchmark) -> None:
    benchmark(simulate, inputs(), DRAWS, np.random.default_rng(0))


def test_draws_with_too_few_people(benchmark) -> None:
    benchmark(simulate, inputs(3000.0), DRAWS, np.random.default_rng(0))


def test_schedule(benchmark) -> None:
    schedule = benchmark(campus_schedule, inputs())
    assert schedule.gigawatt is not None
