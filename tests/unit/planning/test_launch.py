"""Layouts in the words of the tools that train, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.catalogue import load
from gigawatt.engines.training import estimate
from gigawatt.engines.training.types import Layout
from gigawatt.errors import InputError
from gigawatt.planning import launch
from gigawatt.planning.jobs import train
from gigawatt.planning.launch.question import question
from gigawatt.planning.training import training_job

TOOLS = sorted(launch.TOOLS)
DENSE, MIXTURE, LATENT = "llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3"


def job_of(model=DENSE, layout=None, *, steps=2, precision="bf16", accelerator="h100-sxm"):
    """Return a job that a layout fits: its accelerators, and a batch of so many micro-batches."""
    layout = layout or Layout()
    job = training_job(
        load(), model, accelerator, layout.gpus_count, sequence_tokens=8192, batch_tokens=8192.0 * 64,
        precision=precision, software_date=2025.0,
    )  # fmt: skip
    return replace(job, batch_sequences=layout.data_parallel * layout.micro_batch * steps)


def back(tool, job, layout):
    read = launch.read(launch.emit(tool, job, layout), tool)
    return launch.plain(read.layout(layers=job.model.layers), experts=job.model.experts > 0)


layouts = st.builds(
    Layout,
    tensor_parallel=st.sampled_from([1, 2, 4, 8]),
    pipeline_parallel=st.sampled_from([1, 2, 4, 8]),
    data_parallel=st.integers(1, 24),
    context_parallel=st.sampled_from([1, 2, 4]),
    expert_parallel=st.sampled_from([1, 2, 8]),
    expert_tensor_parallel=st.sampled_from([1, 2, 4]),
    micro_batch=st.integers(1, 8),
    virtual_stages=st.sampled_from([1, 2, 3, 4]),
    recompute=st.sampled_from(["none", "selective", "half", "full"]),
    zero_stage=st.integers(0, 3),
    sequence_parallel=st.booleans(),
    tensor_overlap=st.booleans(),
    shard_group=st.sampled_from([0, 1, 2, 4, 8]),
    schedule=st.sampled_from(["1f1b", "1f1b", "1f1b", "dualpipe"]),
    offload=st.sampled_from(["none", "none", "optimizer"]),
    optimizer_bits=st.sampled_from([32, 32, 8]),
    context_exchange=st.sampled_from(["ring", "all-gather"]),
)


@pytest.mark.parametrize("tool", TOOLS)
@settings(max_examples=300, deadline=None)
@given(layout=layouts, model=st.sampled_from([DENSE, MIXTURE, LATENT]))
def test_a_layout_comes_back_as_it_went_or_is_refused(tool, layout, model):
    job = job_of(model, layout)
    try:
        text = launch.emit(tool, job, layout)
    except InputError as error:
        refused = str(error)
        assert refused.startswith(f"{tool} cannot ")
        return
    read = launch.read(text)  # the tool is told from the text
    assert read.tool == tool
    experts = job.model.experts > 0
    assert launch.plain(read.layout(layers=job.model.layers), experts=experts) == launch.plain(layout, experts=experts)
    assert (read.gpus_count, read.sequence_tokens) == (job.gpus_count, job.sequence_tokens) or tool == "torchtitan"
    assert read.batch_sequences == job.batch_sequences
    assert not [note for note in read.notes if note.startswith("without a part")]


# what each tool has a word for: none of these may be refused
EXPRESSIBLE = [
    ("megatron", Layout(4, 4, 6, 2, virtual_stages=2, recompute="selective", shard_group=4)),
    ("megatron", Layout(4, 4, 6, 2, virtual_stages=3, recompute="full", zero_stage=0, tensor_overlap=False)),
    ("megatron", Layout(2, 1, 8, zero_stage=3, sequence_parallel=False)),
    ("megatron", Layout(2, 2, 8, 4, context_exchange="all-gather", offload="optimizer")),
    ("megatron", Layout(2, 2, 8, optimizer_bits=8)),
    ("nemo", Layout(2, 2, 8, 4, context_exchange="all-gather", offload="optimizer")),
    ("nemo", Layout(2, 2, 8, optimizer_bits=8)),
    ("torchtitan", Layout(2, 1, 8, 4, recompute="full", zero_stage=3, context_exchange="all-gather")),
    ("torchtitan", Layout(2, 1, 8, 4, recompute="full", zero_stage=3, context_exchange="ring")),
    ("deepspeed", Layout(1, 1, 64, zero_stage=3, micro_batch=4, offload="optimizer")),
    ("deepspeed", Layout(2, 1, 8, zero_stage=1, sequence_parallel=False, offload="optimizer")),
    ("nemo", Layout(4, 4, 6, 2, virtual_stages=2, recompute="selective", shard_group=4)),
    ("nemo", Layout(2, 1, 8, zero_stage=2, recompute="full")),
    ("torchtitan", Layout(8, 4, 4, 2, virtual_stages=2, micro_batch=2, recompute="half", zero_stage=3)),
    ("torchtitan", Layout(1, 1, 16, recompute="none", zero_stage=3, shard_group=8)),
    ("torchtitan", Layout(1, 1, 16, recompute="full", zero_stage=0)),
    ("torchtitan", Layout(2, 2, 16, recompute="full", zero_stage=2, tensor_overlap=False)),
    ("deepspeed", Layout(4, 4, 4, recompute="full", tensor_overlap=False)),
    ("deepspeed", Layout(1, 1, 64, zero_stage=3, micro_batch=4)),
    ("deepspeed", Layout(2, 1, 8, zero_stage=2, sequence_parallel=False)),
]


@pytest.mark.parametrize(("tool", "layout"), EXPRESSIBLE)
def test_what_a_tool_has_a_word_for_round_trips(tool, layout):
    assert back(tool, job_of(layout=layout), layout) == launch.plain(layout, experts=False)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("model", [DENSE, MIXTURE])
def test_what_is_found_within_a_tool_can_be_emitted(tool, model):
    answer = train(load(), model, "h100-sxm", 64, tool=tool, batch_tokens=4e6)
    for step in (answer.found.best, *answer.found.alternatives):
        assert back(tool, answer.job, step.layout) == launch.plain(step.layout, experts=answer.job.model.experts > 0)


@pytest.mark.parametrize(("tool", "stage"), [("megatron", 0), ("nemo", 2), ("torchtitan", 2), ("deepspeed", 0)])
def test_a_sharding_that_is_asked_for_is_searched(tool, stage):
    answer = train(load(), DENSE, "h100-sxm", 64, tool=tool, batch_tokens=4e6, fixed={"zero_stage": stage})
    assert answer.found.best.layout.zero_stage == stage
    assert back(tool, answer.job, answer.found.best.layout).zero_stage == stage


@pytest.mark.parametrize(
    ("tool", "fixed"),
    [
        ("megatron", {"offload": "optimizer"}),
        ("nemo", {"optimizer_bits": 8}),
        ("deepspeed", {"offload": "optimizer"}),
        ("torchtitan", {"context_parallel": 2, "context_exchange": "ring"}),
        ("megatron", {"context_parallel": 2, "context_exchange": "all-gather"}),
    ],
)
def test_what_saves_memory_is_searched_and_emitted_when_asked_for(tool, fixed):
    answer = train(load(), DENSE, "h100-sxm", 64, tool=tool, batch_tokens=4e6, fixed=fixed)
    layout = answer.found.best.layout
    assert {name: getattr(layout, name) for name in fixed} == fixed
    assert back(tool, answer.job, layout) == launch.plain(layout, experts=False)


def test_torchtitan_cuts_experts_as_tensors_or_not_at_all():
    on = {"model": MIXTURE, "accelerator": "h100-sxm", "gpus": 64, "tool": "torchtitan", "batch_tokens": 4e6}
    answer = train(load(), fixed={"tensor_parallel": 4}, **on)
    steps = (answer.found.best, *answer.found.alternatives)
    assert {step.layout.expert_tensor_parallel for step in steps} <= {1, 4}
    for step in steps:
        assert launch.emit("torchtitan", answer.job, step.layout)
    both = {"tensor_parallel": 4, "expert_tensor_parallel": 4}
    assert train(load(), fixed=both, **on).found.best.layout.expert_tensor_parallel == 4
    with pytest.raises(InputError, match="torchtitan cannot express expert tensor parallel 2"):
        train(load(), fixed={**both, "expert_tensor_parallel": 2}, **on)


def test_schedules_that_are_allowed_are_searched_within_a_tool_too():
    on = {"model": DENSE, "accelerator": "h100-sxm", "gpus": 64, "batch_tokens": 4e6, "fixed": {"pipeline_parallel": 4}}
    every = ("zero-bubble", "dualpipe")
    for tool, stages in ((None, (0, 1)), ("megatron", (1,)), ("torchtitan", (3,))):
        usual, more = (train(load(), tool=tool, allow=names, **on).found for names in ((), every))
        assert usual.schedules == ("1f1b",)
        assert set(more.schedules) == {"1f1b", *every}
        assert usual.zero_stages == more.zero_stages == stages
        assert more.searched > usual.searched
        assert more.best.step_time_s <= usual.best.step_time_s


def test_a_tool_with_less_choice_is_never_faster():
    whole = train(load(), DENSE, "h100-sxm", 64, batch_tokens=4e6).found.best.step_time_s
    assert train(load(), DENSE, "h100-sxm", 64, batch_tokens=4e6, tool="megatron").found.best.step_time_s >= whole


@pytest.mark.parametrize(
    ("tool", "layout", "says"),
    [
        ("megatron", Layout(recompute="half"), "recompute half"),
        ("nemo", Layout(1, 2, schedule="dualpipe"), "dualpipe"),
        ("megatron", Layout(data_parallel=6, shard_group=4), "groups of 4"),
        ("torchtitan", Layout(data_parallel=2), "ZeRO stage 1"),
        ("torchtitan", Layout(2, 1, 2, zero_stage=0), "ZeRO stage 0 beside another kind"),
        ("torchtitan", Layout(recompute="selective", zero_stage=3), "selective recomputation"),
        ("torchtitan", Layout(2, zero_stage=3, sequence_parallel=False), "without sequence parallelism"),
        ("torchtitan", Layout(1, 3, virtual_stages=3, zero_stage=3), "32 layers in 9 virtual stages"),
        ("deepspeed", Layout(context_parallel=2), "context parallel 2"),
        ("deepspeed", Layout(1, 2, virtual_stages=2), "virtual stages 2"),
        ("deepspeed", Layout(recompute="selective"), "recompute selective"),
        ("deepspeed", Layout(1, 2, zero_stage=3), "ZeRO stage 3 with a pipeline"),
        ("deepspeed", Layout(2), "collectives beside the products"),
        ("deepspeed", Layout(1, 2, 2, offload="optimizer"), "host memory with a pipeline"),
        ("deepspeed", Layout(1, 1, 2, zero_stage=0, offload="optimizer"), "host memory with ZeRO stage 0"),
        ("deepspeed", Layout(1, 1, 2, optimizer_bits=8), "optimizer states of 8 bits"),
        ("megatron", Layout(1, 1, 2, zero_stage=3, offload="optimizer"), "host memory or in 8 bits with ZeRO stage 3"),
        ("nemo", Layout(1, 1, 2, zero_stage=0, optimizer_bits=8), "host memory or in 8 bits with ZeRO stage 0"),
        ("nemo", Layout(1, 1, 2, offload="optimizer", optimizer_bits=8), "host memory and in 8 bits"),
        ("torchtitan", Layout(1, 1, 2, zero_stage=3, offload="optimizer"), "with all else on the accelerator"),
        ("torchtitan", Layout(1, 1, 2, zero_stage=3, optimizer_bits=8), "optimizer states of 8 bits"),
        ("megatron", Layout(1, 2, 2, schedule="zero-bubble"), "the zero-bubble schedule"),
    ],
)
def test_what_a_tool_has_no_word_for_is_refused(tool, layout, says):
    with pytest.raises(InputError, match=says):
        launch.emit(tool, job_of(layout=layout), layout)


@pytest.mark.parametrize(("tool", "precision"), [("torchtitan", "fp4"), ("deepspeed", "fp8")])
def test_a_precision_without_a_word_is_refused(tool, precision):
    job = replace(job_of(accelerator="b200-sxm"), precision=precision)
    with pytest.raises(InputError, match=precision):
        launch.emit(tool, job, Layout(zero_stage=3))


@pytest.mark.parametrize("tool", ["megatron", "nemo", "torchtitan"])
@pytest.mark.parametrize("precision", ["bf16", "fp8", "mxfp8", "fp4"])
def test_precisions_come_back(tool, precision):
    if (tool, precision) == ("torchtitan", "fp4"):
        return
    job = replace(job_of(), precision=precision)
    assert launch.read(launch.emit(tool, job, Layout(zero_stage=3))).precision == precision


@settings(max_examples=60, deadline=None)
@given(layout=layouts, model=st.sampled_from([DENSE, MIXTURE]))
def test_the_plain_layout_is_the_same_configuration(layout, model):
    """What `plain` sets back has no effect on time or memory beyond a message's latency."""
    layout = layout if model == MIXTURE else replace(layout, expert_parallel=1)
    layout = layout if layout.zero_stage else replace(layout, shard_group=0)  # groups of what is not sharded
    job = job_of(model, layout)
    given_, plain = estimate(job, layout), estimate(job, launch.plain(layout, experts=job.model.experts > 0))
    assert plain.step_time_s == pytest.approx(given_.step_time_s, rel=1e-4)
    assert plain.memory.total_gib == pytest.approx(given_.memory.total_gib, rel=1e-9)


def test_the_prediction_is_that_of_the_layout_itself():
    job = job_of("llama-3.1-70b", layout := Layout(8, 4, 4, virtual_stages=2), steps=8)
    asked = question(launch.read(launch.emit("megatron", job, layout)), load(), model="llama-3.1-70b")
    answer = train(
        asked.catalogue, asked.model, "h100-sxm", asked.gpus_count, sequence=asked.sequence_tokens,
        batch_sequences=asked.batch_sequences, fixed=asked.fixed, software_date=2025.0, tool="megatron",
    )  # fmt: skip
    assert answer.found.alternatives[0].step_time_s == pytest.approx(estimate(job, layout).step_time_s, rel=1e-12)


def test_unknown_tools_name_the_nearest():
    with pytest.raises(InputError, match="Nearest: megatron"):
        launch.emit("megatrn", job_of(), Layout())
    with pytest.raises(InputError, match="deepspeed cannot express context parallel 4"):
        train(load(), DENSE, "h100-sxm", 64, tool="deepspeed", fixed={"context_parallel": 4})
