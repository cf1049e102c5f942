"""What goes into the request-level simulator and what comes out. Shape letters: N requests, R replicas, B batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.policy import Program

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

ROUTINGS = ("round-robin", "least-loaded", "prefix-aware")
PREEMPTIONS = ("recompute", "swap")
STATES = ("waiting", "running", "moving", "finished", "rejected")


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in order of arrival.

    Attributes
    ----------
    arrival_s_N : Floats
        [s]
    input_tokens_N, output_tokens_N : Whole
        Tokens read; tokens written, at least 1. [-]
    cached_tokens_N : Whole
        Tokens of the input that are in the prefix cache whatever the trace says; 0 where blocks decide. [-]
    first_block_N : Whole
        Where a request's blocks start in `block_ids`; N + 1 values, all 0 without blocks.
    block_ids : Whole
        Ids of the prefix blocks of all inputs, numbered from 0: equal ids are equal prefixes.
    block_tokens : int
        Tokens of a prefix block. [-]
    """

    arrival_s_N: Floats
    input_tokens_N: Whole
    output_tokens_N: Whole
    cached_tokens_N: Whole
    first_block_N: Whole
    block_ids: Whole
    block_tokens: int = 512


@dataclass(frozen=True, slots=True)
class StepModel:
    """Time, traffic and work of one iteration of a replica, in which every running sequence gains a token.

    Attributes
    ----------
    gpu_s_B, link_s_B, host_s_B : Floats
        Of b running sequences, KV cache apart; index b, from 0. [s]
    bytes_B, flops_B : Floats
        Memory traffic and work of one accelerator. [B], [FLOP]
    kv_s_per_token, window_kv_s_per_token : float
        Reading the cache of one token in the full and in the windowed layers. [s]
    kv_read_bytes_per_token, window_kv_read_bytes_per_token : float
        Its traffic on one accelerator. [B]
    window_tokens, window_seen_frac : float
        Tokens that a windowed layer looks back; the share of them that a longer sequence reads, a half where windows
        are fixed chunks. [-]
    prompt_gpu_s_per_token, prompt_link_s_per_token, prompt_host_s_per_token : float
        Reading a prompt. [s]
    pair_s, window_pair_s : float
        Attention of a prompt, per pair of query and key, in the full and in the windowed layers. [s]
    prompt_bytes_per_token, prompt_flops_per_token, pair_flops : float
        [B], [FLOP]
    request_host_s : float
        Once for each prompt. [s]
    links_overlap : bool
        Whether links hide behind computation.
    stages : int
        Pipeline stages: a prompt passes them in turn.
    tokens_per_step : float
        Tokens that a sequence gains in an iteration: above 1 with speculative decoding. [-]
    capacity_tokens : float
        KV cache of the replica. [-]
    gpus_count : int
        Of the replica.
    power_w : tuple of float
        Rated power, floor, memory share, compute share, share of quantised experts, ceiling; then the rest of the
        system and the idle system power, per accelerator. [W] and [-]
    peak_bytes_per_s, peak_flop_per_s : float
        Datasheet figures, for power.
    """

    gpu_s_B: Floats
    link_s_B: Floats
    host_s_B: Floats
    bytes_B: Floats
    flops_B: Floats
    kv_s_per_token: float
    window_kv_s_per_token: float
    kv_read_bytes_per_token: float
    window_kv_read_bytes_per_token: float
    window_tokens: float
    window_seen_frac: float
    prompt_gpu_s_per_token: float
    prompt_link_s_per_token: float
    prompt_host_s_per_token: float
    pair_s: float
    window_pair_s: float
    prompt_bytes_per_token: float
    prompt_flops_per_token: float
    pair_flops: float
    request_host_s: float
    links_overlap: bool
    stages: int
    tokens_per_step: float
    capacity_tokens: float
    gpus_count: int
    power_w: tuple[float, float, float, float, float, float, float, float]
    peak_bytes_per_s: float
    peak_flop_per_s: float


@dataclass(frozen=True, slots=True)
class Service:
    """How requests are served.

    Attributes
    ----------
    model : StepModel
        Of every replica; of the decode pool where pools are apart.
    replicas_count : int
        Replicas that read prompts and, where pools are not apart, write answers.
    prompt_model : StepModel, optional
        Of the prefill pool; None where one pool does both.
    decode_replicas_count : int
        Of the decode pool; 0 where one pool does both.
    transfer_s_per_token, transfer_latency_s : float
        Moving KV cache from the prefill to the decode pool. [s]
    routing : str
        One of `ROUTINGS`.
    router : Program, optional
        A written rule in place of it, compiled with `routers.FEATURES`.
    max_sequences_count : int
        Running sequences of a replica at most. [-]
    step_tokens_count : int
        Tokens of an iteration at most: running sequences first, then chunks of prompts. [-]
    chunked : bool
        Whether prompts are read in chunks beside running answers; otherwise whole, before all else.
    kv_block_tokens : int
        Tokens of a page of KV cache. [-]
    reserve_output : bool
        Whether a request starts only when its whole answer has room; otherwise pages are taken as tokens come, and
        the newest sequence is taken off when there is none.
    preemption : str
        One of `PREEMPTIONS`: what happens to a sequence that is taken off.
    swap_s_per_token : float
        Moving a token's KV cache to or from the host. [s]
    prefix_cache_tokens : float
        Room for prefixes of a replica beside the running sequences. [-]
    shared_prefix_cache : bool
        Whether all replicas share one cache of that size.
    seed : int
        Of what speculative decoding accepts.
    """

    model: StepModel
    replicas_count: int
    prompt_model: StepModel | None = None
    decode_replicas_count: int = 0
    transfer_s_per_token: float = 0.0
    transfer_latency_s: float = 0.0
    routing: str = "least-loaded"
    router: Program | None = None
    max_sequences_count: int = 256
    step_tokens_count: int = 8192
    chunked: bool = True
    kv_block_tokens: int = 16
    reserve_output: bool = False
    preemption: str = "recompute"
    swap_s_per_token: float = 0.0
    prefix_cache_tokens: float = 0.0
    shared_prefix_cache: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """What happened to the requests.

    Attributes
    ----------
    first_token_s_N, finish_s_N : Floats
        Clock times; NaN where rejected. [s]
    ttft_s_N, tpot_s_N, latency_s_N, queue_s_N : Floats
        Arrival to first token; between tokens, averaged over the answer, NaN for answers of one token; arrival to last
        token; arrival to the first token that was read. [s]
    state_N, preemptions_N, hit_tokens_N, replica_N : Whole
        Index into `STATES`; times taken off; tokens found in the prefix cache; replica that finished it.
    gap_edges_s, gap_counts : Floats
        Histogram of the gaps between two tokens. [s]
    kv_used_frac, kv_peak_frac : float
        Mean over busy time and greatest occupancy of the KV cache. [-]
    batch_mean, busy_frac : float
        Running sequences and busy time of a replica, means. [-]
    output_tokens, input_tokens : int
        Written and read, hits and repeated reading of preempted sequences included in the second.
    duration_s : float
        First arrival to last token. [s]
    energy_j, gpu_energy_j : float
        All-in IT energy of the replicas over the duration; of the accelerators alone. [J]
    steps_count : int
    router_faults : int
        Times that a written router had no finite value, which then counts as 0.
    """

    first_token_s_N: Floats
    finish_s_N: Floats
    ttft_s_N: Floats
    tpot_s_N: Floats
    latency_s_N: Floats
    queue_s_N: Floats
    state_N: Whole
    preemptions_N: Whole
    hit_tokens_N: Whole
    replica_N: Whole
    gap_edges_s: Floats
    gap_counts: Floats
    kv_used_frac: float
    kv_peak_frac: float
    batch_mean: float
    busy_frac: float
    output_tokens: int
    input_tokens: int
    duration_s: float
    energy_j: float
    gpu_energy_j: float
    steps_count: int
    router_faults: int = 0
