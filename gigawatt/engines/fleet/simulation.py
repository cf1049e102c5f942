"""What goes into the fleet simulator. Shape letters: N jobs, C job classes, B components, L limits of power.

A fleet is partitions of equal nodes; a node is what fails, is drained and is repaired as one. Nodes are numbered
through the partitions in order, so that a rack, a pod and a power zone are ranges of consecutive nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.policies.written import Written

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SCOPES = ("node", "rack", "pod", "power-zone", "partition")  # what a failure takes down
MODES = ("stall", "replica", "elastic")  # what a job does when one of its nodes fails
ENDS = ("completes", "fails", "is-cancelled")  # how a job ends by itself, failures of hardware aside
KINDS = ("training", "fine-tuning", "evaluation", "interactive", "serving")


@dataclass(frozen=True, slots=True)
class Partition:
    """Equal nodes of one accelerator kind at one site.

    Attributes
    ----------
    name, site : str
        Unique name; the site whose power it draws.
    nodes_count, node_gpus_count : int
        Nodes when all are online; accelerators of a node (8; 4 for a tray of a rack-scale system).
    rack_nodes_count : int
        Nodes of a scale-up domain or rack: 1 for 8-GPU servers, 18 for an NVL72.
    pod_nodes_count : int
        Nodes under one set of leaf switches (a rail group); a job inside one pod pays no topology slow-down.
    power_zone_nodes_count : int
        Nodes that share a power feed and a cooling loop.
    online_s, online_nodes : tuple of float, tuple of int
        Steps of nodes in service: from each time on, the first so many nodes. Falling steps retire nodes. Times rise
        from 0. [s]
    idle_w, busy_w : float
        All-in IT power of one accelerator, waiting and at full load. [W]
    stalled_w : float
        The same of a job that is restarting or writing a checkpoint. [W]
    age_s : float
        Age of the nodes that are there when the simulation starts; those that come online later are new. [s]
    """

    name: str
    site: str
    nodes_count: int
    node_gpus_count: int = 8
    rack_nodes_count: int = 1
    pod_nodes_count: int = 384
    power_zone_nodes_count: int = 1536
    online_s: tuple[float, ...] = (0.0,)
    online_nodes: tuple[int, ...] = ()
    idle_w: float = 0.0
    busy_w: float = 0.0
    stalled_w: float = 0.0
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Component:
    """A kind of failure.

    Attributes
    ----------
    name : str
        GPU, HBM, NIC, host, switch, power feed, software, silent corruption and so on.
    failures_per_node_day : float
        Of a node; for wider scopes of each of its nodes' share, so that a rack of 18 nodes fails 18 times as often. A
        node that is down or not online does not fail. [1/day]
    scope : str
        One of `SCOPES`.
    hidden_frac : float
        Share that shows only after `detection_s`: hangs, slow nodes, NaN. [-]
    detection_s : float
        Mean delay of those, exponential; the job holds its accelerators meanwhile and its work is lost. [s]
    rollback_s : float
        Work lost beyond the last checkpoint: silent corruption found late. [s]
    automatic_frac : float
        Share mended without hands, by reset or reboot. [-]
    automatic_repair_s, repair_s : float
        Medians of log-normal times, without hands and with. [s]
    repair_sigma : float
        Of the logarithm. [-]
    hands_on_s : float
        Time of a technician; repairs wait for one where the crew is finite. [s]
    infant_factor, infant_s : float
        Rate at age 0 over the settled rate, and the time in which the excess falls to 1/e. [-], [s]
    under_load : bool
        Only nodes at work fail so, not those that are idle or whose job restarts.
    worn_s, wear_exponent : float
        Age at which wear alone fails a node as often as all else, and the power of age with which it rises; 0 for no
        wear. [s], [-]
    """

    name: str
    failures_per_node_day: float
    scope: str = "node"
    hidden_frac: float = 0.0
    detection_s: float = 0.0
    rollback_s: float = 0.0
    automatic_frac: float = 0.0
    automatic_repair_s: float = 600.0
    repair_s: float = 86400.0
    repair_sigma: float = 1.0
    hands_on_s: float = 0.0
    infant_factor: float = 1.0
    infant_s: float = 0.0
    under_load: bool = False
    worn_s: float = 0.0
    wear_exponent: float = 2.0


@dataclass(frozen=True, slots=True)
class Hazards:
    """All failures of the hardware, who mends them, and which nodes are lemons.

    Attributes
    ----------
    components : tuple of Component
    lemon_frac, lemon_factor : float
        Share of nodes that fail so many times as often as the rest. The mean over all nodes stays the components'
        rates. [-]
    lemon_removed_after_count : int
        Failures of a node within `lemon_window_s` after which it is taken out for replacement; 0 never. [-]
    lemon_window_s, replacement_s : float
        [s]
    technicians_count : int
        Hands; 0 means as many as needed. [-]
    straggler_frac, straggler_speed_frac : float
        Share of nodes that run slow until repaired, and their speed; a synchronous job runs at its slowest. [-]
    """

    components: tuple[Component, ...]
    lemon_frac: float = 0.0
    lemon_factor: float = 1.0
    lemon_removed_after_count: int = 0
    lemon_window_s: float = 30.0 * 86400.0
    replacement_s: float = 7.0 * 86400.0
    technicians_count: int = 0
    straggler_frac: float = 0.0
    straggler_speed_frac: float = 1.0


@dataclass(frozen=True, slots=True)
class CheckpointTier:
    """A safer place for some checkpoints: behind memory the node's disk, behind the disk remote storage.

    Attributes
    ----------
    every_count : int
        Every so many checkpoints of the class are kept here, too. Of the second tier no fewer than of the first.
    needed_frac : float
        Share of the failures of hardware from which the tiers before cannot recover, as when all copies in memory
        are gone. The last tier is also needed where a job has lost its nodes. [-]
    stall_s : float
        The job stands so much longer for those checkpoints; spread evenly over all. [s]
    restore_s : float
        A restart from here takes so much longer. [s]
    """

    every_count: int
    needed_frac: float
    stall_s: float = 0.0
    restore_s: float = 0.0


@dataclass(frozen=True, slots=True)
class JobClass:
    """What jobs of a class share.

    Attributes
    ----------
    name, kind, mode : str
        `kind` one of `KINDS`, `mode` one of `MODES`: a stalled job waits for a restart on as many nodes; replicas carry
        on without the failed one; an elastic job goes on with fewer nodes down to `least_frac`.
    priority : int
        Higher goes first.
    checkpoint_interval_s : float
        Between checkpoints; 0 takes the best interval for the job's size (Daly). Infinite: never. [s]
    checkpoint_write_s : float
        The job stands still so long for each. [s]
    tiers : tuple of CheckpointTier
        Up to two safer places for every so many checkpoints; none: every checkpoint outlasts every failure.
    restart_s, restart_sigma : float
        Median and log-normal spread of the time from failure to running when the job is placed anew. [s]
    swap_s : float
        The same when a hot spare takes the failed node's place. [s]
    job_failures_per_day : float
        Failures of the job's own, whatever its size: users' errors. They leave its nodes healthy. [1/day]
    software_failures_per_node_day : float
        The same for each node that it holds: its software, the network between its nodes, and whatever else ends jobs
        without a node being at fault. A job smaller than a node counts by its share. [1/day]
    confined_software_frac : float
        Share of those for each node that take one replica alone, in mode "replica": a rank that crashes. The rest, and
        all that come whatever the size, stop the whole job: bad data, a bug that meets all ranks. [-]
    replica_nodes_count : int
        Nodes of a data-parallel replica, for mode "replica". [-]
    replica_stall_s : float
        All replicas stand still so long when one fails, until they go on without it. [s]
    least_frac : float
        Smallest share of its nodes at which an elastic job goes on. [-]
    preemptible_after_s : float
        Running time before which nobody takes its nodes; infinite: never. [s]
    grace_s : float
        Notice before it is taken off: time for a checkpoint. [s]
    spread_slowdown_frac : float
        Slow-down for each doubling of the pods that a job spans over the least possible. [-]
    load_frac : float
        Mean power between idle and busy while running. [-]
    """

    name: str
    kind: str = "training"
    mode: str = "stall"
    priority: int = 0
    checkpoint_interval_s: float = 0.0
    checkpoint_write_s: float = 0.0
    tiers: tuple[CheckpointTier, ...] = ()
    restart_s: float = 300.0
    restart_sigma: float = 0.0
    swap_s: float = 120.0
    job_failures_per_day: float = 0.0
    software_failures_per_node_day: float = 0.0
    confined_software_frac: float = 0.0
    replica_nodes_count: int = 1
    replica_stall_s: float = 0.0
    least_frac: float = 1.0
    preemptible_after_s: float = float("inf")
    grace_s: float = 0.0
    spread_slowdown_frac: float = 0.0
    load_frac: float = 1.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs in order of submission.

    Attributes
    ----------
    submit_s_N : Floats
        [s]
    work_s_N : Floats
        Running time at full speed without failures, checkpoints aside. [s]
    gpus_N : Whole
        Accelerators. A job of a node or more takes whole nodes; a smaller one shares a node.
    class_N, tenant_N : Whole
        Indices into the classes and the quotas.
    partition_N : Whole
        Index of the partition it asks for; -1 takes any that holds it.
    end_N : Whole
        Index into `ENDS`: what happens when its work is done.
    """

    submit_s_N: Floats
    work_s_N: Floats
    gpus_N: Whole
    class_N: Whole
    tenant_N: Whole
    partition_N: Whole
    end_N: Whole


@dataclass(frozen=True, slots=True)
class Pool:
    """A serving pool whose size follows the hour: nodes are taken and given back on whole hours.

    Attributes
    ----------
    name : str
    class_index : int
        Its job class; failed nodes are replaced as for mode "replica".
    partition_index : int
    gpus_by_hour : tuple of int
        Accelerators wanted by hour of the simulation; repeated when it is shorter.
    """

    name: str
    class_index: int
    partition_index: int
    gpus_by_hour: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Rolling maintenance of a partition: pod by pod, drained with notice.

    Attributes
    ----------
    interval_s : float
        Between two rounds over the whole fleet; 0 for none. [s]
    duration_s : float
        A pod is out so long. [s]
    notice_s : float
        No new job starts on a pod that is due so soon; running ones are stopped after a checkpoint. [s]
    pods_at_once_count : int
    job_stops_per_day : float
        Planned stops of each running training job: upgrades of its own software. [1/day]
    """

    interval_s: float = 0.0
    duration_s: float = 0.0
    notice_s: float = 0.0
    pods_at_once_count: int = 1
    job_stops_per_day: float = 0.0


@dataclass(frozen=True, slots=True)
class PowerLimit:
    """IT power that a site may draw from a time on, until the next limit of the same site.

    Attributes
    ----------
    site : str
    start_s : float
        [s]
    limit_w : float
        Infinite: none. [W]
    """

    site: str
    start_s: float
    limit_w: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How the fleet is run.

    Attributes
    ----------
    policy : str
        Key of `gigawatt.engines.fleet.policies.POLICIES`.
    placement : str
        Key of `gigawatt.engines.fleet.placement.PLACEMENTS`.
    quota_gpus : tuple of int
        Accelerators each tenant may hold at once; empty: no quotas.
    backfill_depth_count : int
        Waiting jobs that are looked at behind a blocked one. [-]
    preemption : bool
        Whether jobs of higher priority take nodes from lower ones.
    defragmentation : bool
        Whether running jobs are moved, after a checkpoint, where a waiting one lacks a pod, racks or whole nodes while
        enough accelerators are free: jobs of its priority or less that may be preempted.
    estimate_factor : float
        Running time that users state over the true one; backfilling believes it. [-]
    spare_frac : float
        Share of each partition's nodes kept free as hot spares for training jobs. [-]
    power_response : str
        "throttle" slows all jobs of a site over its limit, "preempt" takes jobs off, lowest priority first.
    written : Written or None
        Scores in the policy language, in place of the order, the choice of a pod and so on of the above.
    """

    policy: str = "fifo"
    placement: str = "best-fit"
    quota_gpus: tuple[int, ...] = ()
    backfill_depth_count: int = 32
    preemption: bool = False
    defragmentation: bool = False
    estimate_factor: float = 1.0
    spare_frac: float = 0.0
    power_response: str = "throttle"
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """All that a run needs; the same inputs and seed give the same result."""

    partitions: tuple[Partition, ...]
    classes: tuple[JobClass, ...]
    jobs: Jobs
    hazards: Hazards
    duration_s: float
    rules: Rules = Rules()
    maintenance: Maintenance = Maintenance()
    pools: tuple[Pool, ...] = ()
    power_limits: tuple[PowerLimit, ...] = ()
    warm_up_s: float = 0.0  # left out of every statistic
    seed: int = 0
