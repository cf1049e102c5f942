"""The one door through which a sourced quantity becomes a plain number.

The central plan takes the central value of each figure and remembers which figures it used, so that every result says
where it comes from. A draw answers with drawn values instead (`gigawatt.planning.study.studied.Drawn`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.records import Quantity


class Figures:
    """Turn quantities into floats, their central values, and keep a record of them."""

    def __init__(self) -> None:
        self.used: dict[str, Quantity] = {}
        self.courses: dict[str, int] = {}

    def __call__(self, path: str, quantity: Quantity) -> float:
        """Return the number for a figure.

        Parameters
        ----------
        path : str
            Dotted path that names it, the same in every draw.
        quantity : Quantity
            The figure with its range.

        Returns
        -------
        float
            In the quantity's unit.
        """
        self.used[path] = quantity
        return quantity.value

    def course(self, path: str, months_count: int) -> float | NDArray[np.float64]:
        """Return what multiplies a price from month to month: 1, unless a study draws the course of a market.

        Parameters
        ----------
        path : str
            Name of the market.
        months_count : int
            Months of the plan.

        Returns
        -------
        float or array, shape (months_count,)
            [-]
        """
        self.courses[path] = months_count
        return 1.0


def used_figures(figures: Figures) -> list[dict[str, Any]]:
    """Return the figures that an answer drew on, JSON-ready."""
    return [
        {
            "path": path,
            "value": item.value,
            "unit": item.unit,
            "source": item.source,
            "kind": item.kind,
            "as_of": item.as_of,
        }
        for path, item in sorted(figures.used.items())
    ]
