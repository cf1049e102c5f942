"""A clash of constraints in words."""

from __future__ import annotations

import math

from gigawatt.engines.buildout.optimise import Clash
from gigawatt.planning.optimise.inputs import Problem
from gigawatt.units import say


def in_words(clashes: tuple[Clash, ...], problem: Problem) -> str:
    """Say which constraints exclude each other, and by how much each alone would have to give way.

    Parameters
    ----------
    clashes : tuple of Clash
    problem : Problem

    Returns
    -------
    str
    """
    if not clashes:
        return "nothing is possible: what is installed does not find power"
    parts = [_part(clash, problem) for clash in clashes]
    if len(parts) == 1:
        return f"nothing is possible: {parts[0]}"
    listed = "\n".join(f"- {part}" for part in parts)
    return f"nothing is possible; these exclude each other, and any one of them would have to give way:\n{listed}"


def _part(clash: Clash, problem: Problem) -> str:
    """Say one constraint and what would do."""
    alone = math.isfinite(clash.by)
    if clash.what == "budget":
        more = f"; {say(clash.by, 'USD')} more from the start would do" if alone else ""
        return f"the budget, {say(float(problem.outcome.inputs.capex_budget_usd_T.sum()), 'USD')}{more}"
    if clash.what == "power":
        more = f"; {say(clash.by, 'W')} more from the start would do" if alone else ""
        return f"the power of {clash.where}{more}"
    if clash.what == "look-ahead":
        months = problem.outcome.inputs.power_lookahead_months
        more = f"; {say(clash.by, 'W')} more would do" if alone else ""
        return f"nothing is ordered whose power comes later than {months} months after it{more}"
    if clash.what == "supply":
        months = problem.inputs.months_P.max()
        more = f"; {say(clash.by / months, 'GPU')} a month more would do" if alone else ""
        return f"the supply of {clash.where}{more}"
    if clash.what == "run":
        return _run(clash, problem)
    if clash.what == "pool":
        more = f"; {clash.by:.1%} of it unserved would do" if alone else ""
        return f"{clash.where}, served in full{more}"
    more = f"; {say(clash.by, clash.unit)} more would do" if alone else ""
    return f"the limit on {clash.what}{more}"


def _run(clash: Clash, problem: Problem) -> str:
    """Say a training run that cannot be done."""
    item = next(item for item in problem.runs if item.run.label == clash.where)
    when = f"by {item.need.deadline}" if item.need.deadline else "within the plan"
    if not item.need.ways:
        return f"{clash.where} done {when}: no accelerator of the plan can run it"
    fastest = min(way.length_months for way in item.need.ways)
    time = float(item.need.open_months_P.sum())
    if fastest * item.need.need_frac > time:
        return f"{clash.where} done {when}: its fastest way takes {fastest:.1f} months, and there are {time:.1f}"
    left = f"; {clash.by:.0%} of it left undone would do" if math.isfinite(clash.by) else ""
    return f"{clash.where} done {when}{left}"
