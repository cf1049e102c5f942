"""The same plan with one thing changed: a line scaled, another life, all a month later. Shape letter: T months."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.types import FinanceInputs
from gigawatt.errors import InputError

Floats = NDArray[np.float64]


def line_scaled(inputs: FinanceInputs, line: str, factor: float) -> FinanceInputs:
    """Return the plan with one revenue line times a factor.

    Parameters
    ----------
    inputs : FinanceInputs
    line : str
        Revenue line.
    factor : float
        [-]

    Returns
    -------
    FinanceInputs

    Raises
    ------
    InputError
        If there is no such line.
    """
    if line not in inputs.revenue_usd:
        message = f'no revenue line "{line}"; there are {", ".join(inputs.revenue_usd) or "none"}'
        raise InputError(message)
    return replace(inputs, revenue_usd={**inputs.revenue_usd, line: factor * inputs.revenue_usd[line]})


def with_life(inputs: FinanceInputs, names: Collection[str], life_months: int) -> FinanceInputs:
    """Return the plan with another book life of some classes.

    Parameters
    ----------
    inputs : FinanceInputs
    names : collection of str
        Asset classes.
    life_months : int
        [month]

    Returns
    -------
    FinanceInputs
    """
    assets = tuple(replace(asset, life_months=life_months) if asset.name in names else asset for asset in inputs.assets)
    return replace(inputs, assets=assets)


def delayed(inputs: FinanceInputs, months: int, fixed_lines: Collection[str] = ()) -> FinanceInputs:
    """Return the plan with all that follows payment later: in service, revenue, running cost, hours and tokens.

    Parameters
    ----------
    inputs : FinanceInputs
    months : int
        Delay, at least 0. [month]
    fixed_lines : collection of str
        Revenue lines that come when they come: a grant.

    Returns
    -------
    FinanceInputs
        Capex stays where it is: power is late, not the bill. What would fall after the last month is outside the plan.

    Raises
    ------
    InputError
        If the delay is negative.

    Examples
    --------
    >>> from gigawatt.engines.finance.types import AssetClass
    >>> paid = np.array([12.0, 0.0, 0.0])
    >>> plan = FinanceInputs((AssetClass("servers", paid, paid, 12),), {"rent": np.array([5.0, 5.0, 6.0])}, {},
    ...     0.0, 0.0, None, "book", "mid", np.ones(3), np.zeros(3), np.zeros(3))
    >>> late = delayed(plan, 1)
    >>> late.revenue_usd["rent"], late.assets[0].in_service_usd_T
    (array([0., 5., 5.]), array([ 0., 12.,  0.]))
    """
    if months < 0:
        message = "a delay must not be negative"
        raise InputError(message)

    def later(flow_T: Floats) -> Floats:
        return np.concatenate((np.zeros(months), flow_T))[: flow_T.size]

    return replace(
        inputs,
        assets=tuple(replace(asset, in_service_usd_T=later(asset.in_service_usd_T)) for asset in inputs.assets),
        revenue_usd={
            name: flow_T if name in fixed_lines else later(flow_T) for name, flow_T in inputs.revenue_usd.items()
        },
        opex_usd={name: later(flow_T) for name, flow_T in inputs.opex_usd.items()},
        gpu_hours_T=later(inputs.gpu_hours_T),
        output_tokens_T=later(inputs.output_tokens_T),
        served_cost_frac_T=later(inputs.served_cost_frac_T),
        flop_T=None if inputs.flop_T is None else later(inputs.flop_T),
        lease=inputs.lease and replace(inputs.lease, leased_cost_usd_T=later(inputs.lease.leased_cost_usd_T)),
    )
