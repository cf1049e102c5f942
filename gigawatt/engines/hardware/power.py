"""Electrical power of an accelerator under load, and its speed under a power cap."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import Numbers

# Share of the span from idle to full system power that each kind of work draws. ESTIMATES: matrix products run
# modern accelerators into their rating; memory-bound kernels and collectives leave the tensor cores dark.
MATRIX_POWER_FRAC = 1.0
MEMORY_POWER_FRAC = 0.75
NETWORK_POWER_FRAC = 0.5
WAITING_POWER_FRAC = 0.25
# Speed against power: 500 W instead of 700 W runs an H100 at about 0.87 of its speed in the torchtitan results
# (arXiv:2410.06511), and (500 / 700) ** 0.41 = 0.87. Plausible 0.3-0.6 near the rating.
POWER_TO_SPEED_EXPONENT = 0.41


def mean_power_w(
    idle_w: Numbers,
    system_w: Numbers,
    matrix_frac: Numbers,
    memory_frac: Numbers,
    network_frac: Numbers,
) -> Numbers:
    """Mean all-in IT power of one accelerator over a step.

    Parameters
    ----------
    idle_w, system_w : float or array
        System power per accelerator, idle and fully loaded. [W]
    matrix_frac, memory_frac, network_frac : float or array
        Shares of the time in matrix products, memory-bound kernels and exposed communication; the rest waits. [-]

    Returns
    -------
    float or array
        [W]

    Examples
    --------
    >>> float(mean_power_w(400.0, 1400.0, 1.0, 0.0, 0.0)), float(mean_power_w(400.0, 1400.0, 0.0, 0.0, 1.0))
    (1400.0, 900.0)
    """
    waiting = np.maximum(1.0 - np.asarray(matrix_frac) - memory_frac - network_frac, 0.0)
    drawn = (
        MATRIX_POWER_FRAC * np.asarray(matrix_frac)
        + MEMORY_POWER_FRAC * np.asarray(memory_frac)
        + NETWORK_POWER_FRAC * np.asarray(network_frac)
        + WAITING_POWER_FRAC * waiting
    )
    return idle_w + (np.asarray(system_w) - idle_w) * drawn


def capped_speed_frac(cap_w: Numbers, rating_w: Numbers) -> Numbers:
    r"""Speed of compute-bound work under a power cap, over that at the rating.

    Parameters
    ----------
    cap_w, rating_w : float or array
        Package power, capped and rated. [W]

    Returns
    -------
    float or array
        1 where the cap does not bind. [-]

    Notes
    -----
    :math:`(P_{cap} / P_{rated})^{0.41}`, from one measured pair; do not use it below half the rating.

    Examples
    --------
    >>> round(float(capped_speed_frac(500.0, 700.0)), 2), float(capped_speed_frac(800.0, 700.0))
    (0.87, 1.0)
    """
    return np.minimum(np.asarray(cap_w) / rating_w, 1.0) ** POWER_TO_SPEED_EXPONENT
