"""The best build-out of a scenario: the goal, the programme, its answer, and the plan that it becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gigawatt.engines.buildout.optimise import Choice, Goal, OptimiseInputs, Optimum, Tell, evaluate, optimise
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.optimise import answer as words
from gigawatt.planning.optimise.answer import Beaten, OptimiseAnswer, record_of
from gigawatt.planning.optimise.as_plan import as_scenario, mixed_caps
from gigawatt.planning.optimise.ask import GOALS, Asked, Question, asked_of, run_position
from gigawatt.planning.optimise.conflict import in_words
from gigawatt.planning.optimise.earliest import COUNT_FACTORS, earliest
from gigawatt.planning.optimise.inputs import Problem, problem_of
from gigawatt.planning.optimise.periods import periods_of
from gigawatt.planning.optimise.rivals import Rival, rivals_of
from gigawatt.planning.outcome import Outcome, Prepared, carry, prepare, with_loads
from gigawatt.scenario.resolve import Resolved

__all__ = ["GOALS", "OptimiseAnswer", "Question", "best_plan", "optimised", "record_of"]


def best_plan(resolved: Resolved, question: Question | None = None, tell: Tell | None = None) -> OptimiseAnswer:
    """Find the best purchases and placements of a scenario.

    Parameters
    ----------
    resolved : Resolved
        Scenario with every default filled.
    question : Question, optional
        Most net present value, by quarters, to 0.5 %, where not given.
    tell : function, optional
        Is told the progress of the search and says whether to stop.

    Returns
    -------
    OptimiseAnswer
        With the bound that none can better, what binds and what that costs.

    Raises
    ------
    InfeasibleError
        If nothing satisfies the constraints; names a smallest set that excludes each other.
    InputError
        If nothing is on offer, or the question names what the scenario does not have.
    """
    asked = question or Question()
    figures = Figures()
    prepared, outcome = _first_pass(resolved, figures)
    problem = _problem(prepared, outcome, asked, figures)
    if asked.goal == "time":
        return _fastest(resolved, problem, asked, tell)
    goal = asked_of(asked, problem)
    rivals = rivals_of(problem)
    found = optimise(
        problem.inputs,
        goal.goal,
        gap_frac=asked.gap_frac,
        time_limit_s=asked.time_limit_s,
        starts=[rival.ordered_KP for rival in rivals],
        tell=tell,
    )
    choice = _checked(found, problem)
    beaten = [_beaten(rival, problem.inputs, goal.goal, problem) for rival in rivals]
    return _answer(resolved, problem, goal, found, choice, beaten)


def optimised(resolved: Resolved) -> Resolved:
    """Return the scenario that has the orders of most net present value in place of the rule `optimise`."""
    return best_plan(resolved).resolved


def _first_pass(resolved: Resolved, figures: Figures) -> tuple[Prepared, Outcome]:
    """Run the scenario's own plan, as `make_plan` does; the rule `optimise` counts as spending the budget."""
    scenario = resolved.scenario
    if not scenario.purchases.offer:
        message = "optimise needs kinds on offer, purchases.offer; the scenario has none"
        raise InputError(message)
    if scenario.purchases.rule == "optimise":
        purchases = scenario.purchases.model_copy(update={"rule": "spend-the-budget"})
        scenario = scenario.model_copy(update={"purchases": purchases})
    prepared = prepare(scenario, resolved.catalogue, figures)
    prepared = with_loads(prepared, carry(prepared, figures), figures)
    return prepared, carry(prepared, figures)


def _problem(prepared: Prepared, outcome: Outcome, asked: Question, figures: Figures) -> Problem:
    """Lay the scenario out, with what the goal needs."""
    free = not outcome.inputs.capex_budget_usd_T.any()
    if free and asked.goal not in ("cost", "carbon"):
        message = f"goal {asked.goal} needs a budget, and the scenario has none; cost and carbon need none"
        raise InputError(message)
    axis = prepared.scenario.horizon.axis
    periods = periods_of(axis, asked.period(axis.months_count))
    problem = problem_of(prepared, outcome, periods, figures, free_budget=free)
    if asked.goal != "time":
        return problem
    label = problem.runs[run_position(problem, asked.about)].run.label
    return problem_of(prepared, outcome, periods, figures, factors={label: COUNT_FACTORS}, free_budget=free)


def _checked(found: Optimum, problem: Problem) -> Choice:
    """Return the choice, or say why there is none."""
    if found.status == "impossible":
        raise InfeasibleError(in_words(found.clashes, problem))
    if found.choice is None:
        message = "nothing was found in the time given; the search had not ended"
        raise InfeasibleError(message)
    return found.choice


def _beaten(rival: Rival, inputs: OptimiseInputs, goal: Goal, problem: Problem) -> Beaten:
    """Judge a rival's orders by the same goal."""
    judged = evaluate(inputs, goal, rival.ordered_KP)
    why = ""
    if judged.choice is None:
        why = ", ".join(" ".join((clash.what, clash.where)).strip() for clash in judged.clashes) or "not on offer"
    return Beaten(rival.name, judged.value, float(rival.ordered_KP.sum()), why)


def _fastest(resolved: Resolved, problem: Problem, asked: Question, tell: Tell | None) -> OptimiseAnswer:
    """Find the earliest end of a run, then the best plan in money that keeps to it."""
    run = run_position(problem, asked.about)
    goal = asked_of(asked, problem)
    rivals = rivals_of(problem)
    until = earliest(problem.inputs, run, asked.time_limit_s)
    if until is None:
        stuck = optimise(_with_need(problem.inputs, run, problem.periods.count), Goal("npv"))
        raise InfeasibleError(in_words(stuck.clashes, problem))
    found = optimise(
        _with_need(problem.inputs, run, until),
        Goal("npv"),
        gap_frac=asked.gap_frac,
        time_limit_s=asked.time_limit_s,
        starts=[rival.ordered_KP for rival in rivals],
        tell=tell,
    )
    choice = _checked(found, problem)
    beaten = []
    for rival in rivals:
        at = earliest(problem.inputs, run, asked.time_limit_s, rival.ordered_KP)
        why = "not within the plan" if at is None else ""
        value = float("nan") if at is None else float(problem.inputs.months_P[:at].sum())
        beaten.append(Beaten(rival.name, value, float(rival.ordered_KP.sum()), why))
    months = float(problem.inputs.months_P[:until].sum())
    label = f"months until {goal.about} is done"
    plain = replace(found, value=months, bound=months, gap_frac=0.0)
    made = _answer(resolved, problem, Asked(goal.goal, label, "month", goal.about), plain, choice, beaten)
    money = f"among all plans that are as fast, this one has the most NPV, to {100.0 * found.gap_frac:.2f} %"
    before = str(problem.periods.last_month(until - 2)) if until > 1 else ""
    return replace(
        made,
        goal="time",
        date=str(problem.periods.last_month(until - 1)),
        not_before=before,
        notes=(*made.notes, money),
    )


def _with_need(inputs: OptimiseInputs, run: int, until: int) -> OptimiseInputs:
    """Return inputs in which a run must be done by the end of a number of periods."""
    need = inputs.runs[run]
    open_P = np.where(np.arange(inputs.months_P.size) < until, need.open_months_P, 0.0)
    changed = replace(need, open_months_P=open_P)
    return replace(inputs, runs=tuple(changed if place == run else item for place, item in enumerate(inputs.runs)))


def _answer(
    resolved: Resolved, problem: Problem, goal: Asked, found: Optimum, choice: Choice, beaten: list[Beaten]
) -> OptimiseAnswer:
    """Put everything together."""
    notes = []
    free_usd, left_usd = words.money_of(problem, choice)
    if choice.sold_count_KP.any():
        notes.append(f"{choice.sold_count_KP.sum():,.0f} accelerators are sold early, which the plan does not know")
    if choice.cloud_count_CP.any():
        notes.append("accelerators are rented by the hour, which the plan does not know")
    notes += mixed_caps(problem, choice)
    return OptimiseAnswer(
        goal=goal.goal.name,
        label=goal.label,
        unit=goal.unit,
        about=goal.about,
        step=problem.periods.step,
        status=found.status,
        value=found.value,
        bound=found.bound,
        gap_frac=found.gap_frac,
        orders=tuple(words.orders_of(problem, choice)),
        placements=tuple(words.placements_of(problem, choice)),
        openings=tuple(words.openings_of(problem, choice)),
        tasks=tuple(words.tasks_of(problem, choice)),
        cloud=tuple(words.cloud_of(problem, choice)),
        scarce=words.scarce_of(problem, found.prices),
        worth_unit="USD" if goal.unit == "month" else goal.unit,
        flips=words.flips_of(problem, found),
        rivals=tuple(beaten),
        budget_usd=free_usd,
        unspent_usd=left_usd,
        columns_count=found.columns_count,
        rows_count=found.rows_count,
        integers_count=found.integers_count,
        nodes_count=found.nodes_count,
        resolved=as_scenario(resolved, problem, choice),
        notes=tuple(notes),
    )
