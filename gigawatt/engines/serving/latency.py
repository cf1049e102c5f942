"""Latency of a replica under steady load: what a request waits for, on the median and at the 99th percentile.

Shapes: `B` operating points evaluated together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.serving.constants import NORMAL_P99
from gigawatt.engines.serving.queueing import wait_s
from gigawatt.engines.serving.types import ServingInputs

Floats = NDArray[np.float64]
# Steps between the arrival of a request and its first token besides its own prefill: half of the running one, and one
# its own where prompts share steps with answers.
STEPS_TO_FIRST_TOKEN = 1.5
STEPS_TO_OWN_STEP = 0.5
# Prompts read per token of an answer at which the median gap between tokens holds half of their time. Prompts come in
# clumps, so that more than one must come per step. ML.ENERGY's gaps over its throughput suggest 1.5 to 3.
MEDIAN_GAP_FACTOR = 2.0
# Share of gaps beyond the 99th percentile, and how many deviations it lies above the mean of an exponential tail,
# ln 100 - 1: prompts come in clumps, since a long step lets more of them arrive.
P99_EXCEEDED = 0.01
CLUMPS_P99 = 3.605
# Highest share of time that prompts take in the same formulas.
HIGHEST_PROMPT_LOAD = 0.97
# How much further the 99th percentile lies per unit of skewness: (z^2 - 1) / 6.
SKEW_P99 = (NORMAL_P99**2 - 1.0) / 6.0
# Nearest to saturation at which the spread of the batch is evaluated: it grows without bound there, and in practice the
# scheduler's limit on sequences holds it. [-]
LARGEST_ELASTICITY = 0.97


@dataclass(frozen=True, slots=True)
class Load:
    """What latency follows from.

    Attributes
    ----------
    batch_B, rate_B : array
        Running sequences; requests per second. [-], [1/s]
    step_s_B : array
        Time in which every running sequence passes all stages once. [s]
    gained : float
        Tokens that a sequence gains in it. [-]
    elasticity_B : array
        Relative growth of the time per token over that of the batch. [-]
    prompt_s : float
        Time of the mean prompt on one stage. [s]
    stages : float
    largest_batch : float
    copies_count : int
        Replicas that share the arrivals, each request going to the least loaded.
    """

    batch_B: Floats
    rate_B: Floats
    step_s_B: Floats
    gained: float
    elasticity_B: Floats
    prompt_s: float
    stages: float
    largest_batch: float
    copies_count: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Time to first token, per output token, and between tokens; percentiles in the names. [s]."""

    ttft_p50_s_B: Floats
    ttft_p99_s_B: Floats
    tpot_p50_s_B: Floats
    tpot_p99_s_B: Floats
    gap_p50_s_B: Floats
    gap_p99_s_B: Floats


def batch_spread(batch_B: Floats, elasticity_B: Floats) -> Floats:
    r"""Return the standard deviation of the batch under Poisson arrivals.

    Parameters
    ----------
    batch_B : array
        Its mean. [-]
    elasticity_B : array
        Relative growth of the time per token over that of the batch: 0 where a step takes the same time whatever the
        batch, 1 where throughput no longer grows. [-]

    Returns
    -------
    array
        [-]

    Notes
    -----
    Where n sequences finish at the rate :math:`\mu(n) = n / (O (a + b n))`, arrivals at the rate :math:`\lambda` give
    the ratio of neighbouring probabilities :math:`\lambda O b + \lambda O a / n`: a negative binomial distribution of
    variance :math:`\bar n / (1 - \lambda O b)` [1]_, and :math:`\lambda O b` is the elasticity. The variance is
    Poisson's where steps take constant time.

    References
    ----------
    .. [1] L. Kleinrock, "Queueing Systems, Volume 1," Wiley, 1975, section 3.2.

    Examples
    --------
    >>> float(batch_spread(np.array([100.0]), np.array([0.75]))[0])
    20.0
    """
    return np.asarray(np.sqrt(batch_B / (1.0 - np.minimum(elasticity_B, LARGEST_ELASTICITY))))


def skewed_p99(skewness: Floats | float) -> Floats:
    r"""Return how many standard deviations the 99th percentile lies above the mean of a skewed distribution.

    Parameters
    ----------
    skewness : array or float
        Third central moment over the cube of the standard deviation. [-]

    Returns
    -------
    array
        :math:`z + (z^2 - 1) \gamma / 6`, the expansion of Cornish and Fisher to its second term [1]_. [-]

    References
    ----------
    .. [1] E. A. Cornish and R. A. Fisher, "Moments and cumulants in the specification of distributions," Revue de
       l'Institut International de Statistique, vol. 5, no. 4, 1938.

    Examples
    --------
    Prompt lengths spread by half, as a gamma distribution of shape 4, whose 99th percentile is 3.02 deviations up:

    >>> round(float(skewed_p99(1.0)), 2)
    3.06
    """
    return np.asarray(NORMAL_P99 + SKEW_P99 * skewness)


def _batch_skewness(load: Load) -> Floats:
    """Return the skewness of the replica's batch, that of `batch_spread`'s distribution: (1 + e) / sqrt(n (1 - e))."""
    elasticity_B = np.minimum(load.elasticity_B, LARGEST_ELASTICITY)
    return np.asarray((1.0 + elasticity_B) / np.sqrt(load.batch_B * load.copies_count * (1.0 - elasticity_B)))


def _prompts_skewness(load: Load, length_cv: float) -> Floats:
    """Return the skewness of a Poisson number of prompts whose lengths are gamma-distributed."""
    return np.asarray((1.0 + 2.0 * length_cv**2) / np.sqrt(load.batch_B * (1.0 + length_cv**2)))


def latency(inputs: ServingInputs, load: Load) -> Latency:
    r"""Return the latency of operating points.

    Parameters
    ----------
    inputs : ServingInputs
        Lengths of requests and their spread; whether prompts come in chunks.
    load : Load
        The points.

    Returns
    -------
    Latency
        See there.

    Notes
    -----
    :math:`TPOT = T_d / g + B T_p / O`, with g the tokens gained in a step. Its 99th percentile adds, in quadrature,
    what the batch deviates from its mean (`batch_spread`; it outlives an answer, so that an answer sees it whole) and
    the prompts read while an answer is written, a compound Poisson count of mean B and deviation
    :math:`\sqrt{B (1 + c^2)}`; both are skewed, and so are prompt lengths (`skewed_p99`). A gap between tokens holds
    whole prompts; with chunks at most `step_tokens_count` tokens of them.
    """
    request, batch_B, prompt_s = inputs.request, load.batch_B, load.prompt_s
    written = request.output_tokens
    uneven = 1.0 + request.length_cv**2
    each_s_B = load.step_s_B / load.gained
    prompts_B = batch_B / written  # read while an answer gains a token
    tpot_B = each_s_B + prompts_B * prompt_s
    room_B = np.maximum(load.largest_batch - batch_B, 0.0)
    # requests that go to the least loaded of several replicas keep these equal: only the sum fluctuates
    spread_B = batch_spread(batch_B, load.elasticity_B) / np.sqrt(load.copies_count)
    fuller_B = np.minimum(skewed_p99(_batch_skewness(load)) * spread_B, room_B) / batch_B
    slower_B = tpot_B * load.elasticity_B * fuller_B
    read_p99_B = skewed_p99(_prompts_skewness(load, request.length_cv))
    read_B = read_p99_B * np.sqrt(batch_B * uneven) / written * prompt_s
    tpot_p99_B = tpot_B + np.hypot(slower_B, read_B)
    hit_B = 1.0 / (1.0 + (MEDIAN_GAP_FACTOR / prompts_B) ** 2)
    gap_B = each_s_B + prompts_B * prompt_s * hit_B
    step_B = load.step_s_B + prompts_B * load.gained * prompt_s
    gap_p99_B = np.maximum(load.step_s_B + _clumps_s(inputs, load, uneven), gap_B)
    served_B = prompt_s + _shared_steps_s(inputs, load)
    _, wait_B, wait_p99_B = wait_s(load.rate_B, served_B, request.length_cv, load.copies_count)
    own_s_B = served_B + prompt_s * (load.stages - 1.0)
    steps = STEPS_TO_FIRST_TOKEN if inputs.chunked_prefill else STEPS_TO_OWN_STEP
    ttft_B = wait_B + own_s_B + steps * step_B
    longest = skewed_p99(2.0 * request.length_cv)  # of gamma-distributed lengths
    tails_B = np.hypot(wait_p99_B - wait_B, longest * request.length_cv * own_s_B)
    tails_B = np.hypot(tails_B, steps * load.gained * (tpot_p99_B - tpot_B))
    if inputs.chunked_prefill:  # prompts that came together share their step
        tails_B = np.hypot(tails_B, np.maximum(gap_p99_B - step_B, 0.0))
    return Latency(ttft_B, ttft_B + tails_B, tpot_B, tpot_p99_B, gap_B, gap_p99_B)


def _room_tokens(inputs: ServingInputs, load: Load) -> Floats:
    """Return the tokens of a step that answers leave for prompts, at least one."""
    return np.maximum(inputs.step_tokens_count - load.batch_B / load.stages, 1.0)


def _shared_steps_s(inputs: ServingInputs, load: Load) -> Floats:
    """Return the time that a prompt in chunks waits for the answers in its steps; nothing where it is read whole."""
    if not inputs.chunked_prefill:
        return np.zeros_like(load.batch_B)
    fresh = inputs.request.input_tokens * (1.0 - inputs.request.cached_frac)
    return np.asarray(load.step_s_B * fresh / _room_tokens(inputs, load))


def _clumps_s(inputs: ServingInputs, load: Load, uneven: float) -> Floats:
    r"""Return the time of prompts in a gap between tokens that one gap in a hundred exceeds.

    Prompts in a step arrive while the step before runs. With :math:`\rho` the share of time that prompts take and m
    the mean count, the count of a step has the variance :math:`m / (1 - \rho^2)`, that of a step and its prompts; read
    whole before answers go on, that of a busy period, :math:`m / (1 - \rho)^2`.
    """
    prompt_s = load.prompt_s
    load_B = np.minimum(load.rate_B * prompt_s, HIGHEST_PROMPT_LOAD)
    mean_B = load.rate_B * load.step_s_B / (1.0 - load_B)
    grown_B = 1.0 - load_B**2 if inputs.chunked_prefill else (1.0 - load_B) ** 2
    longest_B = prompt_s * (mean_B + CLUMPS_P99 * np.sqrt(mean_B * uneven / grown_B))
    some_B = 1.0 - np.exp(-load.rate_B * load.step_s_B) > P99_EXCEEDED
    longest_B = np.where(some_B, longest_B, 0.0)
    if not inputs.chunked_prefill:
        return longest_B
    fresh = max(inputs.request.input_tokens * (1.0 - inputs.request.cached_frac), 1.0)
    return np.minimum(longest_B, prompt_s * _room_tokens(inputs, load) / fresh)
