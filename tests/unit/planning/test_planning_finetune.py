"""Fine-tuning and model budgets over the catalogue: hardware, cost, dates."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.training.phases import Phase
from gigawatt.errors import CatalogueError, InfeasibleError, InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.finetune import NOT_SOLD_BY, finetune, finetune_record, ownable
from gigawatt.planning.jobs import DEFAULT_COSTS, DEFAULT_RELIABILITY, DEFAULT_TARIFF
from gigawatt.planning.model_budget import (
    best_model,
    budget_record,
    dense_transformer,
    months_flops,
    months_to_flops,
)
from gigawatt.planning.training import failure_model, find_layout, training_job, whole_run
from gigawatt.units import SECONDS_PER_DAY

CATALOGUE = load()


def test_every_accelerator_that_can_be_owned_is_compared_cheapest_first():
    answer = finetune(CATALOGUE, "llama-3.1-8b", method="qlora", tokens=1e8)
    names = [option.estimate.job.accelerator.name for option in answer.options]
    assert sorted([*names, *(name for name, _ in answer.refused)]) == sorted(ownable(CATALOGUE))
    assert not {CATALOGUE.accelerators[name].vendor for name in names} & NOT_SOLD_BY
    costs = [option.run.cost_usd for option in answer.options]
    assert costs == sorted(costs)
    assert all(option.estimate.step.fits for option in answer.options)


def test_cost_is_hours_times_the_cost_of_an_hour():
    option = finetune(CATALOGUE, "llama-3.1-70b", "h100-sxm", method="lora", tokens=1e9).options[0]
    run, job = option.run, option.estimate.job
    seconds = 1e9 / option.estimate.step.tokens_per_s / run.goodput.ettr_frac
    assert run.gpu_hours_h == pytest.approx(seconds * job.gpus_count / 3600.0)
    assert run.days == pytest.approx(seconds / SECONDS_PER_DAY)
    assert run.cost_usd == pytest.approx(run.gpu_hours_h * run.usd_per_gpu_hour)


def test_adapters_cost_less_than_all_weights():
    costs = {
        method: finetune(CATALOGUE, "llama-3.1-70b", "h200-sxm", method=method).options[0]
        for method in ("full", "lora")
    }
    assert costs["lora"].run.cost_usd < costs["full"].run.cost_usd
    assert costs["lora"].estimate.job.gpus_count < costs["full"].estimate.job.gpus_count


def test_65b_fits_one_card_of_48_gb_with_8_bit_moments_as_published():
    # Dettmers et al., "QLoRA," arXiv:2305.14314, abstract: 65B on one GPU of 48 GB; rank 64 on all layers
    job = {"method": "qlora", "rank": 64, "sequence": 512, "batch_tokens": 16 * 512, "gpus": 1, "tokens": 1e7}
    answer = finetune(CATALOGUE, "llama-65b", "l40s", optimizer_bits=8, **job)
    step = answer.options[0].estimate.step
    assert step.fits
    assert 35.0 < step.memory.weights_gib + step.memory.optimizer_gib < step.memory.total_gib < 48.0
    assert step.layout.optimizer_bits == 8
    assert finetune_record(answer)["best"]["optimizer_bits"] == 8
    # with moments of 32 bits it is short, which their paged optimizer made up for
    with pytest.raises(InfeasibleError, match="short; with Adam's moments in 8 bits it fits: --optimizer-bits 8"):
        finetune(CATALOGUE, "llama-65b", "l40s", **job)


def test_8_bit_moments_halve_the_accelerators_of_all_weights_and_shorten_the_update():
    wide, narrow = (
        finetune(CATALOGUE, "llama-3.1-70b", "h100-sxm", method="full", optimizer_bits=bits, tokens=1e8).options[0]
        for bits in (32, 8)
    )
    assert narrow.estimate.job.gpus_count * 2 == wide.estimate.job.gpus_count
    same = finetune(
        CATALOGUE, "llama-3.1-70b", "h100-sxm", method="full", optimizer_bits=8, tokens=1e8,
        gpus=wide.estimate.job.gpus_count,
    ).options[0]  # fmt: skip
    per_parameter = wide.estimate.step.memory.optimizer_gib / 12.0 * (4.0 + 2.0 + 2.0 * 4.0 / 2048.0)
    assert same.estimate.step.memory.optimizer_gib == pytest.approx(per_parameter, rel=0.01)
    assert same.estimate.step.breakdown_s["optimizer"] < wide.estimate.step.breakdown_s["optimizer"]


def test_more_accelerators_finish_sooner():
    answer = finetune(CATALOGUE, "llama-3.1-8b", "h100-sxm", tokens=1e9)
    assert [option.estimate.job.gpus_count for option in answer.options] == [1, 2, 4, 8]
    days = [option.run.days for option in answer.options]
    assert days == sorted(days, reverse=True)
    many = finetune(CATALOGUE, "llama-3.1-8b", "h100-sxm", tokens=1e9, gpus=16).options
    assert [option.estimate.job.gpus_count for option in many] == [16]
    assert many[0].run.days < days[-1]


def test_packed_examples_train_faster():
    whole = finetune(CATALOGUE, "llama-3.1-8b", "h100-sxm", sequence=8192).options[0]
    short = finetune(CATALOGUE, "llama-3.1-8b", "h100-sxm", sequence=8192, document=256).options[0]
    assert short.run.days < whole.run.days


def test_a_chip_without_a_price_has_no_cost():
    bare = next(name for name, entry in CATALOGUE.accelerators.items() if entry.price_usd is None)
    record = finetune_record(finetune(CATALOGUE, "llama-3.2-1b", bare, tokens=1e7))
    assert record["best"]["run"]["cost_usd"] is None
    assert record["best"]["accelerator"] == bare


def test_what_cannot_be_says_why():
    with pytest.raises(InfeasibleError, match="GiB short"):
        finetune(CATALOGUE, "llama-3.1-405b", "l40s", method="full", gpus=8)
    with pytest.raises(InputError, match="Nearest: qlora"):
        finetune(CATALOGUE, "llama-3.1-8b", method="qlor")
    with pytest.raises(InputError, match="targets"):
        finetune(CATALOGUE, "llama-3.1-8b", targets="heads")
    with pytest.raises(CatalogueError):
        finetune(CATALOGUE, "llama-3.1-8c")


def test_a_run_may_have_phases():
    job = training_job(
        CATALOGUE,
        "llama-3.1-8b",
        "h100-sxm",
        64,
        sequence_tokens=8192,
        batch_tokens=4e6,
        precision="bf16",
        software_date=2024.5,
    )
    figures = Figures()

    def run_of(*phases: Phase):
        return whole_run(
            job,
            find_layout(job),
            1e12,
            failure_model(CATALOGUE.reliability[DEFAULT_RELIABILITY], figures),
            CATALOGUE,
            costs=CATALOGUE.costs[DEFAULT_COSTS],
            tariff=CATALOGUE.tariffs[DEFAULT_TARIFF],
            pue=1.2,
            figures=figures,
            phases=phases,
        )

    plain = run_of()
    same = run_of(Phase(4e11, 8192, job.batch_sequences), Phase(6e11, 8192, job.batch_sequences))
    assert same.tokens == plain.tokens
    assert same.days == pytest.approx(plain.days)
    assert same.cost_usd == pytest.approx(plain.cost_usd)
    longer = run_of(Phase(9e11, 8192, job.batch_sequences), Phase(1e11, 65536, job.batch_sequences // 8))
    assert longer.days > plain.days
    assert longer.tokens == pytest.approx(1e12)


def test_the_fleet_of_llama_3_comes_to_its_budget():
    # 16,384 H100 for the 30.84 M hours of the model card, 78.4 days: 3.8e25 FLOP (arXiv:2407.21783 table 1)
    found = best_model(CATALOGUE, "h100-sxm", [16384.0] * 3, days=30.84e6 / 16384 / 24, software_date=2024.3)
    assert found.flops == pytest.approx(3.8e25, rel=0.12)
    assert found.laws["llama-3"].parameters_count == pytest.approx(402e9, rel=0.2)


def test_a_budget_is_peak_times_mfu_times_time():
    found = best_model(CATALOGUE, "h100-sxm", [1000.0], days=10.0, mfu=0.4)
    peak = CATALOGUE.accelerators["h100-sxm"].dense_flop_per_s["bf16"].value
    assert found.flops == pytest.approx(1000 * peak * 0.4 * 10 * SECONDS_PER_DAY * found.ettr_frac, rel=1e-9)
    assert found.step is None
    assert found.best.overtraining_ratio == pytest.approx(1.0)
    for choice in found.smaller:
        assert choice.loss_nats > found.best.loss_nats
        assert choice.parameters_count * choice.tokens_count == pytest.approx(found.flops / 6.0)


def test_a_loss_is_reached_when_its_budget_is():
    known = best_model(CATALOGUE, "h100-sxm", [1000.0, 2000.0], mfu=0.4)
    asked = best_model(CATALOGUE, "h100-sxm", [1000.0, 2000.0], mfu=0.4, loss=known.best.loss_nats)
    assert asked.days_to_loss == pytest.approx(known.days, rel=1e-6)
    assert budget_record(asked)["loss_target"]["parameters"] == pytest.approx(known.best.parameters_count, rel=1e-6)


def test_more_days_or_accelerators_never_make_a_worse_model():
    losses = [best_model(CATALOGUE, "h200-sxm", [gpus], days=days).best.loss_nats for gpus, days in
              ((256.0, 30.0), (256.0, 60.0), (1024.0, 60.0), (4096.0, 120.0))]  # fmt: skip
    assert losses == sorted(losses, reverse=True)


def test_months_of_a_growing_fleet_by_hand():
    done = months_flops([1.0, 3.0], 2.0)
    assert done[1] / done[0] == 4.0
    assert months_to_flops([1.0, 3.0], 2.0, float(done[0])) == pytest.approx(1.0)
    assert months_to_flops([1.0, 3.0], 2.0, float(done[0] * 2.5)) == pytest.approx(1.5)
    assert months_to_flops([1.0, 3.0], 2.0, float(done[0] * 7)) == pytest.approx(3.0)
    with pytest.raises(InfeasibleError):
        months_to_flops([1.0, 0.0], 2.0, float(done[0] * 2))


@pytest.mark.parametrize("size", [1e9, 8e9, 70e9, 405e9, 2e12])
def test_the_dense_family_comes_near_any_size(size: float):
    from gigawatt.engines.hardware.architecture import total_parameters_count

    assert abs(np.log(float(total_parameters_count(dense_transformer(size))) / size)) < 0.5


def test_a_budget_takes_number_formats_by_their_names():
    budgets = {
        name: best_model(CATALOGUE, "gb200-nvl72", [72.0], days=30.0, precision=name)
        for name in ("fp8", "mxfp8", "fp4", "nvfp4")
    }
    flops = {name: budget.flops for name, budget in budgets.items()}
    assert flops["mxfp8"] < flops["fp8"] < flops["fp4"] == flops["nvfp4"]


@pytest.mark.parametrize(
    "wrong", [{"mfu": 1.5}, {"days": 0.0}, {"precision": "fp4"}, {"law": "llama-3"}, {"loss": 1.0}]
)
def test_a_budget_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError):
        best_model(CATALOGUE, "h100-sxm", [64.0], **{"days": 30.0, "mfu": 0.4, **wrong})
    with pytest.raises(InputError):
        best_model(CATALOGUE, "h100-sxm", [0.0], days=1.0)
