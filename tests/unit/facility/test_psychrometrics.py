"""Moist air against ASHRAE's equations as psychrolib has them."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.facility.psychrometrics import enthalpy_j_per_kg, humidity_ratio, saturated_humidity_ratio

psychrolib = pytest.importorskip("psychrolib")
psychrolib.SetUnitSystem(psychrolib.SI)


@pytest.mark.parametrize("pressure_pa", [81_000.0, 101_325.0])
@pytest.mark.parametrize("dew_point_c", [0.5, 10.0, 21.0, 28.0])
def test_humidity_ratio_matches_hyland_wexler_within_half_a_per_cent(dew_point_c, pressure_pa):
    expected = psychrolib.GetHumRatioFromTDewPoint(dew_point_c, pressure_pa)
    found = humidity_ratio(np.array([dew_point_c]), np.array([pressure_pa]))[0]
    assert found == pytest.approx(expected, rel=0.005)


def test_enthalpy_matches_ashrae_equation_30():
    found = enthalpy_j_per_kg(np.array([30.0]), np.array([0.015]))[0]
    assert found == pytest.approx(psychrolib.GetMoistAirEnthalpy(30.0, 0.015), rel=1e-3)


def test_saturated_humidity_ratio_inverts_the_saturation_enthalpy():
    temperature_c = np.linspace(-20.0, 55.0, 40)
    pressure_pa = np.full(40, 95_000.0)
    ratio = humidity_ratio(temperature_c, pressure_pa)
    found = saturated_humidity_ratio(enthalpy_j_per_kg(temperature_c, ratio), pressure_pa)
    np.testing.assert_allclose(found, ratio, rtol=2e-3)
