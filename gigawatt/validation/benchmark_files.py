"""Results of load generators: `vllm bench serve --save-result` and GuideLLM, read as measurements."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigawatt.errors import InputError

LARGEST_BYTES = 1_000_000_000  # with the times of every token
MS_PER_S = 1e3
PERCENTILES = {"p50": "median", "p99": "p99"}


@dataclass(frozen=True, slots=True)
class BenchmarkRun:
    """One run of a load generator against a server.

    Attributes
    ----------
    id : str
        File and, of several runs, its place.
    tool : str
        vllm or guidellm.
    model : str
        As the file names it; may be empty.
    requests_count : int
        That were answered.
    input_tokens, output_tokens : float
        Means. [-]
    input_cv, output_cv : float
        Standard deviation over mean; 0 where the file does not say. [-]
    requests_per_s : float
        At which they were sent; infinite for all at once. [1/s]
    arrival_cv : float
        Of the gaps between them; 1 is Poisson. [-]
    concurrency : int
        Requests under way at most; 0: no limit.
    measured : mapping of str to float
        By quantity, in its unit.
    """

    id: str
    tool: str
    model: str
    requests_count: int
    input_tokens: float
    output_tokens: float
    input_cv: float
    output_cv: float
    requests_per_s: float
    arrival_cv: float
    concurrency: int
    measured: Mapping[str, float]


def read_benchmark(path: Path) -> tuple[BenchmarkRun, ...]:
    """Read the runs of a file.

    Parameters
    ----------
    path : Path
        JSON of either tool.

    Returns
    -------
    tuple of BenchmarkRun

    Raises
    ------
    InputError
        If the file cannot be read, is of neither tool, or lacks a figure: file, field.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            message = f"{path}: is larger than {LARGEST_BYTES / 1e6:.0f} MB; save results without details"
            raise InputError(message)
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise InputError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path}: is no JSON: {error}"
        raise InputError(message) from error
    if isinstance(document, dict) and isinstance(document.get("benchmarks"), list):
        runs = tuple(_guidellm(path, document))
    elif isinstance(document, dict) and "total_input_tokens" in document:
        runs = (_vllm(path, document),)
    else:
        message = f'{path}: is neither of vllm bench serve (no "total_input_tokens") nor of GuideLLM (no "benchmarks")'
        raise InputError(message)
    if not runs:
        message = f"{path}: benchmarks: holds no run"
        raise InputError(message)
    return runs


def _number(path: Path, record: Mapping[str, Any], name: str, at_least: float = 0.0) -> float:
    """Return a figure that must be there."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not at_least <= value < math.inf:
        message = f"{path}: {name}: {value!r} is no number of at least {at_least:g}"
        raise InputError(message)
    return float(value)


def _spread(values: Any) -> float:
    """Return standard deviation over mean of a list of lengths; 0 where there is none."""
    known = [float(value) for value in values or () if isinstance(value, int | float)]
    mean = math.fsum(known) / len(known) if known else 0.0
    return math.sqrt(math.fsum((value - mean) ** 2 for value in known) / len(known)) / mean if mean else 0.0


def _vllm(path: Path, record: Mapping[str, Any]) -> BenchmarkRun:
    """Read what `vllm bench serve` saves."""
    count = _number(path, record, "completed", 1.0)
    rate = record.get("request_rate", "inf")
    sent = math.inf if rate in ("inf", None) or rate == math.inf else _number(path, record, "request_rate", 1e-9)
    burstiness = record.get("burstiness", 1.0) or 1.0  # shape of the gamma distribution of gaps
    measured = {
        "requests_per_s": _number(path, record, "request_throughput"),
        "output_tokens_per_s": _number(path, record, "output_throughput"),
    }
    for quantity in ("ttft", "tpot", "itl"):
        for short, long in PERCENTILES.items():
            if f"{long}_{quantity}_ms" in record:
                measured[f"{quantity}_{short}_ms"] = _number(path, record, f"{long}_{quantity}_ms")
    return BenchmarkRun(
        id=path.stem,
        tool="vllm",
        model=str(record.get("model_id") or ""),
        requests_count=int(count),
        input_tokens=_number(path, record, "total_input_tokens", 1.0) / count,
        output_tokens=_number(path, record, "total_output_tokens", 1.0) / count,
        input_cv=_spread(record.get("input_lens")),
        output_cv=_spread(record.get("output_lens")),
        requests_per_s=sent,
        arrival_cv=1.0 / math.sqrt(float(burstiness)),
        concurrency=int(record.get("max_concurrency") or 0),
        measured=measured,
    )


def _guidellm(path: Path, document: Mapping[str, Any]) -> Iterator[BenchmarkRun]:
    """Read what GuideLLM saves: several runs, each at its strategy."""
    several = len(document["benchmarks"]) > 1
    for place, item in enumerate(document["benchmarks"], start=1):
        name = f"{path.stem}-{place}" if several else path.stem
        if not isinstance(item, dict) or not isinstance(item.get("metrics"), dict):
            message = f"{path}: benchmarks: run {place} has no metrics"
            raise InputError(message)
        inside = item.get("config") if isinstance(item.get("config"), dict) else item.get("args")
        setting = inside if isinstance(inside, dict) else {}
        strategy = setting.get("strategy") if isinstance(setting.get("strategy"), dict) else {}
        backend = setting.get("backend") if isinstance(setting.get("backend"), dict) else {}
        given = document.get("args") if isinstance(document.get("args"), dict) else {}
        model = (backend or {}).get("model") or (given or {}).get("model") or ""
        yield _guidellm_run(path, name, str(model), item["metrics"], strategy or {})


def _guidellm_run(
    path: Path, name: str, model: str, metrics: Mapping[str, Any], strategy: Mapping[str, Any]
) -> BenchmarkRun:
    """Read one run."""
    kind = str(strategy.get("type_", ""))
    if kind not in ("synchronous", "concurrent", "throughput", "constant", "poisson", "async"):
        message = f'{path}: {name}: strategy "{kind}" is not known'
        raise InputError(message)

    def of(metric: str) -> Mapping[str, Any]:
        found = metrics.get(metric)
        successful = found.get("successful") if isinstance(found, dict) else None
        return successful if isinstance(successful, dict) else {}

    def spread(metric: str) -> float:
        figures = of(metric)
        deviation, mean = figures.get("std_dev") or figures.get("std") or 0.0, figures.get("mean") or 0.0
        return float(deviation) / float(mean) if mean else 0.0

    measured = {
        "requests_per_s": _number(path, of("requests_per_second"), "mean"),
        "output_tokens_per_s": _number(path, of("output_tokens_per_second"), "mean"),
    }
    for quantity, metric in (("ttft", "time_to_first_token_ms"), ("itl", "inter_token_latency_ms")):
        places = of(metric).get("percentiles") or {}
        for short in PERCENTILES:
            value = places.get(short, of(metric).get("median") if short == "p50" else None)
            if isinstance(value, int | float):
                # between tokens of an answer, its mean: what others call time per output token
                measured[f"{'tpot' if quantity == 'itl' else quantity}_{short}_ms"] = float(value)
    streams = strategy.get("streams") or strategy.get("max_concurrency") or 0
    rate = strategy.get("rate")
    closed = kind in ("synchronous", "concurrent", "throughput")
    return BenchmarkRun(
        id=name,
        tool="guidellm",
        model=model,
        requests_count=int(of("requests_per_second").get("count") or of("time_to_first_token_ms").get("count") or 256),
        input_tokens=_number(path, of("prompt_token_count"), "mean", 1.0),
        output_tokens=_number(path, of("output_token_count"), "mean", 1.0),
        input_cv=spread("prompt_token_count"),
        output_cv=spread("output_token_count"),
        requests_per_s=math.inf if closed else _number(path, {"rate": rate}, "rate", 1e-9),
        arrival_cv=1.0 if kind == "poisson" else 0.0,
        concurrency=1 if kind == "synchronous" else int(streams) if closed else 0,
        measured=measured,
    )
