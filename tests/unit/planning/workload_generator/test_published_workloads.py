"""A synthetic workload has the published statistics of its cluster."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.fleet.simulation import ENDS, KINDS
from gigawatt.errors import InfeasibleError
from gigawatt.planning.workload_generator import (
    PlannedRun,
    Statistics,
    fit_choice,
    fit_shape,
    generate,
    model_of,
    moments,
    shares_of_tenants,
    with_runs,
)

WORKLOADS = load().workloads
CLUSTERS = sorted(WORKLOADS)


@cache
def fitted(name):
    return model_of(WORKLOADS[name])


@cache
def drawn(name):
    return generate(fitted(name), WORKLOADS[name].span_days.value * 86400.0, seed=1)


def shares(index, count, weight=None):
    return np.bincount(index, weight, minlength=count) / (len(index) if weight is None else weight.sum())


def test_all_published_clusters_are_there():
    venus, earth, saturn, uranus = (f"helios-{name}" for name in ("venus", "earth", "saturn", "uranus"))
    assert set(CLUSTERS) == {"philly", venus, earth, saturn, uranus, "acme-seren", "acme-kalos"}
    helios = [WORKLOADS[name].jobs_count.value for name in (venus, earth, saturn, uranus)]
    assert sum(helios) == 1_580_464  # jobs with accelerators of all four, as published
    assert WORKLOADS["philly"].mean_wait_s.value == 3760.604


@pytest.mark.parametrize("name", CLUSTERS)
def test_means_and_medians_are_within_ten_percent(name):
    entry, jobs = WORKLOADS[name], drawn(name)
    assert jobs.work_s_N.mean() == pytest.approx(entry.mean_run_s.value, rel=0.1)
    assert np.median(jobs.work_s_N) == pytest.approx(entry.median_run_s.value, rel=0.1)
    assert jobs.gpus_N.mean() == pytest.approx(entry.mean_gpus_count.value, rel=0.1)
    assert np.median(jobs.gpus_N) == 1  # of every one of them
    gpu_s = jobs.gpus_N * jobs.work_s_N
    # less, as people of full clusters wait with their largest jobs beyond the end
    assert gpu_s.mean() == pytest.approx(entry.gpu_time_s.value / entry.jobs_count.value, rel=0.15)


def test_jobs_of_eight_and_more_hold_61_percent_of_phillys_accelerator_time():
    jobs = drawn("philly")
    gpu_s = jobs.gpus_N * jobs.work_s_N
    assert gpu_s[jobs.gpus_N >= 8].sum() / gpu_s.sum() == pytest.approx(0.611, abs=0.05)
    assert np.mean(jobs.gpus_N >= 8) < 0.05


@pytest.mark.parametrize("name", ["helios-venus", "helios-saturn", "helios-uranus"])
def test_jobs_on_one_accelerator_hold_3_to_12_percent_of_helios(name):
    jobs = drawn(name)  # the authors' figure, for which nothing was fitted
    gpu_s = jobs.gpus_N * jobs.work_s_N
    assert 0.03 <= gpu_s[jobs.gpus_N == 1].sum() / gpu_s.sum() <= 0.12


@pytest.mark.parametrize("name", CLUSTERS)
def test_ends_and_kinds_have_their_shares_of_jobs_and_of_time(name):
    entry, jobs, model = WORKLOADS[name], drawn(name), fitted(name)
    gpu_s = jobs.gpus_N * jobs.work_s_N
    for names, index, by_jobs, by_time in (
        (ENDS, jobs.end_N, entry.ends_jobs_frac, entry.ends_gpu_time_frac),
        (KINDS, jobs.class_N, entry.kinds_jobs_frac, entry.kinds_gpu_time_frac),
    ):
        wanted_jobs = [by_jobs[item].value if item in by_jobs else 0.0 for item in names]
        wanted_time = [by_time[item].value if item in by_time else 0.0 for item in names]
        assert shares(index, len(names)) == pytest.approx(wanted_jobs, abs=0.02)
        # a few hundred jobs hold most of the time, so that a draw scatters about the model
        scatter = 4.0 * np.sqrt((gpu_s**2).sum()) / gpu_s.sum()
        assert shares(index, len(names), gpu_s) == pytest.approx(wanted_time, abs=0.02 + scatter)
    assert len(model.end.level_K) == len(ENDS)


@pytest.mark.parametrize("name", ["helios-earth", "philly"])
def test_tenants_have_their_measured_shares(name):
    entry, jobs = WORKLOADS[name], drawn(name)
    count = len(entry.quota_gpus)
    gpu_s = jobs.gpus_N * jobs.work_s_N
    by_jobs = [figure.value for figure in entry.tenants_jobs_frac.values()]
    by_time = [figure.value for figure in entry.tenants_gpu_time_frac.values()]
    assert shares(jobs.tenant_N, count) == pytest.approx(by_jobs, abs=0.02)
    assert shares(jobs.tenant_N, count, gpu_s) == pytest.approx(by_time, abs=0.06)  # sizes differ by tenant, too


def test_tenants_by_rule_use_their_quotas_on_average_and_never_beyond_the_cut():
    entry = WORKLOADS["helios-venus"]
    quota = np.array([figure.value for figure in entry.quota_gpus.values()])
    for use in (0.3, 0.6, 0.8):
        _, time_frac = shares_of_tenants(entry, use)
        used = np.array(time_frac) * use * quota.sum() / quota
        assert used.max() <= 0.93 + 1e-9
        assert used @ quota == pytest.approx(use * quota.sum())
    assert used.std() > 0.1


def test_a_fit_returns_what_it_was_made_from_and_refuses_what_cannot_be():
    statistics = Statistics(5000.0, 250.0, 1e6, 3.0, 30_000.0, 64, single_frac=0.7)
    shape = fit_shape(statistics)
    assert shape.single_frac == 0.7
    assert 1.5 < shape.run_sigma < 3.0
    with pytest.raises(InfeasibleError, match="mean run s"):
        fit_shape(Statistics(100.0, 250.0, 1e6, 3.0, 1000.0, 64, single_frac=0.7))  # a mean below the median


def test_a_choice_has_both_shares_or_none():
    gpu_s, frac = np.geomspace(1.0, 1e6, 500), np.full(500, 0.002)
    choice = fit_choice([0.9, 0.1], [0.4, 0.6], gpu_s, frac)
    odds = choice.odds(gpu_s)
    assert frac @ odds == pytest.approx([0.9, 0.1], abs=1e-3)
    assert (frac * gpu_s) @ odds / (frac @ gpu_s) == pytest.approx([0.4, 0.6], abs=1e-3)
    with pytest.raises(InfeasibleError, match="points off"):
        fit_choice([0.999, 0.001], [0.001, 0.999], gpu_s, frac)


def test_a_load_of_ones_own_and_planned_runs():
    entry = WORKLOADS["acme-seren"]
    model = model_of(entry, load_frac=0.5)
    assert model.jobs_per_s * moments(model).mean_gpu_s == pytest.approx(0.5 * sum(model.quota_gpus))
    twice = model_of(entry, quota_gpus=4576)
    assert sum(twice.quota_gpus) == pytest.approx(4576, abs=10)
    jobs = generate(model, 86400.0)
    more = with_runs(jobs, (PlannedRun(3600.0, 54 * 86400.0, 2048), PlannedRun(0.0, 10.0, 8)))
    assert len(more.gpus_N) == len(jobs.gpus_N) + 2
    assert more.gpus_N.max() == 2048
    assert np.all(np.diff(more.submit_s_N) >= 0.0)
