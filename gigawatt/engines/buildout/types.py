"""What goes into the build-out engine and what comes out.

Shape letters: T months, K accelerator kinds, S sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BuildoutInputs:
    """A build-out, month by month.

    Attributes
    ----------
    kinds, sites : tuple of str
        Catalogue ids, K and S long.
    rule : str
        "spend-the-budget": buy what budget, supply and power allow, kinds in the given preference shares;
        "as-announced": buy `announced_count_KT`.
    capex_budget_usd_T : Floats
        All capex of the month; unspent money is carried to later months of the same budget year, and into the
        next year where that has a budget too. [USD]
    budget_year_T : NDArray of int
        Label of the budget year of each month; 0 where there is no budget.
    other_capex_frac : float
        Share of the budget that buys neither accelerators' systems nor their buildings. [-]
    accelerator_usd_KT, server_usd_KT, network_usd_KT : Floats
        Price per accelerator, of the rest of its server, of its network and storage. [USD]
    supply_count_KT : Floats
        Accelerators that can be ordered in the month. [-]
    preference_K : Floats
        Share of the hardware money that each kind gets while it is on offer and in supply. [-]
    announced_count_KT : Floats
        Orders under the rule "as-announced". [-]
    system_w_K, tdp_w_K : Floats
        All-in IT watts and package watts per accelerator. [W]
    installed_count_K : Floats
        In service before the first month. [-]
    installed_age_months_K : Floats
        Their mean age then. [month]
    retirement_months : int
        Age at which accelerators leave. [month]
    delivery_months : int
        Order to delivery. [month]
    commissioning_months : int
        Delivery to online where power is there. [month]
    facility_w_ST : Floats
        Energised facility power. [W]
    facility_later_w_SL : Floats
        The same for the L months after the plan's end, so that building for them is paid in time. [W]
    peak_pue_S : Floats
        Facility over IT power on the design day. [-]
    construction_usd_per_w_S : Floats
        Shell, electrical and mechanical, per facility watt; 0 at leased sites. [USD/W]
    construction_months_S : NDArray of int
        Months over which a watt is paid before it is energised. [month]
    power_lookahead_months : int
        How long before power is there accelerators may be ordered to wait for it. [month]
    building_w_SX : Floats or None
        Power schedule by which buildings are paid, over the plan and the L months after it; that of the energised power
        where None. They differ where power comes later than the buildings that were paid for it. [W]
    """

    kinds: tuple[str, ...]
    sites: tuple[str, ...]
    rule: str
    capex_budget_usd_T: Floats
    budget_year_T: NDArray[np.int64]
    other_capex_frac: float
    accelerator_usd_KT: Floats
    server_usd_KT: Floats
    network_usd_KT: Floats
    supply_count_KT: Floats
    preference_K: Floats
    announced_count_KT: Floats
    system_w_K: Floats
    tdp_w_K: Floats
    installed_count_K: Floats
    installed_age_months_K: Floats
    retirement_months: int
    delivery_months: int
    commissioning_months: int
    facility_w_ST: Floats
    facility_later_w_SL: Floats
    peak_pue_S: Floats
    construction_usd_per_w_S: Floats
    construction_months_S: NDArray[np.int64]
    power_lookahead_months: int = 3
    building_w_SX: Floats | None = None


@dataclass(frozen=True, slots=True)
class BuildoutResult:
    """The build-out, month by month; counts at the end of each month.

    Attributes
    ----------
    ordered_count_KT, delivered_count_KT, retired_count_KT : Floats
        In the month. [-]
    in_delivery_count_KT : Floats
        Ordered, not yet delivered. [-]
    owned_count_KT : Floats
        Delivered less retired, with the installed base. [-]
    online_count_SKT : Floats
        Powered and commissioned, by site. [-]
    waiting_count_KT : Floats
        Delivered, but not online: no power yet, or being commissioned. [-]
    it_w_ST, it_capacity_w_ST : Floats
        IT power of what is online at full load; what the energised power could carry. [W]
    spend_usd : dict of str to Floats
        accelerators, servers, network, construction, other; by month T. [USD]
    budget_usd_T, unspent_usd_T : Floats
        Budget of the month; all budget so far less all spend so far. Negative where commitments exceed the
        budget. [USD]
    limit_T : tuple of str
        What limited growth: budget, supply, power, announcement or none.
    construction_for_later_usd_T : Floats
        Part of the construction spend that pays for watts energised too late for what the budget buys: after its
        last month, delivery and commissioning. [USD]
    construction_outside_budget_usd_T : Floats
        Due in months without a budget for watts of the schedule: not in `spend_usd`, because no budget pays it. [USD]
    """

    ordered_count_KT: Floats
    delivered_count_KT: Floats
    retired_count_KT: Floats
    in_delivery_count_KT: Floats
    owned_count_KT: Floats
    online_count_SKT: Floats
    waiting_count_KT: Floats
    it_w_ST: Floats
    it_capacity_w_ST: Floats
    spend_usd: dict[str, Floats]
    budget_usd_T: Floats
    unspent_usd_T: Floats
    limit_T: tuple[str, ...]
    construction_for_later_usd_T: Floats
    construction_outside_budget_usd_T: Floats
