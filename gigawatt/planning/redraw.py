"""What a plan rests on, taken again from drawn figures, without a new search or a new hourly year.

Layouts, deployments and weather years are found once, at the central figures. A draw moves what they gave: a training
run's days by its tokens, its failures and the band that the engine states for its step time; a serving pool's size by
its demand and the band of its throughput; a site's cooling and losses by what its year answers to each figure of its
plant. At the central figures all of it is what it was, to the last bit. Shape letter: M months of a year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet import goodput
from gigawatt.engines.serving.uncertainty import interval_factor
from gigawatt.planning.figures import Figures
from gigawatt.planning.outcome import Prepared, redraw
from gigawatt.planning.training import TrainingRun, failure_model
from gigawatt.planning.wiring.sites import SitePlan, flat_work, grid_price, with_year
from gigawatt.planning.workloads import (
    ScheduledPool,
    ScheduledRun,
    ScheduledTuning,
    Work,
    on_months,
    reserved_share,
    sized_by_month,
    tuned_by_month,
)
from gigawatt.records import Quantity
from gigawatt.scenario.workloads import FinetuneWork, ResearchWork

Floats = NDArray[np.float64]

STEP_TIME, THROUGHPUT = "step_time", "throughput"  # last part of the path of a prediction
GRID = (None, "grid")  # supplies whose price is a tariff's
BAND_NOTE = "80 % interval that the engine states, from its errors against published measurements"


@dataclass(frozen=True, slots=True)
class YearResponse:
    """What a site's year answers to one figure of its plant.

    Attributes
    ----------
    path : str
    quantity : Quantity
        With the range at whose ends the year was run.
    low, high : Floats
        Change of the year, as `_year` lines it up, at the low and the high end.
    """

    path: str
    quantity: Quantity
    low: Floats
    high: Floats

    def at(self, value: float) -> tuple[float, Floats]:
        """Return the share of the way to an end of the range, beyond 1 outside it, and the change at that end."""
        middle = self.quantity.value
        end, changes = (self.quantity.low, self.low) if value < middle else (self.quantity.high, self.high)
        return (value - middle) / (end - middle) if end != middle else 0.0, changes


@dataclass(frozen=True, slots=True)
class Responses:
    """What the years of a plan's sites answer to the figures of their plants, by site."""

    by_site: Mapping[str, tuple[YearResponse, ...]] = field(default_factory=dict)


def responses_of(prepared: Prepared, ranges: Mapping[str, Quantity]) -> Responses:
    """Run each site's year at both ends of each figure of its plant.

    Parameters
    ----------
    prepared : Prepared
    ranges : mapping of str to Quantity
        Figures of the central plan, some with a range.

    Returns
    -------
    Responses
    """
    found = {}
    for site in prepared.sites:
        prefix = f"plants.{site.plant.id}."
        asked = {
            path: quantity
            for path, quantity in ranges.items()
            if path.startswith(prefix) and quantity.is_range and not path.endswith("it_density_w_per_m2")
        }
        if site.year is None or site.use.pue is not None or not asked:
            continue
        middle = _year_at(site, prepared, {})
        found[site.use.site] = tuple(
            YearResponse(
                path,
                quantity,
                _year_at(site, prepared, {path: quantity.low}) - middle,
                _year_at(site, prepared, {path: quantity.high}) - middle,
            )
            for path, quantity in sorted(asked.items())
        )
    return Responses(found)


class _Held(Figures):
    """Central figures but for one."""

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__()
        self._values = values

    def __call__(self, path: str, quantity: Quantity) -> float:
        return self._values.get(path, quantity.value)


def _year_at(site: SitePlan, prepared: Prepared, values: Mapping[str, float]) -> Floats:
    """Return what a site's year gives with some figures changed, on a flat load."""
    return _year(with_year(site, prepared.catalogue, flat_work(prepared.mean_load_frac), _Held(values)))


def _year(site: SitePlan) -> Floats:
    """Line up a site's year: cooling ratio, losses ratio and water by calendar month, PUE mean, at p99 and highest."""
    return np.concatenate(
        (
            site.cooling_ratio_M,
            site.losses_ratio_M,
            site.water_l_per_mwh_M,
            (site.pue_mean, site.pue_p99, site.pue_max),
        )
    )


def redrawn(prepared: Prepared, responses: Responses, figures: Figures) -> Prepared:
    """Take again from the figures what a plan rests on.

    Parameters
    ----------
    prepared : Prepared
        At the central figures.
    responses : Responses
    figures : Figures
        Of a draw.

    Returns
    -------
    Prepared
        Without notices.
    """
    defaults = prepared.catalogue.defaults
    mean_load = figures("defaults.training_mean_load_frac", defaults.training_mean_load_frac)
    idle_load = figures("defaults.idle_load_frac", defaults.idle_load_frac)
    sites = redraw(prepared.sites, prepared, figures)
    return replace(
        prepared,
        sites=[_site(site, responses.by_site.get(site.use.site, ()), mean_load, figures) for site in sites],
        work=_work(prepared, figures),
        mean_load_frac=mean_load,
        idle_load_frac=idle_load,
    )


def _site(site: SitePlan, responses: Sequence[YearResponse], mean_load_frac: float, figures: Figures) -> SitePlan:
    """Return a site with its price, its carbon and its year taken again."""
    price, carbon = site.electricity_usd_per_mwh, site.carbon_kg_per_mwh
    if site.use.supply in GRID:
        price = grid_price(site.use, site.tariff, mean_load_frac, figures)
        carbon = figures(f"tariffs.{site.tariff.id}.carbon_kg_per_mwh", site.tariff.carbon_kg_per_mwh)
    site = replace(site, electricity_usd_per_mwh=price, carbon_kg_per_mwh=carbon)
    if site.use.pue is not None:
        pue = figures(f"sites.{site.use.site}.pue", site.use.pue)
        return replace(site, cooling_ratio_M=np.full(12, pue - 1.0), pue_mean=pue, pue_p99=pue, pue_max=pue)
    if not responses:
        return site
    year = _year(site)
    for response in responses:
        share, change = response.at(figures(response.path, response.quantity))
        year = year + share * change
    cooling_M, losses_M, water_M = np.maximum(year[:36], 0.0).reshape(3, 12)
    mean, high, most = np.maximum(year[36:], 1.0).tolist()
    return replace(
        site,
        cooling_ratio_M=cooling_M,
        losses_ratio_M=losses_M,
        water_l_per_mwh_M=water_M,
        pue_mean=mean,
        pue_p99=high,
        pue_max=most,
    )


def _work(prepared: Prepared, figures: Figures) -> Work:
    """Return the work with demand, tokens, failures and the engines' bands taken again."""
    scenario, work = prepared.scenario, prepared.work
    place = {id(item): f"workloads.{number}" for number, item in enumerate(scenario.workloads)}
    axis = scenario.horizon.axis
    return Work(
        runs=[_run(run, place[id(run.work)], prepared, figures) for run in work.runs],
        pools=[_pool(pool, place[id(pool.work)], prepared, figures) for pool in work.pools],
        tunings=[_tuning(tuning, place[id(tuning.work)], prepared, figures) for tuning in work.tunings],
        reserves=[
            (item.label, reserved_share(item, axis, figures))
            for item in scenario.workloads
            if isinstance(item, ResearchWork)
        ],
        fleet=work.fleet,
        gpu_w_KT=work.gpu_w_KT,
    )


def _longer(run: TrainingRun, path: str, item_tokens: Quantity, prepared: Prepared, figures: Figures) -> TrainingRun:
    """Return a run with its tokens, its failures and its step time taken again."""
    fleet = prepared.scenario.fleet
    step = run.step
    told = Quantity(step.step_time_s, "s", step.low_s, step.high_s, "gigawatt-estimate", "derived", note=BAND_NOTE)
    slower = figures(f"{path}.{STEP_TIME}", told) / step.step_time_s
    more = figures(f"{path}.tokens", item_tokens) / item_tokens.value
    failures = failure_model(
        prepared.catalogue.reliability[fleet.reliability],
        figures,
        figures("fleet.checkpoint_write", fleet.checkpoint_write) if fleet.checkpoint_write else None,
        figures("fleet.restart", fleet.restart) if fleet.restart else None,
    )
    kept = run.goodput if fleet.method == "simulated" else goodput(failures, run.job.gpus_count)
    longer = more * slower * (run.goodput.ettr_frac / kept.ettr_frac)
    return replace(
        run,
        step=replace(
            step,
            step_time_s=step.step_time_s * slower,
            model_tflops_per_gpu=step.model_tflops_per_gpu / slower,
            mfu=step.mfu / slower,
        ),
        tokens=run.tokens * more,
        goodput=kept,
        days=run.days * longer,
        gpu_hours_h=run.gpu_hours_h * longer,
        facility_energy_mwh=run.facility_energy_mwh * longer,
        cost_usd=run.cost_usd * longer,
        co2_t=run.co2_t * longer,
    )


def _run(run: ScheduledRun, path: str, prepared: Prepared, figures: Figures) -> ScheduledRun:
    """Return a training run, laid on the months again."""
    longer = _longer(run.run, path, run.work.tokens, prepared, figures)
    return on_months(run.label, run.work, longer, prepared.scenario.horizon.axis)


def _tuning(tuning: ScheduledTuning, path: str, prepared: Prepared, figures: Figures) -> ScheduledTuning:
    """Return a stream of fine-tuning runs."""
    item: FinetuneWork = tuning.work
    longer = _longer(tuning.run, path, item.tokens, prepared, figures)
    return tuned_by_month(tuning.label, item, path, longer, prepared.scenario.horizon.axis, figures)


def _pool(pool: ScheduledPool, path: str, prepared: Prepared, figures: Figures) -> ScheduledPool:
    """Return a serving pool, sized again."""
    serving, deployment = pool.pool, pool.pool.deployment
    rate = deployment.output_tokens_per_s_per_gpu
    factor = interval_factor(serving.inputs.accelerator, bool(serving.inputs.model.experts), "server")
    told = Quantity(rate, "token/s", rate / factor, rate * factor, "gigawatt-estimate", "derived", note=BAND_NOTE)
    faster = figures(f"{path}.{THROUGHPUT}", told) / rate
    drawn = replace(
        deployment,
        requests_per_s=deployment.requests_per_s * faster,
        output_tokens_per_s_per_gpu=rate * faster,
        j_per_output_token=deployment.j_per_output_token / faster,
    )
    agents = pool.work.agents
    return sized_by_month(
        pool.label,
        pool.work,
        path,
        replace(serving, deployment=drawn),
        prepared.scenario.horizon.axis,
        prepared.catalogue,
        figures,
        calls_per_task=agents.turns.value if agents and agents.turns and agents.turns.value else 1.0,
    )
