"""Which replica serves a trace best: the steady model narrows the choice, replays decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gigawatt.engines.serving.batching import deployments
from gigawatt.engines.serving.frontier import best_of, evaluate
from gigawatt.engines.serving.types import Deployment, ServiceLevel, ServingInputs
from gigawatt.errors import InfeasibleError
from gigawatt.planning.serving import ServingPool

MOST_LAYOUTS = 6  # replayed beside each other
# Of one replica, two numbers of running sequences are tried where the steady model's limits put them so far apart.
APART_RATIO = 1.5
NOTHING = "no replica was replayed"

Found = tuple[int, tuple[tuple[int, bool], ...]]


@dataclass(frozen=True, slots=True)
class Layout:
    """A replica that was replayed.

    Attributes
    ----------
    deployment : Deployment
        Replica, precision and batch.
    gpus_count : int or None
        The fewest accelerators that meet the service level; None where it was not found.
    tried : tuple of (int, bool)
        Replicas that were replayed, and whether they met it.
    reason : str
        Why no number was found.
    """

    deployment: Deployment
    gpus_count: int | None
    tried: tuple[tuple[int, bool], ...] = ()
    reason: str = ""


def alike(one: Deployment, other: Deployment) -> bool:
    """Whether two points have the same replica and precision, and nearly the same batch."""
    if (one.replica, one.precision) != (other.replica, other.precision):
        return False
    return max(one.batch / other.batch, other.batch / one.batch) <= APART_RATIO


def layouts(inputs: ServingInputs, gpus_count: int | None = None) -> list[Deployment]:
    """Return the best point of each replica by the steady model, most throughput per accelerator first.

    Parameters
    ----------
    inputs : ServingInputs
    gpus_count : int, optional
        Hold the replica to this many accelerators.

    Returns
    -------
    list of Deployment
        Within both limits, and within that on time per token alone: requests of many replicas wait less than the one
        line of the steady model says.
    """
    loose = replace(inputs, slo=ServiceLevel(tpot_p99_s=inputs.slo.tpot_p99_s))
    kept: list[Deployment] = []
    for limits in (inputs, loose):
        for replica, found in evaluate(limits, gpus_count):
            best = best_of(limits, [(replica, found)])
            if best is None:
                continue
            point = deployments(limits, replica, found, [best[2]])[0]
            if not any(alike(one, point) for one in kept):
                kept.append(point)
    return sorted(kept, key=lambda point: -point.output_tokens_per_s_per_gpu)


def decide(
    pools: Sequence[ServingPool], search: Callable[[ServingPool, int | None], Found]
) -> tuple[ServingPool, Found, tuple[Layout, ...]]:
    """Return the pool that needs the fewest accelerators, what its search found, and all that were compared.

    Parameters
    ----------
    pools : sequence of ServingPool
        Each with its own replica, the most promising first; `MOST_LAYOUTS` are replayed, none that is larger than all
        that the best one needs. Of equals the first is taken.
    search : callable
        Finds the fewest replicas of a pool, at most so many; raises InfeasibleError where none does.

    Returns
    -------
    tuple

    Raises
    ------
    InfeasibleError
        If no pool meets the service level: that of the first.
    """
    best: tuple[ServingPool, Found, int] | None = None
    first_error: InfeasibleError | None = None
    compared: list[Layout] = []
    for pool in pools:
        point = pool.deployment
        size = point.replica.gpus_count
        most = (best[2] - 1) // size if best else None
        if most == 0 or len(compared) == MOST_LAYOUTS:
            continue
        try:
            found = search(pool, most)
        except InfeasibleError as error:
            first_error = first_error or error
            reason = f"more than {most * size:,}" if most else str(error)
            compared.append(Layout(point, None, (), reason))
            continue
        best = (pool, found, found[0] * size)
        compared.append(Layout(point, best[2], found[1]))
    if best is None:
        raise first_error or InfeasibleError(NOTHING)
    return best[0], best[1], tuple(compared)
