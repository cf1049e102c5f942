"""How a fleet is run: who goes first, where, under which limits of power."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gigawatt.engines.fleet.simulation import Partition, PowerLimit, Rules
from gigawatt.planning.fleet.question import POLICY, Question, is_written
from gigawatt.planning.policies import read_policy


def rules_of(asked: Question, quota_gpus: tuple[int, ...]) -> Rules:
    """Return the rules that are asked for.

    Parameters
    ----------
    asked : Question
        Its policy is a name, or a file with a written one.
    quota_gpus : tuple of int
        Of the tenants.

    Returns
    -------
    Rules

    Raises
    ------
    InputError
        If the policy is a file and cannot be read as one: what, where, what would do.
    """
    rules = Rules(
        policy=asked.policy,
        placement=asked.placement,
        quota_gpus=quota_gpus if asked.quotas else (),
        preemption=asked.preemption,
        spare_frac=asked.spare_frac,
    )
    return _written(rules, Path(asked.policy)) if is_written(asked.policy) else rules


def _written(rules: Rules, path: Path) -> Rules:
    """Return rules with the policies of a file; what they leave to a hand-written rule is that of the usual one."""
    written = read_policy(path)
    return replace(
        rules,
        policy=POLICY,
        written=written,
        preemption=rules.preemption or written.victim is not None,
        power_response="preempt" if written.power is not None else rules.power_response,
    )


def power_limits(asked: Question, partitions: tuple[Partition, ...], duration_s: float) -> tuple[PowerLimit, ...]:
    """Return what each site may draw: the cap throughout, less while power is curtailed.

    Parameters
    ----------
    asked : Question
    partitions : tuple of Partition
    duration_s : float
        Curtailments that start later are left out. [s]

    Returns
    -------
    tuple of PowerLimit
        In order of time for each site.
    """
    cap_w = asked.power_cap_w or float("inf")
    limits: list[PowerLimit] = []
    for site in dict.fromkeys(part.site for part in partitions):
        full_w = sum(part.busy_w * part.nodes_count * part.node_gpus_count for part in partitions if part.site == site)
        if asked.power_cap_w:
            limits.append(PowerLimit(site, 0.0, cap_w))
        for item in sorted(asked.curtailments, key=lambda each: each.start_s):
            if item.start_s < duration_s:
                limits.append(PowerLimit(site, item.start_s, min(cap_w, item.limit_frac * full_w)))
                limits.append(PowerLimit(site, item.start_s + item.duration_s, cap_w))
    return tuple(limits)
