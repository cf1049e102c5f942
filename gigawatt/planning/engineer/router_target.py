"""What the engineer can write for the serving simulator: which replica a request goes to. Shape letter: N requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.policy import Program, compile_policy
from gigawatt.engines.serving.simulator.routers import BUILT_IN, FEATURES
from gigawatt.engines.serving.simulator.types import STATES, Requests, Service
from gigawatt.engines.serving.types import ServiceLevel
from gigawatt.errors import InputError
from gigawatt.planning.engineer.target import Column, Guard, Target

if TYPE_CHECKING:
    from gigawatt.engines.serving.simulator.types import Replay

FINISHED, REJECTED = STATES.index("finished"), STATES.index("rejected")
TAIL_PCT = 99.0
ROUNDING_S = 1e-6  # of times within hours [s]
SHORT_COUNT = 40  # requests of a slice that warms a judge


@dataclass(frozen=True, slots=True)
class RequestSlice:
    """A window of requests on some replicas.

    Attributes
    ----------
    split, where : str
        As of a slice of a fleet.
    week, draw : int
        Number of the window; draw 0 of a trace is the window as it was.
    requests : Requests
    service : Service
    slo : ServiceLevel
    counts_N : ndarray of bool
        Requests that count: those after the replicas have filled.
    least_s_N : ndarray
        Time to the first token of each request alone on a replica that has all of its prefix that was seen before. [s]
    """

    split: str
    where: str
    week: int
    draw: int
    requests: Requests
    service: Service
    slo: ServiceLevel
    counts_N: NDArray[np.bool_]
    least_s_N: NDArray[np.float64]

    @property
    def name(self) -> str:
        """Name in tables and in the log."""
        return f"{self.where}, window {self.week}, draw {self.draw}"


@dataclass(frozen=True, slots=True)
class RequestMeasures:
    """One router on one window, of the requests that count.

    Attributes
    ----------
    mean_ttft_s, tail_ttft_s : float
        Time to the first token of those that finish: mean, 99th percentile. [s]
    tail_tpot_s : float
        Time per token after it, 99th percentile. [s]
    mean_latency_s : float
        To the last token. [s]
    met_frac : float
        Finished within all limits of the service level: goodput over demand. [-]
    rejected_frac : float
    hit_frac : float
        Of the input, found in prefix caches. [-]
    j_per_token : float
        Energy for each token written. [J]
    impossible_count : float
        Requests with their first token before their prompt can have been read.
    """

    mean_ttft_s: float
    tail_ttft_s: float
    tail_tpot_s: float
    mean_latency_s: float
    met_frac: float
    rejected_frac: float
    hit_frac: float
    j_per_token: float
    impossible_count: float


def request_measures(found: Replay, item: RequestSlice) -> RequestMeasures:
    """Measure a replayed window.

    Parameters
    ----------
    found : Replay
    item : RequestSlice

    Returns
    -------
    RequestMeasures
    """
    from gigawatt.planning.replay import met

    counts_N = item.counts_N
    done_N = counts_N & (found.state_N == FINISHED)
    all_N = found.state_N == FINISHED
    tpot_s = found.tpot_s_N[done_N]
    tpot_s = tpot_s[np.isfinite(tpot_s)]
    early_N = found.ttft_s_N[all_N] < item.least_s_N[all_N] - ROUNDING_S
    some = bool(done_N.any())
    return RequestMeasures(
        mean_ttft_s=float(found.ttft_s_N[done_N].mean()) if some else 0.0,
        tail_ttft_s=float(np.percentile(found.ttft_s_N[done_N], TAIL_PCT)) if some else 0.0,
        tail_tpot_s=float(np.percentile(tpot_s, TAIL_PCT)) if tpot_s.size else 0.0,
        mean_latency_s=float(found.latency_s_N[done_N].mean()) if some else 0.0,
        met_frac=float(met(found, item.slo)[counts_N].mean()),
        rejected_frac=float((found.state_N[counts_N] == REJECTED).mean()),
        hit_frac=float(found.hit_tokens_N[counts_N].sum() / item.requests.input_tokens_N[counts_N].sum()),
        j_per_token=found.energy_j / found.output_tokens if found.output_tokens else 0.0,
        impossible_count=float(early_N.sum()),
    )


def least_ttft_s(requests: Requests, service: Service) -> NDArray[np.float64]:
    r"""Return the time to the first token below which no router can bring each request.

    Parameters
    ----------
    requests : Requests
    service : Service

    Returns
    -------
    ndarray
        [s]

    Notes
    -----
    A prefix block can only be in a cache if an earlier request had it. What is left of the prompt, at least one token,
    is read at :math:`f (t_g + t_h) + a (h f + f^2 / 2) + t_r` or slower, with :math:`f` fresh and :math:`h` cached
    tokens, the times per token of accelerator and host, that of a pair in attention, and that of a request. It rises
    as :math:`h` falls, so that no cache, queue or batch undercuts it. Links only add to it.
    """
    model = service.prompt_model or service.model
    seen: set[int] = set()
    hit_N = np.zeros(len(requests.arrival_s_N))
    for row, (first, last) in enumerate(zip(requests.first_block_N, requests.first_block_N[1:], strict=False)):
        ids = requests.block_ids[first:last].tolist()
        known = next((place for place, block in enumerate(ids) if block not in seen), len(ids))
        hit_N[row] = known * requests.block_tokens
        seen.update(ids)
    hit_N = np.minimum(np.maximum(hit_N, requests.cached_tokens_N), requests.input_tokens_N - 1)
    fresh_N = requests.input_tokens_N - hit_N
    pairs_N = fresh_N * (hit_N + 0.5 * fresh_N) if not model.window_pair_s else 0.0 * fresh_N
    token_s = model.prompt_gpu_s_per_token + model.prompt_host_s_per_token
    return np.asarray(fresh_N * token_s + pairs_N * model.pair_s + model.request_host_s)


@dataclass(frozen=True, slots=True)
class RouterTarget(Target):
    """The hook of the serving simulator."""

    def measure(self, item: RequestSlice, program: Program | None, rival: str = "") -> RequestMeasures:
        """Replay a window; return its measures."""
        from gigawatt.engines.serving.simulator import replay  # heavy, and only needed here

        if program is None and rival in self.books:
            program = compile_policy(self.books[rival], self.features)
        if program is None and rival not in self.rivals:
            message = f'"{rival}" is no {self.name} by hand; there are {", ".join((*self.rivals, *self.books))}'
            raise InputError(message)
        routing = item.service.routing if program else rival
        service = replace(item.service, router=program, routing=routing)
        return request_measures(replay(item.requests, service), item)

    def alarm(self, row: RequestMeasures, item: RequestSlice) -> str:
        """Say which measure is beyond what any router can reach."""
        if row.impossible_count > 0.0:
            return f"{row.impossible_count:,.0f} requests had tokens before their prompts can have been read"
        least_s = self.least(item) - ROUNDING_S
        if row.rejected_frac == 0.0 and row.mean_ttft_s < least_s:
            return f"a mean time to first token of {row.mean_ttft_s:.4f} s, where {least_s:.4f} s is the least"
        return ""

    def least(self, item: RequestSlice) -> float:
        """Return the mean time to the first token that no router can undercut. [s]."""
        return float(item.least_s_N[item.counts_N].mean())

    def short(self, item: RequestSlice) -> RequestSlice:
        """Return the first requests of a window."""
        asked = item.requests
        last = int(asked.first_block_N[SHORT_COUNT])
        arrays = {
            name: getattr(asked, name)[:SHORT_COUNT]
            for name in ("arrival_s_N", "input_tokens_N", "output_tokens_N", "cached_tokens_N")
        }
        short = replace(
            asked, first_block_N=asked.first_block_N[: SHORT_COUNT + 1], block_ids=asked.block_ids[:last], **arrays
        )
        counts_N = np.ones(SHORT_COUNT, dtype=bool)
        return replace(item, requests=short, counts_N=counts_N, least_s_N=item.least_s_N[:SHORT_COUNT])


_TTFT = Column("mean_ttft_s", "the mean time to the first token", "TTFT s", "s", 1.0, 4)
ROUTER = RouterTarget(
    name="router",
    hook="router",
    features=FEATURES,
    measures=RequestMeasures,
    columns=(
        _TTFT,
        Column("tail_ttft_s", "the 99th percentile of times to the first token", "p99 s", "s", 1.0, 3),
        Column("tail_tpot_s", "the 99th percentile of times per token", "TPOT p99 s", "s", 1.0, 4, shown=False),
        Column("mean_latency_s", "the mean time to the last token", "mean last s", "s", 1.0, 3, shown=False),
        Column("met_frac", "the share of requests within the service level", "met %", "%", 0.01, 2),
        Column("rejected_frac", "the share of requests that are rejected", "rejected %", "%", 0.01, 2, shown=False),
        Column("hit_frac", "the share of the input in prefix caches", "hits %", "%", 0.01, 1),
        Column("j_per_token", "the energy per token written", "J/token", "J", 1.0, 3, shown=False),
    ),
    wanted=_TTFT.name,
    # tails a tenth longer than under the worse of best and usual rule; goodput a fifth of a point lower
    guards=(
        Guard("tail_ttft_s", ratio=1.1, floor=0.01),
        Guard("tail_tpot_s", ratio=1.1, floor=0.001),
        Guard("met_frac", slack=0.002, more=True),
        Guard("rejected_frac"),
        Guard("j_per_token", ratio=1.02),
    ),
    behaviour=("tail_ttft_s", "tail_tpot_s"),
    about="which replica a request goes to",
    contract="A number for each replica that could take the request; the highest gets it, of equal ones the replica "
    "with the lowest number.",
    rivals=tuple(BUILT_IN),
    usual="least-loaded",
    # cache-aware as in SGLang's router: by prefix where a half of the prompt is known and nobody is swamped; prompt to
    # read and cache in use, summed, as in NVIDIA Dynamo's KV router
    books={
        "fewest requests": "-outstanding_requests",
        "fewest unread tokens": "-unread_tokens",
        "half known, else least loaded": "prefix_hit_frac * 1000000 - outstanding_requests "
        "if prefix_hit_frac > 0.5 else -outstanding_requests",
        "prompt left and cache used": "kv_free_tokens - (input_tokens - prefix_hit_tokens)",
    },
    seeds=tuple(BUILT_IN.values()),
    setting="replicas that serve a language model",
    spans="windows",
    bound="No router has a mean time to the first token below {} there.",
    notes=("requests do not wait for answers before them: arrivals are the same under every router",),
)
