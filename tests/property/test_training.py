"""Laws of the training engine over many jobs and layouts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_parts import GB200, H100, LLAMA_8B, LLAMA_70B, QWEN_30B

from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.training import Layout, TrainingJob, estimate, search
from gigawatt.engines.training.columns import job_columns, layout_columns
from gigawatt.engines.training.parallelism import PARALLELISMS, context, expert, pipeline, tensor

powers = st.sampled_from([1, 2, 4, 8])


@st.composite
def cases(draw):
    """A job and a layout that uses all its accelerators."""
    layout = Layout(
        draw(powers),
        draw(powers),
        draw(powers),
        draw(powers),
        micro_batch=draw(st.sampled_from([1, 2])),
        recompute=draw(st.sampled_from(["none", "selective", "half", "full"])),
        zero_stage=draw(st.sampled_from([0, 1, 2, 3])),
        sequence_parallel=draw(st.booleans()),
    )
    model = draw(st.sampled_from([LLAMA_8B, LLAMA_70B, QWEN_30B]))
    chip = draw(st.sampled_from([H100, GB200]))
    date = draw(st.sampled_from([2022.0, 2024.5, 2026.0, 2026.5]))
    job = TrainingJob(model, chip, layout.gpus_count, 8192, 128, draw(st.sampled_from(["bf16", "fp8"])), date)
    return job, layout


@given(cases())
@settings(max_examples=150, deadline=None)
def test_breakdown_sums_and_nothing_is_negative(case):
    step = estimate(*case)
    assert sum(step.breakdown_s.values()) == pytest.approx(step.step_time_s, abs=1e-9)
    assert min(step.breakdown_s.values()) >= 0.0
    assert step.low_s < step.step_time_s < step.high_s


@given(cases())
@settings(max_examples=150, deadline=None)
def test_mfu_stays_below_what_kernels_reach(case):
    job, layout = case
    step = estimate(job, layout)
    key = "hopper" if job.accelerator is H100 else "blackwell"
    assert 0.0 < step.mfu < CALIBRATION.gemm_fraction[f"{key}.{job.precision}"]
    assert step.hfu >= step.mfu
    assert job.accelerator.idle_w < step.gpu_power_w <= job.accelerator.system_w


@given(cases())
@settings(max_examples=100, deadline=None)
def test_tokens_are_conserved(case):
    job, layout = case
    step = estimate(job, layout)
    assert step.tokens_per_s * step.step_time_s == pytest.approx(128 * 8192)
    assert step.tokens_per_s_per_gpu * job.gpus_count == pytest.approx(step.tokens_per_s)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_model_flops_do_not_depend_on_the_layout(case):
    job, layout = case
    alone = estimate(replace(job, gpus_count=1), Layout(recompute="none"))
    assert estimate(job, layout).model_flops == pytest.approx(alone.model_flops)


@given(cases(), st.sampled_from(["scale_up", "scale_out", "hbm_bytes_per_s"]))
@settings(max_examples=150, deadline=None)
def test_more_bandwidth_never_slows_a_layout(case, name):
    job, layout = case
    value = getattr(job.accelerator, name)
    better = value * 2.0 if isinstance(value, float) else replace(value, bytes_per_s=2.0 * value.bytes_per_s)
    faster = replace(job, accelerator=replace(job.accelerator, **{name: better}))
    assert estimate(faster, layout).step_time_s <= estimate(job, layout).step_time_s * (1.0 + 1e-12)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_recomputation_never_saves_time_nor_costs_memory(case):
    job, layout = case
    none, full = (estimate(job, replace(layout, recompute=kind)) for kind in ("none", "full"))
    assert full.step_time_s > none.step_time_s
    if layout.pipeline_parallel > 1:
        assert full.memory.activations_gib < none.memory.activations_gib


@pytest.mark.parametrize("model", [LLAMA_8B, QWEN_30B])
def test_degree_one_of_any_parallelism_changes_nothing(model):
    job = job_columns([TrainingJob(model, H100, 1, 4096, 4)], CALIBRATION)
    one = layout_columns([Layout()])
    for module in PARALLELISMS.values():
        assert all(float(part[0]) == 1.0 for part in module.weights_share(job, one))
        assert float(module.work_share(job, one)[0]) == 1.0
    assert float(tensor.exposed_time_s(job, one, CALIBRATION)[0]) == 0.0
    assert float(expert.exposed_time_s(job, one, CALIBRATION)[0]) == 0.0
    assert float(pipeline.exposed_time_s(job, one, CALIBRATION)[0]) == 0.0
    assert float(pipeline.bubble_slots(one, CALIBRATION)[0]) == 0.0
    nothing = 0.0 * one.tensor
    assert float(context.exposed_time_s(job, one, CALIBRATION, nothing, nothing)[0]) == 0.0


@given(st.sampled_from([16, 32, 64]), st.sampled_from(["hbm_bytes", "hbm_bytes_per_s"]))
@settings(max_examples=6, deadline=None)
def test_more_memory_never_slows_the_best(gpus, name):
    job = TrainingJob(LLAMA_8B, H100, gpus, 8192, 128)
    more = replace(H100, **{name: 2.0 * getattr(H100, name)})
    assert search(replace(job, accelerator=more)).best.step_time_s <= search(job).best.step_time_s * (1.0 + 1e-12)
