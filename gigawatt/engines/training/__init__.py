"""Training: FLOPs, memory, step time and search over parallel layouts."""

from __future__ import annotations

from gigawatt.engines.training.run import run
from gigawatt.engines.training.search import search
from gigawatt.engines.training.step import Breakdown, estimate
from gigawatt.engines.training.types import (
    Layout,
    Memory,
    RunEstimate,
    SearchResult,
    StepEstimate,
    TrainingJob,
)

BREAKDOWN = Breakdown._fields

__all__ = [
    "BREAKDOWN",
    "Layout",
    "Memory",
    "RunEstimate",
    "SearchResult",
    "StepEstimate",
    "TrainingJob",
    "estimate",
    "run",
    "search",
]
