r"""Smoothing by a store that follows the load with a time constant: closed forms, and the same step by step.

The grid sees :math:`\tau \dot y = P - y`; the store takes :math:`P - y`, so that its energy moves by :math:`\tau` times
what the grid's power moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.dynamics.spectrum import Band, band_swing_w
from gigawatt.engines.facility.dynamics.wave import Floats, SquareWave
from gigawatt.errors import InfeasibleError, InputError

LONGEST_TAU_S = 1e5  # a day: beyond it a limit is not met by smoothing
BISECTIONS_COUNT = 60


def _shares(wave: SquareWave, tau_s: float) -> tuple[float, float, float]:
    """Terms 1 - exp(-t/tau) of the high part, the low part and the whole period."""
    if not tau_s > 0.0:
        message = f"smoothing: time constant is {tau_s:g} s; it must be positive"
        raise InputError(message)
    high_s = wave.high_frac * wave.period_s
    spans_s = (high_s, wave.period_s - high_s, wave.period_s)
    high, low, whole = (-math.expm1(-span_s / tau_s) for span_s in spans_s)
    return high, low, whole


def filtered_swing_w(wave: SquareWave, tau_s: float) -> float:
    r"""Peak-to-peak that the grid still sees.

    Parameters
    ----------
    wave : SquareWave
        Load.
    tau_s : float
        Time constant. [s]

    Returns
    -------
    float
        [W]

    Raises
    ------
    InputError
        If the time constant is not positive.

    Notes
    -----
    :math:`\Delta P\,\frac{(1 - e^{-dT/\tau})(1 - e^{-(1-d)T/\tau})}{1 - e^{-T/\tau}}` once the start has died away.

    Examples
    --------
    >>> round(filtered_swing_w(SquareWave(1e9, 350e6, 2.0, 0.75), 2.0) / 1e6, 1)
    120.0
    """
    high, low, whole = _shares(wave, tau_s)
    return wave.swing_w * high * low / whole


def filtered_ramp_w_per_s(wave: SquareWave, tau_s: float) -> float:
    r"""Steepest ramp that the grid still sees, right after an edge.

    Parameters
    ----------
    wave : SquareWave
        Load.
    tau_s : float
        Time constant. [s]

    Returns
    -------
    float
        [W/s]

    Notes
    -----
    :math:`\frac{\Delta P}{\tau}\,\frac{\max(1 - e^{-dT/\tau},\ 1 - e^{-(1-d)T/\tau})}{1 - e^{-T/\tau}}`.

    Examples
    --------
    >>> round(filtered_ramp_w_per_s(SquareWave(1e9, 350e6, 2.0, 0.75), 2.0) / 1e6)
    271
    """
    high, low, whole = _shares(wave, tau_s)
    return wave.swing_w / tau_s * max(high, low) / whole


def flattening_j(wave: SquareWave) -> float:
    r"""Energy that flattens a period altogether.

    Parameters
    ----------
    wave : SquareWave
        Load.

    Returns
    -------
    float
        :math:`\Delta P\,d\,(1-d)\,T`. [J]

    Examples
    --------
    An accelerator that swings by 975 W:

    >>> round(flattening_j(SquareWave(1525.0, 550.0, 2.0, 0.75)))
    366
    """
    return wave.swing_w * wave.high_frac * (1.0 - wave.high_frac) * wave.period_s


@dataclass(frozen=True, slots=True)
class FilterStore:
    """What a smoothing store must be able to do.

    Attributes
    ----------
    wave_j : float
        Energy it takes and gives back in a period. [J]
    stop_j, start_j : float
        Energy it must give room for when all jobs stop, and have in it when they start. [J]
    usable_j : float
        The larger of the two, with the wave: usable energy around its middle charge. [J]
    rating_w : float
        Power of its converters. [W]
    """

    wave_j: float
    stop_j: float
    start_j: float
    usable_j: float
    rating_w: float


def filter_store(wave: SquareWave, tau_s: float, idle_w: float | None = None) -> FilterStore:
    r"""Size the store behind a time constant.

    Parameters
    ----------
    wave : SquareWave
        Load while jobs run.
    tau_s : float
        Time constant. [s]
    idle_w : float or None
        Load when all jobs stop at once, and before they start; None where that is smoothed otherwise. [W]

    Returns
    -------
    FilterStore
        Energies and power.

    Notes
    -----
    In a period :math:`E = \tau\,(y_\max - y_\min)`, which tends to `flattening_j` for long time constants. A stop at
    the highest moment adds :math:`\tau\,(y_\max - P_\text{idle})`, a start :math:`\tau\,(y_\max - P_\text{idle})` the
    other way. Power: the largest :math:`|P - y|`.

    Examples
    --------
    >>> store = filter_store(SquareWave(1e9, 350e6, 2.0, 0.75), 10.0, idle_w=250e6)
    >>> round(store.wave_j / 3.6e9, 3), round(store.usable_j / 3.6e9, 2), round(store.rating_w / 1e6)
    (0.068, 1.67, 750)
    """
    high, low, whole = _shares(wave, tau_s)
    top_w = wave.low_w + wave.swing_w * high / whole
    bottom_w = wave.high_w - wave.swing_w * low / whole
    wave_j = tau_s * (top_w - bottom_w)
    rating_w = max(top_w - wave.low_w, wave.high_w - bottom_w)
    if idle_w is None:
        return FilterStore(wave_j, 0.0, 0.0, wave_j, rating_w)
    event_j = tau_s * max(top_w - idle_w, 0.0)
    rating_w = max(rating_w, top_w - idle_w, wave.high_w - idle_w)
    return FilterStore(wave_j, event_j, event_j, max(event_j, wave_j), rating_w)


def simulate_filter(power_w: Floats, time_step_s: float, tau_s: float, initial_w: float) -> Floats:
    r"""Power that the grid sees, step by step.

    Parameters
    ----------
    power_w : Floats
        Load, even over each step, shape (S,). [W]
    time_step_s : float
        [s]
    tau_s : float
        Time constant. [s]
    initial_w : float
        At the start of the first step. [W]

    Returns
    -------
    Floats
        At the end of each step, shape (S,). [W]

    Notes
    -----
    :math:`y_{i+1} = P_i + (y_i - P_i)\,e^{-\Delta t/\tau}`, exact for a load that is even over a step.
    """
    from scipy.signal import lfilter

    kept = math.exp(-time_step_s / tau_s)
    seen_w, _ = lfilter([1.0 - kept], [1.0, -kept], power_w, zi=[kept * initial_w])
    result_w: Floats = np.asarray(seen_w, dtype=np.float64)
    return result_w


def smallest_tau_s(
    wave: SquareWave, swing_w: float, ramp_w_per_s: float, band_limits: tuple[tuple[Band, float], ...] = ()
) -> float:
    """Shortest time constant that keeps all limits.

    Parameters
    ----------
    wave : SquareWave
        Load.
    swing_w : float
        Peak-to-peak allowed; infinite where nothing says so. [W]
    ramp_w_per_s : float
        Ramp allowed. [W/s]
    band_limits : tuple of (Band, float)
        Peak-to-peak allowed inside bands. [W]

    Returns
    -------
    float
        0 where the load keeps them unsmoothed. [s]

    Raises
    ------
    InfeasibleError
        If no time constant up to a day does.

    Examples
    --------
    >>> round(smallest_tau_s(SquareWave(1e9, 350e6, 2.0, 0.75), 50e6, float("inf")), 2)
    4.86
    """

    def kept(tau_s: float) -> bool:
        return (
            filtered_swing_w(wave, tau_s) <= swing_w
            and filtered_ramp_w_per_s(wave, tau_s) <= ramp_w_per_s
            and all(band_swing_w(wave, band, tau_s) <= limit_w for band, limit_w in band_limits)
        )

    unsmoothed = wave.swing_w <= swing_w and (wave.swing_w == 0.0 or math.isinf(ramp_w_per_s))
    if unsmoothed and all(band_swing_w(wave, band) <= limit_w for band, limit_w in band_limits):
        return 0.0
    if not kept(LONGEST_TAU_S):
        message = f"smoothing: no time constant up to {LONGEST_TAU_S:g} s keeps the limits; ask for larger ones"
        raise InfeasibleError(message)
    low, high = math.log(wave.period_s / LONGEST_TAU_S), math.log(LONGEST_TAU_S)
    for _ in range(BISECTIONS_COUNT):
        middle = (low + high) / 2.0
        low, high = (low, middle) if kept(math.exp(middle)) else (middle, high)
    return math.exp(high)
