"""Failures of a synchronous job of a size: time between them, kept time, nodes in repair, spares."""

from __future__ import annotations

import math

from gigawatt.engines.fleet.checkpoint import best_interval_s, time_shares
from gigawatt.engines.fleet.types import FailureModel, Goodput
from gigawatt.errors import InputError
from gigawatt.units import HOURS_PER_DAY, SECONDS_PER_DAY, SECONDS_PER_HOUR

# above this many nodes the count in repair is Poisson to all printed digits
BINOMIAL_NODES = 100_000


def nodes_count(gpus_count: int, node_gpus_count: int) -> int:
    """Return the nodes that hold a number of accelerators.

    Parameters
    ----------
    gpus_count, node_gpus_count : int

    Returns
    -------
    int
        Rounded up.

    Raises
    ------
    InputError
        If a count is below 1.

    Examples
    --------
    >>> nodes_count(16_384, 8), nodes_count(9, 8)
    (2048, 2)
    """
    if gpus_count < 1 or node_gpus_count < 1:
        message = f"reliability: {gpus_count} accelerators in nodes of {node_gpus_count}; both must be at least 1"
        raise InputError(message)
    return -(-gpus_count // node_gpus_count)


def mttf_h(nodes: int, failures_per_node_day: float, software_failures_per_node_day: float = 0.0) -> float:
    r"""Return the mean time to failure of a job that any failed node stops.

    Parameters
    ----------
    nodes : int
        Of the job.
    failures_per_node_day : float
        [1/day]
    software_failures_per_node_day : float
        Failures of the job's own software, where the node rate counts hardware only. [1/day]

    Returns
    -------
    float
        [h]

    Raises
    ------
    InputError
        If there are no nodes or no failures.

    Notes
    -----
    Superposition of independent Poisson streams: :math:`24 / (n (r + s))`. Published rates count different things:
    1,024-GPU jobs on RSC fail every 7.9 h by all failures attributed to infrastructure, and would fail every 28.8 h by
    node failures alone [1]_. Never fit one rate to both.

    References
    ----------
    .. [1] A. Kokolis et al., "Revisiting reliability in large-scale machine learning research clusters," HPCA 2025,
       arXiv:2410.21680.

    Examples
    --------
    >>> round(mttf_h(2048, 6.50e-3), 3), round(mttf_h(16_384, 6.50e-3), 3)
    (1.803, 0.225)
    """
    rate_per_day = nodes * (failures_per_node_day + software_failures_per_node_day)
    if nodes < 1 or not math.isfinite(rate_per_day) or rate_per_day <= 0.0:
        message = f"reliability: {nodes} nodes at {failures_per_node_day} failures a day; both must be positive"
        raise InputError(message)
    return HOURS_PER_DAY / rate_per_day


def nodes_in_repair_count(nodes: int, failures_per_node_day: float, repair_h: float) -> float:
    r"""Return the mean number of nodes out for repair.

    Parameters
    ----------
    nodes : int
        In service.
    failures_per_node_day : float
        [1/day]
    repair_h : float
        Mean time a failed node is out. [h]

    Returns
    -------
    float

    Notes
    -----
    Little's law with spares that keep the nodes in service: :math:`n r T`.

    Examples
    --------
    >>> round(nodes_in_repair_count(162_500, 3.79e-3, 24.0))
    616
    """
    return nodes * failures_per_node_day * repair_h / HOURS_PER_DAY


def _in_repair_frac(spares: int, nodes: int, failures_per_node_day: float, repair_h: float) -> float:
    """Probability that at most `spares` of nodes and spares are in repair."""
    from scipy.special import bdtr, pdtr

    mean_count = nodes_in_repair_count(nodes + spares, failures_per_node_day, repair_h)
    if nodes + spares > BINOMIAL_NODES:
        return float(pdtr(spares, mean_count))
    load = failures_per_node_day * repair_h / HOURS_PER_DAY
    return float(bdtr(spares, nodes + spares, load / (1.0 + load)))


def spares_for_availability(nodes: int, failures_per_node_day: float, repair_h: float, availability_frac: float) -> int:
    r"""Return the fewest spare nodes with which a number of nodes is whole for a share of the time.

    Parameters
    ----------
    nodes : int
        That must work at once.
    failures_per_node_day : float
        [1/day]
    repair_h : float
        Mean time a failed node is out. [h]
    availability_frac : float
        Share of the time, above 0 and below 1. [-]

    Returns
    -------
    int

    Raises
    ------
    InputError
        If the share is not between 0 and 1, or nodes are out more than half of their time.

    Notes
    -----
    Each of :math:`n + s` nodes is out with probability :math:`p = rT / (1 + rT)`, independently and whatever the
    distribution of repair times. The fewest :math:`s` with :math:`P(\mathrm{Bin}(n + s, p) \le s)` at least the share;
    Poisson above 100,000 nodes. Repair crews are not limited and spares fail as often as nodes in use.

    Examples
    --------
    >>> spares_for_availability(2048, 3.79e-3, 24.0, 0.99)
    15
    """
    load = failures_per_node_day * repair_h / HOURS_PER_DAY
    if not 0.0 < availability_frac < 1.0 or not 0.0 <= load < 1.0 or nodes < 1:
        message = (
            f"spares: {nodes} nodes, availability {availability_frac}, {load:.3g} repairs under way per node; "
            "nodes must be at least 1, availability between 0 and 1, repairs under way per node below 1"
        )
        raise InputError(message)
    few, many = -1, 1
    while _in_repair_frac(many, nodes, failures_per_node_day, repair_h) < availability_frac:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        if _in_repair_frac(middle, nodes, failures_per_node_day, repair_h) < availability_frac:
            few = middle
        else:
            many = middle
    return many


def _check(model: FailureModel) -> None:
    """Refuse negative planned stops and repair times."""
    if model.planned_stops_per_day < 0.0 or model.node_repair_h < 0.0:
        message = "reliability: planned stops and repair time are at least 0"
        raise InputError(message)


def goodput(model: FailureModel, gpus_count: int, run_s: float = math.inf) -> Goodput:
    r"""Return what a synchronous job of a size keeps of its time, at the best checkpoint interval.

    Parameters
    ----------
    model : FailureModel
    gpus_count : int
        Of the job.
    run_s : float
        Length of the run, which the interval does not exceed. [s]

    Returns
    -------
    Goodput
        `mttf_h` is of unexpected failures; `interruptions_per_day` counts planned stops too. `lost_frac` holds
        checkpoint, rework, restart; with `ettr_frac` they sum to 1.

    Raises
    ------
    InputError
        If a rate or duration is out of range.

    Notes
    -----
    The shares of `time_shares` hold between planned stops. A planned stop is known ahead: it costs one checkpoint and
    one restart and loses no work, so the job runs :math:`1 / (1 + q (w + R))` of the time, :math:`q` the planned stops
    per running time.

    Examples
    --------
    >>> llama = FailureModel(3.79e-3, 8, 0.0, 300.0, 20.0, 24.0)
    >>> job = goodput(llama, 16_384)
    >>> round(job.mttf_h, 2), round(job.ettr_frac, 3), round(job.interruptions_per_day * 54)
    (3.09, 0.916, 419)
    """
    _check(model)
    nodes = nodes_count(gpus_count, model.node_gpus_count)
    job_mttf_h = mttf_h(nodes, model.failures_per_node_day)
    job_mttf_s = job_mttf_h * SECONDS_PER_HOUR
    interval_s = best_interval_s(model.checkpoint_write_s, job_mttf_s, longest_s=run_s)
    shares = time_shares(interval_s, model.checkpoint_write_s, model.restart_s, job_mttf_s)
    planned_per_s = model.planned_stops_per_day / SECONDS_PER_DAY
    running_frac = 1.0 / (1.0 + planned_per_s * (model.checkpoint_write_s + model.restart_s))
    stopped_per_s = planned_per_s * running_frac
    ettr_frac = shares.useful_frac * running_frac
    checkpoint_frac = shares.checkpoint_frac * running_frac + stopped_per_s * model.checkpoint_write_s
    restart_frac = shares.restart_frac * running_frac + stopped_per_s * model.restart_s
    return Goodput(
        gpus_count=gpus_count,
        mttf_h=job_mttf_h,
        checkpoint_interval_s=interval_s,
        ettr_frac=ettr_frac,
        lost_frac={
            "checkpoint": checkpoint_frac,
            "rework": max(1.0 - ettr_frac - checkpoint_frac - restart_frac, 0.0),
            "restart": restart_frac,
        },
        interruptions_per_day=HOURS_PER_DAY / job_mttf_h + model.planned_stops_per_day,
        nodes_in_repair_count=nodes_in_repair_count(nodes, model.failures_per_node_day, model.node_repair_h),
    )
