"""More racks than the power for all their nameplates: how often power must be capped, and what that costs.

Shape letter: H hours. The power of many racks together is near a normal distribution; racks of one job move together,
which the correlation says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, pi, sqrt

import numpy as np

from gigawatt.engines.facility.types import Floats
from gigawatt.errors import InputError
from gigawatt.units import WATTS_PER_MEGAWATT

# Work done follows power drawn to this exponent near full load. A third would be the cube law of clock and power;
# memory and communication feel less of it, idle power more. Assumption
WORK_EXPONENT = 0.5
BISECTIONS_COUNT = 60


@dataclass(frozen=True, slots=True)
class RackPower:
    """Power of one rack over time, and how racks move together.

    Attributes
    ----------
    nameplate_w : float
        What a site would provide for it. [W]
    mean_w, deviation_w : float
        Mean and standard deviation over time. [W]
    correlation_frac : float
        Of the powers of two racks: near 1 for one synchronous job, near 0 for independent jobs. [-]
    """

    nameplate_w: float
    mean_w: float
    deviation_w: float
    correlation_frac: float


@dataclass(frozen=True, slots=True)
class Oversubscription:
    """What a number of racks on a given power means.

    Attributes
    ----------
    ratio : float
        Sum of nameplates over the power provided. [-]
    mean_w, deviation_w : float
        Of all racks together. [W]
    capped_frac : float
        Share of the time in which the racks ask for more than there is. [-]
    unserved_frac : float
        Energy not served over the energy asked for. [-]
    work_lost_frac : float
        Work not done over the work asked for. [-]
    """

    ratio: float
    mean_w: float
    deviation_w: float
    capped_frac: float
    unserved_frac: float
    work_lost_frac: float


def together_deviation_w(rack: RackPower, racks_count: float) -> float:
    r"""Return the standard deviation of the power of many racks.

    Parameters
    ----------
    rack : RackPower
    racks_count : float

    Returns
    -------
    float
        :math:`\sigma \sqrt{n (1 + (n - 1) \rho)}`. [W]

    Examples
    --------
    >>> alone = RackPower(132e3, 100e3, 10e3, 0.0)
    >>> together_deviation_w(alone, 100.0), together_deviation_w(RackPower(132e3, 100e3, 10e3, 1.0), 100.0)
    (100000.0, 1000000.0)
    """
    return rack.deviation_w * sqrt(racks_count * (1.0 + (racks_count - 1.0) * rack.correlation_frac))


def oversubscribe(
    rack: RackPower, racks_count: float, provided_w: float, work_exponent: float = WORK_EXPONENT
) -> Oversubscription:
    r"""Say how often racks ask for more power than there is.

    Parameters
    ----------
    rack : RackPower
    racks_count : float
    provided_w : float
        [W]
    work_exponent : float
        Work follows power to this exponent while capped. [-]

    Returns
    -------
    Oversubscription

    Raises
    ------
    InputError
        If a power or a share is impossible.

    Notes
    -----
    With :math:`z = (C - n \mu) / \sigma_n` the share of capped time is :math:`Q(z)`, and the energy not served
    :math:`\sigma_n (\varphi(z) - z Q(z))`. The work lost is the exponent times the energy not served, to first order.

    Examples
    --------
    Racks at 76 % of nameplate on average, swinging by 6 % and half together, on power for 80 % of their nameplates:

    >>> rack = RackPower(132e3, 100e3, 8e3, 0.5)
    >>> found = oversubscribe(rack, 1000.0, 0.8 * 132e6)
    >>> found.ratio, round(found.capped_frac, 3), round(found.unserved_frac, 4)
    (1.25, 0.161, 0.0048)
    """
    if rack.mean_w <= 0.0 or rack.deviation_w < 0.0 or not 0.0 <= rack.correlation_frac <= 1.0:
        message = f"oversubscription: {rack}: mean is positive, deviation at least 0, correlation in 0..1"
        raise InputError(message)
    if racks_count <= 0.0 or provided_w <= 0.0:
        message = f"oversubscription: {racks_count} racks on {provided_w} W; both are positive"
        raise InputError(message)
    mean_w = racks_count * rack.mean_w
    deviation_w = together_deviation_w(rack, racks_count)
    room_w = provided_w - mean_w
    if deviation_w == 0.0:
        capped_frac, unserved_w = (1.0, -room_w) if room_w < 0.0 else (0.0, 0.0)
    else:
        z = room_w / deviation_w
        capped_frac = erfc(z / sqrt(2.0)) / 2.0
        unserved_w = deviation_w * (exp(-z * z / 2.0) / sqrt(2.0 * pi) - z * capped_frac)
    unserved_frac = max(unserved_w, 0.0) / mean_w
    return Oversubscription(
        ratio=racks_count * rack.nameplate_w / provided_w,
        mean_w=mean_w,
        deviation_w=deviation_w,
        capped_frac=capped_frac,
        unserved_frac=unserved_frac,
        work_lost_frac=1.0 - (1.0 - unserved_frac) ** work_exponent,
    )


def racks_that_fit(rack: RackPower, provided_w: float, capped_frac: float) -> float:
    """Most racks on a given power for a share of the time in which they are capped.

    Parameters
    ----------
    rack : RackPower
    provided_w : float
        [W]
    capped_frac : float
        Share of the time in which they may be capped, above 0 and below one half. [-]

    Returns
    -------
    float
        Not rounded: a hall has hundreds.

    Raises
    ------
    InputError
        If the share is out of range.

    Examples
    --------
    >>> round(racks_that_fit(RackPower(132e3, 100e3, 8e3, 0.5), 132e6, 0.01))
    1166
    """
    if not 0.0 < capped_frac < 0.5:
        message = f"oversubscription: capped_frac is {capped_frac}; it lies above 0 and below 0.5"
        raise InputError(message)
    low, high = 0.0, provided_w / rack.mean_w
    for _ in range(BISECTIONS_COUNT):
        middle = (low + high) / 2.0
        fits = middle > 0.0 and oversubscribe(rack, middle, provided_w).capped_frac <= capped_frac
        low, high = (middle, high) if fits or middle == 0.0 else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class CappedHours:
    """Hours of load under a cap: what is drawn, what is not, and the work that costs."""

    it_w_H: Floats
    capped_hours_count: int
    unserved_mwh: float
    work_lost_frac: float


def cap_hours(it_w_H: Floats, cap_w: float | Floats, work_exponent: float = WORK_EXPONENT) -> CappedHours:
    """Hold an hourly load below a cap, such as a grid limit or a curtailment.

    Parameters
    ----------
    it_w_H : ndarray
        Load asked for. [W]
    cap_w : float or ndarray
        Cap, at least 0. [W]
    work_exponent : float
        Work follows power to this exponent. [-]

    Returns
    -------
    CappedHours

    Examples
    --------
    >>> capped = cap_hours(np.array([100e6, 90e6]), 95e6)
    >>> capped.capped_hours_count, capped.unserved_mwh, round(capped.work_lost_frac, 4)
    (1, 5.0, 0.0133)
    """
    from_w_H = np.asarray(it_w_H, dtype=np.float64)
    held_w_H = np.minimum(from_w_H, cap_w)
    served_H = np.divide(held_w_H, from_w_H, out=np.ones_like(from_w_H), where=from_w_H > 0.0)
    work_frac = np.sum(from_w_H * served_H**work_exponent) / np.sum(from_w_H) if np.any(from_w_H > 0.0) else 1.0
    return CappedHours(
        it_w_H=held_w_H,
        capped_hours_count=int(np.sum(held_w_H < from_w_H)),
        unserved_mwh=float(np.sum(from_w_H - held_w_H)) / WATTS_PER_MEGAWATT,
        work_lost_frac=float(1.0 - work_frac),
    )
