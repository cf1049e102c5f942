"""What goes into the training engine and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gigawatt.engines.hardware.constants import LOADER_TOKENS_PER_S, ROUTING_SPREAD_FRAC
from gigawatt.engines.hardware.types import Accelerator, Transformer

# selective: what is cheap to make again; half: every second product (the default of torchtitan); full: whole layers
Recompute = Literal["none", "selective", "half", "full"]
Precision = Literal["bf16", "fp8", "mxfp8", "fp4"]
Schedule = Literal["1f1b", "dualpipe", "zero-bubble"]
Offload = Literal["none", "optimizer"]
OptimizerBits = Literal[8, 32]
ContextExchange = Literal["ring", "all-gather"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a job is spread over accelerators.

    tensor x pipeline x context x data = accelerators; `data_parallel` contains the expert-parallel ranks.
    """

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    context_parallel: int = 1
    expert_parallel: int = 1
    expert_tensor_parallel: int = 1
    micro_batch: int = 1
    virtual_stages: int = 1
    recompute: Recompute = "none"
    zero_stage: int = 1  # 0: replicated optimizer, 1: distributed optimizer, 2, 3: fully sharded
    sequence_parallel: bool = True
    precision: Precision = "bf16"  # the job's precision governs; results carry it here
    tensor_overlap: bool = True  # tensor-parallel collectives run beside the products, where software can
    shard_group: int = 0  # ranks over which ZeRO shards; 0: all of them
    schedule: Schedule = "1f1b"  # of the pipeline; dualpipe keeps two copies of the weights, zero-bubble is ZB-H1
    offload: Offload = "none"  # optimizer: its states and the master weights lie in host memory and are updated there
    optimizer_bits: OptimizerBits = 32  # of each of Adam's two moments; master weights keep 32
    context_exchange: ContextExchange = "ring"  # all-gather: keys and values are gathered before attention, unhidden

    @property
    def gpus_count(self) -> int:
        """Accelerators the layout needs."""
        return self.tensor_parallel * self.pipeline_parallel * self.context_parallel * self.data_parallel


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A job: what is trained, on what, in which batches.

    Attributes
    ----------
    model : Transformer
    accelerator : Accelerator
    gpus_count : int
        Accelerators.
    sequence_tokens : int
        Tokens per sequence.
    batch_sequences : int
        Sequences per optimizer step, over all ranks.
    precision : str
        Of the matrix products: bf16, fp8 or fp4.
    software_date : float
        Year of the software stack, for example 2025.0; kernels and overlap improve with it.
    stack : str
        Family of software, a key of `Calibration.stack_factor`: megatron, fsdp, jax, deepspeed, megascale, eager.
    power_cap_w : float
        Package power cap; 0: none. [W]
    routing_spread_frac : float
        Spread of the load of an expert in one micro-batch beyond chance, standard deviation over mean. [-]
    loader_tokens_per_s : float
        Tokens that one host's data loader delivers. [token/s]
    """

    model: Transformer
    accelerator: Accelerator
    gpus_count: int
    sequence_tokens: int
    batch_sequences: int
    precision: Precision = "bf16"
    software_date: float = 2025.0
    stack: str = "megatron"
    power_cap_w: float = 0.0
    routing_spread_frac: float = ROUTING_SPREAD_FRAC
    loader_tokens_per_s: float = LOADER_TOKENS_PER_S


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of the fullest accelerator [GiB]."""

    weights_gib: float
    gradients_gib: float
    optimizer_gib: float
    activations_gib: float
    buffers_gib: float

    @property
    def total_gib(self) -> float:
        """Sum [GiB]."""
        return self.weights_gib + self.gradients_gib + self.optimizer_gib + self.activations_gib + self.buffers_gib


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """One configuration, predicted.

    Attributes
    ----------
    layout : Layout
    fits : bool
        Whether it fits memory and the rules.
    reason : str
        Why it does not fit, with what is short and by how much; empty when it fits.
    step_time_s, low_s, high_s : float
        Time of one optimizer step and its stated 80 % interval. [s]
    breakdown_s : dict
        Exposed time by cause; sums to `step_time_s`. [s]
    model_flops : float
        Model FLOPs of one step, causal attention counted once. [FLOP]
    hardware_flops : float
        The same with recomputation. [FLOP]
    tokens_per_s, tokens_per_s_per_gpu, model_tflops_per_gpu, mfu, hfu : float
    memory : Memory
    gpu_power_w : float
        Mean all-in IT power per accelerator during the step. [W]
    """

    layout: Layout
    fits: bool
    reason: str
    step_time_s: float
    low_s: float
    high_s: float
    breakdown_s: dict[str, float]
    model_flops: float
    hardware_flops: float
    tokens_per_s: float
    tokens_per_s_per_gpu: float
    model_tflops_per_gpu: float
    mfu: float
    hfu: float
    memory: Memory
    gpu_power_w: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The search over all layouts of a job.

    Attributes
    ----------
    best : StepEstimate or None
        Fastest that fits; None when nothing fits.
    alternatives : tuple of StepEstimate
        Next best ones and the Pareto set of time against memory.
    searched, feasible : int
        Layouts tried and those that fit.
    search_s : float
        Wall time of the search. [s]
    reason : str
        When nothing fits: the binding constraint and by how much.
    schedules : tuple of str
        Pipeline schedules that were tried; others are reached by `fixed` or `allow`.
    zero_stages : tuple of int
        ZeRO stages that were tried.
    """

    best: StepEstimate | None
    alternatives: tuple[StepEstimate, ...]
    searched: int
    feasible: int
    search_s: float
    reason: str = ""
    schedules: tuple[str, ...] = ()
    zero_stages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """A whole run: tokens to days, hours, energy. Goodput comes from the fleet engine."""

    tokens: float
    days: float
    gpu_hours_h: float
    it_energy_mwh: float
    steps_count: float
    notes: tuple[str, ...] = field(default=())
