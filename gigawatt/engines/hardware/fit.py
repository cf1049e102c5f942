r"""Fit what an accelerator achieves to timings of its kernels and collectives.

Each model is linear in its unknowns, :math:`t = A \theta`, as the engines' own times are; the fit minimises a robust
sum over :math:`\ln (A \theta / t)`, so that a microsecond and a second count alike and an outlier counts little.
Shape letters: `N` timings, `P` unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares, lsq_linear

from gigawatt.engines.hardware.architecture import Numbers
from gigawatt.engines.hardware.attention import HEAD_DIM_HALF_LOSS, REFERENCE_HEAD_DIM
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.errors import InputError

Floats: TypeAlias = NDArray[np.float64]
OUTLIER_LOG = 0.1  # relative error from which a timing counts less than its square; clean timings spread less [-]
BLURRED = 1e-4  # least over greatest singular value below which the timings cannot tell two unknowns apart [-]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A fitted number and its standard error, in the same unit."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class KernelFit:
    """What timings of one kind of kernel say.

    Attributes
    ----------
    share_frac : Estimate
        Achieved over peak rate of an endless kernel. [-]
    launch_s : Estimate
        Time of an empty kernel. [s]
    traffic_ratio : Estimate, optional
        Of products: memory traffic that is not hidden, over the least possible. [-]
    half_loss_count : float
        Of products: the size at which one small dimension doubles the time, `x0` of `gemm_time_s`. [-]
    median_error_frac : float
        Median of the absolute relative error of the fit. [-]
    """

    share_frac: Estimate
    launch_s: Estimate
    traffic_ratio: Estimate | None
    half_loss_count: float
    median_error_frac: float


@dataclass(frozen=True, slots=True)
class Solution:
    """Unknowns, their standard errors, the factor if one was free, and the relative error of each timing."""

    values_P: Floats
    errors_P: Floats
    factor: Estimate
    error_frac_N: Floats


def solve(
    design_NP: Floats,
    time_N: Floats,
    least_P: Floats,
    *,
    fixed_N: Numbers = 0.0,
    free_factor_N: Floats | None = None,
    weight_N: Numbers = 1.0,
) -> Solution:
    r"""Fit :math:`t = f (A \theta + t_f)` to timings.

    Parameters
    ----------
    design_NP : array, shape (N, P)
        Work of each timing by unknown.
    time_N : array, shape (N,)
        Measured. [s]
    least_P : array, shape (P,)
        Least value of each unknown; zero start values lie inside.
    fixed_N : array, shape (N,)
        Part of the time that is known. [s]
    free_factor_N : array, shape (N,), optional
        1 for timings that share an unknown factor between 1 and 2, 0 for the others.
    weight_N : array, shape (N,)
        Weight of each timing's error. [-]

    Returns
    -------
    Solution

    Raises
    ------
    InputError
        If the timings are too few or too alike.
    """
    count, unknowns = design_NP.shape
    freedom = count - unknowns - (free_factor_N is not None)
    if freedom < 1:
        figures = count - freedom
        message = f"{count} timings are too few to fit {figures} figures; at least {figures + 1} are needed"
        raise InputError(message)
    marked_N = np.zeros(count) if free_factor_N is None else free_factor_N
    scale_P = np.median(time_N) / np.maximum(np.median(design_NP, axis=0), np.finfo(float).tiny)
    scaled_NP = design_NP * scale_P
    low_P = least_P / scale_P
    start = lsq_linear(scaled_NP / time_N[:, None], 1.0 - np.asarray(fixed_N) / time_N, bounds=(low_P, np.inf)).x
    start, high_P, marks = np.maximum(start, low_P), np.full(unknowns, np.inf), free_factor_N is not None
    if marks:  # the logarithm of the factor is one more unknown
        start, low_P, high_P = np.append(start, np.log(1.5)), np.append(low_P, 0.0), np.append(high_P, np.log(2.0))

    def plain_N(point: Floats) -> Floats:
        return np.asarray(scaled_NP @ point[:unknowns] + fixed_N)

    def error_N(point: Floats) -> Floats:
        return np.asarray(weight_N * (np.log(plain_N(point) / time_N) + (marked_N * point[-1] if marks else 0.0)))

    def slope(point: Floats) -> Floats:
        slope_NP = scaled_NP / plain_N(point)[:, None]
        slope_NP = np.column_stack([slope_NP, marked_N]) if marks else slope_NP
        return np.asarray(slope_NP * np.broadcast_to(weight_N, time_N.shape)[:, None])

    found = least_squares(
        error_N, start, jac=slope, bounds=(low_P, high_P), loss="soft_l1", f_scale=OUTLIER_LOG, x_scale="jac"
    )
    errors = _standard_errors(np.asarray(found.jac), error_N(found.x), freedom)
    factor = np.exp(found.x[-1]) if marks else 1.0
    return Solution(
        values_P=found.x[:unknowns] * scale_P,
        errors_P=errors[:unknowns] * scale_P,
        factor=Estimate(float(factor), float(factor * errors[-1]) if marks else 0.0),
        error_frac_N=np.expm1(error_N(found.x) / weight_N),
    )


def _standard_errors(slope: Floats, error_N: Floats, freedom: int) -> Floats:
    """Return standard errors of a least-squares solution; raise where the timings leave an unknown open."""
    length_P = np.linalg.norm(slope, axis=0)
    length_P = np.where(length_P > 0, length_P, 1.0)
    singular = np.linalg.svd(slope / length_P, compute_uv=False)
    if singular[-1] < BLURRED * singular[0]:
        message = (
            f"timings of nearly one size cannot tell {slope.shape[1]} figures apart: rate, traffic and launch time "
            "need sizes from small to large"
        )
        raise InputError(message)
    covariance = np.linalg.pinv(slope.T @ slope) * float(error_N @ error_N) / freedom
    return np.sqrt(np.maximum(np.diag(covariance), 0.0))


def share_of_peak(seconds_per_unit: float, error: float, peak: float) -> Estimate:
    """Turn seconds per unit of work, and their standard error, into a share of a peak rate."""
    share = float(1.0 / (seconds_per_unit * peak))
    return Estimate(share, float(share * error / seconds_per_unit))


def columns(*columns: ArrayLike) -> list[Floats]:
    """Return columns of one length."""
    return [np.array(column, dtype=np.float64) for column in np.broadcast_arrays(*columns)]


def fit_gemm(
    rows: ArrayLike,
    inner: ArrayLike,
    outer: ArrayLike,
    time_s: ArrayLike,
    peak_flop_per_s: float,
    hbm_bytes_per_s: float,
    operand_bytes: float,
) -> KernelFit:
    r"""Fit the achieved share of peak and the exposed traffic of matrix products.

    Parameters
    ----------
    rows, inner, outer : array, shape (N,)
        Dimensions of the products. [-]
    time_s : array, shape (N,)
        Measured time of each. [s]
    peak_flop_per_s, hbm_bytes_per_s : float
        Datasheet peaks. [FLOP/s], [B/s]
    operand_bytes : float
        Bytes of one operand element. [B]

    Returns
    -------
    KernelFit

    Raises
    ------
    InputError
        If the timings are too few or too alike.

    Notes
    -----
    :math:`t = \hat F / \eta P + \kappa D / B + t_0`, with the padded arithmetic :math:`\hat F` and the least traffic
    :math:`D` of `gemm_time_s`. :math:`\eta \le 1`, :math:`\kappa, t_0 \ge 0`. From these
    :math:`x_0 = \kappa b \eta P / 2 B`.

    Examples
    --------
    >>> size = np.array([256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0])
    >>> time_s = gemm_time_s(size, size, size, 0.7 * 1e15, 3e12, 2.0, 2.0) + 4e-6
    >>> fit = fit_gemm(size, size, size, time_s, 1e15, 3e12, 2.0)
    >>> round(fit.share_frac.value, 3), round(fit.traffic_ratio.value, 3), round(fit.launch_s.value * 1e6, 3)
    (0.7, 2.0, 4.0)
    """
    rows_N, inner_N, outer_N, time_N = columns(rows, inner, outer, time_s)
    arithmetic_N = np.asarray(gemm_time_s(rows_N, inner_N, outer_N, 1.0, np.inf, operand_bytes))
    traffic_N = np.asarray(gemm_time_s(rows_N, inner_N, outer_N, np.inf, 1.0, operand_bytes))
    design_NP = np.column_stack([arithmetic_N, traffic_N, np.ones_like(time_N)])
    found = solve(design_NP, time_N, np.array([1.0 / peak_flop_per_s, 0.0, 0.0]))
    share = share_of_peak(found.values_P[0], found.errors_P[0], peak_flop_per_s)
    traffic = Estimate(float(found.values_P[1]) * hbm_bytes_per_s, float(found.errors_P[1]) * hbm_bytes_per_s)
    half_loss = traffic.value * operand_bytes * share.value * peak_flop_per_s / (2.0 * hbm_bytes_per_s)
    launch = Estimate(float(found.values_P[2]), float(found.errors_P[2]))
    return KernelFit(share, launch, traffic, half_loss, float(np.median(np.abs(found.error_frac_N))))


def fit_attention(flops: ArrayLike, head_dim: ArrayLike, time_s: ArrayLike, peak_flop_per_s: float) -> KernelFit:
    r"""Fit the achieved share of peak of the attention core.

    Parameters
    ----------
    flops : array, shape (N,)
        Work of each timing, the masked half left out; of forward and backward, the forward work times
        `FUSED_TRAINING_OVER_FORWARD`. [FLOP]
    head_dim : array, shape (N,)
        Width of a head. [-]
    time_s : array, shape (N,)
        Measured. [s]
    peak_flop_per_s : float
        Dense bf16 peak, whatever the precision of the timings: the engines state the share so. [FLOP/s]

    Returns
    -------
    KernelFit
        The share at head width `REFERENCE_HEAD_DIM`.

    Raises
    ------
    InputError
        If the timings are too few or too alike.

    Notes
    -----
    :math:`t = F (1 + c/d) / (1 + c/128) / \eta P + t_0`, as in `fused_core_time_s`.
    """
    flops_N, head_N, time_N = columns(flops, head_dim, time_s)
    narrow_N = (1.0 + HEAD_DIM_HALF_LOSS / head_N) / (1.0 + HEAD_DIM_HALF_LOSS / REFERENCE_HEAD_DIM)
    return _fit_rate(flops_N * narrow_N, time_N, peak_flop_per_s)


def fit_memory(moved_bytes: ArrayLike, time_s: ArrayLike, hbm_bytes_per_s: float) -> KernelFit:
    """Fit the achieved share of memory bandwidth to copies.

    Parameters
    ----------
    moved_bytes : array, shape (N,)
        Bytes read and written. [B]
    time_s : array, shape (N,)
        Measured. [s]
    hbm_bytes_per_s : float
        Datasheet bandwidth. [B/s]

    Returns
    -------
    KernelFit

    Raises
    ------
    InputError
        If the timings are too few or too alike.
    """
    moved_N, time_N = columns(moved_bytes, time_s)
    return _fit_rate(moved_N, time_N, hbm_bytes_per_s)


def _fit_rate(work_N: Floats, time_N: Floats, peak: float) -> KernelFit:
    """Fit a rate and a launch time."""
    found = solve(np.column_stack([work_N, np.ones_like(work_N)]), time_N, np.array([1.0 / peak, 0.0]))
    share = share_of_peak(found.values_P[0], found.errors_P[0], peak)
    return KernelFit(
        share,
        Estimate(float(found.values_P[1]), float(found.errors_P[1])),
        None,
        0.0,
        float(np.median(np.abs(found.error_frac_N))),
    )


def median_absolute_error_frac(predicted_s: ArrayLike, measured_s: ArrayLike) -> float:
    """Return the median of the absolute relative error [-].

    Examples
    --------
    >>> round(median_absolute_error_frac([1.1, 2.0, 2.4], [1.0, 2.0, 2.0]), 3)
    0.1
    """
    predicted: Any = np.asarray(predicted_s, dtype=np.float64)
    return float(np.median(np.abs(predicted / np.asarray(measured_s, dtype=np.float64) - 1.0)))
