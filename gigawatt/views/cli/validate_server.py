"""A load generator's result beside the prediction: which server it measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.errors import InputError

if TYPE_CHECKING:
    from gigawatt.validation.compare import Validation

ENGINES = {"vllm": "vllm", "sglang": "vllm", "tensorrt-llm": "tensorrt-llm"}  # whose host costs apply


def benchmarked(engine: str | None, data: Path, given: Mapping[str, Any]) -> Validation:
    """Compare a result of vllm bench serve or GuideLLM with the prediction for its server."""
    from gigawatt.validation.serving_benchmarks import Server, validate_benchmark

    if engine != "serving":
        message = f"{data}: a JSON is of a load generator; it is compared by: gigawatt validate serving --data {data}"
        raise InputError(message)
    if given["accelerator"] is None:
        message = "--accelerator: needed, since the file does not say what was measured"
        raise InputError(message)
    options: dict[str, Any] = {"accelerator": given["accelerator"], "copies": given["replicas"]}
    options |= {name: given[name] for name in ("model", "precision") if given[name]}
    return validate_benchmark(data, Server(**options, **(_launched(given, options) or _plain(given))))


def show_benchmark(found: Validation) -> None:
    """Print every quantity of every run beside its prediction."""
    from gigawatt.views.cli.shell import put
    from gigawatt.views.figures.validation import quantity_words
    from gigawatt.views.terminal import show_table

    rows = [
        (
            row.id,
            quantity_words(row.quantity),
            f"{row.measured:.4g}",
            f"{row.predicted:.4g}",
            f"{row.error_pct:+.1f}",
            "yes" if row.low <= row.measured <= row.high else "no",
        )
        for row in found.rows
        if not row.skipped
    ]
    if rows:
        put(show_table(("run", "quantity", "measured", "predicted", "error %", "in its range"), rows))
    for reason in dict.fromkeys(row.skipped for row in found.rows if row.skipped):
        put(f"not predicted: {reason}")


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the replica where no launch flags say it."""
    from gigawatt.validation.serving_benchmarks import replica_of

    return {"replica": replica_of(given["tp"])}


def _launched(given: Mapping[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return what launch flags say of the server; nothing where there are none."""
    if not given["launch"]:
        return {}
    from gigawatt.planning.launch.serving import read
    from gigawatt.planning.serving import EngineTerms
    from gigawatt.views.cli.train_flags import text_of

    flags = read(text_of(given["launch"]))
    setup = flags.setup
    if setup.precision and "precision" not in options:
        options["precision"] = setup.precision
    if flags.copies > 1:
        options["copies"] = flags.copies
    terms: dict[str, Any] = {"chunked_prefill": setup.chunked_prefill, "kv_precision": setup.kv_precision}
    terms |= {"draft_tokens": setup.draft_tokens} if not setup.draft_model else {}
    terms |= {"step_tokens": setup.step_tokens // setup.attention_ranks} if setup.step_tokens else {}
    found: dict[str, Any] = {"replica": setup.replica, "engine": ENGINES[flags.tool], "terms": EngineTerms(**terms)}
    return found | ({"max_sequences": setup.max_sequences} if setup.max_sequences else {})
