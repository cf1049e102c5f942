"""Predictions beside what a load generator measured on a server of one's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gigawatt.catalogue.store import Catalogue, load
from gigawatt.engines.serving.simulator import Replay, Requests, Service, replay, step_model
from gigawatt.engines.serving.types import Replica, ServiceLevel, ServingInputs
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.job_defaults import usual_software_date
from gigawatt.planning.launch.models import catalogue_model
from gigawatt.planning.replay import gap_percentiles, percentiles
from gigawatt.planning.requests import Lengths, requests_of, synthetic
from gigawatt.planning.serving import EngineTerms, serving_inputs
from gigawatt.validation.benchmark_files import MS_PER_S, BenchmarkRun, read_benchmark
from gigawatt.validation.compare import Row, Validation, row_of, summarise

# Half-width of the range stated for a time to first token: it follows from the queue, which magnifies any error of the
# rate. ASSUMPTION: no published set of them is held against this.
TTFT_FACTOR = 2.0
# Of throughput and the times between tokens: four of five published rows lie so near (`gigawatt validate serving`).
STEADY_FACTOR = 1.25
LEAST_CV = 1e-3  # requests sent at even gaps
SEED = 0
DEFAULT_SEQUENCES = 256  # of vLLM, where nothing is said


@dataclass(frozen=True, slots=True)
class Server:
    """What was measured, where the file does not say.

    Attributes
    ----------
    accelerator : str
        Catalogue id.
    model : str
        Catalogue id; empty: told from the file.
    replica : Replica
    copies : int
        Replicas behind the address.
    precision : str
    engine : str
        vllm or tensorrt-llm.
    max_sequences : int
        Running sequences of a replica at most.
    software_date : float or None
    terms : EngineTerms
    """

    accelerator: str
    model: str = ""
    replica: Replica = field(default_factory=Replica)
    copies: int = 1
    precision: str = "fp8"
    engine: str = "vllm"
    max_sequences: int = DEFAULT_SEQUENCES
    software_date: float | None = None
    terms: EngineTerms = field(default_factory=EngineTerms)


def replica_of(tensor_parallel: int) -> Replica:
    """Return a replica that is spread by tensor parallelism alone."""
    return Replica(tensor_parallel)


def validate_benchmark(path: Path, server: Server, catalogue: Catalogue | None = None) -> Validation:
    """Compare predictions with the runs of a load generator.

    Parameters
    ----------
    path : Path
        JSON of `vllm bench serve --save-result` or GuideLLM.
    server : Server
        What was measured.
    catalogue : Catalogue, optional
        By default the one that ships.

    Returns
    -------
    Validation
        A row for each run and quantity; groups by quantity.

    Raises
    ------
    InputError, CatalogueError
        If the file is bad or the server means nothing.
    """
    catalogue = catalogue or load()
    rows = tuple(row for run in read_benchmark(path) for row in _rows(run, server, catalogue))
    names = dict.fromkeys(row.quantity for row in rows)
    groups = {name: summarise([row for row in rows if row.quantity == name]) for name in names}
    everything = summarise(rows)
    return Validation(rows, everything, groups, everything)


def predict_benchmark(run: BenchmarkRun, server: Server, catalogue: Catalogue) -> dict[str, float]:
    """Predict what a run measured.

    Parameters
    ----------
    run : BenchmarkRun
    server : Server
    catalogue : Catalogue

    Returns
    -------
    dict of str to float
        By quantity.

    Raises
    ------
    InputError, CatalogueError
        If the server means nothing.
    InfeasibleError
        If the model does not fit.

    Notes
    -----
    The run is simulated request by request. With so many requests under way at most, a server takes the next when one
    leaves: the simulator's limit on running sequences does the same, and the wait for it is not part of the time to
    first token.
    """
    inputs = _inputs(run, server, catalogue)
    each = math.ceil(run.concurrency / server.copies) if run.concurrency else server.max_sequences
    sequences = max(min(each, server.max_sequences), 1)
    model = step_model(inputs, server.replica, sequences)
    if model.capacity_tokens < run.input_tokens + run.output_tokens:
        message = f"{inputs.model.name} has no room for a request on {server.replica.gpus_count} {server.accelerator}"
        raise InfeasibleError(message)
    service = Service(
        model=model,
        replicas_count=server.copies,
        max_sequences_count=sequences,
        step_tokens_count=inputs.step_tokens_count,
        chunked=inputs.chunked_prefill,
        seed=SEED,
    )
    result = replay(_requests(run), service)
    waited = result.queue_s_N if run.concurrency else np.zeros(len(result.queue_s_N))
    found = {
        "requests_per_s": run.requests_count / result.duration_s,
        "output_tokens_per_s": result.output_tokens / result.duration_s,
    }
    return found | _latencies(result, result.ttft_s_N - waited)


def _latencies(result: Replay, ttft_s_N: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float]:
    """Return percentiles of the latencies. [ms]."""
    found: dict[str, float] = {}
    by_name: Mapping[str, Mapping[str, float]] = {
        "ttft": percentiles(ttft_s_N),
        "tpot": percentiles(result.tpot_s_N),
        "itl": gap_percentiles(result),
    }
    for name, values in by_name.items():
        found |= {f"{name}_{place}_ms": values[place] * MS_PER_S for place in ("p50", "p99")}
    return found


def _inputs(run: BenchmarkRun, server: Server, catalogue: Catalogue) -> ServingInputs:
    """Return the engine's inputs for a run."""
    if not server.model and not run.model:
        message = f"{run.id}: the file names no model; say it with --model"
        raise InputError(message)
    if server.copies < 1 or server.max_sequences < 1:
        message = "the server needs at least one replica and one running sequence"
        raise InputError(message)
    usual = usual_software_date(catalogue.accelerators[server.accelerator].available_from)
    return serving_inputs(
        catalogue,
        catalogue_model(server.model or run.model, catalogue),
        server.accelerator,
        synthetic(1.0, 1e3, _lengths(run), seed=SEED).mean_request(),
        ServiceLevel(),
        precision=server.precision,
        software_date=server.software_date or usual,
        engine=server.engine,
        terms=server.terms,
    )


def _lengths(run: BenchmarkRun) -> Lengths:
    """Return the lengths of a run's requests."""
    return Lengths(run.input_tokens, run.output_tokens, run.input_cv, run.output_cv)


def _requests(run: BenchmarkRun) -> Requests:
    """Return as many requests as the run had, of its lengths, when it sent them."""
    rate = run.requests_per_s if run.requests_per_s < math.inf else 1.0
    cv = max(run.arrival_cv, LEAST_CV)
    drawn = synthetic(rate, 1.5 * run.requests_count / rate + 60.0 / rate, _lengths(run), arrival_cv=cv, seed=SEED)
    trace = drawn.first(run.requests_count)
    requests = requests_of(trace)
    if run.requests_per_s < math.inf:
        return requests
    at_once = np.zeros(trace.requests_count)
    return Requests(
        at_once,
        requests.input_tokens_N,
        requests.output_tokens_N,
        requests.cached_tokens_N,
        requests.first_block_N,
        requests.block_ids,
    )


def _rows(run: BenchmarkRun, server: Server, catalogue: Catalogue) -> list[Row]:
    """Return a row for each quantity measured."""
    skipped, predicted = "", dict[str, float]()
    try:
        predicted = predict_benchmark(run, server, catalogue)
    except InfeasibleError as error:
        skipped = str(error)
    rows = []
    for quantity, measured in run.measured.items():
        if not measured:
            continue
        value = predicted.get(quantity, math.nan)
        factor = TTFT_FACTOR if quantity.startswith("ttft") else STEADY_FACTOR
        group = f"{run.tool}/{catalogue_model(server.model or run.model, catalogue)}/{server.accelerator}"
        rows.append(row_of(run.id, group, quantity, measured, value, factor, skipped=skipped))
    return rows
