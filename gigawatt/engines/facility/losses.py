"""Losses of one stage of the power chain: no-load, linear and copper terms. Shape letter: H hours."""

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
    """

    name: str
    no_load_frac: float
    linear_frac: float
    copper_frac: float
    indoor: bool


def stage_loss_w(output_w_H: Floats, rated_w: float, stage: Stage, scale: float = 1.0) -> Floats:
    r"""Loss of a stage.

    Parameters
    ----------
    output_w_H : ndarray
        Power that leaves the stage. [W]
    rated_w : float
        Rating. [W]
    stage : Stage
    scale : float
        Losses over those of the stage: better or worse machines. [-]

    Returns
    -------
    ndarray
        [W]

    Notes
    -----
    :math:`P = s P_n (a_0 + a_1 L + a_2 L^2)`, :math:`L` the output over the rating. A flat efficiency would be wrong
    below 40 % load, where the no-load term rules.

    Examples
    --------
    >>> ups = Stage("ups", 0.012, 0.015, 0.008, indoor=True)
    >>> stage_loss_w(np.array([0.25e6, 1e6]), 1e6, ups).round(0)
    array([16250., 35000.])
    """
    load_H = output_w_H / rated_w
    share_H = stage.no_load_frac + stage.linear_frac * load_H + stage.copper_frac * load_H**2
    return np.asarray(scale * rated_w * share_H)
