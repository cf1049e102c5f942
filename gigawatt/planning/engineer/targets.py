"""What the engineer can write: for each target the hook of the simulator, what is wanted, and the rules by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.policies.written import HOOKS, Written
from gigawatt.engines.fleet.simulation import Simulation
from gigawatt.engines.policy import Features, Program, compile_policy
from gigawatt.errors import InputError
from gigawatt.units import SECONDS_PER_HOUR

WAIT, LOST = "mean_wait_s", "lost_frac"  # what shall be small: fields of Measures
USUAL_POLICY = "easy-backfill"  # whose switches a written order keeps: who may pass a blocked job
# ASSUMPTION, for placement alone: a job slows by a twentieth for each doubling of the pods that it spans
SPREAD_SLOWDOWN_FRAC = 0.05


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of policy.

    Attributes
    ----------
    hook : str
        Field of the simulator's `Written`.
    wanted : str
        Measure that shall be small.
    about : str
        What the policy decides, in a sentence.
    contract : str
        What a value means.
    rivals : tuple of str
        Rules by hand that the simulator has.
    usual : str
        The rule that the simulator takes where nothing is said.
    books : dict of str to str
        Rules by hand from the literature, as texts by name: a search begins with them and has to beat them, too.
    """

    hook: str
    wanted: str
    about: str
    contract: str
    rivals: tuple[str, ...]
    usual: str
    books: dict[str, str]


# WFP3 and UNICEF: W. Tang et al., "Fault-aware, utility-based job scheduling on Blue Gene/P systems," CLUSTER 2009.
# F1: D. Carastan-Santos, R. de Camargo, "Obtaining dynamic scheduling policies with simulation and machine learning,"
# SC 2017.
TARGETS: dict[str, Target] = {
    "scheduler": Target(
        "queue",
        WAIT,
        "which waiting job goes first",
        "A number for each waiting job; the highest goes first, equal ones in order of submission. A job that does not "
        "fit is passed only by those that do not delay it (easy backfilling by stated running times).",
        tuple(POLICIES),
        USUAL_POLICY,
        {
            "shortest, others pass": "-run_time_s",
            "smallest, others pass": "-job_gpus",
            "least area, others pass": "-job_gpus * run_time_s",
            "WFP3": "(wait_s / (1 + run_time_s)) ** 3 * job_gpus",
            "UNICEF": "wait_s / (log(1 + job_gpus) * (1 + run_time_s))",
            "F1": "-(log(1 + run_time_s) * job_gpus + 870 * log(1 + submit_s))",
        },
    ),
    "placement": Target(
        "placement",
        LOST,
        "which pod a job goes to",
        "A number for each pod with room; the job goes to the highest, of equal ones to the tightest.",
        tuple(PLACEMENTS),
        "best-fit",
        {"fullest": "-pod_free_nodes", "emptiest": "pod_free_nodes", "fewest failures": "-pod_failures"},
    ),
    "victim": Target(
        "victim",
        LOST,
        "which job gives its nodes to one of higher priority",
        "A number for each running job of lower priority; the highest leaves first, of equal ones the newest.",
        ("newest-first",),
        "newest-first",
        {"least running": "-running_s", "least lost": "-unsaved_s * held_gpus", "smallest": "-held_gpus"},
    ),
    "checkpoint": Target(
        "checkpoint",
        LOST,
        "how long a job works between two checkpoints",
        "Seconds between two checkpoints of a job that starts; 0 or less takes the best interval by Daly's model.",
        ("daly", "hourly", "three-hourly", "daily"),
        "daly",
        {"Young": "sqrt(2 * write_s * mttf_s)", "half of Daly": "best_interval_s / 2"},
    ),
}
_INTERVALS_S = {"daly": 0.0, "hourly": SECONDS_PER_HOUR, "three-hourly": 3 * SECONDS_PER_HOUR,
                "daily": 24 * SECONDS_PER_HOUR}  # fmt: skip


def names_by_hand(target: str) -> tuple[str, ...]:
    """Return the rules by hand: those of the simulator, then those of the books."""
    return (*TARGETS[target].rivals, *TARGETS[target].books)


def features_of(target: str) -> Features:
    """Return what policies of a target can read."""
    return HOOKS[TARGETS[target].hook]


def prepared(target: str, simulation: Simulation) -> Simulation:
    """Return a simulation in which a target's policy matters, before any is chosen."""
    if target == "placement":
        classes = tuple(replace(item, spread_slowdown_frac=SPREAD_SLOWDOWN_FRAC) for item in simulation.classes)
        return replace(simulation, classes=classes)
    if target == "victim":
        return replace(simulation, rules=replace(simulation.rules, preemption=True))
    return simulation


def by_hand(target: str, rival: str, simulation: Simulation) -> Simulation:
    """Return a simulation under a rule written by hand.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if rival in TARGETS[target].books:
        return by_program(target, compile_policy(TARGETS[target].books[rival], features_of(target)), simulation)
    if rival not in TARGETS[target].rivals:
        message = f'"{rival}" is no {target} by hand; there are {", ".join(names_by_hand(target))}'
        raise InputError(message)
    if target == "scheduler":
        return replace(simulation, rules=replace(simulation.rules, policy=rival))
    if target == "placement":
        return replace(simulation, rules=replace(simulation.rules, placement=rival))
    if target == "checkpoint":
        classes = tuple(
            item
            if item.checkpoint_interval_s == float("inf")
            else replace(item, checkpoint_interval_s=_INTERVALS_S[rival])
            for item in simulation.classes
        )
        return replace(simulation, classes=classes)
    return simulation


def by_program(target: str, program: Program, simulation: Simulation) -> Simulation:
    """Return a simulation under a written policy."""
    written = Written(**{TARGETS[target].hook: program})
    rules = replace(simulation.rules, written=written)
    if target == "scheduler":
        rules = replace(rules, policy=USUAL_POLICY)
    return replace(simulation, rules=rules)
