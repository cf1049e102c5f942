"""Published figures on money: one file a subject, each line with its role and its source."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from gigawatt.errors import InputError

PUBLISHED = Path(__file__).parent / "published" / "finance.csv"
COLUMNS = ("id", "role", "period", "value", "unit", "source", "url", "note")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the file."""

    id: str
    role: str
    period: str
    value: float
    unit: str


def read_facts(data: Path = PUBLISHED) -> dict[str, Fact]:
    """Read the published figures.

    Parameters
    ----------
    data : Path, optional
        CSV with the columns of `COLUMNS`.

    Returns
    -------
    dict of str to Fact
        By id.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing or a value is not a number.
    """
    try:
        with data.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as problem:
        message = f"{data}: cannot be read: {problem.strerror}"
        raise InputError(message) from problem
    facts = {}
    for line, row in enumerate(rows, start=2):
        missing = [column for column in COLUMNS if row.get(column) is None]
        if missing:
            message = f"{data}:{line}: column {', '.join(missing)} is missing"
            raise InputError(message)
        try:
            value = float(row["value"])
        except ValueError as problem:
            message = f'{data}:{line}: value: "{row["value"]}" is not a number'
            raise InputError(message) from problem
        facts[row["id"]] = Fact(row["id"], row["role"], row["period"], value, row["unit"])
    return facts
