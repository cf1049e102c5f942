"""IT load and land: means kept, ratings kept, published areas."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.facility.land import building_area_m2, ring_area_m2, share_of, site_area_m2
from gigawatt.engines.facility.load import hourly_it_w
from gigawatt.errors import InputError
from gigawatt.units import SQUARE_METRES_PER_ACRE, SQUARE_METRES_PER_SQUARE_FOOT


@pytest.mark.parametrize("mean_load_frac", [0.1, 0.8, 0.97, 1.0])
@pytest.mark.parametrize("serving_frac", [0.0, 0.4, 1.0])
def test_load_keeps_its_mean_and_its_rating(mean_load_frac, serving_frac):
    load_w = hourly_it_w(50e6, mean_load_frac, serving_frac)
    assert load_w.shape == (8760,)
    assert load_w.mean() == pytest.approx(50e6 * mean_load_frac, rel=1e-12)
    assert load_w.max() <= 50e6 * (1.0 + 1e-12)


def test_training_is_flat_and_serving_peaks_in_the_afternoon():
    assert np.ptp(hourly_it_w(1.0, 0.8)) == 0.0
    assert int(np.argmax(hourly_it_w(1.0, 0.6, serving_frac=1.0)[:24])) == 15


@pytest.mark.parametrize("wrong", [{"mean_load_frac": 0.0}, {"mean_load_frac": 1.2}, {"serving_frac": -0.1}])
def test_wrong_shares_are_refused(wrong):
    with pytest.raises(InputError):
        hourly_it_w(**{"rated_w": 1.0, "mean_load_frac": 0.5, **wrong})


def test_site_ratio_is_that_of_fairwater():
    # 1.2 million square feet of building on 315 acres
    building_m2 = 1.2e6 * SQUARE_METRES_PER_SQUARE_FOOT
    assert site_area_m2(building_m2) == pytest.approx(315 * SQUARE_METRES_PER_ACRE, rel=0.01)


def test_area_inside_a_ring_does_not_depend_on_direction_or_closing():
    # one degree by one degree at 60 N: 111.2 km x 55.6 km on average, a little less as meridians converge
    longitude, latitude = [0.0, 1.0, 1.0, 0.0], [60.0, 60.0, 61.0, 61.0]
    area_m2 = ring_area_m2(longitude, latitude)
    assert area_m2 == pytest.approx(111.195e3**2 * np.cos(np.radians(60.5)), rel=1e-4)
    assert ring_area_m2(longitude[::-1], latitude[::-1]) == pytest.approx(area_m2)
    assert ring_area_m2([*longitude, 0.0], [*latitude, 60.0]) == pytest.approx(area_m2)


def test_building_from_density_and_share_of_an_outline():
    assert share_of(building_area_m2(100e6, 2000.0), 200_000.0) == 0.25
    with pytest.raises(InputError):
        share_of(1.0, 0.0)
    with pytest.raises(InputError):
        building_area_m2(1.0, 0.0)
