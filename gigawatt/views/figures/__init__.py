"""Figures: one function each, from a plan to an inline SVG; names in the order of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gigawatt.errors import InputError, nearest
from gigawatt.planning.plan import Plan
from gigawatt.views.figures.buildout import WIDE_PX, gpus_by_kind, gpus_by_site, limits
from gigawatt.views.figures.claims import consistency
from gigawatt.views.figures.land import land
from gigawatt.views.figures.money import capex_split, cash_flow
from gigawatt.views.figures.power import energy_by_site, power, pue_by_site, three_gigawatts
from gigawatt.views.figures.site_hours import load_duration, pue_hours, site_supply
from gigawatt.views.figures.spark import sparkline
from gigawatt.views.figures.svg import STYLE, TOKENS, Figure
from gigawatt.views.figures.work import frontier, serving, training

__all__ = ["FIGURES", "STYLE", "TOKENS", "Figure", "draw", "sparkline"]

# each returns None where the plan has nothing to draw
FIGURES: Mapping[str, Callable[[Plan, float], Figure | None]] = MappingProxyType(
    {
        "consistency": consistency,
        "gpus-by-kind": gpus_by_kind,
        "gpus-by-site": gpus_by_site,
        "limits": limits,
        "power": power,
        "three-gigawatts": three_gigawatts,
        "energy": energy_by_site,
        "pue": pue_by_site,
        "pue-hours": pue_hours,
        "load-duration": load_duration,
        "site-supply": site_supply,
        "training": training,
        "serving": serving,
        "frontier": frontier,
        "cash-flow": cash_flow,
        "capex-split": capex_split,
        "land": land,
    }
)


def draw(plan: Plan, name: str, width: float = WIDE_PX) -> Figure | None:
    """Draw one figure of a plan.

    Parameters
    ----------
    plan : Plan
    name : str
        A key of `FIGURES`.
    width : float
        Of the picture. [px]

    Returns
    -------
    Figure or None
        None where the plan has nothing to draw, such as no training runs.

    Raises
    ------
    InputError
        If there is no figure of that name.
    """
    if name not in FIGURES:
        message = f'"{name}" is not a figure. {nearest(name, list(FIGURES))}'
        raise InputError(message)
    return FIGURES[name](plan, width)
