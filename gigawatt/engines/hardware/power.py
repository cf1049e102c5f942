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
# Share of a package's rated power that does not fall with its clock: memory, links, leakage; of the leakiest chips, as
# the slowest set the pace of a synchronous job. FITTED: steps of torchtitan on H100 held to 500 of 700 W (W. Liang et
# al., arXiv:2410.06511; 20 rows) are centred at 0.34 to 0.42 by their mean and median. Plausible 0.3-0.45. [-]
STEADY_POWER_FRAC = 0.37
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
    :math:`f = ((P_{cap} / P - s) / (1 - s))^{1/3}`. Where everything else around a package draws :math:`R` and a share
    :math:`m` of the time under the cap goes with the clock, work per watt of the whole is greatest where
    :math:`R + P_{cap} = 3 (P_{cap} - s P) / m`: for a GB200 of 1,200 W among 850 W, at 1,090 W for products alone and
    960 W for a job with :math:`m = 0.8`. Its operator found the optimum of a cluster near 1,000 W [1]_.

    References
    ----------
    .. [1] E. K. Ardestani et al., "Provisioning to Runtime Optimization of a 100 MW-Scale AI Cluster,"
       arXiv:2605.24461, 2026.

    Examples
    --------
    >>> round(float(capped_speed_frac(500.0, 700.0)), 2), float(capped_speed_frac(800.0, 700.0))
    (0.82, 1.0)
    """
    power = np.minimum(np.asarray(cap_w) / rating_w, 1.0)
    cubic = np.maximum(power, LOWEST_CUBIC_POWER_FRAC)
    clock = ((cubic - STEADY_POWER_FRAC) / (1.0 - STEADY_POWER_FRAC)) ** (1.0 / CLOCK_POWER_EXPONENT)
    return clock * power / cubic


def clocked_hbm_frac(hbm_frac: Numbers, clock_frac: Numbers) -> Numbers:
    r"""Share of memory bandwidth that kernels achieve at a lower clock of the chip.

    Parameters
    ----------
    hbm_frac : float or array
        Share that they achieve at the rated clock. [-]
    clock_frac : float or array
        Clock over the rated one. [-]

    Returns
    -------
    float or array
        [-]

    Notes
    -----
    The clock of memory stays under a cap, that of cores and caches falls [1]_. What kernels lose of the bandwidth,
    :math:`1 / h - 1` of the time that memory itself takes, is spent on chip and goes with the clock:
    :math:`h' = 1 / (1 + (1/h - 1) / f)`. An ESTIMATE of how much; in decoding, which a cap slows little [2]_, most of
    the time is memory's.

    References
    ----------
    .. [1] A. Ujeniya et al., "Architectural Trade-offs in the Energy-Efficient Era: A Comparative Study of
       power-capping NVIDIA H100 and H200," arXiv:2604.11391, 2026.
    .. [2] B. Ma et al., "The Illusion of Power Capping in LLM Decode," arXiv:2605.11999, 2026.

    Examples
    --------
    >>> round(float(clocked_hbm_frac(0.8, 0.8)), 3), float(clocked_hbm_frac(0.8, 1.0))
    (0.762, 0.8)
    """
    return 1.0 / (1.0 + (1.0 / np.asarray(hbm_frac) - 1.0) / clock_frac)


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
