"""An hourly IT load from a mean: training runs flat, serving follows the day. Shape letter: H hours."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.facility.types import Floats
from gigawatt.errors import InputError
from gigawatt.units import HOURS_PER_DAY

HOURS_COUNT = 8760  # a typical year has no leap day
# Swing of serving power about its mean. Demand swings more (peak to mean 1.3-2 in public inference traces), power less:
# idle accelerators draw a third to a half of their peak and operators fill troughs with batch work. Assumption.
SERVING_SWING_FRAC = 0.20
PEAK_HOUR = 15.0  # local time of the largest serving load. Assumption


def hourly_it_w(
    rated_w: float,
    mean_load_frac: float,
    serving_frac: float = 0.0,
    swing_frac: float = SERVING_SWING_FRAC,
    hours_count: int = HOURS_COUNT,
) -> Floats:
    r"""Return IT power by hour.

    Parameters
    ----------
    rated_w : float
        IT rating. [W]
    mean_load_frac : float
        Mean over rating, above 0 and at most 1. [-]
    serving_frac : float
        Share of the load that serves users. [-]
    swing_frac : float
        Amplitude of the serving load over its mean. [-]
    hours_count : int
        From local midnight on.

    Returns
    -------
    ndarray, shape (H,)
        Its mean over whole days is the mean asked for, exactly; it never exceeds the rating. [W]

    Raises
    ------
    InputError
        If a share is outside its range.

    Notes
    -----
    :math:`P_n u (1 + s A \cos(2 \pi (h - 15) / 24))`, with the amplitude cut where the peak would pass the rating.

    Examples
    --------
    >>> load = hourly_it_w(100e6, 0.8, serving_frac=0.5)
    >>> (load.mean() / 1e6).round(6), (load.max() / 1e6).round(1)
    (np.float64(80.0), np.float64(88.0))
    """
    shares = {"mean_load_frac": mean_load_frac, "serving_frac": serving_frac, "swing_frac": swing_frac}
    wrong = [f"{name} is {value}" for name, value in shares.items() if not 0.0 <= value <= 1.0]
    if wrong or mean_load_frac == 0.0 or rated_w <= 0.0:
        message = f"IT load: {', '.join(wrong) or 'rating and mean load must be positive'}; shares lie in 0..1"
        raise InputError(message)
    room_frac = 1.0 / mean_load_frac - 1.0
    amplitude_frac = min(serving_frac * swing_frac, room_frac)
    hour_H = np.arange(hours_count) % HOURS_PER_DAY
    wave_H = np.cos(2.0 * np.pi * (hour_H - PEAK_HOUR) / HOURS_PER_DAY)
    return np.asarray(rated_w * mean_load_frac * (1.0 + amplitude_frac * wave_H))
