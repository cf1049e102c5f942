"""What is asked of a fleet; each field as an option of `gigawatt fleet` and an argument of `gw.simulate_fleet`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.simulation import MODES, Hazards, Maintenance
from gigawatt.errors import InputError, nearest
from gigawatt.scenario.fleet import WRITTEN_SUFFIX

ACCELERATOR = "h100-sxm"
WORKLOAD = "acme-kalos"  # a cluster on which language models are developed, where nothing else is said
# ASSUMPTION: of the accelerators, what its people then ask for; Kalos itself was asked for 24 % of its own in 2023
LOAD_FRAC = 0.75
DAYS = 365.0
POLICY, PLACEMENT = "easy-backfill", "best-fit"
LONGEST_DAYS = 7300.0  # twenty years, as a plan's
POWER_RESPONSES = ("throttle", "preempt")  # of jobs at a site over its limit
NO_MAINTENANCE = Maintenance()
USUAL_LEMONS = Hazards(())  # window and replacement of lemons where nothing is said


@dataclass(frozen=True, slots=True)
class Curtailment:
    """IT power held down for a time.

    Attributes
    ----------
    start_s, duration_s : float
        From the start of the simulation. [s]
    limit_frac : float
        Of the power that the accelerators draw when all are busy. [-]
    site : str
        Every site where empty.
    """

    start_s: float
    duration_s: float
    limit_frac: float
    site: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a fleet.

    Attributes
    ----------
    accelerator : str
        Id.
    gpus : int
        Accelerators; 0 for as many as the work has where that is known.
    trace : str
        File with jobs; none where empty.
    form, columns, clean
        Of the trace, as `gigawatt.planning.traces.read_trace` takes them.
    workload : str
        Cluster of the catalogue whose people's jobs are drawn; none where empty.
    load_frac : float
        Accelerators that drawn jobs ask for over those there are; the cluster's own where 0. [-]
    model : str
        Model that is pre-trained; none where empty.
    run_gpus : int
        Accelerators of that run; all but the spares where 0.
    tokens : float
        Tokens of that run; until the end where 0.
    layout : mapping of str to int or str
        Degrees of its layout to hold.
    days : float
        [day]
    months : str
        Of a scenario: "2026-01..2026-12", or a month.
    policy, placement : str
        Who goes first, and where; a policy is a name or a file of the policy language.
    quotas : bool
        Whether tenants are held to theirs.
    quota_file : str
        With the quotas of a trace's tenants, as `gigawatt.planning.traces.read_quotas` takes it.
    preemption, defragmentation : bool
        Whether jobs give way to those of higher priority; whether they are moved together for those that lack a pod.
    spare_frac : float
        Nodes kept free for training jobs. [-]
    recovery : str
        What training jobs do when a node fails: a mode of the simulator; empty for a stop of the whole job.
    tiers : str
        Id of where checkpoints go; one safe place where empty.
    checkpoint_write_s, restart_s : float
        Those of the places or the reliability entry where negative. [s]
    checkpoint_interval_s : float
        That of the places where 0, and the best for each job's size where they have none. [s]
    reliability : str
        Id; none for a fleet that never fails; empty for the usual one or the scenario's.
    age_s : float
        Age of the nodes at the start, which their failures then follow; rates do not change with age where negative.
        [s]
    software_failures_per_gpu_day, job_failures_per_day : float
        Failures of jobs that leave nodes healthy: for each accelerator that a job holds, the entry's where negative;
        for each job whatever its size. [1/day]
    confined_software_frac : float
        Share of the failures for each accelerator held that take one replica alone, with recovery "replica"; the usual
        share where negative. [-]
    lemons_out_after_count, lemon_window_s, replacement_s : int, float, float
        Failures of a node within the window after which it is replaced, 0 for never; how long that takes. [-], [s], [s]
    straggler_frac, straggler_speed_frac : float
        Share of nodes that run slow until repaired, and their speed. [-]
    technicians_count : int
        0 for as many as needed.
    maintenance : Maintenance
        Rolling maintenance; stops of jobs come from the reliability entry.
    power_cap_w : float
        IT power of each site; 0 for none. [W]
    curtailments : tuple of Curtailment
    power_response : str
        What a site over its limit does: throttle all jobs, or preempt some; empty for the first.
    seed : int
    check : bool
        Check every balance while it runs.
    """

    accelerator: str = ACCELERATOR
    gpus: int = 0
    trace: str = ""
    form: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    clean: bool = False
    workload: str = ""
    load_frac: float = 0.0
    model: str = ""
    run_gpus: int = 0
    tokens: float = 0.0
    layout: Mapping[str, int | str] = field(default_factory=dict)
    days: float = 0.0
    months: str = ""
    policy: str = POLICY
    placement: str = PLACEMENT
    quotas: bool = True
    quota_file: str = ""
    preemption: bool = False
    defragmentation: bool = False
    spare_frac: float = 0.0
    recovery: str = ""
    tiers: str = ""
    checkpoint_write_s: float = -1.0
    checkpoint_interval_s: float = 0.0
    restart_s: float = -1.0
    reliability: str = ""
    age_s: float = -1.0
    software_failures_per_gpu_day: float = -1.0
    job_failures_per_day: float = 0.0
    confined_software_frac: float = -1.0
    lemons_out_after_count: int = 0
    lemon_window_s: float = USUAL_LEMONS.lemon_window_s
    replacement_s: float = USUAL_LEMONS.replacement_s
    straggler_frac: float = 0.0
    straggler_speed_frac: float = 1.0
    technicians_count: int = 0
    maintenance: Maintenance = NO_MAINTENANCE
    power_cap_w: float = 0.0
    curtailments: tuple[Curtailment, ...] = ()
    power_response: str = ""
    seed: int = 0
    check: bool = False

    def require_valid(self) -> None:
        """Raise an InputError that names every fault."""
        faults = [*_words(self), *_numbers(self)]
        if self.trace and self.workload:
            faults.append("jobs come from a trace or are drawn from a workload, not both")
        if not self.model and (self.run_gpus or self.tokens or self.layout):
            faults.append("accelerators, tokens and layout of a training run need its model")
        if not self.trace and (self.form or self.columns or self.clean or self.quota_file):
            faults.append("format, columns, cleaning and a file of quotas are those of a trace")
        if faults:
            message = "fleet: " + "; ".join(faults)
            raise InputError(message)


def _words(asked: Question) -> list[str]:
    """Faults of what is one of a few words."""
    faults = []
    if asked.policy not in POLICIES and not is_written(asked.policy):
        faults.append(f'policy "{asked.policy}" is not known. {nearest(asked.policy, POLICIES)}')
    if asked.placement not in PLACEMENTS:
        faults.append(f'placement "{asked.placement}" is not known. {nearest(asked.placement, PLACEMENTS)}')
    if asked.recovery and asked.recovery not in MODES:
        faults.append(f'recovery "{asked.recovery}" is not known. {nearest(asked.recovery, MODES)}')
    if asked.power_response and asked.power_response not in POWER_RESPONSES:
        remedy = nearest(asked.power_response, POWER_RESPONSES)
        faults.append(f'power response "{asked.power_response}" is not known. {remedy}')
    return faults


def _numbers(asked: Question) -> list[str]:
    """Faults of numbers."""
    faults = []
    if min(asked.gpus, asked.run_gpus, asked.technicians_count, asked.lemons_out_after_count, asked.seed) < 0:
        faults.append("accelerators, technicians, failures of a lemon and the seed are at least 0")
    if not 0.0 <= asked.days <= LONGEST_DAYS:
        faults.append(f"days {asked.days:g} are above 0 and at most {LONGEST_DAYS:,.0f}")
    if not 0.0 <= asked.spare_frac < 1.0 or not 0.0 <= asked.load_frac < math.inf:
        faults.append("spares are a share below 1, the load at least 0")
    if not 0.0 <= asked.tokens < math.inf or not 0.0 <= asked.power_cap_w < math.inf:
        faults.append("tokens and the power cap are at least 0")
    times = (asked.checkpoint_interval_s, asked.job_failures_per_day, asked.lemon_window_s, asked.replacement_s)
    if not all(0.0 <= value < math.inf for value in times):
        faults.append("times and rates are at least 0")
    if not asked.confined_software_frac <= 1.0:
        faults.append("the software failures that take one replica alone are a share from 0 to 1")
    if not 0.0 <= asked.straggler_frac <= 1.0 or not 0.0 < asked.straggler_speed_frac <= 1.0:
        faults.append("stragglers are a share from 0 to 1 and run at a share of full speed above 0")
    if any(
        item.start_s < 0.0 or item.duration_s <= 0.0 or not 0.0 <= item.limit_frac <= 1.0 for item in asked.curtailments
    ):
        faults.append("a curtailment starts at or after the start, lasts some time and leaves a share from 0 to 1")
    return faults


def is_written(policy: str) -> bool:
    """Whether a policy is a file with a written one rather than a name.

    Raises
    ------
    InputError
        If it is named as a file and there is none.
    """
    if not policy.endswith(WRITTEN_SUFFIX):
        return False
    if not Path(policy).is_file():
        message = f"{policy}: there is no such file"
        raise InputError(message)
    return True
