"""A plan whose fleet is simulated: it says so, its balances hold, its power is the simulator's."""

from __future__ import annotations

import numpy as np
import pytest

import gigawatt as gw
from gigawatt.catalogue import load
from gigawatt.planning.document import dumps, plan_document
from gigawatt.planning.fleet import measures
from gigawatt.planning.fleet.in_plan import gpu_w
from gigawatt.planning.fleet.work import thinned
from gigawatt.planning.workload_generator import generate, model_of
from gigawatt.units import SECONDS_PER_DAY
from gigawatt.views.report.html import render
from gigawatt.views.terminal import render as on_terminal


@pytest.fixture(scope="module")
def plans():
    analytic = gw.plan("sovereign-1mw", draws_count=0)
    simulated = gw.plan("sovereign-1mw", ["fleet.method=simulated"], draws_count=0)
    return analytic, simulated


def test_a_plan_says_which_of_the_two_it_took(plans):
    analytic, simulated = plans
    assert plan_document(analytic)["result"]["fleet"] == {"method": "analytic"}
    found = plan_document(simulated)["result"]["fleet"]
    assert found["method"] == "simulated"
    assert found["events"] > 0
    assert "wall_s" not in found
    assert "in closed form" in on_terminal(analytic, 110).plain
    assert "goodput and power simulated" in on_terminal(simulated, 110).plain
    assert 'id="figure-fleet-use"' in render(simulated)
    assert "figure-fleet-use" not in render(analytic)


def test_its_balances_hold_and_its_power_is_the_simulators(plans):
    _, simulated = plans
    assert all(check.holds for check in simulated.checks)
    answer = simulated.fleet
    hours = measures.ledger_hours(answer)
    assert sum(hours.values()) == pytest.approx(answer.result.capacity_gpu_s / 3600.0)
    planned_mwh = simulated.tables["power"]["energy_it_mwh"].sum()
    # nodes are whole, accelerators of a plan are not: the smallest site has a few hundred
    assert planned_mwh == pytest.approx(measures.power_w(answer).sum() / 1e6, rel=0.03)


def test_hours_of_sites_sum_to_the_fleets(plans):
    answer = plans[1].fleet
    sites = {part.site for part in answer.simulation.partitions}
    total = sum(measures.hourly_it_w(answer, site) for site in sites)
    assert total == pytest.approx(measures.power_w(answer))
    watts = gpu_w(answer, list(dict.fromkeys(answer.kinds)), plans[1].tables["months"].shape[0])
    part = answer.simulation.partitions[0]
    online = watts[watts > 0.0]
    assert (online >= part.idle_w * 0.999).all()
    assert (online <= part.busy_w * 1.001).all()


def test_equal_plans_give_equal_documents(plans):
    again = gw.plan("sovereign-1mw", ["fleet.method=simulated"], draws_count=0)
    assert dumps(plan_document(again)) == dumps(plan_document(plans[1]))


def test_thinned_jobs_ask_for_the_same_and_keep_the_large_ones():
    model = model_of(load().workloads["helios-venus"])
    jobs = generate(model, 30.0 * SECONDS_PER_DAY, 1)
    few, each = thinned(jobs, 4000)
    assert each > 1
    assert few.gpus_N.size <= 4000
    assert few.gpus_N @ few.work_s_N == pytest.approx(jobs.gpus_N @ jobs.work_s_N, rel=1e-12)
    assert (np.diff(few.submit_s_N) >= 0.0).all()
    largest = np.argsort(jobs.gpus_N * jobs.work_s_N)[-500:]
    assert np.isin(jobs.submit_s_N[largest], few.submit_s_N).all()
