"""IT load by hour from what the accelerators do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigawatt.engines.facility.profile import (
    SERVING_DAY,
    SiteWork,
    TrainingPhase,
    hourly_work_w,
    run_load_frac,
    serving_shape,
)
from gigawatt.errors import InputError

MIXED = SiteWork(
    idle_load_frac=0.27,
    training=(TrainingPhase(0, 4000, 0.5, 0.8, 1800.0, 20.0), TrainingPhase(5000, 8760, 0.6, 0.78)),
    serving_capacity_frac=0.3,
    serving_load_frac=0.6,
    research_capacity_frac=0.1,
    research_load_frac=0.5,
)


def test_a_site_without_work_idles():
    np.testing.assert_allclose(hourly_work_w(100e6, SiteWork(0.27)), 27e6)


def test_parts_add_up_hour_by_hour():
    # hour 4,500 lies between the runs: 0.6 idle, 0.1 research, 0.3 serving at its demand
    load_w = hourly_work_w(1.0, MIXED)
    serving = 0.27 + (0.6 - 0.27) * serving_shape(MIXED)[4500]
    assert load_w[4500] == pytest.approx(0.6 * 0.27 + 0.1 * 0.5 + 0.3 * serving)
    assert load_w.shape == (8760,)


def test_serving_keeps_its_mean_load():
    served = SiteWork(0.27, serving_capacity_frac=1.0, serving_load_frac=0.6)
    assert hourly_work_w(1.0, served).mean() == pytest.approx(0.6, rel=1e-12)


def test_checkpoints_lower_the_mean_by_their_share_of_time():
    # 60 s in every 600 s at idle: 0.9 x 0.8 + 0.1 x 0.27
    assert run_load_frac(TrainingPhase(0, 1, 1.0, 0.8, 540.0, 60.0), 0.27) == pytest.approx(0.747)
    assert run_load_frac(TrainingPhase(0, 1, 1.0, 0.8), 0.27) == 0.8


def test_training_phase_begins_and_ends_at_its_hours():
    load_w = hourly_work_w(1.0, SiteWork(0.2, (TrainingPhase(100, 200, 0.5, 0.8),)))
    assert load_w[99] == load_w[200] == pytest.approx(0.2)
    assert load_w[100] == load_w[199] == pytest.approx(0.2 + 0.5 * 0.6)


def test_users_ahead_of_the_site_peak_earlier_by_its_clock():
    served = SiteWork(0.2, serving_capacity_frac=1.0, serving_load_frac=0.5)
    at_home, abroad = (
        int(np.argmax(serving_shape(replace(served, users_ahead_h=hours))[24:48])) for hours in (0.0, 6.0)
    )
    assert at_home == int(np.argmax(SERVING_DAY)) == 20
    assert abroad == 14


def test_weekends_are_the_last_two_days_of_the_week():
    # 1 January 2025 was a Wednesday: the fourth and fifth of January are a weekend
    shape = serving_shape(SiteWork(0.2, weekend_ratio=0.7, first_weekday=2))
    day = shape.reshape(365, 24).mean(axis=1)
    assert day[3] == pytest.approx(0.7 * day[0])
    assert day[4] == pytest.approx(0.7 * day[0])
    assert day[5] == pytest.approx(day[0])
    assert shape.mean() == pytest.approx(1.0)


def test_serving_never_passes_its_rating():
    spiky = SiteWork(0.2, serving_capacity_frac=1.0, serving_load_frac=0.9, serving_day=(0.1,) * 23 + (5.0,))
    assert hourly_work_w(1.0, spiky).max() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"serving_capacity_frac": 0.9}, "of the rating is held"),
        ({"serving_load_frac": 0.1}, "serving_load_frac is 0.1"),
        ({"research_load_frac": 1.2}, "research_load_frac is 1.2"),
        ({"training": (TrainingPhase(5, 5, 0.1, 0.8),)}, "from hour 5 to 5"),
        ({"serving_day": (1.0,) * 23}, "24 values"),
        ({"idle_load_frac": -0.1}, "0..1"),
    ],
)
def test_impossible_work_is_named(changes, words):
    with pytest.raises(InputError, match=words):
        hourly_work_w(1.0, replace(MIXED, **changes))
