"""Jobs for the simulator drawn from a cluster's published statistics, or from those of a trace of one's own."""

from __future__ import annotations

from gigawatt.engines.fleet.generator import Moments, WorkloadModel, generate, moments, scaled
from gigawatt.planning.workload_generator.entry import load_of, model_of, shares_of_tenants, statistics_of
from gigawatt.planning.workload_generator.fit import Shape, Statistics, fit_choice, fit_shape, fit_tenants
from gigawatt.planning.workload_generator.runs import PlannedRun, with_runs

__all__ = [
    "Moments",
    "PlannedRun",
    "Shape",
    "Statistics",
    "WorkloadModel",
    "fit_choice",
    "fit_shape",
    "fit_tenants",
    "generate",
    "load_of",
    "model_of",
    "moments",
    "scaled",
    "shares_of_tenants",
    "statistics_of",
    "with_runs",
]
