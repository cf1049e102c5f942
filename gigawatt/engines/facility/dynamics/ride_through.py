"""Dips of the grid's voltage: what load leaves the grid, for how long, and what does not come back by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gigawatt.engines.facility.dynamics.wave import Floats
from gigawatt.errors import InputError


@dataclass(frozen=True, slots=True)
class Dip:
    """A dip of the voltage at the site.

    Attributes
    ----------
    start_s : float
        [s]
    duration_s : float
        [s]
    retained_frac : float
        Voltage left, of nominal, in the phase that the load's protection reads. [-]
    """

    start_s: float
    duration_s: float
    retained_frac: float


@dataclass(frozen=True, slots=True)
class LoadGroup:
    """Load behind one kind of protection.

    Attributes
    ----------
    watts : float
        [W]
    tolerance : tuple of (float, float)
        Points (duration, retained share of the voltage): a dip that lasts longer than the duration must retain at least
        the share, or the load goes to its battery. The curve of a power supply or UPS. [s], [-]
    count_to_transfer : int
        So many such dips within the window, and it stays on its own supply; 0 if it never does.
    window_s : float
        [s]
    return_s : float
        After a dip that it does not count out: time until it is back on the grid. [s]
    store_s : float
        How long its battery carries it; without generators it is dark after that. [s]
    generators : bool
        Whether generators take over when it stays off the grid.
    """

    watts: float
    tolerance: tuple[tuple[float, float], ...]
    count_to_transfer: int = 3
    window_s: float = 60.0
    return_s: float = 1.0
    store_s: float = 300.0
    generators: bool = True


@dataclass(frozen=True, slots=True)
class LostLoad:
    """What the grid and the users lose.

    Attributes
    ----------
    time_s : Floats
        Moments at which something changes. [s]
    off_grid_w : Floats
        Load that has left the grid from that moment on. [W]
    peak_off_grid_w : float
        The most at once: what the grid's frequency and voltage must bear. [W]
    transferred_w : float
        Load that stays on its own supply until somebody brings it back. [W]
    dark_w : float
        Load whose battery runs out with no generator behind it, so that its jobs crash. [W]
    """

    time_s: Floats
    off_grid_w: Floats
    peak_off_grid_w: float
    transferred_w: float
    dark_w: float


def rides_through(group: LoadGroup, dip: Dip) -> bool:
    """Whether a load stays on the grid in a dip.

    Parameters
    ----------
    group : LoadGroup
        The load.
    dip : Dip
        The dip.

    Returns
    -------
    bool
        False where some point of the curve asks for more voltage than is left.

    Examples
    --------
    A supply that bears 20 ms of nothing and half a second of 70 %:

    >>> curve = ((0.02, 0.7), (0.5, 0.8), (10.0, 0.9))
    >>> supply = LoadGroup(1e6, curve)
    >>> rides_through(supply, Dip(0.0, 0.1, 0.75)), rides_through(supply, Dip(0.0, 0.6, 0.75))
    (True, False)
    """
    return all(dip.duration_s <= after_s or dip.retained_frac >= needed for after_s, needed in group.tolerance)


def lost_w(groups: Sequence[LoadGroup], dips: Sequence[Dip]) -> LostLoad:
    """Load that leaves the grid in a row of dips.

    Parameters
    ----------
    groups : sequence of LoadGroup
        Of one site or of many that feel the same dips.
    dips : sequence of Dip
        In order of time.

    Returns
    -------
    LostLoad
        Over time, at the peak, and for good.

    Raises
    ------
    InputError
        If the dips are not in order, or a dip or group is impossible.

    Notes
    -----
    Many UPS count dips and, at the third within a minute, stay on battery until they are reset: on 10 July 2024,
    1,500 MW left the Eastern Interconnection over six faults in 82 seconds (NERC incident review). Counts and windows
    are settings: ask for them.

    Examples
    --------
    >>> supply = LoadGroup(1.5e9, ((0.02, 0.7),), count_to_transfer=3, window_s=60.0)
    >>> faults = [Dip(16.4 * number, 0.1, 0.6) for number in range(6)]
    >>> lost_w([supply], faults).transferred_w, lost_w([supply], faults[:2]).transferred_w
    (1500000000.0, 0.0)
    """
    _check(groups, dips)
    changes: list[tuple[float, float]] = []
    transferred_w = dark_w = 0.0
    for group in groups:
        spans, stays_s = _absences(group, dips)
        changes += [(start_s, group.watts) for start_s, _ in spans] + [(end_s, -group.watts) for _, end_s in spans]
        if stays_s is not None:
            changes.append((stays_s, group.watts))
            transferred_w += group.watts
            dark_w += 0.0 if group.generators else group.watts
    if not changes:
        return LostLoad(np.zeros(1), np.zeros(1), 0.0, 0.0, 0.0)
    moments = sorted({moment_s for moment_s, _ in changes})
    off_w = np.cumsum([sum(watts for at_s, watts in changes if at_s == moment_s) for moment_s in moments])
    return LostLoad(np.array(moments), off_w, float(off_w.max()), transferred_w, dark_w)


def _absences(group: LoadGroup, dips: Sequence[Dip]) -> tuple[list[tuple[float, float]], float | None]:
    """Spans in which a group is off the grid, and the moment from which it stays off."""
    counted_s: list[float] = []
    spans: list[tuple[float, float]] = []
    for dip in dips:
        if rides_through(group, dip):
            continue
        counted_s = [moment_s for moment_s in counted_s if dip.start_s - moment_s <= group.window_s] + [dip.start_s]
        not_yet_back = bool(spans) and spans[-1][1] > dip.start_s
        begin_s = spans.pop()[0] if not_yet_back else dip.start_s
        if group.count_to_transfer and len(counted_s) >= group.count_to_transfer:
            return spans, begin_s
        end_s = dip.start_s + dip.duration_s + group.return_s
        if end_s - begin_s > group.store_s:
            return spans, begin_s
        spans.append((begin_s, end_s))
    return spans, None


def _check(groups: Sequence[LoadGroup], dips: Sequence[Dip]) -> None:
    """Refuse what cannot be, all reasons at once."""
    problems = []
    if any(later.start_s < earlier.start_s for earlier, later in pairwise(dips)):
        problems.append("dips must be in order of time")
    if any(dip.duration_s < 0.0 or not 0.0 <= dip.retained_frac <= 1.0 for dip in dips):
        problems.append("a dip needs a duration of 0 or more and a retained share from 0 to 1")
    if any(group.watts < 0.0 or group.return_s < 0.0 for group in groups):
        problems.append("a group's watts and time to return must not be negative")
    if problems:
        message = "ride-through: " + "; ".join(problems)
        raise InputError(message)
