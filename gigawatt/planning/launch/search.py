"""Search among the layouts that a tool can express."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigawatt.engines.training import search
from gigawatt.engines.training.space import AS_TENSOR
from gigawatt.engines.training.types import SearchResult, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch import tool_named
from gigawatt.planning.launch.flags import Part

ALTERNATIVES_COUNT = 16  # layouts returned beside the best [-]


def search_within(
    job: TrainingJob,
    tool: str,
    fixed: Mapping[str, int | str],
    allow: Mapping[str, Sequence[int | str]] | None = None,
) -> SearchResult:
    """Search the parts of the space of layouts that a tool's flags can say.

    Parameters
    ----------
    job : TrainingJob
    tool : str
        Key of `TOOLS`.
    fixed : mapping
        Fields of `Layout` to hold.
    allow : mapping, optional
        Fields with the values to try instead of the usual ones, where the tool's parts do not say.

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
            if not any(_holds(part, name, fixed) for part in parts)
        )
        message = f"{tool} cannot express {' and '.join(apart) or 'what is held together'}"
        raise InputError(message)
    results = [_searched(job, part, fixed, allow or {}) for part in open_parts]
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
        schedules=results[0].schedules,
        zero_stages=tuple(sorted({stage for result in results for stage in result.zero_stages})),
    )


def _searched(
    job: TrainingJob, part: Part, fixed: Mapping[str, int | str], allow: Mapping[str, Sequence[int | str]]
) -> SearchResult:
    """Search one part: what it holds is fixed, what it leaves open allowed."""
    held = {name: value for name, value in part.items() if not isinstance(value, tuple)}
    several = {name: value for name, value in part.items() if isinstance(value, tuple)}
    return search(job, fixed={**held, **fixed}, allow={**allow, **several})


def _open(parts: Sequence[Part], fixed: Mapping[str, int | str]) -> list[Part]:
    """Return the parts in which what is held can lie."""
    return [part for part in parts if all(_holds(part, name, fixed) for name in fixed)]


def _holds(part: Part, name: str, fixed: Mapping[str, int | str]) -> bool:
    """Whether a part has the value at which a field is held."""
    value, has = fixed[name], part.get(name, fixed[name])
    if not isinstance(has, tuple):
        return has == value
    as_tensor = name == "expert_tensor_parallel" and AS_TENSOR in has
    return value in has or (as_tensor and value == fixed.get("tensor_parallel", value))
