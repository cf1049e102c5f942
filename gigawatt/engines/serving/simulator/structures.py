"""Compiled queues, heaps and the cache of prefixes."""

from __future__ import annotations

from typing import Any

import numba as nb

from gigawatt.engines.serving.simulator.state import (
    NONE,
    World,
)


@nb.njit(cache=True)
def heap_push(heap: Any, counters: Any, size: int, at_s: float, who: int) -> None:
    """Put an event on a heap ordered by time, then by number."""
    place = counters[size]
    counters[size] += 1
    while place > 0:
        above = (place - 1) // 2
        if heap[above].at_s < at_s or (heap[above].at_s == at_s and heap[above].who < who):
            break
        heap[place].at_s, heap[place].who = heap[above].at_s, heap[above].who
        place = above
    heap[place].at_s, heap[place].who = at_s, who


@nb.njit(cache=True)
def heap_pop(heap: Any, counters: Any, size: int) -> int:
    """Take the earliest event off a heap."""
    top = heap[0].who
    counters[size] -= 1
    count = counters[size]
    at_s, who = heap[count].at_s, heap[count].who
    place = 0
    while True:
        below = 2 * place + 1
        if below >= count:
            break
        right = below + 1
        if right < count and (
            heap[right].at_s < heap[below].at_s
            or (heap[right].at_s == heap[below].at_s and heap[right].who < heap[below].who)
        ):
            below = right
        if at_s < heap[below].at_s or (at_s == heap[below].at_s and who < heap[below].who):
            break
        heap[place].at_s, heap[place].who = heap[below].at_s, heap[below].who
        place = below
    heap[place].at_s, heap[place].who = at_s, who
    return int(top)


@nb.njit(cache=True)
def queue_last(world: World, replica: int, who: int) -> None:
    """Put a request at the end of a replica's queue."""
    requests = world.requests
    replicas = world.replicas
    requests[who].next = NONE
    if replicas[replica].head == NONE:
        replicas[replica].head = who
    else:
        requests[replicas[replica].tail].next = who
    replicas[replica].tail = who
    replicas[replica].waiting += 1


@nb.njit(cache=True)
def queue_first(world: World, replica: int, who: int) -> None:
    """Put a request at the head of a replica's queue."""
    requests = world.requests
    replicas = world.replicas
    requests[who].next = replicas[replica].head
    if replicas[replica].head == NONE:
        replicas[replica].tail = who
    replicas[replica].head = who
    replicas[replica].waiting += 1


@nb.njit(cache=True)
def queue_take(world: World, replica: int) -> int:
    """Take the head of a replica's queue."""
    requests = world.requests
    replicas = world.replicas
    who = replicas[replica].head
    replicas[replica].head = requests[who].next
    if replicas[replica].head == NONE:
        replicas[replica].tail = NONE
    replicas[replica].waiting -= 1
    return int(who)


@nb.njit(cache=True)
def hit_tokens(world: World, replica: int, who: int) -> int:
    """Return the tokens of a prompt whose prefix is in a replica's cache."""
    rules = world.rules[0]
    requests = world.requests
    prefixes = world.prefixes
    blocks = world.blocks
    first, last = requests[who].first_block, requests[who].last_block
    if first == last or rules.cache_blocks == 0:
        return int(requests[who].cached_tokens)
    shelf = 0 if rules.shared_cache else replica
    place = first
    while place < last and blocks[shelf, prefixes[place]].present:
        place += 1
    return int(min((place - first) * rules.block_tokens, requests[who].input_tokens))


@nb.njit(cache=True)
def _unlink(world: World, shelf: int, block: int) -> None:
    """Take a block out of the order of use."""
    blocks = world.blocks
    shelves = world.shelves
    older, newer = blocks[shelf, block].older, blocks[shelf, block].newer
    if older == NONE:
        shelves[shelf].oldest = newer
    else:
        blocks[shelf, older].newer = newer
    if newer == NONE:
        shelves[shelf].newest = older
    else:
        blocks[shelf, newer].older = older


@nb.njit(cache=True)
def _use(world: World, shelf: int, block: int) -> None:
    """Make a block the most recently used one."""
    blocks = world.blocks
    shelves = world.shelves
    newest = shelves[shelf].newest
    blocks[shelf, block].older = newest
    blocks[shelf, block].newer = NONE
    if newest == NONE:
        shelves[shelf].oldest = block
    else:
        blocks[shelf, newest].newer = block
    shelves[shelf].newest = block


@nb.njit(cache=True)
def store_prefix(world: World, replica: int, who: int) -> None:
    """Keep the blocks of a prompt that has been read; the least recently used ones leave."""
    rules = world.rules[0]
    requests = world.requests
    prefixes = world.prefixes
    blocks = world.blocks
    shelves = world.shelves
    first, last = requests[who].first_block, requests[who].last_block
    if first == last or rules.cache_blocks == 0:
        return
    shelf = 0 if rules.shared_cache else replica
    for place in range(last - 1, first - 1, -1):  # the head of a prefix is used last, so that it stays longest
        block = prefixes[place]
        if blocks[shelf, block].present:
            _unlink(world, shelf, block)
        else:
            if shelves[shelf].stored >= rules.cache_blocks:
                leaving = shelves[shelf].oldest
                _unlink(world, shelf, leaving)
                blocks[shelf, leaving].present = False
                shelves[shelf].stored -= 1
            blocks[shelf, block].present = True
            shelves[shelf].stored += 1
        _use(world, shelf, block)
