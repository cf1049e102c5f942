"""How sure the plan is: the same plan under draws, made as `gigawatt study` makes them, only fewer."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.records import Quantity

if TYPE_CHECKING:
    from gigawatt.planning.study.sampling import Sampling

Floats = NDArray[np.float64]

LOW_FRAC, HIGH_FRAC = 0.1, 0.9  # the 80 % band


def _quantile(values: list[float], share: float) -> float:
    """Return an observed value at a share of the order; infinity (never pays back) counts, NaN (undefined) does not."""
    defined = sorted(value for value in values if not np.isnan(value))
    return defined[round(share * (len(defined) - 1))] if defined else float("nan")


def bands(
    prepared: Prepared,
    used: Mapping[str, Quantity],
    measures: Mapping[str, Callable[[Outcome], float]],
    *,
    draws_count: int,
    seed: int,
    progress: Callable[[int, int], Any] | None = None,
) -> dict[str, tuple[float, float]]:
    """Return the 10th and 90th percentile of each measure over the draws.

    Parameters
    ----------
    prepared : Prepared
        What the draws share.
    used : mapping of str to Quantity
        Figures that the central plan used.
    measures : mapping of str to function
        Metric name to a function of the outcome.
    draws_count : int
        Draws; none where 0.
    seed : int
    progress : function, optional
        Told draws done and draws in all.

    Returns
    -------
    dict of str to (float, float)
        P10 and P90; empty without draws or without ranges.

    Raises
    ------
    InputError
        If the section `study` of the scenario names a figure that there is not, or a range or family that cannot be.

    Notes
    -----
    What is drawn, how it is spread and what a draw takes again are the study's (`gigawatt.planning.study`). The shares
    are a Latin hypercube, which costs nothing to make, in place of the study's sequence.
    """
    if draws_count <= 0:
        return {}
    # here, because a study reads plans and so imports what makes them
    from gigawatt.planning.study.sampling import sampling_of, values_of
    from gigawatt.planning.study.studied import ready_for_draws

    plan = ready_for_draws(prepared, used)
    if not plan.uncertain and not plan.courses:
        return {}
    sampling = sampling_of((plan,), seed)
    shares, moving_2NT = sampling.laid_out(latin_hypercube(_dimensions(sampling), draws_count, seed))
    values, courses = values_of(plan, shares), sampling.courses(plan, moving_2NT)
    found: dict[str, list[float]] = {name: [] for name in measures}
    for draw in range(draws_count):
        if progress is not None:
            progress(draw, draws_count)
        drawn = {path: float(value_N[draw]) for path, value_N in values.items()}
        _, outcome = plan.at(drawn, {name: course_NT[draw] for name, course_NT in courses.items()})
        for name, measure in measures.items():
            found[name].append(measure(outcome))
    return {name: (_quantile(values, LOW_FRAC), _quantile(values, HIGH_FRAC)) for name, values in found.items()}


def _dimensions(sampling: Sampling) -> list[str]:
    """Name the dimensions of a study's sequence: figures, then what moves a market's price and what makes it jump."""
    return [*sampling.paths, *(f"{what} {month}" for what in ("moves", "jumps") for month in sampling.months)]


def latin_hypercube(names: Sequence[str], draws_count: int, seed: int) -> Floats:
    """Draw shares for some dimensions, each of which has every slice once: a Latin hypercube.

    Parameters
    ----------
    names : sequence of str
    draws_count : int
    seed : int
        A dimension's stream depends on the seed and its own name only, so adding one changes no other.

    Returns
    -------
    Floats
        In (0, 1), one row a draw, one column a name. [-]
    """
    shares = np.empty((draws_count, len(names)))
    for place, name in enumerate(names):
        stream = np.random.default_rng([seed, zlib.crc32(name.encode())])
        shares[:, place] = (stream.permutation(draws_count) + stream.random(draws_count)) / draws_count
    return shares
