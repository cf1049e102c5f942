"""The parts of a study: some draws each, the same whoever makes them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import GigawattError, InputError
from gigawatt.planning.metrics import measure_all
from gigawatt.planning.study.outputs import Reader
from gigawatt.planning.study.sampling import Sampling, values_of
from gigawatt.planning.study.studied import Studied

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

PART_DRAWS_COUNT = 512  # most draws of a part: two seconds of work, a tenth of one to write it
LEAST_PART_DRAWS_COUNT = 64  # the same of a small study
FEW_PARTS_COUNT = 8  # parts that a study has at least where that leaves so many draws to each
PART_POINTS_COUNT = 256  # points of a part
OBJECTS_BEFORE_COLLECTION = 1_000_000


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for cycles of garbage rarely: a draw makes few, and looking for them takes a third of its time."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def part_draws_count(samples_count: int) -> int:
    """Return the draws of a part, a power of two, at which the sequence is balanced.

    It hangs on the size of the study alone, so that parts are the same for any executor.
    """
    fair = 1 << (max(samples_count // FEW_PARTS_COUNT, 1).bit_length() - 1)
    return min(max(fair, LEAST_PART_DRAWS_COUNT), PART_DRAWS_COUNT)


def parts_count(samples_count: int) -> int:
    """Return the number of parts of a study."""
    return -(-samples_count // part_draws_count(samples_count))


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of a study, part by part; called with the number of a part.

    Attributes
    ----------
    plans : tuple of Studied
        The plan, and those it is set against, under the same draws.
    sampling : Sampling
    samples_count : int
    """

    plans: tuple[Studied, ...]
    sampling: Sampling
    samples_count: int

    def __call__(self, part: int) -> Columns:
        """Return the rows of a part, as columns that `outputs` names."""
        with few_collections():
            return self._columns(part)

    def _columns(self, part: int) -> Columns:
        """Make the columns of a part."""
        size = part_draws_count(self.samples_count)
        first = part * size
        count = min(size, self.samples_count - first)
        shares, moving_2NT = self.sampling.shares(first, size)
        columns: Columns = {"draw": np.arange(first + 1, first + count + 1)}
        for number, plan in enumerate(self.plans):
            values = {path: value_N[:count] for path, value_N in values_of(plan, shares).items()}
            courses = {name: course_NT[:count] for name, course_NT in self.sampling.courses(plan, moving_2NT).items()}
            if number == 0:
                columns |= {f"in:{path}": value_N for path, value_N in values.items()}
                columns |= {f"in:{name}": course_NT.mean(axis=1) for name, course_NT in courses.items()}
                columns |= _rows(plan, values, courses, count, first, with_series=True)
            else:
                rows = _rows(plan, values, courses, count, first, with_series=False)
                columns |= {f"m{number}:{name[2:]}": value_N for name, value_N in rows.items() if name.startswith("m:")}
                for worst in ("residual_usd", "balance_frac"):
                    columns[worst] = np.maximum(columns[worst], rows[worst])
        return columns


def _rows(
    plan: Studied,
    values: Mapping[str, Floats],
    courses: Mapping[str, Floats],
    count: int,
    first: int,
    *,
    with_series: bool,
) -> Columns:
    """Return what is kept of some draws of a plan."""
    reader = Reader.of(plan)
    scalars: list[dict[str, float]] = []
    series: list[Floats] = []
    for draw in range(count):
        drawn = {path: float(value_N[draw]) for path, value_N in values.items()}
        try:
            prepared, outcome = plan.at(drawn, {name: course_NT[draw] for name, course_NT in courses.items()})
        except GigawattError as error:
            message = f"{plan.name}: draw {first + draw + 1} makes no plan: {error}"
            raise InputError(message) from error
        scalars.append(reader.scalars(prepared, outcome))
        if with_series:
            series.append(reader.series(prepared, outcome))
    columns: Columns = {name: np.array([row[name] for row in scalars]) for name in scalars[0]}
    if with_series:
        columns |= dict(zip(reader.series_columns(), np.array(series).T, strict=True))
    return columns


@dataclass(frozen=True, slots=True)
class Points:
    """One metric of a plan at given shares of some figures, all others central; called with the number of a part.

    Attributes
    ----------
    plan : Studied
    paths : tuple of str
        Figures that move.
    shares_ND : Floats
        Share of each of them, by point.
    metric : str
    """

    plan: Studied
    paths: tuple[str, ...]
    shares_ND: Floats
    metric: str

    def __call__(self, part: int) -> Columns:
        """Return the metric at the points of a part."""
        with few_collections():
            return self._columns(part)

    def _columns(self, part: int) -> Columns:
        """Make the columns of a part."""
        first = part * PART_POINTS_COUNT
        shares_ND = self.shares_ND[first : first + PART_POINTS_COUNT]
        figures = {figure.path: figure for figure in self.plan.uncertain}
        values = {path: figures[path].values(shares_ND[:, place]) for place, path in enumerate(self.paths)}
        measure = measure_all(self.plan.prepared)[self.metric]
        found = [
            measure(self.plan.at({path: float(value_N[point]) for path, value_N in values.items()})[1])
            for point in range(len(shares_ND))
        ]
        return {"point": np.arange(first, first + len(found)), "value": np.array(found)}

    @property
    def parts_count(self) -> int:
        """Number of parts."""
        return -(-len(self.shares_ND) // PART_POINTS_COUNT)


def metric_at(plan: Studied, metric: str, points: Sequence[Mapping[str, float]]) -> list[float]:
    """Return a metric of a plan at given values of some figures, all others central."""
    measure = measure_all(plan.prepared)[metric]
    with few_collections():
        return [measure(plan.at(values)[1]) for values in points]
