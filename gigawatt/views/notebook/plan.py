"""What `gw.plan` gives: a plan with its figures, where each came from, and a face in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from html import escape

from gigawatt.errors import InputError, nearest
from gigawatt.planning.pipeline import DRAWS_COUNT
from gigawatt.planning.plan import Explanation, Plan
from gigawatt.planning.python import plan as _plan
from gigawatt.scenario.resolve import Resolved
from gigawatt.units import say
from gigawatt.views.figures import Figure, draw
from gigawatt.views.headlines import announced_beside, headlines, verdict_counts

SHOWN = "gpus-by-kind"  # the figure under the numbers


class ShownPlan(Plan):
    """A plan, for Python and notebooks."""

    def figure(self, name: str, width: float = 720.0) -> Figure | None:
        """Return a figure; `.standalone` is its SVG.

        Parameters
        ----------
        name : str
            A key of `gigawatt.views.figures.FIGURES`: gpus-by-kind, power, cash-flow and others.
        width : float
            [px]

        Returns
        -------
        Figure or None
            None where there is nothing to draw.

        Raises
        ------
        InputError
            If there is no figure of that name.
        """
        return draw(self, name, width)

    def explain(self, name: str) -> Explanation:
        """Return how a metric is made: formula, the metrics it is made of, the figures it draws on.

        Parameters
        ----------
        name : str
            "finance.npv_usd".

        Returns
        -------
        Explanation
            Its `origins` are paths of `Plan.origins`, which hold value and source.

        Raises
        ------
        InputError
            If there is no metric of that name.
        """
        if name not in self.explanations:
            message = f'"{name}" is no metric of a plan. {nearest(name, self.explanations)}'
            raise InputError(message)
        return self.explanations[name]

    def _repr_html_(self) -> str:
        """Show the first screen: no script, no request."""
        rows = "".join(
            f"<tr><th>{escape(metric.label)}</th><td>{escape(say(metric.value, metric.unit))}</td>"
            f"<td>{escape(announced_beside(self, metric))}</td></tr>"
            for metric in headlines(self)
        )
        picture = self.figure(SHOWN)
        drawn = f"<div>{picture.standalone}</div>" if picture is not None else ""
        said = f"<p>{escape(verdict_counts(self.claims))} of {len(self.claims)} claims</p>" if self.claims else ""
        return f"<h4>{escape(self.title)}</h4><table>{rows}</table>{said}{drawn}"


def plan(
    scenario: str | Resolved, settings: Sequence[str] = (), *, draws_count: int = DRAWS_COUNT, seed: int = 0
) -> ShownPlan:
    """Plan a scenario.

    Parameters
    ----------
    scenario : str or Resolved
        File, shipped name, or what `load` returned.
    settings : sequence of str
        Overrides, where a file or name is given.
    draws_count, seed : int
        Of the uncertainty draws.

    Returns
    -------
    ShownPlan
        A `Plan` with `figure(name)` and `explain(name)`.
    """
    made = _plan(scenario, settings, draws_count=draws_count, seed=seed)
    return ShownPlan(**{each.name: getattr(made, each.name) for each in fields(made)})
