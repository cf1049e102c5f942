"""Serving of language models: throughput, latency, memory and power of a replica; the best replica; the pool's size."""

from __future__ import annotations

from gigawatt.engines.serving.batching import operating_point
from gigawatt.engines.serving.frontier import frontier
from gigawatt.engines.serving.sizing import size
from gigawatt.engines.serving.types import (
    Deployment,
    Frontier,
    Replica,
    Request,
    ServiceLevel,
    ServingInputs,
    ServingMemory,
    Sizing,
    Speculation,
)

__all__ = [
    "Deployment",
    "Frontier",
    "Replica",
    "Request",
    "ServiceLevel",
    "ServingInputs",
    "ServingMemory",
    "Sizing",
    "Speculation",
    "frontier",
    "operating_point",
    "size",
]
