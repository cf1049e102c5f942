"""What the fit leaves out, and where it starts from."""

from __future__ import annotations

import importlib.util
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from gigawatt.catalogue.store import load
from gigawatt.engines.hardware.constants import CALIBRATION, FITTED_ACCELERATORS
from gigawatt.validation.training import PUBLISHED_DATA, PUBLISHED_FLAGS, read_flags
from gigawatt.validation.training_rows import read_measurements

TOOL = Path(__file__).parents[3] / "tools" / "fit_training.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("fit_training", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows():
    found = read_measurements(PUBLISHED_DATA, read_flags(PUBLISHED_FLAGS), load())
    return [one for one in found if not one.skipped and not one.flag]


def test_an_accelerator_and_a_family_are_left_out_whole(tool, rows):
    for folds, label in (
        (tool.accelerator_folds(rows), lambda one: one.job.accelerator.name),
        (tool.family_folds(rows), lambda one: one.family),
    ):
        held = defaultdict(set)
        for one, fold in zip(rows, folds, strict=True):
            held[label(one)].add(fold)
        assert all(len(found) == 1 for found in held.values())


def test_the_accelerators_with_rows_are_those_of_the_interval(rows):
    seen = {one.job.accelerator.name for one in rows}
    assert set(FITTED_ACCELERATORS) == {name for name in seen if not name.startswith("tpu")}


def test_shipped_constants_lie_in_their_ranges_and_priors_in_the_middle(tool):
    start = tool.priors()
    for free in tool.FREE:
        assert free.low <= free.read(CALIBRATION) <= free.high, free
        assert free.read(start) == pytest.approx(0.5 * (free.low + free.high))


def test_the_interval_covers_four_fifths(tool, rows):
    errors = tool.log_errors(rows, CALIBRATION)
    for share in tool.covered_frac(rows, errors, seen=True).values():
        assert 0.75 < share < 0.90
    assert np.isfinite(errors).all()
