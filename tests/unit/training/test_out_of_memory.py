"""Configurations that are known to overflow memory are refused, and published ones fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from training_parts import A100, DEEPSEEK_V3, GPT_22B, GPT_175B, H100, LLAMA_8B, LLAMA_70B, LLAMA_405B

from gigawatt.catalogue.store import load
from gigawatt.engines.training import Layout, TrainingJob, estimate, search
from gigawatt.validation.training import PUBLISHED_DATA, PUBLISHED_FLAGS, read_flags
from gigawatt.validation.training_rows import read_measurements

A100_40 = replace(A100, name="a100-40gb", hbm_bytes=40 * 2.0**30)
LLAMA_2_70B = replace(LLAMA_70B, name="llama-2-70b", vocabulary=32000)
OVERFULL = {
    # weights alone: 350 GB of 16-bit numbers and 2.1 TB of optimizer against 640 GB
    "gpt-3 175B with Adam on 8 A100": (TrainingJob(GPT_175B, A100, 8, 2048, 8), Layout(8, recompute="full")),
    # 138 GB of weights and 966 GB of gradients and optimizer against 640 GB
    "llama-2 70B in full on one node": (TrainingJob(LLAMA_2_70B, A100, 8, 4096, 8), Layout(8, recompute="full")),
    # 810 GB of weights on 8 accelerators, repeated eight times
    "405B on 64 H100 without sharding": (
        TrainingJob(LLAMA_405B, H100, 64, 8192, 64),
        Layout(8, 1, 8, zero_stage=0, recompute="full"),
    ),
    # 16 bytes a parameter: 128 GB
    "8B replicated": (TrainingJob(LLAMA_8B, H100, 8, 8192, 8), Layout(data_parallel=8, zero_stage=0, recompute="full")),
    # Rajbhandari et al., SC20: plain data parallelism ends at 1.4 B parameters on 32 GB; 22 B is far beyond 80 GB
    "22B replicated": (
        TrainingJob(GPT_22B, A100, 64, 2048, 64),
        Layout(data_parallel=64, zero_stage=0, recompute="full"),
    ),
    # Korthikanti et al., figure 1: 22B at tensor 8 and micro-batch 4 exceeds 80 GB without recomputation
    "175B of Korthikanti without recomputation": (
        TrainingJob(GPT_175B, A100, 64, 2048, 64, software_date=2022.3),
        Layout(8, 8, 1, virtual_stages=3, sequence_parallel=False),
    ),
    # 671 B parameters in 2 bytes are 1.34 TB: no 16 H100 hold them
    "deepseek-v3 on 16 H100": (
        TrainingJob(DEEPSEEK_V3, H100, 16, 4096, 16),
        Layout(data_parallel=16, expert_parallel=16, recompute="full"),
    ),
    # the 70B recipe of 64 H100 needs its tensor and pipeline split: data parallelism with ZeRO 1 alone holds 140 GB
    "70B by data alone": (TrainingJob(LLAMA_70B, H100, 64, 8192, 64), Layout(data_parallel=64, recompute="full")),
}


@pytest.mark.parametrize("name", OVERFULL)
def test_known_overflows_are_refused(name):
    step = estimate(*OVERFULL[name])
    assert not step.fits
    assert "GiB short" in step.reason


@pytest.mark.parametrize(
    ("model", "chip", "gpus"), [(GPT_175B, A100, 8), (LLAMA_405B, H100, 32), (LLAMA_70B, A100_40, 16)]
)
def test_no_layout_fits_where_16_bytes_a_parameter_do_not(model, chip, gpus):
    found = search(TrainingJob(model, chip, gpus, 2048, 64))
    assert found.best is None
    assert "memory" in found.reason


def test_nineteen_of_twenty_published_layouts_fit():
    fits, all_ = 0, 0
    for one in read_measurements(PUBLISHED_DATA, read_flags(PUBLISHED_FLAGS), load())[::2]:
        if one.skipped:
            continue
        kinds = (one.layout.recompute,) if one.recompute_stated else ("none", "selective", "half", "full")
        all_ += 1
        fits += any(estimate(one.job, replace(one.layout, recompute=kind)).fits for kind in kinds)
    assert all_ > 150
    assert fits / all_ >= 0.95
