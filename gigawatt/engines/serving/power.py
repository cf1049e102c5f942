"""Electrical power of an accelerator that serves, from what it moves and multiplies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.types import Accelerator
from gigawatt.engines.serving.constants import BYTES_PER_PARAMETER, Calibration, family

Floats = NDArray[np.float64]


def gpu_power_w(
    accelerator: Accelerator,
    memory_frac: Floats,
    compute_frac: Floats,
    quantised_experts: bool,
    calibration: Calibration,
) -> Floats:
    r"""Return the mean power of the accelerator alone.

    Parameters
    ----------
    accelerator : Accelerator
        Its rating and family.
    memory_frac, compute_frac : array
        Bytes moved over peak bandwidth times time; FLOPs over peak FLOP/s times time. [-]
    quantised_experts : bool
        Whether experts are read in 8 bits or fewer; their kernels draw more for the same traffic.
    calibration : Calibration
        Fitted shares of the rating.

    Returns
    -------
    array
        [W]

    Notes
    -----
    :math:`P / P_{rated} = p_0 + p_m u_m + p_c \sqrt{u_c} + p_q`, at most `power_ceiling`. The root says that the first
    products wake the tensor cores and the last ones hit the power limit.
    """
    row = family(accelerator)
    row = row if row in calibration.power_floor else "hopper"
    share = (
        calibration.power_floor[row]
        + calibration.power_memory[row] * memory_frac
        + calibration.power_compute[row] * np.sqrt(compute_frac)
        + (calibration.power_quantised_experts if quantised_experts else 0.0)
    )
    power: Floats = accelerator.tdp_w * np.minimum(share, calibration.power_ceiling)
    return power


def is_quantised(precision: str) -> bool:
    """Whether weights are stored in 8 bits or fewer."""
    return BYTES_PER_PARAMETER[precision] < BYTES_PER_PARAMETER["bf16"]


def system_power_w(accelerator: Accelerator, gpu_w: Floats) -> Floats:
    """Return the all-in IT power per accelerator: the accelerator and its share of host, fans, network and storage.

    Parameters
    ----------
    accelerator : Accelerator
        Its system power at load and rating.
    gpu_w : array
        Of the accelerator alone. [W]

    Returns
    -------
    array
        [W]

    Notes
    -----
    The rest of the system, :math:`P_{system} - P_{rated}`, hardly follows the load of serving: processors, memory and
    network cards run at all times, and fans follow the heat of the accelerators only in part.
    """
    return gpu_w + max(accelerator.system_w - accelerator.tdp_w, 0.0)
