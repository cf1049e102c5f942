"""Scores, limits, alarms; evidence by pairs; slices apart by time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import wilcoxon

from gigawatt.errors import InfeasibleError
from gigawatt.planning.engineer.archive import Archive, Entry
from gigawatt.planning.engineer.court import Verdict
from gigawatt.planning.engineer.evidence import holm, p_value, paired
from gigawatt.planning.engineer.fleet_targets import WAIT_RATIO
from gigawatt.planning.engineer.measures import Measures
from gigawatt.planning.engineer.score import PART_PRICE, limits_of, score_of
from gigawatt.planning.engineer.slices import BEFORE_S, WEEK_S, largest_of, slice_of, split_of, weeks_of
from tests.unit.planning.engineer.conftest import fleet, some_jobs

USUAL = Measures(7200.0, 36000.0, 9000.0, 40000.0, 0.8, 0.01, 0.0, 0.0)
SHORTEST = Measures(3600.0, 30000.0, 8000.0, 90000.0, 0.8, 0.01, 0.0, 0.0)
BY_HAND = {"easy-backfill": Verdict((USUAL,)), "shortest": Verdict((SHORTEST,))}
LIMITS = limits_of("scheduler", BY_HAND, [SimpleNamespace(name="a slice")])


def scored(bench, parts=10, **changed):
    """Score a policy that is as the best rule by hand but for what is changed."""
    verdict = Verdict((replace(SHORTEST, **changed),), parts)
    item = replace(bench.slices[0], least_wait_s=60.0)
    limits = replace(LIMITS, by_slice={item.name: SHORTEST.mean_wait_s})
    return score_of("scheduler", verdict, limits, [item])


def test_the_best_rule_by_hand_has_the_least_wait_and_sets_the_limits():
    assert LIMITS.reference == "shortest"
    assert LIMITS.guards["tail_wait_s"] == WAIT_RATIO * USUAL.tail_wait_s  # the worse of best and usual
    assert LIMITS.guards["goodput_frac"] < SHORTEST.goodput_frac


def test_a_policy_pays_for_its_length(bench):
    short, long = scored(bench, parts=10), scored(bench, parts=30)
    assert short.fitness - long.fitness == pytest.approx(20 * PART_PRICE)
    assert short.gain_frac == long.gain_frac == 0.0


def test_no_week_outweighs_the_others(bench):
    # half the wait in one slice and twice the wait in a slice of a hundred times the wait: neither better nor worse
    items = [replace(bench.slices[0], where=name, least_wait_s=0.0) for name in ("a", "b")]
    rows = {"easy-backfill": (1e3, 1e5), "shortest": (100.0, 10_000.0)}
    made = {
        name: Verdict(tuple(replace(SHORTEST, mean_wait_s=wait_s) for wait_s in waits)) for name, waits in rows.items()
    }
    limits = limits_of("scheduler", made, items)
    mine = Verdict(tuple(replace(SHORTEST, mean_wait_s=wait_s) for wait_s in (50.0, 20_000.0)), 0)
    found = score_of("scheduler", mine, limits, items)
    assert -0.4 < found.gain_frac < 0.4  # though the mean wait nearly doubled
    assert found.means.mean_wait_s > 1.9 * limits.wanted


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tail_wait_s": 90000.0}, "99th percentile"),
        ({"largest_wait_s": 90000.0}, "largest jobs"),
        ({"goodput_frac": 0.7}, "goodput"),
        ({"waiting_frac": 0.1}, "never start"),
    ],
)
def test_starving_somebody_costs_more_than_it_brings(bench, changed, words):
    starves = scored(bench, mean_wait_s=3500.0, **changed)
    assert words in starves.breaches[0]
    assert starves.fitness < scored(bench).fitness


@pytest.mark.parametrize("changed", [{"mean_wait_s": 30.0}, {"impossible_count": 1.0}, {"lost_frac": -0.1}])
def test_what_cannot_be_raises_an_alarm_and_is_never_kept(bench, changed):
    found = scored(bench, **changed)
    assert found.alarm
    assert found.gain_frac >= 0.0
    archive = Archive(LIMITS)
    assert not archive.offer(Entry("x", 1, found, 1))
    assert not archive.cells


def test_an_archive_keeps_the_best_of_each_cell_and_comes_back_from_plain_data(bench):
    archive = Archive(LIMITS)
    assert archive.offer(Entry("a", 10, scored(bench, 10), 1))
    assert not archive.offer(Entry("b", 11, scored(bench, 11), 2))  # the same cell, and longer
    assert archive.offer(Entry("c", 40, scored(bench, 40), 3))  # worse, but of another length
    assert archive.offer(Entry("d", 10, scored(bench, 10, largest_wait_s=100.0), 4))  # of another behaviour
    again = Archive(LIMITS)
    again.restore(archive.record())
    assert again.cells == archive.cells
    assert [entry.text for entry in again.best(2)] == ["a", "d"]


def test_evidence_of_a_constant_gain_is_exact():
    before = [100.0 + at for at in range(10)]
    found = paired(
        before, [0.9 * value for value in before], [at // 2 for at in range(10)], [str(at) for at in range(10)]
    )
    assert found.change_frac == pytest.approx(-0.1)
    assert (found.low_frac, found.high_frac) == (pytest.approx(-0.1), pytest.approx(-0.1))
    assert found.p_value == pytest.approx(wilcoxon([-value for value in before], alternative="less").pvalue)
    assert (found.better_count, found.better_weeks_count) == (10, 5)


def test_evidence_of_noise_proves_nothing():
    luck = np.random.default_rng(1)
    before = luck.uniform(50.0, 150.0, 24)
    after = before + luck.normal(0.0, 20.0, 24)
    found = paired(before, after, list(range(24)), ["x"] * 24)
    assert found.low_frac < 0.0 < found.high_frac
    assert found.p_value > 0.05


def test_the_interval_is_wide_where_all_gain_comes_from_one_week():
    before = [100.0] * 12
    after = [10.0] * 4 + [100.0] * 8
    found = paired(before, after, [0] * 4 + [1] * 4 + [2] * 4, ["x"] * 12)
    assert found.high_frac == 0.0  # a draw of weeks without that one shows nothing
    assert found.better_weeks_count == 1


def test_equal_policies_have_a_chance_of_one():
    assert p_value([1.0, 2.0], [1.0, 2.0]) == 1.0


def test_holm_corrects_for_the_number_of_policies():
    assert holm([0.004, 0.5, 0.01, 0.02]) == pytest.approx([0.016, 0.5, 0.03, 0.04])


def test_weeks_are_apart_by_time_and_the_last_ones_prove():
    names = split_of(list(range(9)))
    order = [names[week] for week in range(9)]
    assert order == ["train"] * 3 + ["select"] * 2 + ["test"] * 4
    assert set(split_of([4, 5, 6]).values()) == {"train", "select", "test"}


def test_a_week_counts_its_own_jobs_and_none_come_after_it():
    item = slice_of(fleet(), some_jobs(), "test", "here", 1, 0)
    submit_s = item.simulation.jobs.submit_s_N
    assert submit_s.max() < BEFORE_S + WEEK_S < item.simulation.duration_s
    assert (submit_s[item.counts_N] >= BEFORE_S).all()
    assert 0 < (~item.counts_N).sum() < item.counts_N.sum()


def test_another_draw_is_the_same_week_with_other_luck():
    first, again, other = (slice_of(fleet(), some_jobs(), "test", "here", 1, draw) for draw in (1, 1, 2))
    assert np.array_equal(first.simulation.jobs.submit_s_N, again.simulation.jobs.submit_s_N)
    assert not np.array_equal(first.simulation.jobs.work_s_N, other.simulation.jobs.work_s_N)
    assert first.simulation.seed != other.simulation.seed
    kept = np.isin(first.simulation.jobs.work_s_N, some_jobs().work_s_N)
    assert kept.all()  # every job is one of the trace's


def test_the_largest_jobs_are_the_largest():
    jobs = some_jobs()
    counts = np.ones(jobs.gpus_N.size, dtype=bool)
    largest = largest_of(jobs, counts)
    assert jobs.gpus_N[largest].min() >= jobs.gpus_N[~largest].max()
    assert largest.sum() >= 20


def test_weeks_that_are_nearly_empty_are_left_out_and_two_are_too_few():
    jobs = some_jobs(weeks=4)
    assert weeks_of(jobs) == [0, 1, 2, 3]
    with pytest.raises(InfeasibleError, match="at least 3"):
        weeks_of(some_jobs(weeks=2))
