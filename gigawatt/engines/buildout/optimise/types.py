"""What goes into the optimiser and what comes out.

Shape letters: P periods, Q the periods in which something is ordered (as many), K accelerator kinds, V variants (a kind
in one state of its power cap), S sites.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GOALS = ("npv", "compute", "tokens", "work", "cost", "carbon")


@dataclass(frozen=True, slots=True)
class Goal:
    """What is sought.

    Attributes
    ----------
    name : str
        npv: most net present value; compute, tokens: most of `rate_V` by accelerators that nothing else needs;
        work: most of a training run; cost: least discounted cost; carbon: least carbon.
    until : int
        Periods that count for compute, tokens and work; all where 0.
    rate_V : Floats
        Of compute or tokens, per accelerator and month.
    run : int
        Position of the run, for work.
    required_runs, required_pools : bool
        Whether each run must be done by its deadline, each pool be served in full.
    """

    name: str
    until: int = 0
    rate_V: Floats = field(default_factory=lambda: np.zeros(0))
    run: int = -1
    required_runs: bool = True
    required_pools: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way to carry out a training run.

    Attributes
    ----------
    variant : int
        On which accelerators, in which state.
    gpus_count : float
        That the run holds while it runs.
    length_months : float
        That the whole run takes so.
    """

    variant: int
    gpus_count: float
    length_months: float


@dataclass(frozen=True, slots=True)
class RunNeed:
    """A training run.

    Attributes
    ----------
    name : str
    ways : tuple of Way
    need_frac : float
        Share of it that must be done in the plan.
    open_months_P : Floats
        Months of each period in which it may run: from its start to its deadline.
    deadline : str
        In words; empty where there is none.
    """

    name: str
    ways: tuple[Way, ...]
    need_frac: float
    open_months_P: Floats
    deadline: str = ""


@dataclass(frozen=True, slots=True)
class PoolNeed:
    """Demand that accelerators serve: a serving pool, a stream of fine-tuning.

    Attributes
    ----------
    name : str
    gpus_VP : Floats
        Accelerators that carry the whole demand of the period; infinite where a variant cannot. [-]
    asked_P : Bools
        Whether there is demand in the period.
    worth_usd_P : Floats
        Revenue of the period where it is served in full. [USD]
    output_tokens_P : Floats
        The same of output tokens. [-]
    required : bool
        Whether goals that require pools require this one.
    """

    name: str
    gpus_VP: Floats
    asked_P: Bools
    worth_usd_P: Floats
    output_tokens_P: Floats
    required: bool = True


@dataclass(frozen=True, slots=True)
class HallOption:
    """Halls that may be opened beyond the power schedule, in whole numbers.

    Attributes
    ----------
    name : str
    site : int
    hall_w : float
        Facility power of one. [W]
    most_count : int
    open_P : Bools
        Periods in which one may open.
    paid_usd_QP, depreciation_usd_QP : Floats
        Of one that opens in Q, by period P. [USD]
    terminal_usd_Q : Floats
        Its book value at the plan's end. [USD]
    """

    name: str
    site: int
    hall_w: float
    most_count: int
    open_P: Bools
    paid_usd_QP: Floats
    depreciation_usd_QP: Floats
    terminal_usd_Q: Floats


@dataclass(frozen=True, slots=True)
class CloudOption:
    """Accelerators that may be rented by the hour.

    Attributes
    ----------
    name : str
    variant : int
    most_P : Floats
        [-]
    usd_P : Floats
        Rent of one over the period. [USD]
    """

    name: str
    variant: int
    most_P: Floats
    usd_P: Floats


@dataclass(frozen=True, slots=True)
class Limit:
    """A ceiling on carbon or water over some periods.

    Attributes
    ----------
    name, unit : str
    per_gpu_SVP : Floats
        Of one accelerator online.
    most : float
    counts_P : Bools
        Periods that count.
    """

    name: str
    unit: str
    per_gpu_SVP: Floats
    most: float
    counts_P: Bools


@dataclass(frozen=True, slots=True)
class OptimiseInputs:
    """A build-out to be chosen, period by period.

    Attributes
    ----------
    periods, kinds, variants, sites : tuple of str
        Names, for what is said about them.
    months_P : Floats
        Length of the periods. [month]
    kind_V : Ints
        Kind of each variant.
    price_usd_KP : Floats
        All-in price of an accelerator ordered in the period. [USD]
    supply_count_KP : Floats
        That can be ordered in the period; 0: not on offer. [-]
    ready_frac_KQP : Floats
        Mean share, over period P, of an order of period Q that is in service. [-]
    installed_count_KP : Floats
        Installed base that runs. [-]
    resale_usd_KQP : Floats or None
        Money for an accelerator ordered in Q and sold in P; None where nothing is sold early. [USD]
    installed_resale_usd_KP : Floats or None
        The same of the installed base.
    system_w_V : Floats
        All-in IT watts per accelerator. [W]
    facility_w_SP : Floats
        Energised facility power, mean of the period. [W]
    peak_pue_S : Floats
    room_w_P : Floats or None
        IT watts that what has been ordered by the end of the period may draw, because power comes for them within the
        look-ahead; None: accelerators may wait for power as long as they like. [W]
    alive_frac_KQP : Floats or None
        Share of an order of period Q that counts for it. [-]
    ahead_P : Ints or None
        Periods whose further halls count for it. [-]
    halls, clouds, runs, pools, limits : tuple
    reserve_frac_P : Floats
        Share of the fleet that is kept for other work. [-]
    revenue_usd_SVP, opex_usd_SVP, carbon_t_SVP : Floats
        Of an accelerator that is online over the period. [USD], [t]
    counts_installed : bool
        Whether the installed base is judged as well.
    compute_usd_P : Floats
        Revenue per doubling of compute. [USD]
    compute_weight_V : Floats
        H100-equivalents of an accelerator. [-]
    compute_base : float
        H100-equivalents installed before; 0: revenue is linear, `compute_usd_P` of the whole at `compute_most`.
    compute_most : float
    ceiling_usd_P : Floats
        Most that may have been spent on hardware and further halls by the end of the period, since `budget_run_P`
        last changed; NaN: no budget. [USD]
    budget_run_P : Ints
        Number of the unbroken run of periods with a budget; 0: none.
    free_budget : bool
        Whether money is no constraint.
    depreciation_usd_KQP, terminal_usd_KQ : Floats
        Of an accelerator ordered in Q: by period, and its book value at the plan's end. [USD]
    fixed_usd_P, fixed_income_usd_P : Floats
        Cash and income before tax of the period that no choice changes. [USD]
    fixed_terminal_usd : float
    discount_P : Floats
    terminal_discount_frac, tax_frac : float
    """

    periods: tuple[str, ...]
    kinds: tuple[str, ...]
    variants: tuple[str, ...]
    sites: tuple[str, ...]
    months_P: Floats
    kind_V: Ints
    price_usd_KP: Floats
    supply_count_KP: Floats
    ready_frac_KQP: Floats
    installed_count_KP: Floats
    system_w_V: Floats
    facility_w_SP: Floats
    peak_pue_S: Floats
    reserve_frac_P: Floats
    revenue_usd_SVP: Floats
    opex_usd_SVP: Floats
    carbon_t_SVP: Floats
    compute_usd_P: Floats
    compute_weight_V: Floats
    compute_base: float
    compute_most: float
    ceiling_usd_P: Floats
    budget_run_P: Ints
    depreciation_usd_KQP: Floats
    terminal_usd_KQ: Floats
    fixed_usd_P: Floats
    fixed_income_usd_P: Floats
    fixed_terminal_usd: float
    discount_P: Floats
    terminal_discount_frac: float
    tax_frac: float
    counts_installed: bool = False
    free_budget: bool = False
    room_w_P: Floats | None = None
    alive_frac_KQP: Floats | None = None
    ahead_P: Ints | None = None
    resale_usd_KQP: Floats | None = None
    installed_resale_usd_KP: Floats | None = None
    halls: tuple[HallOption, ...] = ()
    clouds: tuple[CloudOption, ...] = ()
    runs: tuple[RunNeed, ...] = ()
    pools: tuple[PoolNeed, ...] = ()
    limits: tuple[Limit, ...] = ()
