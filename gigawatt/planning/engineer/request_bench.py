"""Windows of requests to replicas of a model: of a trace, or drawn with prefixes that many share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.engines.serving.types import Request, ServiceLevel
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.engineer.question import LOAD_FRAC, Question
from gigawatt.planning.engineer.router_target import RequestSlice, least_ttft_s
from gigawatt.planning.engineer.slices import SPLITS, TRAIN_DRAWS, split_of
from gigawatt.planning.figures import Figures
from gigawatt.planning.replay_terms import ReplayTerms, service_of
from gigawatt.planning.requests import Lengths, RequestTrace, read_requests, requests_of, synthetic
from gigawatt.planning.serving import ServingPool
from gigawatt.scenario.resolve import Resolved

ELSEWHERE = "elsewhere"
DRAWN = "synthetic"  # format of requests that were drawn
WINDOW_COUNT = 1500  # requests of a window
FILL_FRAC = 1 / 8  # of them come first, fill the replicas and do not count
LEFT_OUT_FRAC = 0.2  # of a trace's requests are left out of a window that is drawn anew
REPLICAS_COUNT, MOST_REPLICAS = 16, 64  # behind one router
WINDOW_LOADS = (0.85, 1.0, 1.15)  # of the load wanted, in turn: drawn windows differ, as hours do
OTHER_REPLICAS = (0.5, 2.0)  # times as many, for the proof, at the same load
# ASSUMPTION, of drawn requests: so many prefixes (system prompts, documents), the k-th asked for 1 / k as often, half
# of the input where nothing is said of the share in caches
PREFIXES_COUNT, CACHED_FRAC, BLOCK_TOKENS = 200, 0.5, 64
# ASSUMPTION, where no scenario says it: service level at the 99th percentile
TTFT_S, TPOT_S = 5.0, 0.1
USUAL_REQUEST = Request(1155.0, 211.0, CACHED_FRAC)  # means of Azure's conversation trace of 2023


@dataclass(frozen=True, slots=True)
class _Served:
    """A pool, its replicas and the load on them."""

    pool: ServingPool
    slo: ServiceLevel
    replicas_count: int
    load_frac: float
    seed: int

    def slice(
        self, split: str, where: str, window: int, draw: int, trace: RequestTrace, times: float = 1.0
    ) -> RequestSlice:
        """Return a window whose requests come so fast that they ask for the load wanted."""
        replicas = max(round(self.replicas_count * times), 1)
        load = self.load_frac * (WINDOW_LOADS[window % len(WINDOW_LOADS)] if trace.format == DRAWN else 1.0)
        wanted_per_s = load * replicas * self.pool.deployment.requests_per_s
        asked = requests_of(trace, wanted_per_s / trace.requests_per_s)
        service = service_of(self.pool, trace, ReplayTerms(seed=self.seed + draw), replicas)
        counts_N = np.arange(trace.requests_count) >= FILL_FRAC * trace.requests_count
        least_s_N = least_ttft_s(asked, service)
        return RequestSlice(split, where, window, draw, asked, service, self.slo, counts_N, least_s_N)


def request_slices(
    catalogue: Catalogue, question: Question, resolved: Resolved | None, *, proof: bool
) -> tuple[tuple[RequestSlice, ...], tuple[str, ...]]:
    """Return windows of requests, apart by time, and what a reader must know.

    Parameters
    ----------
    catalogue : Catalogue
    question : Question
    resolved : Resolved or None
        Scenario whose largest serving pool answers.
    proof : bool
        Also the slices for the proof.

    Returns
    -------
    tuple of RequestSlice
    tuple of str

    Raises
    ------
    InputError
        If there are too many replicas, or the trace has too few requests.
    InfeasibleError
        If nothing serves the model within the limits, or the scenario serves none.
    """
    trace = read_requests(Path(question.trace), question.form) if question.trace else None
    pool, slo, request, words = _pool(catalogue, question, resolved, trace)
    replicas = question.gpus // pool.deployment.replica.gpus_count if question.gpus else REPLICAS_COUNT
    if not 2 <= replicas <= MOST_REPLICAS:
        each = pool.deployment.replica.gpus_count
        message = f"engineer: {replicas} replicas of {each} accelerators; a router has 2 to {MOST_REPLICAS}: say --gpus"
        raise InputError(message)
    served = _Served(pool, slo, replicas, question.load_frac or LOAD_FRAC, question.seed)
    splits = split_of(list(range(question.weeks)))
    where = f"{replicas} replicas"
    found = [
        served.slice(split, where, window, draw, _window(question, trace, request, window, split, draw))
        for window, split in splits.items()
        if split != SPLITS[2] or proof
        for draw in range(min(TRAIN_DRAWS, question.draws) if split == SPLITS[0] else question.draws)
    ]
    if proof:
        found += _elsewhere(served, question, trace, request, [at for at in splits if splits[at] == SPLITS[2]])
    parts = [f"{name}: {', '.join(str(at) for at in splits if splits[at] == name)}" for name in SPLITS]
    loads = WINDOW_LOADS if trace is None else (1.0,)
    load = (
        f"requests come as fast as {' / '.join(f'{100.0 * served.load_frac * item:.0f}' for item in loads)} % of what "
        f"{replicas} replicas can do"
    )
    limits = f"service level: {slo.ttft_p99_s:g} s to the first token, {slo.tpot_p99_s:g} s for each after it"
    return tuple(found), (*words, f"{load}; {limits}", f"windows, by time; {'; '.join(parts)}")


def _pool(
    catalogue: Catalogue, question: Question, resolved: Resolved | None, trace: RequestTrace | None
) -> tuple[ServingPool, ServiceLevel, Request, tuple[str, ...]]:
    """Return the pool, its limits, its mean request and where all that is from."""
    if resolved is not None:
        from gigawatt.planning.outcome import prepare

        pools = prepare(resolved.scenario, resolved.catalogue, Figures()).work.pools
        if not pools:
            message = f"engineer: {question.scenario} serves no model; a router needs a workload with the key serve"
            raise InfeasibleError(message)
        chosen = max(pools, key=lambda item: float(item.gpus_needed_T.max()))
        request, slo = chosen.pool.inputs.request, chosen.pool.inputs.slo
        what = f"{chosen.label} of {question.scenario}, on {chosen.kind}"
        return chosen.pool, slo, request, (what, _requests_words(question, trace, request))
    from gigawatt.planning.jobs import serve

    request = replace(trace.mean_request(), cached_frac=0.0) if trace else USUAL_REQUEST
    answer = serve(
        catalogue, question.serves, question.accelerator, tpot_p99_s=TPOT_S, cached=request.cached_frac,
        input_tokens=request.input_tokens, output_tokens=request.output_tokens,
    )  # fmt: skip
    what = f"{question.serves} on {question.accelerator}"
    return answer.pool, ServiceLevel(TTFT_S, TPOT_S), request, (what, _requests_words(question, trace, request))


def _requests_words(question: Question, trace: RequestTrace | None, request: Request) -> str:
    """Say where requests are from."""
    if trace is not None:
        return (
            f"requests of {question.trace}, {WINDOW_COUNT:,} a window at most, faster or slower as the load wants it; "
            f"a window is drawn anew without a random {100.0 * LEFT_OUT_FRAC:.0f} % of them"
        )
    return (
        f"requests drawn: {request.input_tokens:,.0f} tokens in and {request.output_tokens:,.0f} out in the mean, "
        f"{100.0 * request.cached_frac:.0f} % of the input one of {PREFIXES_COUNT} prefixes, the k-th 1/k as often; "
        "other seeds for each window and split"
    )


def _window(
    question: Question, trace: RequestTrace | None, request: Request, window: int, split: str, draw: int
) -> RequestTrace:
    """Return the requests of a window, as they were or drawn anew."""
    stream = [question.seed, (*SPLITS, ELSEWHERE).index(split), window, draw]
    if trace is None:
        return drawn_requests(request, stream)
    edges = np.linspace(0, trace.requests_count, question.weeks + 1).astype(int)
    rows = np.arange(edges[window], edges[window + 1])[:WINDOW_COUNT]
    if draw:
        rows = rows[np.random.default_rng(stream).random(rows.size) >= LEFT_OUT_FRAC]
    if rows.size < WINDOW_COUNT // 10:
        message = f"{question.trace}: {trace.requests_count:,} requests are too few for {question.weeks} windows"
        raise InputError(message)
    return chosen(trace, rows)


def chosen(trace: RequestTrace, rows: np.ndarray) -> RequestTrace:
    """Return some requests of a trace, with time counted from the first of them."""
    spans = [(int(trace.first_block_N[row]), int(trace.first_block_N[row + 1])) for row in rows]
    ids = np.concatenate([trace.block_ids[first:last] for first, last in spans] or [trace.block_ids[:0]])
    ends = np.cumsum([0, *(last - first for first, last in spans)])
    arrays = {name: getattr(trace, name)[rows] for name in ("input_tokens_N", "output_tokens_N")}
    arrival_s_N = trace.arrival_s_N[rows] - trace.arrival_s_N[rows[0]]
    known = np.unique(ids, return_inverse=True)[1] if ids.size else ids
    return replace(trace, arrival_s_N=arrival_s_N, first_block_N=ends, block_ids=known.astype(np.int64), **arrays)


def drawn_requests(request: Request, stream: list[int]) -> RequestTrace:
    """Return requests drawn, of which many share a prefix.

    Parameters
    ----------
    request : Request
        Means; its share in caches is the length of the prefixes.
    stream : list of int
        Of random numbers.

    Returns
    -------
    RequestTrace
    """
    luck = np.random.default_rng(stream)
    lengths = Lengths(request.input_tokens, request.output_tokens)
    whole = synthetic(1.0, 1.2 * WINDOW_COUNT + 200.0, lengths, seed=int(luck.integers(2**31)))
    made = whole.first(WINDOW_COUNT)
    odds = 1.0 / np.arange(1, PREFIXES_COUNT + 1)
    which_N = luck.choice(PREFIXES_COUNT, WINDOW_COUNT, p=odds / odds.sum())
    most = math.ceil(4.0 * request.input_tokens / BLOCK_TOKENS)  # blocks of a prefix: prompts hardly get longer
    blocks_N = np.floor(request.cached_frac * made.input_tokens_N / BLOCK_TOKENS).astype(np.int64)
    blocks_N = np.minimum(blocks_N, most)
    ids = [which * most + np.arange(count) for which, count in zip(which_N, blocks_N, strict=True)]
    return replace(
        made,
        first_block_N=np.cumsum([0, *blocks_N.tolist()]),
        block_ids=np.unique(np.concatenate(ids), return_inverse=True)[1].astype(np.int64),
        block_tokens=BLOCK_TOKENS,
    )


def _elsewhere(
    served: _Served, question: Question, trace: RequestTrace | None, request: Request, windows: list[int]
) -> list[RequestSlice]:
    """Return the test windows on other numbers of replicas, and other people's requests."""
    found = []
    for times in OTHER_REPLICAS:
        where = f"{max(round(served.replicas_count * times), 1)} replicas"
        for window in windows:
            asked = _window(question, trace, request, window, ELSEWHERE, 0)
            found.append(served.slice(ELSEWHERE, where, window, 0, asked, times))
    where, other = "chat drawn with shared prefixes", USUAL_REQUEST
    if trace is None:
        where, other = "requests without shared prefixes", replace(request, cached_frac=0.0)
    for window in windows:
        asked = drawn_requests(other, [question.seed, len(SPLITS) + 1, window])
        found.append(served.slice(ELSEWHERE, where, window, 0, asked))
    return found
