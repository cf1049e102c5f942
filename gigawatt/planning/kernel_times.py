"""The engines' time of one kernel or collective, as it is compared with a measured one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gigawatt.catalogue import schema
from gigawatt.engines.hardware.architecture import FLOPS_PER_MAC
from gigawatt.engines.hardware.attention import (
    FUSED_TRAINING_OVER_FORWARD,
    HEAD_DIM_HALF_LOSS,
    REFERENCE_HEAD_DIM,
)
from gigawatt.engines.hardware.collectives import Tiers, all_reduce_time_s, gather_time_s
from gigawatt.engines.hardware.constants import CALIBRATION, generation_key
from gigawatt.engines.hardware.efficiency import (
    SAME_RATE,
    gemm_frac,
    gemm_traffic_ratio,
    hbm_frac,
    in_network_frac,
    measured_forward_attention_frac,
    measured_training_attention_frac,
)
from gigawatt.engines.hardware.fit import median_absolute_error_frac
from gigawatt.engines.hardware.fit_fabric import LARGE_MESSAGE_BYTES
from gigawatt.engines.hardware.gemm import OPERAND_BYTES, gemm_time_s
from gigawatt.engines.hardware.types import Accelerator
from gigawatt.engines.training.columns import peak_flop_per_s
from gigawatt.planning.convert import with_profile
from gigawatt.planning.measurements import COLLECTIVES, Timing


def gemm_flops(timing: Timing) -> float:
    """Work of a timed product [FLOP]."""
    return FLOPS_PER_MAC * timing.sizes["m"] * timing.sizes["n"] * timing.sizes["k"]


def attention_flops(timing: Timing) -> float:
    """Forward work of a timed attention core, the masked half left out [FLOP]."""
    sizes = timing.sizes
    whole = 4.0 * sizes["batch"] * sizes["heads"] * sizes["sequence"] ** 2 * sizes["head_dim"]
    return whole / 2.0 if sizes["causal"] else whole


def moved_bytes(timing: Timing) -> float:
    """Bytes that a copy reads and writes [B]."""
    return 2.0 * timing.sizes["bytes"]


def ranks_inside_domain(ranks: Any, accelerator: Accelerator) -> Any:
    """Ranks of a group over consecutive accelerators that share a scale-up domain [-]."""
    return np.minimum(ranks, accelerator.scale_up_domain_count)


def predicted_s(timing: Timing, accelerator: Accelerator) -> float:
    """Predict one measured time as the training engine would, launch time apart.

    Parameters
    ----------
    timing : Timing
        What was measured.
    accelerator : Accelerator
        With a profile, or without: then its generation's calibrated constants speak.

    Returns
    -------
    float
        [s]
    """
    sizes = timing.sizes
    if timing.kind == "gemm":
        precision = timing.precision
        peak = accelerator.dense_flop_per_s.get(precision) or peak_flop_per_s(accelerator, precision)[0]
        rate = peak * gemm_frac(accelerator, precision, CALIBRATION)
        traffic = gemm_traffic_ratio(accelerator, precision, CALIBRATION)
        shape = sizes["m"], sizes["k"], sizes["n"]
        return float(gemm_time_s(*shape, rate, accelerator.hbm_bytes_per_s, OPERAND_BYTES[precision], traffic))
    if timing.kind == "attention":
        read = measured_training_attention_frac if timing.training else measured_forward_attention_frac
        measured = read(accelerator)
        share = CALIBRATION.attention_fraction[generation_key(accelerator.generation)] if measured is None else measured
        narrow = (1.0 + HEAD_DIM_HALF_LOSS / sizes["head_dim"]) / (1.0 + HEAD_DIM_HALF_LOSS / REFERENCE_HEAD_DIM)
        work = attention_flops(timing) * (FUSED_TRAINING_OVER_FORWARD if timing.training else 1.0)
        return work * narrow / (share * peak_flop_per_s(accelerator, "bf16")[0])
    if timing.kind == "memory_copy":
        return moved_bytes(timing) / (accelerator.hbm_bytes_per_s * hbm_frac(accelerator, CALIBRATION))
    up, out = accelerator.scale_up, accelerator.scale_out
    tiers = Tiers(
        up.bytes_per_s * up.efficiency_frac,
        up.hop_latency_s,
        out.bytes_per_s * out.efficiency_frac,
        out.hop_latency_s,
    )
    group = sizes["bytes"], sizes["ranks"], ranks_inside_domain(sizes["ranks"], accelerator)
    if timing.kind == "all_reduce":
        return float(all_reduce_time_s(*group, tiers, in_network_frac(accelerator)))
    return float(gather_time_s(*group, tiers))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Median absolute error of the engines' times against measured ones, with the generation's constants and after."""

    kind: str
    timings: int
    before_pct: float
    after_pct: float


def kept_precision(timing: Timing) -> str:
    """Precision under which a product's share is kept."""
    return SAME_RATE.get(timing.precision, timing.precision)


def _launch_key(timing: Timing) -> str:
    """Key of a kernel's launch time in a profile; collectives have none."""
    if timing.kind == "gemm":
        return f"gemm-{kept_precision(timing)}"
    return timing.kind.replace("_", "-") + ("-training" if timing.training else "")


def _label(timing: Timing) -> str:
    """Name of the row of comparisons that a timing counts in."""
    name = timing.kind.replace("_", " ")
    if timing.kind in COLLECTIVES:
        return f"{name} {'from' if timing.sizes['bytes'] >= LARGE_MESSAGE_BYTES else 'below'} 1 MiB"
    return f"{name} {timing.precision}" if timing.precision else f"{name} training" if timing.training else name


def compared(
    timings: Sequence[Timing], plain: Accelerator, profile: schema.EfficiencyProfile
) -> tuple[Comparison, ...]:
    """Compare predicted with measured times by kind.

    Parameters
    ----------
    timings : sequence of Timing
    plain : Accelerator
        Without a profile.
    profile : schema.EfficiencyProfile

    Returns
    -------
    tuple of Comparison
        Before, and after with the launch time that was fitted, which the engines count by layer.
    """
    measured = with_profile(plain, profile)
    kinds: dict[str, list[Timing]] = {}
    for timing in timings:
        kinds.setdefault(_label(timing), []).append(timing)
    found = []
    for kind, members in kinds.items():
        time_s = [timing.time_s for timing in members]
        launch = profile.kernel_launch_s.get(_launch_key(members[0]))
        before = [predicted_s(timing, plain) for timing in members]
        after = [predicted_s(timing, measured) + (launch.value if launch else 0.0) for timing in members]
        errors = [100.0 * median_absolute_error_frac(predicted, time_s) for predicted in (before, after)]
        found.append(Comparison(kind, len(members), *errors))
    return tuple(found)
