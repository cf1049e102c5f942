"""Flags of engines that serve: out and in again, what they cannot say, what is wrong in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.catalogue import load
from gigawatt.engines.serving.types import Replica
from gigawatt.errors import InputError
from gigawatt.planning.jobs import serve
from gigawatt.planning.launch.serving import TOOLS, ServingSetup, detect, emit, read, setup_of

WIDE = Replica(16, 1, 16, attention_data_parallel=True)
SETUPS = {
    "dense": ServingSetup("llama", Replica(8), "fp8", "fp8", 256, 8192, 16384),
    "pipeline": ServingSetup("org/llama", Replica(8, 2), "bf16", "bf16", 64, 2048),
    "experts": ServingSetup("deepseek", Replica(8, 1, 8), "fp8", "fp8", 128, 4096, prefix_caching=False),
    "wide": ServingSetup("deepseek", WIDE, "fp8", "fp8", 512, 16384, draft_tokens=1),
    "drafted": ServingSetup("llama", Replica(4), "fp8", "", 32, 8192, draft_tokens=3, draft_model="llama-small"),
    "whole": ServingSetup("llama", Replica(2), "fp8", "fp8", 32, 8192, chunked_prefill=False),
    "bare": ServingSetup("llama"),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", SETUPS)
def test_a_set_up_comes_back_as_it_went_out(tool, name):
    setup = SETUPS[name]
    if tool == "sglang" and name == "bare":
        setup = replace(setup, kv_precision="fp8")
    text = emit(tool, setup)
    assert detect(text) == tool
    found = read(text)
    # the weights' precision of TensorRT-LLM is its checkpoint's, a 16-bit cache its default
    expected = replace(setup, precision="", kv_precision=setup.kv_precision.replace("bf16", ""))
    assert found.setup == (expected if tool == "tensorrt-llm" else setup)
    assert found.copies == 1
    assert found.notes == ()


@pytest.mark.parametrize("tool", ["vllm", "sglang"])
@pytest.mark.parametrize("role", ["prefill", "decode"])
def test_pools_apart_are_said_by_role(tool, role):
    setup = replace(SETUPS["dense"], role=role)
    assert read(emit(tool, setup)).setup == setup


def test_what_an_engine_cannot_say_is_refused_with_the_reason():
    with pytest.raises(InputError, match="one file for all pools"):
        emit("tensorrt-llm", replace(SETUPS["dense"], role="decode"))
    with pytest.raises(InputError, match="splits experts over all"):
        emit("vllm", replace(SETUPS["experts"], replica=Replica(8, 1, 4)))
    with pytest.raises(InputError, match="experts that are not split"):
        emit("vllm", replace(SETUPS["wide"], replica=Replica(8, 1, 1, attention_data_parallel=True)))
    with pytest.raises(InputError, match="does not divide"):
        emit("sglang", replace(SETUPS["experts"], replica=Replica(8, 1, 3)))
    with pytest.raises(InputError, match="Nearest: vllm"):
        emit("vlm", SETUPS["dense"])


def test_limits_hold_for_each_rank_in_vllm_and_for_all_in_sglang():
    vllm, sglang = emit("vllm", SETUPS["wide"]), emit("sglang", SETUPS["wide"])
    assert "--max-num-seqs 32" in vllm
    assert "--tensor-parallel-size 1 " in vllm
    assert "--data-parallel-size 16" in vllm
    assert "--max-running-requests 512" in sglang
    assert "--tp-size 16" in sglang
    assert "--dp-size 16 --enable-dp-attention" in sglang


def test_a_script_as_people_write_it():
    text = """
    export TP=8   # a comment
    vllm serve meta-llama/Llama-3.1-70B-Instruct -tp ${TP} -dp 4 \\
      --max-num-seqs=256 --gpu-memory-utilization 0.92 --kv-cache-dtype fp8_e4m3 --quantization fp8 \\
      --speculative-config '{"method": "eagle3", "model": "head", "num_speculative_tokens": 3}'
    """
    found = read(text)
    assert found.tool == "vllm"
    assert found.copies == 4
    assert found.setup.replica == Replica(8)
    assert found.setup.model == "meta-llama/Llama-3.1-70B-Instruct"
    assert (found.setup.draft_tokens, found.setup.draft_model) == (3, "")
    assert any("eagle3" in note for note in found.notes)
    assert any("--gpu-memory-utilization" in note for note in found.notes)


def test_options_of_tensorrt_llm_alone_and_beside_a_command():
    yaml = (
        "tensor_parallel_size: 8\nmoe_expert_parallel_size: 8\nenable_attention_dp: true\nmax_batch_size: 64\n"
        "kv_cache_config:\n  dtype: fp8\n  enable_block_reuse: false\ncuda_graph_config:\n  enable_padding: true\n"
        "speculative_config:\n  decoding_type: MTP\n  num_nextn_predict_layers: 3\n"
    )
    alone = read(yaml)
    assert alone.tool == "tensorrt-llm"
    assert alone.setup.replica == Replica(8, 1, 8, attention_data_parallel=True)
    assert alone.setup.max_sequences == 512
    assert (alone.setup.draft_tokens, alone.setup.prefix_caching) == (3, False)
    assert any("cuda_graph_config" in note for note in alone.notes)
    apart = read("trtllm-serve m --tp_size 4 --extra_llm_api_options elsewhere.yaml")
    assert apart.setup.replica == Replica(4)
    assert any("not among the text" in note for note in apart.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vllm serve m -tp 0", "--tensor-parallel-size"),
        ("vllm serve m -tp 8 --tensor-parallel-size 4", "given twice"),
        ("vllm serve m -tp 2 -dp 4 --enable-expert-parallel", "not predicted"),
        ("vllm serve m --quantization fp9", '"fp9"'),
        ("vllm serve m --speculative-config '{broken'", "no JSON"),
        ('vllm serve m --speculative-config \'{"method": "mtp"}\'', "num_speculative_tokens"),
        ("python -m sglang.launch_server --tp 8 --dp 2 --enable-dp-attention", "the two equal"),
        ("python -m sglang.launch_server --disaggregation-mode both", "none of"),
        ("trtllm-serve m --tp_size four", "--tp-size"),
        ("kv_cache_config: [1, 2]", "no mapping"),
        ("kv_cache_config: {dtype: fp3}", "fp3"),
        ("echo hello", "no launch flags"),
        ("vllm serve 'm", "shell words"),
    ],
)
def test_wrong_flags_are_named(text, words):
    with pytest.raises(InputError) as caught:
        read(text)
    assert words in str(caught.value)


@given(
    st.builds(
        ServingSetup,
        model=st.from_regex(r"[a-z][a-z0-9./-]{0,20}", fullmatch=True),
        replica=st.builds(Replica, st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2])),
        precision=st.sampled_from(["", "bf16", "fp8", "fp4", "mxfp4", "int4"]),
        kv_precision=st.sampled_from(["", "fp8", "bf16"]),
        max_sequences=st.none() | st.integers(1, 4096),
        step_tokens=st.none() | st.integers(1, 65536),
        context_tokens=st.none() | st.integers(1, 10**6),
        prefix_caching=st.booleans(),
        draft_tokens=st.integers(0, 8),
    )
)
@settings(max_examples=40)
def test_any_set_up_of_vllm_and_sglang_comes_back(setup):
    for tool in ("vllm", "sglang"):
        assert read(emit(tool, setup), tool).setup == setup


def test_the_chosen_point_becomes_flags_that_hold_its_batch():
    pool = serve(load(), "llama-3.1-70b", "h100-sxm", ttft_p99_s=2.0, tpot_p99_s=0.05).pool
    setup = setup_of(pool.inputs, pool.deployment, "meta-llama/Llama-3.1-70B-Instruct")
    assert setup.max_sequences > pool.deployment.batch
    assert setup.replica == pool.deployment.replica
    assert read(emit("vllm", setup)).setup == setup


def test_emitted_json_is_json():
    text = emit("vllm", SETUPS["wide"])
    written = re.search(r"--speculative-config '([^']+)'", text)[1]
    assert json.loads(written) == {"method": "mtp", "num_speculative_tokens": 1}
