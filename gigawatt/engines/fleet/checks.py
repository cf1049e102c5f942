"""What may be simulated: every input that would make a run meaningless is refused, all of them at once."""

from __future__ import annotations

import math

import numpy as np

from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.policies.written import faults as faults_of_written
from gigawatt.engines.fleet.simulation import ENDS, KINDS, MODES, SCOPES, Simulation
from gigawatt.errors import InputError, nearest

LARGEST_COUNT = 2**31 - 1  # of nodes and jobs: 32-bit links
LARGEST_SMALL_COUNT = 2**15 - 1  # of partitions, components, accelerators of a node: 16 bits


def _partitions(sim: Simulation) -> list[str]:
    """Faults of the partitions."""
    faults = [] if sim.partitions else ["there is no partition"]
    if len(sim.partitions) > LARGEST_SMALL_COUNT or len(sim.hazards.components) > LARGEST_SMALL_COUNT:
        faults.append(f"partitions and components: at most {LARGEST_SMALL_COUNT:,} of each")
    for part in sim.partitions:
        counts = (part.nodes_count, part.node_gpus_count, part.rack_nodes_count, part.pod_nodes_count)
        if min(*counts, part.power_zone_nodes_count) < 1 or part.nodes_count > LARGEST_COUNT:
            faults.append(f"partition {part.name}: nodes and accelerators, of racks, pods and zones, are at least 1")
        if part.node_gpus_count > LARGEST_SMALL_COUNT:
            faults.append(f"partition {part.name}: a node has at most {LARGEST_SMALL_COUNT:,} accelerators")
        steps = part.online_nodes or (part.nodes_count,)
        rising = all(a < b for a, b in zip(part.online_s, part.online_s[1:], strict=False))
        if len(steps) != len(part.online_s) or not part.online_s or part.online_s[0] != 0.0 or not rising:
            faults.append(f"partition {part.name}: online_s rises from 0 and has as many entries as online_nodes")
        if any(not 0 <= nodes <= part.nodes_count for nodes in steps):
            faults.append(f"partition {part.name}: online_nodes lie between 0 and nodes_count {part.nodes_count}")
        if not 0.0 <= part.idle_w <= part.busy_w or part.stalled_w < 0.0:
            faults.append(f"partition {part.name}: power is at least 0 and not more idle than busy")
    return faults


def _classes(sim: Simulation) -> list[str]:
    """Faults of the classes of jobs."""
    faults = []
    for kind in sim.classes:
        if kind.mode not in MODES:
            faults.append(f'class {kind.name}: mode "{kind.mode}" is not known. {nearest(kind.mode, MODES)}')
        if kind.kind not in KINDS:
            faults.append(f'class {kind.name}: kind "{kind.kind}" is not known. {nearest(kind.kind, KINDS)}')
        times = (
            kind.checkpoint_interval_s, kind.checkpoint_write_s, kind.restart_s, kind.restart_sigma, kind.swap_s,
            kind.job_failures_per_day, kind.software_failures_per_node_day, kind.preemptible_after_s, kind.grace_s,
            kind.spread_slowdown_frac, kind.replica_stall_s,
        )  # fmt: skip
        if any(math.isnan(value) or value < 0.0 for value in times):
            faults.append(f"class {kind.name}: times and rates are at least 0")
        needed = [0.0, *(tier.needed_frac for tier in reversed(kind.tiers)), 1.0]
        counts = [1, *(tier.every_count for tier in kind.tiers)]
        if len(kind.tiers) > 2 or needed != sorted(needed) or counts != sorted(counts):
            faults.append(
                f"class {kind.name}: up to two tiers of checkpoints, each rarer and less needed than the last"
            )
        if any(
            not math.isfinite(s) or s < 0.0
            for tier in kind.tiers
            for s in (tier.stall_s, tier.restore_s, tier.needed_frac)
        ):
            faults.append(f"class {kind.name}: the times and shares of tiers are finite and at least 0")
        shares = (kind.least_frac, kind.load_frac, kind.confined_software_frac)
        if not kind.least_frac > 0.0 or not all(0.0 <= x <= 1.0 for x in shares) or kind.replica_nodes_count < 1:
            faults.append(f"class {kind.name}: shares lie between 0 and 1; a replica has at least one node")
    return faults


def _jobs(sim: Simulation) -> list[str]:
    """Faults of the table of jobs."""
    jobs = sim.jobs
    columns = (jobs.submit_s_N, jobs.work_s_N, jobs.gpus_N, jobs.class_N, jobs.tenant_N, jobs.partition_N, jobs.end_N)
    if len({len(column) for column in columns}) != 1:
        return ["jobs: columns differ in length"]
    if not len(jobs.submit_s_N):
        return []
    faults = []
    if len(jobs.submit_s_N) > LARGEST_COUNT:
        faults.append("jobs: more than 32-bit numbers can count")
    if not np.isfinite(jobs.submit_s_N).all() or (np.diff(jobs.submit_s_N) < 0.0).any() or jobs.submit_s_N[0] < 0.0:
        faults.append("jobs: times of submission rise from 0 on")
    if not np.isfinite(jobs.work_s_N).all() or jobs.work_s_N.min() < 0.0 or jobs.gpus_N.min() < 1:
        faults.append("jobs: work is finite and at least 0 s, accelerators at least 1")
    if jobs.class_N.min() < 0 or jobs.class_N.max() >= len(sim.classes):
        faults.append(f"jobs: classes run from 0 to {len(sim.classes) - 1}")
    if jobs.partition_N.min() < -1 or jobs.partition_N.max() >= len(sim.partitions):
        faults.append(f"jobs: partitions run from -1 to {len(sim.partitions) - 1}")
    quotas = len(sim.rules.quota_gpus)
    if jobs.tenant_N.min() < 0 or (quotas and jobs.tenant_N.max() >= quotas):
        faults.append(f"jobs: tenants run from 0, with quotas to {quotas - 1}")
    if jobs.end_N.min() < 0 or jobs.end_N.max() >= len(ENDS):
        faults.append(f"jobs: ends run from 0 to {len(ENDS) - 1}")
    return faults


def _hazards(sim: Simulation) -> list[str]:
    """Faults of the failures."""
    hazards, faults = sim.hazards, []
    for part in hazards.components:
        if part.scope not in SCOPES:
            faults.append(f'component {part.name}: scope "{part.scope}" is not known. {nearest(part.scope, SCOPES)}')
        values = (
            part.failures_per_node_day, part.detection_s, part.rollback_s, part.automatic_repair_s, part.repair_s,
            part.repair_sigma, part.hands_on_s, part.infant_factor, part.infant_s, part.worn_s, part.wear_exponent,
        )  # fmt: skip
        if any(not math.isfinite(value) or value < 0.0 for value in values):
            faults.append(f"component {part.name}: rates and times are finite and at least 0")
        if not 0.0 <= part.hidden_frac <= 1.0 or not 0.0 <= part.automatic_frac <= 1.0 or part.infant_factor < 1.0:
            faults.append(f"component {part.name}: shares lie between 0 and 1, infant_factor is at least 1")
    if not 0.0 <= hazards.lemon_frac < 1.0 or hazards.lemon_factor < 1.0 or hazards.technicians_count < 0:
        faults.append("hazards: lemons are a share below 1 that fail at least as often; technicians at least 0")
    if not 0.0 <= hazards.straggler_frac <= 1.0 or not 0.0 < hazards.straggler_speed_frac <= 1.0:
        faults.append("hazards: stragglers are a share, and run at a share of full speed above 0")
    return faults


def _rules(sim: Simulation) -> list[str]:
    """Faults of the rules, the calendar and the pools."""
    rules, plan, faults = sim.rules, sim.maintenance, []
    if rules.policy not in POLICIES:
        faults.append(f'rules: policy "{rules.policy}" is not known. {nearest(rules.policy, POLICIES)}')
    if rules.placement not in PLACEMENTS:
        faults.append(f'rules: placement "{rules.placement}" is not known. {nearest(rules.placement, PLACEMENTS)}')
    if rules.power_response not in ("throttle", "preempt"):
        faults.append(f'rules: power_response "{rules.power_response}" is neither "throttle" nor "preempt"')
    if rules.written is not None:
        faults += faults_of_written(rules.written)
        if rules.written.power is not None and rules.power_response != "preempt":
            faults.append('rules: a written score for power chooses who leaves: power_response must be "preempt"')
        if rules.written.victim is not None and not rules.preemption:
            faults.append("rules: a written score for victims needs preemption")
    if not 0.0 <= rules.spare_frac < 1.0 or rules.backfill_depth_count < 0 or not rules.estimate_factor > 0.0:
        faults.append("rules: spare_frac is a share below 1, backfill_depth_count at least 0, estimate_factor above 0")
    if plan.interval_s > 0.0:
        for part in sim.partitions:
            pods = math.ceil(part.nodes_count / min(part.pod_nodes_count, part.nodes_count))
            round_s = math.ceil(pods / max(plan.pods_at_once_count, 1)) * plan.duration_s
            if round_s + plan.notice_s > plan.interval_s:
                faults.append(
                    f"maintenance: a round over partition {part.name} takes {round_s:.0f} s, longer than the interval"
                )
    if (
        plan.pods_at_once_count < 1
        or min(plan.interval_s, plan.duration_s, plan.notice_s, plan.job_stops_per_day) < 0.0
    ):
        faults.append("maintenance: pods_at_once_count is at least 1, times and rates at least 0")
    for pool in sim.pools:
        if not pool.gpus_by_hour or min(pool.gpus_by_hour) < 0:
            faults.append(f"pool {pool.name}: gpus_by_hour has an entry for at least one hour, none below 0")
        if not 0 <= pool.partition_index < len(sim.partitions) or not 0 <= pool.class_index < len(sim.classes):
            faults.append(f"pool {pool.name}: no such partition or class")
    sites = sorted({part.site for part in sim.partitions})
    for limit in sim.power_limits:
        if limit.site not in sites:
            faults.append(f'power limit: site "{limit.site}" has no partition. {nearest(limit.site, sites)}')
        if math.isnan(limit.limit_w) or limit.limit_w < 0.0 or limit.start_s < 0.0:
            faults.append(f"power limit at {limit.site}: limit and start are at least 0")
    return faults


def require_valid(sim: Simulation) -> None:
    """Raise an InputError that names every fault of the inputs."""
    faults = [*_partitions(sim), *_classes(sim), *_jobs(sim), *_hazards(sim), *_rules(sim)]
    if not math.isfinite(sim.duration_s) or sim.duration_s <= 0.0 or not 0.0 <= sim.warm_up_s < sim.duration_s:
        faults.append(f"duration {sim.duration_s} s must be finite and above 0, the warm-up {sim.warm_up_s} s shorter")
    if faults:
        message = "fleet: " + "; ".join(faults)
        raise InputError(message)
