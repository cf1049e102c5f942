"""An interior point method for programmes whose rows follow each other in time. N rows, n columns.

Mehrotra's predictor and corrector (S. Mehrotra, SIAM J. Optimization 2(4), 1992; S. J. Wright, Primal-Dual
Interior-Point Methods, 1997, chapters 10 and 11). Rows of a step touch only columns of that step and its neighbours,
so the normal equations are a band; the few columns that all hours share, such as capacities, and the few rows of the
whole year are eliminated beside it. Its capacities are a proposal: HiGHS dispatches them, and the cost of that over
the bound which the prices prove says how good they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gigawatt.engines.energy.types import Floats, Integers

ITERATIONS_COUNT = 100  # far more than any year has needed. [1]
CLOSE_ENOUGH = 1e-6  # relative residuals and gap at which to stop. [1]
STEP_FRAC = 0.9995  # share of the way to the boundary that a step may take (Wright, chapter 10). [1]
RIDGE = 1e-11  # added to the diagonal of the band relative to its largest entry, against rounding. [1]
DIVERGED_RATIO = 1e6  # growth of the mean product over its least, after which nothing good comes. [1]
START_PUSH = 1e-2  # least price of the starting point over the mean cost. [1]
NEGLIGIBLE = 1e-100  # influence of one row on another below which it is none. [1]
SMALLEST = 1e-14  # diagonal below which the band counts as singular. [1]


@dataclass(frozen=True, slots=True)
class Standard:
    """A programme as min c x, A x = b, 0 <= x <= u, with its entries as triplets.

    Attributes
    ----------
    row, column, value : ndarray
        Entries of A.
    right, cost, upper : ndarray
        b, c and u; u may be infinite.
    step : ndarray
        Step of each row, -1 for rows of the whole year.
    """

    row: Integers
    column: Integers
    value: Floats
    right: Floats
    cost: Floats
    upper: Floats
    step: Integers

    def times(self, x: Floats) -> Floats:
        """Return A x."""
        return np.bincount(self.row, self.value * x[self.column], len(self.right)).astype(np.float64, copy=False)

    def transposed(self, y: Floats) -> Floats:
        """Return y A."""
        return np.bincount(self.column, self.value * y[self.row], len(self.cost)).astype(np.float64, copy=False)


class Normal:
    """The normal equations A D A' as a band, with a border of shared columns and rows of the year."""

    def __init__(self, standard: Standard) -> None:
        local = standard.step >= 0
        order = np.argsort(np.where(local, standard.step, np.iinfo(np.int64).max), kind="stable")
        self._local_count = int(local.sum())
        self._rows_count = len(standard.right)
        self._position = np.empty(self._rows_count, dtype=np.int64)
        self._position[order] = np.arange(self._rows_count)
        by_column = np.lexsort((self._position[standard.row], standard.column))
        row, column = self._position[standard.row][by_column], standard.column[by_column]
        value = standard.value[by_column]
        inside = row < self._local_count
        first = np.full(len(standard.cost), np.iinfo(np.int64).max)
        last = np.full(len(standard.cost), -1)
        steps = standard.step[standard.row][by_column]
        np.minimum.at(first, column[inside], steps[inside])
        np.maximum.at(last, column[inside], steps[inside])
        shared = last - first > 1
        self._shared = np.flatnonzero(shared)
        here = ~shared[column]
        self._pairs(row[here], column[here], value[here])
        place = np.zeros(len(standard.cost), dtype=np.int64)
        place[self._shared] = np.arange(len(self._shared))
        border = np.zeros((self._rows_count, len(self._shared)))
        border[row[~here], place[column[~here]]] = value[~here]
        self._border = border

    def _pairs(self, row: Integers, column: Integers, value: Floats) -> None:
        """List every product of two entries of a column that is not shared, by where it lands."""
        counts = np.bincount(column)
        parts: list[tuple[Integers, Integers, Integers, Floats]] = []
        starts = np.cumsum(np.append(0, counts))[:-1]
        for ahead in range(int(counts.max())):
            for behind in range(ahead + 1):
                at = starts[counts > ahead]
                high, low = at + ahead, at + behind
                parts.append((row[high], row[low], column[high], value[high] * value[low]))
        high, low, source, product = (np.concatenate(part) for part in zip(*parts, strict=True))
        count = self._local_count
        banded = high < count
        self._width = int((high - low)[banded].max()) if banded.any() else 0
        self._band_at = (high - low)[banded] * count + low[banded]
        self._band_from, self._band_value = source[banded], product[banded]
        rest = self._rows_count - count
        self._rest_count = rest
        self._side = (low[~banded] * rest + high[~banded] - count, source[~banded], product[~banded])

    def factor(self, weight: Floats) -> None:
        """Factor the equations for column weights D; raise LinAlgError where the band is singular."""
        from scipy.linalg import cho_solve_banded, cholesky_banded

        count, rest = self._local_count, self._rest_count
        size = (self._width + 1) * count
        products = self._band_value * weight[self._band_from]
        band = np.bincount(self._band_at, weights=products, minlength=size).reshape(self._width + 1, count)
        band[0] += RIDGE * np.maximum(band[0], SMALLEST) + SMALLEST
        self._band = cholesky_banded(band, lower=True, check_finite=False)
        at, source, product = self._side
        side = np.bincount(at, weights=product * weight[source], minlength=self._rows_count * rest)
        side = side.reshape(self._rows_count, rest)
        self._edge = np.hstack([side[:count], self._border[:count]])
        corner = np.zeros((self._edge.shape[1], self._edge.shape[1]))
        lower = side[count:]
        corner[:rest, :rest] = lower + lower.T - np.diag(np.diag(lower))
        corner[:rest, rest:] = self._border[count:]
        corner[rest:, :rest] = self._border[count:].T
        corner[rest:, rest:] = -np.diag(1.0 / weight[self._shared])
        self._solve_band: Any = cho_solve_banded
        self._reach = self._within(self._edge)
        self._schur = corner - np.einsum("ij,ik->jk", self._edge, self._reach)  # threads of a product cost more

    def _within(self, right: Floats) -> Floats:
        """Solve the band alone."""
        found = np.asarray(self._solve_band((self._band, True), right, check_finite=False))
        found[np.abs(found) < NEGLIGIBLE] = 0.0  # what fades with distance in time must not become denormal
        return found

    def solve(self, right: Floats) -> Floats:
        """Solve A D A' y = right."""
        placed = np.empty_like(right)
        placed[self._position] = right
        count, rest = self._local_count, self._rest_count
        top = self._within(placed[:count])
        lower = np.concatenate([placed[count:], np.zeros(len(self._shared))]) - np.einsum("ij,i->j", self._edge, top)
        outer = np.linalg.solve(self._schur, lower) if len(lower) else lower
        found = np.concatenate([top - np.einsum("ij,j->i", self._reach, outer), outer[:rest]])
        return found[self._position]


@dataclass(frozen=True, slots=True)
class Point:
    """Values and prices; `bound` and `excess` are the room to the upper bounds and its price."""

    x: Floats
    y: Floats
    z: Floats
    bound: Floats
    excess: Floats
    iterations_count: int = 0


def _longest(value: Floats, change: Floats) -> float:
    """Longest step that keeps values positive."""
    falling = change < 0.0
    return min(1.0, STEP_FRAC * float(np.min(-value[falling] / change[falling]))) if falling.any() else 1.0


def approach(standard: Standard) -> Point | None:
    """Return a point close to the optimum, or None where the method does not get there.

    Parameters
    ----------
    standard : Standard

    Returns
    -------
    Point or None
    """
    with np.errstate(all="ignore"):  # where it diverges it says so
        return _iterate(standard)


def _iterate(standard: Standard) -> Point | None:
    """Iterate to the optimum; None where that fails."""
    normal = Normal(standard)
    limited = np.isfinite(standard.upper)
    upper = np.where(limited, standard.upper, 0.0)
    scale_b = 1.0 + float(np.max(np.abs(standard.right), initial=0.0))
    scale_c = 1.0 + float(np.max(np.abs(standard.cost)))
    point = _start(standard, normal, limited, upper)
    least_mu = np.inf
    for done in range(ITERATIONS_COUNT):
        room = np.where(limited, upper - point.x - point.bound, 0.0)
        primal = standard.right - standard.times(point.x)
        dual = standard.cost - standard.transposed(point.y) - point.z + point.excess
        pairs = len(point.x) + int(limited.sum())
        mu = float(point.x @ point.z + point.bound[limited] @ point.excess[limited]) / pairs
        value = float(standard.cost @ point.x)
        far = max(np.max(np.abs(primal)), np.max(np.abs(room))) / scale_b
        if max(far, float(np.max(np.abs(dual))) / scale_c, mu * pairs / (1.0 + abs(value))) < CLOSE_ENOUGH:
            return replace(point, iterations_count=done)
        theta = point.z / point.x + np.where(limited, point.excess / point.bound, 0.0)
        try:
            normal.factor(1.0 / theta)
        except np.linalg.LinAlgError:
            return None
        residuals = (primal, dual, room)
        ahead = _direction(
            standard, normal, point, limited, theta, residuals, -point.x * point.z, -point.bound * point.excess
        )
        least = _mu_after(point, ahead, limited, pairs)
        target = (least / mu) ** 3 * mu
        inner = target - point.x * point.z - ahead.x * ahead.z
        outer = np.where(limited, target - point.bound * point.excess - ahead.bound * ahead.excess, 0.0)
        change = _direction(standard, normal, point, limited, theta, residuals, inner, outer)
        point = _moved(point, change, limited)
        if not np.all(np.isfinite(point.y)) or mu > DIVERGED_RATIO * least_mu:
            return None
        least_mu = min(least_mu, mu)
    return None


def _start(standard: Standard, normal: Normal, limited: Any, upper: Floats) -> Point:
    """Mehrotra's starting point: least squares, pushed inside."""
    ones = np.ones_like(standard.cost)
    normal.factor(ones)
    x = standard.transposed(normal.solve(standard.right))
    y = normal.solve(standard.times(standard.cost))
    reduced = standard.cost - standard.transposed(y)
    z, excess = np.maximum(reduced, 0.0), np.where(limited, np.maximum(-reduced, 0.0), 0.0)
    bound = np.where(limited, upper - x, 1.0)
    lift = max(-1.5 * float(x.min()), -1.5 * float(bound.min()), 0.0)
    x, bound = x + lift, np.where(limited, bound + lift, 1.0)
    whole = float(x @ z + bound @ excess)
    push = 0.5 * whole / max(float(np.sum(x)), 1.0) + START_PUSH * (1.0 + float(np.mean(np.abs(standard.cost))))
    z, excess = z + push, np.where(limited, excess + push, 0.0)
    widen = 0.5 * float(x @ z + bound @ excess) / float(np.sum(z) + np.sum(excess))
    return Point(x + widen, y, z, np.where(limited, bound + widen, 1.0), excess)


def _direction(
    standard: Standard,
    normal: Normal,
    point: Point,
    limited: Any,
    theta: Floats,
    residuals: tuple[Floats, Floats, Floats],
    inner: Floats,
    outer: Floats,
) -> Point:
    """Newton's direction towards given products of values and prices."""
    primal, dual, room = residuals
    h = dual - inner / point.x + np.where(limited, (outer - point.excess * room) / point.bound, 0.0)
    dy = normal.solve(primal + standard.times(h / theta))
    dx = (standard.transposed(dy) - h) / theta
    missed = primal - standard.times(dx)  # one round of refinement: the band carries a ridge
    more = normal.solve(missed)
    dy, dx = dy + more, dx + standard.transposed(more) / theta
    dz = (inner - point.z * dx) / point.x
    dw = np.where(limited, room - dx, 0.0)
    dv = np.where(limited, (outer - point.excess * dw) / point.bound, 0.0)
    return Point(dx, dy, dz, dw, dv)


def _mu_after(point: Point, change: Point, limited: Any, pairs: int) -> float:
    """Mean product after the longest step along a direction."""
    moved = _moved(point, change, limited)
    return float(moved.x @ moved.z + moved.bound[limited] @ moved.excess[limited]) / pairs


def _moved(point: Point, change: Point, limited: Any) -> Point:
    """Take the longest step, values and prices each by their own."""
    forward = min(_longest(point.x, change.x), _longest(point.bound[limited], change.bound[limited]))
    priced = min(_longest(point.z, change.z), _longest(point.excess[limited], change.excess[limited]))
    return Point(
        point.x + forward * change.x,
        point.y + priced * change.y,
        point.z + priced * change.z,
        point.bound + forward * change.bound,
        point.excess + priced * change.excess,
    )
