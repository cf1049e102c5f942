"""What is asked of a fleet; each field as an option of `gigawatt fleet` and an argument of `gw.simulate_fleet`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.simulation import MODES
from gigawatt.errors import InputError, nearest

ACCELERATOR = "h100-sxm"
WORKLOAD = "acme-kalos"  # a cluster on which language models are developed, where nothing else is said
# ASSUMPTION: of the accelerators, what its people then ask for; Kalos itself was asked for 24 % of its own in 2023
LOAD_FRAC = 0.75
DAYS = 365.0
POLICY, PLACEMENT = "easy-backfill", "best-fit"
LONGEST_DAYS = 7300.0  # twenty years, as a plan's
WRITTEN_SUFFIX = ".py"


@dataclass(frozen=True, slots=True)
class Curtailment:
    """IT power held down for a time.

    Attributes
    ----------
    start_s, duration_s : float
        From the start of the simulation. [s]
    limit_frac : float
        Of the power that the accelerators draw when all are busy. [-]
    """

    start_s: float
    duration_s: float
    limit_frac: float


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
    preemption : bool
    spare_frac : float
        Nodes kept free for training jobs. [-]
    recovery : str
        What training jobs do when a node fails: a mode of the simulator.
    checkpoint_write_s, restart_s : float
        Those of the reliability entry where negative. [s]
    reliability : str
        Id; none for a fleet that never fails; empty for the usual one or the scenario's.
    technicians_count : int
        0 for as many as needed.
    power_cap_w : float
        IT power of each site; 0 for none. [W]
    curtailments : tuple of Curtailment
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
    spare_frac: float = 0.0
    recovery: str = MODES[0]
    checkpoint_write_s: float = -1.0
    restart_s: float = -1.0
    reliability: str = ""
    technicians_count: int = 0
    power_cap_w: float = 0.0
    curtailments: tuple[Curtailment, ...] = ()
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
    if asked.recovery not in MODES:
        faults.append(f'recovery "{asked.recovery}" is not known. {nearest(asked.recovery, MODES)}')
    return faults


def _numbers(asked: Question) -> list[str]:
    """Faults of numbers."""
    faults = []
    if min(asked.gpus, asked.run_gpus, asked.technicians_count, asked.seed) < 0:
        faults.append("accelerators, technicians and the seed are at least 0")
    if not 0.0 <= asked.days <= LONGEST_DAYS:
        faults.append(f"days {asked.days:g} are above 0 and at most {LONGEST_DAYS:,.0f}")
    if not 0.0 <= asked.spare_frac < 1.0 or not 0.0 <= asked.load_frac < math.inf:
        faults.append("spares are a share below 1, the load at least 0")
    if not 0.0 <= asked.tokens < math.inf or not 0.0 <= asked.power_cap_w < math.inf:
        faults.append("tokens and the power cap are at least 0")
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
