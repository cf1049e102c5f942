"""Firm capacity: how many units so that enough of them run. H hours, N numbers of units, C capacity states."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gigawatt.engines.energy.types import Floats
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.units import WATTS_PER_MEGAWATT

UNITS_LIMIT_COUNT = 2000  # a fleet of more units than this points to a unit size that is wrong. [1]
ROUNDING = 1e-9  # a load that is a whole number of units but for rounding needs no further one. [1]


@dataclass(frozen=True, slots=True)
class Units:
    """Alike units that fail independently.

    Attributes
    ----------
    unit_w : float
        Net output of one at the design condition. [W]
    outage_frac : float
        Probability that one is out: forced, and planned where that is not scheduled around. [1]
    count : int
    """

    unit_w: float
    outage_frac: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Firm:
    """A fleet that serves a load with a probability.

    Attributes
    ----------
    units_count, needed_count : int
        Installed, and running at full load.
    nameplate_w : float
        Installed at the reference condition. [W]
    availability_frac : float
        Probability that enough units run. [1]
    nameplate_ratio : float
        Nameplate over load. [1]
    """

    units_count: int
    needed_count: int
    nameplate_w: float
    availability_frac: float
    nameplate_ratio: float


def at_least(running_count: int, units_count: int, outage_frac: float) -> float:
    """Probability that at least so many of a number of units run.

    Parameters
    ----------
    running_count, units_count : int
    outage_frac : float
        [1]

    Returns
    -------
    float
        [1]

    Notes
    -----
    Upper tail of the binomial distribution with probability 1 - outage.

    Examples
    --------
    >>> round(at_least(1, 2, 0.1), 12)
    0.99
    """
    return math.fsum(_state(running, units_count, outage_frac) for running in range(running_count, units_count + 1))


def _state(running: int, units_count: int, outage_frac: float) -> float:
    """Probability that exactly so many units run."""
    if outage_frac == 0.0:
        return float(running == units_count)
    ways = math.lgamma(units_count + 1) - math.lgamma(running + 1) - math.lgamma(units_count - running + 1)
    return math.exp(ways + running * math.log1p(-outage_frac) + (units_count - running) * math.log(outage_frac))


def firm_units(
    load_w: float,
    unit_w: float,
    outage_frac: float,
    target_frac: float,
    derating_frac: float = 1.0,
    spare_count: int = 0,
) -> Firm:
    """Smallest number of units that serves a load with a probability, and with so many units out.

    Parameters
    ----------
    load_w : float
        [W]
    unit_w : float
        Nameplate of one unit. [W]
    outage_frac : float
        Probability that a unit is out. [1]
    target_frac : float
        Least probability that enough units run. [1]
    derating_frac : float
        Output over nameplate on the design day. [1]
    spare_count : int
        Units that may be out at any rate: 1 for N+1. [1]

    Returns
    -------
    Firm

    Raises
    ------
    InputError
        If a number makes no sense.
    InfeasibleError
        If more than `UNITS_LIMIT_COUNT` units would be needed.

    Examples
    --------
    200 MW from 16.5 MW turbines on a hot day:

    >>> fleet = firm_units(200e6, 16.5e6, 0.04, 0.999, derating_frac=0.82)
    >>> fleet.units_count, round(fleet.nameplate_ratio, 2)
    (19, 1.57)
    """
    if load_w <= 0.0 or unit_w <= 0.0 or not 0.0 < derating_frac <= 1.0:
        message = f"energy: load {load_w} W, unit {unit_w} W and derating {derating_frac} must be positive"
        raise InputError(message)
    if not 0.0 <= outage_frac < 1.0 or not 0.0 < target_frac <= 1.0:
        message = f"energy: outage {outage_frac} lies in 0..1, target {target_frac} in 0..1"
        raise InputError(message)
    whole = load_w / (unit_w * derating_frac)
    needed = math.ceil(whole - ROUNDING)
    for units_count in range(needed + spare_count, UNITS_LIMIT_COUNT + 1):
        probability = at_least(needed, units_count, outage_frac)
        if probability >= target_frac:
            nameplate_w = units_count * unit_w
            return Firm(units_count, needed, nameplate_w, probability, nameplate_w / load_w)
    message = (
        f"energy: more than {UNITS_LIMIT_COUNT} units of {unit_w / WATTS_PER_MEGAWATT:g} MW would be needed for "
        f"{load_w / WATTS_PER_MEGAWATT:g} MW at {target_frac:.6g}"
    )
    raise InfeasibleError(message)


def capacity_states(fleet: tuple[Units, ...]) -> tuple[Floats, Floats]:
    """Available capacities of a mixed fleet and their probabilities.

    Parameters
    ----------
    fleet : tuple of Units

    Returns
    -------
    tuple of ndarray
        Capacities, rising, and probabilities. [W, 1]

    Examples
    --------
    >>> capacity, probability = capacity_states((Units(1e6, 0.1, 2),))
    >>> capacity.tolist(), probability.round(3).tolist()
    ([0.0, 1000000.0, 2000000.0], [0.01, 0.18, 0.81])
    """
    capacity_C: Floats = np.zeros(1)
    probability_C: Floats = np.ones(1)
    for units in fleet:
        running_N = np.arange(units.count + 1)
        chance_N = np.array([_state(int(running), units.count, units.outage_frac) for running in running_N])
        capacity_C = (capacity_C[:, None] + running_N * units.unit_w).ravel()
        probability_C = (probability_C[:, None] * chance_N).ravel()
        capacity_C, position = np.unique(capacity_C, return_inverse=True)
        probability_C = np.bincount(position, weights=probability_C).astype(np.float64)
    return capacity_C, probability_C


def loss_of_load(demand_w_H: Floats, fleet: tuple[Units, ...], other_w_H: Floats | None = None) -> tuple[float, float]:
    """Expect so many hours and so much energy of demand that a fleet cannot serve.

    Parameters
    ----------
    demand_w_H : ndarray
        [W]
    fleet : tuple of Units
    other_w_H : ndarray, optional
        What other sources give. [W]

    Returns
    -------
    tuple of float
        Loss-of-load expectation and expected unserved energy over the hours. [h, MWh]

    Notes
    -----
    Each hour by itself; a storage that bridges hours is not seen. 0.1 days in a year, the usual target of power
    systems, is 2.4 hours.

    Examples
    --------
    >>> hours, energy = loss_of_load(np.full(100, 1.5e6), (Units(1e6, 0.1, 2),))
    >>> round(hours, 6), round(energy, 6)
    (19.0, 10.5)
    """
    capacity_C, probability_C = capacity_states(fleet)
    net_w_H = demand_w_H if other_w_H is None else demand_w_H - other_w_H
    below = np.searchsorted(capacity_C, net_w_H, side="left")
    chance = np.concatenate([[0.0], np.cumsum(probability_C)])[below]
    lost_w = np.concatenate([[0.0], np.cumsum(probability_C * capacity_C)])[below]
    short_w_H = np.maximum(net_w_H, 0.0) * chance - lost_w
    return float(np.sum(chance)), float(np.sum(short_w_H)) / WATTS_PER_MEGAWATT
