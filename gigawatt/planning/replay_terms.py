"""How a trace is served: replicas, routing, prefix caches, pools apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gigawatt.engines.policy import Program
from gigawatt.engines.serving.kvcache import held_layer_tokens, kv_bytes_per_token_and_layer
from gigawatt.engines.serving.simulator import Service, step_model
from gigawatt.engines.serving.simulator.types import ROUTINGS, StepModel
from gigawatt.engines.serving.types import PoolPair, Replica, ServingInputs
from gigawatt.errors import InputError, nearest
from gigawatt.planning.requests import RequestTrace
from gigawatt.planning.serving import ServingPool

NORMAL_P99 = 2.33
FEWEST_SEQUENCES, MOST_SEQUENCES = 16, 1024  # the second of each rank of attention data parallelism
# Share of a replica's KV cache that keeps prefixes, where the trace has them. ASSUMPTION: engines keep what running
# sequences leave free, which is most of it at light load and nothing at full load.
PREFIX_CACHE_FRAC = 0.5
CEILING = 5  # place of the greatest share of the rating among the coefficients of power


@dataclass(frozen=True, slots=True)
class ReplayTerms:
    """How a trace is served.

    Attributes
    ----------
    replicas : int, optional
        None: the fewest that meet the service level.
    prefill_replicas, decode_replicas : int
        Pools apart; 0 where one pool does both.
    apart : bool
        Pools apart, each with a replica of its own; the fewest of both where no numbers are given.
    routing : str
        round-robin, least-loaded or prefix-aware.
    router : Program, optional
        A written rule in place of it (`gigawatt.planning.routers.read_router`).
    rate_scale : float
        By what factor requests arrive faster than they did. [-]
    max_sequences : int
        Running sequences of a replica at most; 0: the 99th percentile at the chosen operating point.
    prefix_cache : float, optional
        Room for prefixes of each replica: up to 1 a share of its KV cache, above 1 tokens beside it (in host memory);
        None: `PREFIX_CACHE_FRAC` where the trace has prefixes.
    seed : int
        Of what speculative decoding accepts.
    power_cap_w : float
        Cap of each accelerator's package; 0: none. [W]
    """

    replicas: int | None = None
    prefill_replicas: int = 0
    decode_replicas: int = 0
    apart: bool = False
    routing: str = "least-loaded"
    router: Program | None = None
    rate_scale: float = 1.0
    max_sequences: int = 0
    prefix_cache: float | None = None
    seed: int = 0
    power_cap_w: float = 0.0


def _sequences(replica: Replica, batch: float, terms: ReplayTerms) -> int:
    """Return the running sequences that a replica takes."""
    if terms.max_sequences:
        return terms.max_sequences
    sequences = math.ceil(batch + NORMAL_P99 * math.sqrt(batch))
    return min(max(sequences, FEWEST_SEQUENCES), MOST_SEQUENCES * _ranks(replica))


def _ranks(replica: Replica) -> int:
    """Return the groups that each schedule their own sequences."""
    return replica.tensor_parallel if replica.attention_data_parallel else 1


def _transfer_s_per_token(inputs: ServingInputs, gpus_count: int) -> float:
    """Return the time in which a token's KV cache crosses the fabric, all accelerators of a replica sending. [s]."""
    context = inputs.request.input_tokens
    layer_tokens = held_layer_tokens(inputs.model, context) / context
    fabric = inputs.accelerator.scale_out
    per_token = kv_bytes_per_token_and_layer(inputs.model, inputs.kv_precision) * layer_tokens
    return per_token / (fabric.bytes_per_s * fabric.efficiency_frac * gpus_count)


def check_terms(terms: ReplayTerms) -> None:
    """Refuse terms that mean nothing; raise InputError."""
    if terms.routing not in ROUTINGS:
        message = f'routing "{terms.routing}" is not known. {nearest(terms.routing, ROUTINGS)}'
        raise InputError(message)
    if (terms.prefill_replicas > 0) != (terms.decode_replicas > 0):
        message = "pools apart need replicas of both: --prefill-replicas and --decode-replicas"
        raise InputError(message)
    if (terms.prefill_replicas or terms.apart) and terms.replicas is not None:
        message = "replicas are given for one pool and for two; give one of both"
        raise InputError(message)
    if min(terms.prefill_replicas, terms.decode_replicas, terms.max_sequences, terms.replicas or 1) < 0 or (
        terms.replicas is not None and terms.replicas < 1
    ):
        message = "replicas and running sequences must be at least 1"
        raise InputError(message)
    if terms.prefix_cache is not None and not 0.0 <= terms.prefix_cache < float("inf"):
        message = f"prefix cache {terms.prefix_cache:g} must be at least 0"
        raise InputError(message)


def _capped(model: StepModel, power_cap_w: float) -> StepModel:
    """Return a replica whose accelerators draw no more than a cap."""
    if not power_cap_w:
        return model
    rated_w, ceiling = model.power_w[0], model.power_w[CEILING]
    power_w = list(model.power_w)
    power_w[CEILING] = min(ceiling, power_cap_w / rated_w)
    return replace(model, power_w=tuple(power_w))  # type: ignore[arg-type]


def service_of(
    pool: ServingPool, trace: RequestTrace, terms: ReplayTerms, replicas: int, pair: PoolPair | None = None
) -> Service:
    """Return how a trace is served by so many replicas.

    Parameters
    ----------
    pool : ServingPool
        Its chosen deployment gives the replica.
    trace : RequestTrace
    terms : ReplayTerms
    replicas : int
        Of the one pool; not used where pools are apart.
    pair : PoolPair, optional
        Replicas of pools apart, in place of the one of the pool for both.

    Returns
    -------
    Service
        A share of the KV cache that keeps prefixes is taken from the running sequences of those that read prompts.
    """
    inputs, chosen = pool.inputs, pool.deployment
    reader = pair.prompts.replica if pair else chosen.replica
    writer, batch = (pair.answers.replica, pair.answers.batch) if pair else (chosen.replica, chosen.batch)
    sequences = _sequences(writer, batch, terms)
    prompts, answers = (
        _capped(step_model(inputs, replica, sequences), terms.power_cap_w) for replica in (reader, writer)
    )
    kept = terms.prefix_cache
    if kept is None:
        kept = PREFIX_CACHE_FRAC if len(trace.block_ids) else 0.0
    prefix_tokens = kept * prompts.capacity_tokens if kept <= 1.0 else kept
    if kept <= 1.0:
        prompts = replace(prompts, capacity_tokens=prompts.capacity_tokens - prefix_tokens)
    apart = terms.prefill_replicas > 0
    return Service(
        model=answers if apart else prompts,
        replicas_count=terms.prefill_replicas if apart else replicas,
        prompt_model=prompts if apart else None,
        decode_replicas_count=terms.decode_replicas,
        transfer_s_per_token=_transfer_s_per_token(inputs, min(reader.gpus_count, writer.gpus_count)) if apart else 0.0,
        routing=terms.routing,
        router=terms.router,
        max_sequences_count=sequences,
        step_tokens_count=inputs.step_tokens_count * _ranks(reader),
        chunked=inputs.chunked_prefill,
        prefix_cache_tokens=prefix_tokens,
        seed=terms.seed,
    )
