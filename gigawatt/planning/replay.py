"""A trace of requests on replicas of a serving pool: latencies, service level, energy and cost; the fewest replicas."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import CostModel, Tariff
from gigawatt.engines.serving import pool_frontier, size_pools
from gigawatt.engines.serving.simulator import Replay, Requests, Service, replay
from gigawatt.engines.serving.simulator.types import STATES
from gigawatt.engines.serving.types import PoolPair, ServiceLevel, ServingInputs
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.replay_layouts import Layout, decide
from gigawatt.planning.replay_terms import ReplayTerms, check_terms, service_of
from gigawatt.planning.requests import RequestTrace, requests_of
from gigawatt.planning.serving import ServingPool
from gigawatt.planning.unit_costs import gpu_hour_cost
from gigawatt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
FINISHED, REJECTED = STATES.index("finished"), STATES.index("rejected")
PERCENTILES = (50.0, 90.0, 99.0)
MET_FRAC = 0.99  # of the requests must meet each limit, which are limits at the 99th percentile
MOST_REPLICAS = 4096
STEADY_EIGHTHS = 8  # pools apart are tried for eighths of the steady load
GIVE_UP_FACTOR = 32  # times the replicas that steady load needs: if these miss the limits, more of them do too


@dataclass(frozen=True, slots=True)
class ReplayAnswer:
    """What a replay finds.

    Attributes
    ----------
    pool : ServingPool
        Its chosen point gave the replica.
    trace : RequestTrace
    terms : ReplayTerms
    service : Service
    result : Replay
    met_N : array of bool
        Requests that finished within all limits.
    gpus_count : int
    usd_per_gpu_hour : float
        At the mean power of the replay. [USD/h]
    tried : tuple of (int, bool)
        Replicas that were tried in search of the fewest, and whether they met the service level.
    pair : PoolPair or None
        Replicas of pools apart, where each has its own.
    compared : tuple of Layout
        Replicas that were replayed beside each other, the chosen one among them; none where the replica was given.
    """

    pool: ServingPool
    trace: RequestTrace
    terms: ReplayTerms
    service: Service
    result: Replay
    met_N: NDArray[np.bool_]
    gpus_count: int
    usd_per_gpu_hour: float
    tried: tuple[tuple[int, bool], ...] = ()
    pair: PoolPair | None = None
    compared: tuple[Layout, ...] = ()

    @property
    def replicas_count(self) -> int:
        """Replicas of all pools."""
        return self.service.replicas_count + self.service.decode_replicas_count

    @property
    def met_frac(self) -> float:
        """Share of the requests that finished within all limits. [-]."""
        return float(self.met_N.mean())

    @property
    def goodput_requests_per_s(self) -> float:
        """Requests that finished within all limits, per second. [1/s]."""
        return float(self.met_N.sum()) / self.result.duration_s if self.result.duration_s else 0.0

    @property
    def usd(self) -> float:
        """Cost of the accelerators over the replay. [USD]."""
        return self.usd_per_gpu_hour * self.gpus_count * self.result.duration_s / SECONDS_PER_HOUR

    @property
    def meets_slo(self) -> bool:
        """Whether the 99th percentiles of the replay are within the limits."""
        return meets(self.result, self.pool.inputs.slo)


def percentiles(values_N: Floats) -> dict[str, float]:
    """Return mean and percentiles, of requests that finished; NaN where there is none.

    Examples
    --------
    >>> percentiles(np.arange(101.0))
    {'mean': 50.0, 'p50': 50.0, 'p90': 90.0, 'p99': 99.0}
    """
    known = values_N[np.isfinite(values_N)]
    if not len(known):
        return dict.fromkeys(("mean", *(f"p{place:.0f}" for place in PERCENTILES)), math.nan)
    places = np.percentile(known, PERCENTILES)
    return {"mean": float(known.mean())} | {
        f"p{place:.0f}": float(value) for place, value in zip(PERCENTILES, places, strict=True)
    }


def gap_percentiles(result: Replay) -> dict[str, float]:
    """Return percentiles of the gaps between two tokens, from their histogram. [s]."""
    total = float(result.gap_counts.sum())
    if not total:
        return {f"p{place:.0f}": math.nan for place in PERCENTILES}
    below = np.concatenate([[0.0], np.cumsum(result.gap_counts)]) / total
    middle = {place: float(np.interp(place / 100.0, below, result.gap_edges_s)) for place in PERCENTILES}
    return {f"p{place:.0f}": value for place, value in middle.items()}


def met(result: Replay, slo: ServiceLevel) -> NDArray[np.bool_]:
    """Return which requests finished within all limits."""
    with np.errstate(invalid="ignore"):
        within = (result.ttft_s_N <= slo.ttft_p99_s) & ~(result.tpot_s_N > slo.tpot_p99_s)
    both: NDArray[np.bool_] = within & (result.state_N == FINISHED)
    return both


def meets(result: Replay, slo: ServiceLevel) -> bool:
    """Whether the 99th percentiles of TTFT and TPOT are within the limits; rejected requests are beyond both."""
    finished_N = result.state_N == FINISHED
    with np.errstate(invalid="ignore"):
        early = float((finished_N & (result.ttft_s_N <= slo.ttft_p99_s)).mean())
        fast = float((finished_N & ~(result.tpot_s_N > slo.tpot_p99_s)).mean())
    return min(early, fast) >= MET_FRAC


def fewest(check: Callable[[int], bool], first: int, most: int) -> tuple[int | None, tuple[tuple[int, bool], ...]]:
    """Return the least number that passes a check that all greater ones pass too, and what was tried.

    Parameters
    ----------
    check : callable
    first : int
        Where to start: near the answer is fast.
    most : int
        Greatest number tried.

    Returns
    -------
    tuple
        None where even the greatest fails.

    Examples
    --------
    >>> fewest(lambda number: number >= 5, first=3, most=100)
    (5, ((3, False), (6, True), (4, False), (5, True)))
    """
    tried: dict[int, bool] = {}

    def passes(number: int) -> bool:
        tried[number] = check(number)
        return tried[number]

    high = min(max(first, 1), most)
    if passes(high):
        low = 0
    else:
        low = high
        while low < most and not passes(high := min(2 * low, most)):
            low = high
        if not tried[high]:
            return None, tuple(tried.items())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high, tuple(tried.items())


def replay_trace(
    pool: ServingPool,
    catalogue: Catalogue,
    trace: RequestTrace,
    terms: ReplayTerms,
    *,
    costs: CostModel,
    tariff: Tariff,
    pue: float,
    figures: Figures,
    rivals: Sequence[ServingPool] = (),
) -> ReplayAnswer:
    """Serve a trace.

    Parameters
    ----------
    pool : ServingPool
        Chosen for the trace's mean request.
    catalogue : Catalogue
    trace : RequestTrace
    terms : ReplayTerms
    costs, tariff, pue, figures
        For the cost of an hour.
    rivals : sequence of ServingPool
        With other replicas: the one that needs the fewest accelerators is taken, where their number is not given.

    Returns
    -------
    ReplayAnswer

    Raises
    ------
    InputError
        If the terms mean nothing, or replicas are to be found without a service level.
    InfeasibleError
        If no number of replicas meets the service level.
    """
    check_terms(terms)
    requests = requests_of(trace, terms.rate_scale)
    tried: tuple[tuple[int, bool], ...] = ()
    compared: tuple[Layout, ...] = ()
    replicas = terms.replicas or 0
    pair = pool_pair_of(pool.inputs) if terms.apart else None
    if pair is not None and not terms.prefill_replicas:
        terms, tried = _found_apart(pool, trace, requests, terms, pair)
    elif not terms.prefill_replicas and terms.replicas is None:
        pool, (replicas, tried), compared = decide(
            (pool, *rivals), lambda one, most: _found(one, trace, requests, terms, most)
        )
    service = service_of(pool, trace, terms, replicas, pair)
    result = replay(requests, service)
    gpus = service.replicas_count * (service.prompt_model or service.model).gpus_count
    gpus += service.decode_replicas_count * service.model.gpus_count
    mean_it_w = result.energy_j / (result.duration_s * gpus) if result.duration_s else pool.deployment.system_power_w
    cost = gpu_hour_cost(
        pool.inputs.accelerator.name,
        catalogue,
        costs=costs,
        tariff=tariff,
        pue=pue,
        mean_it_w=mean_it_w,
        figures=figures,
        power_cap_w=terms.power_cap_w,
    )
    met_N = met(result, pool.inputs.slo)
    compared = compared if rivals else ()
    return ReplayAnswer(pool, trace, terms, service, result, met_N, gpus, cost.total_usd, tried, pair, compared)


def pool_pair_of(inputs: ServingInputs) -> PoolPair:
    """Return the replicas of two pools apart for a load; raise InfeasibleError where no pair meets the limits.

    Where the steady model of one line meets no limit on the time to first token, that of time per token decides.
    """
    found = pool_frontier(inputs)
    if found.chosen is None:
        found = pool_frontier(replace(inputs, slo=ServiceLevel(tpot_p99_s=inputs.slo.tpot_p99_s)))
    if found.chosen is None:
        message = f"{inputs.model.name} on {inputs.accelerator.name}, pools apart: {found.reason}"
        raise InfeasibleError(message)
    return found.chosen


def _limited(slo: ServiceLevel) -> ServiceLevel:
    """Return a service level that limits something; raise InputError otherwise."""
    if min(slo.ttft_p99_s, slo.tpot_p99_s) == float("inf"):
        message = "without --replicas a service level is needed: --ttft or --tpot"
        raise InputError(message)
    return slo


def _found_apart(
    pool: ServingPool, trace: RequestTrace, requests: Requests, terms: ReplayTerms, pair: PoolPair
) -> tuple[ReplayTerms, tuple[tuple[int, bool], ...]]:
    """Return the terms with the fewest replicas of both pools, in steady balance, and what was tried."""
    slo = _limited(pool.inputs.slo)
    rate = trace.requests_per_s * terms.rate_scale
    last: list[Replay] = []

    def terms_at(eighths: int) -> ReplayTerms:
        sizes = size_pools(pair, rate * eighths / STEADY_EIGHTHS)
        readers, writers = max(sizes.prompt_replicas_count, 1), max(sizes.decode_replicas_count, 1)
        return replace(terms, prefill_replicas=readers, decode_replicas=writers)

    def check(eighths: int) -> bool:
        last[:] = [replay(requests, service_of(pool, trace, terms_at(eighths), 0, pair))]
        return meets(last[0], slo)

    found, tried = fewest(check, STEADY_EIGHTHS, GIVE_UP_FACTOR * STEADY_EIGHTHS)
    counted = {eighths: terms_at(eighths) for eighths, _ in tried}
    counts = {eighths: item.prefill_replicas + item.decode_replicas for eighths, item in counted.items()}
    if found is None:
        message = f"no pools meet the service level: {_missed(last[0], slo, max(counts.values()))}"
        raise InfeasibleError(message)
    return counted[found], tuple({counts[eighths]: met for eighths, met in sorted(tried)}.items())


def _found(
    pool: ServingPool, trace: RequestTrace, requests: Requests, terms: ReplayTerms, limit: int | None = None
) -> tuple[int, tuple[tuple[int, bool], ...]]:
    """Return the fewest replicas that meet the service level, at most the limit, and what was tried."""
    slo = _limited(pool.inputs.slo)
    rate = trace.requests_per_s * terms.rate_scale
    steady = math.ceil(rate / pool.deployment.requests_per_s) if pool.deployment.requests_per_s else 1
    most = min(max(GIVE_UP_FACTOR * max(steady, 1), GIVE_UP_FACTOR), MOST_REPLICAS)
    if limit is not None:  # others do with that many: first ask whether this does at all
        steady = most = min(most, limit)
    last: list[Replay] = []

    def check(replicas: int) -> bool:
        last[:] = [replay(requests, service_of(pool, trace, terms, replicas))]
        return meets(last[0], slo)

    replicas, tried = fewest(check, max(steady, 1), most)
    if replicas is None:
        message = f"no number of replicas meets the service level: {_missed(last[0], slo, most)}"
        raise InfeasibleError(message)
    return replicas, tried


def _missed(result: Replay, slo: ServiceLevel, most: int) -> str:
    """Say what even many replicas miss."""
    rejected = int((result.state_N == REJECTED).sum())
    said = [
        f"{name} p99 is {values['p99']:.3g} s, limit {limit:g} s"
        for name, values, limit in (
            ("TTFT", percentiles(result.ttft_s_N), slo.ttft_p99_s),
            ("TPOT", percentiles(result.tpot_s_N), slo.tpot_p99_s),
        )
        if values["p99"] > limit
    ]
    said += [f"{rejected:,} requests exceed a replica's KV cache"] if rejected else []
    return f"on {most:,} replicas {'; '.join(said)}"
