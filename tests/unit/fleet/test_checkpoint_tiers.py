"""Checkpoints in memory, on a disk and in remote storage; and failures that come with youth and age."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gigawatt.engines.fleet import simulate, time_shares
from gigawatt.engines.fleet.simulation import (
    CheckpointTier,
    Component,
    Hazards,
    JobClass,
    Jobs,
    Partition,
    Simulation,
)
from gigawatt.errors import InputError

DAY_S = 86400.0
NODES, PER_NODE_DAY, DAYS = 512, 0.01, 60.0
MTTF_S = DAY_S / (NODES * PER_NODE_DAY)
INTERVAL_S, WRITE_S, RESTART_S = 300.0, 1.0, 120.0


def kept(tiers: tuple[CheckpointTier, ...] = (), spares: int = 30, **more) -> float:
    """Kept share of the time of one endless job, over eight seeds."""
    one = np.zeros(1, dtype=np.int64)
    kind = JobClass(
        "training", checkpoint_interval_s=INTERVAL_S, checkpoint_write_s=WRITE_S, tiers=tiers, restart_s=RESTART_S,
        swap_s=RESTART_S,
    )  # fmt: skip
    base = Simulation(
        (Partition("a", "site", NODES + spares),),
        (replace(kind, **more),),
        Jobs(np.zeros(1), np.array([1e12]), one + NODES * 8, one, one, one, one),
        Hazards((Component("n", PER_NODE_DAY, automatic_frac=1.0, automatic_repair_s=3600.0),)),
        DAYS * DAY_S,
    )
    runs = [simulate(replace(base, seed=seed), check=seed == 0) for seed in range(8)]
    for run in runs:
        assert sum(run.ledger_gpu_s.values()) == pytest.approx(run.capacity_gpu_s, rel=1e-9)
    return float(np.mean([run.useful_s_N[0] for run in runs])) / (DAYS * DAY_S)


def exact(every: int, restart_s: float = RESTART_S) -> float:
    return time_shares(every * INTERVAL_S, every * WRITE_S, restart_s, MTTF_S).useful_frac


def test_a_tier_that_every_failure_needs_is_as_if_there_were_no_other():
    # the renewal value (Daly 2006, eq. 13) of the longer interval
    assert kept((CheckpointTier(20, 1.0),)) == pytest.approx(exact(20), abs=0.004)


def test_a_tier_that_no_failure_needs_costs_its_stall_alone():
    assert kept((CheckpointTier(20, 0.0),)) == pytest.approx(kept(), abs=1e-12)
    assert kept((CheckpointTier(20, 0.0, stall_s=20.0),)) == pytest.approx(
        kept(checkpoint_write_s=WRITE_S + 1.0), abs=1e-12
    )


def test_a_tier_is_paid_for_as_often_as_it_is_needed():
    # to first order each failure loses half an interval of the tier that it leaves
    half = kept((CheckpointTier(20, 0.5),))
    assert half == pytest.approx(0.5 * (exact(1) + exact(20)), abs=0.006)
    third = kept((CheckpointTier(5, 0.5), CheckpointTier(40, 0.1)))
    assert third == pytest.approx(0.5 * exact(1) + 0.4 * exact(5) + 0.1 * exact(40), abs=0.006)


def test_reading_from_a_slow_tier_takes_its_time():
    slow = kept((CheckpointTier(1, 1.0, restore_s=600.0),))
    assert slow == pytest.approx(exact(1, RESTART_S + 600.0), abs=0.004)


def test_a_job_that_loses_its_nodes_loses_what_was_in_their_memory():
    # no spare: it waits for the repair, and only remote storage outlasts that
    memory, remote = kept(spares=0), kept((CheckpointTier(40, 0.0),), spares=0)
    assert remote < memory - 0.02


@pytest.mark.parametrize("tiers", [(CheckpointTier(2, 0.1), CheckpointTier(3, 0.2)), (CheckpointTier(0, 0.1),),
                                   (CheckpointTier(1, math.nan),), (CheckpointTier(1, 0.1),) * 3])  # fmt: skip
def test_tiers_grow_rarer_and_less_needed(tiers):
    with pytest.raises(InputError, match="tiers"):
        kept(tiers)


def failures(component: Component, nodes: int, days: float, **more) -> float:
    """Failures of a fleet whose nodes are repaired at once, mean of eight seeds."""
    none = np.zeros(0, dtype=np.int64)
    part = Partition("a", "site", nodes, **more)
    base = Simulation(
        (part,), (JobClass("none"),), Jobs(np.zeros(0), np.zeros(0), none, none, none, none, none),
        Hazards((replace(component, automatic_frac=1.0, automatic_repair_s=0.0),)), days * DAY_S,
    )  # fmt: skip
    return float(np.mean([simulate(replace(base, seed=seed)).failures_B[0] for seed in range(8)]))


def test_new_nodes_fail_more_and_old_ones_again():
    # integral of rate (1 + (f - 1) exp(-a / s) + (a / w)^k) over age a: the bathtub
    nodes, days, rate = 1000, 400.0, 0.002
    early = Component("n", rate, infant_factor=5.0, infant_s=40 * DAY_S)
    settled = nodes * rate * days
    youth = nodes * rate * 4.0 * 40.0 * (1.0 - math.exp(-days / 40.0))
    assert failures(early, nodes, days) == pytest.approx(settled + youth, rel=0.03)
    wear = replace(Component("n", rate), worn_s=300 * DAY_S, wear_exponent=2.0)
    assert failures(wear, nodes, days) == pytest.approx(settled + nodes * rate * days**3 / 3.0 / 300.0**2, rel=0.03)
    aged = nodes * rate * ((days + 500.0) ** 3 - 500.0**3) / 3.0 / 300.0**2
    assert failures(wear, nodes, days, age_s=500 * DAY_S) == pytest.approx(settled + aged, rel=0.03)


def test_nodes_that_come_later_are_new():
    early = Component("n", 0.002, infant_factor=5.0, infant_s=40 * DAY_S)
    later = {"age_s": 4000 * DAY_S, "online_s": (0.0, 200 * DAY_S), "online_nodes": (500, 1000)}
    youth = 500 * 0.002 * 4.0 * 40.0 * (1.0 - math.exp(-200.0 / 40.0))  # of the second half alone
    assert failures(early, 1000, 400.0, **later) == pytest.approx(0.002 * (500 * 400 + 500 * 200) + youth, rel=0.04)
