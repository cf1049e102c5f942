"""Runs in phases: sums, ramps, and the published run of Llama 3.1 405B."""

from __future__ import annotations

import pytest
from training_parts import H100, LLAMA_8B, LLAMA_405B

from gigawatt.engines.training import Layout, TrainingJob, run
from gigawatt.engines.training.phases import Phase, batch_ramp, run_phases
from gigawatt.errors import InfeasibleError, InputError

JOB = TrainingJob(LLAMA_8B, H100, 64, 8192, 512)


def test_phases_with_one_step_sum_to_the_run():
    layout = Layout(1, 1, 32, 2, recompute="selective")
    parts = run_phases(JOB, [Phase(tokens, 8192, 512, layout=layout) for tokens in (1e12, 2e12, 5e11)])
    whole = run(JOB, parts.typical_step, 3.5e12)
    for name in ("tokens", "days", "gpu_hours_h", "it_energy_mwh", "steps_count"):
        assert getattr(parts.total, name) == pytest.approx(getattr(whole, name), rel=1e-12)
    assert parts.model_flops == pytest.approx(whole.steps_count * parts.typical_step.model_flops)


def test_a_phase_has_its_own_accelerators_sequence_and_batch():
    short, long = run_phases(JOB, [Phase(1e9, 4096, 256, 32), Phase(1e9, 32768, 64)]).phases
    assert (short.job.gpus_count, short.job.sequence_tokens, short.job.batch_sequences) == (32, 4096, 256)
    assert (long.job.gpus_count, long.job.sequence_tokens, long.job.batch_sequences) == (64, 32768, 64)
    # longer sequences cost more FLOPs a token
    assert long.step.model_flops / (64 * 32768) > short.step.model_flops / (256 * 4096)


def test_a_ramp_has_equal_tokens_and_ends_below_the_last_batch():
    ramp = batch_ramp(12e9, 2048, 32, 1824, 32)  # GPT-3 175B of Megatron-LM: 32 to 1,824 by 32
    assert [phase.batch_sequences for phase in ramp] == list(range(32, 1824, 32))
    assert sum(phase.tokens for phase in ramp) == pytest.approx(12e9)


def test_a_ramp_never_saves_time():
    last = Phase(1e12, 8192, 512)
    ramped = run_phases(JOB, [*batch_ramp(1e11, 8192, 64, 512, 64)[::3], last])
    flat = run_phases(JOB, [Phase(ramped.total.tokens, 8192, 512)])
    assert ramped.total.days > flat.total.days


@pytest.mark.parametrize("wrong", [(512, 512, 32), (32, 512, 0), (32, 100, 32), (0, 64, 32)])
def test_a_ramp_that_goes_nowhere_is_refused(wrong):
    with pytest.raises(InputError):
        batch_ramp(1e9, 2048, *wrong)


def test_every_faulty_phase_is_named():
    with pytest.raises(InputError, match=r"warm-up.*phase 2"):
        run_phases(JOB, [Phase(0.0, 8192, 512, label="warm-up"), Phase(1e9, 0, 512)])
    with pytest.raises(InputError, match="at least one phase"):
        run_phases(JOB, [])


def test_a_phase_that_does_not_fit_says_so():
    with pytest.raises(InfeasibleError, match="annealing"):
        run_phases(TrainingJob(LLAMA_405B, H100, 8, 8192, 64), [Phase(1e9, 8192, 64, label="annealing")])
    given = run_phases(
        TrainingJob(LLAMA_405B, H100, 8, 8192, 64), [Phase(1e9, 8192, 64, layout=Layout(8, 1, 1, micro_batch=1))]
    )
    assert "does not fit" in given.total.notes[0]


# Llama 3 (arXiv:2407.21783): section 3.4.1, batches of 4 M tokens at 4,096, 8 M at 8,192 after 252 M tokens, 16 M after
# 2.87 T; section 3.4.2, 800 B tokens in six stages to 128 K; table 4, layouts. Lengths and even tokens of the stages
# in between, and the 8,192 accelerators up to 2.87 T, are ours.
EXTENSION = ((16384, 2), (32768, 4), (49152, 8), (65536, 8), (98304, 16), (131072, 16))
LLAMA_3_PHASES = (
    Phase(252e6, 4096, 1024, 8192, Layout(8, 16, 64, virtual_stages=8, recompute="selective")),
    Phase(2.87e12 - 252e6, 8192, 1024, 8192, Layout(8, 16, 64, virtual_stages=8, recompute="selective")),
    Phase(15.6e12 - 2.87e12 - 800e9, 8192, 2048, 0, Layout(8, 16, 128, virtual_stages=8, recompute="selective")),
    *(
        Phase(
            800e9 / len(EXTENSION),
            length,
            round(2**24 / length / (128 // context)) * (128 // context),
            0,
            Layout(8, 16, 128 // context, context, virtual_stages=8, recompute="selective"),
        )
        for length, context in EXTENSION
    ),
)


def test_llama_3_405b_takes_its_published_hours():
    # 30.84 M H100-hours, Llama 3.1 model card. Effective training time above 90 %, section 3.3.4. The engine's
    # 460 TFLOP/s on 16,384 against 400 published leaves us 13 % low; see docs/methods/training.md.
    found = run_phases(TrainingJob(LLAMA_405B, H100, 16384, 8192, 2048, "bf16", 2024.3), LLAMA_3_PHASES)
    assert found.total.tokens == pytest.approx(15.6e12)
    assert found.total.gpu_hours_h / 0.91 == pytest.approx(30.84e6, rel=0.15)
    assert found.model_flops == pytest.approx(3.8e25, rel=0.06)  # table 1 of the paper: 6 N D, attention not counted


def test_long_sequences_run_at_a_lower_rate_than_short_ones():
    # table 4: 43 % MFU at 8 K, 38 % at 128 K
    found = run_phases(TrainingJob(LLAMA_405B, H100, 16384, 8192, 2048, "bf16", 2024.3), LLAMA_3_PHASES)
    short, long = found.phases[2].step, found.phases[-1].step
    assert 0.6 < long.mfu / short.mfu < 0.95
