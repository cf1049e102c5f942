"""A replay as JSON and as a table of its requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gigawatt.engines.serving.simulator.types import STATES
from gigawatt.planning.demand import Day
from gigawatt.planning.replay import REJECTED, ReplayAnswer, gap_percentiles, percentiles
from gigawatt.planning.replay_layouts import Layout
from gigawatt.planning.store import write_atomically, write_table
from gigawatt.planning.token_costs import TokenCosts, TokenShare
from gigawatt.units import JOULES_PER_MWH

if TYPE_CHECKING:
    import pandas as pd

TOKENS_PER_PRICE = 1e6


def replay_record(found: ReplayAnswer) -> dict[str, Any]:
    """Return a replay with the keys of the contract."""
    result, service = found.result, found.service
    written = result.output_tokens
    seconds = result.duration_s
    return {
        "trace": _trace(found),
        "replicas": found.replicas_count,
        "prefill_replicas": service.replicas_count if service.decode_replicas_count else None,
        "decode_replicas": service.decode_replicas_count or None,
        "prefill_gpus_per_replica": service.prompt_model.gpus_count if service.prompt_model else None,
        "gpus_per_replica": service.model.gpus_count,
        "replicas_tried": _tried(found.tried),
        "gpus": found.gpus_count,
        "routing": "written" if service.router else service.routing,
        "router": service.router.source if service.router else None,
        "router_faults": result.router_faults,
        "max_sequences": service.max_sequences_count,
        "layouts_compared": [_layout(layout) for layout in found.compared],
        "meets_slo": found.meets_slo,
        "within_slo_pct": 100.0 * found.met_frac,
        "goodput_requests_per_s": found.goodput_requests_per_s,
        "ttft_s": percentiles(result.ttft_s_N),
        "tpot_s": percentiles(result.tpot_s_N),
        "gap_s": gap_percentiles(result),
        "latency_s": percentiles(result.latency_s_N),
        "queue_s": percentiles(result.queue_s_N),
        "duration_s": seconds,
        "input_tokens_per_s": result.input_tokens / seconds if seconds else None,
        "output_tokens_per_s": written / seconds if seconds else None,
        "kv_cache_pct": {"mean": 100.0 * result.kv_used_frac, "peak": 100.0 * result.kv_peak_frac},
        "batch_mean": result.batch_mean,
        "busy_pct": 100.0 * result.busy_frac,
        "preemptions": int(result.preemptions_N.sum()),
        "prefix_hit_pct": 100.0 * float(result.hit_tokens_N.sum() / found.trace.input_tokens_N.sum()),
        "rejected": int(np.sum(result.state_N == REJECTED)),
        "energy_mwh": result.energy_j / JOULES_PER_MWH,
        "j_per_output_token": result.energy_j / written if written else None,
        "usd_per_gpu_hour": found.usd_per_gpu_hour,
        "usd_per_million_output_tokens": found.usd / written * TOKENS_PER_PRICE if written else None,
    }


def _trace(found: ReplayAnswer) -> dict[str, Any]:
    """Return what was replayed."""
    trace = found.trace
    return {
        "name": trace.name,
        "format": trace.format,
        "requests": trace.requests_count,
        "duration_s": trace.duration_s / found.terms.rate_scale,
        "requests_per_s": trace.requests_per_s * found.terms.rate_scale,
        "arrival_cv": trace.arrival_cv,
        "input_tokens_mean": float(trace.input_tokens_N.mean()),
        "output_tokens_mean": float(trace.output_tokens_N.mean()),
        "repeated_prefix_pct": 100.0 * trace.repeated_frac,
        "left_out": trace.left_out,
    }


def _layout(layout: Layout) -> dict[str, Any]:
    """Return a replica that was replayed beside others."""
    replica = layout.deployment.replica
    return {
        "tensor_parallel": replica.tensor_parallel,
        "pipeline_parallel": replica.pipeline_parallel,
        "expert_parallel": replica.expert_parallel,
        "attention_data_parallel": replica.attention_data_parallel,
        "precision": layout.deployment.precision,
        "batch": layout.deployment.batch,
        "gpus": layout.gpus_count,
        "reason": layout.reason,
        "replicas_tried": _tried(layout.tried),
    }


def _tried(tried: tuple[tuple[int, bool], ...]) -> list[dict[str, Any]]:
    """Return numbers of replicas and whether they met the service level."""
    return [{"replicas": count, "meets_slo": met} for count, met in sorted(tried)]


def token_record(costs: TokenCosts) -> dict[str, Any]:
    """Return what each kind of token costs at full load."""

    def record(part: TokenShare) -> dict[str, float]:
        return {
            "tokens_per_request": part.tokens,
            "time_pct": 100.0 * part.time_frac,
            "usd_per_million": part.usd_per_million,
            "j_per_token": part.j_per_token,
        }

    return {"input": record(costs.input), "cached": record(costs.cached), "output": record(costs.output)}


def day_record(day: Day) -> dict[str, Any]:
    """Return the demand and the accelerators of each hour."""
    return {
        "requests_per_s": day.requests_per_s_H.tolist(),
        "gpus": [size.gpus_count for size in day.sizes_H],
        "peak_to_mean": day.peak_to_mean,
        "mean_over_peak_pct": 100.0 * day.mean_over_peak_frac,
        "freed_gpu_hours_per_day": day.freed_gpu_hours,
    }


def request_table(found: ReplayAnswer) -> pd.DataFrame:
    """Return one row a request; units are in `attrs`."""
    import pandas as pd

    result, trace = found.result, found.trace
    table = pd.DataFrame(
        {
            "arrival_s": trace.arrival_s_N / found.terms.rate_scale,
            "input_tokens": trace.input_tokens_N,
            "output_tokens": trace.output_tokens_N,
            "prefix_hit_tokens": result.hit_tokens_N,
            "queue_s": result.queue_s_N,
            "ttft_s": result.ttft_s_N,
            "tpot_s": result.tpot_s_N,
            "latency_s": result.latency_s_N,
            "preemptions": result.preemptions_N,
            "replica": result.replica_N,
            "state": np.array(STATES)[result.state_N],
            "within_slo": found.met_N,
        }
    )
    seconds = dict.fromkeys(("arrival_s", "queue_s", "ttft_s", "tpot_s", "latency_s"), "s")
    tokens = dict.fromkeys(("input_tokens", "output_tokens", "prefix_hit_tokens"), "token")
    table.attrs["units"] = seconds | tokens
    return table


def write_replay(found: ReplayAnswer, folder: Path, document: str) -> list[Path]:
    """Write requests.parquet and, last, replay.json, each whole or not at all.

    Parameters
    ----------
    found : ReplayAnswer
    folder : Path
        Made if missing.
    document : str
        JSON of the replay.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    import duckdb

    path = folder / "requests.parquet"
    with duckdb.connect() as connection:
        write_table(connection, request_table(found), path)
    write_atomically(folder / "replay.json", document)
    return [path, folder / "replay.json"]
