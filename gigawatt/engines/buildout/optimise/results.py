"""What comes out of the optimiser.

Shape letters: P periods, K accelerator kinds, V variants (a kind in one state of its power cap), S sites, H options for
halls, C for the cloud.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """A build-out that was chosen.

    Attributes
    ----------
    ordered_count_KP : Floats
    sold_count_KP : Floats
        Early, bought or installed. [-]
    installed_SVP, bought_SVP : Floats
        Accelerators online: of the installed base, and of what was ordered. [-]
    halls_count_HP : Floats
        Opened in the period, whole. [-]
    cloud_count_CP : Floats
    run_months : tuple of Floats
        By run: months that each way is used in each period, shape (ways, P). [month]
    pool_gpus : tuple of Floats
        By pool: accelerators by variant and period, shape (V, P).
    spare_VP : Floats
        Accelerators for the goal's own work. [-]
    tax_usd_P : Floats
    doublings_P : Floats
    """

    ordered_count_KP: Floats
    sold_count_KP: Floats
    installed_SVP: Floats
    bought_SVP: Floats
    halls_count_HP: Floats
    cloud_count_CP: Floats
    run_months: tuple[Floats, ...]
    pool_gpus: tuple[Floats, ...]
    spare_VP: Floats
    tax_usd_P: Floats
    doublings_P: Floats


@dataclass(frozen=True, slots=True)
class Price:
    """What one more unit of something scarce is worth, at the optimum with the integers held.

    Attributes
    ----------
    what : str
        budget, power, look-ahead, supply, run, pool, or the name of a limit.
    where, when : str
        Site or kind; period. Empty where it has none.
    value, onward : float
        How much better the goal becomes per unit, in its own unit: in this period alone, and from it on to the end.
        Of runs and pools, per share of the need that falls away.
    unit : str
        USD, W, GPU, share, or that of the limit.
    """

    what: str
    where: str
    when: str
    value: float
    onward: float
    unit: str


@dataclass(frozen=True, slots=True)
class Switch:
    """An accelerator that is on offer and not bought: the price below which it would be.

    Attributes
    ----------
    kind : int
    period : int
        In which it comes closest.
    price_usd : float
        What it costs then, all in. [USD]
    below_usd : float
        Below which the optimum would buy it; not positive where no price would do. [USD]
    """

    kind: int
    period: int
    price_usd: float
    below_usd: float


@dataclass(frozen=True, slots=True)
class Clash:
    """A constraint of a smallest set that cannot hold together.

    Attributes
    ----------
    what, where : str
    by : float
        How much it alone would have to give way, in `unit`; NaN where that alone is not enough.
    at_least : float
        How much it alone would have to give way if nothing but this set held.
    unit : str
    """

    what: str
    where: str
    by: float
    at_least: float
    unit: str


@dataclass(frozen=True, slots=True)
class Optimum:
    """The answer.

    Attributes
    ----------
    status : str
        proven, stopped, out of time, impossible.
    value, bound : float
        Of the goal, in its own unit and sense: for cost and carbon the bound lies below. NaN where nothing was found.
    gap_frac : float
        Between them, over the value.
    choice : Choice or None
    prices : tuple of Price
        Of what binds, most valuable first within each sort.
    switches : tuple of Switch
    clashes : tuple of Clash
        Where nothing is possible.
    relaxed : float
        Of the goal where halls need not be whole.
    columns_count, rows_count, integers_count, nodes_count : int
    """

    status: str
    value: float
    bound: float
    gap_frac: float
    choice: Choice | None
    prices: tuple[Price, ...] = ()
    switches: tuple[Switch, ...] = ()
    clashes: tuple[Clash, ...] = ()
    relaxed: float = float("nan")
    columns_count: int = 0
    rows_count: int = 0
    integers_count: int = 0
    nodes_count: int = 0
