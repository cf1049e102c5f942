"""Jobs that are drawn have the moments, shares, hours and batches of their model."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.special import ndtr

from gigawatt.engines.fleet.generator import Choice, WorkloadModel, generate, moments, scaled, tenant_odds
from gigawatt.engines.fleet.pacing import released_s
from gigawatt.errors import EngineError

DAY = 86400.0


def model(**changes):
    office = np.tile(np.where((np.arange(24) >= 8) & (np.arange(24) < 18), 2.0, 2.0 / 7.0), 7)
    made = WorkloadModel(
        name="made up",
        jobs_per_s=0.02,
        size_gpus_S=np.array([1, 2, 4, 8, 16, 64]),
        size_frac_S=np.array([0.6, 0.1, 0.1, 0.1, 0.06, 0.04]),
        run_median_s_S=np.array([200.0, 300.0, 500.0, 900.0, 1500.0, 2500.0]),
        run_sigma=2.0,
        longest_s=10 * DAY,
        batch_jobs_count=3.0,
        batch_correlation_frac=0.8,
        batch_span_s=300.0,
        looking_frac=0.0,
        hour_ratio_W=office / office.mean(),
        day_spread_ratio=0.7,
        tenants=("small", "large", "middle"),
        quota_gpus=(8, 512, 64),
        tenant=Choice(np.array([3.0, 0.0, 1.0]), np.array([-0.2, 0.1, 0.0])),
        end=Choice(np.array([3.0, 2.0, 0.0]), np.array([-0.2, -0.15, 0.0])),
        kind=Choice(np.array([0.0, -np.inf, 2.0, 1.0, -np.inf]), np.array([0.2, 0.0, -0.1, -0.1, 0.0])),
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def drawn():
    return generate(model(), 180 * DAY, seed=1)


def test_drawn_jobs_have_the_moments_of_the_model(drawn):
    wanted = moments(model())
    assert len(drawn.gpus_N) == pytest.approx(0.02 * 180 * DAY, rel=0.01)
    assert drawn.work_s_N.mean() == pytest.approx(wanted.mean_run_s, rel=0.02)
    assert np.median(drawn.work_s_N) == pytest.approx(wanted.median_run_s, rel=0.01)
    assert drawn.gpus_N.mean() == pytest.approx(wanted.mean_gpus_count, rel=0.001)
    gpu_s = drawn.gpus_N * drawn.work_s_N
    assert gpu_s.mean() == pytest.approx(wanted.mean_gpu_s, rel=0.03)
    assert gpu_s[drawn.gpus_N >= 8].sum() / gpu_s.sum() == pytest.approx(wanted.large_gpu_time_frac, abs=0.01)


def test_moments_of_one_size_are_those_of_a_cut_log_normal():
    one = model(size_gpus_S=np.array([8]), size_frac_S=np.array([1.0]), run_median_s_S=np.array([100.0]), longest_s=1e4)
    step = np.linspace(-9, np.log(100.0) / 2.0, 200_001)  # ln(1e4 / 100) / 2
    density = np.exp(-0.5 * step**2) / np.sqrt(2 * np.pi) / ndtr(step[-1])
    assert moments(one).mean_run_s == pytest.approx(np.trapezoid(density * 100.0 * np.exp(2.0 * step), step), rel=1e-6)
    assert moments(one).mean_gpu_s == pytest.approx(8 * moments(one).mean_run_s, rel=1e-12)
    assert moments(one).large_gpu_time_frac == 1.0
    never_cut = moments(replace(one, longest_s=1e30))
    assert never_cut.median_run_s == pytest.approx(100.0, rel=1e-6)
    assert never_cut.mean_run_s == pytest.approx(100.0 * np.exp(2.0), rel=1e-9)


def test_jobs_come_in_order_within_the_time_and_nobody_exceeds_a_quota(drawn):
    assert np.all(np.diff(drawn.submit_s_N) >= 0.0)
    assert drawn.submit_s_N[0] >= 0.0
    assert drawn.submit_s_N[-1] < 180 * DAY
    assert drawn.work_s_N.min() >= 1.0
    assert drawn.work_s_N.max() <= 10 * DAY
    assert drawn.gpus_N[drawn.tenant_N == 0].max() <= 8
    assert drawn.gpus_N[drawn.tenant_N == 2].max() <= 32  # half its quota of 64
    assert drawn.gpus_N[drawn.tenant_N == 1].max() == 64


def test_the_same_seed_gives_the_same_jobs_and_another_one_others():
    first, again, other = (generate(model(), 5 * DAY, seed) for seed in (7, 7, 8))
    assert all(np.array_equal(getattr(first, item.name), getattr(again, item.name)) for item in fields(first))
    assert not np.array_equal(first.submit_s_N[:50], other.submit_s_N[:50])


def test_a_part_of_a_job_has_its_own_stream():
    plain = generate(model(), 5 * DAY, 3)
    ends = generate(model(end=Choice(np.array([0.0, 9.0, 0.0]), np.zeros(3))), 5 * DAY, 3)
    assert np.array_equal(plain.work_s_N, ends.work_s_N)
    assert np.array_equal(plain.class_N, ends.class_N)
    assert not np.array_equal(plain.end_N, ends.end_N)


def test_submissions_follow_the_hours_of_the_week(drawn):
    hour = (drawn.submit_s_N // 3600 % 24).astype(int)
    counts = np.bincount(hour, minlength=24) / len(hour)
    ratio = counts[9:17].mean() / np.r_[counts[:7], counts[20:]].mean()
    assert ratio == pytest.approx(7.0, rel=0.1)  # 2 against 2/7


def test_days_of_a_tenant_vary_as_told():
    def variation(spread):
        jobs = generate(model(day_spread_ratio=spread, batch_jobs_count=1.0, batch_span_s=1.0), 180 * DAY, 5)
        counts = np.bincount((jobs.submit_s_N[jobs.tenant_N == 0] // DAY).astype(int), minlength=180)
        return np.sqrt(max(counts.var() / counts.mean() ** 2 - 1.0 / counts.mean(), 0.0))

    assert variation(0.0) < 0.05
    assert variation(0.7) == pytest.approx(0.7, abs=0.12)


def test_batches_are_of_one_size_and_close_in_length():
    jobs = generate(model(batch_jobs_count=5.0, batch_span_s=1.0, day_spread_ratio=0.0), 400 * DAY, 2)
    near = np.diff(jobs.submit_s_N) < 1.0
    same = near & (jobs.gpus_N[1:] == jobs.gpus_N[:-1]) & (jobs.tenant_N[1:] == jobs.tenant_N[:-1])
    assert same.sum() / near.sum() > 0.9
    logs = np.log(jobs.work_s_N)
    assert np.corrcoef(logs[1:][same], logs[:-1][same])[0, 1] > 0.7
    alone = generate(model(batch_jobs_count=1.0, day_spread_ratio=0.0), 400 * DAY, 2)
    gaps = np.diff(alone.submit_s_N)
    assert (gaps < 1.0).mean() < 0.05 < (np.diff(jobs.submit_s_N) < 1.0).mean()


def running(jobs, tenant, time_s):
    mine = (jobs.tenant_N == tenant) & (jobs.submit_s_N <= time_s) & (jobs.submit_s_N + jobs.work_s_N > time_s)
    return jobs.gpus_N[mine].sum()


def test_people_who_look_first_ask_for_no_more_than_their_quota():
    crowded = model(quota_gpus=(8, 160, 64), batch_jobs_count=1.0, batch_span_s=1e-3, day_spread_ratio=0.0)
    times = np.linspace(10, 100, 150) * DAY
    asked = {}
    for looking in (0.0, 1.0):
        jobs = generate(replace(crowded, looking_frac=looking), 100 * DAY, 6)
        asked[looking] = np.array([running(jobs, 1, time) for time in times])
    assert asked[0.0].max() > 160
    assert asked[1.0].max() <= 160
    assert asked[1.0].mean() > 0.8 * min(asked[0.0].mean(), 160)


def test_a_batch_waits_for_room_and_looks_again():
    one, batch, gpus = np.zeros(3, int), np.arange(3), np.array([8, 8, 4])
    start, run, room = np.array([0.0, 10.0, 20.0]), np.array([10_000.0, 5.0, 5.0]), np.array([12])
    looks = np.array([True, True, True])
    # the second finds room when the first ends; the third has room beside it at once
    assert released_s(one, start, looks, batch, gpus, run, room, 1e10).tolist() == [0.0, 10_000.0, 20.0]
    assert released_s(one, start, ~looks, batch, gpus, run, room, 1e10).tolist() == [0.0, 10.0, 20.0]
    # a short job ends before people look again, half an hour later
    assert released_s(one, start, looks, batch, gpus, run / 1000, room, 1e10).tolist() == [0.0, 10.0, 20.0]
    busy = released_s(one, np.array([0.0, 5.0, 9e9]), looks, batch, gpus, run / 1000, room, 1e10)
    assert busy.tolist() == [0.0, 5.0 + 1800.0, 9e9]


def test_choices_have_the_odds_of_the_model(drawn):
    gpu_s = drawn.gpus_N * drawn.work_s_N
    for choice, chosen in ((model().end, drawn.end_N), (model().kind, drawn.class_N)):
        odds = choice.odds(gpu_s)
        assert np.bincount(chosen, minlength=odds.shape[1]) / len(chosen) == pytest.approx(odds.mean(axis=0), abs=0.005)
    assert set(np.unique(drawn.class_N)) == {0, 2, 3}
    odds = tenant_odds(model(), np.linspace(-2, 2, 5))
    assert odds.sum(axis=2) == pytest.approx(np.ones((6, 5)))
    assert np.all(odds[5, :, 0] == 0.0)  # 64 accelerators are more than the quota of 8


def test_a_larger_fleet_has_the_load_that_is_asked_for():
    large = scaled(model(), 100_000, 0.6, size_ratio=16)
    assert sum(large.quota_gpus) == pytest.approx(100_000, abs=3)
    assert large.size_gpus_S.tolist() == [1, 2, 4, 128, 256, 1024]
    assert large.jobs_per_s * moments(large).mean_gpu_s == pytest.approx(60_000)
    jobs = generate(large, 10 * DAY, 4)
    assert jobs.gpus_N @ jobs.work_s_N / (10 * DAY) == pytest.approx(60_000, rel=0.1)


def test_what_cannot_be_drawn_is_refused():
    for duration in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(EngineError, match="time above 0"):
            generate(model(), duration)
    for fleet, load, ratio in ((0, 0.5, 1), (8, 0.0, 1), (8, 0.5, 0)):
        with pytest.raises(EngineError, match="above 0"):
            scaled(model(), fleet, load, ratio)


def test_a_time_without_a_job_gives_none():
    assert len(generate(model(jobs_per_s=1e-12), 60.0).gpus_N) == 0
