"""`train` with a model of one's own, and with flags of other tools, in and out."""

from __future__ import annotations

import io
import json
import sys

import pytest

JOB = ("--model", "llama-3.1-8b", "--gpus", "64", "--batch", "4M")
ON = ("train", "--accelerator", "h100-sxm")
CONFIG = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
SCRIPT = """
torchrun --nnodes 8 --nproc-per-node 8 pretrain_gpt.py --tensor-model-parallel-size 2 --sequence-parallel \\
  --micro-batch-size 1 --global-batch-size 500 --seq-length 4096 --use-distributed-optimizer --bf16 --lr 1e-4
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "run.sh"
    path.write_text(SCRIPT)
    return str(path)


def test_a_configuration_file_is_a_model(gigawatt, tmp_path):
    folder = tmp_path / "my-llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    own = gigawatt(*ON, "--model", str(folder), "--gpus", "64", "--json").document
    shipped = gigawatt(*ON, "--model", "llama-3.1-8b", "--gpus", "64", "--json").document
    assert own["inputs"]["model"] == str(folder)
    assert own["result"]["best"]["step_time_s"] == shipped["result"]["best"]["step_time_s"]


def test_a_wrong_configuration_is_told(gigawatt, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG | {"hidden_size": None}))
    ran = gigawatt(*ON, "--model", str(path), "--gpus", "64")
    assert ran.code == 2
    assert "hidden_size: is missing" in ran.err


def test_flags_alone_are_on_standard_output(gigawatt):
    ran = gigawatt(*ON, *JOB, "--emit", "megatron")
    assert ran.code == 0
    assert ran.out.startswith("# llama-3.1-8b on 64 h100-sxm")
    assert "--tensor-model-parallel-size" in ran.out
    assert "MFU" in ran.err
    assert "MFU" not in ran.out
    assert gigawatt(*ON, *JOB, "--emit", "megatron", "--quiet").err == ""


@pytest.mark.parametrize("tool", ["megatron", "nemo", "torchtitan", "deepspeed"])
def test_what_goes_out_comes_in_with_the_same_prediction(gigawatt, tool, tmp_path):
    out = gigawatt(*ON, *JOB, "--emit", tool, "--json").document["result"]
    assert out["emit"]["tool"] == tool
    path = tmp_path / "flags"
    path.write_text(out["emit"]["flags"])
    words = ("--model", "llama-3.1-8b") if tool in ("nemo", "deepspeed") else ()
    back = gigawatt(*ON, *words, "--sequence", "8192", "--from-flags", str(path), "--json").document["result"]
    assert back["best"]["step_time_s"] == pytest.approx(out["best"]["step_time_s"], rel=1e-9)
    assert back["searched"] == 1
    assert {key: back["best"][key] for key in ("tensor_parallel", "data_parallel", "zero_stage", "recompute")} == {
        key: out["best"][key] for key in ("tensor_parallel", "data_parallel", "zero_stage", "recompute")
    }


def test_flags_from_standard_input(gigawatt, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(SCRIPT.replace("500", "512")))
    ran = gigawatt(*ON, "--model", "llama-3.1-8b", "--from-flags", "-", "--json")
    best = ran.document["result"]["best"]
    assert (best["tensor_parallel"], best["data_parallel"], best["zero_stage"]) == (2, 32, 1)
    assert ran.document["inputs"]["gpus"] == 64
    assert ran.document["result"]["notes"] == ["without a part in the prediction: --lr"]


def test_a_batch_is_taken_to_the_last_sequence(gigawatt, script):
    """500 sequences do not split over 32 ranks; rounded to 512, as for a batch in tokens, they would."""
    ran = gigawatt(*ON, "--model", "llama-3.1-8b", "--from-flags", script)
    assert ran.code == 3
    assert "a batch of 500 sequences does not split into data 32" in ran.err
    assert "note: without a part in the prediction: --lr" in ran.err


def test_options_go_before_flags(gigawatt, script):
    ran = gigawatt(*ON, "--model", "llama-3.1-8b", "--from-flags", script, "--tp", "4", "--batch", "4M", "--json")
    assert (ran.document["result"]["best"]["tensor_parallel"], ran.document["result"]["best"]["data_parallel"]) == (
        4,
        16,
    )


def test_flags_of_one_tool_become_those_of_another(gigawatt, script):
    words = (*ON, "--model", "llama-3.1-8b", "--batch", "2M", "--from-flags", script)
    ran = gigawatt(*words, "--zero", "3", "--recompute", "full", "--emit", "torchtitan", "--quiet")
    assert ran.code == 0
    assert "tensor_parallel_degree = 2" in ran.out
    ran = gigawatt(*words, "--emit", "torchtitan")
    assert ran.code == 2
    assert "torchtitan cannot express ZeRO stage 1" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*ON, "--gpus", "8"), "--model: needed, unless --from-flags says it"),
        ((*ON,), "--model and --gpus: needed"),
        ((*ON, *JOB, "--emit", "megatrn"), "Nearest: megatron"),
        ((*ON, *JOB, "--emit", "deepspeed", "--cp", "2"), "deepspeed cannot express context parallel 2"),
        ((*ON, "--from-flags", "absent.sh"), "--from-flags absent.sh: No such file"),
        ((*ON, "--from-flags", "."), "--from-flags .: Is a directory"),
        ((*ON, "--from-flags", "-", "--tool", "slurm"), '"slurm" is no tool'),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(gigawatt, words, says):
    ran = gigawatt(*words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_bytes_are_no_flags(gigawatt, tmp_path):
    path = tmp_path / "flags"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not text" in gigawatt(*ON, "--from-flags", str(path)).err
    with path.open("wb") as file:
        file.truncate(6_000_000)
    assert "is larger than 5 MB" in gigawatt(*ON, "--from-flags", str(path)).err


@pytest.mark.parametrize(
    ("option", "value", "field", "other"),
    [
        ("--schedule", "zero-bubble", "schedule", "zero-buble"),
        ("--offload", "optimizer", "offload", "optimiser"),
        ("--optimizer-bits", "8", "optimizer_bits", "16"),
        ("--context-exchange", "all-gather", "context_exchange", "allgather"),
    ],
)
def test_schedule_offload_moments_and_exchange_are_options(gigawatt, option, value, field, other):
    best = gigawatt(*ON, *JOB, option, value, "--json").document["result"]["best"]
    assert str(best[field]) == value
    wrong = gigawatt(*ON, *JOB, option, other)
    assert wrong.code == 2
    assert f'{field} "{other}" is not known' in wrong.err


def test_options_that_no_tool_is_written_for_are_refused_with_emit(gigawatt):
    ran = gigawatt(*ON, *JOB, "--optimizer-bits", "8", "--emit", "torchtitan")
    assert ran.code == 2
    assert "torchtitan cannot express" in ran.err
    assert ran.out == ""


def test_further_schedules_are_searched_when_allowed(gigawatt):
    options = (*ON, "--model", "llama-3.1-70b", "--gpus", "64", "--batch", "2M", "--pp", "8")
    usual, more = (
        gigawatt(*options, *allow, "--json").document["result"] for allow in ((), ("--allow", "dualpipe, zero-bubble"))
    )
    assert usual["schedules"] == ["1f1b"]
    assert more["schedules"] == ["1f1b", "dualpipe", "zero-bubble"]
    assert more["best"]["schedule"] != "1f1b"  # neither is calibrated, and both promise smaller bubbles
    assert more["best"]["step_time_s"] < usual["best"]["step_time_s"]
    assert usual["zero_stages"] == [0, 1]  # a pipeline shards no more outside of PyTorch
    assert "of 1f1b, dualpipe and ZeRO 0, 1" in " ".join(gigawatt(*options, "--allow", "dualpipe").out.split())
    for wrong, says in (
        (("--allow", "gpipe"), 'allow: "gpipe" is no schedule of a pipeline'),
        (("--allow", "dualpipe", "--schedule", "1f1b"), "the schedule is held at 1f1b"),
    ):
        ran = gigawatt(*options, *wrong)
        assert ran.code == 2
        assert says in ran.err


def test_routing_is_as_even_as_it_is_said_to_be(gigawatt):
    options = (*ON, "--model", "qwen3-30b-a3b", "--gpus", "64", "--batch", "4M", "--ep", "8", "--json")
    steps = [
        gigawatt(*options, *spread).document["result"]["best"]["step_time_s"]
        for spread in ((), *(("--routing-spread", how) for how in ("forced", "bias", "0.02", "auxiliary")))
    ]
    even, forced, bias, number, auxiliary = steps
    assert even == forced < bias == number < auxiliary
    for wrong in ("-1", "loss", "nan"):
        ran = gigawatt(*options[:-1], "--routing-spread", wrong)
        assert ran.code == 2
        assert f'routing spread "{wrong}" is neither a number' in ran.err
