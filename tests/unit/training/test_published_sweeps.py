"""Published sweeps and on/off pairs: the engine gets the direction of each change, and its size within a tolerance."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from gigawatt.catalogue.store import load
from gigawatt.engines.training import estimate
from gigawatt.validation.training import PUBLISHED_DATA, PUBLISHED_FLAGS, predicted_step_s, read_flags
from gigawatt.validation.training_rows import read_measurements

GOLDEN = Path(__file__).parents[2] / "golden" / "training_sweeps.csv"
with GOLDEN.open(encoding="utf-8") as _file:
    POINTS = list(csv.DictReader(_file))


@pytest.fixture(scope="module")
def published():
    return {one.id: one for one in read_measurements(PUBLISHED_DATA, read_flags(PUBLISHED_FLAGS), load())}


@pytest.fixture(scope="module")
def sweep(published):
    """Measured and predicted step times of a sweep, in the order of the table."""

    def points(name):
        chosen = [point for point in POINTS if point["sweep"] == name]
        predicted = predicted_step_s([published[point["id"]] for point in chosen])
        return [float(point["measured_s"]) for point in chosen], [float(value) for value in predicted]

    return points


def test_the_table_agrees_with_the_rows_that_ship(published):
    for point in POINTS:
        assert published[point["id"]].step_time_s == pytest.approx(float(point["measured_s"]), rel=0.002), point["id"]


def test_bloom_micro_batches(sweep):
    measured, predicted = sweep("bloom-pp12")
    assert min(range(4), key=predicted.__getitem__) == min(range(4), key=measured.__getitem__) == 2  # 4 is the best
    assert predicted[0] > predicted[1]  # 1 is slower than 2: gradients are added up for every micro-batch
    assert predicted[3] > predicted[2]  # 8 is slower than 4: the bubble
    for one, other in zip(measured, predicted, strict=True):
        assert other / predicted[0] == pytest.approx(one / measured[0], abs=0.07)


@pytest.mark.parametrize("size", ["22b", "175b", "1t"])
def test_selective_recomputation_with_sequence_parallelism_saves_a_quarter(sweep, size):
    measured, predicted = sweep(f"korthikanti-{size}")
    assert predicted[0] / predicted[1] == pytest.approx(measured[0] / measured[1], rel=0.03)


def test_sequence_parallelism_alone_saves_a_little(published):
    one = published["kor22-t5-1a"]
    time_s = [
        estimate(one.job, replace(one.layout, recompute="none", sequence_parallel=on)).step_time_s for on in (0, 1)
    ]
    assert 0.90 < time_s[1] / time_s[0] < 1.0


@pytest.mark.parametrize(("gpus", "rel"), [(384, 0.10), (768, 0.45)])
def test_three_dimensions_against_zero_3(sweep, gpus, rel):
    # at 768 with micro-batch 2 the measured ZeRO 3 is 1.7 times slower; its DeepSpeed of 2021 is set aside as early
    measured, predicted = sweep(f"zero3-{gpus}")
    assert predicted[0] > predicted[1]
    assert predicted[0] / predicted[1] == pytest.approx(measured[0] / measured[1], rel=rel)


def test_zero_3_loses_more_with_more_accelerators(sweep):
    (few, few_split), (many, many_split) = sweep("zero3-384")[1], sweep("zero3-768")[1]
    assert many / many_split > few / few_split


def test_rate_falls_with_context_and_then_stays(sweep):
    measured, predicted = sweep("context")
    rates = [768.0, 610.0, 555.0, 549.0]  # TFLOP/s
    found = [rate * one / other for rate, one, other in zip(rates, measured, predicted, strict=True)]
    assert found == sorted(found, reverse=True)
    assert found[0] / found[1] == pytest.approx(768.0 / 610.0, rel=0.08)
    assert found[3] / found[0] == pytest.approx(549.0 / 768.0, rel=0.20)  # 512K comes out too slow


def test_half_a_million_tokens_need_context_parallelism(published):
    # The page gives 549 TFLOP/s with it and 104 without, but no layout for the latter. One sequence per data-parallel
    # rank and tensor degree 8 do not fit; with degree 32 and whole layers recomputed they do, and run slower.
    one = published["longseq-l2-7b-h100-512k"]
    without = replace(one.layout, context_parallel=1, tensor_parallel=32, data_parallel=16)
    job = replace(one.job, batch_sequences=16)
    assert not estimate(job, replace(without, tensor_parallel=8, data_parallel=64)).fits
    slow = estimate(job, replace(without, recompute="full"))
    fast = estimate(one.job, one.layout)
    assert slow.fits
    assert slow.model_tflops_per_gpu < 0.85 * fast.model_tflops_per_gpu


def test_gpt3_from_512_to_10752(sweep):
    measured, predicted = sweep("gpt3-strong")
    for batch, one, other in zip((2048, 3072, 2688), measured, predicted, strict=True):
        assert other / batch == pytest.approx(one / batch, rel=0.08)
    # 21 times the accelerators give 14.9 times the sequences a second
    gain = (2688 / measured[2]) / (2048 / measured[0])
    assert (2688 / predicted[2]) / (2048 / predicted[0]) == pytest.approx(gain, rel=0.08)


def test_405b_keeps_its_rate_from_512_to_2048(sweep):
    measured, predicted = sweep("405b-strong")
    assert measured[0] / measured[1] / 4 == pytest.approx(0.969, abs=0.001)
    assert predicted[0] / predicted[1] / 4 == pytest.approx(0.969, abs=0.02)
