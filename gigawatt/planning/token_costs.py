"""What a token costs: read, read from the prefix cache, or written; money and energy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.engines.serving.prefill import causal_layer_pairs
from gigawatt.engines.serving.simulator import step_model
from gigawatt.planning.serving import ServingPool
from gigawatt.units import SECONDS_PER_HOUR

TOKENS_PER_PRICE = 1e6  # prices are said per million


@dataclass(frozen=True, slots=True)
class TokenShare:
    """One kind of token.

    Attributes
    ----------
    tokens : float
        Of the mean request. [-]
    time_frac : float
        Share of the replica's time. [-]
    usd_per_million : float
        At full load. [USD]
    j_per_token : float
        IT energy. [J]
    """

    tokens: float
    time_frac: float
    usd_per_million: float
    j_per_token: float


@dataclass(frozen=True, slots=True)
class TokenCosts:
    """Tokens read, found in the prefix cache, and written; their time shares sum to 1."""

    input: TokenShare
    cached: TokenShare
    output: TokenShare


def token_costs(pool: ServingPool) -> TokenCosts:
    r"""Split the cost of a replica among the tokens that cause it.

    Parameters
    ----------
    pool : ServingPool
        At its chosen operating point.

    Returns
    -------
    TokenCosts
        Per million tokens at full load; divide by utilisation for a pool that is not full.

    Notes
    -----
    A request takes :math:`1/\lambda` of the replica. Reading a token takes its products and the attention to fresh
    tokens before it; a cached token takes only the attention of fresh tokens to it; both are read again in each
    step of the answer, :math:`O / g` times with g tokens gained a step. The rest is the output's. Energy follows time:
    ASSUMPTION, since reading draws up to a fifth more than writing.
    """
    inputs, point = pool.inputs, pool.deployment
    request, model = inputs.request, inputs.model
    step = step_model(inputs, point.replica, max(math.ceil(point.batch), 1))
    cached = request.cached_frac * request.input_tokens
    fresh = request.input_tokens - cached
    part_s = (step.prompt_gpu_s_per_token, step.prompt_link_s_per_token)
    token_s = (max(part_s) if step.links_overlap else sum(part_s)) + step.prompt_host_s_per_token
    pair_s = (step.pair_s + step.window_pair_s) / model.layers
    steps = request.output_tokens / step.tokens_per_step
    held = request.input_tokens
    seen = held if held <= step.window_tokens else step.window_tokens * step.window_seen_frac
    kept_s = steps * (step.kv_s_per_token * held + step.window_kv_s_per_token * seen) / held
    alone = causal_layer_pairs(model, 0.0, fresh)
    before = max(cached, 1.0)  # what the first cached token would cost, where there is none
    beside = causal_layer_pairs(model, before, before + fresh) - alone
    whole_s = 1.0 / point.requests_per_s
    fresh_s = fresh * (token_s + kept_s) + alone * pair_s + step.request_host_s
    cached_s = beside * pair_s / before + kept_s
    read_s = min(fresh_s + cached * cached_s, whole_s)
    scale = read_s / (fresh_s + cached * cached_s)

    def share(tokens: float, each_s: float) -> TokenShare:
        usd_per_s = pool.usd_per_gpu_hour * point.replica.gpus_count / SECONDS_PER_HOUR
        watts = point.system_power_w * point.replica.gpus_count
        return TokenShare(tokens, tokens * each_s / whole_s, usd_per_s * each_s * TOKENS_PER_PRICE, watts * each_s)

    return TokenCosts(
        input=share(fresh, fresh_s * scale / fresh if fresh else 0.0),
        cached=share(cached, cached_s * scale),
        output=share(request.output_tokens, (whole_s - read_s) / request.output_tokens),
    )
