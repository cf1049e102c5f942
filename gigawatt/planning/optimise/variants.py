"""Accelerator kinds in the states of their power caps, and how fast each does the scenario's work.

Shape letters: K kinds, V variants, T months.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.abilities import cap_fault
from gigawatt.engines.hardware.power import capped_speed_frac, capped_system_w
from gigawatt.errors import CatalogueError, InfeasibleError, InputError
from gigawatt.planning import convert
from gigawatt.planning.figures import Figures
from gigawatt.planning.outcome import Prepared
from gigawatt.planning.power_caps import best_gain, power_cap_w, sweep
from gigawatt.planning.workloads import ScheduledPool, ScheduledRun, Setting, scheduled_pool, scheduled_run
from gigawatt.records import Quantity
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.workloads import ServeWork, TrainWork

Floats = NDArray[np.float64]
LEAST_GAIN_FRAC = 0.01  # a cap that brings less than this of the work on a fixed power is not looked at


@dataclass(frozen=True, slots=True)
class Variant:
    """An accelerator kind in one state of its power cap.

    Attributes
    ----------
    kind : int
        Position among the plan's kinds.
    accelerator : str
    cap_w : float
        Of the package; 0: none. [W]
    system_w : float
        All-in IT power. [W]
    speed_frac : float
        Speed of its work over that without the cap. [-]
    """

    kind: int
    accelerator: str
    cap_w: float
    system_w: float
    speed_frac: float

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.accelerator} at {self.cap_w:,.0f} W" if self.cap_w else self.accelerator


def variants_of(
    scenario: Scenario,
    catalogue: Catalogue,
    kinds: tuple[str, ...],
    system_w_K: Floats,
    figures: Figures,
    works: Mapping[str, ScheduledRun],
) -> tuple[Variant, ...]:
    """Return each kind as it is, and held to the power at which a fixed power does most work.

    Parameters
    ----------
    scenario : Scenario
        A cap that it sets holds; there is no other state then.
    catalogue : Catalogue
    kinds : tuple of str
    system_w_K : Floats
        All-in IT power under the scenario's caps. [W]
    figures : Figures
    works : mapping of str to ScheduledRun
        The largest training run of each kind, by which its cap is chosen; matrix products alone where it has none.

    Returns
    -------
    tuple of Variant
    """
    found = []
    for k, kind in enumerate(kinds):
        entry = catalogue.accelerators[kind]
        given_w = power_cap_w(kind, scenario, figures)
        tdp_w = figures(f"accelerators.{kind}.tdp_w", entry.tdp_w)
        speed = float(capped_speed_frac(given_w, tdp_w)) if given_w else 1.0
        found.append(Variant(k, kind, given_w, float(system_w_K[k]), speed))
        if given_w or not scenario.optimise.power_caps:
            continue
        work = works[kind].run if kind in works else None
        gain = best_gain(convert.accelerator(entry, catalogue), (work.job, work.step.layout) if work else None)
        if gain.gain_frac < LEAST_GAIN_FRAC or cap_fault(entry, gain.cap_w)[0]:
            continue
        watts = float(capped_system_w(float(system_w_K[k]), tdp_w, gain.cap_w))
        found.append(Variant(k, kind, gain.cap_w, watts, 1.0 - gain.slower_frac))
    return tuple(found)


def setting_of(prepared: Prepared) -> Setting:
    """Return the costs and the tariff of the largest site, by which workloads are judged."""
    largest = max(prepared.sites, key=lambda site: float(site.facility_w_T.max()))
    return Setting(costs=largest.costs, tariff=largest.tariff, pue=largest.pue_mean)


def run_on(
    run: ScheduledRun, path: str, accelerator: str, prepared: Prepared, factor: float = 1.0
) -> ScheduledRun | None:
    """Return a training run on an accelerator of any kind; None where it cannot run there.

    Parameters
    ----------
    run : ScheduledRun
        As the scenario has it.
    path : str
        Where it stands in the scenario.
    accelerator : str
        Under the scenario's cap: `slowed_months` does the others.
    prepared : Prepared
    factor : float
        Accelerators over those that the scenario gives it. [-]

    Returns
    -------
    ScheduledRun or None
    """
    if accelerator == run.kind and factor == 1.0:
        return run
    count = run.run.job.gpus_count * factor
    work: TrainWork = run.work.model_copy(update={"on": {accelerator: Quantity(count, "GPU")}})
    try:
        return scheduled_run(work, path, prepared.scenario, prepared.catalogue, setting_of(prepared), Figures())
    except (InfeasibleError, InputError, CatalogueError):
        return None


def slowed_months(run: ScheduledRun, cap_w: float) -> float:
    """Return how long a run takes under a power cap, on the layout that is best without it. [month]."""
    capped = sweep(run.run.job, run.run.step.layout, caps=(cap_w,))[0].step
    return run.length_months * capped.step_time_s / run.run.step.step_time_s


def pool_on(pool: ScheduledPool, path: str, variant: Variant, prepared: Prepared) -> ScheduledPool | None:
    """Return a serving pool on an accelerator of any kind in any state; None where it meets no service level."""
    scenario = prepared.scenario
    given_w = power_cap_w(variant.accelerator, scenario, Figures())
    if variant.accelerator == pool.kind and variant.cap_w == given_w:
        return pool
    if variant.cap_w != given_w:
        caps = {**(scenario.fleet.power_cap or {}), variant.accelerator: Quantity(variant.cap_w, "W")}
        scenario = scenario.model_copy(update={"fleet": scenario.fleet.model_copy(update={"power_cap": caps})})
    work: ServeWork = pool.work.model_copy(update={"on": variant.accelerator})
    try:
        return scheduled_pool(work, path, scenario, prepared.catalogue, setting_of(prepared), Figures())
    except (InfeasibleError, InputError, CatalogueError):
        return None
