"""Chance by counter: a draw depends on the seed, what and whom it is for, and its number.

So a change of policy leaves every failure where it was, and two policies can be compared on the same luck.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gigawatt.engines.fleet.kernel.jit import compiled

# splitmix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators," OOPSLA 2014
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
UNIT = 2.0**-53  # a 53-bit integer to [0, 1)


@compiled
def mixed(word: Any) -> Any:
    """Finaliser of splitmix64: every bit of the result depends on every bit given."""
    z = np.uint64(word)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX_2)
    return z ^ (z >> np.uint64(31))


@compiled
def uniform(seed: int, stream: int, entity: int, count: int) -> float:
    """Return a draw from (0, 1)."""
    word = mixed(np.uint64(seed) + np.uint64(GOLDEN) * np.uint64(stream + 1))
    word = mixed(word + np.uint64(GOLDEN) * np.uint64(entity + 1))
    word = mixed(word + np.uint64(GOLDEN) * np.uint64(count + 1))
    return (np.float64(word >> np.uint64(11)) + 0.5) * UNIT


@compiled
def exponential(seed: int, stream: int, entity: int, count: int) -> float:
    """Return a draw of mean 1."""
    return -math.log(uniform(seed, stream, entity, count))


@compiled
def log_normal(median: float, sigma: float, seed: int, stream: int, entity: int, count: int) -> float:
    """Return a log-normal draw (Box and Muller, 1958), the median itself where there is no spread."""
    if sigma == 0.0 or median == 0.0:
        return median
    radius = math.sqrt(-2.0 * math.log(uniform(seed, stream, entity, 2 * count)))
    return median * math.exp(sigma * radius * math.cos(2.0 * math.pi * uniform(seed, stream, entity, 2 * count + 1)))
