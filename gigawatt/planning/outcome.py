"""The arithmetic of a plan in order: sites, work, build-out, allocation, operations, money.

`prepare` runs what does not change between uncertainty draws (weather years, layouts, serving frontiers); `carry` runs
the rest, so that a draw costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.buildout import plan_buildout
from gigawatt.engines.buildout.types import BuildoutInputs, BuildoutResult
from gigawatt.engines.finance import evaluate
from gigawatt.engines.finance.types import FinanceInputs, FinanceResult
from gigawatt.planning.allocation import Allocation, allocate, output_tokens
from gigawatt.planning.figures import Figures
from gigawatt.planning.operations import Operations, operate
from gigawatt.planning.wiring.buildout import buildout_inputs
from gigawatt.planning.wiring.earnings import Base, revenue
from gigawatt.planning.wiring.money import (
    Scope,
    assets,
    finance_inputs,
    lease,
    opex,
    peak_flop,
    scope_of,
    tax_rule,
)
from gigawatt.planning.wiring.site_load import refined
from gigawatt.planning.wiring.site_supply import with_supplies
from gigawatt.planning.wiring.sites import SitePlan, site_plans
from gigawatt.planning.workloads import ScheduledPool, Setting, Work, schedule
from gigawatt.scenario.model import Scenario
from gigawatt.units import WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]
H100_FLOP_PER_S_8_BIT = "h100-sxm"  # the accelerator that counts 1 in H100-equivalents


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every draw shares."""

    scenario: Scenario
    catalogue: Catalogue
    sites: list[SitePlan]
    work: Work
    mean_load_frac: float
    idle_load_frac: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan's results, by engine; `h100_equivalents_K` is what an accelerator of each kind counts. [-]."""

    sites: list[SitePlan]
    inputs: BuildoutInputs
    built: BuildoutResult
    allocation: Allocation
    operations: Operations
    scope: Scope
    h100_equivalents_K: Floats
    opex_usd: dict[str, Floats]
    revenue_usd: dict[str, Floats]
    finance_inputs: FinanceInputs
    finance: FinanceResult


def prepare(scenario: Scenario, catalogue: Catalogue, figures: Figures) -> Prepared:
    """Run the parts of a plan that do not change between draws.

    Parameters
    ----------
    scenario : Scenario
        Resolved: every default filled.
    catalogue : Catalogue
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    Prepared
    """
    defaults = catalogue.defaults
    mean_load = figures("defaults.training_mean_load_frac", defaults.training_mean_load_frac)
    idle_load = figures("defaults.idle_load_frac", defaults.idle_load_frac)
    sites = with_supplies(site_plans(scenario, catalogue, mean_load, figures), catalogue, figures)
    largest = max(sites, key=lambda site: float(site.facility_w_T.max()))
    setting = Setting(costs=largest.costs, tariff=largest.tariff, pue=largest.pue_mean)
    return Prepared(
        scenario=scenario,
        catalogue=catalogue,
        sites=sites,
        work=schedule(scenario, catalogue, setting, figures),
        mean_load_frac=mean_load,
        idle_load_frac=idle_load,
    )


def with_loads(prepared: Prepared, outcome: Outcome, figures: Figures) -> Prepared:
    """Return what was prepared, with each site's year on the load that a first pass of the plan gives it."""
    sites = refined(
        prepared.sites,
        prepared.catalogue,
        outcome.inputs,
        outcome.built,
        outcome.allocation,
        outcome.operations,
        busy_load_frac=prepared.mean_load_frac,
        idle_load_frac=prepared.idle_load_frac,
        figures=figures,
    )
    return replace(prepared, sites=sites)


def settled(scenario: Scenario, catalogue: Catalogue, figures: Figures) -> tuple[Prepared, Outcome]:
    """Return a plan at its central figures: prepared, carried out, and again on the load that the first pass gives.

    Parameters
    ----------
    scenario : Scenario
        Resolved: every default filled.
    catalogue : Catalogue
    figures : Figures

    Returns
    -------
    prepared : Prepared
    outcome : Outcome
    """
    prepared = prepare(scenario, catalogue, figures)
    if scenario.fleet.method == "simulated":
        from gigawatt.planning.fleet.in_plan import with_fleet  # with its kernel: only where a scenario asks for it

        noticed = len(prepared.work.notices)
        first = carry(prepared, figures)
        del prepared.work.notices[noticed:]
        prepared = with_fleet(prepared, first, figures)
    noticed = len(prepared.work.notices)
    prepared = with_loads(prepared, carry(prepared, figures), figures)
    del prepared.work.notices[noticed:]  # the second pass says them again
    return prepared, carry(prepared, figures)


def carry(prepared: Prepared, figures: Figures, sites: list[SitePlan] | None = None, *, brief: bool = False) -> Outcome:
    """Run build-out, allocation, operations and finance.

    Parameters
    ----------
    prepared : Prepared
    figures : Figures
        Central figures, or those of a draw.
    sites : list of SitePlan, optional
        Redrawn sites; the prepared ones where not given.
    brief : bool
        Whether what no metric asks for is left out: break-even factor of all revenue, owners' rates of return.

    Returns
    -------
    Outcome
    """
    scenario, catalogue = prepared.scenario, prepared.catalogue
    sites = sites or prepared.sites
    axis = scenario.horizon.axis
    inputs = buildout_inputs(scenario, catalogue, sites, figures)
    built = plan_buildout(inputs)
    online_KT = built.online_count_SKT.sum(axis=0)
    allocation = allocate(
        axis,
        inputs.kinds,
        online_KT,
        prepared.work,
        inputs.system_w_K,
        mean_load_frac=prepared.mean_load_frac,
        idle_load_frac=prepared.idle_load_frac,
    )
    operations = operate(sites, axis, built.online_count_SKT, allocation.it_w_KT)
    scope = scope_of(scenario, inputs, built)
    opex_usd = opex(scenario.finance, sites, inputs, built, operations, scope, figures)
    it_w_T = (built.it_w_ST * scope.share_ST).sum(axis=0)
    facility_w_T = (built.it_w_ST * inputs.peak_pue_S[:, None] * scope.share_ST).sum(axis=0)
    weights_K = h100_equivalents(catalogue, inputs.kinds)
    served = [(pool, *output_tokens(pool, allocation.given[pool.label])[:2]) for pool in prepared.work.pools]
    served_T = sum((tokens_T for _, _, tokens_T in served), np.zeros(axis.months_count))
    base = Base(
        axis=axis,
        gpus_T=scope.gpus_KT.sum(axis=0),
        facility_mw_T=facility_w_T / WATTS_PER_MEGAWATT,
        it_mw_T=it_w_T / WATTS_PER_MEGAWATT,
        output_tokens_T=served_T,
        compute_doublings_T=compute_doublings(weights_K, inputs.installed_count_K, scope.gpus_KT),
        assistant_served_T=served_share(served, axis.months_count, agents=False),
        agents_served_T=served_share(served, axis.months_count, agents=True),
    )
    revenue_usd = revenue(scenario, base, figures)
    online_T = built.online_count_SKT.sum(axis=(0, 1))
    serving_T = allocation.serving_KT.sum(axis=0)
    money = finance_inputs(
        scenario,
        assets(scenario, inputs, built, figures),
        revenue_usd,
        opex_usd,
        gpus_T=base.gpus_T,
        output_tokens_T=served_T,
        served_cost_frac_T=np.divide(serving_T, online_T, out=np.zeros_like(online_T), where=online_T > 0),
        figures=figures,
        flop_T=peak_flop(catalogue, inputs, scope),
        leased=lease(scenario, sites, inputs, built, scope, figures),
        tax=tax_rule(scenario, catalogue, figures),
    )
    found = evaluate(money, brief=brief)
    return Outcome(sites, inputs, built, allocation, operations, scope, weights_K, opex_usd, revenue_usd, money, found)


def served_share(served: Sequence[tuple[ScheduledPool, Floats, Floats]], months_count: int, *, agents: bool) -> Floats:
    """Return the served share of the agents' or of the users' demand, weighted by requests; 1 where there is none.

    `served` holds pools with their served shares and tokens.
    """
    asked_T, served_T = np.zeros(months_count), np.zeros(months_count)
    for pool, share_T, _ in served:
        if (pool.work.agents is not None) == agents:
            asked_T += pool.requests_per_s_T
            served_T += pool.requests_per_s_T * share_T
    return np.divide(served_T, asked_T, out=np.ones(months_count), where=asked_T > 0)


def compute_doublings(weights_K: Floats, installed_count_K: Floats, new_count_KT: Floats) -> Floats:
    r"""Return how often the plan's accelerators double the compute that was installed, by month.

    Parameters
    ----------
    weights_K : Floats
        H100-equivalents of an accelerator. [-]
    installed_count_K, new_count_KT : Floats
        Accelerators installed before the plan, and of the plan, by month. [-]

    Returns
    -------
    Floats
        :math:`\log_2((I + N_t) / I)` in H100-equivalents, shape (T,); where nothing was installed, the share online of
        the most that is ever online. [-]
    """
    new_T = weights_K @ new_count_KT
    installed = float(weights_K @ installed_count_K)
    if installed > 0.0:
        return np.asarray(np.log2((installed + new_T) / installed))
    most = float(new_T.max())
    return np.asarray(new_T / most if most else new_T)


def h100_equivalents(catalogue: Catalogue, kinds: Sequence[str]) -> Floats:
    """Return each kind's dense 8-bit peak over the H100's; kinds without 8-bit units count by their bf16 peak.

    Parameters
    ----------
    catalogue : Catalogue
    kinds : sequence of str
        Accelerator ids, K long.

    Returns
    -------
    Floats
        Shape (K,). [-]
    """

    def eight_bit(kind: str) -> float:
        peaks = catalogue.accelerators[kind].dense_flop_per_s
        known = [peaks[name].value for name in ("fp8", "int8") if name in peaks]
        return max(known, default=0.0) or peaks["bf16"].value

    return np.array([eight_bit(kind) for kind in kinds]) / eight_bit(H100_FLOP_PER_S_8_BIT)
