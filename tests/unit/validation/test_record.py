"""The record that reports show: equal to what the engines predict now."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gigawatt.validation.compare import Summary, Validation, summarise
from gigawatt.validation.engines import ENGINES, validate
from gigawatt.validation.record import DRAWN, record

STALE = "an engine predicts something else than the record says: run python tools/build_validation_record.py"
ROUNDING_PCT = 0.01  # of an error, from the digits kept
SHARE_PCT = 0.5  # of a share: a row on the edge of a bound may fall to either side


@pytest.fixture(scope="module")
def found() -> dict[str, Validation]:
    """Return every engine's validation, predicted now."""
    return {engine: validate(engine) for engine in ENGINES}


def test_the_record_holds_every_engine(found: dict[str, Validation]) -> None:
    """In their order."""
    assert list(record().errors) == list(found), STALE


@pytest.mark.parametrize("engine", ENGINES)
def test_the_errors_are_those_of_now(engine: str, found: dict[str, Validation]) -> None:
    """Each figure of the summary."""
    kept, now = record().errors[engine], found[engine].summary
    for field in fields(Summary):
        near = SHARE_PCT if field.name.startswith(("within", "interval")) else ROUNDING_PCT
        assert getattr(kept, field.name) == pytest.approx(getattr(now, field.name), abs=near, rel=1e-3), STALE


def test_each_prediction_is_that_of_now(found: dict[str, Validation]) -> None:
    """Row by row, with its measurement, its range and its doubt."""
    now = [row for row in found[DRAWN].rows if not row.skipped]
    kept = record().rows
    assert [(row.id, row.group, row.quantity, row.flag) for row in kept] == [
        (row.id, row.group, row.quantity, row.flag) for row in now
    ], STALE
    for old, new in zip(kept, now, strict=True):
        for name in ("measured", "predicted", "low", "high"):
            assert getattr(old, name) == pytest.approx(getattr(new, name), rel=2e-4), STALE


def test_the_rows_give_the_errors_that_stand_beside_them() -> None:
    """Both files are of one run."""
    rows = [row for row in record().rows if not row.flag]
    again, kept = summarise(rows), record().errors[DRAWN]
    assert again.n == kept.n
    assert again.median_abs_error_pct == pytest.approx(kept.median_abs_error_pct, abs=ROUNDING_PCT)
    assert again.within_25_pct == pytest.approx(kept.within_25_pct, abs=SHARE_PCT)
