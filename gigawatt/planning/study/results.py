"""The parts of a study read with DuckDB: quantiles, shares and columns, never all at once. Shape letters: N draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUANTILES = (0.1, 0.5, 0.9)
VALUES_AT_ONCE = 1 << 22  # in memory together: as many columns at a time as this allows, at least one


def quoted(name: str) -> str:
    """Return a column's name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


class Results:
    """The draws of a study, in its folder.

    Parameters
    ----------
    folder : Path
        With the parts in `parts/*.parquet`.
    order : str
        Column that numbers the rows.
    """

    def __init__(self, folder: Path, order: str = "draw") -> None:
        import duckdb  # heavy, and only needed here

        self._connection = duckdb.connect(config={"threads": 1, "preserve_insertion_order": True})
        self._count: int | None = None
        pattern = str(folder / "parts" / "*.parquet").replace("'", "''")
        self._from = f"read_parquet('{pattern}')"
        self._order = order

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {self._from}").fetchall()
        return [str(row[0]) for row in described]

    def count(self) -> int:
        """Return the number of draws."""
        if self._count is None:
            self._count = round(self._numbers(["count(*)"])[0])
        return self._count

    def _numbers(self, terms: Sequence[str]) -> list[float]:
        """Return aggregates, all in one look at the parts; NaN where there is none."""
        row = self._connection.execute(f"SELECT {', '.join(terms)} FROM {self._from}").fetchall()[0] if terms else ()
        return [float("nan") if value is None else float(value) for value in row]

    def bands(self, columns: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """Return P10, P50, P90 and the mean of columns.

        Parameters
        ----------
        columns : sequence of str

        Returns
        -------
        dict of str to tuple of float
            Quantiles are values of draws, infinity among them; what is not defined in a draw does not count there. NaN
            where it is defined in none.
        """
        found: dict[str, tuple[float, ...]] = {}
        at_once = max(1, VALUES_AT_ONCE // max(self.count(), 1))
        for first in range(0, len(columns), at_once):
            for name, values_N in self._columns(columns[first : first + at_once]).items():
                defined_N = np.sort(values_N[~np.isnan(values_N)])
                if not len(defined_N):
                    found[name] = (float("nan"),) * (len(QUANTILES) + 1)
                    continue
                quantiles = [float(defined_N[round(share * (len(defined_N) - 1))]) for share in QUANTILES]
                found[name] = (*quantiles, float(defined_N.mean()))
        return found

    def shares(self, conditions: Sequence[str]) -> list[float]:
        """Return the share of draws in which each of some conditions holds."""
        return self._numbers([f"avg(CASE WHEN {condition} THEN 1.0 ELSE 0.0 END)" for condition in conditions])

    def most(self, columns: Sequence[str]) -> list[float]:
        """Return the largest value of each of some columns."""
        return self._numbers([f"max({quoted(column)})" for column in columns])

    def values(self, columns: Sequence[str]) -> dict[str, Floats]:
        """Return whole columns by draw, for what needs their order; ask for few at a time."""
        return self._columns(columns, f"ORDER BY {self._order}")

    def _columns(self, columns: Sequence[str], order: str = "") -> dict[str, Floats]:
        """Return whole columns, in any order where none is given."""
        terms = ", ".join(quoted(name) for name in columns)
        got = self._connection.execute(f"SELECT {terms} FROM {self._from} {order}").fetchnumpy()
        return {name: np.ma.filled(np.ma.asarray(got[name], dtype=np.float64), np.nan) for name in columns}
