"""Replay requests on replicas: the plain entry to the compiled loop."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.serving.simulator.kernel import WRITTEN, loop
from gigawatt.engines.serving.simulator.routers import FEATURES
from gigawatt.engines.serving.simulator.state import (
    BATCH,
    BLOCK,
    COUNTERS,
    EVENT,
    FINISHED,
    NONE,
    POOL,
    REJECTED,
    REPLICA,
    REQUEST,
    RULES,
    SHELF,
    SLOT,
    World,
)
from gigawatt.engines.serving.simulator.types import PREEMPTIONS, ROUTINGS, Replay, Requests, Service, StepModel
from gigawatt.errors import EngineError, InputError, nearest

# Histogram of gaps between tokens: 100 us to 1000 s, so many bins that one is 2 % wide.
SHORTEST_GAP_S, LONGEST_GAP_S, GAP_BINS = 1e-4, 1e3, 800
GAP_PER_BIN = math.log(LONGEST_GAP_S / SHORTEST_GAP_S) / GAP_BINS
LARGEST_CACHE_CELLS = 400_000_000  # replicas times prefix blocks: beyond it a cache per replica does not fit memory


def replay(requests: Requests, service: Service) -> Replay:
    """Serve requests as a continuous-batching engine would, iteration by iteration.

    Parameters
    ----------
    requests : Requests
        In order of arrival.
    service : Service
        Replicas, pools, scheduler.

    Returns
    -------
    Replay
        Every request has finished or is rejected, since it exceeds a replica's KV cache.

    Raises
    ------
    InputError
        If requests are out of order or empty, or the service means nothing.

    Notes
    -----
    In each iteration every running sequence gains a token and the rest of `step_tokens_count` goes to chunks of
    prompts, first of those begun [1]_. Pages are taken as sequences grow; where there is none the newest sequence is
    taken off and its cache is computed again or swapped [2]_. With pools apart, a prompt's cache moves to the decode
    pool once [3]_.

    References
    ----------
    .. [1] A. Agrawal et al., "Taming Throughput-Latency Tradeoff in LLM Inference with Sarathi-Serve," OSDI 2024.
    .. [2] W. Kwon et al., "Efficient Memory Management for Large Language Model Serving with PagedAttention,"
       SOSP 2023.
    .. [3] P. Patel et al., "Splitwise: Efficient Generative LLM Inference Using Phase Splitting," ISCA 2024.
    """
    check_requests(requests)
    _check_service(service)
    world = _world(requests, service)
    loop(world)
    return _collect(service, world)


def check_requests(requests: Requests) -> None:
    """Refuse requests that mean nothing.

    Parameters
    ----------
    requests : Requests

    Raises
    ------
    InputError
        Naming the first row that is wrong, from 1.
    """
    count = len(requests.arrival_s_N)
    if count == 0:
        message = "requests: there are none"
        raise InputError(message)
    columns = (requests.input_tokens_N, requests.output_tokens_N, requests.cached_tokens_N)
    if any(len(column) != count for column in columns) or len(requests.first_block_N) != count + 1:
        message = "requests: columns are of different length"
        raise InputError(message)
    for name, wrong_N, rule in (
        ("arrival", ~np.isfinite(requests.arrival_s_N), "a finite time"),
        ("arrival", np.diff(requests.arrival_s_N, prepend=-np.inf) < 0.0, "not before the row above"),
        ("input tokens", requests.input_tokens_N < 1, "at least 1"),
        ("output tokens", requests.output_tokens_N < 1, "at least 1"),
        ("cached tokens", requests.cached_tokens_N < 0, "at least 0"),
    ):
        if wrong_N.any():
            row = int(np.argmax(wrong_N))
            message = f"requests: row {row + 1}: {name} must be {rule}"
            raise InputError(message)


def _check_service(service: Service) -> None:
    """Refuse a service that means nothing."""
    for name, value, known in (
        ("routing", service.routing, ROUTINGS),
        ("preemption", service.preemption, PREEMPTIONS),
    ):
        if value not in known:
            message = f'service: {name} "{value}" is not known. {nearest(value, known)}'
            raise InputError(message)
    counts = {
        "replicas": service.replicas_count,
        "running sequences": service.max_sequences_count,
        "tokens of a step": service.step_tokens_count,
        "tokens of a page": service.kv_block_tokens,
    }
    for name, count in counts.items():
        if count < 1:
            message = f"service: {count} {name}; at least 1 is needed"
            raise InputError(message)
    if (service.prompt_model is None) != (service.decode_replicas_count == 0):
        message = "service: pools apart need both a model of the prefill pool and replicas of the decode pool"
        raise InputError(message)
    if len(service.model.gpu_s_B) <= service.max_sequences_count:
        message = f"service: the step model knows {len(service.model.gpu_s_B) - 1} sequences, not those of a replica"
        raise InputError(message)


def _pool(model: StepModel) -> tuple[float, ...]:
    """Return the plain numbers of a step model, in the order of `state.POOL`."""
    return (
        int(model.links_overlap),
        model.kv_s_per_token,
        model.window_kv_s_per_token,
        model.kv_read_bytes_per_token,
        model.window_kv_read_bytes_per_token,
        model.window_tokens,
        model.window_seen_frac,
        model.prompt_gpu_s_per_token,
        model.prompt_link_s_per_token,
        model.prompt_host_s_per_token,
        model.pair_s,
        model.window_pair_s,
        model.prompt_bytes_per_token,
        model.prompt_flops_per_token,
        model.pair_flops,
        model.request_host_s,
        model.stages,
        model.tokens_per_step,
        model.gpus_count,
        model.peak_bytes_per_s,
        model.peak_flop_per_s,
        *model.power_w[:6],
    )


def _rules(requests: Requests, service: Service) -> tuple[float, ...]:
    """Return the service as numbers, in the order of `state.RULES`."""
    return (
        service.replicas_count,
        service.prompt_model is not None,
        ROUTINGS.index(service.routing) if service.router is None else WRITTEN,
        service.max_sequences_count,
        service.step_tokens_count,
        service.chunked,
        service.kv_block_tokens,
        service.reserve_output,
        service.preemption == "swap",
        int(service.prefix_cache_tokens // requests.block_tokens),
        requests.block_tokens,
        service.shared_prefix_cache,
        service.seed,
        service.swap_s_per_token,
        service.transfer_s_per_token,
        service.transfer_latency_s,
        math.log(SHORTEST_GAP_S),
        GAP_PER_BIN,
    )


def _requests(requests: Requests) -> NDArray[np.void]:
    """Return the requests, none of which has arrived."""
    table = np.zeros(len(requests.arrival_s_N), dtype=REQUEST)
    table["input_tokens"] = requests.input_tokens_N
    table["output_tokens"] = requests.output_tokens_N
    table["cached_tokens"] = requests.cached_tokens_N
    table["first_block"], table["last_block"] = requests.first_block_N[:-1], requests.first_block_N[1:]
    table["arrival_s"] = requests.arrival_s_N
    table["replica"] = table["next"] = NONE
    for name in ("start_s", "first_s", "last_s", "finish_s"):
        table[name] = np.nan
    return table


def _replicas(service: Service) -> NDArray[np.void]:
    """Return the replicas, idle and empty."""
    table = np.zeros(service.replicas_count + service.decode_replicas_count, dtype=REPLICA)
    page = service.kv_block_tokens
    table["room"] = service.model.capacity_tokens // page
    table["room"][: service.replicas_count] = (service.prompt_model or service.model).capacity_tokens // page
    table["head"] = table["tail"] = NONE
    table["step_s"] = -1.0
    return table


def _caches(requests: Requests, service: Service) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return empty caches of prefixes: one for each replica that reads prompts, or one for all."""
    caches, blocks = 1, 1
    if service.prefix_cache_tokens >= requests.block_tokens and requests.block_ids.size:
        caches = 1 if service.shared_prefix_cache else service.replicas_count
        blocks = int(requests.block_ids.max()) + 1
    if caches * blocks > LARGEST_CACHE_CELLS:
        message = f"service: {caches} caches of {blocks:,} prefix blocks are too many to follow; share one cache"
        raise InputError(message)
    table, shelves = np.zeros((caches, blocks), dtype=BLOCK), np.zeros(caches, dtype=SHELF)
    shelves["oldest"] = shelves["newest"] = NONE
    return table, shelves


def _world(requests: Requests, service: Service) -> World:
    """Return all tables before the first arrival."""
    pools = (service.model, service.prompt_model or service.model)  # in the order of DECODE_POOL, PROMPT_POOL
    table = np.zeros((2, min(len(model.gpu_s_B) for model in pools)), dtype=BATCH)
    for pool, model in enumerate(pools):
        for name in ("gpu_s", "link_s", "host_s", "bytes", "flops"):
            table[name][pool] = getattr(model, f"{name}_B")[: table.shape[1]]
    replicas, blocks_shelves = _replicas(service), _caches(requests, service)
    rows = _requests(requests)
    router = service.router
    return World(
        rules=np.array([_rules(requests, service)], dtype=RULES),
        pools=np.array([_pool(model) for model in pools], dtype=POOL),
        table=table,
        requests=rows,
        replicas=replicas,
        slots=np.zeros((replicas.size, service.max_sequences_count), dtype=SLOT),
        prefixes=np.ascontiguousarray(requests.block_ids, dtype=np.int64),
        blocks=blocks_shelves[0],
        shelves=blocks_shelves[1],
        ends=np.zeros(replicas.size + 1, dtype=EVENT),
        moves=np.zeros(rows.size + 1, dtype=EVENT),
        counters=np.zeros(COUNTERS, dtype=np.int64),
        gaps=np.zeros(GAP_BINS),
        code=router.code if router else np.zeros((0, 2), dtype=np.int32),
        constants=router.constants if router else np.zeros(0),
        features=np.zeros(len(FEATURES.rows)),
        stack=router.new_stack() if router else np.zeros(1),
    )


def _collect(service: Service, world: World) -> Replay:
    """Turn the tables into a result; raise EngineError where a request was lost."""
    rows, replicas = world.requests, world.replicas
    done_N = rows["state"] == FINISHED
    lost = int(np.sum(~done_N & (rows["state"] != REJECTED)))
    if lost or np.any(replicas["used"]) or np.any(replicas["outstanding"]):
        message = f"serving simulator: {lost} requests neither finished nor rejected"
        raise EngineError(message)
    written_N = np.where(done_N, rows["output_tokens"], 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        tpot_s_N = (rows["finish_s"] - rows["first_s"]) / np.where(written_N > 1, written_N - 1, np.nan)
    duration_s = float(np.nanmax(rows["finish_s"]) - rows["arrival_s"][0]) if done_N.any() else 0.0
    busy_s = float(replicas["busy_s"].sum())
    energy_j, gpu_energy_j = _energy(service, replicas, duration_s)
    kv_page_s = float(np.sum(replicas["busy_s"] * replicas["room"]))
    return Replay(
        first_token_s_N=rows["first_s"].copy(),
        finish_s_N=rows["finish_s"].copy(),
        ttft_s_N=rows["first_s"] - rows["arrival_s"],
        tpot_s_N=tpot_s_N,
        latency_s_N=rows["finish_s"] - rows["arrival_s"],
        queue_s_N=rows["start_s"] - rows["arrival_s"],
        state_N=rows["state"].copy(),
        preemptions_N=rows["taken_off"].copy(),
        hit_tokens_N=rows["hit"].copy(),
        replica_N=rows["replica"].copy(),
        gap_edges_s=SHORTEST_GAP_S * np.exp(GAP_PER_BIN * np.arange(GAP_BINS + 1)),
        gap_counts=world.gaps,
        kv_used_frac=float(replicas["kv_busy_s"].sum()) / kv_page_s if kv_page_s else 0.0,
        kv_peak_frac=float(np.max(replicas["kv_peak"] / np.maximum(replicas["room"], 1))),
        batch_mean=float(replicas["batch_s"].sum()) / busy_s if busy_s else 0.0,
        busy_frac=busy_s / (duration_s * replicas.size) if duration_s else 0.0,
        output_tokens=int(written_N.sum()),
        input_tokens=int(replicas["read"].sum()),
        duration_s=duration_s,
        energy_j=energy_j,
        gpu_energy_j=gpu_energy_j,
        steps_count=int(replicas["steps"].sum()),
        router_faults=int(world.stack[0]),
    )


def _energy(service: Service, replicas: NDArray[np.void], duration_s: float) -> tuple[float, float]:
    """Return the all-in energy and that of the accelerators: busy as stepped, idle otherwise. [J]."""
    prompt_model = service.prompt_model or service.model
    models = [prompt_model] * service.replicas_count + [service.model] * service.decode_replicas_count
    gpus_R = np.array([float(model.gpus_count) for model in models])
    rest_w_R = np.array([model.power_w[6] for model in models])  # of the system around a busy accelerator
    idle_w_R = np.array([model.power_w[7] for model in models])
    idle_s_R = np.maximum(duration_s - replicas["busy_s"], 0.0)
    gpu_j_R = replicas["energy_j"] + idle_s_R * gpus_R * np.maximum(idle_w_R - rest_w_R, 0.0)
    system_j_R = replicas["energy_j"] + gpus_R * (replicas["busy_s"] * rest_w_R + idle_s_R * idle_w_R)
    return float(system_j_R.sum()), float(gpu_j_R.sum())
