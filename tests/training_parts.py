"""Hardware and models for the training tests, written out so that they do not move with the catalogue."""

from __future__ import annotations

from gigawatt.engines.hardware.types import Accelerator, Fabric, Transformer

NVLINK4 = Fabric(450e9, 0.75, 2e-6, True)
NVLINK3 = Fabric(300e9, 0.75, 2e-6)
NDR = Fabric(50e9, 0.85, 5e-6)
HDR = Fabric(25e9, 0.85, 5e-6)
H100 = Accelerator(
    "h100-sxm",
    "hopper",
    {"bf16": 989.4e12, "fp8": 1978.9e12},
    80 * 2.0**30,
    3.35e12,
    8,
    8,
    NVLINK4,
    NDR,
    700.0,
    1472.0,
    400.0,
)
A100 = Accelerator(
    "a100-sxm", "ampere", {"bf16": 312e12}, 80 * 2.0**30, 2.039e12, 8, 8, NVLINK3, HDR, 400.0, 850.0, 250.0
)
GB200 = Accelerator(
    "gb200-nvl72", "blackwell", {"bf16": 2.5e15, "fp8": 5e15, "fp4": 1e16}, 186 * 2.0**30, 8e12, 72, 4,
    Fabric(900e9, 0.75, 2e-6, True), NDR, 1200.0, 1833.0, 500.0,
)  # fmt: skip
ACCELERATORS = {one.name: one for one in (H100, A100, GB200)}
LLAMA_8B = Transformer("llama-3-8b", 32, 4096, 32, 8, 128, 14336, 128256)
LLAMA_70B = Transformer("llama-3-70b", 80, 8192, 64, 8, 128, 28672, 128256)
LLAMA_405B = Transformer("llama-3.1-405b", 126, 16384, 128, 8, 128, 53248, 128256)
GPT_22B = Transformer("gpt-22b", 48, 6144, 64, 64, 96, 24576, 51200, gated_mlp=False, tied_embeddings=True)
GPT_175B = Transformer("gpt-175b", 96, 12288, 96, 96, 128, 49152, 51200, gated_mlp=False, tied_embeddings=True)
DEEPSEEK_V3 = Transformer(
    "deepseek-v3", 61, 7168, 128, 128, 128, 18432, 129280, experts=256, top_k=8, expert_ffn_hidden=2048,
    shared_expert_ffn_hidden=2048, dense_layers=3, q_lora_rank=1536, kv_lora_rank=512, rope_head_dim=64,
    value_head_dim=128,
)  # fmt: skip
QWEN_30B = Transformer("qwen3-30b-a3b", 48, 2048, 32, 4, 128, 6144, 151936, experts=128, top_k=8, expert_ffn_hidden=768)
MODELS = {one.name: one for one in (LLAMA_8B, LLAMA_70B, LLAMA_405B, GPT_22B, GPT_175B, DEEPSEEK_V3, QWEN_30B)}
