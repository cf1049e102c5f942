"""Losses of one stage of the power chain, and of the parallel units it is built of. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.types import Floats


@dataclass(frozen=True, slots=True)
class Stage:
    """A transformer, UPS or run of copper.

    Attributes
    ----------
    name : str
    no_load_frac : float
        Loss with no load: core, control and fan power, of the rating. [-]
    linear_frac : float
        Loss that follows the load: switching. At full load, of the rating. [-]
    copper_frac : float
        Loss that follows the square of the load. At full load, of the rating. [-]
    indoor : bool
        Whether the loss heats the halls and must be cooled.
    trunk : bool
        Whether cooling draws through it too.
    """

    name: str
    no_load_frac: float
    linear_frac: float
    copper_frac: float
    indoor: bool
    trunk: bool = False


@dataclass(frozen=True, slots=True)
class Redundancy:
    """Units of a stage.

    Attributes
    ----------
    needed, installed : int
        Units that carry the design load, and units there are.
    shared : bool
        True: all share the load, so each runs below its rating. False: the spare ones idle and wait.
    """

    needed: int
    installed: int
    shared: bool = True


ALONE = Redundancy(1, 1)


def stage_loss_w(
    output_w_H: Floats, rated_w: float, stage: Stage, scale: float = 1.0, redundancy: Redundancy = ALONE
) -> Floats:
    r"""Loss of a stage, all its units together.

    Parameters
    ----------
    output_w_H : ndarray
        Power that leaves the stage. [W]
    rated_w : float
        Rating of the units needed, together. [W]
    stage : Stage
    scale : float
        Losses over those of the stage: better or worse machines. [-]
    redundancy : Redundancy

    Returns
    -------
    ndarray
        [W]

    Notes
    -----
    A unit loses :math:`P = s P_n (a_0 + a_1 L + a_2 L^2)`, :math:`L` its output over its rating. Where :math:`M` units
    share what :math:`N` could carry, the installed rating is :math:`P_n M / N` and each runs at :math:`L N / M`: 2N
    halves the load of each, which doubles the no-load loss and halves the copper loss. Spare units that idle add
    :math:`a_0` each. A flat efficiency would be wrong below 40 % load, where the no-load term rules.

    Examples
    --------
    >>> ups = Stage("ups", 0.012, 0.015, 0.008, indoor=True)
    >>> stage_loss_w(np.array([0.25e6, 1e6]), 1e6, ups).round(0)
    array([16250., 35000.])
    >>> stage_loss_w(np.array([0.25e6, 1e6]), 1e6, ups, redundancy=Redundancy(1, 2)).round(0)
    array([28000., 43000.])
    """
    spare_ratio = redundancy.installed / redundancy.needed
    loaded_w = rated_w * spare_ratio if redundancy.shared else rated_w
    load_H = output_w_H / loaded_w
    share_H = stage.no_load_frac + stage.linear_frac * load_H + stage.copper_frac * load_H**2
    idle_w = 0.0 if redundancy.shared else rated_w * (spare_ratio - 1.0) * stage.no_load_frac
    return np.asarray(scale * (loaded_w * share_H + idle_w))
