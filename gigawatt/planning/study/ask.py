"""What a study is asked."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.errors import InputError, nearest
from gigawatt.planning.executors import EXECUTORS
from gigawatt.planning.metrics import MEASURES

SAMPLES_COUNT = 1024
LARGEST_SAMPLES_COUNT = 1 << 24
GOAL = "finance.npv_usd"
SOBOL_FIGURES_COUNT = 8  # figures whose variance indices are sought, the most telling ones
SOBOL_SAMPLES_COUNT = 256  # of Saltelli's design, each needing two more plans than there are figures


@dataclass(frozen=True, slots=True)
class Question:
    """What a study is asked.

    Attributes
    ----------
    samples_count : int
        Draws; the sequence is balanced at powers of two.
    seed : int
    goal : str
        Metric that tornado, indices, regret and the worth of knowing are about.
    sobol : bool
        Whether variance indices are sought.
    executor : str
        local or ray.
    workers_count : int or None
        Processes; as many as there are cores where None.
    """

    samples_count: int = SAMPLES_COUNT
    seed: int = 0
    goal: str = GOAL
    sobol: bool = False
    executor: str = "local"
    workers_count: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        goals = [measure.name for measure in MEASURES if measure.drawn]
        if self.goal not in goals:
            message = f'"{self.goal}" is no metric that a draw has. {nearest(self.goal, goals)}'
            raise InputError(message)
        if not 1 <= self.samples_count <= LARGEST_SAMPLES_COUNT:
            message = f"{self.samples_count:,} samples are not between 1 and {LARGEST_SAMPLES_COUNT:,}"
            raise InputError(message)
        if self.executor not in EXECUTORS:
            message = f'"{self.executor}" is no executor. {nearest(self.executor, EXECUTORS)}'
            raise InputError(message)
        if self.workers_count is not None and self.workers_count < 1:
            message = "a study needs at least one worker"
            raise InputError(message)
        if self.seed < 0:
            message = "a seed is a whole number from 0"
            raise InputError(message)
