"""The parts of a study read with DuckDB: whole columns, never all at once. Shape letters: N draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.executors import cores_count

Floats = NDArray[np.float64]
Band = tuple[float, float, float, float]

QUANTILES = (0.1, 0.5, 0.9)
VALUES_AT_ONCE = 1 << 22  # in memory together: as many columns at a time as this allows, at least one


def quoted(name: str) -> str:
    """Return a column's name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def band_of(values_N: Floats) -> Band:
    """Return P10, P50, P90 and the mean of a column.

    Parameters
    ----------
    values_N : Floats
        In any order.

    Returns
    -------
    tuple of float
        Quantiles are values of draws, infinity among them; what is not defined in a draw does not count. NaN where it
        is defined in none.

    Examples
    --------
    >>> band_of(np.array([3.0, np.nan, 1.0, 2.0]))
    (1.0, 2.0, 3.0, 2.0)
    """
    defined_N = np.sort(values_N[~np.isnan(values_N)])
    if not len(defined_N):
        return math.nan, math.nan, math.nan, math.nan
    p10, p50, p90 = (float(defined_N[round(share * (len(defined_N) - 1))]) for share in QUANTILES)
    return p10, p50, p90, float(defined_N.mean())


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

        self._connection = duckdb.connect(config={"threads": cores_count()})
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

    def count(self) -> int:
        """Return the number of draws."""
        if self._count is None:
            found = self._connection.execute(f"SELECT count(*) FROM {self._from}").fetchall()
            self._count = int(found[0][0])
        return self._count

    def bands(self, columns: Sequence[str]) -> dict[str, Band]:
        """Return the band of each of some columns."""
        return {name: band_of(values_N) for name, values_N in self.each(columns)}

    def each(self, columns: Sequence[str], *, by_draw: bool = False) -> Iterator[tuple[str, Floats]]:
        """Yield whole columns, as many in memory as `VALUES_AT_ONCE` allows.

        Parameters
        ----------
        columns : sequence of str
        by_draw : bool
            Whether their order counts; any is given where not.

        Yields
        ------
        tuple of str and Floats
            Name and values, NaN where it is not defined in a draw.
        """
        at_once = max(1, VALUES_AT_ONCE // max(self.count(), 1))
        for first in range(0, len(columns), at_once):
            yield from self._columns(columns[first : first + at_once], by_draw=by_draw).items()

    def values(self, columns: Sequence[str]) -> dict[str, Floats]:
        """Return whole columns by draw, all together: ask for few."""
        return self._columns(columns, by_draw=True)

    def _columns(self, columns: Sequence[str], *, by_draw: bool) -> dict[str, Floats]:
        """Return whole columns, in one look at the parts."""
        terms = ", ".join(quoted(name) for name in columns)
        order = f"ORDER BY {self._order}" if by_draw else ""
        got = self._connection.execute(f"SELECT {terms} FROM {self._from} {order}").fetchnumpy()
        found = {name: np.ma.filled(np.ma.asarray(got[name], dtype=np.float64), np.nan) for name in columns}
        self._count = len(found[columns[0]])
        return found
