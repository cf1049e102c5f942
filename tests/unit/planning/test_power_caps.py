"""Power caps: the published optimum of a GB200 cluster, conservation, refusals."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gigawatt.catalogue import Catalogue, load
from gigawatt.errors import InputError
from gigawatt.planning import convert
from gigawatt.planning.jobs import TrainAnswer, train
from gigawatt.planning.power_caps import best_gain, best_point, caps_w, gain_of

# Meta runs 83 k GB200 of 1,200 W on 150 MW, provisioned at 960 W each; performance a watt of the cluster is greatest
# near 1,000 W. Ardestani et al., arXiv:2605.24461, 2026.
META_W, META_GPUS_COUNT, META_PROVISIONED_W = 150e6, 83_000, 960.0
OPTIMUM_W = (900.0, 1050.0)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return the catalogue that ships."""
    return load()


def job_of(catalogue: Catalogue, **options: object) -> TrainAnswer:
    """Train a large dense model on racks of GB200."""
    return train(catalogue, "llama-3.1-405b", "gb200-nvl72", 4096, batch_tokens=64e6, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def best(catalogue: Catalogue) -> TrainAnswer:
    """Return the job under its best cap on Meta's power."""
    return job_of(catalogue, power_cap="best", it_w=META_W)


def test_best_cap_on_a_fixed_power_is_where_meta_found_it(best: TrainAnswer) -> None:
    """Near 1,000 W of 1,200 W."""
    assert OPTIMUM_W[0] <= best.job.power_cap_w <= OPTIMUM_W[1]
    chosen = best_point(best.caps, power_given=True)
    assert chosen.cap_w == best.job.power_cap_w
    uncapped = best.caps[-1]
    assert 1.005 < chosen.cluster_tokens_per_s / uncapped.cluster_tokens_per_s < 1.10


@pytest.mark.parametrize(
    ("gpus", "precision", "model"),
    [(16384, "bf16", "llama-3.1-405b"), (16384, "fp8", "llama-3.1-405b"), (2048, "bf16", "llama-3.1-70b")],
)
def test_best_caps_of_several_jobs_lie_about_metas(catalogue: Catalogue, gpus: int, precision: str, model: str) -> None:
    """None at the edge of what is looked at: slower below and above."""
    answer = train(catalogue, model, "gb200-nvl72", gpus, precision=precision, power_cap="best", it_w=META_W)
    assert OPTIMUM_W[0] <= answer.job.power_cap_w <= OPTIMUM_W[1]
    rates = [point.cluster_tokens_per_s for point in answer.caps]
    top = rates.index(max(rates))
    assert 0 < top < len(rates) - 1
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_the_less_of_the_time_goes_to_products_the_lower_the_best_cap(catalogue: Catalogue, best: TrainAnswer) -> None:
    """Products alone want most power; experts that wait for exchanges want least."""
    chip = convert.accelerator(catalogue.accelerators["gb200-nvl72"], catalogue)
    options = {"precision": "fp8", "batch_tokens": 64e6, "power_cap": "best", "it_w": META_W}
    experts = train(catalogue, "deepseek-v3", "gb200-nvl72", 4096, **options)  # type: ignore[arg-type]
    assert experts.job.power_cap_w < best.job.power_cap_w < best_gain(chip).cap_w


def test_as_many_gpus_fit_the_power_as_meta_runs(best: TrainAnswer) -> None:
    """83 k on 150 MW, within the losses of the facility."""
    nearest = min(best.caps, key=lambda point: abs(point.cap_w - META_PROVISIONED_W))
    assert nearest.gpus_count == pytest.approx(META_GPUS_COUNT, rel=0.05)


def test_a_lower_cap_gives_more_and_slower_accelerators(best: TrainAnswer) -> None:
    """Along the caps the step gets faster, each draws more, and fewer fit the power."""
    points = best.caps
    assert [point.cap_w for point in points] == list(caps_w(1200.0))
    for low, high in pairwise(points):
        assert low.step.step_time_s > high.step.step_time_s
        assert low.step.gpu_power_w < high.step.gpu_power_w
        assert low.gpus_count > high.gpus_count
    for point in points:
        assert point.gpus_count * point.provisioned_w <= META_W < (point.gpus_count + 1) * point.provisioned_w
        assert point.step.gpu_power_w < point.provisioned_w


def test_without_power_the_best_cap_gives_most_tokens_per_joule(catalogue: Catalogue) -> None:
    """Then the accelerators are those of the job."""
    answer = job_of(catalogue, power_cap="best")
    own = next(point for point in answer.caps if point.cap_w == answer.job.power_cap_w)
    assert own.tokens_per_j == max(point.tokens_per_j for point in answer.caps)
    assert {point.gpus_count for point in answer.caps} == {4096}


def test_a_cap_saves_energy_and_building_and_costs_time(catalogue: Catalogue) -> None:
    """A whole run takes longer at a cap, on less energy, at a lower price for an hour."""
    full, capped = (job_of(catalogue, tokens=1e12, power_cap=cap) for cap in (None, 1000.0))
    assert full.run is not None
    assert capped.run is not None
    assert capped.run.days > full.run.days
    assert capped.run.facility_energy_mwh < full.run.facility_energy_mwh
    assert capped.run.usd_per_gpu_hour < full.run.usd_per_gpu_hour
    assert capped.caps == ()


def test_a_cap_at_the_rating_changes_nothing(catalogue: Catalogue) -> None:
    """The rating is no cap."""
    full, rated = job_of(catalogue), job_of(catalogue, power_cap=1200.0)
    assert full.found.best is not None
    assert rated.found.best is not None
    assert rated.found.best.step_time_s == full.found.best.step_time_s
    assert rated.found.best.gpu_power_w == full.found.best.gpu_power_w


def test_gain_is_more_accelerators_times_their_speed(catalogue: Catalogue) -> None:
    """(1 + more) (1 - slower) = 1 + gain."""
    chip = convert.accelerator(catalogue.accelerators["gb200-nvl72"], catalogue)
    gain = gain_of(chip, 1000.0, 0.9)
    assert gain.more_gpus_frac == pytest.approx(2090.0 / 1890.0 - 1.0)
    assert (1 + gain.more_gpus_frac) * (1 - gain.slower_frac) == pytest.approx(1 + gain.gain_frac)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"power_cap": 1300.0}, r"above the rated power of gb200-nvl72, 1,200 W; write one from 600 W to 1,200 W"),
        ({"power_cap": 0.0}, r"a cap of 0 W is below 50% of the rated power"),
        ({"power_cap": "most"}, r'"most" is neither a number of watts nor "best"'),
        ({"power_cap": 1000.0, "it_w": 1e6}, r"1\.00 MW does not carry 4,096 gb200-nvl72, which need 7\.74 MW"),
        ({"precision": "nvfp8"}, r'"nvfp8" is no number format of training. Nearest: nvfp4'),
    ],
)
def test_what_cannot_be_is_refused(catalogue: Catalogue, options: dict[str, object], words: str) -> None:
    """Each message says what is allowed."""
    with pytest.raises(InputError, match=words):
        job_of(catalogue, **options)


def test_mxfp8_is_a_little_slower_than_fp8_and_nvfp4_faster(catalogue: Catalogue) -> None:
    """By any name a Blackwell trains in every format; scales for 32 values cost some rate."""
    steps = {}
    for precision in ("bf16", "fp8", "mxfp8", "nvfp4", "fp4"):
        found = job_of(catalogue, precision=precision).found.best
        assert found is not None
        steps[precision] = found.step_time_s
    assert steps["nvfp4"] == steps["fp4"] < steps["fp8"] <= steps["mxfp8"] < steps["bf16"]
