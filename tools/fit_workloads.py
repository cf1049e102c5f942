"""Fit the free parameter of each published workload to its mean wait: the share of batches of people who look first.

    python tools/fit_workloads.py [NAME ...] [--seeds N]

Halves the interval in which the mean wait of a simulated cluster crosses the published one, over the same seeds at each
step; prints the share, the mean waits that it gives, and those of nobody and of everybody looking. The queue is the
fleet simulator's, with quotas and backfilling.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from gigawatt.catalogue import load
from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.generator import WorkloadModel
from gigawatt.planning.workload_generator import model_of
from gigawatt.planning.workload_generator.cluster import cluster_simulation, mean_wait_s
from gigawatt.units import SECONDS_PER_DAY

STEPS = 7


def mean_waits_s(model: WorkloadModel, duration_s: float, seeds: int) -> list[float]:
    """Return the mean wait of each seed."""
    waits = []
    for seed in range(1, seeds + 1):
        simulation = cluster_simulation(model, duration_s, seed)
        waits.append(mean_wait_s(simulation, simulate(simulation).start_s_N))
    return waits


def main() -> None:
    """Fit the named workloads, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    workloads = load().workloads
    for name in given.names or sorted(workloads):
        entry = workloads[name]
        model = model_of(entry)
        duration_s = entry.span_days.value * SECONDS_PER_DAY
        low, high, wanted = 0.0, 1.0, entry.mean_wait_s.value
        nobody, everybody = (
            float(np.mean(mean_waits_s(replace(model, looking_frac=share), duration_s, given.seeds)))
            for share in (low, high)
        )
        waits: list[float] = []
        for _ in range(STEPS):
            share = 0.5 * (low + high)
            waits = mean_waits_s(replace(model, looking_frac=share), duration_s, given.seeds)
            low, high = (share, high) if np.mean(waits) > wanted else (low, share)
        shown = ", ".join(f"{wait:,.0f}" for wait in waits)
        print(
            f"{name}: looking_frac {share:.3f}: {shown} s; published {wanted:,.0f}; {nobody:,.0f} to {everybody:,.0f} s"
        )


if __name__ == "__main__":
    main()
