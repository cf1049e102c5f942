"""Requests that are drawn: Poisson, bursty or by the hour of the day, with log-normal lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError
from gigawatt.planning.requests.trace import RequestTrace
from gigawatt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
MOST_REQUESTS = 50_000_000
HOURS_PER_DAY = 24
# Variation coefficients of chat, as in Azure's conversation trace of 2023 (inputs 1155 +- 1108, outputs 211 +- 163).
CHAT_INPUT_CV, CHAT_OUTPUT_CV = 0.96, 0.77


@dataclass(frozen=True, slots=True)
class Lengths:
    """Log-normal lengths of prompts and answers.

    Attributes
    ----------
    input_tokens, output_tokens : float
        Means. [-]
    input_cv, output_cv : float
        Standard deviation over mean; 0 for equal lengths. [-]
    """

    input_tokens: float
    output_tokens: float
    input_cv: float = CHAT_INPUT_CV
    output_cv: float = CHAT_OUTPUT_CV


def _drawn(mean: float, cv: float, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return log-normal whole numbers of at least 1."""
    if not mean >= 1.0 or not 0.0 <= cv < float("inf"):
        message = (
            f"lengths: a mean of {mean:g} tokens with variation {cv:g}; the mean must be at least 1, the variation 0"
        )
        raise InputError(message)
    variance = math.log1p(cv * cv)
    tokens = random.lognormal(math.log(mean) - 0.5 * variance, math.sqrt(variance), count)
    return np.maximum(np.rint(tokens), 1.0).astype(np.int64)


def _trace(
    name: str, form: str, arrival_s_N: Floats, lengths: Lengths, random: np.random.Generator, notes: tuple[str, ...]
) -> RequestTrace:
    """Return requests at given times."""
    if not len(arrival_s_N):
        message = f"{name}: no request arrives; give a longer time or a greater rate"
        raise InputError(message)
    count = len(arrival_s_N)
    return RequestTrace(
        name=name,
        format=form,
        start_s=0.0,
        arrival_s_N=arrival_s_N - arrival_s_N[0],
        input_tokens_N=_drawn(lengths.input_tokens, lengths.input_cv, count, random),
        output_tokens_N=_drawn(lengths.output_tokens, lengths.output_cv, count, random),
        first_block_N=np.zeros(count + 1, dtype=np.int64),
        block_ids=np.empty(0, dtype=np.int64),
        notes=notes,
    )


def synthetic(
    requests_per_s: float,
    duration_s: float,
    lengths: Lengths,
    *,
    arrival_cv: float = 1.0,
    hours: Sequence[float] | None = None,
    seed: int = 0,
) -> RequestTrace:
    """Draw requests.

    Parameters
    ----------
    requests_per_s : float
        Mean rate over a day, or over the duration where there are no hours. [1/s]
    duration_s : float
        [s]
    lengths : Lengths
    arrival_cv : float
        Variation coefficient of the gaps: 1 is Poisson, more is bursty; gaps are gamma-distributed. [-]
    hours : sequence of 24 float, optional
        Demand by hour of the day, on any scale; the trace starts at hour 0.
    seed : int

    Returns
    -------
    RequestTrace

    Raises
    ------
    InputError
        If a number is out of its range or there would be too many requests.

    Notes
    -----
    Gaps are drawn in operational time, in which the mean rate is constant, and stretched to the hours: a burst stays a
    burst at every hour.

    Examples
    --------
    >>> synthetic(10.0, 60.0, Lengths(1000, 200), seed=1).requests_count
    610
    """
    if not 0.0 < requests_per_s < float("inf") or not 0.0 < duration_s < float("inf") or not arrival_cv > 0.0:
        message = (
            f"{requests_per_s:g} requests/s over {duration_s:g} s with variation {arrival_cv:g}: all must be above 0"
        )
        raise InputError(message)
    if requests_per_s * duration_s > MOST_REQUESTS:
        message = f"{requests_per_s * duration_s:,.0f} requests are more than {MOST_REQUESTS:,}"
        raise InputError(message)
    random = np.random.default_rng(seed)
    ends_s, work = _day(duration_s, hours)
    total = float(work[-1]) * requests_per_s
    shape = 1.0 / arrival_cv**2
    marks: list[Floats] = []
    reached = 0.0
    while reached < total:  # a few more gaps than are needed, and again where that was too few
        gaps = random.gamma(shape, 1.0 / shape, int(1.1 * (total - reached)) + 16)
        marks.append(reached + np.cumsum(gaps))
        reached = float(marks[-1][-1])
    at_N = np.concatenate(marks)
    arrival_s_N = np.interp(at_N[at_N < total] / requests_per_s, work, ends_s)
    kind = "Poisson" if arrival_cv == 1.0 else f"gamma gaps of variation {arrival_cv:g}"
    note = f"drawn with seed {seed}: {kind}, log-normal lengths{', by the hour of the day' if hours else ''}"
    return _trace("synthetic", "synthetic", arrival_s_N, lengths, random, (note,))


def _day(duration_s: float, hours: Sequence[float] | None) -> tuple[Floats, Floats]:
    """Return ends of hours, and the time that had passed by then had the mean rate held."""
    if hours is None:
        return np.array([0.0, duration_s]), np.array([0.0, duration_s])
    weights = np.asarray(hours, dtype=np.float64)
    if len(weights) != HOURS_PER_DAY or not np.isfinite(weights).all() or weights.min() < 0.0 or weights.sum() <= 0.0:
        message = f"hours: {len(weights)} values; give 24 of at least 0, not all of them 0"
        raise InputError(message)
    count = math.ceil(duration_s / SECONDS_PER_HOUR)
    ends_s = np.minimum(np.arange(count + 1) * SECONDS_PER_HOUR, duration_s)
    relative = np.resize(weights / weights.mean(), count)
    return ends_s, np.concatenate([[0.0], np.cumsum(np.diff(ends_s) * relative)])


def from_rates(
    name: str,
    form: str,
    starts_s: Floats,
    rates_per_s: Floats,
    window_s: float,
    lengths: Lengths,
    seed: int = 0,
    notes: tuple[str, ...] = (),
) -> RequestTrace:
    """Draw Poisson arrivals from rates by window.

    Parameters
    ----------
    name, form : str
        Of the trace.
    starts_s, rates_per_s : array
        Starts of windows [s] and mean rates in them [1/s].
    window_s : float
        Length of a window. [s]
    lengths : Lengths
    seed : int
    notes : tuple of str

    Returns
    -------
    RequestTrace
    """
    random = np.random.default_rng(seed)
    counts = random.poisson(rates_per_s * window_s)
    arrival_s_N = np.repeat(starts_s, counts) + random.random(int(counts.sum())) * window_s
    return _trace(name, form, np.sort(arrival_s_N), lengths, random, notes)
