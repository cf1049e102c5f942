"""Read published serving measurements and say which deployment each describes."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gigawatt.catalogue.benchmarks import ServingTask
from gigawatt.catalogue.store import Catalogue
from gigawatt.engines.serving.constants import BYTES_PER_PARAMETER
from gigawatt.engines.serving.types import Replica, Request, ServiceLevel, ServingInputs
from gigawatt.errors import InputError
from gigawatt.planning.convert import accelerator, transformer
from gigawatt.validation.serving_tasks import find_task, most_stages, spreads, submitted_ranks

COLUMNS = (
    "id",
    "source",
    "engine",
    "gpu",
    "n_gpus",
    "model",
    "precision",
    "tp",
    "pp",
    "ep",
    "input_len",
    "output_len",
    "concurrency_or_qps",
    "scenario",
    "throughput_tok_s",
    "tpot_ms_p50",
    "power_w",
    "energy_j_per_out_tok",
    "notes",
)
# Requests of a maximum-load run, by input and output length: no more can run at once. NVIDIA, TensorRT-LLM 1.0
# documentation, "Overview" of performance, section "Preparing a Dataset",
# https://nvidia.github.io/TensorRT-LLM/developer-guide/perf-overview.html. Other lengths as the nearest.
RUN_REQUESTS: Mapping[tuple[int, int], float] = {
    (128, 128): 30000.0,
    (128, 2048): 3000.0,
    (128, 4096): 1500.0,
    (500, 2000): 3000.0,
    (1000, 1000): 3000.0,
    (1000, 2000): 1500.0,
    (2048, 128): 3000.0,
    (2048, 2048): 1500.0,
    (5000, 500): 1500.0,
    (20000, 2000): 1000.0,
}
# Year of the software of each source.
SOFTWARE_DATE: Mapping[str, float] = {"MLPerf Inference v4.1": 2024.6, "TensorRT-LLM perf-overview v0.17": 2025.5}
DEFAULT_SOFTWARE_DATE = 2025.6
# Accelerators as sources spell them, and the catalogue's ids.
ACCELERATORS: Mapping[str, tuple[str, ...]] = {
    "H100-SXM": ("h100-sxm", "h100"),
    "H200-SXM": ("h200-sxm", "h200"),
    "B200-SXM": ("b200-sxm", "b200-hgx", "b200"),
    "GB200": ("gb200", "gb200-nvl72"),
    "A100-SXM-80GB": ("a100-sxm", "a100-sxm-80gb", "a100"),
    "GH200": ("gh200", "gh200-96gb"),
    "GH200-96GB": ("gh200", "gh200-96gb"),
    "GH200-144GB": ("gh200-144gb",),
    "RTX6000PRO": ("rtx-pro-6000", "rtx6000-pro", "rtx-pro-6000-blackwell"),
    "B60": ("arc-pro-b60",),
}
# Precision of rows that leave it blank: NVIDIA's MLPerf v4.1 stack served FP8 on Hopper and Ada, FP4 on Blackwell.
BLANK_PRECISION: Mapping[str, str] = {"B200-SXM": "fp4", "GB200": "fp4"}
PRECISIONS: Mapping[str, str] = {"bfloat16": "bf16", "fp16": "fp16", "uint4": "int4", "mxfp4": "mxfp4"}
# Models whose name in a source holds a word that the catalogue's architecture does not need.
NOISE = ("coder", "instruct", "thinking", "nvidia", "openai", "meta")
MLPERF_LARGEST_REPLICA_COUNT = 8
PAGED_OUTPUT_FRAC = 0.5
SLO = re.compile(r"TTFT (\d+(?:\.\d+)?) ms TPOT (\d+(?:\.\d+)?) ms")
DATA_PARALLEL = re.compile(r"\bdp (\d+)")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A published measurement and the deployment it describes.

    Attributes
    ----------
    id, kind, source : str
        `kind` is max-load, steady, offline, server or interactive.
    inputs : ServingInputs or None
        None where the row cannot be predicted.
    replica : Replica or None
        None where the source does not state it.
    gpus_count : int
        Of the system under test.
    batch : float
        Running sequences allowed; infinite at unlimited load.
    run_requests : float
        Requests of the whole run, all there from the start; infinite where more keep coming.
    most_stages : int or None
        Pipeline stages that the source's software was run with at most, where the replica is not stated.
    measured : mapping of str to float
        By quantity: output_tokens_per_s, itl_ms, power_w, j_per_output_token.
    skipped : str
        Why it cannot be predicted.
    """

    id: str
    kind: str
    source: str
    inputs: ServingInputs | None
    replica: Replica | None
    gpus_count: int
    batch: float
    measured: Mapping[str, float]
    skipped: str = ""
    run_requests: float = float("inf")
    most_stages: int | None = None


def _squash(text: str) -> str:
    """Letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def find_model(name: str, catalogue: Catalogue) -> str:
    """Return the catalogue id of a model as sources spell it; empty where there is none.

    Parameters
    ----------
    name : str
        For example "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8".
    catalogue : Catalogue
        Its models.

    Returns
    -------
    str
        The longest id that the name contains, words such as "instruct" aside.
    """
    whole = _squash(name)
    short = whole
    for word in NOISE:
        short = short.replace(word, "")
    found = [model for model in catalogue.models if _squash(model) in whole]
    found = found or [model for model in catalogue.models if _squash(model) in short]
    return max(found, key=len, default="")


def find_accelerator(name: str, catalogue: Catalogue) -> str:
    """Return the catalogue id of an accelerator as sources spell it; empty where there is none."""
    for candidate in (*ACCELERATORS.get(name, ()), name.lower(), name.lower().replace(" ", "-")):
        if candidate in catalogue.accelerators:
            return candidate
    return ""


def _number(row: Mapping[str, str], field: str, place: str, default: float | None = None) -> float:
    """Read a positive number; the default where blank."""
    text = (row.get(field) or "").strip()
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < float("inf"):
        message = f'{place}: {field}: "{text}" is not a positive number'
        raise InputError(message)
    return value


def _kind(row: Mapping[str, str]) -> str:
    """Which comparison a row calls for; empty where none fits."""
    scenario, load = row["scenario"].lower(), row["concurrency_or_qps"].lower()
    if scenario == "offline":
        return "max-load" if row["tp"] and row["input_len"] else "offline"
    if scenario in ("server", "interactive"):
        return scenario
    return "steady" if scenario == "steady" and re.fullmatch(r"\d+(\.\d+)?", load) else ""


def _replica(row: Mapping[str, str], gpus_count: int, has_experts: bool, place: str) -> Replica:
    """Read the parallelism that a row states."""
    stages = int(_number(row, "pp", place, 1.0))
    experts = int(_number(row, "ep", place, 1.0))
    dp = DATA_PARALLEL.search(row["notes"])
    if not has_experts:
        return Replica(int(_number(row, "tp", place)), stages)
    tensor = int(_number(row, "tp", place))
    if "ML.ENERGY" in row["source"]:  # reports one tensor-parallel rank where the experts are spread
        tensor = gpus_count // stages
    usual = _engine(row) == "tensorrt-llm" and tensor > 1 and "v0.17" not in row["source"]
    if usual or (dp and int(dp.group(1)) > 1):
        # attention data parallelism, stated or the layout that TensorRT-LLM takes for mixtures of experts
        return Replica(tensor, stages, expert_parallel=tensor, attention_data_parallel=True)
    return Replica(tensor, stages, expert_parallel=experts)


def _submitted(row: Mapping[str, str], task: ServingTask | None, accelerator: str) -> Replica | None:
    """Parallelism of a submission that its row does not state but published configurations do."""
    if _kind(row) not in ("server", "interactive") or _engine(row) == "vllm":
        return None
    ranks = submitted_ranks(task, row["source"], accelerator)
    return None if ranks is None else Replica(ranks)


def _engine(row: Mapping[str, str]) -> str:
    """Which engine's host costs apply.

    vLLM's, unless the build was tuned for the benchmark with many steps per scheduling, as AMD's and MangoBoost's
    MLPerf builds; theirs and SGLang's overlapped scheduler cost about what TensorRT-LLM's does.
    """
    words = (row["engine"] + row["notes"]).lower()
    tuned = "rocm" in words or "llmboost" in words
    return "vllm" if "vllm" in words and not tuned else "tensorrt-llm"


def _precision(row: Mapping[str, str]) -> str:
    """Precision of the weights as the engine names it."""
    written = row["precision"].lower()
    return PRECISIONS.get(written, written) or BLANK_PRECISION.get(row["gpu"], "fp8")


def _inputs(
    row: Mapping[str, str], names: tuple[str, str], catalogue: Catalogue, kind: str, place: str
) -> ServingInputs:
    """Build the engine's inputs from a row."""
    chip, model = catalogue.accelerators[names[0]], catalogue.models[names[1]]
    task = find_task(row["model"], row["source"], catalogue)
    length_cv, output_cv = spreads(task)
    engine = _engine(row)
    precision = _precision(row)
    limits = SLO.search(row["notes"]) if kind in ("server", "interactive") else None
    slo = ServiceLevel(*(float(text) * 1e-3 for text in limits.groups())) if limits else ServiceLevel()
    wide_cache = precision in ("bf16", "fp16") or kind == "steady"
    return ServingInputs(
        model=transformer(model),
        accelerator=accelerator(chip, catalogue),
        request=Request(
            _number(row, "input_len", place, task.input_tokens.value if task else None),
            _number(row, "output_len", place),
            length_cv=length_cv,
            output_cv=output_cv,
        ),
        slo=slo,
        precision=precision,
        kv_precision="bf16" if wide_cache else "fp8",
        max_gpus_count=MLPERF_LARGEST_REPLICA_COUNT,
        software_date=next(
            (date for name, date in SOFTWARE_DATE.items() if row["source"].startswith(name)), DEFAULT_SOFTWARE_DATE
        ),
        engine=engine,
        # MLPerf runs do not know output lengths: their schedulers page the cache in on demand
        reserved_output_frac=None if kind in ("max-load", "steady") else PAGED_OUTPUT_FRAC,
    )


def _measurement(row: Mapping[str, str], catalogue: Catalogue, place: str) -> Measurement:
    """Turn one row into a measurement."""
    kind = _kind(row)
    gpus_count = int(_number(row, "n_gpus", place))
    measured = {}
    for quantity, field in (
        ("output_tokens_per_s", "throughput_tok_s"),
        ("itl_ms", "tpot_ms_p50"),
        ("power_w", "power_w"),
        ("j_per_output_token", "energy_j_per_out_tok"),
    ):
        if row[field] and (kind == "steady" or field == "throughput_tok_s"):
            measured[quantity] = _number(row, field, place)
    names = find_accelerator(row["gpu"], catalogue), find_model(row["model"], catalogue)
    task = find_task(row["model"], row["source"], catalogue)
    skipped = ""
    if not kind:
        skipped = f'scenario "{row["scenario"]}" is not a replica in steady state'
    elif not names[0]:
        skipped = f'accelerator "{row["gpu"]}" is not in the catalogue'
    elif not names[1]:
        skipped = f'model "{row["model"]}" is not in the catalogue'
    elif not row["input_len"] and task is None:
        skipped = "input length unknown"
    elif not row["output_len"]:
        skipped = "output length unknown"
    elif _precision(row) not in BYTES_PER_PARAMETER:
        skipped = f'precision "{row["precision"]}" is not known'
    if skipped:
        return Measurement(row["id"], kind, row["source"], None, None, gpus_count, 0.0, measured, skipped)
    inputs = _inputs(row, names, catalogue, kind, place)
    stated = bool(row["tp"])
    replica = (
        _replica(row, gpus_count, bool(inputs.model.experts), place) if stated else _submitted(row, task, names[0])
    )
    batch = _number(row, "concurrency_or_qps", place) if kind == "steady" else float("inf")
    run_requests = float("inf")
    if kind == "max-load" and row["source"].startswith("TensorRT-LLM perf-overview"):
        lengths = round(inputs.request.input_tokens), round(inputs.request.output_tokens)
        run_requests = RUN_REQUESTS.get(lengths, run_requests)
    return Measurement(
        row["id"],
        kind,
        row["source"],
        inputs,
        replica,
        gpus_count,
        batch,
        measured,
        run_requests=run_requests,
        most_stages=most_stages(task, row["source"]),
    )


def read_measurements(data: Path, catalogue: Catalogue) -> list[Measurement]:
    """Read a file of serving measurements.

    Parameters
    ----------
    data : Path
        CSV with the columns of `COLUMNS`; others are ignored.
    catalogue : Catalogue
        Accelerators and models.

    Returns
    -------
    list of Measurement
        In file order.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, or holds a value that is no positive number: file, line, field.
    """
    return [
        _measurement({key: (value or "").strip() for key, value in row.items() if key}, catalogue, f"{data}:{line}")
        for line, row in read_rows(data, COLUMNS)
    ]


def read_rows(data: Path, columns: tuple[str, ...] | list[str]) -> list[tuple[int, dict[str, str]]]:
    """Read a CSV with named columns, as (line, row).

    Parameters
    ----------
    data : Path
        The file.
    columns : sequence of str
        Columns it must have.

    Returns
    -------
    list of (int, dict)
        Line number, from 2, and the row.

    Raises
    ------
    InputError
        If it cannot be read, has no rows, or lacks a column.
    """
    try:
        with data.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = [(reader.line_num, row) for row in reader]
            present = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{data}: cannot be read as CSV: {error}"
        raise InputError(message) from error
    missing = [name for name in columns if name not in present]
    if missing:
        message = f"{data}:1: columns missing: {', '.join(missing)}"
        raise InputError(message)
    return [
        (line, {key: (value if isinstance(value, str) else "") for key, value in row.items() if key})
        for line, row in rows
    ]
