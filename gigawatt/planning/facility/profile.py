"""The IT load of a year: training, serving, mixed, a flat share of the rating, or hours of one's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.catalogue.schema import Defaults
from gigawatt.engines.facility import SiteWork, TrainingPhase, hourly_work_w
from gigawatt.errors import InputError, nearest
from gigawatt.planning.facility.own_load import Floats, LoadYear
from gigawatt.planning.figures import Figures
from gigawatt.units import WATTS_PER_MEGAWATT

HOURS_COUNT = 8760
PROFILES = ("training", "serving", "mixed")
ROUNDING = 1e-9  # of a rating that is computed back from the meter
MIXED_TRAINING_FRAC = 0.5  # ASSUMPTION: half of a mixed site trains, half serves


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """What a site's accelerators do.

    Attributes
    ----------
    name : str
        training, serving, mixed or flat; the file's, where the hours are one's own.
    work : SiteWork
        For the facility engine.
    training_frac : float
        Share of the rating that trains. [1]
    training_load_frac : float
        Mean over rating of what trains. [1]
    it_w_H : ndarray or None
        Hours of one's own, in place of the work. Nothing of them is known to train in step. [W]
    """

    name: str
    work: SiteWork
    training_frac: float
    training_load_frac: float
    it_w_H: Floats | None = None

    def hours_w(self, it_rated_w: float) -> Floats:
        """Return the 8,760 hours on a rating; raise InputError where one's own hours pass it. [W]."""
        if self.it_w_H is None:
            return hourly_work_w(it_rated_w, self.work)
        at = int(np.argmax(self.it_w_H))
        if self.it_w_H[at] > it_rated_w * (1.0 + ROUNDING):
            message = (
                f"load {self.name}: hour {at + 1:,} is {self.it_w_H[at] / WATTS_PER_MEGAWATT:,.6g} MW, above the IT "
                f"rating of {it_rated_w / WATTS_PER_MEGAWATT:,.6g} MW; a larger one is said with --it-mw"
            )
            raise InputError(message)
        return self.it_w_H


def own_profile(load: LoadYear, defaults: Defaults, figures: Figures) -> LoadProfile:
    """Return the profile of hours of one's own."""
    idle = figures("defaults.idle_load_frac", defaults.idle_load_frac)
    return LoadProfile(load.name, SiteWork(idle), 0.0, 0.0, load.it_w_H)


def load_profile(text: str, defaults: Defaults, figures: Figures) -> LoadProfile:
    """Read a load as typed.

    Parameters
    ----------
    text : str
        training, serving, mixed, or a share of the rating such as 0.8 or "80 %".
    defaults : Defaults
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    LoadProfile

    Raises
    ------
    InputError
        If it is neither.

    Notes
    -----
    Serving is sized for its busiest hour: its mean load is idle + (training's load - idle) / (peak over mean).
    """
    busy = figures("defaults.training_mean_load_frac", defaults.training_mean_load_frac)
    idle = figures("defaults.idle_load_frac", defaults.idle_load_frac)
    if text not in PROFILES:
        return _flat(text, idle)
    trains = {"training": 1.0, "serving": 0.0, "mixed": MIXED_TRAINING_FRAC}[text]
    phases = (TrainingPhase(0, HOURS_COUNT, trains, busy),) if trains else ()
    if trains == 1.0:
        return LoadProfile(text, SiteWork(idle, phases), trains, busy)
    peak = figures("defaults.peak_to_mean_ratio", defaults.peak_to_mean_ratio)
    work = SiteWork(
        idle, phases, serving_capacity_frac=1.0 - trains, serving_load_frac=serving_load_frac(busy, idle, peak)
    )
    return LoadProfile(text, work, trains, busy)


def serving_load_frac(busy_frac: float, idle_frac: float, peak_to_mean: float) -> float:
    """Return the mean load of a pool that is sized for its busiest hour.

    Examples
    --------
    >>> round(serving_load_frac(0.8, 0.27, 1.6), 2)
    0.6
    """
    return idle_frac + (busy_frac - idle_frac) / peak_to_mean


def _flat(text: str, idle_frac: float) -> LoadProfile:
    """Read a flat share of the rating."""
    from gigawatt.errors import UnitError
    from gigawatt.units import parse

    try:
        share = parse(text, "1")[0]
    except UnitError as error:
        message = (
            f'load "{text}" is none of {", ".join(PROFILES)}, nor a share such as 0.8, nor a file of hours (.csv, '
            f".csv.gz, .parquet). {nearest(text, PROFILES)}"
        )
        raise InputError(message) from error
    if not 0.0 < share <= 1.0:
        message = f"load {text} is no share of the rating; it lies above 0 and at most at 1"
        raise InputError(message)
    idle = min(idle_frac, share)
    return LoadProfile("flat", SiteWork(idle, (TrainingPhase(0, HOURS_COUNT, 1.0, share),)), 1.0, share)
