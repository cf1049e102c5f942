"""The event loop: arrivals, steps that end, caches that arrive in the decode pool."""

from __future__ import annotations

import numba as nb
import numpy as np

from gigawatt.engines.policy.machine import run
from gigawatt.engines.serving.simulator.state import (
    ENDS,
    MOVES,
    NONE,
    REJECTED,
    WAITING,
    World,
)
from gigawatt.engines.serving.simulator.steps import begin_step, end_step, free_pages
from gigawatt.engines.serving.simulator.structures import heap_pop, hit_tokens, queue_last

ROUND_ROBIN, LEAST_LOADED, PREFIX_AWARE, WRITTEN = range(4)


@nb.njit(cache=True)
def _least_loaded(world: World, first: int, last: int) -> int:
    """Return the replica with the fewest requests, then the fewest unread tokens."""
    replicas = world.replicas
    best = first
    for replica in range(first + 1, last):
        if replicas[replica].outstanding < replicas[best].outstanding or (
            replicas[replica].outstanding == replicas[best].outstanding
            and replicas[replica].pending < replicas[best].pending
        ):
            best = replica
    return best


@nb.njit(cache=True)
def _best_scored(world: World, who: int, first: int, last: int) -> int:
    """Return the replica with the highest score of a written router; features in the order of `routers.FEATURES`."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    features = world.features
    turn = world.counters[0] % (last - first)
    world.counters[0] += 1
    input_tokens = float(requests[who].input_tokens)
    best, highest = first, -np.inf
    for replica in range(first, last):
        hit = float(hit_tokens(world, replica, who))
        free = float(replicas[replica].room - replicas[replica].used)
        features[0], features[1], features[2] = input_tokens, hit, hit / input_tokens
        features[3] = replicas[replica].outstanding
        features[4] = replicas[replica].waiting
        features[5] = replicas[replica].running
        features[6] = replicas[replica].pending
        features[7] = free / max(float(replicas[replica].room), 1.0)
        features[8] = free * rules.page_tokens
        features[9] = max(replicas[replica].step_s, 0.0)
        features[10] = (replica - first - turn) % (last - first)
        features[11] = last - first
        score = run(world.code, world.constants, features, world.stack)
        if score > highest:
            best, highest = replica, score
    return best


@nb.njit(cache=True)
def _route(world: World, who: int, first: int, last: int, pool: int) -> int:
    """Choose the replica for a request."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    counters = world.counters
    if rules.routing == ROUND_ROBIN or last - first == 1:
        counters[pool] += 1
        return int(first + (counters[pool] - 1) % (last - first))
    if rules.routing == LEAST_LOADED or pool == 1:
        return _least_loaded(world, first, last)
    if rules.routing == WRITTEN:
        return _best_scored(world, who, first, last)
    best, least = first, np.inf
    for replica in range(first, last):
        unread = replicas[replica].pending + requests[who].input_tokens - hit_tokens(world, replica, who)
        if unread < least or (unread == least and replicas[replica].outstanding < replicas[best].outstanding):
            best, least = replica, unread
    return best


@nb.njit(cache=True)
def _fits(world: World, who: int) -> bool:
    """Whether the pools can hold a request at all."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    whole = -(-(requests[who].input_tokens + requests[who].output_tokens) // rules.page_tokens)
    if rules.apart:
        prompt = -(-(requests[who].input_tokens + 1) // rules.page_tokens)
        return bool(prompt <= replicas[0].room and whole <= replicas[rules.prompt_replicas].room)
    return bool(whole <= replicas[0].room)


@nb.njit(cache=True)
def _arrive(world: World, who: int, now_s: float) -> None:
    """Send a request to a replica, or reject it."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    if not _fits(world, who):
        requests[who].state = REJECTED
        return
    replica = _route(world, who, 0, rules.prompt_replicas, 0)
    requests[who].replica = replica
    requests[who].state = WAITING
    requests[who].target = requests[who].input_tokens
    replicas[replica].outstanding += 1
    replicas[replica].pending += requests[who].input_tokens
    idle = replicas[replica].step_s < 0.0
    queue_last(world, replica, who)
    if idle:
        _next_step(world, replica, now_s)


@nb.njit(cache=True)
def _next_step(world: World, replica: int, now_s: float) -> None:
    """Begin a step, or mark the replica as idle."""
    replicas = world.replicas
    replicas[replica].step_s = -1.0
    begin_step(world, replica, now_s)


@nb.njit(cache=True)
def _moved(world: World, who: int, now_s: float) -> None:
    """Hand a sequence over from the prefill to the decode pool."""
    rules = world.rules[0]
    requests = world.requests
    replicas = world.replicas
    source = requests[who].replica
    free_pages(world, source, who)
    replicas[source].outstanding -= 1
    target = _route(world, who, rules.prompt_replicas, replicas.size, 1)
    requests[who].replica = target
    requests[who].state = WAITING
    replicas[target].outstanding += 1
    queue_last(world, target, who)
    if replicas[target].step_s < 0.0:
        _next_step(world, target, now_s)
    if replicas[source].step_s < 0.0 and replicas[source].head != NONE:
        _next_step(world, source, now_s)


@nb.njit(cache=True, nogil=True)
def loop(world: World) -> int:
    """Serve all requests; return how many events were handled."""
    requests = world.requests
    ends = world.ends
    moves = world.moves
    counters = world.counters
    arrived, events, count = 0, 0, requests.size
    while True:
        step_s = ends[0].at_s if counters[ENDS] else np.inf
        move_s = moves[0].at_s if counters[MOVES] else np.inf
        next_s = requests[arrived].arrival_s if arrived < count else np.inf
        if step_s == np.inf and move_s == np.inf and next_s == np.inf:
            return events
        events += 1
        if step_s <= move_s and step_s <= next_s:
            replica = heap_pop(ends, counters, ENDS)
            end_step(world, replica, step_s)
            _next_step(world, replica, step_s)
        elif move_s <= next_s:
            who = heap_pop(moves, counters, MOVES)
            _moved(world, who, move_s)
        else:
            _arrive(world, arrived, next_s)
            arrived += 1
