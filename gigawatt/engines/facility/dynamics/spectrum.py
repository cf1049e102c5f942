"""Amplitudes by frequency, and in the bands that harm a grid or a machine.

Shape letters: S time steps, F frequencies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.dynamics.wave import Floats, SquareWave


@dataclass(frozen=True, slots=True)
class Band:
    """Frequencies from low to below high. [Hz]."""

    low_hz: float
    high_hz: float


# Low and high frequencies for which utilities set limits: oscillations between areas of a grid, and torsion of turbine
# shafts. Microsoft, OpenAI and NVIDIA, "Power stabilization for AI training datacenters," slides of 2025, aka.ms/
# PowerStabilization. Their paper (arXiv:2508.14318) names shafts up to 100 Hz; a utility's own bands go before these.
CRITICAL_BANDS = {"inter-area": Band(0.1, 2.0), "torsional": Band(3.0, 30.0)}
# Harmonics of a wave beyond this carry less than 1e-3 of its swing each.
HARMONICS_COUNT = 1000


def harmonic_amplitude_w(wave: SquareWave, number: int) -> float:
    r"""Amplitude of a harmonic of a square wave.

    Parameters
    ----------
    wave : SquareWave
        The wave.
    number : int
        1 for the fundamental, at 1/period.

    Returns
    -------
    float
        Half of its peak-to-peak. [W]

    Notes
    -----
    :math:`a_n = \frac{2\,\Delta P}{n \pi} |\sin(n \pi d)|`.

    Examples
    --------
    >>> round(harmonic_amplitude_w(SquareWave(1e9, 350e6, 2.0, 0.75), 1) / 1e6, 1)
    292.6
    """
    return 2.0 * wave.swing_w / (number * math.pi) * abs(math.sin(number * math.pi * wave.high_frac))


def band_swing_w(wave: SquareWave, band: Band, tau_s: float = 0.0) -> float:
    r"""Peak-to-peak of the sine that carries as much power as all harmonics inside a band.

    Parameters
    ----------
    wave : SquareWave
        The wave.
    band : Band
        Frequencies.
    tau_s : float
        Time constant of a first-order filter before it; 0 for none. [s]

    Returns
    -------
    float
        :math:`2 \sqrt{\sum_n a_n^2 / (1 + (2\pi f_n \tau)^2)}`. [W]
    """
    total = 0.0
    for number in range(1, HARMONICS_COUNT + 1):
        frequency_hz = number / wave.period_s
        if frequency_hz >= band.high_hz:
            break
        if frequency_hz >= band.low_hz:
            damping = 1.0 + (2.0 * math.pi * frequency_hz * tau_s) ** 2
            total += harmonic_amplitude_w(wave, number) ** 2 / damping
    return 2.0 * math.sqrt(total)


def spectrum_w(power_w: Floats, time_step_s: float) -> tuple[Floats, Floats]:
    """Amplitude by frequency of a power over time.

    Parameters
    ----------
    power_w : Floats
        Shape (S,); its mean is taken off. Whole periods give exact amplitudes, others leak into their neighbours. [W]
    time_step_s : float
        [s]

    Returns
    -------
    tuple of Floats
        Frequencies and amplitudes, half of the peak-to-peak, shape (F,). [Hz], [W]

    Examples
    --------
    >>> time_s = np.arange(1000) * 0.01
    >>> frequency_hz, amplitude_w = spectrum_w(3.0 * np.sin(2.0 * np.pi * 1.5 * time_s), 0.01)
    >>> float(frequency_hz[amplitude_w.argmax()]), round(float(amplitude_w.max()), 6)
    (1.5, 3.0)
    """
    lines = np.fft.rfft(power_w - power_w.mean())
    amplitude_w = 2.0 * np.abs(lines) / power_w.size
    if power_w.size % 2 == 0:
        amplitude_w[-1] /= 2.0  # the highest frequency has no mirror image
    frequency_hz: Floats = np.fft.rfftfreq(power_w.size, time_step_s).astype(np.float64)
    return frequency_hz, amplitude_w


def band_rms_w(power_w: Floats, time_step_s: float, band: Band) -> float:
    """Root mean square of a power inside a band of frequencies.

    Parameters
    ----------
    power_w : Floats
        Shape (S,). [W]
    time_step_s : float
        [s]
    band : Band
        Frequencies.

    Returns
    -------
    float
        [W]
    """
    frequency_hz, amplitude_w = spectrum_w(power_w, time_step_s)
    inside = (frequency_hz >= band.low_hz) & (frequency_hz < band.high_hz)
    square_w = amplitude_w**2 / 2.0
    if power_w.size % 2 == 0:
        square_w[-1] *= 2.0
    return float(np.sqrt(square_w[inside].sum()))
