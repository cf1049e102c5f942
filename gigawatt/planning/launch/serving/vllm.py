"""vLLM: `vllm serve` of versions 0.10 and later."""

from __future__ import annotations

import json
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
from gigawatt.planning.launch.words import flags_of, split

NAME = "vllm"
SIGN = re.compile(r"\bvllm\s+serve\b|vllm\.entrypoints|--max-num-seqs|--max-num-batched-tokens")
QUANTIZATION = {"fp8": "fp8", "fp4": "modelopt_fp4", "mxfp4": "mxfp4", "int4": "awq"}
PRECISIONS = {
    "fp8": "fp8", "modelopt": "fp8", "fbgemm_fp8": "fp8", "modelopt_fp4": "fp4", "mxfp4": "mxfp4", "awq": "int4",
    "awq_marlin": "int4", "gptq": "int4", "gptq_marlin": "int4",
}  # fmt: skip
KV = {"fp8": "fp8", "fp8_e4m3": "fp8", "fp8_e5m2": "fp8", "bfloat16": "bf16"}
KV_WORDS = {"fp8": "fp8", "bf16": "bfloat16"}
ROLE_WORDS = {"prefill": "kv_producer", "decode": "kv_consumer"}
OWN_LAYER = "mtp"
# What has a part in the prediction, by all its names; the rest is noted.
TENSOR, PIPELINE = ("tensor_parallel_size", "tp"), ("pipeline_parallel_size", "pp")
DATA, EXPERTS = ("data_parallel_size", "dp"), ("enable_expert_parallel", "ep")
UNDERSTOOD = {
    *TENSOR, *PIPELINE, *DATA, *EXPERTS, "max_num_seqs", "max_num_batched_tokens", "max_model_len", "kv_cache_dtype",
    "quantization", "q", "dtype", "enable_chunked_prefill", "no_enable_chunked_prefill", "enable_prefix_caching",
    "no_enable_prefix_caching", "speculative_config", "kv_transfer_config", "model",
}  # fmt: skip
# an object in quotes: words of a shell text are split at blanks, those of an object must stay together
_QUOTED_JSON = re.compile(r"""'(\{[^']*\})'|"(\{(?:[^"\\]|\\.)*\})\"""")
SHORT = {"-tp": "--tensor-parallel-size", "-pp": "--pipeline-parallel-size", "-dp": "--data-parallel-size",
         "-ep": "--enable-expert-parallel", "-q": "--quantization"}  # fmt: skip


def emit(setup: ServingSetup) -> str:
    """Return a `vllm serve` command for one replica.

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
        If vLLM cannot express the set-up.
    """
    replica = setup.replica
    by_rank = replica.attention_data_parallel
    refuse(NAME, {
        f"expert parallel {replica.expert_parallel} over {replica.tensor_parallel} ranks: it splits experts over all":
        replica.expert_parallel not in (1, replica.tensor_parallel),
        "attention data parallelism with experts that are not split": by_rank and replica.expert_parallel == 1,
    })  # fmt: skip
    ranks = setup.attention_ranks
    lines = [f"vllm serve {shlex.quote(setup.model)}"]
    lines.append(f"--tensor-parallel-size {1 if by_rank else replica.tensor_parallel}")
    lines += [f"--pipeline-parallel-size {replica.pipeline_parallel}"] if replica.pipeline_parallel > 1 else []
    lines += [f"--data-parallel-size {ranks}"] if by_rank else []
    lines += ["--enable-expert-parallel"] if replica.expert_parallel > 1 else []
    lines += _weights(setup.precision)
    lines += [f"--kv-cache-dtype {KV_WORDS[setup.kv_precision]}"] if setup.kv_precision else []
    # both limits hold for each data-parallel rank, which schedules by itself
    lines += [f"--max-num-seqs {setup.max_sequences // ranks}"] if setup.max_sequences else []
    lines += [f"--max-num-batched-tokens {setup.step_tokens // ranks}"] if setup.step_tokens else []
    lines += [f"--max-model-len {setup.context_tokens}"] if setup.context_tokens else []
    lines.append("--enable-chunked-prefill" if setup.chunked_prefill else "--no-enable-chunked-prefill")
    lines.append("--enable-prefix-caching" if setup.prefix_caching else "--no-enable-prefix-caching")
    if setup.draft_tokens:
        drafted: dict[str, str | int] = {"method": "draft_model" if setup.draft_model else OWN_LAYER}
        drafted |= {"model": setup.draft_model} if setup.draft_model else {}
        drafted |= {"num_speculative_tokens": setup.draft_tokens}
        lines.append(f"--speculative-config {shlex.quote(json.dumps(drafted))}")
    if setup.role:
        moved = {"kv_connector": "NixlConnector", "kv_role": ROLE_WORDS[setup.role]}
        lines.append(f"--kv-transfer-config {shlex.quote(json.dumps(moved))}")
    return " \\\n  ".join(lines) + "\n"


def _weights(precision: str) -> list[str]:
    """Return the flags of the weights' precision."""
    if precision == "bf16":
        return ["--dtype bfloat16"]
    return [f"--quantization {QUANTIZATION[precision]}"] if precision else []


def read(text: str) -> ServingFlags:
    """Read the flags of `vllm serve`.

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
    >>> read("vllm serve m -tp 8 --max-num-seqs 256").setup.replica.tensor_parallel
    8
    """
    words = [SHORT.get(word, word) for word in split(_QUOTED_JSON.sub(_without_blanks, text))]
    flags = flags_of(words, UNDERSTOOD)
    tensor, pipeline, data = (number(flags, names, 1) or 1 for names in (TENSOR, PIPELINE, DATA))
    experts = any(name in flags for name in EXPERTS)
    replica, copies = _replica(tensor, pipeline, data, experts)
    ranks = tensor * data if replica.attention_data_parallel else 1
    sequences, tokens = number(flags, ("max_num_seqs",)), number(flags, ("max_num_batched_tokens",))
    draft_tokens, draft_model, notes = _drafted(flag_text(flags, ("speculative_config",)))
    setup = ServingSetup(
        model=_model(words, flags),
        replica=replica,
        precision=_precision(flags),
        kv_precision=precision_of(flag_text(flags, ("kv_cache_dtype",)), KV, "--kv-cache-dtype"),
        max_sequences=sequences * ranks if sequences else None,
        step_tokens=tokens * ranks if tokens else None,
        context_tokens=number(flags, ("max_model_len",)),
        chunked_prefill="no_enable_chunked_prefill" not in flags,
        prefix_caching="no_enable_prefix_caching" not in flags,
        draft_tokens=draft_tokens,
        draft_model=draft_model,
        role=_role(flag_text(flags, ("kv_transfer_config",))),
    )
    spare = [f"--{name.replace('_', '-')}" for name in flags if name not in UNDERSTOOD]
    return ServingFlags(NAME, setup, copies, (*notes, *unread(spare)))


def _replica(tensor: int, pipeline: int, data: int, experts: bool) -> tuple[Replica, int]:
    """Return the replica, and how many of it: data parallelism with experts is one replica, without copies."""
    if not experts:
        return Replica(tensor, pipeline), data
    if data == 1:
        return Replica(tensor, pipeline, tensor), 1
    if tensor > 1:
        message = (
            f"{NAME}: tensor {tensor} within data parallel {data} and experts over both is not predicted; "
            "data parallelism over single accelerators is"
        )
        raise InputError(message)
    return Replica(data, pipeline, data, attention_data_parallel=True), 1


def _model(words: list[str], flags: dict[str, list[str]]) -> str:
    """Return the model: after `serve`, or as a flag."""
    if "model" in flags:
        return flag_text(flags, ("model",))
    place = words.index("serve") + 1 if "serve" in words else len(words)
    return words[place] if place < len(words) and not words[place].startswith("-") else ""


def _precision(flags: dict[str, list[str]]) -> str:
    """Return the precision of the weights."""
    named = precision_of(flag_text(flags, ("quantization", "q")), PRECISIONS, "--quantization")
    return named or ("bf16" if flag_text(flags, ("dtype",)) in ("bfloat16", "float16", "half") else "")


def _without_blanks(found: re.Match[str]) -> str:
    """Return a quoted JSON object without blanks between its words; as it is where it is no JSON."""
    written = found[1] or found[2].replace('\\"', '"')
    try:
        return shlex.quote(json.dumps(json.loads(written), separators=(",", ":")))
    except ValueError:
        return found[0]


def _json(written: str, flag: str) -> dict[str, object]:
    """Read a flag that is a JSON object."""
    try:
        found = json.loads(written)
    except ValueError as error:
        message = f"{flag}: is no JSON: {error}"
        raise InputError(message) from error
    if not isinstance(found, dict):
        message = f"{flag}: is no JSON object"
        raise InputError(message)
    return found


def _drafted(written: str) -> tuple[int, str, tuple[str, ...]]:
    """Return drafted tokens, the model that drafts, and a note where it is predicted as another."""
    if not written:
        return 0, "", ()
    found = _json(written, "--speculative-config")
    tokens = found.get("num_speculative_tokens")
    if not isinstance(tokens, int) or tokens < 1:
        message = f"--speculative-config: num_speculative_tokens is {tokens!r}; a whole number of at least 1 is needed"
        raise InputError(message)
    method, model = str(found.get("method", "")), str(found.get("model", ""))
    if method.endswith(OWN_LAYER) or method == "draft_model" or (not method and model):
        return tokens, "" if method.endswith(OWN_LAYER) else model, ()
    return tokens, "", (f"speculative method {method} is predicted as a layer of the model's own",)


def _role(written: str) -> str:
    """Return the pool that a transfer configuration makes of the replica."""
    role = str(_json(written, "--kv-transfer-config").get("kv_role", "")) if written else ""
    return next((name for name, word in ROLE_WORDS.items() if word == role), "")
