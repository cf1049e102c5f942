"""Zero-bubble pipelines, offloaded and 8-bit optimizers, gathered keys and values."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from training_parts import DEEPSEEK_V3, GB200, H100, LLAMA_8B, LLAMA_70B, LLAMA_405B, QWEN_30B

from gigawatt.catalogue import load
from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.training import Layout, TrainingJob, estimate, memory, search
from gigawatt.engines.training.columns import (
    CONTEXT_EXCHANGE_CODES,
    OFFLOAD_CODES,
    OPTIMIZER_BITS,
    SCHEDULE_CODES,
    job_columns,
    layout_columns,
)
from gigawatt.engines.training.finetune import step_breakdown
from gigawatt.engines.training.parallelism import data, pipeline
from gigawatt.engines.training.step import layer_terms
from gigawatt.engines.training.tuning import Tuning
from gigawatt.engines.training.types import ContextExchange, Offload, OptimizerBits, Schedule
from gigawatt.errors import InputError
from gigawatt.planning import launch
from gigawatt.planning.jobs import CHOICES, train
from gigawatt.units import BYTES_PER_GIB

JOBS = [
    (TrainingJob(LLAMA_70B, H100, 256, 8192, 256), Layout(4, 8, 8, recompute="selective")),
    (TrainingJob(LLAMA_405B, GB200, 1024, 8192, 512, "fp8"), Layout(8, 16, 8, recompute="full")),
    (TrainingJob(QWEN_30B, H100, 64, 4096, 256), Layout(1, 2, 32, expert_parallel=8)),
    (TrainingJob(LLAMA_8B, H100, 16, 8192, 64), Layout(1, 1, 16, zero_stage=3)),
    (TrainingJob(LLAMA_8B, H100, 32, 32768, 32), Layout(2, 1, 4, 4, recompute="full")),
]
PIPELINED = JOBS[:3]
LLAMA_8B_PARAMETERS = 8.03e9
NEW = [
    {"schedule": "zero-bubble"},
    {"offload": "optimizer"},
    {"optimizer_bits": 8},
    {"context_exchange": "all-gather"},
    {"schedule": "zero-bubble", "offload": "optimizer", "optimizer_bits": 8, "context_exchange": "all-gather"},
]


def both(job, layout, **changes):
    return estimate(job, layout), estimate(job, replace(layout, **changes))


@pytest.mark.parametrize(("job", "layout"), JOBS)
@pytest.mark.parametrize("changes", NEW)
def test_the_breakdown_sums_to_the_step(job, layout, changes):
    step = estimate(job, replace(layout, **changes))
    assert sum(step.breakdown_s.values()) == pytest.approx(step.step_time_s, rel=1e-12)
    assert all(part >= 0.0 for part in step.breakdown_s.values())


def test_defaults_are_the_plain_optimizer_schedule_and_ring():
    layout = Layout()
    assert (layout.schedule, layout.offload, layout.optimizer_bits, layout.context_exchange) == (
        "1f1b", "none", 32, "ring",
    )  # fmt: skip
    columns = layout_columns([layout])
    assert memory.optimizer_bytes(columns)[0] == memory.OPTIMIZER_BYTES == 12.0
    assert pipeline.bubble_slots(layout_columns([Layout(pipeline_parallel=9)]), CALIBRATION)[0] == 8.0


def test_codes_and_choices_are_those_of_the_types():
    assert set(SCHEDULE_CODES) == set(get_args(Schedule)) == set(CHOICES["schedule"])
    assert set(OFFLOAD_CODES) == set(get_args(Offload)) == set(CHOICES["offload"])
    assert set(OPTIMIZER_BITS) == set(get_args(OptimizerBits)) == {int(bits) for bits in CHOICES["optimizer_bits"]}
    assert set(CONTEXT_EXCHANGE_CODES) == set(get_args(ContextExchange)) == set(CHOICES["context_exchange"])


@pytest.mark.parametrize(("job", "layout"), PIPELINED)
def test_zero_bubble_shortens_the_bubble_alone_at_the_memory_of_1f1b(job, layout):
    plain, zero = both(job, layout, schedule="zero-bubble")
    ratio = zero.breakdown_s["pipeline_bubble"] / plain.breakdown_s["pipeline_bubble"]
    assert 1.0 / 3.0 <= ratio < 1.0
    assert zero.memory == plain.memory
    kept = set(plain.breakdown_s) - {"pipeline_bubble", "straggler"}
    assert all(zero.breakdown_s[name] == plain.breakdown_s[name] for name in kept)


def test_the_bubble_is_a_third_where_forward_and_both_gradients_take_the_same_time():
    layouts = layout_columns([Layout(pipeline_parallel=8, schedule=name) for name in ("1f1b", "zero-bubble")])
    plain, zero = pipeline.bubble_slots(layouts, CALIBRATION, 1.0 / 3.0)
    assert zero / plain == pytest.approx(1.0 / 3.0, rel=1e-12)
    # products dominate a wide model at a short sequence: close to equal thirds in a whole step too
    wide = TrainingJob(LLAMA_405B, H100, 16, 1024, 64)
    plain_step, zero_step = both(wide, Layout(1, 16, 1, micro_batch=8), schedule="zero-bubble")
    ratio = zero_step.breakdown_s["pipeline_bubble"] / plain_step.breakdown_s["pipeline_bubble"]
    assert ratio == pytest.approx(1.0 / 3.0, abs=0.06)


def test_the_bubble_of_zb_h1_is_forward_plus_input_less_weight_gradients():
    job, layout = PIPELINED[0]
    columns = job_columns([job], CALIBRATION)
    zero = replace(layout, schedule="zero-bubble")
    terms = layer_terms(columns, layout_columns([zero]), CALIBRATION)
    weight_s = terms.matrix[0] / 3.0
    layers = pipeline.stages(columns, layout_columns([zero])).fullest[0]
    expected = (layout.pipeline_parallel - 1) * layers * (terms.layer_s[0] - 2.0 * weight_s) * columns.stack_factor[0]
    assert estimate(job, zero).breakdown_s["pipeline_bubble"] == pytest.approx(expected, rel=1e-12)


def test_long_sequences_gain_less_from_zero_bubble():
    def ratio(sequence):
        job = TrainingJob(LLAMA_70B, H100, 256, sequence, 256)
        plain, zero = both(job, Layout(4, 8, 8, recompute="full"), schedule="zero-bubble")
        return zero.breakdown_s["pipeline_bubble"] / plain.breakdown_s["pipeline_bubble"]

    assert ratio(2048) < ratio(8192) < ratio(65536)


def test_zero_bubble_refuses_virtual_stages():
    job, layout = PIPELINED[0]
    step = estimate(job, replace(layout, virtual_stages=2, schedule="zero-bubble"))
    assert not step.fits
    assert "zero-bubble" in step.reason


def test_adapters_leave_zero_bubble_no_weight_gradients_to_put_off():
    job, layout = JOBS[0]
    columns = job_columns([job], CALIBRATION)
    plain, zero = (
        step_breakdown(Tuning("lora"), job, columns, layout_columns([replace(layout, schedule=name)]))
        for name in ("1f1b", "zero-bubble")
    )
    assert zero.pipeline_bubble[0] == plain.pipeline_bubble[0]


@pytest.mark.parametrize(("job", "layout"), JOBS)
@pytest.mark.parametrize("bits", OPTIMIZER_BITS)
def test_offload_takes_all_optimizer_memory_away_and_never_speeds_up(job, layout, bits):
    plain, moved = both(job, replace(layout, optimizer_bits=bits), offload="optimizer")
    assert moved.memory.optimizer_gib == 0.0
    assert moved.memory.total_gib == pytest.approx(plain.memory.total_gib - plain.memory.optimizer_gib)
    assert moved.memory.total_gib < plain.memory.total_gib
    assert moved.step_time_s > plain.step_time_s
    later = set(plain.breakdown_s) - {"optimizer", "straggler"}
    assert all(moved.breakdown_s[name] == plain.breakdown_s[name] for name in later)
    assert moved.gpu_power_w < plain.gpu_power_w  # it idles while the host updates


def test_offload_is_paced_by_the_host():
    job, layout = JOBS[3]
    updated = LLAMA_8B_PARAMETERS / 16
    spent = estimate(job, replace(layout, offload="optimizer")).breakdown_s["optimizer"]
    # no faster than 4 bytes over a PCIe 5.0 x16 of 64 GB/s, and 30 bytes over the eighth of a host's 614 GB/s
    assert spent > updated * (4.0 / 64e9 + 30.0 / 77e9)
    assert spent < 3.0 * updated * (4.0 / 64e9 + 30.0 / 77e9)


@pytest.mark.parametrize(("job", "layout"), JOBS)
@pytest.mark.parametrize("zero", [0, 1, 3])
def test_8_bit_moments_save_six_bytes_a_parameter_and_time(job, layout, zero):
    layout = replace(layout, zero_stage=zero)
    plain, narrow = both(job, layout, optimizer_bits=8)
    columns = job_columns([job], CALIBRATION), layout_columns([layout])
    shares = data.optimizer_share(columns[1])
    held = sum(float((p * s)[0]) for p, s in zip(memory.rank_parameters(*columns), shares, strict=True))
    saved = (plain.memory.optimizer_gib - narrow.memory.optimizer_gib) * BYTES_PER_GIB
    assert saved == pytest.approx(6.0 * held, rel=1e-12)
    assert narrow.breakdown_s["optimizer"] == pytest.approx(plain.breakdown_s["optimizer"] * 18.0 / 30.0, rel=1e-12)


@pytest.mark.parametrize("tensor", [1, 8])
@pytest.mark.parametrize("context", [2, 4, 8])
@pytest.mark.parametrize("recompute", ["selective", "full"])
@pytest.mark.parametrize("model", [LLAMA_8B, DEEPSEEK_V3])
def test_all_gather_is_never_faster_than_a_hidden_ring(model, tensor, context, recompute):
    # context groups within a domain (tensor 1), and with every rank in another domain (tensor 8)
    job = TrainingJob(model, H100, 64, 65536, 64)
    layout = Layout(tensor, 1, 64 // (tensor * context), context, recompute=recompute)
    ring, gathered = both(job, layout, context_exchange="all-gather")
    assert gathered.breakdown_s["context_parallel"] > ring.breakdown_s["context_parallel"] > 0.0
    assert gathered.step_time_s > ring.step_time_s
    assert gathered.memory == ring.memory


def test_within_a_domain_an_all_gather_moves_the_bytes_of_a_ring_and_hides_none():
    job = TrainingJob(LLAMA_8B, H100, 8, 131072, 8)  # attention over 128K tokens hides all that can be hidden
    ring, gathered = both(job, Layout(1, 1, 1, 8, recompute="full"), context_exchange="all-gather")
    shown = ring.breakdown_s["context_parallel"] / gathered.breakdown_s["context_parallel"]
    assert shown == pytest.approx(1.0 - CALIBRATION.context_overlap, rel=1e-6)


def test_without_context_parallelism_the_exchange_means_nothing():
    ring, gathered = both(*JOBS[0], context_exchange="all-gather")
    assert (ring.breakdown_s, ring.memory) == (gathered.breakdown_s, gathered.memory)


@pytest.mark.parametrize("changes", NEW)
def test_search_holds_what_is_asked_and_agrees_with_estimate(changes):
    job = TrainingJob(LLAMA_8B, H100, 32, 8192, 128)
    found = search(job, fixed=changes)
    assert found.best is not None
    for step in (found.best, *found.alternatives):
        assert {name: getattr(step.layout, name) for name in changes} == changes
    # the fastest by columns is the fastest by single estimates
    times = np.array([step.step_time_s for step in (found.best, *found.alternatives)])
    assert times.min() == found.best.step_time_s
    assert search(job, fixed={"schedule": "1f1b", "offload": "none", "optimizer_bits": 32}).best == search(job).best


@pytest.mark.parametrize("wrong", [{"offload": "params"}, {"optimizer_bits": 16}, {"optimizer_bits": "8"}])
def test_search_refuses_unknown_values(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        search(TrainingJob(LLAMA_8B, H100, 8, 8192, 8), fixed=wrong)


@pytest.mark.parametrize(
    ("field", "wrong", "told"),
    [
        ("schedule", "zero-buble", "Nearest: zero-bubble"),
        ("offload", "optimiser", "Nearest: optimizer"),
        ("optimizer_bits", 16, "One of: 32, 8"),
        ("context_exchange", "allgather", "Nearest: all-gather"),
    ],
)
def test_a_mistyped_choice_is_told_with_what_there_is(field, wrong, told):
    with pytest.raises(InputError, match=f'{field} "{wrong}" is not known.*{told}'):
        train(load(), "llama-3.1-8b", "h100-sxm", 64, fixed={field: wrong})


@pytest.mark.parametrize("tool", ["megatron", "nemo", "torchtitan", "deepspeed"])
def test_no_launch_flags_are_written_without_what_was_asked(tool):
    job = TrainingJob(LLAMA_8B, H100, 16, 8192, 64)
    layout = Layout(1, 1, 16, zero_stage=3)
    assert launch.emit(tool, job, layout)
    with pytest.raises(InputError, match=f"{tool} cannot express the zero-bubble schedule"):
        launch.emit(tool, job, replace(layout, schedule="zero-bubble"))
