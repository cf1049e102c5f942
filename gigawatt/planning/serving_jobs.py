"""The library side of `serve`: from catalogue ids to a pool, its size for a demand, or the replay of a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.bring import bring
from gigawatt.engines.serving.types import Replica, Request, ServiceLevel, ServingInputs, Sizing
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.convert import profile_figures
from gigawatt.planning.demand import TYPICAL, Day, Region, Traffic, demand_by_hour, hours_given, size_by_hour
from gigawatt.planning.figures import Figures
from gigawatt.planning.job_defaults import DEFAULT_COSTS, DEFAULT_PUE, DEFAULT_TARIFF, usual_software_date
from gigawatt.planning.serving import EngineTerms, ServingPool, pool_at, pool_size, serving_inputs, serving_pool

if TYPE_CHECKING:  # the simulator is compiled code that takes its time to load
    from gigawatt.planning.replay import ReplayAnswer
    from gigawatt.planning.replay_terms import ReplayTerms
    from gigawatt.planning.requests import RequestTrace

NO_LIMIT = float("inf")


@dataclass(frozen=True, slots=True)
class ServeAnswer:
    """What `serve` finds.

    Attributes
    ----------
    pool : ServingPool
    sizing : Sizing or None
        Where a demand was given.
    figures : Figures
    day : Day or None
        Where the demand was given with its hours.
    replayed : ReplayAnswer or None
        Where a trace was given.
    notes : tuple of str
        What a reader must know.
    """

    pool: ServingPool
    sizing: Sizing | None
    figures: Figures
    day: Day | None = None
    replayed: ReplayAnswer | None = None
    notes: tuple[str, ...] = ()


def serve(
    catalogue: Catalogue,
    model: str,
    accelerator: str,
    *,
    input_tokens: float = 1000.0,
    output_tokens: float = 300.0,
    cached: float = 0.0,
    precision: str = "fp8",
    ttft_p99_s: float = NO_LIMIT,
    tpot_p99_s: float = NO_LIMIT,
    requests_per_s: float | None = None,
    traffic: Traffic | None = None,
    peak_to_mean: float | None = None,
    hours: Sequence[float] | str | None = None,
    regions: Mapping[str, Region] | None = None,
    availability: float | None = None,
    gpus: int | None = None,
    replica: Replica | Mapping[str, int] | None = None,
    max_batch: int = 0,
    software_date: float | None = None,
    engine: str = "tensorrt-llm",
    terms: EngineTerms | None = None,
    power_cap_w: float = 0.0,
    tariff: str = DEFAULT_TARIFF,
    pue: float = DEFAULT_PUE,
    trace: RequestTrace | str | Path | None = None,
    replay: ReplayTerms | None = None,
) -> ServeAnswer:
    """Find how to serve a model, how many accelerators a demand needs, and what happens to a trace of requests.

    Parameters
    ----------
    catalogue : Catalogue
    model, accelerator : str
        Catalogue ids or paths, as for `train`.
    input_tokens, output_tokens, cached : float
        Mean request, and the share of its input found in the prefix cache; of a trace, the trace's own count.
    precision : str
        Of the weights: bf16, fp8, fp4 or int4; several apart by commas are compared and the cheapest is taken.
    ttft_p99_s, tpot_p99_s : float
        Service level. [s]
    requests_per_s : float, optional
        Mean demand. [1/s]
    traffic : Traffic, optional
        In place of the mean request and the demand, from `traffic_of_developers`.
    peak_to_mean, availability : float, optional
        The catalogue's defaults where not given; the peak follows from the hours where these are given.
    hours : sequence of 24 float or "typical", optional
        Demand by local hour on any scale; "typical" for the catalogue's.
    regions : mapping of str to Region, optional
        Shares of users and their hours from UTC.
    gpus : int, optional
        Hold the replica to so many accelerators.
    replica : Replica or mapping of its fields, optional
        Hold the replica to these degrees.
    max_batch : int
        Running sequences of a held replica at most; 0: what fits.
    software_date : float, optional
        Year of the software; where not given, today's, as far as the accelerator's software still improves.
    engine : str
        tensorrt-llm or vllm.
    terms : EngineTerms, optional
        Speculative decoding, chunks, precision of the KV cache.
    power_cap_w : float
        Cap of each accelerator's package; 0: none. [W]
    tariff : str
    pue : float
    trace : RequestTrace or path, optional
        Requests to replay on the pool.
    replay : ReplayTerms, optional
        Replicas and routing; the fewest replicas that meet the service level where not given.

    Returns
    -------
    ServeAnswer

    Raises
    ------
    CatalogueError, InputError
        If an id or a number is wrong.
    InfeasibleError
        If nothing fits and meets the service level.
    """
    figures = Figures()
    catalogue, model = bring(catalogue, "models", model)
    catalogue, accelerator = bring(catalogue, "accelerators", accelerator)
    figures.used.update(profile_figures(accelerator, catalogue))
    if replica is not None and not isinstance(replica, Replica):
        replica = Replica(**replica)  # type: ignore[arg-type]
    if isinstance(trace, str | Path):
        from gigawatt.planning.requests import read_requests

        trace = read_requests(Path(trace))
    if traffic is not None:
        figures.used.update(traffic.used)
        input_tokens, output_tokens, cached = traffic.input_tokens, traffic.output_tokens, traffic.cached_frac
        requests_per_s = traffic.requests_per_s
    if input_tokens <= 0 or output_tokens <= 0 or not 0.0 <= cached < 1.0:
        message = (
            f"input {input_tokens:g} and output {output_tokens:g} must be above 0, cached {cached:g} in 0 to below 1"
        )
        raise InputError(message)
    several = [
        serving_inputs(
            catalogue,
            model,
            accelerator,
            trace.mean_request(cached) if trace else Request(input_tokens, output_tokens, cached),
            ServiceLevel(ttft_p99_s, tpot_p99_s),
            precision=one,
            software_date=software_date or usual_software_date(catalogue.accelerators[accelerator].available_from),
            engine=engine,
            power_cap_w=power_cap_w,
            terms=terms,
        )
        for one in dict.fromkeys(part.strip() for part in precision.split(","))
    ]
    prices: dict[str, Any] = {
        "costs": catalogue.costs[DEFAULT_COSTS], "tariff": catalogue.tariffs[tariff], "pue": pue, "figures": figures,
    }  # fmt: skip
    held: dict[str, Any] = {
        "gpus_count": gpus, "power_cap_w": power_cap_w, "replica": replica, "max_batch": max_batch,
    }  # fmt: skip
    if trace is not None:
        from gigawatt.planning.replay_terms import ReplayTerms

        terms_of_replay = replace(replay or ReplayTerms(), power_cap_w=power_cap_w)
        found, notes = _replayed(several, catalogue, trace, terms_of_replay, prices, held)
        return ServeAnswer(found.pool, None, figures, replayed=found, notes=(*trace.notes, *notes))
    pool = _cheapest(lambda inputs: serving_pool(inputs, catalogue, **prices, **held), several)
    if requests_per_s is None:
        return ServeAnswer(pool, None, figures)
    defaults = catalogue.defaults
    share = availability or figures("defaults.availability_frac", defaults.availability_frac)
    if hours is None and regions is None:
        peak = peak_to_mean or figures("defaults.peak_to_mean_ratio", defaults.peak_to_mean_ratio)
        return ServeAnswer(pool, pool_size(pool, requests_per_s, peak, share), figures)
    if peak_to_mean is not None:
        message = "the peak follows from the hours; leave out one of the two"
        raise InputError(message)
    local = hours_given(TYPICAL if hours is None else hours, catalogue, figures) or []
    day = size_by_hour(pool, requests_per_s, demand_by_hour(local, regions), share)
    return ServeAnswer(pool, day.installed, figures, day)


def _cheapest(pool_of: Callable[[ServingInputs], ServingPool], several: Sequence[ServingInputs]) -> ServingPool:
    """Return the pool whose tokens cost least of those within the service level; InfeasibleError where none is."""
    pools, errors = [], []
    for inputs in several:
        try:
            pools.append(pool_of(inputs))
        except InfeasibleError as error:
            errors.append(error)
    if not pools:
        raise errors[0]
    return min(pools, key=lambda pool: pool.usd_per_million_output_tokens)


def _replayed(
    several: Sequence[ServingInputs],
    catalogue: Catalogue,
    trace: RequestTrace,
    terms: ReplayTerms,
    prices: dict[str, Any],
    held: dict[str, Any],
) -> tuple[ReplayAnswer, tuple[str, ...]]:
    """Replay a trace on the pool that suits it; where neither replica nor numbers are given, on the best of several."""
    from gigawatt.planning.replay import replay_trace
    from gigawatt.planning.replay_layouts import alike, layouts

    noted: dict[str, tuple[str, ...]] = {}

    def pool_of(inputs: ServingInputs) -> ServingPool:
        pool, noted[inputs.precision] = _pool_of_trace(inputs, catalogue, {**prices, **held})
        return pool

    first = _cheapest(pool_of, several)
    rivals: list[ServingPool] = []
    if held["replica"] is None and terms.replicas is None and not (terms.prefill_replicas or terms.apart):
        capped = {**prices, "power_cap_w": held["power_cap_w"]}
        ranked = [(*place, inputs) for inputs in several for place in enumerate(layouts(inputs, held["gpus_count"]))]
        # the best of each precision, then all others, most throughput first
        ranked.sort(key=lambda one: (min(one[0], 1), -one[1].output_tokens_per_s_per_gpu))
        for _, point, inputs in ranked:
            if not alike(point, first.deployment):
                rivals.append(pool_at(inputs, first.frontier, point, catalogue, **capped))
    found = replay_trace(first, catalogue, trace, terms, **prices, rivals=rivals)
    return found, noted[first.inputs.precision] if found.pool is first else ()


def _pool_of_trace(
    inputs: ServingInputs, catalogue: Catalogue, options: dict[str, Any]
) -> tuple[ServingPool, tuple[str, ...]]:
    """Choose the replica for a trace, for time per token alone where steady load cannot meet the time to first token.

    The steady model takes all prompts to wait in one line at each replica; a replay spreads them over many.
    """
    try:
        return serving_pool(inputs, catalogue, **options), ()
    except InfeasibleError:
        if inputs.slo.ttft_p99_s == NO_LIMIT:
            raise
    relaxed = replace(inputs, slo=ServiceLevel(NO_LIMIT, inputs.slo.tpot_p99_s))
    pool = serving_pool(relaxed, catalogue, **options)
    note = "the replica is chosen for time per token alone: under steady load none meets the time to first token"
    return replace(pool, inputs=inputs), (note,)
