"""Section `fleet`: failures, checkpoints and repairs, how the fleet is run, power caps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from gigawatt.errors import nearest
from gigawatt.scenario.fields import (
    AcceleratorId,
    AMonth,
    Months,
    Seconds,
    Section,
    Share,
    SiteId,
    Watts,
    amount,
    catalogue_id,
)

PerDay = amount("1/day", at_least=0.0)
# The simulator's rules by name, in its order; a test holds the two against each other.
POLICIES = (
    "fifo", "priority", "fair-share", "shortest", "smallest", "easy-backfill", "conservative-backfill",
    "gang-topology", "energy-aware",
)  # fmt: skip
WRITTEN_SUFFIX = ".py"  # of a file with a policy of one's own


class LemonsOut(Section):
    """Nodes that fail again and again are taken out and replaced."""

    after: Annotated[int, Field(ge=1, le=100)]
    within: Seconds
    replacement: Seconds


class Stragglers(Section):
    """Nodes that run slow until they are repaired; a synchronous job runs at the speed of its slowest."""

    share: Share
    speed: amount("1", positive=True, at_most=1.0)  # type: ignore[valid-type]


class MaintenanceRounds(Section):
    """Rolling maintenance, pod by pod over the whole fleet: upgrades of firmware, checks."""

    every: Seconds
    lasts: Seconds
    notice: Seconds | None = None
    pods_at_once: Annotated[int, Field(ge=1)] = 1


class PowerCut(Section):
    """Hours in which a site holds its IT power down, as demand response asks."""

    month: AMonth
    day: Annotated[int, Field(ge=1, le=30)] = 1
    hour: Annotated[int, Field(ge=0, le=23)] = 0
    lasts: Seconds
    to: Share  # of the power of all its accelerators at their rating
    site: SiteId | None = None


class FleetTerms(Section):
    """Failures and checkpoints, how the fleet is run, power caps; how kept time and power are found."""

    method: Literal["analytic", "simulated"] = "analytic"
    reliability: catalogue_id("reliability") = "meta-llama3-h100"  # type: ignore[valid-type]
    age: Months | None = None
    checkpoint_write: Seconds | None = None
    checkpoint_interval: Seconds | None = None
    checkpoint_tiers: catalogue_id("checkpoints") | None = None  # type: ignore[valid-type]
    restart: Seconds | None = None
    recovery: Literal["stall", "replica", "elastic"] | None = None
    software_failures: PerDay | None = None  # type: ignore[valid-type]
    job_failures: PerDay | None = None  # type: ignore[valid-type]
    confined_software: Share | None = None  # of those for each accelerator, with recovery replica
    spares: amount("1", at_least=0.0, at_most=0.9) | None = None  # type: ignore[valid-type]
    technicians: Annotated[int, Field(ge=1)] | None = None
    lemons_out: LemonsOut | None = None
    stragglers: Stragglers | None = None
    maintenance: MaintenanceRounds | None = None
    policy: str = ""  # of the simulator: a name of its rules, or a file of the policy language
    placement: Literal["best-fit", "rack-aligned", "spread"] | None = None
    preemption: bool = False
    defragmentation: bool = False
    curtailments: tuple[PowerCut, ...] = ()
    power_response: Literal["throttle", "preempt"] | None = None
    power_cap: dict[AcceleratorId, Watts] | None = None  # of the package, for all accelerators of a kind

    @field_validator("policy")
    @classmethod
    def _is_known(cls, policy: str) -> str:
        """Refuse a name that is none of the simulator's; whether a file is there is seen when it is read."""
        if policy and policy not in POLICIES and not policy.endswith(WRITTEN_SUFFIX):
            message = f'"{policy}" is no policy, nor a file that ends in {WRITTEN_SUFFIX}. {nearest(policy, POLICIES)}'
            raise ValueError(message)
        return policy
