"""SGLang: `python -m sglang.launch_server` of versions 0.5 and later."""

from __future__ import annotations

import re
import shlex

from gigawatt.engines.serving.types import Replica
from gigawatt.errors import InputError
from gigawatt.planning.launch.flags import unread
from gigawatt.planning.launch.serving.setup import (
    ServingFlags,
    ServingSetup,
    flag_text,
    number,
    precision_of,
    refuse,
)
from gigawatt.planning.launch.words import flags_of, one_of, split

NAME = "sglang"
SIGN = re.compile(
    r"sglang[. ](launch_server|serve)|--max-running-requests|--chunked-prefill-size|--mem-fraction-static"
)
QUANTIZATION = {"fp8": "fp8", "fp4": "modelopt_fp4", "mxfp4": "mxfp4", "int4": "awq"}
PRECISIONS = {
    "fp8": "fp8", "w8a8_fp8": "fp8", "modelopt": "fp8", "modelopt_fp8": "fp8", "modelopt_fp4": "fp4", "mxfp4": "mxfp4",
    "awq": "int4", "awq_marlin": "int4", "gptq": "int4", "gptq_marlin": "int4",
}  # fmt: skip
KV = {"fp8_e4m3": "fp8", "fp8_e5m2": "fp8", "bf16": "bf16", "bfloat16": "bf16"}
KV_WORDS = {"fp8": "fp8_e4m3", "bf16": "bf16"}
OWN_LAYER, WITH_MODEL = ("NEXTN", "EAGLE", "EAGLE3"), "STANDALONE"
TENSOR, PIPELINE = ("tp_size", "tensor_parallel_size", "tp"), ("pp_size", "pipeline_parallel_size", "pp")
DATA, EXPERTS = ("dp_size", "data_parallel_size", "dp"), ("ep_size", "expert_parallel_size", "ep")
MODEL = ("model_path", "model")
UNDERSTOOD = {
    *TENSOR, *PIPELINE, *DATA, *EXPERTS, *MODEL, "enable_dp_attention", "max_running_requests", "chunked_prefill_size",
    "max_prefill_tokens", "context_length", "kv_cache_dtype", "quantization", "dtype", "disable_radix_cache",
    "speculative_algorithm", "speculative_algo", "speculative_draft_model_path", "speculative_num_steps",
    "speculative_eagle_topk", "speculative_num_draft_tokens", "disaggregation_mode", "disaggregation_transfer_backend",
}  # fmt: skip


def emit(setup: ServingSetup) -> str:
    """Return a launch command for one replica.

    Parameters
    ----------
    setup : ServingSetup

    Returns
    -------
    str
        Shell text.

    Raises
    ------
    InputError
        If SGLang cannot express the set-up.
    """
    replica = setup.replica
    by_rank = replica.attention_data_parallel
    refuse(NAME, {
        f"expert parallel {replica.expert_parallel} that does not divide tensor parallel {replica.tensor_parallel}":
        replica.tensor_parallel % replica.expert_parallel != 0,
        "prompts read whole with a limit on the tokens of a step below them":
        not setup.chunked_prefill and setup.step_tokens is None,
    })  # fmt: skip
    lines = [f"python -m sglang.launch_server --model-path {shlex.quote(setup.model)}"]
    lines.append(f"--tp-size {replica.tensor_parallel}")
    lines += [f"--pp-size {replica.pipeline_parallel}"] if replica.pipeline_parallel > 1 else []
    lines += [f"--dp-size {replica.tensor_parallel} --enable-dp-attention"] if by_rank else []
    lines += [f"--ep-size {replica.expert_parallel}"] if replica.expert_parallel > 1 else []
    if setup.precision == "bf16":
        lines.append("--dtype bfloat16")
    elif setup.precision:
        lines.append(f"--quantization {QUANTIZATION[setup.precision]}")
    lines += [f"--kv-cache-dtype {KV_WORDS[setup.kv_precision]}"] if setup.kv_precision else []
    lines += [f"--max-running-requests {setup.max_sequences}"] if setup.max_sequences else []
    if not setup.chunked_prefill:
        lines.append(f"--chunked-prefill-size -1 --max-prefill-tokens {setup.step_tokens}")
    elif setup.step_tokens:
        lines.append(f"--chunked-prefill-size {setup.step_tokens}")
    lines += [f"--context-length {setup.context_tokens}"] if setup.context_tokens else []
    lines += [] if setup.prefix_caching else ["--disable-radix-cache"]
    if setup.draft_tokens:
        lines.append(f"--speculative-algorithm {WITH_MODEL if setup.draft_model else OWN_LAYER[0]}")
        lines += [f"--speculative-draft-model-path {shlex.quote(setup.draft_model)}"] if setup.draft_model else []
        # with one branch a step drafts one token, and the last of the drafted is the served model's own
        lines.append(f"--speculative-num-steps {setup.draft_tokens} --speculative-eagle-topk 1")
        lines.append(f"--speculative-num-draft-tokens {setup.draft_tokens + 1}")
    lines += [f"--disaggregation-mode {setup.role}"] if setup.role else []
    return " \\\n  ".join(lines) + "\n"


def read(text: str) -> ServingFlags:
    """Read the flags of `sglang.launch_server`.

    Parameters
    ----------
    text : str

    Returns
    -------
    ServingFlags

    Raises
    ------
    InputError
        If a value is wrong, or the flags spread the model in a way that is not predicted.

    Examples
    --------
    >>> read("python -m sglang.launch_server --model-path m --tp 8").setup.replica.tensor_parallel
    8
    """
    flags = flags_of(split(text), UNDERSTOOD)
    replica, copies = _replica(flags)
    whole_prompts = flag_text(flags, ("chunked_prefill_size",)) == "-1"
    size = ("max_prefill_tokens",) if whole_prompts else ("chunked_prefill_size",)
    draft_tokens, draft_model, notes = _drafted(flags)
    named = precision_of(flag_text(flags, ("quantization",)), PRECISIONS, "--quantization")
    sixteen = flag_text(flags, ("dtype",)) in ("bfloat16", "float16", "half")
    setup = ServingSetup(
        model=flag_text(flags, MODEL),
        replica=replica,
        precision=named or ("bf16" if sixteen else ""),
        kv_precision=precision_of(flag_text(flags, ("kv_cache_dtype",)), KV, "--kv-cache-dtype"),
        max_sequences=number(flags, ("max_running_requests",)),
        step_tokens=number(flags, size),
        context_tokens=number(flags, ("context_length",)),
        chunked_prefill=not whole_prompts,
        prefix_caching="disable_radix_cache" not in flags,
        draft_tokens=draft_tokens,
        draft_model=draft_model,
        role=one_of(flags, "disaggregation_mode", ("null", "prefill", "decode")).replace("null", ""),
    )
    spare = [f"--{name.replace('_', '-')}" for name in flags if name not in UNDERSTOOD]
    return ServingFlags(NAME, setup, copies, (*notes, *unread(spare)))


def _replica(flags: dict[str, list[str]]) -> tuple[Replica, int]:
    """Return the replica, and how many of it."""
    tensor, pipeline, data, experts = (number(flags, names, 1) or 1 for names in (TENSOR, PIPELINE, DATA, EXPERTS))
    if "enable_dp_attention" not in flags:
        return Replica(tensor, pipeline, experts), data
    if data == 1:
        return Replica(tensor, pipeline, experts), 1
    if data != tensor:
        message = (
            f"{NAME}: data parallel {data} attention over tensor parallel {tensor} is not predicted; "
            "one accelerator to a rank is: the two equal"
        )
        raise InputError(message)
    return Replica(tensor, pipeline, experts, attention_data_parallel=True), 1


def _drafted(flags: dict[str, list[str]]) -> tuple[int, str, tuple[str, ...]]:
    """Return drafted tokens, the model that drafts, and notes."""
    method = flag_text(flags, ("speculative_algorithm", "speculative_algo")).upper()
    if not method:
        return 0, "", ()
    tokens = number(flags, ("speculative_num_draft_tokens",))
    steps = number(flags, ("speculative_num_steps",)) or (tokens - 1 if tokens else 0)
    if steps < 1:
        message = f"{NAME}: speculative decoding needs --speculative-num-steps"
        raise InputError(message)
    model = flag_text(flags, ("speculative_draft_model_path",)) if method == WITH_MODEL else ""
    branches = number(flags, ("speculative_eagle_topk",), 1) or 1
    notes = [] if method in (*OWN_LAYER[:1], WITH_MODEL) else [
        f"speculative algorithm {method} is predicted as a layer of the model's own"
    ]  # fmt: skip
    notes += [f"{branches} branches a step are predicted as one"] if branches > 1 else []
    return steps, model, tuple(notes)
