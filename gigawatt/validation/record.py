"""What the engines predict of the published measurements, kept as data: reports show it and predict nothing anew.

`tools/build_validation_record.py` writes the two files; `tests/unit/validation/test_record.py` holds them to what the
engines predict now.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache

from gigawatt.validation.compare import Row, Summary, Validation
from gigawatt.validation.published_rows import PUBLISHED

DRAWN = "training"  # engine whose rows are kept one by one
ROWS_FILE, ERRORS_FILE = "training_predictions.csv", "errors.csv"
DIGITS = 5  # significant, of each figure kept
_COUNTS = ("n", "skipped")  # figures of a summary that are whole
_ROW_TEXTS = ("id", "group", "quantity", "flag")
_ROW_FIGURES = ("measured", "predicted", "low", "high")


@dataclass(frozen=True, slots=True)
class Record:
    """Predictions beside measurements, as they were when the record was written.

    Attributes
    ----------
    rows : tuple of Row
        Of the training engine, doubted rows among them, without those that cannot be predicted.
    errors : mapping of str to Summary
        By engine.
    """

    rows: tuple[Row, ...]
    errors: Mapping[str, Summary]


def record_of(found: Mapping[str, Validation]) -> dict[str, str]:
    """Return the files that keep a comparison.

    Parameters
    ----------
    found : mapping of str to Validation
        By engine, the training engine among them.

    Returns
    -------
    dict of str to str
        CSV by file name.
    """
    names = [field.name for field in fields(Summary)]
    errors = [
        [engine, *(_kept(getattr(validation.summary, name)) for name in names)] for engine, validation in found.items()
    ]
    rows = [
        [*(getattr(row, name) for name in _ROW_TEXTS), *(_kept(getattr(row, name)) for name in _ROW_FIGURES)]
        for row in found[DRAWN].rows
        if not row.skipped
    ]
    return {
        ROWS_FILE: _written([*_ROW_TEXTS, *_ROW_FIGURES], rows),
        ERRORS_FILE: _written(["engine", *names], errors),
    }


def _kept(value: float) -> str:
    """Return a figure with the digits that are kept."""
    return f"{value:.{DIGITS}g}"


def _written(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return rows as CSV."""
    memory = io.StringIO()
    writer = csv.writer(memory, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return memory.getvalue()


@cache
def record() -> Record:
    """Return the record that ships."""
    kept = {
        name: list(csv.DictReader((PUBLISHED / name).read_text(encoding="utf-8").splitlines()))
        for name in (ROWS_FILE, ERRORS_FILE)
    }
    errors = {
        row["engine"]: Summary(
            **{name: int(text) if name in _COUNTS else float(text) for name, text in row.items() if name != "engine"}  # type: ignore[arg-type]
        )
        for row in kept[ERRORS_FILE]
    }
    return Record(tuple(_row(row) for row in kept[ROWS_FILE]), errors)


def _row(row: Mapping[str, str]) -> Row:
    """Return one row of the record."""
    measured, predicted, low, high = (float(row[name]) for name in _ROW_FIGURES)
    error_pct = 100.0 * (predicted / measured - 1.0)
    return Row(row["id"], row["group"], row["quantity"], measured, predicted, error_pct, low, high, row["flag"], "")
