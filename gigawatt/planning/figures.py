"""The one door through which a sourced quantity becomes a plain number.

The central plan takes the central value of each figure and remembers which figures it used, so that every result says
where it comes from. An uncertainty draw takes each figure at its own share of the way through its range.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.records import Quantity


class Figures:
    """Turn quantities into floats, and keep a record of them.

    Parameters
    ----------
    shares : mapping of str to float, optional
        Share of the way from low to high for each path; central values where not given.
    """

    def __init__(self, shares: Mapping[str, float] | None = None) -> None:
        self._shares = shares
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
        if self._shares is None or path not in self._shares:
            return quantity.value
        return quantity.at(self._shares[path])

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


def draws(paths: Mapping[str, Quantity], draws_count: int, seed: int) -> list[dict[str, float]]:
    """Draw shares for every figure with a range: a Latin hypercube, one stream a figure.

    Parameters
    ----------
    paths : mapping of str to Quantity
        Figures used by the central plan.
    draws_count : int
        Number of draws.
    seed : int
        Seed; a figure's stream depends on the seed and its own path only, so adding a figure changes no other.

    Returns
    -------
    list of dict
        For each draw, the share in (0, 1) of each figure that has a range.
    """
    result: list[dict[str, float]] = [{} for _ in range(draws_count)]
    for path, quantity in paths.items():
        if not quantity.is_range:
            continue
        stream = np.random.default_rng([seed, zlib.crc32(path.encode())])
        shares = (stream.permutation(draws_count) + stream.random(draws_count)) / draws_count
        for draw, share in zip(result, shares, strict=True):
            draw[path] = float(share)
    return result
