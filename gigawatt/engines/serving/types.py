"""What goes into the serving engine and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.engines.hardware.types import Accelerator, Transformer

# Variation coefficient of prompt lengths where only the mean is known. ASSUMPTION: benchmark sets 0.3-0.7, chat traces
# 1.0-1.4 (Azure 2023 conversation), more for mixed production traffic.
DEFAULT_LENGTH_CV = 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """The mean request.

    Attributes
    ----------
    input_tokens, output_tokens : float
        Tokens read and written per request. [-]
    cached_frac : float
        Share of the input found in the prefix cache. [-]
    length_cv, output_cv : float
        Variation coefficients of the lengths of prompts and of answers. A running answer is a long one more often than
        an answer drawn at random, so that spread lengthens the mean context. [-]
    """

    input_tokens: float
    output_tokens: float
    cached_frac: float = 0.0
    length_cv: float = DEFAULT_LENGTH_CV
    output_cv: float = 0.0

    @property
    def mean_context_tokens(self) -> float:
        """Context of a running sequence: its input and what is written so far, averaged over time. [-]."""
        return self.input_tokens + 0.5 * self.output_tokens * (1.0 + self.output_cv**2)


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Latency limits at p99; infinity where there is none. [s]."""

    ttft_p99_s: float = float("inf")
    tpot_p99_s: float = float("inf")


@dataclass(frozen=True, slots=True)
class Speculation:
    """Tokens drafted in each step and checked together in the next.

    Attributes
    ----------
    draft_tokens_count : int
        Tokens drafted per step and sequence. [-]
    acceptance_frac : float
        Probability that a drafted token is kept where all before it were. [-]
    draft : Transformer, optional
        Model that drafts; without it a layer of the served model's own (multi-token prediction), which reads its output
        table again.
    """

    draft_tokens_count: int
    acceptance_frac: float
    draft: Transformer | None = None


@dataclass(frozen=True, slots=True)
class Replica:
    """How one copy of the model is spread."""

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    expert_parallel: int = 1
    attention_data_parallel: bool = False  # each rank keeps its own KV cache, experts are sharded

    @property
    def gpus_count(self) -> int:
        """Accelerators per replica."""
        return self.tensor_parallel * self.pipeline_parallel


@dataclass(frozen=True, slots=True)
class ServingMemory:
    """Memory per accelerator. [GiB]."""

    weights_gib: float
    kv_cache_gib: float
    activations_gib: float
    overhead_gib: float

    @property
    def total_gib(self) -> float:
        """Sum. [GiB]."""
        return self.weights_gib + self.kv_cache_gib + self.activations_gib + self.overhead_gib


@dataclass(frozen=True, slots=True)
class Deployment:
    """One operating point of one replica.

    Attributes
    ----------
    replica : Replica
    batch : float
        Concurrent sequences of the replica.
    fits : bool
    reason : str
        Why it does not fit or misses the service level; empty otherwise.
    meets_slo : bool
    ttft_p50_s, ttft_p99_s, tpot_p50_s, tpot_p99_s : float
        [s]
    gap_p99_s : float
        Longest of a hundred gaps between two tokens: a step that holds prompts, whole ones without chunks. [s]
    requests_per_s, output_tokens_per_s, output_tokens_per_s_per_gpu : float
        Of the replica at this point.
    gpu_power_w : float
        Mean accelerator power, without its system. [W]
    system_power_w : float
        Mean all-in IT power per accelerator. [W]
    j_per_output_token : float
        IT energy per output token. [J]
    memory : ServingMemory
    kv_capacity_tokens : float
        Tokens of KV cache a replica holds.
    precision : str
    """

    replica: Replica
    batch: float
    fits: bool
    reason: str
    meets_slo: bool
    ttft_p50_s: float
    ttft_p99_s: float
    tpot_p50_s: float
    tpot_p99_s: float
    gap_p99_s: float
    requests_per_s: float
    output_tokens_per_s: float
    output_tokens_per_s_per_gpu: float
    gpu_power_w: float
    system_power_w: float
    j_per_output_token: float
    memory: ServingMemory
    kv_capacity_tokens: float
    precision: str


@dataclass(frozen=True, slots=True)
class ServingInputs:
    """A model served on an accelerator under a load shape and a service level."""

    model: Transformer
    accelerator: Accelerator
    request: Request
    slo: ServiceLevel
    precision: str = "fp8"
    kv_precision: str = "fp8"
    max_gpus_count: int = 64  # largest replica tried
    software_date: float = 2025.5
    engine: str = "tensorrt-llm"  # whose per-step host cost applies: tensorrt-llm or vllm
    # share of its output for which a running sequence holds KV cache: 0.5 on average where it is paged in on demand,
    # 1 where the scheduler reserves the whole output first; None: the engine's default
    reserved_output_frac: float | None = None
    speculation: Speculation | None = None
    # prompts in chunks beside the running answers; else whole, while answers wait
    chunked_prefill: bool = True
    step_tokens_count: int = 8192  # tokens of one step at most: how large a chunk can be


@dataclass(frozen=True, slots=True)
class Frontier:
    """Throughput against latency over replicas and batches; `chosen` meets the service level at least cost."""

    deployments: tuple[Deployment, ...]
    chosen: Deployment | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sizing:
    """Accelerators for a demand.

    Attributes
    ----------
    deployment : Deployment
    replicas_count, gpus_count : int
        With headroom for the peak and for failures.
    mean_utilisation_frac : float
        Mean over peak capacity.
    mean_it_w : float
        Mean all-in IT power of the pool. [W]
    """

    deployment: Deployment
    replicas_count: int
    gpus_count: int
    mean_utilisation_frac: float
    mean_it_w: float


@dataclass(frozen=True, slots=True)
class PromptPool:
    """One replica that only reads prompts, as busy as the limit on the time to first token allows.

    Attributes
    ----------
    replica : Replica
    requests_per_s : float
        [1/s]
    load_frac : float
        Share of time that it reads. [-]
    ttft_p50_s, ttft_p99_s : float
        With the move of the cache. [s]
    transfer_s, transfer_bytes : float
        Moving the cache of the mean prompt to the decode pool. [s], [B]
    gpu_power_w : float
        Mean of an accelerator. [W]
    """

    replica: Replica
    requests_per_s: float
    load_frac: float
    ttft_p50_s: float
    ttft_p99_s: float
    transfer_s: float
    transfer_bytes: float
    gpu_power_w: float


@dataclass(frozen=True, slots=True)
class DecodePool:
    """One replica that only writes answers.

    Attributes
    ----------
    replica : Replica
    batch : float
        Running sequences. [-]
    requests_per_s : float
        [1/s]
    tpot_p50_s, tpot_p99_s : float
        [s]
    gpu_power_w : float
        Mean of an accelerator. [W]
    """

    replica: Replica
    batch: float
    requests_per_s: float
    tpot_p50_s: float
    tpot_p99_s: float
    gpu_power_w: float


@dataclass(frozen=True, slots=True)
class PoolPair:
    """Both pools in balance, per accelerator of both together.

    Attributes
    ----------
    prompts, answers : PromptPool, DecodePool
    prompt_gpus_frac : float
        Share of the accelerators that read prompts. [-]
    output_tokens_per_s_per_gpu, requests_per_s_per_gpu : float
        [1/s]
    gpu_power_w, system_power_w, j_per_output_token : float
        Means over both pools; all-in IT energy. [W], [W], [J]
    """

    prompts: PromptPool
    answers: DecodePool
    prompt_gpus_frac: float
    output_tokens_per_s_per_gpu: float
    requests_per_s_per_gpu: float
    gpu_power_w: float
    system_power_w: float
    j_per_output_token: float


@dataclass(frozen=True, slots=True)
class PoolFrontier:
    """Pairs by ascending TPOT that nothing beats; `chosen` has the most tokens per accelerator within the limits."""

    pairs: tuple[PoolPair, ...]
    chosen: PoolPair | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PoolSizes:
    """Whole replicas of both pools for a rate."""

    prompt_replicas_count: int
    decode_replicas_count: int
    prompt_gpus_count: int
    decode_gpus_count: int


@dataclass(frozen=True, slots=True)
class QueryEnergy:
    """Energy of one request by where it goes. [J]."""

    accelerators_j: float
    host_j: float
    idle_j: float
    overhead_j: float

    @property
    def total_j(self) -> float:
        """Sum. [J]."""
        return self.accelerators_j + self.host_j + self.idle_j + self.overhead_j
