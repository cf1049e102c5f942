"""What an accelerator achieves of its peaks: as measured on it where it was, else its generation's calibrated share."""

from __future__ import annotations

from gigawatt.engines.hardware.constants import Calibration, generation_key
from gigawatt.engines.hardware.types import Accelerator

# Names of one arithmetic rate: fp16 and bf16 run alike on every accelerator of the catalogue.
SAME_RATE = {"fp16": "bf16"}


def measured_gemm_precision(accelerator: Accelerator, precision: str) -> str:
    """Return under which precision products were measured on this accelerator, "" where they were not.

    Parameters
    ----------
    accelerator : Accelerator
        With or without an efficiency profile.
    precision : str
        Precision that the job computes in.

    Returns
    -------
    str
        The precision itself; fp8 for mxfp8; that of the highest peak where the accelerator has no such precision.
    """
    if accelerator.efficiency is None:
        return ""
    shares, peaks = accelerator.efficiency.gemm_frac, accelerator.dense_flop_per_s
    names = [precision, SAME_RATE.get(precision, precision)]
    if precision == "mxfp8":
        names.append("fp8")
    if names[-1] not in peaks:
        names.append(max(peaks, key=lambda name: peaks[name]))
    return next((name for name in names if name in shares), "")


def gemm_frac(accelerator: Accelerator, precision: str, calibration: Calibration) -> float:
    """Return the share of dense peak that an endless product achieves.

    Parameters
    ----------
    accelerator : Accelerator
        Its measured share goes first.
    precision : str
        Precision that the job computes in.
    calibration : Calibration
        Shares by generation.

    Returns
    -------
    float
        [-]

    Examples
    --------
    >>> from gigawatt.engines.hardware.constants import CALIBRATION
    >>> from gigawatt.engines.hardware.types import Efficiency, Fabric
    >>> link = Fabric(450e9, 0.8, 2e-6)
    >>> chip = Accelerator("x", "hopper", {"bf16": 1e15}, 8e10, 3e12, 8, 8, link, link, 700.0, 1400.0, 400.0)
    >>> from dataclasses import replace
    >>> gemm_frac(replace(chip, efficiency=Efficiency(gemm_frac={"bf16": 0.71})), "bf16", CALIBRATION)
    0.71
    """
    measured = measured_gemm_precision(accelerator, precision)
    if measured and accelerator.efficiency is not None:
        slow = calibration.mxfp8_gemm_factor if precision == "mxfp8" and measured == "fp8" else 1.0
        return accelerator.efficiency.gemm_frac[measured] / slow
    table = calibration.gemm_fraction
    kind = "fp8" if precision == "mxfp8" else SAME_RATE.get(precision, precision)
    slow = calibration.mxfp8_gemm_factor if precision == "mxfp8" else 1.0
    key = generation_key(accelerator.generation)
    return table.get(f"{key}.{kind}", table.get(f"other.{kind}", table["other.bf16"])) / slow


def measured_gemm_frac(accelerator: Accelerator, precision: str) -> float | None:
    """Return the measured share of dense peak of products, None where it was not measured [-]."""
    measured = measured_gemm_precision(accelerator, precision)
    return accelerator.efficiency.gemm_frac[measured] if measured and accelerator.efficiency else None


def gemm_traffic_ratio(accelerator: Accelerator, precision: str, calibration: Calibration) -> float:
    """Return the memory traffic of products that is not hidden, over the least possible; measured first [-]."""
    measured = measured_gemm_precision(accelerator, precision)
    if measured and accelerator.efficiency is not None and measured in accelerator.efficiency.gemm_traffic_ratio:
        return accelerator.efficiency.gemm_traffic_ratio[measured]
    return calibration.gemm_traffic_factor


def measured_training_attention_frac(accelerator: Accelerator) -> float | None:
    """Return the measured share of bf16 peak of attention in training; of forward where that alone is known [-]."""
    if accelerator.efficiency is None:
        return None
    found = accelerator.efficiency.attention_training_frac
    return found if found is not None else accelerator.efficiency.attention_frac


def measured_forward_attention_frac(accelerator: Accelerator) -> float | None:
    """Return the measured share of bf16 peak of forward attention; of training where that alone is known [-]."""
    if accelerator.efficiency is None:
        return None
    found = accelerator.efficiency.attention_frac
    return found if found is not None else accelerator.efficiency.attention_training_frac


def measured_hbm_frac(accelerator: Accelerator) -> float | None:
    """Return the measured share of memory bandwidth, None where it was not measured [-]."""
    return accelerator.efficiency.hbm_frac if accelerator.efficiency else None


def measured_all_reduce_frac(accelerator: Accelerator) -> float | None:
    """Return the measured bus bandwidth of an all-reduce over the scale-up line rate, None where not measured [-].

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Efficiency, Fabric
    >>> link, found = Fabric(450e9, 0.8, 2e-6), Efficiency(scale_up_frac=0.6, in_network_frac=0.5)
    >>> round(measured_all_reduce_frac(
    ...     Accelerator("x", "hopper", {}, 8e10, 3e12, 8, 8, link, link, 700.0, 1400.0, 400.0, found)), 3)
    0.8
    """
    if accelerator.efficiency is None or accelerator.efficiency.scale_up_frac is None:
        return None
    return accelerator.efficiency.scale_up_frac * 2.0 / (2.0 - in_network_frac(accelerator))


def hbm_frac(accelerator: Accelerator, calibration: Calibration) -> float:
    """Return the share of memory bandwidth that element-wise kernels achieve; measured first [-]."""
    measured = measured_hbm_frac(accelerator)
    return calibration.hbm_fraction if measured is None else measured


def in_network_frac(accelerator: Accelerator) -> float:
    """Return how far switches halve an all-reduce: measured first, else all or nothing by the fabric [-]."""
    if accelerator.efficiency is not None and accelerator.efficiency.in_network_frac is not None:
        return accelerator.efficiency.in_network_frac
    return float(accelerator.scale_up.in_network_reduction)
