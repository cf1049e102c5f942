"""How a fleet is run: who goes first, where, under which limits of power."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from gigawatt.engines.fleet.simulation import Partition, PowerLimit, Rules
from gigawatt.errors import Fault, InputError, nearest
from gigawatt.planning.fleet.question import POLICY, POWER_RESPONSES, Question, is_written
from gigawatt.planning.policies import read_policy
from gigawatt.scenario.fleet import POLICIES, WRITTEN_SUFFIX
from gigawatt.scenario.resolve import Resolved


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
        defragmentation=asked.defragmentation,
        spare_frac=asked.spare_frac,
        power_response=asked.power_response or POWER_RESPONSES[0],
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


def policy_faults(resolved: Resolved) -> list[Fault]:
    """Return what is wrong with the file of a policy that a scenario names, if it names one.

    Parameters
    ----------
    resolved : Resolved

    Returns
    -------
    list of Fault
        At the line where the scenario names it; with the place in that file, if it is there.
    """
    policy = resolved.scenario.fleet.policy
    try:
        if policy and is_written(policy):
            read_policy(Path(policy))
    except InputError as error:
        file, _, line = resolved.origins.get("fleet.policy", "").rpartition(":")
        problem, told, remedy = str(error).rstrip(".").partition(" Nearest: ")
        if not told and not Path(policy).is_file():
            remedy = nearest(policy, [*map(str, sorted(Path(policy).parent.glob(f"*{WRITTEN_SUFFIX}"))), *POLICIES])
        elif told:
            remedy = f"Nearest: {remedy}."
        problem = f"{problem.rstrip('.')}."
        return [Fault(file or "scenario", int(line) if line.isdecimal() else 0, "fleet.policy", problem, remedy)]
    return []


def power_limits(
    asked: Question,
    partitions: tuple[Partition, ...],
    duration_s: float,
    capacity: tuple[PowerLimit, ...] = (),
) -> tuple[PowerLimit, ...]:
    """Return what each site may draw: the least of its capacity, the cap and what a curtailment leaves.

    Parameters
    ----------
    asked : Question
    partitions : tuple of Partition
    duration_s : float
        Curtailments that start later are left out. [s]
    capacity : tuple of PowerLimit
        Of the sites themselves, in order of time for each.

    Returns
    -------
    tuple of PowerLimit
        In order of time for each site; none for a site without a limit.

    Raises
    ------
    InputError
        If a curtailment is of a site without accelerators.
    """
    sites = tuple(dict.fromkeys(part.site for part in partitions))
    for item in asked.curtailments:
        if item.site and item.site not in sites:
            message = f'curtailment: site "{item.site}" has no accelerators here. {nearest(item.site, sites)}'
            raise InputError(message)
    limits: list[PowerLimit] = []
    for site in sites:
        full_w = sum(part.busy_w * part.nodes_count * part.node_gpus_count for part in partitions if part.site == site)
        own = [(limit.start_s, limit.limit_w) for limit in capacity if limit.site == site]
        cuts = [item for item in asked.curtailments if item.site in ("", site) and item.start_s < duration_s]
        ends = [time_s for item in cuts for time_s in (item.start_s, item.start_s + item.duration_s)]
        times_s = sorted({start_s for start_s, _ in own} | set(ends) | ({0.0} if asked.power_cap_w else set()))
        for time_s in times_s:
            own_w = next((limit_w for start_s, limit_w in own[::-1] if start_s <= time_s), math.inf)
            cut_frac = [item.limit_frac for item in cuts if item.start_s <= time_s < item.start_s + item.duration_s]
            held_w = min(cut_frac) * full_w if cut_frac else math.inf
            limits.append(PowerLimit(site, time_s, min(own_w, asked.power_cap_w or math.inf, held_w)))
    return tuple(limits)
