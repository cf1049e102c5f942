"""For users' own tests: compare two plans, read a table of published values.

>>> from gigawatt.testing import assert_plans_equal
>>> assert_plans_equal({"result": {"npv_usd": 1.0}}, {"result": {"npv_usd": 1.0 + 1e-12}})
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gigawatt.errors import InputError
from gigawatt.planning.document import clean, plan_document
from gigawatt.planning.plan import Plan

SHOWN_DIFFERENCES = 20

_EXPECTATION = ("quantity", "expected", "unit", "tolerance_frac", "page")
_SOURCE = ("title", "publisher", "url", "date")


def _differences(left: Any, right: Any, rtol: float, path: str, ignore: Collection[str]) -> Iterator[str]:
    """Yield one sentence for each place where two documents differ."""
    if path in ignore:
        return
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in [*left, *(key for key in right if key not in left)]:
            inner = f"{path}.{key}" if path else str(key)
            if inner not in ignore and (key not in left or key not in right):
                yield f"{inner}: only in the {'first' if key in left else 'second'}"
            else:
                yield from _differences(left.get(key), right.get(key), rtol, inner, ignore)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} items against {len(right)}"
        for place, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from _differences(one, other, rtol, f"{path}.{place}", ignore)
    elif _is_number(left) and _is_number(right):
        if not math.isclose(left, right, rel_tol=rtol, abs_tol=0.0):
            yield f"{path}: {left!r} against {right!r}"
    elif left != right or type(left) is not type(right):
        yield f"{path}: {left!r} against {right!r}"


def _is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def assert_plans_equal(
    left: Plan | Mapping[str, Any],
    right: Plan | Mapping[str, Any],
    rtol: float = 1e-9,
    *,
    ignore: Collection[str] = ("gigawatt",),
) -> None:
    """Raise AssertionError where two plans differ, with every place.

    Parameters
    ----------
    left, right : Plan or mapping
        Finished plans, or their documents as in plan.json.
    rtol : float
        Relative tolerance of numbers. [-]
    ignore : collection of str
        Dotted paths left out; the version of gigawatt by default.

    Raises
    ------
    AssertionError
        Naming the path of each difference and both values; the first twenty in full.

    Examples
    --------
    >>> assert_plans_equal({"gpus": [1, 2]}, {"gpus": [1, 3]})
    Traceback (most recent call last):
    AssertionError: the plans differ in 1 place:
    gpus.1: 2 against 3
    """
    documents = [clean(plan_document(item) if isinstance(item, Plan) else item) for item in (left, right)]
    found = list(_differences(documents[0], documents[1], rtol, "", ignore))
    if found:
        more = [f"... and {len(found) - SHOWN_DIFFERENCES} more"] if len(found) > SHOWN_DIFFERENCES else []
        head = f"the plans differ in {len(found)} place{'s' if len(found) > 1 else ''}:"
        message = "\n".join([head, *found[:SHOWN_DIFFERENCES], *more])
        raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One published value and what it was obtained from.

    Attributes
    ----------
    quantity : str
        What was published.
    inputs : mapping of str to float or str
        The other columns of the table; numbers where they read as numbers.
    expected : float
        The published value, in `unit`.
    unit : str
    tolerance_frac : float
        Relative error allowed. [-]
    page : str
        Page, table or figure in the source.
    """

    quantity: str
    inputs: Mapping[str, float | str]
    expected: float
    unit: str
    tolerance_frac: float
    page: str

    def error_frac(self, found: float) -> float:
        """Return (found - expected) / expected; the plain difference where zero is expected."""
        return (found - self.expected) / self.expected if self.expected else found

    def holds(self, found: float) -> bool:
        """Whether a value lies within the tolerance."""
        return abs(self.error_frac(found)) <= self.tolerance_frac


@dataclass(frozen=True, slots=True)
class GoldenTable:
    """Published values of one source.

    Attributes
    ----------
    source : mapping of str to str
        title, publisher, url, date and whatever else the file says.
    rows : tuple of GoldenRow
    """

    source: Mapping[str, str]
    rows: tuple[GoldenRow, ...]


def read_golden(folder: Path) -> GoldenTable:
    """Read a folder that holds table.csv and source.yaml.

    Parameters
    ----------
    folder : Path
        The table has the columns quantity, expected, unit, tolerance_frac and page; all others are inputs. The source
        has title, publisher, url and date.

    Returns
    -------
    GoldenTable

    Raises
    ------
    InputError
        If a file is missing, a column or key is, or a number cannot be read.
    """
    table, about = folder / "table.csv", folder / "source.yaml"
    try:
        source = YAML(typ="safe").load(about.read_text(encoding="utf-8"))
        with table.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        message = f"{folder}: cannot be read as a golden table: {error}"
        raise InputError(message) from error
    keys = list(source) if isinstance(source, dict) else []
    for path, present, wanted in ((about, keys, _SOURCE), (table, columns, _EXPECTATION)):
        if missing := [name for name in wanted if name not in present]:
            message = f"{path}: lacks {', '.join(missing)}"
            raise InputError(message)
    return GoldenTable(
        source={str(key): str(value) for key, value in source.items()},
        rows=tuple(_golden_row(row, f"{table}:{line}") for line, row in enumerate(rows, start=2)),
    )


def _golden_row(row: Mapping[str, str | None], place: str) -> GoldenRow:
    """Read one line; raise InputError that names it."""
    if None in row or None in row.values():
        message = f"{place}: has more or fewer cells than the head of the table"
        raise InputError(message)
    cells = {name: cell or "" for name, cell in row.items()}
    expected, tolerance = (_number_or_text(cells[name]) for name in ("expected", "tolerance_frac"))
    if isinstance(expected, str) or isinstance(tolerance, str) or tolerance < 0.0:
        message = f"{place}: expected and tolerance_frac are finite numbers, the second at least zero"
        raise InputError(message)
    inputs = {name: _number_or_text(cell) for name, cell in cells.items() if name not in _EXPECTATION}
    return GoldenRow(cells["quantity"], inputs, expected, cells["unit"], tolerance, cells["page"])


def _number_or_text(cell: str) -> float | str:
    """Return a cell as a finite number where it is one."""
    try:
        number = float(cell)
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell
