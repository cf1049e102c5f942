"""JSON of the verbs `train` and `serve`, with the keys of the contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gigawatt.engines.serving.types import Deployment
from gigawatt.engines.training.types import SearchResult, StepEstimate
from gigawatt.planning.power_caps import CapPoint
from gigawatt.planning.serving import ServingPool, usd_per_million
from gigawatt.planning.serving_bands import bands_of
from gigawatt.planning.training import TrainingRun
from gigawatt.units import SECONDS_PER_HOUR, WATTS_PER_MEGAWATT

JOULES_PER_WATT_HOUR = SECONDS_PER_HOUR


def step_record(step: StepEstimate) -> dict[str, Any]:
    """Return one configuration and its prediction."""
    layout, memory = step.layout, step.memory
    return {
        "tensor_parallel": layout.tensor_parallel,
        "pipeline_parallel": layout.pipeline_parallel,
        "data_parallel": layout.data_parallel,
        "context_parallel": layout.context_parallel,
        "expert_parallel": layout.expert_parallel,
        "micro_batch": layout.micro_batch,
        "virtual_stages": layout.virtual_stages,
        "recompute": layout.recompute,
        "zero_stage": layout.zero_stage,
        "sequence_parallel": layout.sequence_parallel,
        "schedule": layout.schedule,
        "offload": layout.offload,
        "optimizer_bits": layout.optimizer_bits,
        "context_exchange": layout.context_exchange,
        "precision": layout.precision,
        "fits": step.fits,
        "reason": step.reason,
        "step_time_s": step.step_time_s,
        "step_time_low_s": step.low_s,
        "step_time_high_s": step.high_s,
        "tokens_per_s": step.tokens_per_s,
        "tokens_per_s_per_gpu": step.tokens_per_s_per_gpu,
        "model_tflops_per_gpu": step.model_tflops_per_gpu,
        "mfu": step.mfu,
        "hfu": step.hfu,
        "gpu_power_w": step.gpu_power_w,
        "tokens_per_j": step.tokens_per_s_per_gpu / step.gpu_power_w,
        "memory_gib": {
            "weights": memory.weights_gib,
            "gradients": memory.gradients_gib,
            "optimizer": memory.optimizer_gib,
            "activations": memory.activations_gib,
            "buffers": memory.buffers_gib,
            "total": memory.total_gib,
        },
        "breakdown_s": step.breakdown_s,
    }


def search_record(found: SearchResult) -> dict[str, Any]:
    """Return a search: best, alternatives, how many were tried."""
    return {
        "best": step_record(found.best) if found.best else None,
        "alternatives": [step_record(step) for step in found.alternatives],
        "searched": found.searched,
        "feasible": found.feasible,
        "search_s": found.search_s,
        "reason": found.reason,
        "schedules": list(found.schedules),
        "zero_stages": list(found.zero_stages),
    }


def caps_record(points: Sequence[CapPoint], cap_w: float, it_w: float | None) -> dict[str, Any]:
    """Return a job under each power cap; `cap_w` is the one that was taken, 0 for none."""
    rated_w = points[-1].cap_w
    return {
        "it_mw": it_w / WATTS_PER_MEGAWATT if it_w is not None else None,
        "rows": [
            {
                "power_cap_w": point.cap_w,
                "step_time_s": point.step.step_time_s,
                "mfu": point.step.mfu,
                "gpu_power_w": point.step.gpu_power_w,
                "provisioned_w": point.provisioned_w,
                "tokens_per_j": point.tokens_per_j,
                "gpus": point.gpus_count,
                "cluster_tokens_per_s": point.cluster_tokens_per_s,
                "chosen": point.cap_w == (cap_w or rated_w),
            }
            for point in points
        ],
    }


def run_record(run: TrainingRun) -> dict[str, Any]:
    """Return a whole run; quantities that follow the step time carry its 80 % interval."""

    def banded(value: float) -> dict[str, float]:
        scale = value / run.days
        return {"p10": run.low_days * scale, "p50": value, "p90": run.high_days * scale}

    return {
        "tokens": run.tokens,
        "days": banded(run.days),
        "gpu_hours": banded(run.gpu_hours_h),
        "ettr": run.goodput.ettr_frac,
        "goodput": run.goodput.ettr_frac,
        "mttf_h": run.goodput.mttf_h,
        "checkpoint_interval_s": run.goodput.checkpoint_interval_s,
        "interruptions": run.goodput.interruptions_per_day * run.days,
        "energy_mwh": banded(run.facility_energy_mwh),
        "cost_usd": banded(run.cost_usd),
        "usd_per_gpu_hour": run.usd_per_gpu_hour,
        "co2_t": banded(run.co2_t),
    }


def deployment_record(point: Deployment, usd_per_gpu_hour: float) -> dict[str, Any]:
    """Return one operating point of a serving replica."""
    memory = point.memory
    return {
        "tensor_parallel": point.replica.tensor_parallel,
        "pipeline_parallel": point.replica.pipeline_parallel,
        "expert_parallel": point.replica.expert_parallel,
        "attention_data_parallel": point.replica.attention_data_parallel,
        "gpus": point.replica.gpus_count,
        "precision": point.precision,
        "batch": point.batch,
        "fits": point.fits,
        "reason": point.reason,
        "meets_slo": point.meets_slo,
        "ttft_s": {"p50": point.ttft_p50_s, "p99": point.ttft_p99_s},
        "tpot_s": {"p50": point.tpot_p50_s, "p99": point.tpot_p99_s},
        "gap_p99_s": point.gap_p99_s,
        "requests_per_s": point.requests_per_s,
        "output_tokens_per_s": point.output_tokens_per_s,
        "output_tokens_per_s_per_gpu": point.output_tokens_per_s_per_gpu,
        "usd_per_million_output_tokens": usd_per_million(point, usd_per_gpu_hour),
        "j_per_output_token": point.j_per_output_token,
        "gpu_power_w": point.gpu_power_w,
        "memory_gib": {
            "weights": memory.weights_gib,
            "kv_cache": memory.kv_cache_gib,
            "activations": memory.activations_gib,
            "overhead": memory.overhead_gib,
            "total": memory.total_gib,
        },
        "kv_capacity_tokens": point.kv_capacity_tokens,
    }


def pool_record(pool: ServingPool) -> dict[str, Any]:
    """Return the frontier, what was chosen, how far to trust it, and the energy of a request."""
    bands, query = bands_of(pool), pool.query
    names = (
        "output_tokens_per_s_per_gpu",
        "usd_per_million_output_tokens",
        "gpu_power_w",
        "j_per_output_token",
    )
    stated = {name: getattr(bands, name) for name in names}
    return {
        "frontier": [deployment_record(point, pool.usd_per_gpu_hour) for point in pool.frontier.deployments],
        "chosen": deployment_record(pool.deployment, pool.usd_per_gpu_hour),
        "usd_per_gpu_hour": pool.usd_per_gpu_hour,
        "is_calibrated": bands.is_calibrated,
        "interval_80_pct": {name: {"low": band.low, "high": band.high} for name, band in stated.items()},
        "query": {
            "output_tokens": pool.inputs.request.output_tokens,
            "energy_j": query.total_j,
            "energy_wh": query.total_j / JOULES_PER_WATT_HOUR,
            "accelerators_j": query.accelerators_j,
            "host_j": query.host_j,
            "overhead_j": query.overhead_j,
        },
    }
