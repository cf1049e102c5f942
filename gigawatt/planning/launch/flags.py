"""What launch flags say, whichever tool they are of."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError

Value = int | str | bool
# A part of the space of layouts that a tool can express: fields of `Layout` with the value held, or those to try.
Part = Mapping[str, int | str | tuple[int | str, ...]]


@dataclass(frozen=True, slots=True)
class LaunchFlags:
    """A configuration as a tool's flags give it.

    Attributes
    ----------
    tool : str
        Key of `TOOLS`.
    fixed : mapping
        Fields of `Layout` by name, the tool's own defaults filled in; without data parallelism, which follows from
        the accelerators, and without what the flags leave open. Expert-tensor parallelism follows tensor parallelism
        where it is not there.
    gpus_count : int or None
        Accelerators, where the flags or their launcher say.
    sequence_tokens, batch_sequences : int or None
        Tokens per sequence; sequences per optimizer step.
    precision : str or None
        bf16, fp8, mxfp8 or fp4.
    replicas : int
        Copies of the state that ZeRO shards: more than 1 where it shards over groups of ranks.
    stage_layers : int
        Layers of a virtual stage, from which virtual stages follow once the model's layers are known; 0: not given.
    edge_layers : int
        Layers that the tool counts for embedding and output when it divides the model into stages.
    model_id : str
        Id in the catalogue of the model that the flags name; empty where they name none that is known.
    model : mapping
        Fields of the catalogue's `LanguageModel` that the flags give.
    notes : tuple of str
        What was not understood or is predicted as something near it.
    """

    tool: str
    fixed: Mapping[str, Value]
    gpus_count: int | None = None
    sequence_tokens: int | None = None
    batch_sequences: int | None = None
    precision: str | None = None
    replicas: int = 1
    stage_layers: int = 0
    edge_layers: int = 0
    model_id: str = ""
    model: Mapping[str, int | bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def degrees(self, gpus_count: int | None = None, layers: int = 0) -> dict[str, Value]:
        """Return the fields of the layout, data parallelism and virtual stages worked out.

        Parameters
        ----------
        gpus_count : int, optional
            Accelerators in place of those of the flags.
        layers : int
            Layers of the model; needed where the flags give layers per virtual stage.

        Returns
        -------
        dict
            Fields of `Layout`; no data parallelism where the accelerators are unknown.

        Raises
        ------
        InputError
            If the degrees do not multiply to the accelerators, or layers are needed and unknown.
        """
        fixed = dict(self.fixed)
        if int(fixed["expert_parallel"]) > 1 or self.model.get("experts"):
            fixed.setdefault("expert_tensor_parallel", fixed["tensor_parallel"])
        if self.stage_layers:
            layers = layers or int(self.model.get("layers", 0))
            if not layers:
                message = f"{self.tool}: layers per virtual stage are given, but not the model's layers"
                raise InputError(message)
            pipeline = int(fixed["pipeline_parallel"])
            stages = math.ceil((layers + self.edge_layers) / self.stage_layers)
            if stages % pipeline:
                message = (
                    f"{self.tool}: {layers} layers in virtual stages of {self.stage_layers} make {stages} stages, "
                    f"which pipeline {pipeline} does not divide"
                )
                raise InputError(message)
            fixed["virtual_stages"] = stages // pipeline
        gpus_count = gpus_count or self.gpus_count
        if gpus_count is None:
            return fixed
        tensor, pipeline, context = (int(fixed[f"{which}_parallel"]) for which in ("tensor", "pipeline", "context"))
        data, rest = divmod(gpus_count, tensor * pipeline * context)
        if rest:
            message = (
                f"{self.tool}: tensor {tensor} x pipeline {pipeline} x context {context} does not divide "
                f"{gpus_count:,} accelerators"
            )
            raise InputError(message)
        fixed["data_parallel"] = data
        if self.replicas > 1:
            if data * context % self.replicas:
                message = f"{self.tool}: {self.replicas} copies of sharded state do not divide {data * context:,} ranks"
                raise InputError(message)
            fixed["shard_group"] = data * context // self.replicas
        return fixed

    def layout(self, gpus_count: int | None = None, layers: int = 0) -> Layout:
        """Return the whole layout; raise InputError where the flags leave something open."""
        fixed = self.degrees(gpus_count, layers)
        missing = [name for name in ("data_parallel", "micro_batch") if name not in fixed]
        if missing:
            message = f"{self.tool}: the flags do not say {' and '.join(missing)}"
            raise InputError(message)
        return Layout(**{**fixed, "precision": self.precision or "bf16"})  # type: ignore[arg-type]


def plain(layout: Layout, *, experts: bool = True) -> Layout:
    """Return the same layout with the fields that have no effect in it at their defaults.

    Parameters
    ----------
    layout : Layout
    experts : bool
        Whether the model is a mixture of experts.

    Returns
    -------
    Layout
        Two layouts are the same configuration when this is equal.

    Examples
    --------
    >>> plain(Layout(tensor_parallel=1, tensor_overlap=False)) == Layout()
    True
    """
    ranks = layout.data_parallel * layout.context_parallel
    changes: dict[str, Value] = {}
    if layout.tensor_parallel == 1:
        changes |= {"sequence_parallel": True, "tensor_overlap": True}
    elif not layout.sequence_parallel:
        changes |= {"tensor_overlap": False}
    if layout.zero_stage == 0 or not 0 < layout.shard_group < ranks:
        changes |= {"shard_group": 0}
    if layout.context_parallel == 1:
        changes |= {"context_exchange": "ring"}
    if not experts:
        changes |= {"expert_tensor_parallel": 1} | ({"zero_stage": 1} if ranks == 1 else {})
    return replace(layout, **changes)  # type: ignore[arg-type]


def replicas_of(layout: Layout, tool: str) -> int:
    """Return the copies of the sharded state; raise InputError where they are no whole number."""
    ranks = layout.data_parallel * layout.context_parallel
    if layout.shard_group == 0:
        return 1
    if ranks % layout.shard_group:
        message = f"{tool} cannot shard over groups of {layout.shard_group}: they do not divide {ranks} ranks"
        raise InputError(message)
    return ranks // layout.shard_group


def not_emitted(layout: Layout, said: Collection[str] = ()) -> dict[str, bool]:
    """Return what is predicted but has no word, and whether a layout has it: reasons for `refuse`.

    Parameters
    ----------
    layout : Layout
    said : collection of str
        Fields of `Layout` that the tool has words for after all.

    Returns
    -------
    dict of str to bool
    """
    lacking = {
        "schedule": ("the zero-bubble schedule", layout.schedule == "zero-bubble"),
        "offload": ("optimizer states in host memory with all else on the accelerator", layout.offload != "none"),
        "optimizer_bits": (f"optimizer states of {layout.optimizer_bits} bits", layout.optimizer_bits != 32),
        "context_exchange": (
            f"exchange of keys and values by {layout.context_exchange}",
            layout.context_exchange != "ring" and layout.context_parallel > 1,
        ),
    }
    return dict(reason for name, reason in lacking.items() if name not in said)


def refuse(tool: str, layout: Layout, reasons: Mapping[str, bool]) -> None:
    """Raise InputError with everything in a layout that a tool's flags cannot say."""
    found = [reason for reason, holds in reasons.items() if holds]
    if found:
        message = f"{tool} cannot express {'; '.join(found)}"
        raise InputError(message)


def heading(job: TrainingJob, layout: Layout) -> str:
    """Return the comment above emitted flags: what they are for and what they leave to the reader."""
    windows = ", attention windows" if job.model.windowed_layers else ""
    lines = [
        f"# {job.model.name} on {job.gpus_count} {job.accelerator.name}, {job.precision}: data parallel "
        f"{layout.data_parallel}.",
        f"# Not part of the plan: tokenizer, data, optimizer, positions, norms, biases{windows}.",
    ]
    stages = layout.pipeline_parallel * layout.virtual_stages
    if job.model.layers % stages:
        lines.append(
            f"# {job.model.layers} layers do not divide into {stages} stages: say which stages hold one fewer."
        )
    return "\n".join(lines) + "\n"


def nodes(job: TrainingJob) -> tuple[int, int]:
    """Return nodes and processes per node."""
    per_node = math.gcd(job.gpus_count, max(1, job.accelerator.accelerators_per_node))
    return job.gpus_count // per_node, per_node


def unread(names: list[str]) -> tuple[str, ...]:
    """Return the note that lists flags without a part in the prediction."""
    if not names:
        return ()
    return (f"without a part in the prediction: {', '.join(sorted(set(names)))}",)
