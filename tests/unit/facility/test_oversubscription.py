"""More nameplates than power: against draws, limits and a published cluster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.facility.oversubscription import RackPower, cap_hours, oversubscribe, racks_that_fit
from gigawatt.errors import InputError

RACK = RackPower(nameplate_w=132e3, mean_w=100e3, deviation_w=10e3, correlation_frac=0.3)


def test_closed_form_agrees_with_draws_of_correlated_racks():
    rng = np.random.default_rng(7)
    racks, hours = 64, 200_000
    common = rng.standard_normal(hours) * np.sqrt(0.3)
    # the sum of 64 independent parts is itself normal
    own = rng.standard_normal(hours) * np.sqrt(0.7 * racks)
    power_w = racks * 100e3 + 10e3 * (racks * common + own)
    cap_w = 6.6e6
    found = oversubscribe(RACK, racks, cap_w)
    assert found.deviation_w == pytest.approx(power_w.std(), rel=0.01)
    assert found.capped_frac == pytest.approx(np.mean(power_w > cap_w), abs=0.005)
    assert found.unserved_frac == pytest.approx(np.maximum(power_w - cap_w, 0.0).mean() / power_w.mean(), rel=0.03)


def test_independent_racks_average_out_and_one_job_does_not():
    alone, together = (
        oversubscribe(RackPower(132e3, 100e3, 10e3, share), 1000.0, 104e6).capped_frac for share in (0.0, 1.0)
    )
    assert alone < 1e-9
    assert together == pytest.approx(0.345, abs=0.001)  # Q(0.4)


def test_headroom_of_a_published_cluster_takes_the_servers_that_were_published():
    # POLCA (arXiv:2308.12908): a cluster that serves peaks at 79 % of what is provided, one that trains at 97 %; 30 %
    # more servers fit into the first. A peak is taken as the power passed in 1 % of the time, 2.326 deviations up.
    serving = RackPower(nameplate_w=1.0, mean_w=0.70, deviation_w=0.09 / 2.326, correlation_frac=1.0)
    assert racks_that_fit(serving, 1000.0, 0.01) == pytest.approx(1300.0, rel=0.05)
    training = RackPower(nameplate_w=1.0, mean_w=0.90, deviation_w=0.07 / 2.326, correlation_frac=1.0)
    assert racks_that_fit(training, 1000.0, 0.01) == pytest.approx(1030.0, rel=0.01)


def test_without_swings_it_is_all_or_nothing():
    flat = RackPower(132e3, 100e3, 0.0, 0.0)
    assert oversubscribe(flat, 10.0, 1e6).capped_frac == 0.0
    assert oversubscribe(flat, 11.0, 1e6).unserved_frac == pytest.approx(1 / 11)


@settings(max_examples=50, deadline=None)
@given(racks=st.floats(1.0, 1e4), ratio=st.floats(0.8, 1.3), more=st.floats(1.0, 1.2))
def test_more_racks_never_lose_less(racks, ratio, more):
    provided_w = racks * 100e3 * ratio
    fewer, many = (oversubscribe(RACK, count, provided_w) for count in (racks, racks * more))
    assert many.capped_frac >= fewer.capped_frac - 1e-12
    assert many.unserved_frac >= fewer.unserved_frac - 1e-12
    assert 0.0 <= many.work_lost_frac <= many.unserved_frac + 1e-12


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.001, 0.2))
def test_racks_that_fit_are_capped_as_often_as_allowed(share):
    count = racks_that_fit(RACK, 100e6, share)
    assert oversubscribe(RACK, count, 100e6).capped_frac == pytest.approx(share, rel=1e-6)


def test_capped_hours_conserve_energy():
    load_w = np.array([80e6, 100e6, 120e6])
    capped = cap_hours(load_w, np.array([90e6, 90e6, 0.0]))
    assert capped.unserved_mwh * 1e6 == pytest.approx((load_w - capped.it_w_H).sum())
    assert capped.capped_hours_count == 2
    # hour two does (90/100)^0.5 of its work, hour three none
    assert capped.work_lost_frac == pytest.approx(1.0 - (80 + 100 * 0.9**0.5) / 300)
    assert cap_hours(load_w, 120e6).work_lost_frac == 0.0


def test_impossible_racks_are_refused():
    with pytest.raises(InputError, match="correlation"):
        oversubscribe(RackPower(1.0, 1.0, 0.1, 1.5), 1.0, 1.0)
    with pytest.raises(InputError, match="positive"):
        oversubscribe(RACK, 1.0, 0.0)
    with pytest.raises(InputError, match=r"below 0\.5"):
        racks_that_fit(RACK, 1e6, 0.6)
