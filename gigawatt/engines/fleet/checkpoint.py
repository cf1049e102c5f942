"""When to write checkpoints, and what a failing job keeps of its time: exact, and to first order."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.errors import InputError

# A checkpoint cannot be more frequent than the steps it saves; training steps of large jobs take 1-60 s.
SHORTEST_INTERVAL_S = 1.0
# coefficients of Daly's series
DALY_FIRST = 1.0 / 3.0
DALY_SECOND = 1.0 / 9.0
# Below this ratio of write time to time between failures the closed form loses its digits and Young's is exact to 1e-5.
SMALL_RATIO = 1e-10


@dataclass(frozen=True, slots=True)
class TimeShares:
    """Where the wall time of a job with random failures goes. The four sum to 1.

    Attributes
    ----------
    useful_frac : float
        Work that is kept: the effective training time ratio. [-]
    checkpoint_frac : float
        Stalls of checkpoints that are completed. [-]
    rework_frac : float
        Work done since the last checkpoint and lost, with partial writes. [-]
    restart_frac : float
        Restarting, including restarts that fail. [-]
    """

    useful_frac: float
    checkpoint_frac: float
    rework_frac: float
    restart_frac: float


def _require(**values: float) -> None:
    """Refuse values that are not finite and not positive; names ending in _or_zero_s may be zero."""
    wrong = [
        f"{name.replace('_or_zero', '')} is {value}"
        for name, value in values.items()
        if not 0.0 < value < math.inf and not (value == 0.0 and name.endswith("_or_zero_s"))
    ]
    if wrong:
        message = f"checkpoints: {', '.join(wrong)}; durations must be positive and finite"
        raise InputError(message)


def young_interval_s(write_s: float, mttf_s: float) -> float:
    r"""Return Young's interval: the first-order optimum.

    Parameters
    ----------
    write_s : float
        Stall of one checkpoint. [s]
    mttf_s : float
        Mean time to failure of the job. [s]

    Returns
    -------
    float
        Work between checkpoints. [s]

    Raises
    ------
    InputError
        If a duration is not positive and finite.

    Notes
    -----
    :math:`\sqrt{2 w M}` [1]_.

    References
    ----------
    .. [1] J. W. Young, "A first order approximation to the optimum checkpoint interval," Comm. ACM 17(9), 1974, p. 530.

    Examples
    --------
    >>> round(young_interval_s(20.0, 3.092 * 3600) / 60, 1)
    11.1
    """
    _require(write_or_zero_s=write_s, mttf_s=mttf_s)
    return math.sqrt(2.0 * write_s * mttf_s)


def daly_interval_s(write_s: float, mttf_s: float) -> float:
    r"""Return Daly's interval: the higher-order series.

    Parameters
    ----------
    write_s, mttf_s : float
        [s]

    Returns
    -------
    float
        Work between checkpoints. [s]

    Raises
    ------
    InputError
        If a duration is not positive and finite.

    Notes
    -----
    :math:`\sqrt{2 w M}\,(1 + \tfrac13 \sqrt{w / 2M} + \tfrac19\, w / 2M) - w` for :math:`w < 2M`, else :math:`M` [1]_.

    References
    ----------
    .. [1] J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps," Future Gener.
       Comput. Syst. 22(3), 2006, eq. 37.

    Examples
    --------
    >>> round(daly_interval_s(60.0, 3.092 * 3600) / 60, 2)
    18.6
    """
    _require(write_or_zero_s=write_s, mttf_s=mttf_s)
    ratio = write_s / (2.0 * mttf_s)
    if ratio >= 1.0:
        return mttf_s
    series = 1.0 + DALY_FIRST * math.sqrt(ratio) + DALY_SECOND * ratio
    return young_interval_s(write_s, mttf_s) * series - write_s


def best_interval_s(
    write_s: float, mttf_s: float, shortest_s: float = SHORTEST_INTERVAL_S, longest_s: float = math.inf
) -> float:
    r"""Return the interval that maximises the kept time, for exponential failures.

    Parameters
    ----------
    write_s : float
        Stall of one checkpoint. [s]
    mttf_s : float
        Mean time to failure of the job. [s]
    shortest_s : float
        Not more often than this: a training step. [s]
    longest_s : float
        Not less often than this: the length of the run. [s]

    Returns
    -------
    float
        Work between checkpoints; within the limits, and the longest wins. [s]

    Raises
    ------
    InputError
        If a duration is not positive.

    Notes
    -----
    The kept time of `time_shares` is greatest at :math:`M (1 + W_0(-e^{-1 - w/M}))`, :math:`W_0` Lambert's function;
    Young's and Daly's intervals are its expansions for small :math:`w / M` [1]_.

    References
    ----------
    .. [1] J. T. Daly, op. cit. in `daly_interval_s`, section 3, whose optimality condition this solves.

    Examples
    --------
    >>> round(best_interval_s(60.0, 3.092 * 3600) / 60, 2)
    18.6
    """
    _require(write_or_zero_s=write_s, mttf_s=mttf_s, shortest_s=shortest_s)
    ratio = write_s / mttf_s
    if ratio < SMALL_RATIO:
        best_s = young_interval_s(write_s, mttf_s)
    else:
        from scipy.special import lambertw  # here, for it takes longer to import than most answers

        best_s = mttf_s * (1.0 + float(lambertw(-math.exp(-1.0 - ratio)).real))
    return min(max(best_s, shortest_s), longest_s)


def time_shares(interval_s: float, write_s: float, restart_s: float, mttf_s: float) -> TimeShares:
    r"""Return where the wall time goes: exact for exponential failures, which strike in restarts and writes too.

    Parameters
    ----------
    interval_s : float
        Work between checkpoints. [s]
    write_s : float
        Stall of one checkpoint. [s]
    restart_s : float
        Detection to running again. [s]
    mttf_s : float
        Mean time to failure, of wall time. [s]

    Returns
    -------
    TimeShares

    Raises
    ------
    InputError
        If a duration is not positive and finite.

    Notes
    -----
    An interval takes :math:`E = M e^{R/M} (e^{(\tau + w)/M} - 1)` on average [1]_, so the kept share is
    :math:`\tau / E` and completed writes take :math:`w / E`. Failures come at rate :math:`1/M` at all times and each
    starts a restart that lasts :math:`M (1 - e^{-R/M})` on average before it ends or fails, so restarts take
    :math:`1 - e^{-R/M}`. The rest is rework.

    References
    ----------
    .. [1] J. T. Daly, op. cit. in `daly_interval_s`, eq. 13.

    Examples
    --------
    16,384 GPUs at the failure rate of the Llama 3 run, checkpoints of 20 s, restarts of 5 min:

    >>> shares = time_shares(667.0, 20.0, 300.0, 3.092 * 3600)
    >>> round(shares.useful_frac, 4), round(shares.restart_frac, 4)
    (0.9162, 0.0266)
    """
    _require(interval_s=interval_s, write_or_zero_s=write_s, restart_or_zero_s=restart_s, mttf_s=mttf_s)
    exponent = (interval_s + write_s) / mttf_s
    # e^{-R/M} / (M (e^x - 1)) written so that a hopeless job gives 0 instead of an overflow
    intervals_per_s = math.exp(-restart_s / mttf_s - exponent) / (mttf_s * -math.expm1(-exponent))
    useful_frac = interval_s * intervals_per_s
    checkpoint_frac = write_s * intervals_per_s
    restart_frac = -math.expm1(-restart_s / mttf_s)
    rework_frac = max(1.0 - useful_frac - checkpoint_frac - restart_frac, 0.0)
    return TimeShares(useful_frac, checkpoint_frac, rework_frac, restart_frac)


def first_order_ettr_frac(interval_s: float, write_s: float, restart_s: float, mttf_s: float) -> float:
    r"""Return the published first-order effective training time ratio, for comparison only.

    Parameters
    ----------
    interval_s, write_s, restart_s, mttf_s : float
        As in `time_shares`. [s]

    Returns
    -------
    float
        Negative where restart and half an interval exceed the time to failure. [-]

    Raises
    ------
    InputError
        If a duration is not positive and finite.

    Notes
    -----
    :math:`(1 - (R + \tau / 2) / M) / (1 + w / \tau)` [1]_. It is 8-10 points low once failures are as frequent as
    restarts: use `time_shares`.

    References
    ----------
    .. [1] A. Kokolis et al., "Revisiting reliability in large-scale machine learning research clusters," HPCA 2025,
       arXiv:2410.21680, section III.

    Examples
    --------
    >>> round(first_order_ettr_frac(667.0, 20.0, 300.0, 3.092 * 3600), 4)
    0.9156
    """
    _require(interval_s=interval_s, write_or_zero_s=write_s, restart_or_zero_s=restart_s, mttf_s=mttf_s)
    return (1.0 - (restart_s + interval_s / 2.0) / mttf_s) / (1.0 + write_s / interval_s)
