"""Failed nodes: out of service, in the hands of a crew, and back."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import accrue
from gigawatt.engines.fleet.kernel.draws import log_normal, uniform
from gigawatt.engines.fleet.kernel.heap import push
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    DOWN,
    MOST_COUNTED,
    NODE_REPAIRED,
    NONE,
    OFFLINE,
    RANDOM_NODE,
    RANDOM_REPAIR,
    SERVICED,
    TECHNICIAN,
    World,
)
from gigawatt.engines.fleet.kernel.space import put_free


@compiled
def _begin(w: World, node: int, time_s: float, hands_s: float) -> None:
    """Start a repair, with a technician where hands are needed."""
    c = w.clock[0]
    if hands_s > 0.0:
        c.technicians -= 1
        push(w, c.now + hands_s, TECHNICIAN, 0, 0, 0)
    push(w, c.now + max(time_s, hands_s), NODE_REPAIRED, node, w.nodes[node].epoch, 0)


@compiled
def start_repair(w: World, node: int, component: int) -> None:
    """Mend the nodes that are linked behind `node`: by reset, by hand when somebody is free, or by replacement."""
    c, n, b = w.clock[0], w.nodes[node], w.components[component]
    count = n.repairs
    n.repairs = min(n.repairs + 1, MOST_COUNTED)
    n.component = component
    if n.lemon == 2:  # marked for replacement
        n.lemon = 0
        _begin(w, node, c.replacement_s, 0.0)
        return
    draw = uniform(c.seed, RANDOM_REPAIR, node, 4 * count)
    if draw < b.automatic:
        _begin(w, node, log_normal(b.automatic_s, b.sigma, c.seed, RANDOM_REPAIR, node, 2 * count + 1), 0.0)
        return
    time_s = log_normal(b.repair_s, b.sigma, c.seed, RANDOM_REPAIR, node, 2 * count + 1)
    if not c.crew or b.hands_s <= 0.0:
        _begin(w, node, time_s, 0.0)
    elif c.technicians > 0:
        _begin(w, node, time_s, b.hands_s)
    else:
        n.mend_s, n.queue = time_s, NONE
        if c.crew_tail >= 0:
            w.nodes[c.crew_tail].queue = node
        else:
            c.crew_head = node
        c.crew_tail = node


@compiled
def technician_free(w: World) -> None:
    """Somebody has finished and takes the repair that has waited longest."""
    c = w.clock[0]
    c.technicians += 1
    node = c.crew_head
    if node >= 0:
        n = w.nodes[node]
        c.crew_head = n.queue
        if c.crew_head < 0:
            c.crew_tail = NONE
        _begin(w, node, n.mend_s, w.components[n.component].hands_s)


@compiled
def repaired(w: World, head: int) -> None:
    """Nodes are mended and go back to service, or wait for the end of maintenance."""
    c = w.clock[0]
    node = head
    while node >= 0:
        n = w.nodes[node]
        after = n.nxt
        n.epoch += 1
        n.nxt = NONE
        n.slow = int(uniform(c.seed, RANDOM_NODE, node, 1 + n.repairs) < c.slow_frac)
        a = w.partitions[n.partition]
        if n.state == DOWN:
            accrue(w, n.partition)
            a.down -= a.gpus
            if w.cells[n.pod].serviced:
                n.state = SERVICED
                a.serviced += a.gpus
            else:
                put_free(w, node)
        elif n.leaving:  # retired while it was in repair
            n.state, n.leaving = OFFLINE, 0
        node = after
