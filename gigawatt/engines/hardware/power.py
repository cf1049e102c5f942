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
# Share of a package's rated power that does not fall with its clock: memory, links, leakage. ESTIMATE: eight stacks of
# memory of a GB200 at some 30 W each are 20 % of 1,200 W, leakage and links the rest. Plausible 0.2-0.4.
STEADY_POWER_FRAC = 0.30
CLOCK_POWER_EXPONENT = 3.0  # the rest: clock times voltage squared, and voltage follows the clock near the rating [-]
LOWEST_CUBIC_POWER_FRAC = 0.5  # of the rating; below it voltage is at its floor, and speed taken as proportional [-]


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
    Of the rating :math:`P`, a share :math:`s` is steady and the rest goes with the cube of the clock, so
    :math:`f = ((P_{cap} / P - s) / (1 - s))^{1/3}`. Where everything else around a package draws :math:`R`, work per
    watt of the whole is greatest at :math:`P_{cap} / P = (R / P + 3 s) / 2`: some 980 W for a GB200 of 1,200 W among
    890 W, where its operator found the optimum near 1,000 W [1]_.

    References
    ----------
    .. [1] E. K. Ardestani et al., "Provisioning to Runtime Optimization of a 100 MW-Scale AI Cluster,"
       arXiv:2605.24461, 2026.

    Examples
    --------
    >>> round(float(capped_speed_frac(500.0, 700.0)), 2), float(capped_speed_frac(800.0, 700.0))
    (0.84, 1.0)
    """
    power = np.minimum(np.asarray(cap_w) / rating_w, 1.0)
    cubic = np.maximum(power, LOWEST_CUBIC_POWER_FRAC)
    clock = ((cubic - STEADY_POWER_FRAC) / (1.0 - STEADY_POWER_FRAC)) ** (1.0 / CLOCK_POWER_EXPONENT)
    return clock * power / cubic


def capped_system_w(system_w: Numbers, tdp_w: Numbers, cap_w: Numbers) -> Numbers:
    """Return the loaded all-in power per accelerator when its package is capped; a cap of 0 is none.

    Parameters
    ----------
    system_w, tdp_w, cap_w : float or array
        All-in power uncapped; rating of the package; its cap. [W]

    Returns
    -------
    float or array
        [W]

    Examples
    --------
    >>> float(capped_system_w(2090.0, 1200.0, 1000.0)), float(capped_system_w(2090.0, 1200.0, 0.0))
    (1890.0, 2090.0)
    """
    saved = np.where(np.asarray(cap_w) > 0.0, np.maximum(np.asarray(tdp_w) - cap_w, 0.0), 0.0)
    return system_w - saved
