"""Plain descriptions of hardware and models, as the engines see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fabric:
    """A network as a collective sees it.

    Attributes
    ----------
    bytes_per_s : float
        Line rate per accelerator, one direction. [B/s]
    efficiency_frac : float
        Share of the line rate that large messages achieve. [-]
    hop_latency_s : float
        Latency of one step. [s]
    in_network_reduction : bool
        Whether switches reduce, which halves all-reduce traffic.
    """

    bytes_per_s: float
    efficiency_frac: float
    hop_latency_s: float
    in_network_reduction: bool = False


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What was measured on an accelerator of one's own; whatever is missing comes from its generation.

    Attributes
    ----------
    gemm_frac : mapping of str to float
        Share of dense peak that an endless product achieves, by precision. [-]
    gemm_traffic_ratio : mapping of str to float
        Memory traffic of products that is not hidden, over the least possible, by precision. [-]
    attention_frac : float, optional
        Share of bf16 peak of fused attention, forward, at head width 128, causal FLOPs. [-]
    attention_training_frac : float, optional
        The same of forward and backward together. [-]
    hbm_frac : float, optional
        Share of memory bandwidth that a large copy achieves. [-]
    scale_up_frac : float, optional
        Share of the scale-up line rate that large messages achieve. [-]
    in_network_frac : float, optional
        How far switches halve an all-reduce: 0 not at all, 1 fully. [-]
    """

    gemm_frac: Mapping[str, float] = field(default_factory=dict)
    gemm_traffic_ratio: Mapping[str, float] = field(default_factory=dict)
    attention_frac: float | None = None
    attention_training_frac: float | None = None
    hbm_frac: float | None = None
    scale_up_frac: float | None = None
    in_network_frac: float | None = None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """An accelerator in its system.

    Attributes
    ----------
    name : str
        Catalogue id.
    generation : str
        Key of the efficiency tables: ampere, hopper, blackwell, ...
    dense_flop_per_s : mapping of str to float
        Dense peak by precision: bf16, fp8, fp4. [FLOP/s]
    hbm_bytes, hbm_bytes_per_s : float
        Memory size and bandwidth. [B], [B/s]
    scale_up_domain_count : int
        Accelerators that share the scale-up fabric.
    accelerators_per_node : int
        Accelerators per host.
    scale_up, scale_out : Fabric
        The two tiers of network.
    tdp_w, system_w, idle_w : float
        Package rating; all-in IT power per accelerator at load; the same idle. [W]
    efficiency : Efficiency, optional
        What was measured on it; goes before the constants of its generation.
    """

    name: str
    generation: str
    dense_flop_per_s: Mapping[str, float]
    hbm_bytes: float
    hbm_bytes_per_s: float
    scale_up_domain_count: int
    accelerators_per_node: int
    scale_up: Fabric
    scale_out: Fabric
    tdp_w: float
    system_w: float
    idle_w: float
    efficiency: Efficiency | None = None


@dataclass(frozen=True, slots=True)
class Transformer:
    """A transformer's architecture; field names as in the catalogue's LanguageModel."""

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn_hidden: int
    vocabulary: int
    gated_mlp: bool = True
    tied_embeddings: bool = False
    experts: int = 0  # 0: dense
    top_k: int = 0
    expert_ffn_hidden: int = 0
    shared_expert_ffn_hidden: int = 0
    dense_layers: int = 0  # dense feed-forward layers of a mixture of experts
    q_lora_rank: int = 0
    kv_lora_rank: int = 0  # 0: no latent attention
    rope_head_dim: int = 0
    value_head_dim: int = 0
    attention_window: int = 0
    windowed_layers: int = 0
    chunked_attention: bool = False
    attention_sink: bool = False  # learned sink in the softmax (GPT-OSS); slow where the kernel is not fused
    mtp_layers: int = 0
    total_parameters_count: float = 0.0  # as published; 0 lets the engine count from the architecture
    active_parameters_count: float = 0.0
