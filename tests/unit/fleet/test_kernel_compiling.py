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
from gigawatt.engines.fleet.kernel import draws, jit
assert not jit.FROM_PARTS and "gigawatt.engines.fleet.kernel.parts" not in sys.modules
assert jit.as_world((1, 2)) == (1, 2)
print(draws.uniform(7, 1, 2, 3))
"""


def test_another_version_of_numba_compiles_the_kernel_by_its_own_means():
    """Its first parts; all of it takes minutes."""
    environment = os.environ | {"GIGAWATT_PLAIN_NUMBA": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", PLAIN], env=environment, capture_output=True, text=True, check=True)
    assert 0.0 < float(run.stdout) < 1.0


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
