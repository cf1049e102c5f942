"""Watts of a site per accelerator: chip cap, server, network, load, overhead, headroom; forwards and backwards.

Forwards: what one accelerator needs at the meter. Backwards: which chip cap, load or PUE lets a number of accelerators
fit into a power.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gigawatt.engines.hardware.power import capped_system_w
from gigawatt.errors import InputError, nearest

# Below this share of its rating a chip's clocks fall out of their useful range. Assumption; capping studies stop there.
LEAST_CAP_FRAC = 0.5
NODE_RATING_W = 10_200.0  # DGX H100, eight GPUs: datasheet
NODE_MOST_W = 8_400.0  # largest measured in training: IEEE Access 13:61740, 2025
NODE_MEAN_W = 7_300.0  # mean in training, with its interconnect: arXiv:2506.14551, 2025
MOST_LOAD_FRAC = NODE_MOST_W / NODE_RATING_W  # 0.82 of the nameplate is the most that software draws
MEAN_LOAD_FRAC = NODE_MEAN_W / NODE_RATING_W  # 0.72 over time


@dataclass(frozen=True, slots=True)
class AcceleratorPower:
    """An accelerator's ratings.

    Attributes
    ----------
    chip_w : float
        Rating of chip or module. [W]
    server_w : float
        Nameplate of the server or rack, per accelerator. [W]
    """

    chip_w: float
    server_w: float


@dataclass(frozen=True, slots=True)
class PowerUse:
    """How a site runs its accelerators.

    Attributes
    ----------
    chip_cap_w : float
        Limit set on the chip; its rating where none is. [W]
    load_frac : float
        Power counted on over the capped nameplate: 1 provides for all of it, `MOST_LOAD_FRAC` for what is ever drawn,
        `MEAN_LOAD_FRAC` for the mean. [-]
    network_frac : float
        Scale-out network, storage and management over servers. [-]
    pue : float
        At the hour that sizes the site: the design day. [-]
    headroom_ratio : float
        Power kept free above what is counted on, 1 for none: 1.1-1.25 where the mean is counted on. [-]
    """

    chip_cap_w: float
    load_frac: float
    network_frac: float
    pue: float
    headroom_ratio: float


@dataclass(frozen=True, slots=True)
class AllIn:
    """Watts at the meter per accelerator, by what they are for; they add up to the total. [W]."""

    chip_w: float
    rest_of_server_w: float
    network_w: float
    overhead_w: float
    headroom_w: float
    total_w: float


def all_in(accelerator: AcceleratorPower, use: PowerUse) -> AllIn:
    r"""Facility power that a site must have for one accelerator.

    Parameters
    ----------
    accelerator : AcceleratorPower
    use : PowerUse

    Returns
    -------
    AllIn

    Raises
    ------
    InputError
        If a figure is impossible.

    Notes
    -----
    :math:`P = (P_s - P_c + c)\,u\,(1 + n)\,\mathrm{PUE}\,h`: a cap :math:`c` below the chip's rating :math:`P_c` comes
    off the server's nameplate :math:`P_s` watt for watt; load :math:`u`, network :math:`n`, headroom :math:`h`.

    Examples
    --------
    An NVL72 rack of 132 kW with chips held to 960 of 1,200 W; Meta provides 150 MW for 83,000, 1,807 W each [1]_:

    >>> gb200 = AcceleratorPower(1200.0, 132e3 / 72)
    >>> round(all_in(gb200, PowerUse(960.0, 1.0, 0.05, 1.09, 1.0)).total_w)
    1824

    References
    ----------
    .. [1] arXiv:2605.24461, 2026.
    """
    _check(accelerator, use)
    server_w = float(capped_system_w(accelerator.server_w, accelerator.chip_w, use.chip_cap_w)) * use.load_frac
    chip_w = min(use.chip_cap_w * use.load_frac, server_w)
    network_w = server_w * use.network_frac
    it_w = server_w + network_w
    overhead_w = it_w * (use.pue - 1.0)
    headroom_w = (it_w + overhead_w) * (use.headroom_ratio - 1.0)
    return AllIn(
        chip_w=chip_w,
        rest_of_server_w=server_w - chip_w,
        network_w=network_w,
        overhead_w=overhead_w,
        headroom_w=headroom_w,
        total_w=it_w + overhead_w + headroom_w,
    )


def _check(accelerator: AcceleratorPower, use: PowerUse) -> None:
    """Refuse figures that no accelerator has."""
    faults: list[str] = []
    if not 0.0 < accelerator.chip_w < accelerator.server_w:
        faults.append(f"chip of {accelerator.chip_w} W in a server of {accelerator.server_w} W")
    if not 0.0 < use.chip_cap_w <= accelerator.chip_w:
        faults.append(f"chip_cap_w is {use.chip_cap_w}; it is positive and at most the rating {accelerator.chip_w}")
    if not 0.0 < use.load_frac <= 1.0:
        faults.append(f"load_frac is {use.load_frac}; it lies above 0 and at most 1")
    faults += [
        f"{name} is {value}; it is at least {least:g}"
        for name, value, least in (
            ("network_frac", use.network_frac, 0.0),
            ("pue", use.pue, 1.0),
            ("headroom_ratio", use.headroom_ratio, 1.0),
        )
        if value < least
    ]
    if faults:
        message = "power per accelerator: " + "; ".join(faults)
        raise InputError(message)


UNKNOWNS = ("chip_cap_w", "load_frac", "network_frac", "pue", "headroom_ratio")


def solve(accelerator: AcceleratorPower, use: PowerUse, unknown: str, target_w: float) -> float:
    """Value of one figure that brings an accelerator to a power at the meter, the others as they are.

    Parameters
    ----------
    accelerator : AcceleratorPower
    use : PowerUse
        Its value of the unknown is not used, but must be possible.
    unknown : str
        One of `UNKNOWNS`.
    target_w : float
        [W]

    Returns
    -------
    float
        It may be impossible (a PUE below 1, a cap above the rating): then the target cannot be met, or is met anyway.

    Raises
    ------
    InputError
        If the unknown is none of these.

    Examples
    --------
    >>> gb200 = AcceleratorPower(1200.0, 132e3 / 72)
    >>> use = PowerUse(1200.0, 1.0, 0.05, 1.09, 1.0)
    >>> round(solve(gb200, use, "chip_cap_w", 1538.0))
    710
    """
    if unknown not in UNKNOWNS:
        message = f'power per accelerator: "{unknown}" is none of its figures. {nearest(unknown, UNKNOWNS)}'
        raise InputError(message)
    now = all_in(accelerator, use)
    if unknown == "chip_cap_w":
        per_server_w = now.total_w / (now.chip_w + now.rest_of_server_w)
        server_w = target_w / per_server_w / use.load_frac
        return accelerator.chip_w - accelerator.server_w + server_w
    ratio = target_w / now.total_w
    if unknown == "network_frac":
        return (1.0 + use.network_frac) * ratio - 1.0
    return float(getattr(use, unknown)) * ratio


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether accelerators of a kind fit into a power, and how.

    Attributes
    ----------
    accelerator : str
    pue, load_frac : float
    uncapped_w : float
        At the meter per accelerator without a cap. [W]
    chip_cap_w : float
        Largest cap with which they fit: the rating where none is needed. [W]
    fits : bool
        False where even a chip at half its rating would not.
    count : float
        Accelerators that the power carries without a cap.
    """

    accelerator: str
    pue: float
    load_frac: float
    uncapped_w: float
    chip_cap_w: float
    fits: bool
    count: float


def fit_table(
    accelerators: Mapping[str, AcceleratorPower],
    count: float,
    facility_w: float,
    pues: Sequence[float],
    load_fracs: Sequence[float],
    network_frac: float,
    headroom_ratio: float = 1.0,
) -> list[Fit]:
    """Say for each accelerator, PUE and load which chip cap lets a number of them fit into a power.

    Parameters
    ----------
    accelerators : mapping of str to AcceleratorPower
    count : float
    facility_w : float
        At the meter. [W]
    pues, load_fracs : sequence of float
        [-]
    network_frac, headroom_ratio : float
        [-]

    Returns
    -------
    list of Fit

    Raises
    ------
    InputError
        If a figure is impossible.

    Examples
    --------
    1.3 million in 2 GW is 1,538 W each: H100 fit as they are, and GB200 need a cap though counted at what they draw.

    >>> kinds = {"h100": AcceleratorPower(700.0, 1275.0), "gb200": AcceleratorPower(1200.0, 132e3 / 72)}
    >>> for row in fit_table(kinds, 1.3e6, 2e9, [1.1], [MOST_LOAD_FRAC], 0.08):
    ...     print(row.accelerator, round(row.uncapped_w), round(row.chip_cap_w), row.fits)
    h100 1247 700 True
    gb200 1794 939 True
    """
    if count <= 0.0 or facility_w <= 0.0:
        message = f"power per accelerator: {count} accelerators on {facility_w} W; both are positive"
        raise InputError(message)
    rows = []
    for name, accelerator in accelerators.items():
        for pue in pues:
            for load_frac in load_fracs:
                use = PowerUse(accelerator.chip_w, load_frac, network_frac, pue, headroom_ratio)
                uncapped_w = all_in(accelerator, use).total_w
                cap_w = min(solve(accelerator, use, "chip_cap_w", facility_w / count), accelerator.chip_w)
                fits = cap_w >= LEAST_CAP_FRAC * accelerator.chip_w
                rows.append(Fit(name, pue, load_frac, uncapped_w, cap_w, fits, facility_w / uncapped_w))
    return rows
