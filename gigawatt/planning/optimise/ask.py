"""The question: which goal, by when, for which work, how exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.buildout.optimise import Goal
from gigawatt.errors import InputError, nearest
from gigawatt.planning.optimise.inputs import Problem
from gigawatt.planning.optimise.work import PoolWork, whole_flops
from gigawatt.planning.outcome import h100_equivalents
from gigawatt.records import Month

GOALS = {
    "npv": "most net present value",
    "compute": "most training compute",
    "tokens": "most output tokens served",
    "time": "earliest end of a training run",
    "cost": "least discounted cost of the work",
    "carbon": "least carbon of the work",
}
MONTHLY_MONTHS = 120  # plans up to this long are chosen by months where nothing else is asked
H100E_MONTH = "H100-equivalent months"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the optimiser.

    Attributes
    ----------
    goal : str
        npv, compute, tokens, time, cost, carbon.
    by : Month or None
        Until when compute and tokens count; the plan's end where None.
    about : str
        Training run (its label or model), or pool for tokens; the largest where empty.
    gap_frac : float
        How close to the proven bound is good enough. [-]
    step : str
        quarter or month; where empty months, and quarters for plans of more than ten years.
    time_limit_s : float
    """

    goal: str = "npv"
    by: Month | None = None
    about: str = ""
    gap_frac: float = 0.005
    step: str = ""
    time_limit_s: float = 120.0

    def __post_init__(self) -> None:
        """Refuse a goal that there is not."""
        if self.goal not in GOALS:
            message = f'goal "{self.goal}" is unknown. {nearest(self.goal, GOALS)}'
            raise InputError(message)
        if not 0.0 <= self.gap_frac < 1.0:
            message = f"a gap of {self.gap_frac:.1%} is none; it lies from 0 to below 100 %"
            raise InputError(message)

    def period(self, months_count: int) -> str:
        """Return the step, filled in for a plan of some months."""
        return self.step or ("month" if months_count <= MONTHLY_MONTHS else "quarter")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the engine takes it.

    Attributes
    ----------
    goal : Goal
    label, unit : str
        The figure that is sought, in words; its unit for `say`.
    about : str
        Run or pool that it speaks of.
    """

    goal: Goal
    label: str
    unit: str
    about: str = ""


def find(name: str, known: list[tuple[str, str]], what: str) -> int:
    """Return the position of a piece of work by its label or its model.

    Raises
    ------
    InputError
        If there is none of that name, or none at all.
    """
    if not known:
        message = f"the scenario has no {what} for this goal"
        raise InputError(message)
    for position, names in enumerate(known):
        if name in names:
            return position
    message = f'"{name}" is no {what} of the scenario. {nearest(name, [n for names in known for n in names])}'
    raise InputError(message)


def run_position(problem: Problem, about: str) -> int:
    """Return the training run that a question speaks of: the largest where it names none."""
    if not about and problem.runs:
        return max(range(len(problem.runs)), key=lambda u: whole_flops(problem.runs[u].run))
    return find(about, [(item.run.label, item.run.work.train) for item in problem.runs], "training run")


def asked_of(question: Question, problem: Problem) -> Asked:
    """Translate a question for the engine; `time` is made of several and done by `earliest`.

    Raises
    ------
    InputError
        If it names work or a date that the scenario does not have.
    """
    periods = problem.periods
    until = periods.until(question.by) if question.by else periods.count
    if not until:
        message = f"by {question.by} no period of the plan has ended; it starts in {periods.axis.start}"
        raise InputError(message)
    by = str(periods.last_month(until - 1))
    if question.goal == "compute":
        return _compute(question, problem, until, by)
    if question.goal == "tokens":
        return _tokens(question, problem, until, by)
    if question.goal == "cost":
        return Asked(Goal("cost", required_pools=True), "discounted cost of the work", "USD")
    if question.goal == "carbon":
        return Asked(Goal("carbon", required_pools=True), "carbon of the whole fleet", "t")
    if question.goal == "time":
        run = run_position(problem, question.about)
        return Asked(Goal("work", run=run), "share of the run done", "x", problem.runs[run].run.label)
    return Asked(Goal("npv"), "NPV", "USD")


def _compute(question: Question, problem: Problem, until: int, by: str) -> Asked:
    """Return the goal of most training compute: in FLOPs of a run, in H100-equivalents where there is none."""
    if not problem.runs:
        weights_K = h100_equivalents(problem.prepared.catalogue, problem.inputs.kinds)
        rate_V = np.array([weights_K[variant.kind] * variant.speed_frac for variant in problem.variants])
        label = f"compute to the end of {by}, {H100E_MONTH}"
        return Asked(Goal("compute", until, rate_V, required_runs=False), label, "x")
    run = run_position(problem, question.about)
    work = problem.runs[run]
    rate_V = np.zeros(len(problem.variants))
    for way, flops in zip(work.need.ways, work.flops_per_month, strict=True):
        rate_V[way.variant] = max(rate_V[way.variant], flops)
    label = f"training compute to the end of {by}, as fast as {work.run.label} runs"
    return Asked(Goal("compute", until, rate_V, required_runs=False), label, "FLOP", work.run.label)


def _tokens(question: Question, problem: Problem, until: int, by: str) -> Asked:
    """Return the goal of most tokens: what accelerators that nothing else needs serve, at a pool's mix of requests."""
    pools = [item for item in problem.pools if item.need.output_tokens_P.any()]
    names = [(item.label, item.served) for item in pools]
    position = find(question.about, names, "serving pool") if question.about or not pools else _largest(pools)
    need = pools[position].need
    busiest = int(np.argmax(need.output_tokens_P / problem.periods.months_P))
    gpus_V = need.gpus_VP[:, busiest]
    tokens = need.output_tokens_P[busiest] / problem.periods.months_P[busiest]
    rate_V = np.divide(tokens, gpus_V, out=np.zeros_like(gpus_V), where=np.isfinite(gpus_V) & (gpus_V > 0.0))
    label = f"output tokens to the end of {by}, asked as {pools[position].label}"
    return Asked(Goal("tokens", until, rate_V), label, "token", pools[position].label)


def _largest(pools: list[PoolWork]) -> int:
    """Return the pool with most tokens."""
    return int(np.argmax([float(item.need.output_tokens_P.sum()) for item in pools]))
