"""Time of sizing a supply. Run: `pytest benchmarks/bench_energy.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from energy_parts import abilene

from gigawatt.engines.energy import dispatch, size_supply

OPTIMUM_W = {"solar": 2371e6, "wind": 1404e6, "gas": 744e6, "battery": 1242e6}


@pytest.mark.parametrize("steps_count", [1000, 1500, 3000])
def test_sizing_on_joined_hours(benchmark, steps_count):
    """Capacities on joined hours, dispatched on 8,760; the target is 2 s."""
    supply = benchmark.pedantic(size_supply, (abilene(), steps_count), rounds=1)
    assert supply.certificate.residual_frac <= 1e-9


def test_sizing_on_every_hour(benchmark):
    """8,760 hours; the target is 25 s."""
    supply = benchmark.pedantic(size_supply, (abilene(),), rounds=1)
    assert supply.total_usd == pytest.approx(892.33e6, rel=1e-3)


def test_dispatch_of_given_capacities(benchmark):
    """8,760 hours without sizing."""
    problem = abilene(unserved_usd_per_mwh=1e4)
    supply = benchmark.pedantic(dispatch, (problem, OPTIMUM_W), rounds=1)
    assert supply.certificate.residual_frac <= 1e-9
