"""What the compiled functions share: tables of records. Letters: R replicas, S slots, C caches, K prefix blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NONE = -1  # no request, no neighbour
DECODING = -1  # chunk of a slot: the sequence gains tokens instead of reading its prompt
WAITING, RUNNING, MOVING, FINISHED, REJECTED = range(5)
DECODE_POOL, PROMPT_POOL = range(2)
# Places in `World.counters`: next replica of round-robin by pool, draws made, sizes of the two heaps.
DRAWS, ENDS, MOVES = 2, 3, 4
COUNTERS = 5


def _record(whole: str, real: str) -> np.dtype[np.void]:
    """Return a record of whole and real numbers."""
    return np.dtype([(name, np.int64) for name in whole.split()] + [(name, np.float64) for name in real.split()])


# As the trace says, then: tokens of KV cache that are filled (held); those to be filled before the next token is
# written (target); tokens found in the prefix cache (hit); who is behind it in the queue (next). By so much later than
# the steps that write its tokens, they leave the last stage of a pipeline (late_s).
REQUEST = _record(
    "input_tokens output_tokens cached_tokens first_block last_block "
    "replica held target written hit pages taken_off state next swapped",
    "arrival_s start_s first_s last_s finish_s late_s",
)
# Pages of KV cache (room, used); prompt tokens not read yet (pending); tokens of prompts, hits included (read); the
# running step, below 0 when idle, and the part that its prompts take.
REPLICA = _record(
    "room used head tail waiting running outstanding pending kv_peak steps read",
    "step_s prompt_s busy_s batch_s kv_busy_s energy_j",
)
SLOT = _record("who chunk", "")
# `Service` as numbers. apart: replicas from `prompt_replicas` on are a decode pool.
RULES = _record(
    "prompt_replicas apart routing max_sequences step_tokens chunked page_tokens reserve swap cache_blocks "
    "block_tokens shared_cache seed",
    "swap_s transfer_s transfer_latency_s gap_start gap_per_bin",
)
# `StepModel` as numbers, by pool, and what it tabulates over the batch.
POOL = _record(
    "overlap",
    "kv_s window_kv_s kv_bytes window_kv_bytes window window_seen token_gpu_s token_link_s token_host_s pair_s "
    "window_pair_s token_bytes token_flops pair_flops request_host_s stages gain gpus peak_bytes_per_s "
    "peak_flop_per_s rated_w floor memory compute quantised ceiling",
)
BATCH = _record("", "gpu_s link_s host_s bytes flops")
BLOCK = np.dtype([("present", np.int32), ("older", np.int32), ("newer", np.int32)])
SHELF = _record("oldest newest stored", "")
EVENT = _record("who", "at_s")


class World(NamedTuple):
    """All tables."""

    rules: NDArray[np.void]  # one record
    pools: NDArray[np.void]
    table: NDArray[np.void]  # pool, batch
    requests: NDArray[np.void]
    replicas: NDArray[np.void]
    slots: NDArray[np.void]  # replica, slot
    prefixes: NDArray[np.int64]  # block ids of all requests, one after the other
    blocks: NDArray[np.void]  # cache, block
    shelves: NDArray[np.void]
    ends: NDArray[np.void]  # heap of steps that end, by replica
    moves: NDArray[np.void]  # heap of sequences that reach the decode pool
    counters: NDArray[np.int64]
    gaps: NDArray[np.float64]
    code: NDArray[np.int32]  # of a written router, or nothing: code, constants, what it reads, its scratch
    constants: NDArray[np.float64]
    features: NDArray[np.float64]
    stack: NDArray[np.float64]
