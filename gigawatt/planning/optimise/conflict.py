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
    return f"nothing is possible; these exclude each other, so that one of them must give way:\n{listed}"


def _give(clash: Clash, what: str, scale: float = 1.0) -> str:
    """Say by how much a constraint would have to give way: what would do, or what is needed at the least."""
    if math.isfinite(clash.by):
        return f"; {say(clash.by * scale, clash.unit)} {what} would do"
    if math.isfinite(clash.at_least):
        return f"; at least {say(clash.at_least * scale, clash.unit)} {what} would be needed"
    return ""


def _part(clash: Clash, problem: Problem) -> str:
    """Say one constraint and what would do."""
    plain = problem.outcome.inputs
    if clash.what == "budget":
        whole = say(float(plain.capex_budget_usd_T.sum()), "USD")
        return f"the budget, {whole} with what is committed{_give(clash, 'more from the start')}"
    if clash.what == "power":
        return f"the power of {clash.where}{_give(clash, 'more from the start')}"
    if clash.what == "look-ahead":
        late = f"nothing is ordered whose power comes later than {plain.power_lookahead_months} months after it"
        return f"{late}{_give(clash, 'more from the start')}"
    if clash.what == "supply":
        return f"the supply of {clash.where}{_give(clash, 'a month more', 1.0 / problem.inputs.months_P.max())}"
    if clash.what == "run":
        return _run(clash, problem)
    if clash.what == "pool":
        return f"{clash.where}, served in full{_share(clash, 'unserved')}"
    return f"the limit on {clash.what}{_give(clash, 'more')}"


def _share(clash: Clash, how: str) -> str:
    """Say which share of some work would have to be left."""
    if math.isfinite(clash.by):
        return f"; {100.0 * clash.by:.1f} % of it {how} would do"
    return (
        f"; at least {100.0 * clash.at_least:.1f} % of it would be left {how}" if math.isfinite(clash.at_least) else ""
    )


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
    return f"{clash.where} done {when}{_share(clash, 'undone')}"
