"""Families of distributions: a figure's low, central and high value into a value for each share of the draws.

==========  ==================================================================================================
even        low and high are the ends; the central value is the median; even between it and each end
triangular  low and high are the ends; the central value is the likeliest
pert        the same, with a smooth peak: beta of mean (low + 4 central + high) / 6
normal      low and high are P10 and P90; the central value is the median; a half of a normal on each side of it
lognormal   the same in logarithms
==========  ==================================================================================================

`even` is what the ranges of catalogue and scenario mean, in `plan` as in `study`: where sources or the author place a
figure. Tails of `normal` and `lognormal` end three deviations out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError, nearest
from gigawatt.records import Quantity

Floats = NDArray[np.float64]

# Deviations of a normal distribution between its median and its 90th percentile. [-]
DEVIATIONS_TO_P90 = 1.2815515655446004
# Deviations at which the tails of normal and lognormal end. ASSUMPTION: beyond lies one draw in 370. [-]
DEVIATIONS_AT_END = 3.0
PERT_WEIGHT = 4.0  # of the likeliest value against each end, as the Program Evaluation Review Technique has it


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A figure with its distribution.

    Attributes
    ----------
    path : str
    quantity : Quantity
        Central value, and low and high as the family reads them.
    family : str
        A key of `FAMILIES`.
    """

    path: str
    quantity: Quantity
    family: str = "even"

    def values(self, share_N: Floats) -> Floats:
        """Return the value that a share of the draws stays below, for many shares.

        Parameters
        ----------
        share_N : Floats
            Between 0 and 1. [-]

        Returns
        -------
        Floats
            In the quantity's unit, rising with the share.
        """
        return FAMILIES[self.family](np.asarray(share_N, dtype=np.float64), self.quantity)

    def ends(self) -> tuple[float, float]:
        """Return what a draw of one in ten is below and what one in ten is above: P10 and P90."""
        low, high = self.values(np.array([0.1, 0.9]))
        return float(low), float(high)


def _even(share_N: Floats, quantity: Quantity) -> Floats:
    """Even on each side of the central value, as `Quantity.at`."""
    below_N = quantity.low + (quantity.value - quantity.low) * share_N * 2.0
    above_N = quantity.value + (quantity.high - quantity.value) * (share_N - 0.5) * 2.0
    return np.where(share_N <= 0.5, below_N, above_N)


def _triangular(share_N: Floats, quantity: Quantity) -> Floats:
    """Triangle with its peak at the central value."""
    from scipy.stats import triang

    span = quantity.high - quantity.low
    peak = (quantity.value - quantity.low) / span
    return np.asarray(triang.ppf(share_N, peak, loc=quantity.low, scale=span))


def _pert(share_N: Floats, quantity: Quantity) -> Floats:
    """Beta with its peak at the central value."""
    from scipy.stats import beta

    span = quantity.high - quantity.low
    rising = 1.0 + PERT_WEIGHT * (quantity.value - quantity.low) / span
    falling = 1.0 + PERT_WEIGHT * (quantity.high - quantity.value) / span
    return np.asarray(beta.ppf(share_N, rising, falling, loc=quantity.low, scale=span))


def _deviations(share_N: Floats) -> Floats:
    """Deviations of a normal at a share, in parts of the way to P90, tails cut."""
    from scipy.special import ndtri

    return np.clip(ndtri(share_N), -DEVIATIONS_AT_END, DEVIATIONS_AT_END) / DEVIATIONS_TO_P90


def _normal(share_N: Floats, quantity: Quantity) -> Floats:
    """Half a normal on each side of the central value."""
    part_N = _deviations(share_N)
    side_N = np.where(part_N < 0.0, quantity.value - quantity.low, quantity.high - quantity.value)
    return quantity.value + part_N * side_N


def _lognormal(share_N: Floats, quantity: Quantity) -> Floats:
    """Half a lognormal on each side of the central value."""
    part_N = _deviations(share_N)
    below, above = math.log(quantity.value / quantity.low), math.log(quantity.high / quantity.value)
    return quantity.value * np.exp(part_N * np.where(part_N < 0.0, below, above))


FAMILIES: dict[str, Callable[[Floats, Quantity], Floats]] = {
    "even": _even,
    "triangular": _triangular,
    "pert": _pert,
    "normal": _normal,
    "lognormal": _lognormal,
}


def checked(figure: Uncertain) -> Uncertain:
    """Return a figure whose family can be drawn from its range.

    Parameters
    ----------
    figure : Uncertain

    Returns
    -------
    Uncertain
        The same.

    Raises
    ------
    InputError
        If the family is unknown, the range is empty or does not hold the central value, a lognormal reaches zero, or a
        normal runs below zero where low does not.
    """
    quantity, named = figure.quantity, f"study: {figure.path}"
    if figure.family not in FAMILIES:
        message = f'{named}: "{figure.family}" is no family of distributions. {nearest(figure.family, FAMILIES)}'
        raise InputError(message)
    if not quantity.low <= quantity.value <= quantity.high or not quantity.is_range:
        message = (
            f"{named}: low {quantity.low:g} and high {quantity.high:g} must lie apart, with the central value "
            f"{quantity.value:g} between them"
        )
        raise InputError(message)
    if figure.family == "lognormal" and quantity.low <= 0.0:
        message = f"{named}: a lognormal has no value at or below zero, and low is {quantity.low:g}"
        raise InputError(message)
    if figure.family == "normal" and quantity.low >= 0.0 > _normal(np.array([0.0]), quantity)[0]:
        message = f"{named}: a normal with P10 at {quantity.low:g} runs below zero; take lognormal or triangular"
        raise InputError(message)
    return figure
