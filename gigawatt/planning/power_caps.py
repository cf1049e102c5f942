"""Watts per accelerator against their number: which power cap gives most from the power there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING

from gigawatt.catalogue.abilities import LOWEST_CAP_FRAC, cap_fault
from gigawatt.catalogue.schema import Accelerator as Entry
from gigawatt.engines.hardware.power import capped_speed_frac, capped_system_w
from gigawatt.engines.hardware.types import Accelerator
from gigawatt.engines.training import estimate
from gigawatt.engines.training.types import Layout, SearchResult, StepEstimate, TrainingJob
from gigawatt.errors import InputError
from gigawatt.units import say

if TYPE_CHECKING:
    from gigawatt.planning.figures import Figures
    from gigawatt.scenario.model import Scenario

STEPS_W = (5.0, 10.0, 25.0, 50.0, 100.0)  # between caps that are looked at, the finest with few enough rows
CAPS_COUNT = 16  # most caps of a table
ROUNDS = 3  # most searches for the layout of the best cap; a second one hardly ever moves it


@dataclass(frozen=True, slots=True)
class CapPoint:
    """A job under one power cap.

    Attributes
    ----------
    cap_w : float
        Of the package; its rating stands for no cap. [W]
    step : StepEstimate
        The job's step on its layout.
    provisioned_w : float
        All-in IT power per accelerator at full load, for which power is laid. [W]
    gpus_count : int
        Accelerators that the power carries; those of the job where no power is given.
    """

    cap_w: float
    step: StepEstimate
    provisioned_w: float
    gpus_count: int

    @property
    def tokens_per_j(self) -> float:
        """Tokens per joule of IT energy. [1/J]."""
        return self.step.tokens_per_s_per_gpu / self.step.gpu_power_w

    @property
    def cluster_tokens_per_s(self) -> float:
        """Tokens per second of all accelerators, each as fast as in the job. [1/s]."""
        return self.step.tokens_per_s_per_gpu * self.gpus_count


def checked_cap_w(entry: Entry, cap_w: float) -> float:
    """Return a power cap that an accelerator takes.

    Raises
    ------
    InputError
        If it does not; says which caps it takes.
    """
    problem, remedy = cap_fault(entry, cap_w)
    if problem:
        message = f"{problem}; {remedy}"
        raise InputError(message)
    return cap_w


def power_cap_w(kind: str, scenario: Scenario, figures: Figures) -> float:
    """Return the cap that a scenario puts on the accelerators of a kind; 0 for none. [W]."""
    cap = (scenario.fleet.power_cap or {}).get(kind)
    return figures(f"fleet.power_cap.{kind}", cap) if cap is not None else 0.0


def caps_w(rated_w: float) -> tuple[float, ...]:
    """Return the caps that are looked at, the rating last.

    Parameters
    ----------
    rated_w : float
        Rated power of the package. [W]

    Returns
    -------
    tuple of float
        Round numbers from the lowest that accelerators take on. [W]

    Examples
    --------
    >>> caps_w(1000.0)
    (500.0, 550.0, 600.0, 650.0, 700.0, 750.0, 800.0, 850.0, 900.0, 950.0, 1000.0)
    """
    lowest_w = LOWEST_CAP_FRAC * rated_w
    step_w = next((step for step in STEPS_W if (rated_w - lowest_w) / step < CAPS_COUNT), STEPS_W[-1])
    below = [step_w * count for count in range(ceil(lowest_w / step_w), ceil(rated_w / step_w))]
    return (*below, rated_w)


def sweep(job: TrainingJob, layout: Layout, it_w: float | None = None, caps: Sequence[float] = ()) -> list[CapPoint]:
    """Predict a job under one power cap after another.

    Parameters
    ----------
    job : TrainingJob
        Its own cap is not used.
    layout : Layout
        Held throughout: what a cap changes of the best one is small.
    it_w : float, optional
        IT power to fill with accelerators that run such jobs. [W]
    caps : sequence of float
        Caps to look at; `caps_w` of the accelerator where not given. [W]

    Returns
    -------
    list of CapPoint
        In the order of the caps.
    """
    chip = job.accelerator
    points = []
    for cap_w in caps or caps_w(chip.tdp_w):
        provisioned_w = float(capped_system_w(chip.system_w, chip.tdp_w, cap_w))
        count = job.gpus_count if it_w is None else floor(it_w / provisioned_w)
        points.append(CapPoint(cap_w, estimate(replace(job, power_cap_w=cap_w), layout), provisioned_w, count))
    return points


def best_point(points: Sequence[CapPoint], *, power_given: bool) -> CapPoint:
    """Return the cap that gives most: tokens from the power where it is given, else tokens per joule."""
    return max(points, key=lambda point: point.cluster_tokens_per_s if power_given else point.tokens_per_j)


def best_cap(
    job: TrainingJob, find: Callable[[TrainingJob], SearchResult], it_w: float | None
) -> tuple[TrainingJob, SearchResult]:
    """Return the job under its best power cap, and its search; the cap and the layout settle in a round or two."""
    found = find(job)
    for _ in range(ROUNDS):
        if found.best is None:
            break
        points = sweep(job, found.best.layout, it_w)
        cap_w = best_point(points, power_given=it_w is not None).cap_w
        cap_w = 0.0 if cap_w >= job.accelerator.tdp_w else cap_w
        if cap_w == job.power_cap_w:
            break
        job = replace(job, power_cap_w=cap_w)
        found = find(job)
    return job, found


def check_power(job: TrainingJob, cap_w: float, it_w: float) -> None:
    """Raise InputError where an IT power does not carry the job under a cap."""
    chip = job.accelerator
    needed_w = job.gpus_count * float(capped_system_w(chip.system_w, chip.tdp_w, cap_w))
    if it_w < needed_w:
        message = (
            f"{say(it_w, 'W')} does not carry {job.gpus_count:,} {chip.name}, which need {say(needed_w, 'W')} of IT "
            f"power at {cap_w or chip.tdp_w:,.0f} W each"
        )
        raise InputError(message)


def compared(job: TrainingJob, found: SearchResult, it_w: float | None) -> tuple[CapPoint, ...]:
    """Return the job under each power cap, its own among them; none where nothing fits."""
    if found.best is None:
        return ()
    own = [job.power_cap_w] if job.power_cap_w else []
    return tuple(sweep(job, found.best.layout, it_w, sorted({*caps_w(job.accelerator.tdp_w), *own})))


@dataclass(frozen=True, slots=True)
class CapGain:
    """What a power cap brings where power is short.

    Attributes
    ----------
    cap_w : float
        [W]
    more_gpus_frac : float
        Accelerators on the same power, over those without a cap, less one. [-]
    slower_frac : float
        Throughput that each loses. [-]
    gain_frac : float
        Throughput of all, over that without a cap, less one. [-]
    """

    cap_w: float
    more_gpus_frac: float
    slower_frac: float
    gain_frac: float


def gain_of(chip: Accelerator, cap_w: float, speed_frac: float) -> CapGain:
    """Return what a cap brings to an accelerator whose work then runs at a share of its speed."""
    more = chip.system_w / float(capped_system_w(chip.system_w, chip.tdp_w, cap_w))
    return CapGain(cap_w, more - 1.0, 1.0 - speed_frac, more * speed_frac - 1.0)


def best_gain(chip: Accelerator, work: tuple[TrainingJob, Layout] | None = None) -> CapGain:
    """Return the cap that brings most on a fixed power.

    Parameters
    ----------
    chip : Accelerator
    work : tuple of TrainingJob and Layout, optional
        What it runs; products alone, which feel a cap most, where not given.

    Returns
    -------
    CapGain
        That of the rating, which is none, where no cap brings anything.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Fabric
    >>> link = Fabric(900e9, 0.8, 2e-6)
    >>> best_gain(Accelerator("", "", {"bf16": 2.5e15}, 2e11, 8e12, 72, 4, link, link, 1200.0, 2090.0, 560.0)).cap_w
    1100.0
    """
    if work is None:
        looked_at = [gain_of(chip, cap, float(capped_speed_frac(cap, chip.tdp_w))) for cap in caps_w(chip.tdp_w)]
    else:
        points = sweep(*work)
        full = points[-1].step.step_time_s
        looked_at = [gain_of(chip, point.cap_w, full / point.step.step_time_s) for point in points]
    return max(looked_at, key=lambda gain: gain.gain_frac)
