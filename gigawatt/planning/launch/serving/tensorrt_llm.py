"""TensorRT-LLM: `trtllm-serve` with its PyTorch backend, versions 1.0 and later, and its YAML of further options."""

from __future__ import annotations

import re
import shlex
from typing import Any

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

NAME = "tensorrt-llm"
SIGN = re.compile(r"trtllm-serve|extra_llm_api_options|\benable_attention_dp\b|\bkv_cache_config\s*:")
KV = {"fp8": "fp8", "auto": "", "bfloat16": "bf16", "bf16": "bf16"}
OPTIONS_FILE = "options.yaml"
FLAGS = {
    "tp_size", "pp_size", "ep_size", "max_batch_size", "max_num_tokens", "max_seq_len", "backend",
    "extra_llm_api_options", "config",
}  # fmt: skip
KEYS = {
    "enable_attention_dp", "enable_chunked_prefill", "kv_cache_config", "speculative_config", "tensor_parallel_size",
    "pipeline_parallel_size", "moe_expert_parallel_size", "max_batch_size", "max_num_tokens", "max_seq_len",
}  # fmt: skip
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n(.*?)\n\1\s*$", re.DOTALL | re.MULTILINE)
_HEREDOC_LINE = re.compile(r"^.*<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n.*?\n\1\s*$", re.DOTALL | re.MULTILINE)


def emit(setup: ServingSetup) -> str:
    """Return a YAML of options and a `trtllm-serve` command for one replica.

    Parameters
    ----------
    setup : ServingSetup

    Returns
    -------
    str
        Shell text that writes the options beside itself.

    Raises
    ------
    InputError
        If TensorRT-LLM cannot express the set-up.
    """
    replica = setup.replica
    refuse(NAME, {
        "the role of a pool: its disaggregated serving is one file for all pools": bool(setup.role),
        f"expert parallel {replica.expert_parallel} that does not divide tensor parallel {replica.tensor_parallel}":
        replica.tensor_parallel % replica.expert_parallel != 0,
    })  # fmt: skip
    ranks = setup.attention_ranks
    options = [f"enable_attention_dp: {str(replica.attention_data_parallel).lower()}"]
    options.append(f"enable_chunked_prefill: {str(setup.chunked_prefill).lower()}")
    options.append("kv_cache_config:")
    options += [f"  dtype: {'fp8' if setup.kv_precision == 'fp8' else 'auto'}"] if setup.kv_precision else []
    options.append(f"  enable_block_reuse: {str(setup.prefix_caching).lower()}")
    if setup.draft_model:
        options += ["speculative_config:", "  decoding_type: Draft_Target", f"  max_draft_len: {setup.draft_tokens}"]
        options.append(f"  speculative_model: {setup.draft_model}")
    elif setup.draft_tokens:
        options += ["speculative_config:", "  decoding_type: MTP"]
        options.append(f"  num_nextn_predict_layers: {setup.draft_tokens}")
    lines = [f"trtllm-serve {shlex.quote(setup.model)}", f"--tp_size {replica.tensor_parallel}"]
    lines += [f"--pp_size {replica.pipeline_parallel}"] if replica.pipeline_parallel > 1 else []
    lines += [f"--ep_size {replica.expert_parallel}"] if replica.expert_parallel > 1 else []
    # both limits hold for each rank of attention data parallelism
    lines += [f"--max_batch_size {setup.max_sequences // ranks}"] if setup.max_sequences else []
    lines += [f"--max_num_tokens {setup.step_tokens // ranks}"] if setup.step_tokens else []
    lines += [f"--max_seq_len {setup.context_tokens}"] if setup.context_tokens else []
    lines.append(f"--extra_llm_api_options {OPTIONS_FILE}")
    said = f"# weights in {setup.precision} are a matter of the checkpoint\n" if setup.precision else ""
    yaml = "\n".join(options)
    return f"{said}cat > {OPTIONS_FILE} <<'END'\n{yaml}\nEND\n" + " \\\n  ".join(lines) + "\n"


def read(text: str) -> ServingFlags:
    """Read the flags of `trtllm-serve`, the options in a here-document with them, or the YAML alone.

    Parameters
    ----------
    text : str

    Returns
    -------
    ServingFlags

    Raises
    ------
    InputError
        If a value is wrong.

    Examples
    --------
    >>> read("trtllm-serve m --tp_size 8 --max_batch_size 64").setup.max_sequences
    64
    """
    inside = _HEREDOC.search(text)
    alone = "trtllm-serve" not in text and not inside
    options = _options(text if alone else inside[2] if inside else "")
    words = [] if alone else split(_HEREDOC_LINE.sub("", text))
    flags = flags_of(words, FLAGS)
    by_rank = bool(options.get("enable_attention_dp", False))

    def size(flag: str, key: str) -> int | None:
        given = number(flags, (flag,))
        return given if given is not None else _whole(options, key)

    tensor = size("tp_size", "tensor_parallel_size") or 1
    ranks = tensor if by_rank else 1
    sequences, tokens = size("max_batch_size", "max_batch_size"), size("max_num_tokens", "max_num_tokens")
    kv = options.get("kv_cache_config") or {}
    draft_tokens, draft_model, notes = _drafted(options.get("speculative_config") or {})
    setup = ServingSetup(
        model=_model(words),
        replica=Replica(
            tensor,
            size("pp_size", "pipeline_parallel_size") or 1,
            size("ep_size", "moe_expert_parallel_size") or 1,
            attention_data_parallel=by_rank,
        ),
        kv_precision=precision_of(str(kv.get("dtype", "")), KV, "kv_cache_config.dtype"),
        max_sequences=sequences * ranks if sequences else None,
        step_tokens=tokens * ranks if tokens else None,
        context_tokens=size("max_seq_len", "max_seq_len"),
        chunked_prefill=bool(options.get("enable_chunked_prefill", False)),
        prefix_caching=bool(kv.get("enable_block_reuse", True)),
        draft_tokens=draft_tokens,
        draft_model=draft_model,
    )
    spare = [f"--{name}" for name in flags if name not in FLAGS] + [name for name in options if name not in KEYS]
    if flag_text(flags, ("extra_llm_api_options", "config")) and not options:
        notes += ("the options file is not among the text: its options are taken at their defaults",)
    return ServingFlags(NAME, setup, 1, (*notes, *unread(spare)))


def _options(text: str) -> dict[str, Any]:
    """Read the YAML of further options."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe", pure=False).load(text) if text.strip() else {}
    except YAMLError as error:
        message = f"{NAME}: the options are no YAML: {str(error).splitlines()[0]}"
        raise InputError(message) from error
    if not isinstance(found, dict):
        message = f"{NAME}: the options are no YAML mapping"
        raise InputError(message)
    for name in ("kv_cache_config", "speculative_config"):
        if found.get(name) is not None and not isinstance(found[name], dict):
            message = f"{NAME}: {name} is no mapping"
            raise InputError(message)
    return found


def _whole(options: dict[str, Any], name: str) -> int | None:
    """Return a whole number of the options."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f'{NAME}: {name}: "{value}" is not a whole number of at least 1'
        raise InputError(message)
    return value


def _model(words: list[str]) -> str:
    """Return the model after the command."""
    place = next((at + 1 for at, word in enumerate(words) if word.endswith("trtllm-serve")), len(words))
    if place < len(words) and words[place] == "serve":
        place += 1
    return words[place] if place < len(words) and not words[place].startswith("-") else ""


def _drafted(options: dict[str, Any]) -> tuple[int, str, tuple[str, ...]]:
    """Return drafted tokens, the model that drafts, and notes."""
    if not options:
        return 0, "", ()
    method = str(options.get("decoding_type", ""))
    tokens = _whole(options, "num_nextn_predict_layers") or _whole(options, "max_draft_len") or 1
    model = str(options.get("speculative_model_dir") or options.get("speculative_model") or "")
    if method == "MTP":
        return tokens, "", ()
    if method.replace("_", "").lower() == "drafttarget":
        return tokens, model, ()
    return tokens, "", (f"decoding type {method} is predicted as a layer of the model's own",)
