"""Time of a matrix product by shape and precision."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import FLOPS_PER_MAC, Numbers

TILE_ROWS_COUNT = 128.0  # rows and columns of an output tile of the large tensor-core kernels [-]
TILE_INNER_COUNT = 64.0  # step along the inner dimension [-]
OUTPUT_BYTES = 2.0  # results are written in 16 bits [B]
OPERAND_BYTES = {"fp32": 4.0, "tf32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "mxfp8": 1.0, "fp4": 0.5}


def _padded(size: Numbers, tile: float) -> Numbers:
    """Size rounded up to whole tiles."""
    return np.ceil(np.asarray(size) / tile) * tile


def gemm_time_s(
    rows: Numbers,
    inner: Numbers,
    outer: Numbers,
    flop_per_s: Numbers,
    hbm_bytes_per_s: Numbers,
    operand_bytes: Numbers,
    traffic_factor: Numbers = 1.0,
) -> Numbers:
    r"""Time of one rows x inner by inner x outer product.

    Parameters
    ----------
    rows, inner, outer : float or array
        Dimensions on this accelerator. [-]
    flop_per_s : float or array
        Rate that a very large product achieves, not the peak. [FLOP/s]
    hbm_bytes_per_s : float or array
        Memory bandwidth. [B/s]
    operand_bytes : float or array
        Bytes of one operand element. [B]
    traffic_factor : float or array
        Memory traffic that is not hidden behind arithmetic, over the least possible traffic. [-]

    Returns
    -------
    float or array
        Time of one pass; zero where `outer` is zero. [s]

    Notes
    -----
    :math:`t = 2 \hat m \hat n \hat k / (\eta P) + \kappa [b (m k + n k) + 2 m n] / B`, with dimensions rounded up to
    whole tiles in the first term. The sum rather than the greater of the two terms gives the known loss of
    efficiency :math:`1 + x_0 (1/m + 1/n + 1/k)` of small dimensions, with :math:`x_0 = \kappa b \eta P / 2 B`: a chip
    with more FLOP per byte loses more on the same shape.

    Examples
    --------
    >>> round(float(gemm_time_s(8192, 8192, 8192, 700e12, 3.35e12, 2.0)) * 1e3, 2)
    1.69
    """
    arithmetic = (
        FLOPS_PER_MAC
        * _padded(rows, TILE_ROWS_COUNT)
        * _padded(outer, TILE_ROWS_COUNT)
        * _padded(inner, TILE_INNER_COUNT)
    )
    rows, inner, outer = np.asarray(rows), np.asarray(inner), np.asarray(outer)
    traffic = operand_bytes * inner * (rows + outer) + OUTPUT_BYTES * rows * outer
    time = arithmetic / flop_per_s + traffic_factor * traffic / hbm_bytes_per_s
    return np.where(outer > 0, time, 0.0)
