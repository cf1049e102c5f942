"""From launch flags to what the planner is asked: whether it fits, and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.bring import bring
from gigawatt.catalogue.parameters import parameters_count
from gigawatt.catalogue.schema import LanguageModel
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning.launch.flags import LaunchFlags, Value
from gigawatt.records import Quantity

FROM_FLAGS = "from-flags"  # id of a model that only the flags describe
NEEDED = ("layers", "hidden", "heads", "vocabulary")
FFN_OF_HIDDEN = 4  # Megatron's default width of a feed-forward block
# Megatron's default with gating: two thirds of that, in whole multiples
GATED_NUMERATOR, GATED_DENOMINATOR, GATED_MULTIPLE = 8, 3, 64
DEFAULT_TOP_K = 2
# what flags may give and a model must then agree with
COMPARED = (
    "layers", "hidden", "heads", "kv_heads", "head_dim", "ffn_hidden", "experts", "top_k", "expert_ffn_hidden",
    "shared_expert_ffn_hidden", "q_lora_rank", "kv_lora_rank", "rope_head_dim", "value_head_dim",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What the flags ask, ready for `jobs.train`.

    Attributes
    ----------
    catalogue : Catalogue
        With the model that the flags describe, where they do.
    model : str
    gpus_count : int
    sequence_tokens, batch_sequences : int or None
    precision : str or None
    fixed : mapping
        Fields of `Layout`; what the flags leave open is searched.
    notes : tuple of str
    """

    catalogue: Catalogue
    model: str
    gpus_count: int
    sequence_tokens: int | None
    batch_sequences: int | None
    precision: str | None
    fixed: Mapping[str, Value]
    notes: tuple[str, ...]


def question(
    flags: LaunchFlags,
    catalogue: Catalogue,
    *,
    model: str | None = None,
    gpus_count: int | None = None,
    fixed: Mapping[str, Value] | None = None,
) -> Question:
    """Turn flags into a question; what is given beside them goes before them.

    Parameters
    ----------
    flags : LaunchFlags
    catalogue : Catalogue
    model : str, optional
        Catalogue id or path; from the flags where not given.
    gpus_count : int, optional
        From the flags where not given.
    fixed : mapping, optional
        Fields of `Layout`.

    Returns
    -------
    Question

    Raises
    ------
    InputError
        If the model or the accelerators are given nowhere, or the flags contradict the model.
    """
    named = model or flags.model_id
    if named:
        catalogue, named = bring(catalogue, "models", named)
        _agree(flags, catalogue.models[named])
    else:
        entry = model_of(flags)
        catalogue, named = catalogue.with_entry("models", entry), entry.id
    fixed = dict(fixed or {})
    notes = list(flags.notes)
    merged = LaunchFlags(
        tool=flags.tool,
        fixed={**flags.fixed, **fixed},
        gpus_count=gpus_count or flags.gpus_count,
        replicas=1 if "shard_group" in fixed else flags.replicas,
        stage_layers=0 if "virtual_stages" in fixed else flags.stage_layers,
        edge_layers=flags.edge_layers,
        model={**flags.model, "experts": catalogue.models[named].experts},
    )
    if merged.gpus_count is None:
        message = f"{flags.tool}: the flags do not say how many accelerators there are; give --gpus"
        raise InputError(message)
    held = merged.degrees(layers=catalogue.models[named].layers) | fixed
    if "micro_batch" not in held:
        notes.append("the micro-batch is not given: the fastest one that fits is taken")
    precision = flags.precision
    if precision == "mxfp8":
        precision = "fp8"
        notes.append("MXFP8 is predicted as FP8 scaled per tensor, whose products take about 3% less time")
    return Question(
        catalogue, named, merged.gpus_count, flags.sequence_tokens, flags.batch_sequences, precision, held, tuple(notes)
    )


def _agree(flags: LaunchFlags, entry: LanguageModel) -> None:
    """Raise InputError where the flags describe another model than the one named."""
    apart = [
        f"{name} {flags.model[name]} is {getattr(entry, name)} in {entry.id}"
        for name in COMPARED
        if name in flags.model and flags.model[name] != getattr(entry, name)
    ]
    if apart:
        message = f"{flags.tool}: the flags describe another model: {'; '.join(apart)}"
        raise InputError(message)


def model_of(flags: LaunchFlags) -> LanguageModel:
    """Return the model that the flags describe, Megatron's defaults filled in.

    Parameters
    ----------
    flags : LaunchFlags

    Returns
    -------
    LanguageModel
        Without biases and windows; parameters counted from the shape.

    Raises
    ------
    InputError
        If the flags do not give its layers, width, heads or vocabulary.
    """
    shape: dict[str, Any] = dict(flags.model)
    missing = [name for name in NEEDED if name not in shape]
    if missing:
        message = (
            f"{flags.tool}: the flags name no model and do not give its {', '.join(missing)}; name one with --model, a "
            "catalogue id or the path of a config.json"
        )
        raise InputError(message)
    gated = shape.setdefault("gated_mlp", False)
    hidden, heads = int(shape["hidden"]), int(shape["heads"])
    width = FFN_OF_HIDDEN * hidden
    if gated:
        width = hidden * GATED_NUMERATOR // GATED_DENOMINATOR // GATED_MULTIPLE * GATED_MULTIPLE
    shape = {
        "tied_embeddings": True,
        "kv_heads": heads,
        "head_dim": max(1, hidden // heads),
        "ffn_hidden": width,
    } | shape
    if shape.get("experts"):
        shape = {"top_k": DEFAULT_TOP_K, "expert_ffn_hidden": shape["ffn_hidden"]} | shape
    unknown = Quantity(value=0.0, source=flags.tool, kind="derived")
    counts = {"total_parameters_count": unknown, "active_parameters_count": unknown}
    entry = LanguageModel(
        id=FROM_FLAGS, name=f"a model of {hidden} x {shape['layers']}", developer="", **shape, **counts
    )
    try:
        total, active = parameters_count(entry)
    except CatalogueError as error:
        raise InputError(str(error)) from error
    note = "counted from the shape that the flags give"
    return entry.model_copy(
        update={
            "total_parameters_count": Quantity(value=float(total), source=flags.tool, kind="derived", note=note),
            "active_parameters_count": Quantity(value=float(active), source=flags.tool, kind="derived", note=note),
        }
    )
