"""Where a metric comes from: formula, the figures it draws on, their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigawatt.planning.metrics import MEASURES
from gigawatt.planning.plan import Explanation
from gigawatt.units import say

# metric prefix -> the other metrics it is made of, and the figures it draws on, by the start of their path
_MADE_OF: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fleet": (("finance.capex_usd", "finance.hardware_usd_per_gpu"),
              ("budget.", "purchases.", "installed.", "accelerators.", "costs.", "sites.")),
    "power": (("fleet.gpus_bought", "power.pue"), ("accelerators.", "plants.", "sites.")),
    "finance": (("finance.capex_usd", "finance.revenue_usd", "power.energy_mwh"),
                ("budget.", "revenue.", "finance.", "costs.", "tariffs.", "accelerators.", "sites.")),
}  # fmt: skip


def explanations(values: Mapping[str, float], paths: Sequence[str]) -> dict[str, Explanation]:
    """Return how each metric is made.

    Parameters
    ----------
    values : mapping of str to float
        Every metric.
    paths : sequence of str
        Paths of the plan's origins.

    Returns
    -------
    dict of str to Explanation
        By metric name.
    """
    units = {measure.name: measure.unit for measure in MEASURES}
    found = {}
    for measure in MEASURES:
        others, starts = _MADE_OF[measure.name.split(".")[0]]
        found[measure.name] = Explanation(
            metric=measure.name,
            formula=measure.formula,
            inputs=tuple((name, say(values[name], units[name])) for name in others if name != measure.name),
            origins=tuple(sorted(path for path in paths if path.startswith(starts))),
        )
    return found
