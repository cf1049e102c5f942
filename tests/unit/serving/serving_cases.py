"""Models, chips and loads that the serving tests share; figures from model cards and datasheets."""

from __future__ import annotations

from gigawatt.engines.hardware.types import Accelerator, Fabric, Transformer
from gigawatt.engines.serving import Request, ServiceLevel, ServingInputs

INFINIBAND = Fabric(50e9, 0.85, 5e-6)
H100 = Accelerator(
    "h100", "hopper", {"bf16": 989e12, "fp8": 1979e12}, 80 * 2**30, 3.35e12, 8, 8,
    Fabric(450e9, 0.75, 2e-6), INFINIBAND, 700.0, 1472.0, 400.0,
)  # fmt: skip
B200 = Accelerator(
    "b200", "blackwell", {"bf16": 2250e12, "fp8": 4500e12, "fp4": 9000e12}, 180 * 2**30, 7.7e12, 8, 8,
    Fabric(900e9, 0.75, 2e-6), INFINIBAND, 1000.0, 2038.0, 550.0,
)  # fmt: skip
LLAMA_70B = Transformer("llama-3.1-70b", 80, 8192, 64, 8, 128, 28672, 128256)
LLAMA_8B = Transformer("llama-3.1-8b", 32, 4096, 32, 8, 128, 14336, 128256)
MIXTRAL = Transformer(
    "mixtral-8x7b", 32, 4096, 32, 8, 128, 14336, 32000, experts=8, top_k=2, expert_ffn_hidden=14336
)  # fmt: skip
DEEPSEEK = Transformer(
    "deepseek-v3", 61, 7168, 128, 128, 128, 18432, 129280, experts=256, top_k=8, expert_ffn_hidden=2048,
    shared_expert_ffn_hidden=2048, dense_layers=3, q_lora_rank=1536, kv_lora_rank=512, rope_head_dim=64,
    value_head_dim=128,
)  # fmt: skip


def inputs(
    model=LLAMA_70B, accelerator=H100, input_tokens=1000.0, output_tokens=1000.0, cached_frac=0.0, slo=None, **others
):
    return ServingInputs(
        model, accelerator, Request(input_tokens, output_tokens, cached_frac), slo or ServiceLevel(), **others
    )
