"""The build-out: from budget, offers and power to accelerators online.

Shape letters: T months, K accelerator kinds, S sites, L months after the plan, X months of both (T + L),
B months with a budget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.construction import construction_payments, watts_added
from gigawatt.engines.buildout.energise import installed_retired, later, newest_first, place
from gigawatt.engines.buildout.purchases import (
    ROUNDING_FRAC,
    Orders,
    hardware_ceiling,
    order_within_limits,
    share_out,
    spread_evenly,
)
from gigawatt.engines.buildout.types import BuildoutInputs, BuildoutResult
from gigawatt.errors import InputError, nearest

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RULES = ("spend-the-budget", "as-announced")
ARRAYS = {  # with the letters of their shape
    **dict.fromkeys(("capex_budget_usd_T", "budget_year_T"), "T"),
    **dict.fromkeys(("accelerator_usd_KT", "server_usd_KT", "network_usd_KT"), "KT"),
    **dict.fromkeys(("supply_count_KT", "announced_count_KT"), "KT"),
    **dict.fromkeys(("preference_K", "system_w_K", "tdp_w_K", "installed_count_K", "installed_age_months_K"), "K"),
    **dict.fromkeys(("peak_pue_S", "construction_usd_per_w_S", "construction_months_S"), "S"),
    **{"facility_w_ST": "ST", "facility_later_w_SL": "SL"},
}
NOT_NEGATIVE = (
    *("capex_budget_usd_T", "supply_count_KT", "preference_K", "announced_count_KT", "installed_count_K"),
    *("facility_w_ST", "facility_later_w_SL", "construction_usd_per_w_S", "construction_months_S"),
    *("other_capex_frac", "delivery_months", "commissioning_months", "power_lookahead_months"),
)


def plan_buildout(inputs: BuildoutInputs) -> BuildoutResult:
    r"""Plan a build-out month by month.

    Parameters
    ----------
    inputs : BuildoutInputs
        Budget, offers, power and what is installed.

    Returns
    -------
    BuildoutResult
        Orders, deliveries, accelerators online by site, spending, and what limited growth.

    Raises
    ------
    InputError
        If shapes, signs or the rule are wrong.

    Notes
    -----
    Money. The "other" share of a budget year is spent evenly over its months. Construction is committed by the power
    schedule. Hardware gets the rest, less what later construction needs, and is paid when it is ordered:

    .. math:: B_t = O_t + C_t + H_t + (U_t - U_{t-1})

    with budget B, other O, construction C, hardware H and the unspent balance U. The balance is carried as long as
    months with a budget follow one another; at a gap it lapses, and stays in U without being spent.

    Accelerators. With orders X, deliveries D, retirements R, owned N, and the delivery time d:

    .. math:: D_t = X_{t-d}, \quad N_t = N_{t-1} + D_t - R_t, \quad
              \sum_k w_k N_{k,a} \le \sum_s P_{s,a+h} / \mathrm{PUE}_s

    at the month of arrival :math:`a = t + d` with the look-ahead h.

    Examples
    --------
    A budget of 100 USD a month at 10 USD each, paid on order, delivered after one month, ten watts each:

    >>> def flat(value):
    ...     return np.full((1, 3), value)
    >>> result = plan_buildout(BuildoutInputs(
    ...     kinds=("a",), sites=("s",), rule="spend-the-budget", capex_budget_usd_T=np.full(3, 100.0),
    ...     budget_year_T=np.full(3, 2025), other_capex_frac=0.1, accelerator_usd_KT=flat(6.0), server_usd_KT=flat(3.0),
    ...     network_usd_KT=flat(1.0), supply_count_KT=flat(50.0), preference_K=np.ones(1), announced_count_KT=flat(0.0),
    ...     system_w_K=np.full(1, 10.0), tdp_w_K=np.full(1, 7.0), installed_count_K=np.zeros(1),
    ...     installed_age_months_K=np.zeros(1), retirement_months=60, delivery_months=1, commissioning_months=0,
    ...     facility_w_ST=flat(240.0), facility_later_w_SL=np.zeros((1, 0)), peak_pue_S=np.full(1, 1.2),
    ...     construction_usd_per_w_S=np.zeros(1), construction_months_S=np.array([12])))
    >>> result.ordered_count_KT, result.online_count_SKT[0], result.limit_T
    (array([[9., 9., 2.]]), array([[ 0.,  9., 18.]]), ('budget', 'budget', 'power'))
    """
    _check(inputs)
    months_count = inputs.capex_budget_usd_T.size
    powered_w_SX = np.concatenate((inputs.facility_w_ST, inputs.facility_later_w_SL), axis=1)
    capacity_w_SX = powered_w_SX / inputs.peak_pue_S[:, None]  # IT watts that the energised power carries
    capacity_w_X = capacity_w_SX.sum(axis=0)
    price_usd_KT = inputs.accelerator_usd_KT + inputs.server_usd_KT + inputs.network_usd_KT
    works = _construction(inputs, powered_w_SX)
    other_usd_T = spread_evenly(inputs.capex_budget_usd_T, inputs.budget_year_T, inputs.other_capex_frac)
    # to the arrival of the last order
    base_retired_count_KX = installed_retired(
        inputs.installed_count_K,
        inputs.installed_age_months_K,
        inputs.retirement_months,
        months_count + inputs.delivery_months,
    )
    orders = _orders(inputs, price_usd_KT, other_usd_T + works.paid_usd_T, capacity_w_X, base_retired_count_KX)

    ordered_count_KT = orders.ordered_count_KT
    delivered_count_KT = later(ordered_count_KT, inputs.delivery_months)
    retired_count_KT = base_retired_count_KX[:, :months_count] + later(delivered_count_KT, inputs.retirement_months)
    ever_ordered_count_KT = ordered_count_KT.cumsum(axis=1)
    bought_count_KT = later(ever_ordered_count_KT, inputs.delivery_months)
    owned_count_KT = inputs.installed_count_K[:, None] + bought_count_KT - retired_count_KT.cumsum(axis=1)
    owned_count_KT = np.maximum(owned_count_KT, 0.0)  # rounding of the two sums
    being_commissioned_KT = bought_count_KT - later(bought_count_KT, inputs.commissioning_months)
    ready_count_KT = np.maximum(owned_count_KT - being_commissioned_KT, 0.0)
    online_count_SKT = place(
        ready_count_KT,
        retired_count_KT,
        inputs.system_w_K,
        capacity_w_SX[:, :months_count],
        newest_first(ordered_count_KT),
    )
    online_count_KT = online_count_SKT.sum(axis=0)
    spend_usd = _spend_usd(inputs, ordered_count_KT)
    spend_usd |= {"construction": works.paid_usd_T, "other": other_usd_T}
    unspent_usd_T = (inputs.capex_budget_usd_T - sum(spend_usd.values())).cumsum()
    return BuildoutResult(
        ordered_count_KT=ordered_count_KT,
        delivered_count_KT=delivered_count_KT,
        retired_count_KT=retired_count_KT,
        in_delivery_count_KT=np.maximum(ever_ordered_count_KT - bought_count_KT, 0.0),
        owned_count_KT=owned_count_KT,
        online_count_SKT=online_count_SKT,
        waiting_count_KT=np.maximum(owned_count_KT - online_count_KT, 0.0),
        it_w_ST=np.einsum("skt,k->st", online_count_SKT, inputs.system_w_K),
        it_capacity_w_ST=capacity_w_SX[:, :months_count],
        spend_usd=spend_usd,
        budget_usd_T=inputs.capex_budget_usd_T,
        unspent_usd_T=unspent_usd_T,
        limit_T=_limits(
            orders.limit_T,
            (ready_count_KT - online_count_KT).T @ inputs.system_w_K,
            capacity_w_X[:months_count],
        ),
        construction_for_later_usd_T=works.for_later_usd_T,
        construction_outside_budget_usd_T=works.unpaid_usd_T,
    )


@dataclass(frozen=True, slots=True)
class _Works:
    """Construction money: paid by the plan, the part of it for later use, and due without a budget. [USD]."""

    paid_usd_T: Floats
    for_later_usd_T: Floats
    unpaid_usd_T: Floats


def _paying_months(inputs: BuildoutInputs) -> Bools:
    """Months in which the plan pays: those with a budget, or up to the last announced order."""
    paying_T: Bools = inputs.budget_year_T != 0
    if inputs.rule == "as-announced":
        paying_T = paying_T | _orders_to_come_T(inputs.announced_count_KT)
    return paying_T


def _orders_to_come_T(announced_count_KT: Floats) -> Bools:
    """Whether the month, or a later one, has an announced order."""
    still_count_T = announced_count_KT.sum(axis=0)[::-1].cumsum()[::-1]
    to_come_T: Bools = still_count_T > 0.0
    return to_come_T


def _construction(inputs: BuildoutInputs, powered_w_SX: Floats) -> _Works:
    """Split what construction costs by who pays it and for whom."""
    months_count = inputs.capex_budget_usd_T.size
    added_w_SX = watts_added(powered_w_SX if inputs.building_w_SX is None else inputs.building_w_SX)
    paying_T = _paying_months(inputs)
    paid_months = paying_T.nonzero()[0]
    last_paid = int(paid_months[-1]) if paid_months.size else months_count - 1
    too_late_w_SX = added_w_SX.copy()
    too_late_w_SX[:, : last_paid + inputs.delivery_months + inputs.commissioning_months + 1] = 0.0

    def due_usd_T(watts_w_SX: Floats) -> Floats:
        return construction_payments(
            watts_w_SX, inputs.construction_usd_per_w_S, inputs.construction_months_S, months_count
        )

    all_usd_T = due_usd_T(added_w_SX)
    return _Works(
        paid_usd_T=np.where(paying_T, all_usd_T, 0.0),
        for_later_usd_T=np.where(paying_T, due_usd_T(too_late_w_SX), 0.0),
        unpaid_usd_T=np.where(paying_T, 0.0, all_usd_T),
    )


def _orders(
    inputs: BuildoutInputs,
    price_usd_KT: Floats,
    committed_usd_T: Floats,
    capacity_w_X: Floats,
    base_retired_count_KX: Floats,
) -> Orders:
    """Orders under the plan's rule."""
    if inputs.rule == "as-announced":
        to_come_T = _orders_to_come_T(inputs.announced_count_KT)
        limits = tuple("announcement" if to_come else "none" for to_come in to_come_T.tolist())
        return Orders(inputs.announced_count_KT.copy(), limits)
    arrival_T = np.arange(inputs.capex_budget_usd_T.size) + inputs.delivery_months
    # months beyond the last known power: the last level stays
    power_T = np.minimum(arrival_T + inputs.power_lookahead_months, capacity_w_X.size - 1)
    base_count_KX = inputs.installed_count_K[:, None] - base_retired_count_KX.cumsum(axis=1)
    room_w_T = capacity_w_X[power_T] - inputs.system_w_K @ base_count_KX[:, arrival_T]
    has_T = inputs.budget_year_T != 0
    price_usd_KB = price_usd_KT[:, has_T]
    most_usd = 2.0 * float(inputs.capex_budget_usd_T.sum())
    return order_within_limits(
        hardware_ceiling(inputs.capex_budget_usd_T - committed_usd_T, inputs.budget_year_T),
        inputs.budget_year_T,
        price_usd_KB,
        share_out(price_usd_KB, inputs.supply_count_KT[:, has_T], inputs.preference_K, most_usd),
        inputs.system_w_K,
        room_w_T,
        inputs.retirement_months,
    )


def _spend_usd(inputs: BuildoutInputs, ordered_count_KT: Floats) -> dict[str, Floats]:
    """Hardware money by part; a kind that is not ordered may have no price."""
    parts = {
        "accelerators": inputs.accelerator_usd_KT,
        "servers": inputs.server_usd_KT,
        "network": inputs.network_usd_KT,
    }
    bought_KT = ordered_count_KT > 0.0
    return {name: (np.where(bought_KT, usd_KT, 0.0) * ordered_count_KT).sum(axis=0) for name, usd_KT in parts.items()}


def _limits(limit_T: tuple[str, ...], dark_w_T: Floats, capacity_w_T: Floats) -> tuple[str, ...]:
    """Name what bounds orders; where none are chosen by the plan, say whether power bounds what is online."""
    dark_T = dark_w_T > ROUNDING_FRAC * np.maximum(capacity_w_T, 1.0)
    if not dark_T.any():
        return limit_T
    return tuple(
        "power" if dark and limit in ("announcement", "none") else limit
        for limit, dark in zip(limit_T, dark_T.tolist(), strict=True)
    )


def _check(inputs: BuildoutInputs) -> None:
    """Refuse inputs that do not fit together, all reasons at once."""
    months, kinds, sites = inputs.capex_budget_usd_T.size, len(inputs.kinds), len(inputs.sites)
    later_months = np.shape(inputs.facility_later_w_SL)[-1]
    shapes = {"T": (months,), "ST": (sites, months), "SL": (sites, later_months)}
    shapes |= {"KT": (kinds, months), "K": (kinds,), "S": (sites,)}
    problems = [
        f"{name} has shape {np.shape(getattr(inputs, name))}, expected {shapes[letters]}"
        for name, letters in ARRAYS.items()
        if np.shape(getattr(inputs, name)) != shapes[letters]
    ]
    if inputs.rule not in RULES:
        problems.append(f'rule "{inputs.rule}" is unknown. {nearest(inputs.rule, RULES)}')
    signed = {name: getattr(inputs, name) for name in NOT_NEGATIVE}
    if not (np.concatenate(tuple(signed.values()), axis=None) >= 0.0).all():  # all at once: it hardly ever fails
        wrong = (name for name, values in signed.items() if not np.all(np.asarray(values) >= 0.0))
        problems += [f"{name} must not be negative" for name in wrong]
    if not kinds or not sites:
        problems.append("at least one kind and one site are needed")
    if not (inputs.system_w_K > 0.0).all():
        problems.append("system_w_K must be positive")
    if not (inputs.peak_pue_S >= 1.0).all():
        problems.append("peak_pue_S must be at least 1")
    if inputs.retirement_months < 1:
        problems.append("retirement_months must be at least 1")
    if not problems and (inputs.capex_budget_usd_T[inputs.budget_year_T == 0] > 0.0).any():
        problems.append("capex_budget_usd_T has money in a month whose budget_year_T is 0")
    if problems:
        message = "build-out: " + "; ".join(problems)
        raise InputError(message)
