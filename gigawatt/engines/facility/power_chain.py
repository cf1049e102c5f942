"""From the meter to the rack, and on to the chip. Shape letter: H hours.

IT and cooling leave the medium-voltage trunk on branches of their own; only IT passes the UPS::

    meter - HV transformer - MV distribution -+- LV transformer - UPS or rectifier - busway - IT
                                              +- LV transformer - cooling
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gigawatt.engines.facility.losses import ALONE, Redundancy, Stage, stage_loss_w
from gigawatt.engines.facility.stages import CHAINS, RACK_CHAINS, RACK_STAGES, REDUNDANCY, STAGES
from gigawatt.engines.facility.types import Floats, StageUse
from gigawatt.errors import InputError, nearest

REFERENCE_LOAD_FRAC = 0.625  # plants state the efficiency at 50-75 % load; the middle
TRUNK_RATING_RATIO = 1.25  # of the IT rating: room for losses and cooling. Estimate
COOLING_RATING_RATIO = 0.30  # of the IT rating: compressors on the hottest day. Estimate
COOLING_STAGE = "lv-transformer"  # of the cooling branch, where the chain has no transformer behind the trunk
MOST_SCALE = 20.0  # losses twenty times the stages': an efficiency of about 0.6
BISECTIONS_COUNT = 50  # halvings of 0..20: below the resolution of a double
CHAINS_KEPT_COUNT = 256  # found scales that are remembered


@dataclass(frozen=True, slots=True)
class Bank:
    """The units of a stage in a chain."""

    stage: Stage
    redundancy: Redundancy = ALONE
    rating_ratio: float = 1.0  # of the IT rating

    def loss_w(self, output_w_H: Floats, rated_w: float, scale: float) -> Floats:
        """Loss for an IT rating. [W]."""
        return stage_loss_w(output_w_H, rated_w * self.rating_ratio, self.stage, scale, self.redundancy)


@dataclass(frozen=True, slots=True)
class Chain:
    """A power chain for an IT rating; banks run from the load towards the meter."""

    it_rated_w: float
    scale: float
    it_banks: tuple[Bank, ...]
    cooling_banks: tuple[Bank, ...]
    trunk_banks: tuple[Bank, ...]


@dataclass(frozen=True, slots=True)
class BranchHours:
    """Hours of a branch: what it draws, what it loses, what of that heats the halls, and the loss of each stage."""

    input_w_H: Floats
    losses_w_H: Floats
    indoor_w_H: Floats
    by_stage_w_H: dict[str, Floats]


def _cascade(output_w_H: Floats, rated_w: float, banks: tuple[Bank, ...], scale: float) -> BranchHours:
    """Walk from the load towards the meter, each stage carrying the losses of those before it."""
    power_w_H = output_w_H
    indoor_w_H = np.zeros_like(output_w_H)
    by_stage_w_H: dict[str, Floats] = {}
    for bank in banks:
        loss_w_H = bank.loss_w(power_w_H, rated_w, scale)
        power_w_H = power_w_H + loss_w_H
        by_stage_w_H[bank.stage.name] = by_stage_w_H.get(bank.stage.name, 0.0) + loss_w_H
        if bank.stage.indoor:
            indoor_w_H = indoor_w_H + loss_w_H
    losses_w_H = sum(by_stage_w_H.values(), start=np.zeros_like(output_w_H))
    return BranchHours(power_w_H, losses_w_H, indoor_w_H, by_stage_w_H)


def _efficiency_frac(banks: tuple[Bank, ...], scale: float, load_frac: float) -> float:
    """Efficiency of the whole IT path at a load, the trunk loaded like the path."""
    load_H = np.array([load_frac])
    return load_frac / float(_cascade(load_H, 1.0, banks, scale).input_w_H[0])


def _uses(power_chain: str | tuple[StageUse, ...]) -> tuple[StageUse, ...]:
    """Stages of a named chain, or those given."""
    if not isinstance(power_chain, str):
        return power_chain
    if power_chain not in CHAINS:
        message = f'power chain: "{power_chain}" is unknown. {nearest(power_chain, CHAINS)}'
        raise InputError(message)
    return tuple(StageUse(name) for name in CHAINS[power_chain])


def _bank(use: StageUse, redundancy: str) -> Bank:
    """Bank of a stage; spare units of the trunk are said stage by stage."""
    if use.stage not in STAGES:
        message = f'power chain: stage "{use.stage}" is unknown. {nearest(use.stage, STAGES)}'
        raise InputError(message)
    stage = STAGES[use.stage]
    spare = use.redundancy or ("N" if stage.trunk else redundancy)
    if spare not in REDUNDANCY:
        message = f'power chain: redundancy "{spare}" is unknown. {nearest(spare, REDUNDANCY)}'
        raise InputError(message)
    if use.rating_ratio < 1.0:
        message = f"power chain: {use.stage} is rated {use.rating_ratio} of the IT; it is at least 1"
        raise InputError(message)
    return Bank(stage, REDUNDANCY[spare], use.rating_ratio)


def design_chain(
    it_rated_w: float,
    efficiency_frac: float = 0.0,
    power_chain: str | tuple[StageUse, ...] = "generic",
    redundancy: str = "N",
) -> Chain:
    """Build a chain, its losses scaled where meter to rack at 62.5 % load has a given efficiency.

    Parameters
    ----------
    it_rated_w : float
        IT rating. [W]
    efficiency_frac : float
        0: the stages' own losses hold. [-]
    power_chain : str or tuple of StageUse
        Key of `CHAINS`, or stages from the meter to the rack.
    redundancy : str
        Key of `REDUNDANCY`, for the stages behind the trunk that say nothing of their own.

    Returns
    -------
    Chain

    Raises
    ------
    InputError
        If a name is unknown, the stages are in no order, or no chain has such an efficiency.

    Examples
    --------
    >>> round(design_chain(1e6, 0.95).scale, 2), round(design_chain(1e6, 0.975).scale, 2)
    (0.84, 0.42)
    >>> chain = design_chain(1e6, power_chain="rack-battery-480v")
    >>> round(path_efficiency_frac(chain), 4)
    0.9845
    """
    uses = _uses(power_chain)
    banks = tuple(_bank(use, redundancy) for use in reversed(uses))
    it_banks = tuple(bank for bank in banks if not bank.stage.trunk)
    trunk_banks = tuple(bank for bank in banks if bank.stage.trunk)
    if not banks or banks != it_banks + trunk_banks:
        message = "power chain: give at least one stage, those of the trunk first: the list runs from the meter on"
        raise InputError(message)
    transformers = [bank for bank in it_banks if bank.stage.name.endswith(COOLING_STAGE)]
    cooling = Bank(transformers[0].stage if transformers else STAGES[COOLING_STAGE])
    scale = 1.0 if efficiency_frac == 0.0 else _scale(banks, efficiency_frac)
    if scale < 0.0 or it_rated_w <= 0.0:
        worst_frac = _efficiency_frac(banks, MOST_SCALE, REFERENCE_LOAD_FRAC)
        message = (
            f"power chain: efficiency {efficiency_frac} with rating {it_rated_w} W is not possible; "
            f"give a positive rating and an efficiency above {worst_frac:.2f} and at most 1"
        )
        raise InputError(message)
    return Chain(it_rated_w, scale, it_banks, (cooling,), trunk_banks)


@lru_cache(maxsize=CHAINS_KEPT_COUNT)
def _scale(banks: tuple[Bank, ...], efficiency_frac: float) -> float:
    """Losses over the stages' own that meet an efficiency; -1 where none does. Years of one plant ask for it again."""
    if not _efficiency_frac(banks, MOST_SCALE, REFERENCE_LOAD_FRAC) < efficiency_frac <= 1.0:
        return -1.0
    low, high = 0.0, MOST_SCALE
    for _ in range(BISECTIONS_COUNT):
        middle = (low + high) / 2.0
        above = _efficiency_frac(banks, middle, REFERENCE_LOAD_FRAC) > efficiency_frac
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2.0


def path_efficiency_frac(chain: Chain, load_frac: float = REFERENCE_LOAD_FRAC) -> float:
    """Efficiency from the meter to the rack, the trunk loaded like the IT path.

    Parameters
    ----------
    chain : Chain
    load_frac : float
        IT load over rating. [-]

    Returns
    -------
    float
        [-]
    """
    return _efficiency_frac(chain.it_banks + chain.trunk_banks, chain.scale, load_frac)


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
    return _cascade(it_w_H, chain.it_rated_w, chain.it_banks, chain.scale)


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
    return _cascade(cooling_w_H, COOLING_RATING_RATIO * chain.it_rated_w, chain.cooling_banks, chain.scale)


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
    return _cascade(drawn_w_H, TRUNK_RATING_RATIO * chain.it_rated_w, chain.trunk_banks, chain.scale)


def rack_losses_w(kind: str, it_w_H: Floats, it_rated_w: float) -> dict[str, Floats]:
    """Losses inside the racks: part of the IT power by the boundary of the PUE, not of the overhead.

    Parameters
    ----------
    kind : str
        Key of `RACK_CHAINS`.
    it_w_H : ndarray
        IT power at the racks' terminals. [W]
    it_rated_w : float
        [W]

    Returns
    -------
    dict of ndarray
        By stage, from the terminals to the core of the chips. [W]

    Raises
    ------
    InputError
        If the kind is unknown.

    Notes
    -----
    Walked from the terminals inwards; the load of a stage is taken as its input over the rating. Moving a conversion
    over the racks' terminals, as 800 V DC does, moves its loss from the IT to the overhead: the PUE rises though the
    site draws less. Compare such chains from the meter to the core.

    Examples
    --------
    >>> losses = rack_losses_w("rack-battery-480v", np.array([0.8e6]), 1e6)
    >>> {name: round(float(loss_w[0]), -2) for name, loss_w in losses.items()}
    {'power-shelf': 19100.0, 'battery-shelf': 1600.0, 'board': 81100.0}
    """
    if kind not in RACK_CHAINS:
        message = f'rack chain: "{kind}" is unknown. {nearest(kind, RACK_CHAINS)}'
        raise InputError(message)
    losses: dict[str, Floats] = {}
    power_w_H = it_w_H
    for name in RACK_CHAINS[kind]:
        losses[name] = stage_loss_w(power_w_H, it_rated_w, RACK_STAGES[name])
        power_w_H = power_w_H - losses[name]
    return losses
