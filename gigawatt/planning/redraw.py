"""What a plan rests on, taken again from drawn figures, without a new search or a new hourly year.

Layouts, deployments and weather years are found once, at the central figures. A draw moves what they gave: a training
run's days by its tokens, its failures and the band that the engine states for its step time; a serving pool's size by
its demand and the band of its throughput; a site's cooling and losses by what its year answers to each figure of its
plant. At the central figures all of it is what it was, to the last bit. Shape letter: M months of a year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet import goodput
from gigawatt.engines.fleet.types import Goodput
from gigawatt.engines.serving.uncertainty import interval_factor
from gigawatt.planning.figures import Figures
from gigawatt.planning.outcome import Prepared
from gigawatt.planning.training import TrainingRun, failure_model
from gigawatt.planning.wiring.site_build import energised
from gigawatt.planning.wiring.sites import SitePlan, construction_price, flat_work, grid_price, with_year, year_of_pue
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
from gigawatt.records import Quantity, TimeAxis
from gigawatt.scenario.buildout import SiteUse
from gigawatt.scenario.workloads import ResearchWork

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
class SiteResponse:
    """What a site's year answers to the figures of its plant.

    Attributes
    ----------
    year : Floats
        As the plan has it, as `_year` lines it up.
    figures : tuple of YearResponse
    """

    year: Floats
    figures: tuple[YearResponse, ...]


@dataclass(frozen=True, slots=True)
class Responses:
    """What a draw moves a plan by, found once at the central figures.

    Attributes
    ----------
    by_site : mapping of str to SiteResponse
        By site; none where nothing moves its year.
    predicted : mapping of str to Quantity
        Predictions of the engines by path, with the band that each states: a run's step time, a pool's throughput.
    """

    by_site: Mapping[str, SiteResponse]
    predicted: Mapping[str, Quantity]


def responses_of(prepared: Prepared, ranges: Mapping[str, Quantity]) -> Responses:
    """Run each site's year at both ends of each figure of its plant, and list the bands of the engines.

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
        answers = tuple(
            YearResponse(
                path,
                quantity,
                _year_at(site, prepared, {path: quantity.low}) - middle,
                _year_at(site, prepared, {path: quantity.high}) - middle,
            )
            for path, quantity in sorted(asked.items())
        )
        found[site.use.site] = SiteResponse(_year(site), answers)
    return Responses(found, _predicted(prepared))


def _predicted(prepared: Prepared) -> dict[str, Quantity]:
    """Return the predictions of the engines, with their bands."""
    work, paths = prepared.work, _paths(prepared)
    found = {}
    training: list[ScheduledRun | ScheduledTuning] = [*work.runs, *work.tunings]
    for scheduled in training:
        step = scheduled.run.step
        found[f"{paths[id(scheduled.work)]}.{STEP_TIME}"] = _band(step.step_time_s, "s", step.low_s, step.high_s)
    for pool in work.pools:
        inputs, rate = pool.pool.inputs, pool.pool.deployment.output_tokens_per_s_per_gpu
        factor = interval_factor(inputs.accelerator, bool(inputs.model.experts), "server")
        found[f"{paths[id(pool.work)]}.{THROUGHPUT}"] = _band(rate, "token/s", rate / factor, rate * factor)
    return found


def _band(value: float, unit: str, low: float, high: float) -> Quantity:
    """Return a prediction as a figure."""
    return Quantity(value, unit, low, high, "gigawatt-estimate", "derived", note=BAND_NOTE)


def _paths(prepared: Prepared) -> dict[int, str]:
    """Return where each workload stands in the scenario, by its identity."""
    return {id(item): f"workloads.{number}" for number, item in enumerate(prepared.scenario.workloads)}


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
    axis = prepared.scenario.horizon.axis
    return replace(
        prepared,
        sites=[_site(site, responses.by_site.get(site.use.site), axis, mean_load, figures) for site in prepared.sites],
        work=_work(prepared, responses.predicted, figures),
        mean_load_frac=mean_load,
        idle_load_frac=idle_load,
    )


def _site(
    site: SitePlan, response: SiteResponse | None, axis: TimeAxis, mean_load_frac: float, figures: Figures
) -> SitePlan:
    """Return a site with its power, its prices, its carbon and its year taken again."""
    use = site.use
    power_w, building_w = energised(use, site.steps, axis, figures, site.built_w_QX)
    price, carbon = site.electricity_usd_per_mwh, site.carbon_kg_per_mwh
    if use.supply in GRID:
        price = grid_price(use, site.tariff, mean_load_frac, figures)
        carbon = figures(f"tariffs.{site.tariff.id}.carbon_kg_per_mwh", site.tariff.carbon_kg_per_mwh)
    return replace(
        site,
        facility_w_T=power_w[: axis.months_count],
        facility_later_w_L=power_w[axis.months_count :],
        building_w_X=building_w,
        electricity_usd_per_mwh=price,
        carbon_kg_per_mwh=carbon,
        construction_usd_per_w=construction_price(use, site.costs, figures, leased=site.leased),
        **_drawn_year(use, response, figures),
    )


def _drawn_year(use: SiteUse, response: SiteResponse | None, figures: Figures) -> dict[str, Any]:
    """Return the fields of a site's year that the figures move: those of its PUE as written, or of its plant."""
    if use.pue is not None:
        return year_of_pue(use.site, use.pue, figures)
    if response is None:
        return {}
    year = response.year
    for answer in response.figures:
        share, change = answer.at(figures(answer.path, answer.quantity))
        year = year + share * change
    cooling_M, losses_M, water_M = np.maximum(year[:36], 0.0).reshape(3, 12)
    mean, high, most = np.maximum(year[36:], 1.0).tolist()
    return {
        "cooling_ratio_M": cooling_M,
        "losses_ratio_M": losses_M,
        "water_l_per_mwh_M": water_M,
        "pue_mean": mean,
        "pue_p99": high,
        "pue_max": most,
    }


def _work(prepared: Prepared, predicted: Mapping[str, Quantity], figures: Figures) -> Work:
    """Return the work with demand, tokens, failures and the engines' bands taken again."""
    work, paths, axis = prepared.work, _paths(prepared), prepared.scenario.horizon.axis
    kept = _kept([*(run.run for run in work.runs), *(tuning.run for tuning in work.tunings)], prepared, figures)
    runs, tunings = [], []
    for run in work.runs:
        longer = _longer(run.run, paths[id(run.work)], run.work.tokens, predicted, kept, figures)
        runs.append(on_months(run.label, run.work, longer, axis))
    for tuning in work.tunings:
        path = paths[id(tuning.work)]
        longer = _longer(tuning.run, path, tuning.work.tokens, predicted, kept, figures)
        tunings.append(tuned_by_month(tuning.label, tuning.work, path, longer, axis, figures))
    return Work(
        runs=runs,
        pools=[_pool(pool, paths[id(pool.work)], predicted, prepared, figures) for pool in work.pools],
        tunings=tunings,
        reserves=[
            (item.label, reserved_share(item, axis, figures))
            for item in prepared.scenario.workloads
            if isinstance(item, ResearchWork)
        ],
        fleet=work.fleet,
        gpu_w_KT=work.gpu_w_KT,
    )


def _kept(runs: Sequence[TrainingRun], prepared: Prepared, figures: Figures) -> dict[int, Goodput]:
    """Return what runs keep of their time, by accelerators; nothing where a simulation found it, which is not rerun."""
    if not runs:
        return {}
    fleet = prepared.scenario.fleet
    failures = failure_model(
        prepared.catalogue.reliability[fleet.reliability],
        figures,
        figures("fleet.checkpoint_write", fleet.checkpoint_write) if fleet.checkpoint_write else None,
        figures("fleet.restart", fleet.restart) if fleet.restart else None,
    )
    counts = {run.job.gpus_count for run in runs} if fleet.method != "simulated" else ()
    return {count: goodput(failures, count) for count in counts}


def _longer(
    run: TrainingRun,
    path: str,
    tokens: Quantity,
    predicted: Mapping[str, Quantity],
    kept: Mapping[int, Goodput],
    figures: Figures,
) -> TrainingRun:
    """Return a run with its tokens, its failures and its step time taken again."""
    step, named = run.step, f"{path}.{STEP_TIME}"
    slower = figures(named, predicted[named]) / step.step_time_s
    more = figures(f"{path}.tokens", tokens) / tokens.value
    goodput = kept.get(run.job.gpus_count, run.goodput)
    longer = more * slower * (run.goodput.ettr_frac / goodput.ettr_frac)
    return replace(
        run,
        step=replace(
            step,
            step_time_s=step.step_time_s * slower,
            model_tflops_per_gpu=step.model_tflops_per_gpu / slower,
            mfu=step.mfu / slower,
        ),
        tokens=run.tokens * more,
        goodput=goodput,
        days=run.days * longer,
        gpu_hours_h=run.gpu_hours_h * longer,
        facility_energy_mwh=run.facility_energy_mwh * longer,
        cost_usd=run.cost_usd * longer,
        co2_t=run.co2_t * longer,
    )


def _pool(
    pool: ScheduledPool, path: str, predicted: Mapping[str, Quantity], prepared: Prepared, figures: Figures
) -> ScheduledPool:
    """Return a serving pool, sized again."""
    serving, deployment = pool.pool, pool.pool.deployment
    rate, named = deployment.output_tokens_per_s_per_gpu, f"{path}.{THROUGHPUT}"
    faster = figures(named, predicted[named]) / rate
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
