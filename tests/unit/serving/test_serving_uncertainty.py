"""Stated intervals: wider for what was never measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from serving_cases import B200, H100

from gigawatt.engines.serving.uncertainty import INTERVAL_FACTOR, interval_factor, is_calibrated
from gigawatt.errors import InputError

NEW = replace(H100, name="new", generation="unheard-of")


def test_a_generation_without_rows_is_marked_and_has_a_wider_interval():
    assert is_calibrated(H100)
    assert is_calibrated(B200)
    for generation in ("rubin", "cdna4", "tpu", "trainium", "unheard-of"):
        assert not is_calibrated(replace(H100, generation=generation))
    assert not is_calibrated(replace(B200, name="vera-rubin-nvl144"))  # entered as Blackwell, never measured
    for quantity in INTERVAL_FACTOR:
        for mixture in (False, True):
            assert interval_factor(NEW, mixture, quantity) >= interval_factor(H100, mixture, quantity) > 1.0
        assert interval_factor(NEW, False, quantity) > interval_factor(H100, False, quantity)


def test_an_unknown_quantity_is_refused():
    with pytest.raises(InputError, match="Nearest: server"):
        interval_factor(H100, False, "serve")
