"""How sure the plan is: the same plan under draws from the ranges of its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gigawatt.planning.figures import Figures, draws
from gigawatt.planning.outcome import Outcome, Prepared, carry, redraw
from gigawatt.records import Quantity

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
        Figures that the central plan used; those with a range are drawn, independently.
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
    """
    if draws_count <= 0 or not any(quantity.is_range for quantity in used.values()):
        return {}
    noticed = len(prepared.work.notices)
    found: dict[str, list[float]] = {name: [] for name in measures}
    for done, shares in enumerate(draws(used, draws_count, seed)):
        if progress is not None:
            progress(done, draws_count)
        figures = Figures(shares)
        outcome = carry(prepared, figures, redraw(prepared.sites, prepared, figures), brief=True)
        for name, measure in measures.items():
            found[name].append(measure(outcome))
    del prepared.work.notices[noticed:]  # what a draw runs short of is no notice of the central plan
    return {name: (_quantile(values, LOW_FRAC), _quantile(values, HIGH_FRAC)) for name, values in found.items()}
