"""Flags, scripts and job files as people have them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigawatt.catalogue import load
from gigawatt.engines.training.types import Layout
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning import launch
from gigawatt.planning.launch.question import FROM_FLAGS, model_of, question
from gigawatt.planning.launch.words import flags_of, split

TOOLS = sorted(launch.TOOLS)

SCRIPT = r"""#!/bin/bash
# don't stop at this comment
TP=8
export PP=4
SEQ_LEN=${1:-4096}
MODEL_ARGS=(
    --num-layers 80 --hidden-size 8192   # Llama 70B
    --num-attention-heads 64
    --group-query-attention --num-query-groups 8
    --ffn-hidden-size 28672 --swiglu
    --untie-embeddings-and-output-weights --vocab-size 128256
)
PARALLEL="--tensor-model-parallel-size $TP --pipeline-model-parallel-size ${PP} --sequence-parallel"
torchrun --nnodes 16 --nproc_per_node=8 pretrain_gpt.py ${MODEL_ARGS[@]} $PARALLEL \
    --num-layers-per-virtual-pipeline-stage 5 \
    --use-distributed-optimizer --recompute-activations \
    --micro-batch-size 1 --global-batch-size 1000 --seq-length $SEQ_LEN \
    --lr 1e-4 --data-path /data/x --bf16 --fp8-format hybrid
"""


def test_a_megatron_script_with_variables_and_arrays():
    read = launch.read(SCRIPT)
    assert read.layout() == Layout(
        8, 4, 4, virtual_stages=4, recompute="selective", tensor_overlap=False, precision="fp8", zero_stage=1
    )
    assert (read.gpus_count, read.sequence_tokens, read.batch_sequences) == (128, 4096, 1000)
    assert (read.model["layers"], read.model["kv_heads"]) == (80, 8)
    assert read.notes == ("without a part in the prediction: --data-path, --lr",)


def test_the_model_of_the_flags_has_the_count_of_llama():
    entry = model_of(launch.read(SCRIPT))
    assert entry.total_parameters_count.value == 70_553_706_496
    asked = question(launch.read(SCRIPT), load())
    assert asked.model == FROM_FLAGS
    assert asked.batch_sequences == 1000
    assert asked.fixed["data_parallel"] == 4


UNTIDY = r"""
NODES=${SLURM_NNODES:-"4"}
mkdir -p "$(dirname "$CHECKPOINTS")"
WORLD_SIZE=$((8*$NODES))
LAUNCH=(
    --nproc_per_node 8   # "a quote
    --nnodes $NODES
    --master_port ${PORT:-6000}
)
ARGS=(
    --num-experts 8
#   --moe-grouped-gemm
    --sequence-parallel  # on
)
if [[ "$DTYPE" == "fp8" ]]; then
    ARGS+=(
        "--fp8-format hybrid"
        "--fp8-recipe 'blockwise'"
        "--bf16"
    )
fi
ARGS+=("${MORE[@]}")
torchrun ${LAUNCH[@]} pretrain_gpt.py ${ARGS[@]} --expert-model-parallel-size=8 --micro_batch_size 2
set +x
"""


def test_a_script_with_conditions_and_quoted_pairs():
    read = launch.read(UNTIDY)
    assert read.gpus_count == 32
    assert read.precision == "fp8"
    assert read.layout() == Layout(data_parallel=32, expert_parallel=8, micro_batch=2, zero_stage=0, precision="fp8")
    assert read.notes == ()


def test_an_older_torchtitan_file():
    read = launch.read(
        '[model]\nconverters = "float8"\n[training]\nbatch_size = 2\n[activation_checkpoint]\nmode = "full"'
    )
    assert read.layout(16) == Layout(data_parallel=16, micro_batch=2, recompute="full", zero_stage=3, precision="fp8")


def test_megatron_defaults_of_a_gated_feed_forward():
    read = launch.read("--num-layers 2 --hidden-size 4096 --num-attention-heads 32 --vocab-size 32000 --swiglu")
    assert model_of(read).ffn_hidden == 10880  # int(4 * 4096 * 2 / 3 / 64) * 64
    plain = launch.read("--num-layers 2 --hidden-size 4096 --num-attention-heads 32 --vocab-size 32000")
    assert model_of(plain).ffn_hidden == 16384


@pytest.mark.parametrize(
    ("written", "dense"), [("1", 0), ("2", 30), ("([0]*3+[1]*58)", 3), ("[0]+[1]*60", 1), ("[0,1,0]+[1]*58", 2)]
)
def test_patterns_of_dense_layers(written, dense):
    read = launch.read(f'--num-layers 61 --num-experts 256 --moe-layer-freq "{written}"')
    assert read.model["dense_layers"] == dense


def test_megatron_expert_tensor_parallel_follows_tensor():
    read = launch.read("--tensor-model-parallel-size 4 --num-experts 8 --micro-batch-size 1")
    assert read.layout(8).expert_tensor_parallel == 4
    unaware = launch.read("--tensor-model-parallel-size 4 --micro-batch-size 1")  # the model is named apart
    asked = question(unaware, load(), model="mixtral-8x7b", gpus_count=8, fixed={"tensor_parallel": 2})
    assert asked.fixed["expert_tensor_parallel"] == 2
    assert "expert_tensor_parallel" not in question(unaware, load(), model="llama-3.1-8b", gpus_count=8).fixed
    explicit = launch.read("--tensor-model-parallel-size 4 --expert-tensor-parallel-size 1 --num-experts 8")
    assert explicit.degrees(8)["expert_tensor_parallel"] == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("--tensor-model-parallel-size $TP", r"\$TP.*a variable that the text does not set"),
        ("--tensor-model-parallel-size 0", "is not a whole number of at least 1"),
        ("--tensor-model-parallel-size", "is not a whole number"),
        ("--seq-length 4096 --seq-length 8192", "--seq-length is given twice, as 4096 and as 8192"),
        ("--micro-batch-size 1 --bf16 --fp16", "exclude each other"),
        ("--micro-batch-size 1 --fp8-format hybrid --fp4-format e2m1", "exclude each other"),
        ("--micro-batch-size 1 --fp8-format hybrid --fp8-recipe best", '"best" is none of blockwise'),
        ("--num-layers 8 --num-layers-per-virtual-pipeline-stage 2", "pipeline_model_parallel_size is 1"),
        ("--tensor-model-parallel-size 2 --tp-comm-overlap", "needs sequence_parallel"),
        ("--num-layers 8 --num-experts 8 --expert-model-parallel-size 3", "8 experts do not split"),
        ("--num-layers 8 --recompute-granularity most", '"most" is none of full, selective'),
        ("--num-layers 8 --recompute-granularity full --recompute-activations", "means selective"),
        ("--num-layers 8 --data-parallel-sharding-strategy optim_grads", "needs use_megatron_fsdp"),
        ("--num-layers 8 --use-megatron-fsdp --use-torch-fsdp2", "exclude each other"),
        ("--num-layers 8 --moe-layer-freq __import__('os')", "neither a number nor a sum"),
        ("--num-layers 8 --moe-layer-freq [1]*7", "one entry for each of 8 layers"),
        ("--num-layers 'x", "cannot be read as shell words"),
        ("--num-layers " + "9" * 2_000_000, "a launch script has a few thousand"),
        ("hello", "name the tool with --tool: megatron"),
        ("", "name the tool"),
    ],
)
def test_wrong_megatron_flags_are_refused(text, says):
    with pytest.raises(InputError, match=says):
        launch.read(text)


def test_degrees_must_divide():
    read = launch.read(
        "torchrun --nnodes 1 --nproc-per-node 8 x.py --tensor-model-parallel-size 3 --micro-batch-size 1"
    )
    with pytest.raises(InputError, match="tensor 3 x pipeline 1 x context 1 does not divide 8"):
        read.layout()
    read = launch.read(
        "--pipeline-model-parallel-size 4 --num-layers-per-virtual-pipeline-stage 5 --micro-batch-size 1"
    )
    with pytest.raises(InputError, match="not the model's layers"):
        read.layout(8)
    with pytest.raises(InputError, match="make 7 stages, which pipeline 4 does not divide"):
        read.layout(8, layers=32)


def test_python_lines_of_a_recipe():
    read = launch.read(
        """
cfg = llama3_70b_pretrain_config()
cfg.mixed_precision = "bf16_with_mxfp8_mixed"
cfg.model.tensor_model_parallel_size = 4
cfg.model.pipeline_model_parallel_size = 4
cfg.model.virtual_pipeline_model_parallel_size = 5  # layers 4
cfg.model.sequence_parallel = True
cfg.train.micro_batch_size = 2
cfg.ddp.use_megatron_fsdp = False
cfg.model.gradient_accumulation_fusion = False
"""
    )
    assert read.tool == "nemo"
    assert read.precision == "mxfp8"
    assert read.layout(64) == Layout(
        4, 4, 4, virtual_stages=5, micro_batch=2, zero_stage=0, tensor_overlap=False, precision="mxfp8"
    )
    assert "without a part in the prediction: model.gradient_accumulation_fusion" in read.notes


def test_wrong_overrides_are_refused():
    with pytest.raises(InputError, match='"fast" is none of bf16_mixed'):
        launch.read("model.seq_length=4 mixed_precision=fast")
    with pytest.raises(InputError, match=r"dataset\.sequence_length is given as 8192, but seq_length is 4096"):
        launch.read("model.seq_length=4096 dataset.sequence_length=8192")


TITAN = """
[job]
description = "x"
[model]
name = "llama3"
flavor = "70B"
converters = ["float8"]
[training]
local_batch_size = 16
seq_len = 8192
[parallelism]
data_parallel_shard_degree = -1
tensor_parallel_degree = 8
pipeline_parallel_degree = 4
pipeline_parallel_schedule = "Interleaved1F1B"
pipeline_parallel_microbatch_size = 2
[activation_checkpoint]
mode = "selective"
selective_ac_option = "2"
"""


def test_a_torchtitan_file():
    read = launch.read(TITAN)
    assert read.model_id == "llama-3.1-70b"
    assert read.gpus_count is None  # the sharding degree takes what is left
    assert read.layout(256) == Layout(
        8, 4, 8, micro_batch=2, virtual_stages=2, recompute="half", zero_stage=2, tensor_overlap=False, precision="fp8"
    )
    assert read.notes[0].startswith("activation checkpointing by selective 2")
    assert read.notes[1] == "without a part in the prediction: [job] description"


def test_torchtitan_counts_embedding_and_head_as_layers():
    text = TITAN + "[extra]\n" + ""
    text = text.replace('"Interleaved1F1B"', '"Interleaved1F1B"\npipeline_parallel_layers_per_stage = 5')
    read = launch.read(text)
    with pytest.raises(InputError, match="80 layers in virtual stages of 5 make 17 stages"):
        read.layout(256, layers=80)
    assert read.layout(256, layers=78).virtual_stages == 4  # 78 + 2 in stages of 5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("= 8192", '= "8192"'), r"\[training\] seq_len = '8192' is not a whole number"),
        (("tensor_parallel_degree = 8", "tensor_parallel_degree = 0"), "tensor_parallel_degree = 0"),
        (("tensor_parallel_degree = 8", "tensor_parallel_degree = true"), "tensor_parallel_degree = True"),
        (('mode = "selective"', 'mode = "some"'), "mode = 'some' is none of none, selective"),
        (("[job]", "[job"), "is not TOML"),
    ],
)
def test_wrong_torchtitan_files_are_refused(change, says):
    with pytest.raises(InputError, match=says):
        launch.read(TITAN.replace(*change))


def test_deepspeed_json_alone_gives_data_parallelism():
    config = {
        "train_batch_size": 1024,
        "train_micro_batch_size_per_gpu": 4,
        "gradient_accumulation_steps": 8,
        "zero_optimization": {"stage": 3, "overlap_comm": True},
        "bf16": {"enabled": "auto"},
    }
    read = launch.read(json.dumps(config))
    assert read.layout() == Layout(data_parallel=32, micro_batch=4, zero_stage=3)
    assert read.notes == ("without a part in the prediction: zero_optimization.overlap_comm",)
    config["train_micro_batch_size_per_gpu"] = "auto"
    left_open = launch.read(json.dumps(config), "deepspeed")
    assert "micro_batch" not in left_open.fixed
    with pytest.raises(InputError, match="do not say data_parallel and micro_batch"):
        left_open.layout()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"train_batch_size": 64, "zero_optimization": {"stage": 4}}', "4 is none of 0, 1, 2, 3"),
        ('{"train_batch_size": "many"}', "'many' is not a whole number"),
        ('{"train_batch_size": 0}', "0 is not a whole number of at least 1"),
        ('{"train_batch_size": 64', "JSON cannot be read"),
        ('{"train_batch_size": 64}\n--global-batch-size 128', "is 64 in the JSON, but --global-batch-size is 128"),
        ('{"zero_optimization": {"stage": 3}}\n--zero-stage 1', "is 3 in the JSON, but --zero-stage is 1"),
        ('{"zero_optimization": {"stage": 2}}\n--pipeline-model-parallel-size 2', "takes stage 0 or 1 only"),
        ("deepspeed --num_nodes 1 --num_gpus 8 --deepspeed x.py --zero-stage x", '"x" is none of 0, 1, 2, 3'),
        (
            '{"train_batch_size": 100, "train_micro_batch_size_per_gpu": 4, "gradient_accumulation_steps": 2}\n'
            "deepspeed --num_nodes 1 --num_gpus 8 x.py",
            "100 is not train_micro_batch_size_per_gpu 4 x gradient_accumulation_steps 2 x data parallel 8",
        ),
    ],
)
def test_wrong_deepspeed_settings_are_refused(text, says):
    with pytest.raises(InputError, match=says):
        launch.read(text)


def test_flags_that_save_memory():
    common = "--micro-batch-size 1 --bf16 --use-distributed-optimizer --nnodes 2 --nproc-per-node 8"
    script = f"{common} --context-parallel-size 4 --cp-comm-type allgather --optimizer-cpu-offload"
    read = launch.read(f"{script} --use-precision-aware-optimizer --optimizer-offload-fraction 0.5", "megatron")
    layout = read.layout()
    assert (layout.context_exchange, layout.offload, layout.optimizer_bits) == ("all-gather", "optimizer", 32)
    assert read.notes == ("offloading 50% of the optimizer's states is predicted as of all of them",)
    lean = launch.read(f"{common} --use-precision-aware-optimizer --exp-avg-dtype fp8 --exp-avg-sq-dtype fp8")
    assert (lean.layout().optimizer_bits, lean.layout().offload, lean.notes) == (8, "none", ())
    wide = launch.read(f"{common} --use-precision-aware-optimizer --exp-avg-dtype bf16 --cp-comm-type a2a")
    assert (wide.layout().optimizer_bits, len(wide.notes)) == (32, 2)
    off = launch.read(f"{common} --optimizer-cpu-offload --optimizer-offload-fraction 0")
    assert off.layout().offload == "none"
    for wrong, says in (
        ("--cp-comm-type ring", '"ring" is none of'),
        ("--optimizer-offload-fraction 2", "from 0 to 1"),
    ):
        with pytest.raises(InputError, match=says):
            launch.read(f"{common} {wrong}")


def test_torchtitan_gathers_keys_and_values_unless_told_otherwise():
    text = "[parallelism]\ncontext_parallel_degree = 2\n[training]\nlocal_batch_size = 1\n"
    assert launch.read(text).layout(8).context_exchange == "all-gather"
    ring = text.replace("= 2", '= 2\ncontext_parallel_rotate_method = "alltoall"', 1)
    assert launch.read(ring).layout(8).context_exchange == "ring"
    with pytest.raises(InputError, match="'ring' is none of allgather, alltoall"):
        launch.read(ring.replace("alltoall", "ring"))
    offloaded = launch.read(text + "enable_cpu_offload = true\n")
    assert offloaded.layout(8).offload == "optimizer"
    assert offloaded.notes == (
        "weights, gradients and optimizer states in host memory are predicted as optimizer states alone",
    )


def test_deepspeed_offloads_by_json_or_by_flag():
    text = '{"train_batch_size": 64, "train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 1, %s}'
    read = launch.read(text % '"zero_optimization": {"stage": 2, "offload_optimizer": {"device": "cpu"}}')
    assert (read.layout().offload, read.notes) == ("optimizer", ())
    disk = launch.read(text % '"zero_optimization": {"stage": 3, "offload_optimizer": {"device": "nvme"}}')
    assert (disk.layout().offload, disk.notes) == (
        "optimizer",
        ("optimizer states on NVMe are predicted as in host memory",),
    )
    none = launch.read(text % '"zero_optimization": {"stage": 2, "offload_optimizer": {"device": "none"}}')
    assert none.layout().offload == "none"
    flag = launch.read("deepspeed --num_nodes 1 --num_gpus 8 x.py --deepspeed --zero-stage 1 --cpu-optimizer")
    assert flag.fixed["offload"] == "optimizer"
    for wrong, says in (
        ('"zero_optimization": {"stage": 2, "offload_optimizer": {"device": "disk"}}', "'disk' is none of none, cpu"),
        ('"zero_optimization": {"stage": 0, "offload_optimizer": {"device": "cpu"}}', "needs ZeRO stage 1 or more"),
    ):
        with pytest.raises(InputError, match=says):
            launch.read(text % wrong)


def test_flags_of_another_model_are_refused():
    with pytest.raises(InputError, match=r"layers 80 is 32 in llama-3\.1-8b; hidden 8192 is 4096"):
        question(launch.read(SCRIPT), load(), model="llama-3.1-8b")
    assert question(launch.read(SCRIPT), load(), model="llama-3.1-70b").model == "llama-3.1-70b"
    with pytest.raises(CatalogueError, match="Nearest"):
        question(launch.read(SCRIPT), load(), model="lama-3.1-70b")


def test_what_is_given_goes_before_the_flags():
    asked = question(launch.read(SCRIPT), load(), gpus_count=256, fixed={"tensor_parallel": 4, "virtual_stages": 2})
    assert (asked.fixed["tensor_parallel"], asked.fixed["data_parallel"]) == (4, 16)
    assert asked.fixed["virtual_stages"] == 2


def test_flags_without_a_model_or_accelerators_say_so():
    with pytest.raises(InputError, match="do not give its hidden, heads, vocabulary; name one with --model"):
        question(launch.read("--num-layers 8 --micro-batch-size 1"), load())
    with pytest.raises(InputError, match="give --gpus"):
        question(launch.read(TITAN), load())


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    for tool in TOOLS:
        try:
            read = launch.read(text, tool)
        except InputError as error:
            said = str(error)
        else:
            said = read.tool
        assert said


@given(st.lists(st.sampled_from(["a", "--b", "--c=1", "${X}", "$Y", "X=2", "(", ")", "'q r'"]), max_size=8))
def test_a_variable_counts_from_where_it_is_set(words):
    found = split(" ".join(words))
    set_before = "X=2" in words and "${X}" in words[words.index("X=2") :]
    assert ("2" in found) == set_before
    assert flags_of(found).get("c", ["1"])[0] == "1"
