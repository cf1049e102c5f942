"""Failures: one stream for each partition and component, thinned to the nodes that are up.

P. A. W. Lewis, G. S. Shedler, "Simulation of nonhomogeneous Poisson processes by thinning," Naval Research Logistics
Quarterly 26, 1979.
"""

from __future__ import annotations

import math

from gigawatt.engines.fleet.kernel.books import accrue
from gigawatt.engines.fleet.kernel.draws import exponential, uniform
from gigawatt.engines.fleet.kernel.fetch import fetch
from gigawatt.engines.fleet.kernel.heap import push
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    DOWN,
    FREE,
    MOST_COUNTED,
    NEVER,
    NODE_DETECT,
    NONE,
    ON_PARTITION,
    ON_POD,
    ON_RACK,
    ON_ZONE,
    POOLED,
    RANDOM_DETECT,
    RANDOM_FAILURE,
    RANDOM_KIND,
    RUNNING,
    SHARED,
    STREAM,
    UPDATE_S,
    WHOLE,
    World,
)
from gigawatt.engines.fleet.kernel.progress import plan_next, refresh, settle
from gigawatt.engines.fleet.kernel.recovery import interrupt_all, mark_hit
from gigawatt.engines.fleet.kernel.repair import start_repair
from gigawatt.engines.fleet.kernel.space import drop_node, drop_share, pick_free

DRAWS_PER_FAILURE = 8  # uniform numbers set aside for each candidate; five are used


@compiled
def _infant(w: World, component: int, age_s: float) -> float:
    """Return what youth adds to the rate at an age, over the settled one."""
    b = w.components[component]
    if b.infant == 1.0 or b.infant_s <= 0.0:
        return 0.0
    return (b.infant - 1.0) * math.exp(-max(age_s, 0.0) / b.infant_s)


@compiled
def _wear(w: World, component: int, age_s: float) -> float:
    """Return what wear adds to the rate at an age, over the settled one (Weibull's law)."""
    b = w.components[component]
    if b.worn_s <= 0.0:
        return 0.0
    return (max(age_s, 0.0) / b.worn_s) ** b.wear


@compiled
def _pick(w: World, flow: int) -> int:
    """Return the place in `lemons` of a stream's next candidate; a lemon comes so many times as often as it fails."""
    f, c = w.flows[flow], w.clock[0]
    a = w.partitions[f.partition]
    pick = uniform(c.seed, RANDOM_KIND, flow, f.draws * DRAWS_PER_FAILURE) * (a.ordinary + a.lemons * c.lemon_factor)
    if pick < a.ordinary:
        return a.first + min(int(pick), a.ordinary - 1)
    return w.lemon_first[f.partition] + min(int((pick - a.ordinary) / c.lemon_factor), a.lemons - 1)


@compiled
def aim(w: World, flow: int) -> None:
    """Draw when a stream has its next candidate, at the greatest rate that any node may have until it is drawn anew."""
    f, c = w.flows[flow], w.clock[0]
    a = w.partitions[f.partition]
    # the youngest node now, and the oldest when the stream is drawn anew
    f.top = 1.0 + _infant(w, f.component, c.now - a.young_s) + _wear(w, f.component, c.now + UPDATE_S - a.old_s)
    per_s = w.components[f.component].per_node_s * f.top * a.weight * (a.ordinary + a.lemons * c.lemon_factor)
    if per_s > 0.0:
        fetch(w.nodes, w.lemons[_pick(w, flow)])  # it will be looked at when the stream's time comes
        push(w, c.now + exponential(c.seed, RANDOM_FAILURE, flow, f.draws) / per_s, STREAM, flow, f.epoch, 0)


@compiled
def aim_all(w: World, p: int) -> None:
    """Draw the streams of a partition anew: its nodes came, went or aged."""
    for flow in range(w.flows.size):
        if w.flows[flow].partition == p:
            w.flows[flow].epoch += 1
            w.flows[flow].draws += 1
            aim(w, flow)


@compiled
def _unit(w: World, node: int, scope: int) -> tuple[int, int]:
    """Return the range of nodes that a failure of a scope takes down."""
    a = w.partitions[w.nodes[node].partition]
    size = 1
    if scope == ON_RACK:
        size = a.rack
    elif scope == ON_POD:
        size = a.pod
    elif scope == ON_ZONE:
        size = a.zone
    elif scope == ON_PARTITION:
        size = a.count
    first = a.first + (node - a.first) // size * size
    return first, min(first + size, a.first + a.count)


@compiled
def empty_node(w: World, node: int) -> None:
    """Take whatever runs on a node off it; the jobs are on the list of hits, and nobody holds or lists the node."""
    n = w.nodes[node]
    if n.state == WHOLE:
        mark_hit(w, n.job)
        w.live[n.job].hits += 1
        drop_node(w, node)
    else:
        while n.state == SHARED:
            mark_hit(w, n.job)
            w.live[n.job].hits += 1
            drop_share(w, n.job)
        pick_free(w, node)


@compiled
def break_unit(w: World, picked: int, component: int) -> None:
    """Take the nodes of a failure's scope down, start the repair, interrupt the jobs."""
    first, last = _unit(w, picked, w.components[component].scope)
    chain = NONE
    for node in range(first, last):
        n = w.nodes[node]
        if n.state == FREE or n.state == WHOLE or n.state == SHARED:
            empty_node(w, node)
            n.state, n.hidden = DOWN, 0
            n.epoch += 1
            a = w.partitions[n.partition]
            accrue(w, n.partition)
            a.down += a.gpus
            if node != picked:
                n.nxt = chain
                chain = node
    w.nodes[picked].nxt = chain
    start_repair(w, picked, component)
    interrupt_all(w, component, picked)


@compiled
def _hide(w: World, node: int, component: int, count: int) -> None:
    """Let a failure be that shows later: the jobs on the node work in vain from now on."""
    n, c = w.nodes[node], w.clock[0]
    delay_s = w.components[component].detect_s * exponential(c.seed, RANDOM_DETECT, node, count)
    push(w, c.now + delay_s, NODE_DETECT, node, n.epoch, component)
    if n.hidden:
        return
    n.hidden = 1
    slot = n.job
    while slot >= 0:
        job = w.live[slot]
        job.hidden += 1
        if job.status == RUNNING and not job.spoilt_s < NEVER:
            settle(w, slot)
            job.spoilt_s = c.now
            refresh(w, slot)
            plan_next(w, slot)
        slot = job.node_nxt if n.state == SHARED else NONE


@compiled
def _note(w: World, node: int, component: int) -> None:
    """Log a failure, and mark the node for replacement when it has failed too often."""
    c, n = w.clock[0], w.nodes[node]
    w.components[component].failures += 1
    line = w.log[c.log_count]
    line.time_s, line.node, line.component = c.now, node, component
    line.job = w.live[n.job].job if n.job >= 0 else NONE
    c.log_count += 1
    if c.lemon_count > 0:
        place = n.fails % c.lemon_count
        w.recent[node, place] = c.now
        oldest_s = w.recent[node, (place + 1) % c.lemon_count]
        if n.fails + 1 >= c.lemon_count and c.now - oldest_s <= c.lemon_window_s:
            n.lemon = 2
    n.fails = min(n.fails + 1, MOST_COUNTED)
    w.cells[n.pod].fails += 1


@compiled
def _at_work(w: World, node: int) -> bool:
    """Whether a job works on a node."""
    n = w.nodes[node]
    slot = n.job if n.state == WHOLE or n.state == SHARED else NONE
    while slot >= 0:
        if w.live[slot].status == RUNNING or w.live[slot].status == POOLED:
            return True
        slot = w.live[slot].node_nxt if n.state == SHARED else NONE
    return False


@compiled
def candidate(w: World, flow: int) -> None:
    """Pick a node for what a stream offers, see whether it fails, and aim at the next."""
    f, c = w.flows[flow], w.clock[0]
    base = f.draws * DRAWS_PER_FAILURE
    place = _pick(w, flow)
    node = w.lemons[place]
    n = w.nodes[node]
    thin = f.top
    if place >= w.lemon_first[f.partition] and n.lemon == 0:  # replaced by an ordinary one
        thin *= c.lemon_factor
    component = f.component
    age_s = c.now - n.born_s
    rate = 1.0 + _infant(w, component, age_s) + _wear(w, component, age_s)
    accept = uniform(c.seed, RANDOM_KIND, flow, base + 1) * thin < rate
    if w.components[component].under_load:
        accept = accept and _at_work(w, node)
    if accept and (n.state == FREE or n.state == WHOLE or n.state == SHARED):
        _note(w, node, component)
        if uniform(c.seed, RANDOM_KIND, flow, base + 2) < w.components[component].hidden:
            _hide(w, node, component, n.fails)
        else:
            break_unit(w, node, component)
    f.draws += 1
    aim(w, flow)


@compiled
def detected(w: World, node: int, component: int) -> None:
    """Let a hidden failure show."""
    break_unit(w, node, component)
