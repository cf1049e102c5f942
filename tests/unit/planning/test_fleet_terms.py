"""What catalogue, scenario and question say of a fleet arrives in the simulation."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

import gigawatt as gw
from gigawatt.catalogue import load
from gigawatt.catalogue.failures import Checkpointing
from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.simulation import MODES, CheckpointTier, Maintenance, Partition, PowerLimit
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning.document import plan_document
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet import Curtailment, Question, fleet_case
from gigawatt.planning.fleet.of_plan import mean_age_s
from gigawatt.planning.fleet.question import POWER_RESPONSES
from gigawatt.planning.fleet.rules import power_limits
from gigawatt.planning.fleet.terms import with_terms
from gigawatt.planning.wiring.hazards import ageing_of, hazards
from gigawatt.records import Month
from gigawatt.scenario.fleet import POLICIES as NAMED
from gigawatt.scenario.fleet import FleetTerms
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_MONTH

CATALOGUE = load()
RELIABILITY = CATALOGUE.reliability
DAY_S, MONTH_S = SECONDS_PER_DAY, SECONDS_PER_MONTH
SMALL = {"workload": "helios-venus", "gpus": 256, "days": 2.0}


def case(**asked):
    """Make a small case; nothing is simulated."""
    return fleet_case(CATALOGUE, Question(**(SMALL | asked)))


def factor(age, age_s):
    """Rate at an age over the settled one."""
    youth = (age.infant_factor - 1.0) * np.exp(-age_s / age.infant_s) if age.infant_s else 0.0
    return 1.0 + youth + ((age_s / age.worn_s) ** age.wear_exponent if age.worn_s else 0.0)


def test_the_words_of_a_scenario_are_those_of_the_simulator():
    def words(field):
        return [word for item in get_args(FleetTerms.model_fields[field].annotation) for word in get_args(item)]

    assert words("placement") == list(PLACEMENTS)
    assert words("recovery") == list(MODES)
    assert words("power_response") == list(POWER_RESPONSES)
    assert list(NAMED) == list(POLICIES)


@pytest.mark.parametrize("name", ["easy-backfil", "FIFO", "mine.txt"])
def test_a_policy_that_is_neither_a_name_nor_a_file_is_refused_with_the_nearest(name):
    with pytest.raises(ValidationError, match=r"is no policy, nor a file that ends in \.py\. (Nearest|One of): "):
        FleetTerms(policy=name)


@pytest.mark.parametrize("name", ["", *POLICIES, "not/there/yet.py"])
def test_a_policy_by_name_or_file_is_taken(name):
    assert FleetTerms(policy=name).policy == name  # a run can be read where its file is not


def test_the_share_of_software_failures_in_one_replica_arrives():
    for asked, frac in (({}, load().defaults.confined_software_frac.value), ({"confined_software_frac": 0.0}, 0.0)):
        made = case(model="llama-3.1-8b", run_gpus=64, recovery="replica", **asked)
        assert made.runs[0].job_class.confined_software_frac == frac
    with pytest.raises(InputError, match="replica"):
        case(confined_software_frac=1.5)


@pytest.mark.parametrize("name", sorted(RELIABILITY))
def test_nodes_of_the_observed_age_fail_at_the_published_rate(name):
    entry = RELIABILITY[name]
    age = ageing_of(entry, Figures())
    assert entry.observed_age_months is not None
    observed_s = entry.observed_age_months.value * MONTH_S
    assert age.settled_frac * factor(age, observed_s) == pytest.approx(1.0)
    assert factor(age, 0.0) == pytest.approx(entry.infant_factor_ratio.value)
    assert factor(age, age.worn_s) == pytest.approx(2.0, abs=1e-6)  # wear alone as often as all else
    least = min(factor(age, months * MONTH_S) for months in range(120))
    assert 1.0 <= least < factor(age, 0.0)
    for figure in (entry.infant_factor_ratio, entry.infant_months, entry.worn_years, entry.wear_exponent_ratio):
        assert figure.kind == "estimate"
        assert figure.low < figure.value < figure.high


def test_rates_do_not_change_with_age_unless_one_is_said():
    entry = RELIABILITY["meta-llama3-h100"]
    plain, aged = (hazards(CATALOGUE, entry, Figures(), ageing=ageing) for ageing in (False, True))
    rate = entry.failures_per_node_day.value
    assert sum(part.failures_per_node_day for part in plain.components) == pytest.approx(rate, rel=1e-4)
    assert all(part.infant_factor == 1.0 and part.worn_s == 0.0 for part in plain.components)
    by_name = {part.name: part for part in aged.components}
    assert by_name["hbm"].infant_factor == 3.0
    assert by_name["software"].infant_factor == 1.0  # code does not age with its node
    assert case().simulation.partitions[0].age_s == 0.0
    found = case(age_s=7.0 * MONTH_S).simulation
    assert found.partitions[0].age_s == 7.0 * MONTH_S
    assert all(part.worn_s > 0.0 for part in found.hazards.components)


def test_what_leaves_nodes_healthy_is_a_rate_of_jobs_and_the_sum_stays():
    entry = RELIABILITY["meta-llama3-h100"]
    found = case().simulation
    of_nodes = sum(part.failures_per_node_day for part in found.hazards.components)
    of_jobs = {kind.software_failures_per_node_day for kind in found.classes}
    assert not {"software", "nccl-timeout", "dependency"} & {part.name for part in found.hazards.components}
    assert all(part.repair_s > 0.0 and part.automatic_repair_s > 0.0 for part in found.hazards.components)
    assert len(of_jobs) == 1
    assert of_nodes + of_jobs.pop() == pytest.approx(entry.failures_per_node_day.value, rel=1e-4)


def test_failures_of_jobs_can_be_said_by_accelerator_and_by_job():
    found = case(software_failures_per_gpu_day=0.001, job_failures_per_day=0.25).simulation
    assert {kind.software_failures_per_node_day for kind in found.classes} == {0.008}
    assert {kind.job_failures_per_day for kind in found.classes} == {0.25}
    none = case(software_failures_per_gpu_day=0.0, reliability="none").simulation
    assert {kind.software_failures_per_node_day for kind in none.classes} == {0.0}
    assert not none.hazards.components


def test_where_jobs_stand_for_many_software_strikes_nodes():
    many = case(gpus=400_000, days=30.0).simulation
    assert {kind.mode for kind in many.classes} == {"replica"}
    assert {kind.software_failures_per_node_day for kind in many.classes} == {0.0}
    assert "software" in {part.name for part in many.hazards.components}
    rate = RELIABILITY["meta-llama3-h100"].failures_per_node_day.value
    assert sum(part.failures_per_node_day for part in many.hazards.components) == pytest.approx(rate, rel=1e-4)


def trained(**asked):
    """Return the class of jobs that train."""
    return next(kind for kind in case(**asked).simulation.classes if kind.kind == "training")


def test_places_of_checkpoints_become_tiers():
    kind = trained(tiers="byterobust")
    assert (kind.checkpoint_write_s, kind.checkpoint_interval_s) == (0.04, 20.0)
    assert kind.tiers == (CheckpointTier(90, 0.01, 0.0, 120.0),)
    three = trained(tiers="memory-disk-remote")
    assert [(tier.every_count, tier.needed_frac) for tier in three.tiers] == [(10, 1.0), (60, 0.5)]
    assert trained().tiers == ()
    assert trained(tiers="llama3").checkpoint_interval_s == 0.0  # one place: the best interval for the job
    said = trained(tiers="byterobust", checkpoint_write_s=0.5, checkpoint_interval_s=60.0)
    assert (said.checkpoint_write_s, said.checkpoint_interval_s, said.tiers[0].every_count) == (0.5, 60.0, 30)
    evaluation = next(kind for kind in case(tiers="gemini").simulation.classes if kind.kind == "evaluation")
    assert evaluation.tiers == ()
    with pytest.raises(CatalogueError, match=r"Nearest: byterobust\."):
        case(tiers="byterobst")


def test_a_place_is_whole_and_places_are_in_order():
    figures = {"source": "gigawatt-estimate", "kind": "estimate", "as_of": "2025"}

    def made(**fields):
        return Checkpointing.model_validate({"id": "a", "name": "A", "defaults": figures, "write_s": "1 s"} | fields)

    assert made().tiers == ()
    far = {"remote_every_s": "1 h", "remote_needed_frac": 0.1}
    assert made(interval_s="60 s", **far).tiers == ("remote",)
    near = {"local_every_s": "2 h", "local_needed_frac": 0.5}
    for wrong in ({"remote_every_s": "1 h"}, far, {"interval_s": "60 s", **far, **near}):
        with pytest.raises(ValidationError, match="tier"):
            made(**wrong)


@pytest.mark.parametrize("name", sorted(CATALOGUE.checkpoints))
def test_every_place_has_its_sources(name):
    entry = CATALOGUE.checkpoints[name]
    assert entry.id == name
    for path, figure in entry.figures().items():
        assert figure.source in CATALOGUE.sources(), path
        assert figure.source != "gigawatt-estimate" or figure.kind == "estimate", path
        assert figure.low <= figure.value <= figure.high, path


def test_moving_jobs_together_makes_them_movable():
    still, moved = case().simulation, case(defragmentation=True).simulation
    assert not still.rules.defragmentation
    assert {kind.preemptible_after_s for kind in still.classes} == {float("inf")}
    assert moved.rules.defragmentation
    assert {kind.preemptible_after_s for kind in moved.classes} == {3600.0}
    assert not moved.rules.preemption


def test_nodes_maintenance_and_limits_are_as_asked():
    rounds = Maintenance(30.0 * DAY_S, 7200.0, 3600.0, 2)
    found = case(
        lemons_out_after_count=3, lemon_window_s=DAY_S, replacement_s=2.0 * DAY_S, straggler_frac=0.01,
        straggler_speed_frac=0.8, maintenance=rounds, power_response="preempt", power_cap_w=1e5,
    ).simulation  # fmt: skip
    hazard = found.hazards
    assert (hazard.lemon_removed_after_count, hazard.lemon_window_s, hazard.replacement_s) == (3, DAY_S, 2.0 * DAY_S)
    assert (hazard.straggler_frac, hazard.straggler_speed_frac) == (0.01, 0.8)
    assert replace(found.maintenance, job_stops_per_day=0.0) == rounds
    assert found.rules.power_response == "preempt"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"power_response": "throttel"}, "Nearest: throttle"),
        ({"straggler_frac": 2.0}, "stragglers"),
        ({"job_failures_per_day": float("nan")}, "times and rates"),
        ({"lemons_out_after_count": -1}, "lemon"),
        ({"recovery": "elastc"}, "Nearest: elastic"),
    ],
)
def test_what_cannot_be_is_refused(asked, said):
    with pytest.raises(InputError, match=said):
        case(**asked)


ALL = FleetTerms.model_validate(
    {
        "age": "6 months", "checkpoint_tiers": "gemini", "checkpoint_interval": "2 min", "recovery": "replica",
        "software_failures": "0 1/day", "job_failures": "0.1 1/day",
        "confined_software": "30%", "spares": "2%", "technicians": 12,
        "lemons_out": {"after": 3, "within": "30 days", "replacement": "7 days"},
        "stragglers": {"share": "1%", "speed": "90%"}, "placement": "rack-aligned", "defragmentation": True,
        "maintenance": {"every": "90 days", "lasts": "4 h", "pods_at_once": 3}, "power_response": "preempt",
        "curtailments": [
            {"month": "2026-03", "day": 2, "hour": 17, "lasts": "4 h", "to": "60%", "site": "prometheus-oh"},
            {"month": "2025-12", "lasts": "4 h", "to": "50%"},
        ],
    }
)  # fmt: skip


def test_a_scenario_says_what_the_question_leaves_open():
    asked = with_terms(Question(recovery="elastic", seed=3), ALL, Month(2026, 1))
    assert asked.recovery == "elastic"  # an option goes before the scenario
    assert asked.seed == 3
    assert (asked.age_s, asked.tiers, asked.checkpoint_interval_s) == (6.0 * MONTH_S, "gemini", 120.0)
    assert (asked.software_failures_per_gpu_day, asked.job_failures_per_day) == (0.0, 0.1)
    assert asked.confined_software_frac == 0.3
    assert (asked.spare_frac, asked.technicians_count, asked.placement) == (0.02, 12, "rack-aligned")
    assert (asked.lemons_out_after_count, asked.lemon_window_s, asked.replacement_s) == (3, 30 * DAY_S, 7 * DAY_S)
    assert (asked.straggler_frac, asked.straggler_speed_frac) == (0.01, 0.9)
    assert asked.maintenance == Maintenance(90 * DAY_S, 14400.0, 0.0, 3)
    assert (asked.defragmentation, asked.preemption, asked.power_response) == (True, False, "preempt")
    start_s = 2 * MONTH_S + DAY_S + 17 * 3600.0
    assert asked.curtailments == (Curtailment(start_s, 14400.0, 0.6, "prometheus-oh"),)
    asked.require_valid()
    assert with_terms(Question(), FleetTerms(), Month(2026, 1)) == Question()


def test_a_site_draws_the_least_of_its_limits():
    parts = tuple(Partition(name, name, 10, busy_w=100.0) for name in ("a", "b"))  # 8 kW each
    own = (PowerLimit("a", 0.0, 6000.0), PowerLimit("a", 500.0, 9000.0))
    asked = Question(power_cap_w=7000.0, curtailments=(Curtailment(100.0, 200.0, 0.5, "a"),))
    limits = power_limits(asked, parts, 1000.0, own)
    by_site = {site: [(item.start_s, item.limit_w) for item in limits if item.site == site] for site in "ab"}
    assert by_site["a"] == [(0.0, 6000.0), (100.0, 4000.0), (300.0, 6000.0), (500.0, 7000.0)]
    assert by_site["b"] == [(0.0, 7000.0)]
    assert power_limits(Question(), parts, 1000.0) == ()
    with pytest.raises(InputError, match=r"Nearest: a\.|Choose"):
        power_limits(Question(curtailments=(Curtailment(0.0, 1.0, 0.5, "aa"),)), parts, 1000.0)


def test_the_age_of_what_is_online():
    assert mean_age_s(np.array([4.0, 4.0, 4.0]), 2, MONTH_S) == pytest.approx(3.0 * MONTH_S)
    # half were replaced by new ones a month ago: the oldest left
    assert mean_age_s(np.array([4.0, 2.0, 4.0, 4.0]), 3, 0.0) == pytest.approx((2 * 1 + 2 * 3) / 4 * MONTH_S)
    assert mean_age_s(np.zeros(3), 2, MONTH_S) == 0.0


def test_terms_of_a_scenario_arrive_in_its_plan():
    settings = ["fleet.method=simulated", "fleet.age=1 month", "fleet.defragmentation=true", "fleet.spares=5%"]
    plan = gw.plan("sovereign-1mw", [*settings, "fleet.checkpoint_tiers=byterobust"], draws_count=0)
    found = plan.fleet.simulation
    assert found.rules.defragmentation
    assert found.rules.spare_frac == 0.05
    assert {kind.tiers[0].every_count for kind in found.classes if kind.kind == "training"} == {90}
    assert {kind.checkpoint_write_s for kind in found.classes if kind.kind == "training"} == {0.04}
    assert all(part.worn_s > 0.0 for part in found.hazards.components)
    assert {part.age_s for part in found.partitions} == {0.0}  # all come later, and are new then
    paths = {item["path"] for item in plan_document(plan)["provenance"]}
    assert {"checkpoints.byterobust.remote_every_s", "reliability.meta-llama3-h100.worn_years"} <= paths
    assert all(check.holds for check in plan.checks)
