"""When people submit who look first whether their quota has room, and look again later where it has none.

Shape letters: N jobs, in order of their batches; M batches, by tenant and then by time; T tenants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gigawatt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

LOOK_AGAIN_S = 0.5 * SECONDS_PER_HOUR  # assumption: people look at their queue about twice an hour,
LOOK_AGAIN_FRAC = 0.25  # and after a quarter of the time that they have waited already, where that is longer


def _compiled(function: F) -> F:
    """Compile a function, or load it from disk."""
    return cast("F", njit(cache=True)(function))


@_compiled
def _push(key: Floats, value: Whole, count: int, new_key: float, new_value: int) -> int:
    """Add to a binary heap that holds so many; return how many it holds then."""
    place = count
    while place > 0 and key[(place - 1) // 2] > new_key:
        key[place], value[place] = key[(place - 1) // 2], value[(place - 1) // 2]
        place = (place - 1) // 2
    key[place], value[place] = new_key, new_value
    return count + 1


@_compiled
def _drop(key: Floats, value: Whole, count: int) -> int:
    """Take the first from a binary heap that holds so many; return how many it holds then."""
    count -= 1
    last_key, last_value, place = key[count], value[count], 0
    while 2 * place + 1 < count:
        below = 2 * place + 1
        if below + 1 < count and key[below + 1] < key[below]:
            below += 1
        if key[below] >= last_key:
            break
        key[place], value[place] = key[below], value[below]
        place = below
    key[place], value[place] = last_key, last_value
    return count


@_compiled
def _release(
    tenant_M: Whole,
    start_s_M: Floats,
    looks_M: NDArray[np.bool_],
    first_M: Whole,
    gpus_N: Whole,
    run_s_N: Floats,
    quota_T: Whole,
    horizon_s: float,
) -> Floats:
    """Return when each batch is submitted."""
    end_s, held = np.empty(len(gpus_N)), np.empty(len(gpus_N), dtype=np.int64)
    again_s, again = np.empty(len(tenant_M)), np.empty(len(tenant_M), dtype=np.int64)
    out_s_M = start_s_M.copy()
    batch = 0
    while batch < len(tenant_M):
        tenant = tenant_M[batch]
        running, waiting, total = 0, 0, 0
        while waiting > 0 or (batch < len(tenant_M) and tenant_M[batch] == tenant):
            is_next = batch < len(tenant_M) and tenant_M[batch] == tenant
            if waiting > 0 and (not is_next or again_s[0] <= start_s_M[batch]):
                now, at = again_s[0], again[0]
                waiting = _drop(again_s, again, waiting)
            else:
                now, at = start_s_M[batch], batch
                batch += 1
            while running > 0 and end_s[0] <= now:
                total -= held[0]
                running = _drop(end_s, held, running)
            asked = 0
            for job in range(first_M[at], first_M[at + 1]):
                asked += gpus_N[job]
            if looks_M[at] and total > 0 and total + asked > quota_T[tenant] and now < horizon_s:
                pause_s = max(LOOK_AGAIN_S, LOOK_AGAIN_FRAC * (now - start_s_M[at]))
                waiting = _push(again_s, again, waiting, max(end_s[0], now + pause_s), at)
                continue
            out_s_M[at] = now
            for job in range(first_M[at], first_M[at + 1]):
                running = _push(end_s, held, running, now + run_s_N[job], gpus_N[job])
                total += gpus_N[job]
    return out_s_M


def released_s(
    tenant_M: Whole,
    start_s_M: Floats,
    looks_M: NDArray[np.bool_],
    batch_N: Whole,
    gpus_N: Whole,
    run_s_N: Floats,
    quota_T: Whole,
    horizon_s: float,
) -> Floats:
    """Return when each batch is submitted where some people wait until their quota has room.

    Parameters
    ----------
    tenant_M : Whole
        Whose each batch is.
    start_s_M : Floats
        When they would submit it. [s]
    looks_M : array of bool
        Whether they look first.
    batch_N : Whole
        Batch of each job, rising.
    gpus_N, run_s_N : Whole, Floats
        Accelerators and running time of each job. [-], [s]
    quota_T : Whole
        Accelerators that each tenant may hold.
    horizon_s : float
        Nobody looks any more. [s]

    Returns
    -------
    Floats
        Never before `start_s_M`. [s]

    Examples
    --------
    >>> one, both, batch, gpus = np.zeros(2, int), np.array([True, True]), np.arange(2), np.array([8, 8])
    >>> released_s(one, np.array([0.0, 5.0]), both, batch, gpus, np.array([6e3, 1.0]), np.array([8]), 1e9)
    array([   0., 6000.])
    """
    order_M = np.lexsort((start_s_M, tenant_M))
    rank_M = np.empty_like(order_M)
    rank_M[order_M] = np.arange(len(order_M))
    order_N = np.argsort(rank_M[batch_N], kind="stable")
    first_M = np.searchsorted(rank_M[batch_N][order_N], np.arange(len(order_M) + 1))
    out_s_M = np.empty_like(start_s_M)
    out_s_M[order_M] = _release(
        tenant_M[order_M],
        start_s_M[order_M],
        looks_M[order_M],
        first_M,
        gpus_N[order_N],
        run_s_N[order_N],
        quota_T,
        horizon_s,
    )
    return out_s_M
