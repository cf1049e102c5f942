"""What the engineer can write for the fleet simulator: one row for each hook. To add one, add a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.policies.written import HOOKS, Written
from gigawatt.engines.fleet.simulation import Simulation
from gigawatt.engines.policy import Program, compile_policy
from gigawatt.errors import InputError
from gigawatt.planning.engineer.measures import Measures, gpus_of, measured
from gigawatt.planning.engineer.slices import Slice
from gigawatt.planning.engineer.target import OWN, Column, Guard, Target
from gigawatt.planning.fleet.question import Curtailment, Question
from gigawatt.planning.fleet.rules import power_limits
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

USUAL_POLICY = "easy-backfill"  # whose switches a written order keeps: who may pass a blocked job
# ASSUMPTION, for placement alone: a job slows by a twentieth for each doubling of the pods that it spans
SPREAD_SLOWDOWN_FRAC = 0.05
# ASSUMPTION, for power where the fleet has no limits of its own: four hours of each evening at half the power
CURTAILED_FROM_H, CURTAILED_H, CURTAILED_FRAC = 17.0, 4.0, 0.5
INTERVALS_S = {"daly": 0.0, "hourly": 3600.0, "three-hourly": 3 * 3600.0, "daily": 24 * 3600.0}  # [s]
GAIN_TOLERANCE = 1e-9  # relative, of rounding, before a score counts as beyond what is possible
WARM_S = 3600.0  # of a slice that is simulated before a judge's limits [s]

_WAIT = Column("mean_wait_s", "the mean wait", "mean wait h", "h", SECONDS_PER_HOUR, 3, little=60.0)
_LOST = Column("lost_frac", "the share of held time that is lost", "lost %", "%", 0.01, 3)
_DELAY = Column("delay_frac", "the time beyond the work of GPU-hours, over their work", "delay %", "%", 0.01, 3)
_OVER = Column("over_frac", "the energy above the limits of power", "over %", "%", 0.01, 4)
_ENERGY = Column("kwh_per_gpu_h", "the energy per useful GPU-hour", "kWh/GPU-h", "kWh", 1.0, 4, shown=False)
_COLUMNS = (
    _WAIT,
    Column("tail_wait_s", "the 99th percentile of waits", "p99 h", "h", SECONDS_PER_HOUR, 3),
    Column("largest_wait_s", "the mean wait of the largest jobs", "largest h", "h", SECONDS_PER_HOUR, 3),
    Column("longest_wait_s", "the longest wait", "longest h", "h", SECONDS_PER_HOUR, 3, shown=False),
    Column("goodput_frac", "goodput", "goodput %", "%", 0.01, 2, shown=False),
    _LOST,
    Column("waiting_frac", "the share of jobs that never start", "never %", "%", 0.01, 2, shown=False),
)
WAIT_RATIO = 1.25  # waits may be so much longer than under the worse of best and usual rule by hand
LEAST_LIMIT_S = 60.0  # of a guard: where nobody waits, a minute is no starvation
# goodput may be lower by a fifth of a point and still counts as equal; a thousandth of the jobs may still wait
_GUARDS = (
    Guard("tail_wait_s", WAIT_RATIO, LEAST_LIMIT_S),
    Guard("largest_wait_s", WAIT_RATIO, LEAST_LIMIT_S),
    Guard("mean_wait_s", WAIT_RATIO, LEAST_LIMIT_S),
    Guard("goodput_frac", slack=0.002, more=True),
    Guard("waiting_frac", slack=0.001),
)
# Of power: who waits no longer than a curtailment is not starved; a five-thousandth of the energy may be above the
# limits, which is what notices to jobs take; a useful hour may take a hundredth more energy.
_POWER_GUARDS = (
    Guard("tail_wait_s", WAIT_RATIO, CURTAILED_H * SECONDS_PER_HOUR),
    Guard("largest_wait_s", WAIT_RATIO, CURTAILED_H * SECONDS_PER_HOUR),
    *(item for item in _GUARDS if not item.ratio),
    Guard("over_frac", slack=0.0002),
    Guard("kwh_per_gpu_h", ratio=1.01),
)

Change = Callable[[Simulation], Simulation]


def _same(simulation: Simulation) -> Simulation:
    """Return a simulation as it is."""
    return simulation


@dataclass(frozen=True, slots=True)
class FleetTarget(Target):
    """A hook of the fleet simulator.

    Attributes
    ----------
    changes : mapping of str to callable
        For each rule by hand of the simulator, a simulation under it.
    prepare : callable
        Makes a fleet one in which the policy matters.
    switch : callable
        What a written policy needs beside itself.
    """

    changes: Mapping[str, Change] = field(default_factory=dict)
    prepare: Change = _same
    switch: Change = _same

    def by_hand(self, rival: str, simulation: Simulation) -> Simulation:
        """Return a simulation under a rule written by hand; raise InputError if there is none of that name."""
        if rival == OWN:
            return simulation
        if rival in self.books:
            return self.by_program(compile_policy(self.books[rival], self.features), simulation)
        if rival not in self.changes:
            message = f'"{rival}" is no {self.name} by hand; there are {", ".join((*self.rivals, *self.books))}'
            raise InputError(message)
        return self.changes[rival](self._with(None, simulation))

    def by_program(self, program: Program, simulation: Simulation) -> Simulation:
        """Return a simulation under a written policy; the fleet's other written policies stay."""
        return self.switch(self._with(program, simulation))

    def _with(self, program: Program | None, simulation: Simulation) -> Simulation:
        """Return a simulation with this hook set, or left to the rules by hand."""
        written = replace(simulation.rules.written or Written(), **{self.hook: program})
        kept = written if any(item is not None for item in written.programs) else None
        return replace(simulation, rules=replace(simulation.rules, written=kept))

    def measure(self, item: Slice, program: Program | None, rival: str = "") -> Measures:
        """Simulate a slice; return its measures."""
        from gigawatt.engines.fleet import simulate  # heavy, and only needed here

        simulation = (
            self.by_hand(rival, item.simulation) if program is None else self.by_program(program, item.simulation)
        )
        return measured(simulate(simulation), simulation, item.counts_N, item.largest_N)

    def alarm(self, row: Measures, item: Slice) -> str:
        """Say which measure is beyond what any policy can reach."""
        if row.impossible_count > 0.0:
            what = "a job ended before its work was done, more was held than there is, or work took no energy"
            return f"{row.impossible_count:,.0f} times {what}"
        least_s = item.least_wait_s * (1.0 - GAIN_TOLERANCE)
        if row.waiting_frac == 0.0 and row.mean_wait_s < least_s:
            return f"a mean wait of {row.mean_wait_s:,.1f} s, where no schedule has less than {least_s:,.1f} s"
        most = asked_frac(item.simulation) * (1.0 + GAIN_TOLERANCE)
        if row.goodput_frac > most and self.wanted != _WAIT.name:
            return f"goodput of {row.goodput_frac:.6f}, where the jobs ask for {most:.6f}"
        return "less than nothing is lost" if min(row.lost_frac, row.delay_frac) < 0.0 else ""

    def least(self, item: Slice) -> float:
        """Return the mean wait that no schedule can undercut; nothing is proven of other measures."""
        return item.least_wait_s if self.bound else 0.0

    def short(self, item: Slice) -> Slice:
        """Return an hour of a slice."""
        return replace(item, simulation=replace(item.simulation, duration_s=WARM_S))


def asked_frac(simulation: Simulation) -> float:
    """Return what jobs and serving pools ask for over the accelerator time that there is; at most 1. [-]."""
    duration_s = simulation.duration_s
    asked = float(simulation.jobs.gpus_N @ simulation.jobs.work_s_N)
    for pool in simulation.pools:
        hours = -(-int(duration_s) // int(SECONDS_PER_HOUR))
        asked += SECONDS_PER_HOUR * sum(pool.gpus_by_hour[hour % len(pool.gpus_by_hour)] for hour in range(hours))
    return min(asked / (gpus_of(simulation) * duration_s), 1.0)


def _rule(simulation: Simulation, **rules: str) -> Simulation:
    """Return a simulation with other rules."""
    return replace(simulation, rules=replace(simulation.rules, **rules))  # type: ignore[arg-type]


def _spread(simulation: Simulation) -> Simulation:
    """Let jobs over several pods run slower."""
    classes = tuple(replace(item, spread_slowdown_frac=SPREAD_SLOWDOWN_FRAC) for item in simulation.classes)
    return replace(simulation, classes=classes)


def _preempting(simulation: Simulation) -> Simulation:
    """Let jobs of higher priority take nodes."""
    return replace(simulation, rules=replace(simulation.rules, preemption=True))


def _every(simulation: Simulation, interval_s: float) -> Simulation:
    """Return a simulation in which what writes checkpoints does so at an interval."""
    classes = tuple(
        item if item.checkpoint_interval_s == float("inf") else replace(item, checkpoint_interval_s=interval_s)
        for item in simulation.classes
    )
    return replace(simulation, classes=classes)


def _curtailed(simulation: Simulation) -> Simulation:
    """Hold the power of a fleet down each evening, where it has no limits of its own."""
    if simulation.power_limits:
        return simulation
    days = -(-int(simulation.duration_s) // int(SECONDS_PER_DAY))
    start_s, length_s = CURTAILED_FROM_H * SECONDS_PER_HOUR, CURTAILED_H * SECONDS_PER_HOUR
    held = tuple(Curtailment(day * SECONDS_PER_DAY + start_s, length_s, CURTAILED_FRAC) for day in range(days))
    limits = power_limits(Question(curtailments=held), simulation.partitions, simulation.duration_s)
    return replace(simulation, power_limits=limits)


def _row(hook: str, wanted: Column, changes: Mapping[str, Change], **more: object) -> FleetTarget:
    """Return a target with what all on this simulator share; the columns of what is wanted come first."""
    columns = (wanted, *(item for item in _COLUMNS if item != wanted))
    usual: dict[str, object] = {
        "features": HOOKS[hook], "measures": Measures, "columns": columns, "guards": _GUARDS,
        "behaviour": ("largest_wait_s", "tail_wait_s"), "rivals": tuple(changes),
    }  # fmt: skip
    return FleetTarget(hook=hook, wanted=wanted.name, changes=changes, **(usual | more))  # type: ignore[arg-type]


# WFP3 and UNICEF: W. Tang et al., "Fault-aware, utility-based job scheduling on Blue Gene/P systems," CLUSTER 2009.
# F1: D. Carastan-Santos, R. de Camargo, "Obtaining dynamic scheduling policies with simulation and machine learning,"
# SC 2017.
FLEET_TARGETS = (
    _row(
        "queue", _WAIT, {name: partial(_rule, policy=name) for name in POLICIES},
        name="scheduler",
        about="which waiting job goes first",
        contract="A number for each waiting job; the highest goes first, equal ones in order of submission. A job that "
        "does not fit is passed only by those that do not delay it (easy backfilling by stated running times).",
        usual=USUAL_POLICY,
        books={
            "shortest, others pass": "-run_time_s",
            "smallest, others pass": "-job_gpus",
            "least area, others pass": "-job_gpus * run_time_s",
            "WFP3": "(wait_s / (1 + run_time_s)) ** 3 * job_gpus",
            "UNICEF": "wait_s / (log(1 + job_gpus) * (1 + run_time_s))",
            "F1": "-(log(1 + run_time_s) * job_gpus + 870 * log(1 + submit_s))",
        },
        switch=partial(_rule, policy=USUAL_POLICY),
        bound="No schedule has a mean wait below {} there.",
        notes=("all policies know each job's running time as stated, which is the true one here",),
    ),
    _row(
        "placement", _LOST, {name: partial(_rule, placement=name) for name in PLACEMENTS},
        name="placement",
        about="which pod a job goes to",
        contract="A number for each pod with room; the job goes to the highest, of equal ones to the tightest.",
        usual="best-fit",
        books={"fullest": "-pod_free_nodes", "emptiest": "pod_free_nodes", "fewest failures": "-pod_failures"},
        prepare=_spread,
        notes=(f"a job slows by {100.0 * SPREAD_SLOWDOWN_FRAC:.0f} % for each doubling of the pods that it spans",),
    ),
    _row(
        "victim", _LOST, {"newest-first": _same},
        name="victim",
        about="which job gives its nodes to one of higher priority",
        contract="A number for each running job of lower priority; the highest leaves first, of equal ones the newest.",
        usual="newest-first",
        books={"least running": "-running_s", "least lost": "-unsaved_s * held_gpus", "smallest": "-held_gpus"},
        prepare=_preempting,
    ),
    _row(
        "checkpoint", _LOST, {name: partial(_every, interval_s=value) for name, value in INTERVALS_S.items()},
        name="checkpoint",
        about="how long a job works between two checkpoints",
        contract="Seconds between two checkpoints of a job that starts; 0 or less takes the best interval by Daly's "
        "model.",
        usual="daly",
        books={"Young": "sqrt(2 * write_s * mttf_s)", "half of Daly": "best_interval_s / 2"},
        orders=False,
    ),
    _row(
        "power", _DELAY,
        {
            "throttle": partial(_rule, power_response="throttle"),
            "throttle, no new starts": partial(_rule, power_response="throttle", policy="energy-aware"),
            "newest-first": partial(_rule, power_response="preempt"),
        },
        name="power",
        about="which job leaves a site that is over its limit of power",
        contract="A number for each running job; the highest leaves first, with notice, of equal ones the newest, "
        "until the site is under its limit. Nothing starts that would take it over.",
        usual="throttle",
        books={
            "largest": "held_gpus",
            "most left": "left_s",
            "least lost": "-unsaved_s * held_gpus",
            "most power for the least lost": "job_w / (1 + (unsaved_s + restart_s) * held_gpus)",
        },
        columns=(_DELAY, _OVER, *(replace(item, shown=item in (_WAIT, _LOST)) for item in _COLUMNS), _ENERGY),
        guards=_POWER_GUARDS,
        prepare=_curtailed,
        switch=partial(_rule, power_response="preempt"),
        notes=(
            f"where the fleet has no limits of its own, its power is held to {100.0 * CURTAILED_FRAC:.0f} % for "
            f"{CURTAILED_H:.0f} h from {CURTAILED_FROM_H:.0f} h on each day",
            "work done with less energy than its load takes would raise an alarm",
        ),
    ),
)  # fmt: skip
