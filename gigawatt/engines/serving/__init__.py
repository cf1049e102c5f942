"""Serving of language models: throughput, latency, memory and power of a replica; the best replica; the pool's size."""

from __future__ import annotations

from gigawatt.engines.serving.batching import operating_point
from gigawatt.engines.serving.disaggregated import decode_pools, pool_frontier, pool_pair, prompt_pool, size_pools
from gigawatt.engines.serving.frontier import frontier
from gigawatt.engines.serving.sizing import query_energy, size, size_many
from gigawatt.engines.serving.types import (
    DecodePool,
    Deployment,
    Frontier,
    PoolFrontier,
    PoolPair,
    PoolSizes,
    PromptPool,
    QueryEnergy,
    Replica,
    Request,
    ServiceLevel,
    ServingInputs,
    ServingMemory,
    Sizing,
    Speculation,
)

__all__ = [
    "DecodePool",
    "Deployment",
    "Frontier",
    "PoolFrontier",
    "PoolPair",
    "PoolSizes",
    "PromptPool",
    "QueryEnergy",
    "Replica",
    "Request",
    "ServiceLevel",
    "ServingInputs",
    "ServingMemory",
    "Sizing",
    "Speculation",
    "decode_pools",
    "frontier",
    "operating_point",
    "pool_frontier",
    "pool_pair",
    "prompt_pool",
    "query_energy",
    "size",
    "size_many",
    "size_pools",
]
