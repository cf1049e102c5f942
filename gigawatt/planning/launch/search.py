"""Search among the layouts that a tool can express."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigawatt.engines.training import search
from gigawatt.engines.training.types import SearchResult, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch import tool_named

ALTERNATIVES_COUNT = 16  # layouts returned beside the best [-]


def search_within(job: TrainingJob, tool: str, fixed: Mapping[str, int | str]) -> SearchResult:
    """Search the parts of the space of layouts that a tool's flags can say.

    Parameters
    ----------
    job : TrainingJob
    tool : str
        Key of `TOOLS`.
    fixed : mapping
        Fields of `Layout` to hold.

    Returns
    -------
    SearchResult
        The parts' results joined, the fastest that fits first.

    Raises
    ------
    InputError
        If the tool is unknown, or cannot express what is held.
    """
    known = tool_named(tool)
    open_parts = _open(known.within, fixed) or _open(known.on_request, fixed)
    if not open_parts:
        parts = known.within + known.on_request
        apart = sorted(
            f"{name.replace('_', ' ')} {value}"
            for name, value in fixed.items()
            if all(part.get(name, value) != value for part in parts)
        )
        message = f"{tool} cannot express {' and '.join(apart) or 'what is held together'}"
        raise InputError(message)
    results = [search(job, fixed={**part, **fixed}) for part in open_parts]
    found = [result.best for result in results if result.best]
    best = min(found, key=lambda step: step.step_time_s, default=None)
    by_layout = {step.layout: step for result in results for step in (*result.alternatives, result.best) if step}
    rest = [step for step in by_layout.values() if best is None or step.layout != best.layout]
    rest.sort(key=lambda step: (not step.fits, step.step_time_s))
    return SearchResult(
        best=best,
        alternatives=tuple(rest[:ALTERNATIVES_COUNT]),
        searched=sum(result.searched for result in results),
        feasible=sum(result.feasible for result in results),
        search_s=sum(result.search_s for result in results),
        reason="" if best else results[0].reason,
    )


def _open(parts: Sequence[Mapping[str, int | str]], fixed: Mapping[str, int | str]) -> list[Mapping[str, int | str]]:
    """Return the parts in which what is held can lie."""
    return [part for part in parts if all(fixed.get(name, value) == value for name, value in part.items())]
