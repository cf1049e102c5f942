"""What a campus costs by block, and when it is spent.

Shape letters: N draws, T months.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gigawatt.engines.construction.paths import BUILDING_STAGES, EQUIPMENT
from gigawatt.engines.construction.types import Draws, Floats
from gigawatt.errors import InputError
from gigawatt.units import WATTS_PER_MEGAWATT

ROUNDING_FRAC = 1e-6

# Which activities carry each block's money, and with what weight: those of a new building, and of a retrofit.
# Equipment is paid while it is made, because makers ask for a deposit and progress payments: half of electrical and
# mechanical plant is taken to be equipment, half installation and testing. Estimates; the blocks themselves are inputs.
BLOCK_STAGES: dict[str, dict[str, dict[str, float]]] = {
    "new": {
        "electrical-mechanical": {
            "switchgear": 0.15,
            "generators": 0.15,
            "chillers": 0.10,
            "ups": 0.10,
            "mep-rough-in": 0.25,
            "equipment-set": 0.15,
            "commissioning-l1-l3": 0.05,
            "commissioning-l4-l5": 0.05,
        },
        "shell": {"foundations": 0.4, "steel-and-roof": 0.6},
        "site": {"earthworks": 1.0},
        "white-space": {"mep-rough-in": 0.5, "equipment-set": 0.5},
        "back-of-house": {"mep-rough-in": 1.0},
        "office": {"steel-and-roof": 0.5, "mep-rough-in": 0.5},
    },
    "retrofit": {
        "electrical-mechanical": {"stock-equipment": 0.5, "retrofit-fit-out": 0.4, "retrofit-commissioning": 0.1},
        "shell": {"strip-out": 1.0},
        "site": {"strip-out": 1.0},
        "white-space": {"retrofit-fit-out": 1.0},
        "back-of-house": {"retrofit-fit-out": 1.0},
        "office": {"retrofit-fit-out": 1.0},
    },
}


def cost_by_block_usd(
    critical_w: float,
    construction_usd_per_w: float,
    share_frac: Mapping[str, float],
    soft_cost_frac: float = 0.0,
    owner_furnished_frac: float = 0.0,
    land_m2: float = 0.0,
    land_usd_per_m2: float = 0.0,
) -> dict[str, float]:
    r"""Cost of a campus by building block, and what a builder's price leaves out.

    Parameters
    ----------
    critical_w : float
        Power in which the price is quoted. [W]
    construction_usd_per_w : float
        Builder's price. [USD/W]
    share_frac : mapping of str to float
        Share of each block in it; they sum to 1. [-]
    soft_cost_frac : float
        Design, permits, management, insurance, contingency, over the builder's price. [-]
    owner_furnished_frac : float
        Equipment that the owner buys and the builder installs, over the builder's price. [-]
    land_m2 : float
        [m2]
    land_usd_per_m2 : float
        [USD/m2]

    Returns
    -------
    dict of str to float
        The blocks, then soft-costs, owner-furnished and land. [USD]

    Raises
    ------
    InputError
        If the shares do not sum to 1.

    Examples
    --------
    >>> blocks = cost_by_block_usd(2e9, 11.7, {"electrical-mechanical": 0.53, "other": 0.47})
    >>> round(sum(blocks.values()) / 1e9, 2)
    23.4
    """
    total_frac = sum(share_frac.values())
    if abs(total_frac - 1.0) > ROUNDING_FRAC or min(share_frac.values()) < 0.0:
        message = f"construction: the blocks' shares sum to {total_frac:g}, not to 1, or one is negative"
        raise InputError(message)
    builder_usd = critical_w * construction_usd_per_w
    return {block: builder_usd * share for block, share in share_frac.items()} | {
        "soft-costs": builder_usd * soft_cost_frac,
        "owner-furnished": builder_usd * owner_furnished_frac,
        "land": land_m2 * land_usd_per_m2,
    }


def spend_by_month_usd(draws: Draws, block_usd: Mapping[str, float], month_end_days_T: Floats) -> dict[str, Floats]:
    """When each block's money is spent: evenly over the activities that carry it.

    Parameters
    ----------
    draws : Draws
        Of `medians` for one curve, of `simulate` for the mean over draws.
    block_usd : mapping of str to float
        Cost by block, as of `cost_by_block_usd`. What no activity carries is spread: owner-furnished as the equipment,
        soft costs as all the blocks together; land is paid before the first month. [USD]
    month_end_days_T : Floats
        Rising. [day]

    Returns
    -------
    dict of str to Floats
        Shape (T,). What falls before the first month is in the first; after the last, left out. [USD]

    Notes
    -----
    The sum rises slowly, fast, slowly because buildings begin one after the other and each has its expensive trades in
    its middle: the S-curve follows from the schedule and is not assumed.
    """
    kind = draws.inputs.building_kind
    carried = BLOCK_STAGES[kind]
    done_T = {stage: _done_frac(draws, stage, month_end_days_T) for stage in (*BUILDING_STAGES[kind], *EQUIPMENT[kind])}
    unknown = sorted(set(block_usd) - set(carried) - {"soft-costs", "owner-furnished", "land"})
    if unknown:
        message = f"construction: nothing says when {', '.join(unknown)} is spent"
        raise InputError(message)
    cumulative_usd = {
        block: block_usd[block] * _weighted(done_T, weights) for block, weights in carried.items() if block in block_usd
    }
    built_usd = sum(block_usd[block] for block in cumulative_usd)
    if block_usd.get("owner-furnished"):
        makers = dict.fromkeys(EQUIPMENT[kind], 1.0 / len(EQUIPMENT[kind]))
        cumulative_usd["owner-furnished"] = block_usd["owner-furnished"] * _weighted(done_T, makers)
    if block_usd.get("soft-costs") and built_usd > 0.0:
        of_blocks_T = np.sum([cumulative_usd[block] for block in carried if block in block_usd], axis=0) / built_usd
        cumulative_usd["soft-costs"] = block_usd["soft-costs"] * of_blocks_T
    if block_usd.get("land"):
        cumulative_usd["land"] = np.full(month_end_days_T.size, block_usd["land"])
    return {block: np.diff(total_usd_T, prepend=0.0) for block, total_usd_T in cumulative_usd.items()}


def _weighted(done_T: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Share done of a block."""
    total_T: Floats = np.sum([weight * done_T[stage] for stage, weight in weights.items()], axis=0)
    return total_T


def _done_frac(draws: Draws, stage: str, month_end_days_T: Floats) -> Floats:
    """Share of a stage that is done by the end of each month, buildings weighed by their power; mean over draws."""
    building_w_K = draws.inputs.building_w_K
    done_T = np.zeros(month_end_days_T.size)
    for building, watts in enumerate(building_w_K.tolist(), start=1):
        position = draws.network.position[f"{stage}:{building}"]
        start_N1 = draws.start_AN[position][:, None]
        finish_N1 = draws.finish_AN[position][:, None]
        done_T += watts * np.clip((month_end_days_T - start_N1) / (finish_N1 - start_N1), 0.0, 1.0).mean(axis=0)
    return done_T / float(building_w_K.sum())


def usd_per_mw(block_usd: Mapping[str, float], watts: float) -> dict[str, float]:
    """Cost per megawatt by block.

    Parameters
    ----------
    block_usd : mapping of str to float
        [USD]
    watts : float
        Power to count by; say which: critical, facility or nameplate. [W]

    Returns
    -------
    dict of str to float
        [USD/MW]

    Examples
    --------
    >>> usd_per_mw({"shell": 2.4e9}, 1e9)
    {'shell': 2400000.0}
    """
    return {block: usd / watts * WATTS_PER_MEGAWATT for block, usd in block_usd.items()}
