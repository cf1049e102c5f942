"""Compose and end the iterations of a replica: who gains a token, who reads a chunk, who is taken off."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from gigawatt.engines.serving.simulator.state import (
    DECODE_POOL,
    DECODING,
    DRAWS,
    ENDS,
    FINISHED,
    MOVES,
    MOVING,
    NONE,
    PROMPT_POOL,
    RUNNING,
    WAITING,
    World,
)
from gigawatt.engines.serving.simulator.structures import (
    heap_push,
    hit_tokens,
    queue_first,
    queue_take,
    store_prefix,
)

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # of the splitmix64 generator
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
UNIT = 2.0**-53  # 53 random bits to a number below 1
SHORTEST_S = 1e-12  # keeps the logarithm of a gap of nothing finite


@nb.njit(cache=True)
def pool_of(world: World, replica: int) -> int:
    """Return the pool of a replica; where one pool does both, it is the decode pool."""
    rules = world.rules[0]
    return PROMPT_POOL if rules.apart and replica < rules.prompt_replicas else DECODE_POOL


@nb.njit(cache=True)
def uniform(seed: int, draw: int) -> float:
    """Return a number in 0..1 by its place in a stream (splitmix64)."""
    word = np.uint64(seed) + MULTIPLIER * np.uint64(draw + 1)
    word = (word ^ (word >> np.uint64(30))) * MIX_1
    word = (word ^ (word >> np.uint64(27))) * MIX_2
    word = word ^ (word >> np.uint64(31))
    return float(word >> np.uint64(11)) * UNIT


@nb.njit(cache=True)
def take_pages(world: World, replica: int, who: int, tokens: int) -> bool:
    """Give a sequence the pages for so many tokens; False where there are none."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    needed = -(-tokens // rules.page_tokens)
    more = needed - requests[who].pages
    if more <= 0:
        return True
    if replicas[replica].used + more > replicas[replica].room:
        return False
    replicas[replica].used += more
    requests[who].pages = needed
    return True


@nb.njit(cache=True)
def free_pages(world: World, replica: int, who: int) -> None:
    """Take all pages of a sequence back."""
    requests = world.requests
    replicas = world.replicas
    replicas[replica].used -= requests[who].pages
    requests[who].pages = 0


@nb.njit(cache=True)
def _take_off(world: World, replica: int) -> float:
    """Take the newest sequence off; return the time that moving its cache takes."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    slots = world.slots
    replicas[replica].running -= 1
    who = slots[replica, replicas[replica].running].who
    requests[who].taken_off += 1
    requests[who].state = WAITING
    free_pages(world, replica, who)
    queue_first(world, replica, who)
    if rules.swap and requests[who].held >= requests[who].target:
        requests[who].swapped = 1
        return float(rules.swap_s * requests[who].held)
    replicas[replica].pending -= requests[who].target - requests[who].held
    requests[who].held = 0
    requests[who].target = requests[who].input_tokens + requests[who].written
    replicas[replica].pending += requests[who].target
    return 0.0


@nb.njit(cache=True)
def _seen(costs: Any, tokens: float) -> float:
    """Return the tokens that a windowed layer reads of a sequence."""
    return tokens if tokens <= costs.window else costs.window * costs.window_seen


@nb.njit(cache=True)
def _decode_part(world: World, replica: int, costs: Any) -> tuple[int, float, float, float]:
    """Let every sequence that has read its prompt gain a token; return them, tokens read, and time of swapping."""
    requests = world.requests
    replicas = world.replicas
    slots = world.slots
    count, full, window, moved_s = 0, 0.0, 0.0, 0.0
    slot = 0
    while slot < replicas[replica].running:
        who = slots[replica, slot].who
        if requests[who].held < requests[who].target:
            slots[replica, slot].chunk = 0
            slot += 1
            continue
        gone = False
        while not take_pages(world, replica, who, requests[who].held + int(np.ceil(costs.gain))):
            gone = slots[replica, replicas[replica].running - 1].who == who
            moved_s += _take_off(world, replica)
            if gone:
                break
        if gone:
            break
        slots[replica, slot].chunk = DECODING
        count += 1
        full += requests[who].held
        window += _seen(costs, float(requests[who].held))
        slot += 1
    return count, full, window, moved_s


@nb.njit(cache=True)
def _pairs(costs: Any, held: float, chunk: float) -> tuple[float, float]:
    """Return pairs of query and key of a chunk, in a full and in a windowed layer."""
    full = chunk * (held + 0.5 * chunk)
    return full, full if held + chunk <= costs.window else chunk * costs.window * costs.window_seen


@nb.njit(cache=True)
def _run(world: World, replica: int, chunk: int) -> None:
    """Move the head of the queue to the running sequences."""
    requests = world.requests
    replicas = world.replicas
    slots = world.slots
    who = queue_take(world, replica)
    slot = replicas[replica].running
    slots[replica, slot].who = who
    slots[replica, slot].chunk = chunk
    replicas[replica].running += 1
    requests[who].state = RUNNING


@nb.njit(cache=True)
def _join(world: World, replica: int) -> float:
    """Let sequences whose cache is filled join the decoding; return the time that swapping them in takes."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    moved_s = 0.0
    while replicas[replica].head != NONE and replicas[replica].running < rules.max_sequences:
        who = replicas[replica].head
        room = requests[who].held + 1
        if rules.reserve:
            room = requests[who].input_tokens + requests[who].output_tokens
        if requests[who].written == 0 or requests[who].held < requests[who].target:
            break
        if not take_pages(world, replica, who, room):
            break
        _run(world, replica, DECODING)
        if requests[who].swapped:
            moved_s += rules.swap_s * requests[who].held
            requests[who].swapped = 0
    return moved_s


@nb.njit(cache=True)
def _start(world: World, replica: int, now_s: float, budget: int) -> int:
    """Try to start reading the prompt at the head of the queue; return its tokens, 0 where it must wait."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    who = replicas[replica].head
    if requests[who].written > 0 and requests[who].held >= requests[who].target:
        return 0
    hit = 0
    if requests[who].written == 0:
        hit = min(hit_tokens(world, replica, who), int(requests[who].target) - 1)
    chunk = int(requests[who].target) - hit
    if rules.chunked:
        chunk = min(chunk, budget)
    room = hit + chunk
    if rules.reserve:
        prompt_only = pool_of(world, replica) == PROMPT_POOL
        room = requests[who].input_tokens + (1 if prompt_only else requests[who].output_tokens)
    if not take_pages(world, replica, who, room):
        return 0
    if requests[who].written == 0:
        requests[who].hit = hit
    replicas[replica].pending -= hit
    replicas[replica].read += hit
    requests[who].held = hit
    if np.isnan(requests[who].start_s):
        requests[who].start_s = now_s
    _run(world, replica, chunk)
    return chunk


@nb.njit(cache=True)
def _prompt_part(
    world: World, replica: int, costs: Any, now_s: float, used: int, start: bool
) -> tuple[float, float, float, float]:
    """Hand out the step's remaining tokens; return them, pairs in full and windowed layers, and prompts begun."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    slots = world.slots
    tokens, full, window, prompts = 0.0, 0.0, 0.0, 0.0
    budget = rules.step_tokens - used
    for slot in range(replicas[replica].running):
        who = slots[replica, slot].who
        left = requests[who].target - requests[who].held
        if left <= 0 or slots[replica, slot].chunk == DECODING or budget <= 0:
            continue
        chunk = min(left, budget)
        if not rules.reserve and not take_pages(world, replica, who, requests[who].held + chunk):
            continue
        slots[replica, slot].chunk = chunk
        budget -= chunk
        more, seen = _pairs(costs, float(requests[who].held), float(chunk))
        tokens, full, window = tokens + chunk, full + more, window + seen
    while start and budget > 0 and replicas[replica].head != NONE and replicas[replica].running < rules.max_sequences:
        if not rules.chunked and tokens > 0.0 and requests[replicas[replica].head].target > budget:
            break
        chunk = _start(world, replica, now_s, budget)
        if chunk == 0:
            break
        who = slots[replica, replicas[replica].running - 1].who
        budget -= chunk
        more, seen = _pairs(costs, float(requests[who].held), float(chunk))
        tokens, full, window, prompts = tokens + chunk, full + more, window + seen, prompts + 1.0
    return tokens, full, window, prompts


@nb.njit(cache=True)
def begin_step(world: World, replica: int, now_s: float) -> None:
    """Compose the next iteration of a replica and put its end on the heap; nothing where there is nothing to do."""
    rules = world.rules[0]
    pools = world.pools
    table = world.table
    replicas = world.replicas
    slots = world.slots
    pool = pool_of(world, replica)
    costs = pools[pool]
    count, context, seen, off_s = 0, 0.0, 0.0, 0.0
    tokens, full, window, prompts = 0.0, 0.0, 0.0, 0.0
    moved_s = _join(world, replica)
    if not rules.chunked and replicas[replica].head != NONE:
        for slot in range(replicas[replica].running):
            slots[replica, slot].chunk = 0
        tokens, full, window, prompts = _prompt_part(world, replica, costs, now_s, 0, True)
    if tokens == 0.0:
        before = replicas[replica].waiting
        count, context, seen, off_s = _decode_part(world, replica, costs)
        if rules.chunked:  # none begins in a step that took one off
            start = replicas[replica].waiting == before
            tokens, full, window, prompts = _prompt_part(world, replica, costs, now_s, count, start)
    moved_s += off_s
    if count == 0 and tokens == 0.0:
        return
    gpu_s = tokens * costs.token_gpu_s + full * costs.pair_s + window * costs.window_pair_s
    link_s = tokens * costs.token_link_s
    prompt_s = (np.hypot(gpu_s, link_s) if costs.overlap else gpu_s + link_s) + tokens * costs.token_host_s
    prompt_s += prompts * costs.request_host_s
    kv_s = context * costs.kv_s + seen * costs.window_kv_s
    gpu_s, link_s = table[pool, count].gpu_s + kv_s, table[pool, count].link_s
    decode_s = (np.hypot(gpu_s, link_s) if costs.overlap else gpu_s + link_s) + table[pool, count].host_s
    # a step that only reads prompts reads the weights once at least
    step_s = prompt_s + decode_s if count else max(prompt_s, decode_s)
    step_s += moved_s
    moved = tokens * costs.token_bytes + context * costs.kv_bytes + seen * costs.window_kv_bytes
    work = tokens * costs.token_flops + 0.5 * (full + window) * costs.pair_flops
    if count:
        moved, work = moved + table[pool, count].bytes, work + table[pool, count].flops
    if step_s > 0.0:
        share = costs.floor + costs.quantised + costs.memory * moved / (costs.peak_bytes_per_s * step_s)
        share += costs.compute * np.sqrt(work / (costs.peak_flop_per_s * step_s))
        replicas[replica].energy_j += costs.rated_w * min(share, costs.ceiling) * costs.gpus * step_s
    replicas[replica].step_s, replicas[replica].prompt_s = step_s, prompt_s
    replicas[replica].busy_s += step_s
    replicas[replica].batch_s += step_s * replicas[replica].running
    replicas[replica].kv_busy_s += step_s * replicas[replica].used
    replicas[replica].kv_peak = max(replicas[replica].kv_peak, replicas[replica].used)
    replicas[replica].steps += 1
    heap_push(world.ends, world.counters, ENDS, now_s + step_s, replica)


@nb.njit(cache=True)
def _note_gap(world: World, who: int, now_s: float, tokens: int) -> None:
    """Count the gaps before tokens that came together."""
    rules = world.rules[0]
    requests = world.requests
    gaps = world.gaps
    gap_s = (now_s - requests[who].last_s) / tokens
    place = int((np.log(max(gap_s, SHORTEST_S)) - rules.gap_start) / rules.gap_per_bin)
    gaps[min(max(place, 0), gaps.size - 1)] += tokens
    requests[who].last_s = now_s


@nb.njit(cache=True)
def _finish(world: World, replica: int, who: int, now_s: float) -> None:
    """Let a request leave."""
    requests = world.requests
    replicas = world.replicas
    requests[who].finish_s = now_s
    requests[who].state = FINISHED
    replicas[replica].outstanding -= 1
    free_pages(world, replica, who)


@nb.njit(cache=True)
def _prompt_read(world: World, replica: int, who: int, now_s: float) -> bool:
    """Write the token that follows a prompt; return whether the sequence leaves the replica."""
    rules = world.rules[0]
    pools = world.pools
    requests = world.requests
    replicas = world.replicas
    requests[who].written += 1
    if requests[who].written == 1:
        # the last chunk passes the other stages, and every later token of the sequence comes behind it
        requests[who].late_s = (pools[pool_of(world, replica)].stages - 1.0) * replicas[replica].prompt_s
        requests[who].first_s = now_s + requests[who].late_s
        requests[who].last_s = now_s
        store_prefix(world, replica, who)
    else:
        _note_gap(world, who, now_s, 1)
    at_s = now_s + requests[who].late_s
    if requests[who].written >= requests[who].output_tokens:
        _finish(world, replica, who, at_s)
        return True
    if pool_of(world, replica) == PROMPT_POOL:
        requests[who].state = MOVING
        requests[who].last_s, requests[who].late_s = at_s, 0.0  # it leaves this pipeline
        ready_s = at_s + rules.transfer_latency_s + rules.transfer_s * requests[who].held
        heap_push(world.moves, world.counters, MOVES, ready_s, who)
        return True
    return False


@nb.njit(cache=True)
def end_step(world: World, replica: int, now_s: float) -> None:
    """Give every sequence of the iteration its tokens."""
    rules = world.rules[0]
    pools = world.pools
    requests = world.requests
    replicas = world.replicas
    slots = world.slots
    counters = world.counters
    pool = pool_of(world, replica)
    costs = pools[pool]
    whole = int(np.floor(costs.gain))
    kept = 0
    for slot in range(replicas[replica].running):
        who, chunk = slots[replica, slot].who, slots[replica, slot].chunk
        leaves = False
        if chunk == DECODING:
            gained = whole
            if costs.gain > whole:
                counters[DRAWS] += 1
                gained += uniform(rules.seed, counters[DRAWS]) < costs.gain - whole
            gained = min(gained, requests[who].output_tokens - requests[who].written)
            requests[who].held += gained
            requests[who].target = requests[who].held
            requests[who].written += gained
            if gained:
                _note_gap(world, who, now_s, gained)
            if requests[who].written >= requests[who].output_tokens:
                _finish(world, replica, who, now_s + requests[who].late_s)
                leaves = True
        elif chunk > 0:
            requests[who].held += chunk
            replicas[replica].pending -= chunk
            replicas[replica].read += chunk
            if requests[who].held >= requests[who].target:
                leaves = _prompt_read(world, replica, who, now_s)
        if not leaves:
            slots[replica, kept].who = who
            kept += 1
    replicas[replica].running = kept
