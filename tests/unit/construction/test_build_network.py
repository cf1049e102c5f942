from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.construction import Activity, Lead, Link, forward, latest_starts, network
from gigawatt.errors import InputError


def bar(name: str, days: float, release_days: float = 0.0) -> Activity:
    return Activity(name, Lead(days, days), release_days)


# The textbook diamond: a 3 before b 4 and c 2, both before d 5.
DIAMOND = network(
    [bar("d", 5), bar("c", 2), bar("b", 4), bar("a", 3)],
    [Link("a", "b"), Link("a", "c"), Link("b", "d"), Link("c", "d")],
)
DAYS = np.array([[float(activity.lead.p50_days)] for activity in DIAMOND.activities])


def test_each_activity_stands_after_what_it_needs() -> None:
    names = [activity.name for activity in DIAMOND.activities]
    assert names[0] == "a"
    assert names[-1] == "d"
    assert all(DIAMOND.position[name] == place for place, name in enumerate(names))


def test_forward_pass_of_the_diamond() -> None:
    start = dict(zip(DIAMOND.position, forward(DIAMOND, DAYS)[:, 0].tolist(), strict=True))
    assert start == {"a": 0.0, "b": 3.0, "c": 3.0, "d": 7.0}


def test_backward_pass_leaves_float_only_off_the_critical_path() -> None:
    start = forward(DIAMOND, DAYS)
    total_float = latest_starts(DIAMOND, DAYS, np.array([12.0])) - start
    found = dict(zip(DIAMOND.position, total_float[:, 0].tolist(), strict=True))
    assert found == {"a": 0.0, "b": 0.0, "c": 2.0, "d": 0.0}


def test_overlap_is_of_the_shorter_one_and_works_in_both_passes() -> None:
    plan = network([bar("slab", 90), bar("roof", 40)], [Link("slab", "roof", 0.5)])
    days = np.array([[90.0], [40.0]])
    start = forward(plan, days)
    # roof begins 20 days before the slab ends: half of its own 40 days
    np.testing.assert_allclose(start[:, 0], [0.0, 70.0])
    np.testing.assert_allclose(latest_starts(plan, days, np.array([110.0]))[:, 0], [0.0, 70.0])


def test_a_release_holds_an_activity_back_and_may_be_before_clearing() -> None:
    plan = network([bar("order", 100, -60.0), bar("pad", 10, 20.0)], [])
    start = dict(zip(plan.position, forward(plan, np.array([[100.0], [10.0]]))[:, 0].tolist(), strict=True))
    assert start == {"order": -60.0, "pad": 20.0}


def test_a_circle_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="circle: a, b"):
        network([bar("a", 1), bar("b", 1)], [Link("a", "b"), Link("b", "a")])


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r'"a" is there twice.*"z" of a link.*overlap 0\.6'):
        network([bar("a", 1), bar("a", 1)], [Link("a", "z"), Link("a", "a", 0.6)])
