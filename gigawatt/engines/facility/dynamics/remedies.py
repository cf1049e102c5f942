"""What keeps a wave inside a utility's limits, what each remedy needs, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gigawatt.engines.facility.dynamics.smoothing import (
    filter_store,
    filtered_ramp_w_per_s,
    filtered_swing_w,
    flattening_j,
    smallest_tau_s,
)
from gigawatt.engines.facility.dynamics.spectrum import Band, band_swing_w
from gigawatt.engines.facility.dynamics.wave import SquareWave
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.units import HOURS_PER_YEAR, JOULES_PER_MWH, WATTS_PER_MEGAWATT

NO_LIMIT = float("inf")
ROUNDING_FRAC = 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """What a utility allows at the site's meter. They differ from utility to utility: ask for them.

    Attributes
    ----------
    ramp_w_per_s : float
        Change of power, metered over `window_s`. [W/s]
    window_s : float
        A minute where the limit is in MW per minute. [s]
    swing_w : float
        Peak-to-peak that repeats. [W]
    bands : tuple of (Band, float)
        Peak-to-peak inside bands of frequency. [W]
    """

    ramp_w_per_s: float = NO_LIMIT
    window_s: float = 60.0
    swing_w: float = NO_LIMIT
    bands: tuple[tuple[Band, float], ...] = ()


@dataclass(frozen=True, slots=True)
class RemedyTerms:
    """What the remedies can do and cost.

    Attributes
    ----------
    gpus_count : float
        Accelerators that make the wave. [-]
    idle_w : float
        Power of the site when all jobs stop at once. [W]
    capacitor_j : float
        Energy that the power supplies hold per accelerator. [J]
    highest_floor_frac : float
        Highest power floor that the firmware takes, of the wave's high power. [-]
    filler_slowdown_frac : float
        Slowdown by software that computes for nothing while it waits, when it fills to the highest floor. [-]
    energy_usd_per_mwh : float
        Price of energy. [USD/MWh]
    output_usd_per_year : float
        Value of what the jobs make, for the slowdown. [USD/year]
    storage_usd_per_mwh : float
        Of usable battery energy. [USD/MWh]
    converter_usd_per_w : float
        Of battery converters. [USD/W]
    round_trip_frac : float
        Energy out of the battery over energy in. [-]
    """

    gpus_count: float
    idle_w: float
    capacitor_j: float
    highest_floor_frac: float
    filler_slowdown_frac: float
    energy_usd_per_mwh: float
    output_usd_per_year: float
    storage_usd_per_mwh: float
    converter_usd_per_w: float
    round_trip_frac: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to meet the limit.

    Attributes
    ----------
    name : str
        none, capacitors, firmware-floor, software-filler or battery.
    keeps_limit : bool
        Whether the repeated wave stays inside.
    keeps_stop : bool
        Whether a stop of all jobs at once stays inside the ramp limit.
    swing_w, ramp_w_per_s : float
        Left at the meter. [W], [W/s]
    band_swing_w : tuple of float
        Left in each band of the limit. [W]
    store_j : float
        Energy store in use, of the site. [J]
    rating_w : float
        Its power. [W]
    tau_s : float
        Time constant; 0 where there is none. [s]
    floor_w : float
        Power below which the site does not fall while jobs run. [W]
    energy_extra_w : float
        Mean power that is drawn on top. [W]
    slowdown_frac : float
        Of the jobs. [-]
    capex_usd : float
        [USD]
    running_usd_per_year : float
        Energy and slowdown. [USD/year]
    """

    name: str
    keeps_limit: bool
    keeps_stop: bool
    swing_w: float
    ramp_w_per_s: float
    band_swing_w: tuple[float, ...]
    store_j: float = 0.0
    rating_w: float = 0.0
    tau_s: float = 0.0
    floor_w: float = 0.0
    energy_extra_w: float = 0.0
    slowdown_frac: float = 0.0
    capex_usd: float = 0.0
    running_usd_per_year: float = 0.0


def floored(wave: SquareWave, floor_w: float) -> SquareWave:
    """Return the wave that does not fall below a floor, by firmware or by software that computes for nothing.

    Parameters
    ----------
    wave : SquareWave
        Load.
    floor_w : float
        At most the wave's high power. [W]

    Returns
    -------
    SquareWave
        With a mean that is higher by the energy burnt.

    Raises
    ------
    InputError
        If the floor is above the high power.

    Examples
    --------
    >>> wave = SquareWave(1.0, 0.35, 2.0, 0.75)
    >>> high_floor = floored(wave, 0.9)
    >>> round(high_floor.swing_w, 3), round(high_floor.mean_w / wave.mean_w - 1.0, 3)
    (0.1, 0.164)
    """
    if floor_w > wave.high_w * (1.0 + ROUNDING_FRAC):
        message = f"remedies: a floor of {floor_w:g} W is above the load of {wave.high_w:g} W"
        raise InputError(message)
    return replace(wave, low_w=min(max(wave.low_w, floor_w), wave.high_w))


def ramp_store_j(step_w: float, ramp_w_per_s: float) -> float:
    r"""Energy that turns a step into a ramp, from a store or burnt in accelerators that ramp down.

    Parameters
    ----------
    step_w : float
        [W]
    ramp_w_per_s : float
        [W/s]

    Returns
    -------
    float
        :math:`\Delta P^2 / (2 r)`. [J]

    Examples
    --------
    A stop of 500 MW at 100 MW per minute, in MWh:

    >>> round(ramp_store_j(500e6, 100e6 / 60.0) / 3.6e9, 1)
    20.8
    """
    return step_w**2 / (2.0 * ramp_w_per_s)


def assess_remedies(wave: SquareWave, limit: Limit, terms: RemedyTerms) -> tuple[Remedy, ...]:
    r"""Say what each remedy alone needs to keep a limit, and what it costs.

    Parameters
    ----------
    wave : SquareWave
        The site's wave, all its jobs in step: the worst case, and the usual one for one large job.
    limit : Limit
        What the utility allows.
    terms : RemedyTerms
        What the remedies can do and cost.

    Returns
    -------
    tuple of Remedy
        none, capacitors, firmware-floor, software-filler, battery. One that cannot keep the limit does what it can.

    Notes
    -----
    Capacitors and floors make the swing smaller and keep its shape, so all of it scales with the swing: they need the
    share :math:`k = \min(1, s_\text{limit}/s, r w/s, b_\text{limit}/b, ...)`. The battery follows with a time
    constant, the smallest that keeps the limit; for a stop it ramps in a straight line.
    """
    _check(limit, terms)
    step_w = wave.mean_w - terms.idle_w
    stop_kept = step_w <= limit.ramp_w_per_s * limit.window_s
    share = _share_allowed(wave, limit)
    left = _left(wave, limit)
    none = Remedy("none", share >= 1.0, stop_kept, left.swing_w, left.ramp_w_per_s, left.band_swing_w)
    floor = _floor(wave, limit, terms, share, stop_kept)
    return (
        none,
        _capacitors(wave, limit, terms, share, stop_kept),
        floor,
        _filler(floor, terms, stop_kept),
        _battery(wave, limit, terms, share, step_w),
    )


@dataclass(frozen=True, slots=True)
class _Left:
    """What the meter sees."""

    swing_w: float
    ramp_w_per_s: float
    band_swing_w: tuple[float, ...]


def _left(wave: SquareWave, limit: Limit, tau_s: float = 0.0) -> _Left:
    """Swing, ramp as metered and bands of a wave behind a time constant."""
    swing_w = filtered_swing_w(wave, tau_s) if tau_s > 0.0 else wave.swing_w
    steepest_w_per_s = filtered_ramp_w_per_s(wave, tau_s) if tau_s > 0.0 else NO_LIMIT
    bands = tuple(band_swing_w(wave, band, tau_s) for band, _ in limit.bands)
    return _Left(swing_w, min(swing_w / limit.window_s, steepest_w_per_s), bands)


def _share_allowed(wave: SquareWave, limit: Limit) -> float:
    """Share of the swing that may stay, for a remedy that keeps the wave's shape."""
    if wave.swing_w == 0.0:
        return 1.0
    pairs = [(limit.swing_w, wave.swing_w), (limit.ramp_w_per_s * limit.window_s, wave.swing_w)]
    pairs += [(allowed_w, band_swing_w(wave, band)) for band, allowed_w in limit.bands]
    return min([1.0, *(allowed_w / found_w for allowed_w, found_w in pairs if found_w > 0.0)])


def _capacitors(wave: SquareWave, limit: Limit, terms: RemedyTerms, share: float, stop_kept: bool) -> Remedy:
    """Use the stores in the power supplies: they take as much of each period as they hold, and no stop."""
    whole_j = flattening_j(wave)
    wanted_j = (1.0 - share) * whole_j
    used_j = min(wanted_j, terms.capacitor_j * terms.gpus_count)
    kept_share = 1.0 - used_j / whole_j if whole_j > 0.0 else 1.0
    left = _left(replace(wave, low_w=wave.high_w - wave.swing_w * kept_share), limit)
    return Remedy(
        name="capacitors",
        keeps_limit=kept_share <= share * (1.0 + ROUNDING_FRAC),
        keeps_stop=stop_kept,
        swing_w=left.swing_w,
        ramp_w_per_s=left.ramp_w_per_s,
        band_swing_w=left.band_swing_w,
        store_j=used_j,
        rating_w=wave.swing_w * (1.0 - kept_share) * max(wave.high_frac, 1.0 - wave.high_frac),
    )


def _floor(wave: SquareWave, limit: Limit, terms: RemedyTerms, share: float, stop_kept: bool) -> Remedy:
    """Accelerators burn power while they wait; firmware also ramps them down after a stop."""
    wanted_w = wave.high_w - share * wave.swing_w
    floor_w = max(min(wanted_w, terms.highest_floor_frac * wave.high_w), wave.low_w)
    after = floored(wave, floor_w)
    left = _left(after, limit)
    extra_w = after.mean_w - wave.mean_w
    return Remedy(
        name="firmware-floor",
        keeps_limit=floor_w >= wanted_w * (1.0 - ROUNDING_FRAC),
        keeps_stop=stop_kept or terms.highest_floor_frac > 0.0,
        swing_w=left.swing_w,
        ramp_w_per_s=left.ramp_w_per_s,
        band_swing_w=left.band_swing_w,
        floor_w=floor_w,
        energy_extra_w=extra_w,
        running_usd_per_year=_energy_usd_per_year(extra_w, terms),
    )


def _filler(floor: Remedy, terms: RemedyTerms, stop_kept: bool) -> Remedy:
    """Software that fills the waits: the same floor, at a slowdown, and none after a crash."""
    slowdown_frac = terms.filler_slowdown_frac if floor.energy_extra_w > 0.0 else 0.0
    return replace(
        floor,
        name="software-filler",
        keeps_stop=stop_kept,
        slowdown_frac=slowdown_frac,
        running_usd_per_year=floor.running_usd_per_year + slowdown_frac * terms.output_usd_per_year,
    )


def _battery(wave: SquareWave, limit: Limit, terms: RemedyTerms, share: float, step_w: float) -> Remedy:
    """Size a battery or supercapacitor at the site: power for the swing, energy for a stop."""
    tau_s = 0.0 if share >= 1.0 else _battery_tau_s(wave, limit)
    left = _left(wave, limit, tau_s)
    store_j = rating_w = 0.0
    if tau_s > 0.0:
        store = filter_store(wave, tau_s)
        store_j, rating_w = store.wave_j, store.rating_w
    if step_w > limit.ramp_w_per_s * limit.window_s:
        store_j, rating_w = max(store_j, ramp_store_j(step_w, limit.ramp_w_per_s)), max(rating_w, step_w)
    # what passes through the store on the way from the low part to the high part, if all of it is flattened
    through_w = wave.swing_w * wave.high_frac * (1.0 - wave.high_frac) if tau_s > 0.0 else 0.0
    loss_w = through_w * (1.0 - terms.round_trip_frac)
    return Remedy(
        name="battery",
        keeps_limit=True,
        keeps_stop=True,
        swing_w=left.swing_w,
        ramp_w_per_s=left.ramp_w_per_s,
        band_swing_w=left.band_swing_w,
        store_j=store_j,
        rating_w=rating_w,
        tau_s=tau_s,
        energy_extra_w=loss_w,
        capex_usd=store_j / JOULES_PER_MWH * terms.storage_usd_per_mwh + rating_w * terms.converter_usd_per_w,
        running_usd_per_year=_energy_usd_per_year(loss_w, terms),
    )


def _battery_tau_s(wave: SquareWave, limit: Limit) -> float:
    """Smallest time constant: swing and bands, and the ramp either at its steepest or as metered over the window."""
    tau_s = smallest_tau_s(wave, limit.swing_w, NO_LIMIT, limit.bands)
    if math.isinf(limit.ramp_w_per_s):
        return tau_s
    metered_s = smallest_tau_s(wave, limit.ramp_w_per_s * limit.window_s, NO_LIMIT)
    try:
        steepest_s = smallest_tau_s(wave, NO_LIMIT, limit.ramp_w_per_s)
    except InfeasibleError:
        steepest_s = metered_s
    return max(tau_s, min(metered_s, steepest_s))


def _energy_usd_per_year(extra_w: float, terms: RemedyTerms) -> float:
    """Cost of a mean power, day and night."""
    return extra_w / WATTS_PER_MEGAWATT * HOURS_PER_YEAR * terms.energy_usd_per_mwh


def _check(limit: Limit, terms: RemedyTerms) -> None:
    """Refuse limits that nothing keeps and shares that are none, all reasons at once."""
    problems = [
        f"{name} must be positive" for name in ("ramp_w_per_s", "window_s", "swing_w") if not getattr(limit, name) > 0.0
    ]
    problems += ["a band's limit must be positive" for _, allowed_w in limit.bands if not allowed_w > 0.0]
    problems += [
        f"{name} must be from 0 to 1"
        for name in ("highest_floor_frac", "filler_slowdown_frac", "round_trip_frac")
        if not 0.0 <= getattr(terms, name) <= 1.0
    ]
    if problems:
        message = "remedies: " + "; ".join(problems)
        raise InputError(message)
