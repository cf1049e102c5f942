"""How much of a plant is running: minimum load, starts, fuel at no load. H hours, K steps.

A plant of many equal units is taken as a continuum: between none and all of its capacity may be running. That is the
linear relaxation of clustered unit commitment, after Palmintier and Webster (2014), "Heterogeneous unit clustering for
efficient operational flexibility modeling", IEEE Transactions on Power Systems 29(3).
"""

from __future__ import annotations

import numpy as np

from gigawatt.engines.energy.program import Block, Program
from gigawatt.engines.energy.sources import part_load_efficiency_frac
from gigawatt.engines.energy.types import Floats, Generator, Integers

HALF_LOAD_FRAC = 0.5  # the straight line of fuel goes through full load and this one. [1]
PER_THOUSAND = 1e-3  # USD/MW to thousands of USD per MW


def no_load_fuel_frac(loss_frac: float) -> float:
    """Fuel at no load over fuel at full load, on the straight line through full and half load (Willans line).

    Parameters
    ----------
    loss_frac : float
        See `PART_LOAD_LOSS_FRAC`. [1]

    Returns
    -------
    float
        [1]

    Examples
    --------
    >>> round(no_load_fuel_frac(0.20), 4)
    0.1111
    """
    half = float(part_load_efficiency_frac(1.0, np.array([HALF_LOAD_FRAC]), loss_frac)[0])
    return (HALF_LOAD_FRAC / half - HALF_LOAD_FRAC) / (1.0 - HALF_LOAD_FRAC)


def fuel_w(generator: Generator, output_w_H: Floats, running_w_H: Floats) -> Floats:
    """Thermal power of the fuel [W].

    Parameters
    ----------
    generator : Generator
    output_w_H, running_w_H : ndarray
        [W]

    Returns
    -------
    ndarray

    Examples
    --------
    >>> plant = Generator("gas", 1.0, 20.0, heat_rate_ratio=2.0, no_load_fuel_frac=0.1)
    >>> fuel_w(plant, np.array([0.0, 50.0, 100.0]), np.array([100.0, 100.0, 100.0])).tolist()
    [20.0, 110.0, 200.0]
    """
    idle = generator.no_load_fuel_frac
    return np.asarray(generator.heat_rate_ratio * ((1.0 - idle) * output_w_H + idle * running_w_H))


def started_w(running_w_H: Floats) -> Floats:
    """Capacity brought from rest in each hour; the year is a circle [W].

    Parameters
    ----------
    running_w_H : ndarray
        [W]

    Returns
    -------
    ndarray

    Examples
    --------
    >>> started_w(np.array([2.0, 0.0, 3.0, 4.0])).tolist()
    [0.0, 0.0, 3.0, 1.0]
    """
    return np.maximum(running_w_H - np.roll(running_w_H, 1), 0.0)


def commit(
    program: Program, generator: Generator, output: Block, hours_K: Floats, index: Integers, upper: Floats | float
) -> Block:
    """Add what is running of a plant, its starts and their cost; return the columns of what is running.

    Parameters
    ----------
    program : Program
    generator : Generator
    output : Block
        Its output, priced at what the fuel grows by with it.
    hours_K : ndarray
        Length of the steps. [h]
    index : ndarray
        Of the steps.
    upper : ndarray or float
        Most that may run; infinite where the capacity is found. [base power]

    Returns
    -------
    Block
    """
    fuel = generator.heat_rate_ratio * generator.fuel_usd_per_mwh * generator.no_load_fuel_frac * PER_THOUSAND
    running = program.columns(len(hours_K), fuel * hours_K, 0.0, upper)
    most, least = (program.rows(len(hours_K), -np.inf, 0.0, index) for _ in range(2))
    program.put(most, output, 1.0)
    program.put(most, running, -1.0)
    program.put(least, output, -1.0)
    program.put(least, running, generator.least_load_frac)
    if generator.start_usd_per_mw > 0.0:
        started = program.columns(len(hours_K), generator.start_usd_per_mw * PER_THOUSAND)
        rows = program.rows(len(hours_K), -np.inf, 0.0, index)
        program.put(rows, running, 1.0)
        program.put(rows, np.roll(running.index, 1), -1.0)
        program.put(rows, started, -1.0)
    return running
