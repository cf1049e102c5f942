"""From the meter to the rack: transformers, UPS, busway. Shape letter: H hours.

IT and cooling leave the medium-voltage trunk on branches of their own; only IT passes the UPS::

    meter - HV transformer - MV distribution -+- LV transformer - UPS - busway and PDU - IT
                                              +- LV transformer - cooling
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.losses import Stage, stage_loss_w
from gigawatt.engines.facility.types import Floats
from gigawatt.errors import InputError

# Losses over the rating. Starting points, estimates: transformers near the minimum efficiencies of DOE 10 CFR 431.196,
# a double-conversion UPS of 96 % at half load, copper runs of 0.8 % at full load. Their sum is then scaled so that the
# chain meets the plant's efficiency; they set only how the loss moves with load.
IT_BRANCH = (
    Stage("busway and PDU", 0.001, 0.0, 0.008, indoor=True),
    Stage("UPS", 0.012, 0.015, 0.008, indoor=True),
    Stage("LV transformer", 0.002, 0.0, 0.010, indoor=False),
)
COOLING_BRANCH = (Stage("LV transformer", 0.002, 0.0, 0.010, indoor=False),)
TRUNK = (
    Stage("MV distribution", 0.0, 0.0, 0.003, indoor=False),
    Stage("HV transformer", 0.001, 0.0, 0.004, indoor=False),
)
REFERENCE_LOAD_FRAC = 0.625  # plants state the efficiency at 50-75 % load; the middle
TRUNK_RATING_RATIO = 1.25  # of the IT rating: room for losses and cooling. Estimate
COOLING_RATING_RATIO = 0.30  # of the IT rating: compressors on the hottest day. Estimate
MOST_SCALE = 10.0  # losses ten times the starting points: an efficiency of about 0.6
BISECTIONS_COUNT = 50  # halvings of 0..10: below the resolution of a double


@dataclass(frozen=True, slots=True)
class Chain:
    """A power chain that meets a plant's efficiency."""

    it_rated_w: float
    scale: float


@dataclass(frozen=True, slots=True)
class BranchHours:
    """Hours of a branch: what it draws, what it loses, what of that heats the halls."""

    input_w_H: Floats
    losses_w_H: Floats
    indoor_w_H: Floats


def _cascade(output_w_H: Floats, rated_w: float, stages: tuple[Stage, ...], scale: float) -> BranchHours:
    """Walk from the load towards the meter, each stage carrying the losses of those before it."""
    power_w_H = output_w_H
    losses_w_H = np.zeros_like(output_w_H)
    indoor_w_H = np.zeros_like(output_w_H)
    for stage in stages:
        loss_w_H = stage_loss_w(power_w_H, rated_w, stage, scale)
        power_w_H = power_w_H + loss_w_H
        losses_w_H = losses_w_H + loss_w_H
        if stage.indoor:
            indoor_w_H = indoor_w_H + loss_w_H
    return BranchHours(power_w_H, losses_w_H, indoor_w_H)


def _efficiency_frac(scale: float) -> float:
    """Efficiency of the whole IT path at the reference load."""
    drawn = REFERENCE_LOAD_FRAC
    for stage in IT_BRANCH + TRUNK:
        drawn += scale * (stage.no_load_frac + stage.linear_frac * drawn + stage.copper_frac * drawn**2)
    return REFERENCE_LOAD_FRAC / drawn


def design_chain(it_rated_w: float, efficiency_frac: float) -> Chain:
    """Scale the stages so that meter to rack at 62.5 % load has a given efficiency.

    Parameters
    ----------
    it_rated_w : float
        IT rating. [W]
    efficiency_frac : float
        [-]

    Returns
    -------
    Chain

    Raises
    ------
    InputError
        If no chain has such an efficiency.

    Examples
    --------
    >>> round(design_chain(1e6, 0.95).scale, 2), round(design_chain(1e6, 0.975).scale, 2)
    (0.84, 0.42)
    """
    worst_frac = _efficiency_frac(MOST_SCALE)
    if not worst_frac < efficiency_frac <= 1.0 or it_rated_w <= 0.0:
        message = (
            f"power chain: efficiency {efficiency_frac} with rating {it_rated_w} W is not possible; "
            f"give a positive rating and an efficiency above {worst_frac:.2f} and at most 1"
        )
        raise InputError(message)
    low, high = 0.0, MOST_SCALE
    for _ in range(BISECTIONS_COUNT):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _efficiency_frac(middle) > efficiency_frac else (low, middle)
    return Chain(it_rated_w, (low + high) / 2.0)


def it_branch(chain: Chain, it_w_H: Floats) -> BranchHours:
    """Branch from the trunk to the racks.

    Parameters
    ----------
    chain : Chain
    it_w_H : ndarray
        IT power. [W]

    Returns
    -------
    BranchHours
        [W]
    """
    return _cascade(it_w_H, chain.it_rated_w, IT_BRANCH, chain.scale)


def cooling_branch(chain: Chain, cooling_w_H: Floats) -> BranchHours:
    """Branch from the trunk to the cooling plant.

    Parameters
    ----------
    chain : Chain
    cooling_w_H : ndarray
        Power at the plant's terminals. [W]

    Returns
    -------
    BranchHours
        [W]
    """
    return _cascade(cooling_w_H, COOLING_RATING_RATIO * chain.it_rated_w, COOLING_BRANCH, chain.scale)


def trunk(chain: Chain, drawn_w_H: Floats) -> BranchHours:
    """Trunk from the meter to the branches.

    Parameters
    ----------
    chain : Chain
    drawn_w_H : ndarray
        What the branches draw together. [W]

    Returns
    -------
    BranchHours
        [W]
    """
    return _cascade(drawn_w_H, TRUNK_RATING_RATIO * chain.it_rated_w, TRUNK, chain.scale)
