"""The space of the search: complete, and what is left out never wins."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from training_parts import A100, DEEPSEEK_V3, H100, LLAMA_8B, LLAMA_70B, QWEN_30B

from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.training import Layout, TrainingJob, estimate, memory, rules, search
from gigawatt.engines.training.columns import job_columns, layout_columns
from gigawatt.engines.training.space import candidates, read_asked
from gigawatt.engines.training.step import breakdown
from gigawatt.errors import InputError

SMALL = replace(LLAMA_8B, layers=4, hidden=2048, heads=4, kv_heads=4, ffn_hidden=8192, vocabulary=32000)
SMALL_MOE = replace(QWEN_30B, layers=4, heads=4, experts=4, top_k=2, vocabulary=32000)
EVERY = ("1f1b", "zero-bubble", "dualpipe")
JOBS = [
    TrainingJob(SMALL, H100, 8, 8192, 16, "bf16", 2025.0),
    TrainingJob(SMALL, H100, 8, 8192, 16, "bf16", 2022.9),  # switches reduce, and tensor collectives are not hidden
    TrainingJob(SMALL, replace(H100, hbm_bytes=12e9), 16, 8192, 32, "fp8", 2025.0),
    TrainingJob(SMALL, A100, 16, 2048, 64, "bf16", 2022.0),
    TrainingJob(SMALL, H100, 16, 8192, 16, "bf16", 2025.0, "fsdp"),
    TrainingJob(SMALL_MOE, H100, 16, 8192, 32, "bf16", 2025.0),
    TrainingJob(SMALL_MOE, A100, 8, 4096, 16, "bf16", 2024.0),
]


def every_layout(job):
    """All layouts of all axes, dominated ones included, as one who leaves out nothing would list them."""
    gpus, model = job.gpus_count, job.model
    powers = [1, 2, 4, 8, 16]
    recomputes = ("none", "selective", "full") + (("half",) if job.stack == "fsdp" else ())
    for tensor, pipe, context, micro, virtual in product((1, 2, 4), (1, 2, 4), (1, 2, 4, 8), powers, (1, 2)):
        split = tensor * pipe * context
        if gpus % split or tensor * pipe * context > gpus or job.batch_sequences % (gpus // split * micro):
            continue
        if virtual > 1 and job.batch_sequences // (gpus // split * micro) % pipe:
            continue
        for expert, width, zero, schedule, exchange, sequence, recompute in product(
            (1, 2, 4) if model.experts else (1,),
            (1, 2, 4) if model.experts else (1,),
            (0, 1, 2, 3),
            EVERY,
            ("ring", "all-gather"),
            (True,) if model.experts or job.stack == "fsdp" else (True, False),
            recomputes,
        ):
            sharded = zero == 2 or (zero == 3 and job.stack != "fsdp")
            if tensor % width == 0 and not (sharded and pipe > 1):
                yield Layout(
                    tensor, pipe, gpus // split, context, expert, width, micro, virtual, recompute, zero, sequence,
                    job.precision, job.stack != "fsdp", schedule=schedule, context_exchange=exchange,
                )  # fmt: skip


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{job.model.experts}-{job.accelerator.name}-{job.software_date}")
def test_nothing_beats_the_best_of_the_whole_product(job):
    layouts = list(every_layout(job))
    columns, many = job_columns([job], CALIBRATION), layout_columns(layouts)
    holds = rules.mask(columns, many) & (memory.peak(columns, many).total <= memory.usable_bytes(columns))
    time_s = np.where(holds, breakdown(columns, many).total, np.inf)
    found = search(job, allow={"schedule": EVERY})
    assert found.best.step_time_s == pytest.approx(float(time_s.min()), rel=1e-12)
    assert found.searched < len(layouts)
    plain = search(job).best.step_time_s
    assert plain == pytest.approx(float(time_s[[lay.schedule == "1f1b" for lay in layouts]].min()), rel=1e-12)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{job.model.experts}-{job.accelerator.name}-{job.software_date}")
def test_every_axis_is_walked(job):
    layouts = candidates(job, job_columns([job], CALIBRATION), CALIBRATION)
    assert set(layouts.context_exchange) == {0.0, 1.0}
    assert set(layouts.recompute) >= {0.0, 1.0, 2.0}
    assert len(set(layouts.tensor)) == len(set(layouts.pipeline)) == 3
    assert set(layouts.zero_stage) >= {1.0, 2.0, 3.0}
    assert set(layouts.schedule) == {0.0}
    if job.model.experts:
        assert set(layouts.expert_tensor) == {1.0, 2.0, 4.0}


def test_replicated_optimizers_are_tried_where_switches_reduce():
    for job in JOBS:
        layouts = candidates(job, job_columns([job], CALIBRATION), CALIBRATION)
        assert (0.0 in layouts.zero_stage) == job.accelerator.scale_up.in_network_reduction


def test_all_reduces_of_activations_are_tried_only_where_they_may_win():
    tried = [len(set(candidates(job, job_columns([job], CALIBRATION), CALIBRATION).sequence_parallel)) for job in JOBS]
    assert tried == [1, 2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(("stack", "sharded"), [("megatron", False), ("deepspeed", False), ("fsdp", True)])
def test_parameters_are_sharded_under_a_pipeline_only_in_software_that_can(stack, sharded):
    job = replace(JOBS[0], stack=stack)
    layouts = candidates(job, job_columns([job], CALIBRATION), CALIBRATION)
    assert bool(np.any((layouts.zero_stage == 3) & (layouts.pipeline > 1))) == sharded
    assert not np.any((layouts.zero_stage == 2) & (layouts.pipeline > 1))
    asked = candidates(job, job_columns([job], CALIBRATION), CALIBRATION, read_asked({"zero_stage": 2}))
    assert np.any(asked.pipeline > 1)


BIG = TrainingJob(DEEPSEEK_V3, H100, 1024, 4096, 4096, "fp8", 2025.0)


def test_the_result_names_the_schedules_that_were_tried():
    assert search(BIG, 1).schedules == ("1f1b",)
    assert search(BIG, 1, {"schedule": "dualpipe"}).schedules == ("dualpipe",)
    assert set(search(BIG, 1, allow={"schedule": EVERY}).schedules) == set(EVERY)


def test_schedules_with_few_measurements_win_only_when_allowed():
    plain, allowed = search(BIG, 1), search(BIG, 1, allow={"schedule": EVERY})
    assert plain.best.layout.schedule == "1f1b"
    assert allowed.best.step_time_s <= plain.best.step_time_s
    assert allowed.searched > plain.searched


def test_allowed_values_replace_an_axis_and_fixed_ones_go_first():
    found = search(JOBS[0], allow={"tensor_parallel": (2, 4), "optimizer_bits": (8, 32)}, fixed={"recompute": "full"})
    steps = (found.best, *found.alternatives)
    assert {step.layout.tensor_parallel for step in steps} <= {2, 4}
    assert {step.layout.recompute for step in steps} == {"full"}
    assert {step.layout.optimizer_bits for step in steps} == {8, 32}


@pytest.mark.parametrize(
    ("allow", "text"),
    [
        ({"schedules": ("1f1b",)}, "Nearest: schedule"),
        ({"schedule": "1f1b"}, "list of values"),
        ({"schedule": ()}, "list of values"),
        ({"schedule": ("gpipe",)}, "one of 1f1b"),
        ({"micro_batch": ("two",)}, "whole number"),
    ],
)
def test_wrong_allowances_are_named(allow, text):
    with pytest.raises(InputError, match=text):
        search(JOBS[0], allow=allow)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (Layout(8, 5, 2, schedule="dualpipe"), "DualPipe"),  # odd
        (Layout(8, 4, 2, schedule="dualpipe", micro_batch=16), "DualPipe"),  # four micro-batches on four stages
        (Layout(8, 4, 2, schedule="dualpipe", virtual_stages=2), "DualPipe"),
        (Layout(8, 8, 1, schedule="zero-bubble", micro_batch=32), "at least as many micro-batches"),
    ],
)
def test_schedules_need_a_pipeline_they_can_fill(layout, text):
    step = estimate(TrainingJob(LLAMA_70B, H100, layout.gpus_count, 8192, 128), layout)
    assert not step.fits
    assert text in step.reason


def test_a_pipeline_of_one_has_one_schedule():
    job = JOBS[0]
    asked = read_asked(allow={"schedule": EVERY})
    layouts = candidates(job, job_columns([job], CALIBRATION), CALIBRATION, asked)
    assert set(layouts.schedule[layouts.pipeline == 1]) == {0.0}
    assert set(layouts.schedule) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("model", [SMALL, SMALL_MOE])
def test_an_expert_tensor_degree_of_zero_is_that_of_tensors(model):
    job = TrainingJob(model, H100, 16, 8192, 32, "bf16", 2025.0)
    columns = job_columns([job], CALIBRATION)

    def found(*degrees):
        return candidates(job, columns, CALIBRATION, read_asked(allow={"expert_tensor_parallel": degrees}))

    both, whole = found(1, 0), found(1)
    names = [name for name in both.__dataclass_fields__ if getattr(both, name).size > 1]
    assert len(set(zip(*(getattr(both, name) for name in names), strict=True))) == both.tensor.size  # none twice
    cut = both.expert_tensor > 1.0
    assert np.all(both.expert_tensor[cut] == both.tensor[cut])
    assert np.any(cut) == bool(model.experts)
    assert both.tensor.size == whole.tensor.size + int(np.sum(cut))
