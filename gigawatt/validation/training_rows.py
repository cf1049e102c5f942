"""Read published training measurements and say which job and layout each describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gigawatt.catalogue.store import Catalogue
from gigawatt.engines.hardware.architecture import attention_core_flops_per_token, forward_flops_per_token
from gigawatt.engines.hardware.types import Accelerator, Transformer
from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.planning.convert import accelerator, transformer
from gigawatt.validation.training_table import REQUIRED, filled_fields, read_numbers, read_table

# Accelerators as sources spell them, and the catalogue's ids; the first that fits.
ACCELERATORS = (
    ("A100-40GB", "a100-sxm-40gb"),
    ("A100", "a100-sxm"),
    ("H100 96GB", "h100-sxm-500w"),
    ("H100-PCIe", "h100-pcie"),
    ("H100", "h100-sxm"),
    ("H200", "h200-sxm"),
    ("H800", "h800-sxm"),
    ("GH200", "gh200"),
    ("GB200", "gb200-nvl72"),
    ("GB300", "gb300-nvl72"),
    ("B200", "b200-sxm"),
    ("B300", "b300-sxm"),
    ("MI300X", "mi300x"),
    ("TPU v4", "tpu-v4"),
    ("TPU v5p", "tpu-v5p"),
)
PRECISIONS = {"bf16": "bf16", "fp16": "bf16", "fp8": "fp8", "mxfp8": "mxfp8", "nvfp4": "fp4", "fp4": "fp4"}
# Column of the file and field of `Transformer`; what a row states goes before the catalogue.
MODEL_COLUMNS = {
    "layers": "layers",
    "hidden": "hidden",
    "ffn_hidden": "ffn_hidden",
    "heads": "heads",
    "kv_heads": "kv_heads",
    "vocab": "vocabulary",
    "n_experts": "experts",
    "top_k": "top_k",
    "expert_ffn_hidden": "expert_ffn_hidden",
}
LAYOUT_COLUMNS = {
    "tp": "tensor_parallel",
    "pp": "pipeline_parallel",
    "dp": "data_parallel",
    "cp": "context_parallel",
    "ep": "expert_parallel",
    "micro_batch": "micro_batch",
    "vpp": "virtual_stages",
}
PROXY = re.compile(r"-proxy.*|\(.*\)")
DEFAULT_SOFTWARE_DATE = 2025.0
DEFAULT_VOCABULARY = 50304  # GPT-2's, padded; where neither row nor catalogue says
BITS_PER_BYTE = 8.0
GIGA, TERA = 1e9, 1e12
PLAIN_FFN_OVER_HIDDEN = 4
FULL_RECOMPUTE_PASSES, PASSES = 4.0, 3.0
APPLIED = ("fix", "fill", "basis")  # actions that put a row right; the others doubt it


@dataclass(frozen=True, slots=True)
class Measurement:
    """A published step, and the job and layout it describes.

    Attributes
    ----------
    id, family, labels : str
        Id in the file; what to hold out together; labels separated by "/".
    job, layout : TrainingJob, Layout or None
        None where the row cannot be predicted.
    step_time_s : float
        As published, or from tokens per second or FLOP/s [s].
    recompute_stated : bool
        Whether the row says how much it recomputes.
    skipped : str
        Why it cannot be predicted; empty where it can.
    flag : str
        Why it is doubted; empty where it is not.
    """

    id: str
    family: str
    labels: str
    job: TrainingJob | None
    layout: Layout | None
    step_time_s: float
    recompute_stated: bool
    skipped: str
    flag: str


def _plain(name: str) -> str:
    """Lower-case letters and digits of a model's name, without proxies and remarks."""
    return re.sub(r"[^a-z0-9]", "", PROXY.sub("", name).lower())


def _known(catalogue: Catalogue, name: str) -> Transformer | None:
    """Return the catalogue's architecture of a model; None where it is unknown or no pure transformer."""
    by_plain = {_plain(entry): entry for entry in catalogue.models}
    entry = by_plain.get(_plain(name))
    if entry is None or catalogue.models[entry].state_space_layers:
        return None
    return transformer(catalogue.models[entry])


def _model(
    catalogue: Catalogue, row: Mapping[str, str], numbers: Mapping[str, float], filled: Mapping[str, Any]
) -> Transformer | str:
    """Return the architecture of a row, or why it is unknown."""
    if "Mamba" in row.get("notes", "") or "Nemotron-H" in row["model"]:
        return "hybrid with state-space layers, no pure transformer"
    stated: dict[str, Any] = {
        field: int(numbers[column]) for column, field in MODEL_COLUMNS.items() if numbers.get(column)
    }
    known = _known(catalogue, row["model"])
    if known is None:
        lacking = [name for name in ("layers", "hidden", "heads") if name not in stated]
        if lacking:
            return f"architecture not published: {', '.join(lacking)}"
        ffn = stated.get("ffn_hidden", PLAIN_FFN_OVER_HIDDEN * stated["hidden"])
        base: dict[str, Any] = {
            "name": row["model"],
            "kv_heads": stated["heads"],
            "head_dim": max(stated["hidden"] // stated["heads"], 1),
            "ffn_hidden": ffn,
            "vocabulary": DEFAULT_VOCABULARY,
            "gated_mlp": bool(stated.get("experts")) or ffn != PLAIN_FFN_OVER_HIDDEN * stated["hidden"],
        }
        known = Transformer(**(base | stated))
        shared = numbers.get("shared_experts", 0.0) * numbers.get("expert_ffn_hidden", 0.0)
        known = replace(known, shared_expert_ffn_hidden=int(shared))
    else:
        if known.kv_lora_rank:
            stated.pop("kv_heads", None)
        if "layers" in stated and known.windowed_layers:
            stated["windowed_layers"] = round(known.windowed_layers * stated["layers"] / known.layers)
        known = replace(known, **stated)
    changes: dict[str, Any] = {name: int(filled[name]) for name in ("vocabulary",) if name in filled}
    return replace(known, mtp_layers=int(filled.get("mtp_layers", 0)), **changes)


def _accelerator(catalogue: Catalogue, row: Mapping[str, str], numbers: Mapping[str, float]) -> Accelerator | str:
    """Return the accelerator of a row with the row's own fabric, or why it is unknown."""
    name = next((entry for text, entry in ACCELERATORS if text in row["system"]), "")
    if name not in catalogue.accelerators:
        return f'system "{row["system"]}" is not in the catalogue'
    found = accelerator(catalogue.accelerators[name], catalogue)
    if numbers.get("inter_node_gbps_per_gpu"):
        rate = numbers["inter_node_gbps_per_gpu"] * GIGA / BITS_PER_BYTE
        found = replace(found, scale_out=replace(found.scale_out, bytes_per_s=rate))
    if numbers.get("nvlink_domain"):
        found = replace(found, scale_up_domain_count=int(numbers["nvlink_domain"]))
    return found


def _layout(row: Mapping[str, str], numbers: Mapping[str, float], filled: Mapping[str, Any]) -> Layout | str:
    """Return the layout of a row, or what it leaves out."""
    written: dict[str, Any] = {
        field: int(filled[field])
        for field in (*LAYOUT_COLUMNS.values(), "expert_tensor_parallel", "zero_stage", "shard_group")
        if field in filled
    }
    written |= {field: int(numbers[column]) for column, field in LAYOUT_COLUMNS.items() if numbers.get(column)}
    lacking = [n for n in ("tensor_parallel", "pipeline_parallel", "context_parallel") if n not in written]
    if lacking:
        return f"layout not published: {', '.join(lacking)}"
    split = written["tensor_parallel"] * written["pipeline_parallel"] * written["context_parallel"]
    written.setdefault("data_parallel", max(int(numbers.get("n_gpus", 0)) // split, 1))
    if written["pipeline_parallel"] == 1:
        written["virtual_stages"] = 1
    if written.get("zero_stage", 1) <= 1:
        written.pop("shard_group", None)
    recompute = row.get("recompute") or filled.get("recompute", "none")
    if recompute == "selective":
        recompute = filled.get("selective_means", recompute)
    return Layout(
        **written,
        recompute=recompute if recompute in ("none", "selective", "half", "full") else "none",  # type: ignore[arg-type]
        schedule=filled.get("schedule", "1f1b"),
        sequence_parallel=row.get("sequence_parallel", "") != "no",
        tensor_overlap=bool(filled.get("tensor_overlap", 1.0)),
    )


def published_step_s(job: TrainingJob, numbers: Mapping[str, float], basis: str) -> float:
    """Step time of a row: as published, else from tokens per second, else from FLOP/s or MFU; 0 where nothing is given.

    Parameters
    ----------
    job : TrainingJob
        The job, with the accelerators that really ran.
    numbers : mapping of str to float
        The row's figures.
    basis : str
        What FLOP/s count: "model" (causal attention), "full" (attention not halved) or "hardware" (not halved, and
        recomputed in full).
    """
    if numbers.get("step_time_s"):
        return numbers["step_time_s"]
    tokens = job.batch_sequences * job.sequence_tokens
    if numbers.get("tokens_per_s_per_gpu"):
        return tokens / (job.gpus_count * numbers["tokens_per_s_per_gpu"])
    rate = numbers.get("tflops_per_gpu", 0.0) * TERA
    if not rate:
        rate = numbers.get("mfu", 0.0) * job.accelerator.dense_flop_per_s.get(job.precision, 0.0)
    if not rate:
        return 0.0
    model = job.model
    forward = float(forward_flops_per_token(model, job.sequence_tokens))
    if basis != "model":
        forward += model.layers * float(attention_core_flops_per_token(model, job.sequence_tokens))
    flops = PASSES * forward
    if basis == "hardware":
        flops = FULL_RECOMPUTE_PASSES * forward - 2.0 * model.hidden * model.vocabulary
    return tokens * flops / (job.gpus_count * rate)


def _job(
    catalogue: Catalogue, row: Mapping[str, str], numbers: Mapping[str, float], layout: Layout
) -> TrainingJob | str:
    """Return the job of a row, or why there is none."""
    filled = filled_fields(row)
    model, chip = _model(catalogue, row, numbers, filled), _accelerator(catalogue, row, numbers)
    for found in (model, chip):
        if isinstance(found, str):
            return found
    precision = PRECISIONS.get(row["precision"].lower())
    if precision is None:
        return f'precision "{row["precision"]}" is unknown' if row["precision"] else "precision not published"
    for name in ("n_gpus", "seq_len", "global_batch_seqs"):
        if not numbers.get(name):
            return f"{name} not published"
    return TrainingJob(
        model=model,  # type: ignore[arg-type]
        accelerator=chip,  # type: ignore[arg-type]
        gpus_count=layout.gpus_count,
        sequence_tokens=int(numbers["seq_len"]),
        batch_sequences=int(numbers["global_batch_seqs"]),
        precision=precision,  # type: ignore[arg-type]
        software_date=filled.get("software_date", DEFAULT_SOFTWARE_DATE),
        stack=filled.get("stack", "megatron"),
    )


def measurement(
    catalogue: Catalogue, row: Mapping[str, str], numbers: Mapping[str, float], actions: Mapping[str, str]
) -> Measurement:
    """Return what one row measured, with its flags applied.

    Parameters
    ----------
    catalogue : Catalogue
        Where accelerators and known architectures are looked up.
    row, numbers : mapping
        Its cells, and those of them that are numbers.
    actions : mapping of str to str
        Actions of the flags file for this row, with their reasons.
    """
    flag = "; ".join(f"{action}: {reason}" for action, reason in actions.items() if action not in APPLIED)
    filled = filled_fields(row)
    layout = _layout(row, numbers, filled)
    job = layout if isinstance(layout, str) else _job(catalogue, row, numbers, layout)
    family = row.get("family") or row["id"]
    stated = bool(row.get("recompute"))
    if isinstance(layout, str) or isinstance(job, str):
        return Measurement(row["id"], family, row["arch"], None, None, 0.0, stated, str(job), flag)
    basis = "model"
    if row.get("tflops_basis") == "hardware_incl_recompute":
        basis = "hardware"
    elif "basis" in actions:
        basis = "full"
    step_s = published_step_s(job, numbers, basis)
    skipped = actions.get("exclude", "")
    if not step_s:
        skipped = skipped or "neither step time, tokens per second nor FLOP/s published"
    elif job.batch_sequences < layout.data_parallel:
        skipped = skipped or "fewer sequences than data-parallel ranks"
    elif numbers["n_gpus"] != layout.gpus_count and "fix" not in actions:
        skipped = skipped or f"n_gpus {numbers['n_gpus']:g} is not tp x pp x dp x cp = {layout.gpus_count}"
    family_of_model = "moe" if job.model.experts else "dense"
    labels = "/".join((family_of_model, job.accelerator.generation, job.precision))
    return Measurement(row["id"], family, labels, job, layout, step_s, stated, skipped, flag)


def read_measurements(data: Path, flags: Mapping[str, Mapping[str, str]], catalogue: Catalogue) -> list[Measurement]:
    """Read every row of a file of published training steps.

    Parameters
    ----------
    data : Path
        CSV with the columns of `REQUIRED`, and those of `NUMBERS` that it has.
    flags : mapping
        By id: action and reason.
    catalogue : Catalogue
        Accelerators and architectures.

    Returns
    -------
    list of Measurement
        In file order.

    Raises
    ------
    InputError
        If the file is bad: file, line, field.
    """
    found = []
    for line, row in read_table(data, REQUIRED):
        numbers = read_numbers(data, line, row)
        found.append(measurement(catalogue, row, numbers, flags.get(row["id"], {})))
    return found
