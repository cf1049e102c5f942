"""How the kernel is compiled, and that no change of ours moves a result unseen."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from test_fleet_simulator import busy_fleet

from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.simulation import Rules

PLAIN = """
import sys
from numba import njit
from gigawatt.engines.fleet.kernel import draws, jit, plain
assert not jit.FROM_PARTS and "gigawatt.engines.fleet.kernel.parts" not in sys.modules
plain.in_order()
uniform, log_normal = draws.uniform, draws.log_normal
@njit
def drawn(seed):
    return uniform(seed, 1, 2, 3), log_normal(5.0, 1.0, seed, 1, 2, 3)
print(*drawn(7))
print(*(len(made.signatures) for made in (uniform, draws.exponential, log_normal)))
"""


def test_another_version_of_numba_compiles_the_kernel_by_its_own_rules_each_function_once():
    """Its first functions; with GIGAWATT_PLAIN_NUMBA=1 all tests of the fleet are tests of all of them."""
    environment = os.environ | {"GIGAWATT_PLAIN_NUMBA": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", PLAIN], env=environment, capture_output=True, text=True, check=True)
    drawn, signatures = run.stdout.splitlines()
    assert [float(value) for value in drawn.split()] == pytest.approx(
        [0.8450995244538628, 8.231784885395705], rel=1e-12
    )
    assert signatures == "1 1 1"


@pytest.mark.parametrize(
    ("policy", "events", "interruptions", "useful_gpu_s", "energy_j"),
    [
        ("fifo", 1467, 8, 216190602.20453262, 495893363690.6949),
        ("easy-backfill", 1411, 9, 216190602.2045325, 493822645250.84106),
    ],
)
def test_a_run_stays_what_it_was(policy, events, interruptions, useful_gpu_s, energy_j):
    """Figures of this simulator itself; who changes the model on purpose writes new ones."""
    result = simulate(busy_fleet(5, Rules(policy, preemption=True, spare_frac=0.02)))
    assert result.events_count == events
    assert int(np.sum(result.interruptions_N)) == interruptions
    assert result.ledger_gpu_s["useful"] == pytest.approx(useful_gpu_s, rel=1e-9)
    assert result.energy_j == pytest.approx(energy_j, rel=1e-9)
