"""Requests of a trace as the simulator takes them: one table, whatever it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.serving.simulator.types import Requests
from gigawatt.engines.serving.types import Request
from gigawatt.errors import InputError

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """Requests in order of arrival.

    Attributes
    ----------
    name, format : str
        Of the file; of what was drawn.
    start_s : float
        Arrival of the first request, in seconds since 1970 of the source's own clock, or of its own zero. [s]
    arrival_s_N : Floats
        Arrival after `start_s`. [s]
    input_tokens_N, output_tokens_N : Whole
        Tokens read and written. [-]
    first_block_N : Whole
        Where a request's prefix blocks start in `block_ids`; N + 1 values, all 0 where the trace has none.
    block_ids : Whole
        Ids of prefix blocks, numbered from 0: equal ids are equal prefixes.
    block_tokens : int
        Tokens of a prefix block. [-]
    left_out : dict of str to int
        Rows that are no requests to serve, and faulty rows that were cleaned away, by what they are.
    notes : tuple of str
        What a reader must know.
    """

    name: str
    format: str
    start_s: float
    arrival_s_N: Floats
    input_tokens_N: Whole
    output_tokens_N: Whole
    first_block_N: Whole
    block_ids: Whole
    block_tokens: int = 512
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def requests_count(self) -> int:
        """Number of requests."""
        return len(self.arrival_s_N)

    @property
    def duration_s(self) -> float:
        """First arrival to last. [s]."""
        return float(self.arrival_s_N[-1]) if self.requests_count else 0.0

    @property
    def requests_per_s(self) -> float:
        """Mean rate of arrival. [1/s]."""
        return self.requests_count / self.duration_s if self.duration_s else 0.0

    @property
    def peak_requests_per_s(self) -> float:
        """Rate of the busiest minute, or of the whole where it is shorter. [1/s]."""
        if self.duration_s < SECONDS_PER_MINUTE:
            return self.requests_per_s
        return float(np.bincount((self.arrival_s_N / SECONDS_PER_MINUTE).astype(int)).max()) / SECONDS_PER_MINUTE

    @property
    def arrival_cv(self) -> float:
        """Variation coefficient of the gaps between arrivals; 1 is Poisson. [-]."""
        gaps = np.diff(self.arrival_s_N)
        mean = float(gaps.mean()) if len(gaps) else 0.0
        return float(gaps.std()) / mean if mean else 0.0

    @property
    def repeated_frac(self) -> float:
        """Share of prefix blocks that an earlier request had: the hits of a cache without limit. [-]."""
        return 1.0 - len(np.unique(self.block_ids)) / len(self.block_ids) if len(self.block_ids) else 0.0

    def mean_request(self, cached_frac: float = 0.0) -> Request:
        """Return the mean request, with the spread of its lengths."""
        mean = float(self.input_tokens_N.mean())
        cv = float(self.input_tokens_N.std()) / mean
        output = float(self.output_tokens_N.mean())
        return Request(mean, output, cached_frac, cv, float(self.output_tokens_N.std()) / output)

    def first(self, count: int) -> RequestTrace:
        """Return the first requests."""
        last = int(self.first_block_N[min(count, self.requests_count)])
        arrays = {name: getattr(self, name)[:count] for name in ("arrival_s_N", "input_tokens_N", "output_tokens_N")}
        return replace(self, first_block_N=self.first_block_N[: count + 1], block_ids=self.block_ids[:last], **arrays)


def requests_of(trace: RequestTrace, rate_scale: float = 1.0) -> Requests:
    """Return the requests of a trace for the simulator.

    Parameters
    ----------
    trace : RequestTrace
    rate_scale : float
        By what factor they arrive faster than they did. [-]

    Returns
    -------
    Requests

    Raises
    ------
    InputError
        If the factor is not above 0.
    """
    if not 0.0 < rate_scale < float("inf"):
        message = f"rate scale {rate_scale:g} must be above 0"
        raise InputError(message)
    return Requests(
        arrival_s_N=trace.arrival_s_N / rate_scale,
        input_tokens_N=trace.input_tokens_N,
        output_tokens_N=trace.output_tokens_N,
        cached_tokens_N=np.zeros(trace.requests_count, dtype=np.int64),
        first_block_N=trace.first_block_N,
        block_ids=trace.block_ids,
        block_tokens=trace.block_tokens,
    )
