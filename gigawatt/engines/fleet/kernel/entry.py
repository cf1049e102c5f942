"""The door from Python into the kernel."""

from __future__ import annotations

from collections.abc import Callable

from gigawatt.engines.fleet.kernel.jit import as_world, entry
from gigawatt.engines.fleet.kernel.layout import World
from gigawatt.engines.fleet.kernel.loop import advance


def cached_advance(fingerprint: int) -> Callable[[World, int], int]:
    """Return `advance` for Python; one from disk is taken only if it was compiled from sources with the same sum."""

    def advance_cached(world: World, budget: int) -> int:
        # Numba's cache looks at this file alone; the sum is part of the function, so that it looks at all
        return advance(as_world(world), budget) if fingerprint >= 0 else 0  # type: ignore[call-arg]

    return entry(advance_cached)
