"""The first state of a run: public inputs into the kernel's arrays."""

from __future__ import annotations

import math

import numpy as np

from gigawatt.engines.fleet.kernel import layout as at
from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.policies.written import HOOKS, Written, is_fixed
from gigawatt.engines.fleet.results import OTHER_CAUSES
from gigawatt.engines.fleet.simulation import KINDS, MODES, SCOPES, Simulation
from gigawatt.units import SECONDS_PER_DAY

HEAP_COUNT = 1 << 16  # events that the first heap holds; it grows
CHUNKS_COUNT = at.STRETCHES_COUNT  # chunks of later events at first; they grow
LOG_COUNT = 1 << 14  # failures, and stops, that the first logs hold; they grow
SLOTS_COUNT = 1 << 12  # jobs that may wait or run at first; it grows


def hashed(seed: int, count: int) -> np.ndarray:
    """Return a number from [0, 1) for each node that depends on the seed and the node alone."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) * 2.0**-53


def _partitions(sim: Simulation) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Lay the partitions out: their records, their pods and racks, the empty buckets, the names of sites."""
    names = sorted({part.site for part in sim.partitions})
    out = np.zeros(len(sim.partitions), at.PARTITION)
    cells: list[tuple[int, int, int, int, int, int]] = []  # first, count, partition, base, inner, inners
    first = buckets = 0
    for index, part in enumerate(sim.partitions):
        a = out[index]
        pod = min(part.pod_nodes_count, part.nodes_count)
        rack = min(part.rack_nodes_count, pod)
        if rack > 1:
            pod -= pod % rack
        a["first"], a["count"], a["gpus"] = first, part.nodes_count, part.node_gpus_count
        a["rack"], a["pod"], a["zone"] = rack, pod, part.power_zone_nodes_count
        a["site"] = names.index(part.site)
        a["pods"] = math.ceil(part.nodes_count / pod)
        a["first_pod"], a["pod_buckets"] = len(cells), buckets
        buckets += pod + 1
        starts = range(0, part.nodes_count, pod)
        racks_before = len(cells) + a["pods"]
        for start in starts:
            count = min(pod, part.nodes_count - start)
            inners = math.ceil(count / rack) if rack > 1 else 0
            cells.append((first + start, count, index, int(a["pod_buckets"]), int(racks_before), inners))
            racks_before += inners
        a["first_rack"], a["rack_buckets"] = len(cells), buckets
        if rack > 1:
            buckets += rack + 1
            for number, start in enumerate(starts):
                end = min(start + pod, part.nodes_count)
                for inner in range(start, end, rack):
                    count = min(rack, end - inner)
                    cells.append((first + inner, count, index, int(a["rack_buckets"]), int(a["first_pod"]) + number, 0))
        a["racks"] = len(cells) - a["first_rack"]
        a["idle_mw"] = round(part.idle_w * at.MILLI)
        a["idle_w"], a["busy_w"], a["stalled_w"] = part.idle_w, part.busy_w, part.stalled_w
        a["spare_frac"], a["throttle"], a["age_s"] = sim.rules.spare_frac, 1.0, part.age_s
        a["wanting"] = a["reserve_version"] = a["blocked"] = at.NONE
        a["most_nodes"] = max(part.online_nodes, default=part.nodes_count)
        first += part.nodes_count
    made = np.zeros(len(cells), at.CELL)
    if cells:
        made["first"], made["count"], made["partition"], made["bucket"], made["inner"], made["inners"] = zip(
            *cells, strict=True
        )
    made["head"] = made["prv"] = made["nxt"] = at.NONE
    heads = np.full(buckets, at.NONE, np.int32)
    for cell in range(len(made)):  # all are empty at first: link them in bucket 0
        base = made[cell]["bucket"]
        head = heads[base]
        made[cell]["nxt"] = head
        if head >= 0:
            made[head]["prv"] = cell
        heads[base] = cell
    return out, made, heads, names


def _nodes(sim: Simulation, parts: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay the nodes out: records, ordinary nodes before lemons by partition, first lemon of each."""
    count = int(parts["count"].sum())
    nodes = at.zeroed(count, at.NODE)
    nodes["job"] = nodes["prv"] = nodes["nxt"] = nodes["rack"] = nodes["queue"] = at.NONE
    nodes["state"] = at.OFFLINE
    order = np.empty(count, np.int32)
    lemon_first = np.empty(len(parts), np.int32)
    luck = hashed(sim.seed * 2 + 1, count)
    nodes["slow"] = hashed(sim.seed * 2 + 2, count) < sim.hazards.straggler_frac
    for index, a in enumerate(parts):
        first, last = int(a["first"]), int(a["first"] + a["count"])
        nodes["partition"][first:last] = index
        nodes["pod"][first:last] = a["first_pod"] + np.arange(a["count"]) // a["pod"]
        for cell in range(int(a["first_rack"]), int(a["first_rack"] + a["racks"])):
            nodes["rack"][cells[cell]["first"] : cells[cell]["first"] + cells[cell]["count"]] = cell
        lemons = round(sim.hazards.lemon_frac * int(a["count"]))
        worst = np.sort(first + np.argsort(luck[first:last], kind="stable")[:lemons])
        nodes["lemon"][worst] = 1
        order[first : last - lemons] = np.flatnonzero(nodes["lemon"][first:last] == 0) + first
        order[last - lemons : last] = worst
        lemon_first[index] = last - lemons
        a["weight"] = a["count"] / (a["count"] - lemons + lemons * sim.hazards.lemon_factor)
    return nodes, order, lemon_first


def _classes(sim: Simulation) -> np.ndarray:
    """Lay the classes of jobs out."""
    out = np.zeros(len(sim.classes), at.CLASS)
    for a, kind in zip(out, sim.classes, strict=True):
        a["mode"], a["priority"] = MODES.index(kind.mode), kind.priority
        a["replica"], a["training"] = kind.replica_nodes_count, KINDS.index(kind.kind) <= 1
        a["interval_s"], a["write_s"] = kind.checkpoint_interval_s, kind.checkpoint_write_s
        for place, tier in zip(("second", "third"), kind.tiers, strict=False):
            a[f"{place}_every"], a[f"{place}_needed"] = tier.every_count, tier.needed_frac
            a[f"{place}_restore_s"] = tier.restore_s
            a["write_s"] += tier.stall_s / tier.every_count
        a["restart_s"], a["sigma"], a["swap_s"] = kind.restart_s, kind.restart_sigma, kind.swap_s
        a["fails_per_s"], a["least"] = kind.job_failures_per_day / SECONDS_PER_DAY, kind.least_frac
        a["node_fails_per_s"] = kind.software_failures_per_node_day / SECONDS_PER_DAY
        a["after_s"], a["grace_s"] = kind.preemptible_after_s, kind.grace_s
        a["stall_s"], a["confined"] = kind.replica_stall_s, kind.confined_software_frac
        a["spread"], a["load"] = kind.spread_slowdown_frac, kind.load_frac
    return out


def _components(sim: Simulation) -> np.ndarray:
    """Lay the kinds of failures out; more rows count the stops by other causes."""
    out = np.zeros(len(sim.hazards.components) + len(OTHER_CAUSES), at.COMPONENT)
    for a, part in zip(out, sim.hazards.components, strict=False):
        a["scope"], a["hidden"], a["detect_s"] = SCOPES.index(part.scope), part.hidden_frac, part.detection_s
        a["rollback_s"], a["automatic"] = part.rollback_s, part.automatic_frac
        a["automatic_s"], a["repair_s"], a["sigma"] = part.automatic_repair_s, part.repair_s, part.repair_sigma
        a["hands_s"], a["infant"], a["infant_s"] = part.hands_on_s, part.infant_factor, part.infant_s
        a["worn_s"], a["wear"] = part.worn_s, part.wear_exponent
        a["under_load"] = part.under_load
        a["per_node_s"] = part.failures_per_node_day / SECONDS_PER_DAY
    return out


def _clock(sim: Simulation, parts: np.ndarray, tenants: int) -> np.ndarray:
    """Lay out the scalars."""
    rules, hazards = sim.rules, sim.hazards
    policy = POLICIES[rules.policy]
    clock = np.zeros(1, at.CLOCK)
    c = clock[0]
    c["end_s"], c["seed"], c["jobs"] = sim.duration_s, sim.seed, sim.jobs.submit_s_N.size
    c["slot_free"] = c["crew_head"] = c["crew_tail"] = c["hit"] = at.NONE
    c["technicians"], c["crew"] = hazards.technicians_count, int(hazards.technicians_count > 0)
    c["policy"], c["placement"] = policy.code, list(PLACEMENTS).index(rules.placement)
    c["depth"], c["backfill"], c["preemption"] = rules.backfill_depth_count, policy.backfill, int(rules.preemption)
    c["defragments"] = int(rules.defragmentation)
    c["by_tenant"] = int(policy.by_tenant or len(rules.quota_gpus) > 0)
    queue = rules.written.queue if rules.written else None
    c["strict_pods"], c["ranks"] = int(policy.strict_pods), int(policy.ranks or queue is not None)
    c["chained"] = int(rules.preemption or len(sim.power_limits) > 0)
    c["changing"] = int(queue is not None and not is_fixed(queue))
    c["bills"] = int(
        rules.policy == "fair-share" or any("tenant_used_gpu_s" in names for names in _read(rules.written))
    )
    c["stretches_per_s"], c["chunk_free"] = at.STRETCHES_COUNT / sim.duration_s, at.NONE
    c["estimate"], c["quotas"], c["tenants"] = rules.estimate_factor, int(len(rules.quota_gpus) > 0), tenants
    c["throttles"] = int(rules.power_response == "throttle")
    c["limited"] = int(len(sim.power_limits) > 0)
    c["admits"] = int(c["limited"] and (policy.saves_power or not c["throttles"]))
    c["lemon_count"], c["lemon_window_s"] = hazards.lemon_removed_after_count, hazards.lemon_window_s
    c["replacement_s"], c["lemon_factor"] = hazards.replacement_s, hazards.lemon_factor
    c["slow_frac"], c["slow_speed"] = hazards.straggler_frac, hazards.straggler_speed_frac
    c["stops_per_s"] = sim.maintenance.job_stops_per_day / SECONDS_PER_DAY
    c["components"], c["warm_s"] = len(hazards.components), sim.warm_up_s
    c["margin"] = 64 + int((parts["count"] * (parts["gpus"] + 2)).max()) * int(
        any(part.scope != "node" for part in hazards.components)
    )
    return clock


def _read(written: Written | None) -> list[tuple[str, ...]]:
    """Return the features that each program reads."""
    return [program.features for program in written.programs if program] if written else []


def _programs(written: Written | None) -> dict[str, np.ndarray]:
    """Lay out the programs, one after the other, and room for the features and registers of each."""
    rows = np.zeros(len(HOOKS), at.PROGRAM)
    code, constants, depth = [np.zeros((0, 2), np.int32)], [np.zeros(0)], 1
    for row, table, program in zip(rows, HOOKS.values(), (written or Written()).programs, strict=True):
        if program is None:
            continue
        row["on"] = 1
        row["code"], row["constant"] = sum(map(len, code)), sum(map(len, constants))
        code.append(program.code)
        constants.append(program.constants)
        row["code_end"], row["constant_end"] = row["code"] + len(code[-1]), row["constant"] + len(constants[-1])
        fleet = table.names[table.names.index("free_gpus") :] if "free_gpus" in table.names else ()
        row["reads"] = at.MTTF_READ * ("mttf_s" in program.features) + at.FLEET_READ * any(
            name in program.features for name in fleet
        )
        depth = max(depth, program.stack_depth)
    return {
        "programs": rows,
        "code": np.concatenate(code),
        "constants": np.concatenate(constants),
        "features": np.zeros((len(HOOKS), max(len(table.names) for table in HOOKS.values()))),
        "stacks": np.zeros((len(HOOKS), depth)),
    }


def _window(sim: Simulation) -> int:
    """Return how many waiting jobs of a queue are kept in order."""
    return max(sim.rules.backfill_depth_count, 0) + 1


def _queues(parts_count: int, tenants_count: int) -> at.Records:
    """Return empty queues: one for each partition and one for jobs that take any, by tenant."""
    queues = np.zeros((parts_count + 1) * tenants_count, at.QUEUE)
    queues["first"] = queues["root"] = queues["seen"] = queues["halted"] = at.NONE
    queues["tenant"] = np.arange(len(queues)) % tenants_count
    return queues


def _outcome(count: int) -> at.Records:
    """Return what is known of jobs that have not come yet."""
    outcome = np.zeros(count, at.OUTCOME)
    outcome["start_s"] = outcome["end_s"] = np.nan
    outcome["state"] = at.STILL_WAITING
    return outcome


def _events(most_count: int) -> dict[str, np.ndarray]:
    """Return room for events and for the stops of jobs, of which one event may bring so many."""
    chunks = CHUNKS_COUNT + most_count
    return {
        "heap": at.zeroed(HEAP_COUNT + most_count, at.EVENT, 1),
        "stretches": np.full(at.STRETCHES_COUNT + 1, at.NONE, np.int32),
        "chunks": np.zeros(chunks, np.int32),
        "later": at.zeroed(chunks * at.CHUNK, at.EVENT),
        "stops": np.zeros(LOG_COUNT + most_count, at.STOP),
    }


def first_state(sim: Simulation) -> at.World:
    """Return the state before the first event; `calendar.enter` adds the events."""
    parts, cells, buckets, sites = _partitions(sim)
    nodes, order, lemon_first = _nodes(sim, parts, cells)
    tenants = max(int(sim.jobs.tenant_N.max(initial=0)) + 1, len(sim.rules.quota_gpus), 1)
    clock = _clock(sim, parts, tenants)
    queues = _queues(len(parts), tenants if clock[0]["by_tenant"] else 1)
    window = _window(sim)
    people = np.zeros(tenants + 1, at.TENANT)  # the last one holds the serving pools
    people["quota"][: len(sim.rules.quota_gpus)] = sim.rules.quota_gpus
    classes = _classes(sim)
    site_records = np.zeros(len(sites), at.SITE)
    site_records["limit_w"], site_records["throttle"] = np.inf, 1.0
    hours = math.ceil(sim.duration_s / at.HOUR_S) + 1
    flows = np.zeros(len(parts) * len(sim.hazards.components), at.FLOW)
    flows["partition"], flows["component"] = np.divmod(np.arange(len(flows)), max(len(sim.hazards.components), 1))
    pool_hours = [pool.gpus_by_hour for pool in sim.pools]
    most_gpus = int(parts["gpus"].max())
    live = at.zeroed(SLOTS_COUNT + len(sim.pools), at.LIVE)
    return at.World(
        clock=clock,
        nodes=nodes,
        cells=cells,
        buckets=buckets,
        levels=np.full((len(parts), most_gpus + 1), at.NONE, np.int32),
        partitions=parts,
        sites=site_records,
        classes=classes,
        chains=np.full((len(parts), max(len(classes), 1), 2), at.NONE, np.int32),
        components=_components(sim),
        flows=flows,
        lemons=order,
        lemon_first=lemon_first,
        recent=np.full((len(nodes), max(sim.hazards.lemon_removed_after_count, 1)), -np.inf),
        live=live,
        queues=queues,
        windows=np.full((len(queues), window), at.NONE, np.int32),
        active=np.zeros(len(queues) + 1, np.int32),
        tenants=people,
        class_order=np.argsort(classes["priority"], kind="stable").astype(np.int32),
        reserves=np.zeros((len(parts), window), at.RESERVE),
        bins=np.zeros((len(parts), at.BINS_COUNT), np.int64),
        blocks=np.zeros((len(parts), at.BINS_COUNT // at.BIN_BLOCK), np.int64),
        steps=np.zeros(sum(len(part.online_s) for part in sim.partitions), at.STEP),
        limits=np.zeros(len(sim.power_limits), at.LIMIT),
        pools=np.zeros(len(sim.pools), at.POOL),
        pool_gpus=np.array([gpus for row in pool_hours for gpus in row], np.int64),
        ledger=np.zeros((len(parts), at.LEDGER_COUNT)),
        hourly=np.zeros((hours, len(parts)), at.HOURLY),
        waiting_gpus=np.zeros(hours),
        log=np.zeros(LOG_COUNT, at.FAILURE),
        outcome=_outcome(sim.jobs.submit_s_N.size),
        submit_s=np.ascontiguousarray(sim.jobs.submit_s_N, np.float64),
        work_s=np.ascontiguousarray(sim.jobs.work_s_N, np.float64),
        gpus=np.ascontiguousarray(sim.jobs.gpus_N, np.int64),
        job_class=np.ascontiguousarray(sim.jobs.class_N, np.int64),
        tenant=np.ascontiguousarray(sim.jobs.tenant_N, np.int64),
        wanted=np.ascontiguousarray(sim.jobs.partition_N, np.int64),
        job_end=np.ascontiguousarray(sim.jobs.end_N, np.int64),
        **_events(2 * len(live) + int(clock[0]["margin"])),
        **_programs(sim.rules.written),
    )
