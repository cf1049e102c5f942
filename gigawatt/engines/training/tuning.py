"""What fine-tuning is: which weights are trained, in which formats they are held, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.training.adapters import Targets
from gigawatt.engines.training.types import StepEstimate, TrainingJob
from gigawatt.errors import InputError

Method = Literal["full", "lora", "qlora"]
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
TARGETS: tuple[Targets, ...] = ("query-value", "attention", "mlp", "all")

# A frozen weight in NF4: 4 bits, an 8-bit scale per 64 weights, a 32-bit scale per 256 of those; 4.127 bits. Dettmers
# et al. 2023 (arXiv:2305.14314) section 3. Embeddings, head, norms and routers stay in 16 bits. [B]
NF4_BYTES = (4.0 + 8.0 / 64.0 + 32.0 / (64.0 * 256.0)) / 8.0
FROZEN_BYTES = 2.0  # a frozen weight in bf16 [B]
# Adapters are held in 32 bits, which is their own master copy: PEFT's default (autocast_adapter_dtype). [B]
ADAPTER_WEIGHT_BYTES = 4.0
ADAPTER_GRADIENT_BYTES = 4.0
MOMENTS_BYTES = 8.0  # two Adam moments in 32 bits [B]
# Two Adam moments in 8 bits with a 32-bit scale per block of 2048: Dettmers et al. 2022 (arXiv:2110.02861). [B]
MOMENTS_8BIT_BYTES = 2.0 * (1.0 + 4.0 / 2048.0)
MASTER_BYTES = 4.0  # 32-bit copy of a trained 16-bit weight [B]
TRAINED_FILE_BYTES = 2.0  # what was trained is handed over in 16 bits [B]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is trained of a model.

    Attributes
    ----------
    method : str
        full: all weights in mixed precision; lora: adapters on frozen bf16 weights; qlora: on frozen NF4 weights.
    rank : int
        Rank of the adapters.
    targets : str
        Projections with adapters: query-value, attention, mlp or all.
    optimizer_bits : int
        32, or 8 for block-wise quantised Adam moments.
    """

    method: Method = "lora"
    rank: int = 16
    targets: Targets = "all"
    optimizer_bits: int = 32

    @property
    def weight_bytes(self) -> float:
        """Bytes of a weight of the products on the accelerator [B]."""
        return NF4_BYTES if self.method == "qlora" else FROZEN_BYTES

    @property
    def moments_bytes(self) -> float:
        """Bytes of the two moments of a trained parameter [B]."""
        return MOMENTS_BYTES if self.optimizer_bits > 8 else MOMENTS_8BIT_BYTES


@dataclass(frozen=True, slots=True)
class FinetuneEstimate:
    """A fine-tuning job, predicted.

    Attributes
    ----------
    tuning : Tuning
    job : TrainingJob
        With the accelerators that it uses.
    step : StepEstimate
        Layout, time, memory by part. `model_flops` leaves out the weight gradients that are not formed.
    trainable_parameters_count, total_parameters_count : float
    trained_file_bytes : float
        What the run hands over: adapters, or the whole model, in 16 bits. [B]
    """

    tuning: Tuning
    job: TrainingJob
    step: StepEstimate
    trainable_parameters_count: float
    total_parameters_count: float
    trained_file_bytes: float

    @property
    def nodes_count(self) -> int:
        """Servers that the accelerators fill."""
        return -(-self.job.gpus_count // self.job.accelerator.accelerators_per_node)


def check(tuning: Tuning) -> None:
    """Raise where a tuning means nothing."""
    faults = []
    if tuning.method not in METHODS:
        faults.append(f'method is one of {", ".join(METHODS)}, not "{tuning.method}"')
    if tuning.targets not in TARGETS:
        faults.append(f'targets is one of {", ".join(TARGETS)}, not "{tuning.targets}"')
    if tuning.rank < 1:
        faults.append(f"rank is at least 1, not {tuning.rank}")
    if tuning.optimizer_bits not in (8, 32):
        faults.append(f"optimizer_bits is 8 or 32, not {tuning.optimizer_bits}")
    if faults:
        raise InputError("; ".join(faults))


def packed(model: Transformer, document_tokens: int) -> Transformer:
    """Return a model whose attention stays within documents, as where short examples are packed into one sequence.

    Parameters
    ----------
    model : Transformer
    document_tokens : int
        Mean tokens of an example. [token]

    Returns
    -------
    Transformer
        With every layer's attention in chunks of that length; the model itself where its own window is shorter.

    Raises
    ------
    InputError
        If the length is not positive.
    """
    if document_tokens < 1:
        message = f"document_tokens: {document_tokens} is below 1"
        raise InputError(message)
    if 0 < model.attention_window <= document_tokens:
        return model
    return replace(model, attention_window=document_tokens, windowed_layers=model.layers, chunked_attention=True)
