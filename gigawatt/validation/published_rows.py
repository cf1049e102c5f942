"""Published figures that ship with the product, and how a prediction of one becomes a row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gigawatt.validation.compare import Row, Summary, Validation, summarise

PUBLISHED = Path(__file__).parent / "published"
PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure.

    Attributes
    ----------
    id, group, quantity, unit : str
    value : float
        In `unit`.
    flag : str
        Why it is doubted, or why its prediction rests on assumed inputs; empty where neither.
    source, url, note : str
    """

    id: str
    group: str
    quantity: str
    value: float
    unit: str
    flag: str
    source: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction and the range that its inputs leave open."""

    value: float
    low: float
    high: float


def read_published(name: str) -> list[Published]:
    """Read a table of published figures that ships.

    Parameters
    ----------
    name : str
        Of the file, without ".csv".

    Returns
    -------
    list of Published
        In file order.
    """
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Published(**{**written, "value": float(written["value"])})  # type: ignore[arg-type]
            for written in csv.DictReader(file)
        ]


def row_of(figure: Published, prediction: Prediction) -> Row:
    """Set a prediction beside its published figure.

    Parameters
    ----------
    figure : Published
    prediction : Prediction

    Returns
    -------
    Row
        Where the figure is zero the error is 0 if the prediction is zero too, and 100 % otherwise.
    """
    if figure.value:
        error_pct = PERCENT * (prediction.value / figure.value - 1.0)
    else:
        error_pct = PERCENT * float(prediction.value != 0.0)
    return Row(
        id=figure.id,
        group=figure.group,
        quantity=figure.quantity,
        measured=figure.value,
        predicted=prediction.value,
        error_pct=error_pct,
        low=prediction.low,
        high=prediction.high,
        flag=figure.flag,
        skipped="",
    )


def validation_of(rows: Iterable[Row]) -> Validation:
    """Summarise rows as a whole and by group, flagged rows apart.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    Validation
    """
    rows = tuple(rows)
    unflagged = [row for row in rows if not row.flag]
    groups: Mapping[str, Summary] = {
        group: summarise(row for row in unflagged if row.group == group)
        for group in sorted({row.group for row in rows})
    }
    return Validation(rows, summarise(unflagged), groups, summarise(rows))
