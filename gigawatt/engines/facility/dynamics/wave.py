"""The power of synchronous training over time: all accelerators compute, then all wait for the network.

Shape letters: J jobs, S time steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SquareWave:
    """Power that is high while a training step computes and low while it communicates.

    Attributes
    ----------
    high_w, low_w : float
        Power of the two parts, of one accelerator or a whole site. [W]
    period_s : float
        Time of a training step. [s]
    high_frac : float
        Share of it at high power, above 0 and below 1. [-]

    Examples
    --------
    A gigawatt that falls to 350 MW for a quarter of each two seconds:

    >>> wave = SquareWave(1e9, 350e6, 2.0, 0.75)
    >>> wave.swing_w / 1e6, wave.mean_w / 1e6
    (650.0, 837.5)
    """

    high_w: float
    low_w: float
    period_s: float
    high_frac: float

    def __post_init__(self) -> None:
        problems = []
        if not 0.0 <= self.low_w <= self.high_w:
            problems.append(f"needs 0 <= low <= high, not {self.low_w:g} and {self.high_w:g} W")
        if not self.period_s > 0.0:
            problems.append(f"period is {self.period_s:g} s; it must be positive")
        if not 0.0 < self.high_frac < 1.0:
            problems.append(f"high share is {self.high_frac:g}; it must be above 0 and below 1")
        if problems:
            message = "load wave: " + "; ".join(problems)
            raise InputError(message)

    @property
    def swing_w(self) -> float:
        """Peak to peak. [W]."""
        return self.high_w - self.low_w

    @property
    def mean_w(self) -> float:
        """Mean power. [W]."""
        return self.low_w + self.swing_w * self.high_frac

    def times(self, count: float) -> SquareWave:
        """Return the wave of so many, in step."""
        return replace(self, high_w=self.high_w * count, low_w=self.low_w * count)


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One synchronous job on a site.

    Attributes
    ----------
    wave : SquareWave
        Of all its accelerators.
    idle_w : float
        Before it starts, and after it ends or crashes. [W]
    start_s : float
        When it starts. [s]
    stop_s : float
        When it ends or crashes; infinite where it runs on. [s]
    phase_s : float
        How far its first step is when it starts. [s]
    checkpoint_interval_s : float
        Training between two checkpoints; infinite where there are none. [s]
    checkpoint_s : float
        Pause that a checkpoint makes. [s]
    checkpoint_w : float
        Power during the pause. [W]
    """

    wave: SquareWave
    idle_w: float = 0.0
    start_s: float = 0.0
    stop_s: float = float("inf")
    phase_s: float = 0.0
    checkpoint_interval_s: float = float("inf")
    checkpoint_s: float = 0.0
    checkpoint_w: float = 0.0


def with_random_phases(jobs: Sequence[TrainingJob], generator: np.random.Generator) -> list[TrainingJob]:
    """Give each job a phase by chance: jobs of one site know nothing of each other.

    Parameters
    ----------
    jobs : sequence of TrainingJob
        Their phases are replaced.
    generator : numpy.random.Generator
        Where the chance comes from.

    Returns
    -------
    list of TrainingJob
        Phases even over each job's period. Amplitudes at one frequency then add up as the root of the sum of squares on
        average, not as the sum; but by chance, at times, nearly so.
    """
    return [replace(job, phase_s=float(generator.uniform(0.0, job.wave.period_s))) for job in jobs]


def site_power_w(jobs: Sequence[TrainingJob], duration_s: float, time_step_s: float, rest_w: float = 0.0) -> Floats:
    """Power of a site over time.

    Parameters
    ----------
    jobs : sequence of TrainingJob
        On the site.
    duration_s : float
        [s]
    time_step_s : float
        Each value is the exact mean over a step of this length, so energy is kept whatever the step. [s]
    rest_w : float
        All other load, steady. [W]

    Returns
    -------
    Floats
        Shape (S,). [W]

    Raises
    ------
    InputError
        If the step does not fit into the duration.

    Examples
    --------
    >>> site_power_w([TrainingJob(SquareWave(4.0, 2.0, 2.0, 0.5))], 4.0, 0.5).tolist()
    [4.0, 4.0, 2.0, 2.0, 4.0, 4.0, 2.0, 2.0]
    """
    steps_count = round(duration_s / time_step_s) if time_step_s > 0.0 else 0
    if steps_count < 1:
        message = f"load wave: {duration_s:g} s cannot be told in steps of {time_step_s:g} s"
        raise InputError(message)
    edge_s = np.arange(steps_count + 1, dtype=np.float64) * time_step_s
    energy_j = rest_w * edge_s
    for job in jobs:
        energy_j = energy_j + _job_energy_j(job, edge_s)
    power_w: Floats = np.diff(energy_j) / time_step_s
    return power_w


def _wave_energy_j(wave: SquareWave, time_s: Floats) -> Floats:
    """Energy of a wave from the start of a period on."""
    high_s = wave.high_frac * wave.period_s
    periods, rest_s = np.divmod(time_s, wave.period_s)
    energy_j: Floats = wave.low_w * time_s + wave.swing_w * (periods * high_s + np.minimum(rest_s, high_s))
    return energy_j


def _job_energy_j(job: TrainingJob, time_s: Floats) -> Floats:
    """Energy of a job from time 0 on."""
    run_s = np.clip(time_s, job.start_s, job.stop_s) - job.start_s
    idle_j = job.idle_w * (time_s - run_s)
    if not np.isfinite(job.checkpoint_interval_s):
        return idle_j + _trained_j(job, run_s)
    cycles, rest_s = np.divmod(run_s, job.checkpoint_interval_s + job.checkpoint_s)
    trained_s = cycles * job.checkpoint_interval_s + np.minimum(rest_s, job.checkpoint_interval_s)
    return idle_j + _trained_j(job, trained_s) + job.checkpoint_w * (run_s - trained_s)


def _trained_j(job: TrainingJob, trained_s: Floats) -> Floats:
    """Energy of so much training; the phase goes on where a checkpoint interrupted it."""
    ahead = np.asarray(job.phase_s, dtype=np.float64)
    return _wave_energy_j(job.wave, trained_s + job.phase_s) - _wave_energy_j(job.wave, ahead)


def largest_ramp_w_per_s(power_w: Floats, time_step_s: float, window_s: float) -> float:
    """Steepest change of a power as a utility meters it.

    Parameters
    ----------
    power_w : Floats
        Shape (S,). [W]
    time_step_s : float
        [s]
    window_s : float
        Power is compared over this time; a minute where the limit is in MW per minute. [s]

    Returns
    -------
    float
        Largest absolute difference over the window, by the window. [W/s]

    Examples
    --------
    >>> largest_ramp_w_per_s(np.array([0.0, 1.0, 4.0, 4.0]), 1.0, 2.0)
    2.0
    """
    steps = max(round(window_s / time_step_s), 1)
    if steps >= power_w.size:
        return 0.0
    return float(np.abs(power_w[steps:] - power_w[:-steps]).max() / (steps * time_step_s))
