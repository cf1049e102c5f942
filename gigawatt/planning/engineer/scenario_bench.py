"""Slices of a scenario's fleet: a week in each of several months, with its runs, its serving pools and its power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gigawatt.engines.fleet.simulation import Jobs, Simulation
from gigawatt.errors import InfeasibleError
from gigawatt.planning.engineer.bench import ELSEWHERE, OTHER_DRAWS, OTHER_WORKLOADS, SEEDS_STEP, prepared
from gigawatt.planning.engineer.question import LEAST_WEEKS, MOST_DRAWS, Question
from gigawatt.planning.engineer.slices import (
    AFTER_S,
    BEFORE_S,
    SPLITS,
    TRAIN_DRAWS,
    WEEK_S,
    Slice,
    asked_gpus,
    drawn_anew,
    made_of,
    scaled_sizes,
    split_of,
    taken,
    weeks_of,
)
from gigawatt.planning.engineer.target import OWN
from gigawatt.planning.engineer.targets import TARGETS
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet import Question as FleetQuestion
from gigawatt.planning.fleet.of_plan import Window, plan_case, window_of
from gigawatt.planning.fleet.question import WORKLOAD
from gigawatt.planning.fleet.work import BY_KIND, trace_work
from gigawatt.planning.outcome import Outcome, Prepared, settled
from gigawatt.scenario.resolve import Resolved

OTHER_LOADS = (0.8, 1.2)  # of the scenario's own, for the proof: loads the search has not seen
RESPONSES = {"throttle": "throttle", "preempt": "newest-first"}  # rule by hand of each `Rules.power_response`
LEAST_GPUS = 64.0  # of what a scenario keeps for jobs: with less there is nothing to schedule


class _Stretch(Window):
    """The days of a slice at the start of a month."""

    __slots__ = ()

    @property
    def duration_s(self) -> float:
        """[s]."""
        return BEFORE_S + WEEK_S + AFTER_S


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan, and what is asked of it."""

    question: Question
    prepared: Prepared
    outcome: Outcome
    asked: FleetQuestion

    def kept_gpus(self, month: int) -> float:
        """Return the accelerators that the plan keeps for research and fine-tuning in a month."""
        allocation = self.outcome.allocation
        return float((allocation.reserved_KT + allocation.tuning_KT).sum(axis=0)[month])

    def case(self, month: int, stream: int, **more: object) -> Simulation:
        """Return the first days of a month, with jobs and failures of a stream of their own."""
        asked = replace(self.asked, seed=self.seed(month, stream), **more)  # type: ignore[arg-type]
        return plan_case(self.prepared, self.outcome, asked, _Stretch(month, 1), Figures()).simulation

    def seed(self, month: int, stream: int) -> int:
        """Return the seed of a stream in a month."""
        return (self.question.seed * SEEDS_STEP + month) * SEEDS_STEP + stream

    def slice(self, split: str, where: str, month: int, draw: int, simulation: Simulation) -> Slice:
        """Return a slice: no job comes after its week."""
        jobs = simulation.jobs
        kept = taken(jobs, np.flatnonzero(jobs.submit_s_N < BEFORE_S + WEEK_S), 0.0)
        made = made_of(split, where, month, draw, replace(simulation, jobs=kept))
        return prepared(self.question.target, made)


def scenario_slices(
    resolved: Resolved, question: Question, *, proof: bool
) -> tuple[tuple[Slice, ...], tuple[str, ...], str]:
    """Return the slices of a scenario's fleet, what a reader must know, and the rule that the fleet is run by.

    Parameters
    ----------
    resolved : Resolved
    question : Question
    proof : bool
        Also the slices for the proof.

    Returns
    -------
    tuple of Slice
    tuple of str
    str
        A rule of the simulator, `OWN` for one that the scenario has in a file, or empty.

    Raises
    ------
    InfeasibleError
        If the plan has too few months, or keeps no accelerators for jobs.
    """
    preemption = question.target == "victim"
    asked = FleetQuestion(
        months=question.months, workload=question.workload, load_frac=question.load_frac,
        reliability=question.reliability, preemption=preemption,
    )  # fmt: skip
    plan = _Plan(question, *settled(resolved.scenario, resolved.catalogue, Figures()), asked)
    months = _months(plan)
    found, notes = (_of_trace if question.trace else _drawn)(plan, months, proof)
    return tuple(found), notes, _own(question, found[0].simulation)


def _months(plan: _Plan) -> list[int]:
    """Return the months that a week is taken of, evenly over the window."""
    window = window_of(plan.asked, plan.prepared, plan.outcome)
    last = window.first + window.count - 1
    wanted = np.linspace(window.first, last, min(plan.question.weeks, window.count))
    found = [month for month in wanted.round().astype(int).tolist() if plan.kept_gpus(month) >= LEAST_GPUS]
    if len(found) < LEAST_WEEKS:
        message = (
            f"engineer: {plan.question.scenario} keeps accelerators for jobs in {len(found)} of the months looked at; "
            f"at least {LEAST_WEEKS} are needed, one to learn from, one to choose by and one to prove on. Runs and "
            "serving alone leave nothing to schedule"
        )
        raise InfeasibleError(message)
    return found


def _streams(question: Question, split: str) -> Iterator[tuple[int, int]]:
    """Return the draws of a split with streams of random numbers that no other split has."""
    count = min(TRAIN_DRAWS, question.draws) if split == SPLITS[0] else question.draws
    first = (*SPLITS, ELSEWHERE).index(split) * MOST_DRAWS
    return ((draw, first + draw) for draw in range(count))


def _drawn(plan: _Plan, months: list[int], proof: bool) -> tuple[list[Slice], tuple[str, ...]]:
    """Return slices with jobs drawn as the scenario's fleet has them."""
    name, splits = plan.prepared.scenario.scenario, split_of(months)
    found = [
        plan.slice(split, name, month, draw, plan.case(month, stream))
        for month, split in splits.items()
        if split != SPLITS[2] or proof
        for draw, stream in _streams(plan.question, split)
    ]
    if proof:
        found += _elsewhere(plan, [month for month, split in splits.items() if split == SPLITS[2]])
    entry = plan.prepared.catalogue.workloads[plan.question.workload or WORKLOAD]
    load = plan.question.load_frac or 1.0
    note = (
        f"jobs drawn as in {entry.name} for {100.0 * load:.0f} % of the {plan.kept_gpus(months[-1]):,.0f} accelerators "
        f"that {name} keeps for them, other seeds for each month and split; its runs and serving pools go on as well"
    )
    return found, (note, _by_time(plan, splits))


def _of_trace(plan: _Plan, months: list[int], proof: bool) -> tuple[list[Slice], tuple[str, ...]]:
    """Return slices with the jobs of a file in place of those that are drawn."""
    question, name = plan.question, plan.prepared.scenario.scenario
    jobs = trace_work(FleetQuestion(trace=question.trace, form=question.form, gpus=1)).jobs
    jobs = replace(jobs, tenant_N=np.zeros_like(jobs.tenant_N))
    weeks = weeks_of(jobs)
    splits = split_of(weeks)
    month_of = {week: months[at * len(months) // len(weeks)] for at, week in enumerate(weeks)}
    bases = {month: plan.case(month, 0) for month in dict.fromkeys(month_of.values())}
    found, scaled = [], []
    for week, split in splits.items():
        if split == SPLITS[2] and not proof:
            continue
        month = month_of[week]
        wanted = (question.load_frac or 1.0) * plan.kept_gpus(month)
        scaled.append(max(round(wanted / asked_gpus(jobs, week)), 1))
        for draw, stream in _streams(question, split):
            base = replace(bases[month], seed=plan.seed(month, stream))
            cut = _week(scaled_sizes(jobs, scaled[-1]), week, draw, base.seed)
            found.append(plan.slice(split, f"{name}, jobs of the trace", week, draw, _with_jobs(base, cut)))
    if proof:
        found += _elsewhere(plan, sorted({month_of[week] for week in weeks if splits[week] == SPLITS[2]}))
    note = (
        f"jobs of {question.trace} with their times of submission and running, {min(scaled)} to {max(scaled)} times as "
        f"large, so that each week asks for {100.0 * (question.load_frac or 1.0):.0f} % of what {name} keeps for jobs"
    )
    return found, (note, _by_time(plan, splits, "weeks of the trace"))


def _week(jobs: Jobs, week: int, draw: int, seed: int) -> Jobs:
    """Return the jobs of a week and of the two days before it, as they were or drawn anew."""
    inside = (jobs.submit_s_N >= week * WEEK_S) & (jobs.submit_s_N < week * WEEK_S + BEFORE_S + WEEK_S)
    cut = taken(jobs, np.flatnonzero(inside), week * WEEK_S)
    return drawn_anew(cut, np.random.default_rng([seed, week, draw]), BEFORE_S + WEEK_S) if draw else cut


def _with_jobs(base: Simulation, jobs: Jobs) -> Simulation:
    """Return a simulation with jobs in place of those that were drawn; its known runs stay."""
    runs = taken(base.jobs, np.flatnonzero(base.jobs.class_N >= BY_KIND), 0.0)
    both = {name: np.concatenate([getattr(runs, name), getattr(jobs, name)]) for name in Jobs.__dataclass_fields__}
    order = np.argsort(both["submit_s_N"], kind="stable")
    return replace(base, jobs=Jobs(**{name: values[order] for name, values in both.items()}))


def _elsewhere(plan: _Plan, months: list[int]) -> list[Slice]:
    """Return the test months with other loads, and with other people's jobs."""
    name, usual = plan.prepared.scenario.scenario, plan.question.load_frac or 1.0
    other = next(item for item in OTHER_WORKLOADS if item != (plan.question.workload or WORKLOAD))
    cases: list[tuple[str, int, dict[str, object]]] = [
        (f"{name} at {100.0 * frac * usual:.0f} % load", 1, {"load_frac": frac * usual}) for frac in OTHER_LOADS
    ]
    cases.append((f"{name}, jobs drawn as of {other}", OTHER_DRAWS, {"workload": other}))
    return [
        plan.slice(ELSEWHERE, where, month, draw, plan.case(month, stream, **more))
        for where, draws, more in cases
        for month in months
        for draw, stream in list(_streams(plan.question, ELSEWHERE))[:draws]
    ]


def _own(question: Question, simulation: Simulation) -> str:
    """Return the rule that the scenario's fleet is run by."""
    rules, target = simulation.rules, TARGETS[question.target]
    if rules.written is not None and getattr(rules.written, target.hook) is not None:
        return OWN
    if target.hook == "checkpoint":
        usual = all(item.checkpoint_interval_s in (0.0, float("inf")) for item in simulation.classes)
        return "" if usual else OWN
    said = {"queue": rules.policy, "placement": rules.placement, "power": RESPONSES[rules.power_response]}
    return said.get(target.hook, "")


def _by_time(plan: _Plan, splits: dict[int, str], what: str = "") -> str:
    """Say which weeks are for what."""
    start = plan.prepared.scenario.horizon.start
    named = {at: str(at) if what else str(start.plus(at)) for at in splits}
    parts = [f"{split}: {', '.join(named[at] for at in splits if splits[at] == split)}" for split in SPLITS]
    return f"{what or 'a week of each month'}, by time; {'; '.join(parts)}"
