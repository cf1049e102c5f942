"""A fleet and its failures: in closed form (checkpoints, kept time, spares), and event by event (`simulate`)."""

from __future__ import annotations

from gigawatt.engines.fleet.checkpoint import (
    TimeShares,
    best_interval_s,
    daly_interval_s,
    first_order_ettr_frac,
    time_shares,
    young_interval_s,
)
from gigawatt.engines.fleet.reliability import goodput, mttf_h, nodes_in_repair_count, spares_for_availability
from gigawatt.engines.fleet.results import FleetResult
from gigawatt.engines.fleet.simulation import Simulation
from gigawatt.engines.fleet.types import FailureModel, Goodput

__all__ = [
    "FailureModel",
    "FleetResult",
    "Goodput",
    "Simulation",
    "TimeShares",
    "best_interval_s",
    "daly_interval_s",
    "first_order_ettr_frac",
    "goodput",
    "mttf_h",
    "nodes_in_repair_count",
    "simulate",
    "spares_for_availability",
    "time_shares",
    "young_interval_s",
]


def simulate(simulation: Simulation, *, check: bool = False) -> FleetResult:
    """Return what happens to a fleet and its jobs, event by event.

    Parameters
    ----------
    simulation : Simulation
    check : bool
        Check after every few events that no node is in two jobs, that no job is lost and that all counts agree. Slow.

    Returns
    -------
    FleetResult

    Raises
    ------
    InputError
        If an input makes no sense; the message names every fault.
    EngineError
        If a balance does not hold: a defect of ours.

    Notes
    -----
    Next-event simulation in compiled code. The first call of an installation compiles it, in about half a minute; later
    processes load it from disk. The model is described in docs/methods/fleet.md.

    Examples
    --------
    A job of 16 nodes on 20, whose nodes fail once in ten days:

    >>> import numpy as np
    >>> from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Jobs, Partition
    >>> zero = np.zeros(1, np.int64)
    >>> job = Jobs(np.zeros(1), np.array([5 * 86400.0]), zero + 128, zero, zero, zero, zero)
    >>> fleet = Simulation(
    ...     (Partition("a", "site", 20),),
    ...     (JobClass("training", checkpoint_write_s=20.0),),
    ...     job,
    ...     Hazards((Component("node", 0.1),)),
    ...     10 * 86400.0,
    ... )
    >>> result = simulate(fleet)
    >>> bool(result.useful_s_N[0] == 5 * 86400.0), result.interruptions_N.tolist()
    (True, [9])
    """
    from gigawatt.engines.fleet.simulator import run  # loads Numba

    return run(simulation, check)
