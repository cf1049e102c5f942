"""Shares of the draws: one scrambled Sobol sequence, however it is cut. Shape letters: N draws, T months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance import price_courses
from gigawatt.errors import InputError, nearest
from gigawatt.planning.study.correlate import Copula, copula
from gigawatt.planning.study.studied import Studied

Floats = NDArray[np.float64]

LEAST_SHARE = 2.0**-31  # a share of exactly 0 or 1 has no normal score; half of what the sequence resolves


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which dimension of the sequence decides what.

    Attributes
    ----------
    seed : int
    paths : tuple of str
        Figures of all plans, one dimension each.
    months : tuple of str
        Calendar months in which a market's price moves, two dimensions each after the figures'.
    copula : Copula
        Of figures that move together.
    """

    seed: int
    paths: tuple[str, ...]
    months: tuple[str, ...]
    copula: Copula

    @property
    def dimensions_count(self) -> int:
        """Dimensions of the sequence."""
        return max(len(self.paths) + 2 * len(self.months), 1)

    def shares(self, first: int, count: int) -> tuple[dict[str, Floats], Floats]:
        """Return shares of some draws.

        Parameters
        ----------
        first, count : int
            Draws first, ..., first + count - 1, from 0.

        Returns
        -------
        dict of str to Floats
            Share of each figure, between 0 and 1, shape (N,).
        Floats
            Shares that move the market's price in each month and make it jump, shape (2, N, T).
        """
        from scipy.stats import qmc

        sequence = qmc.Sobol(self.dimensions_count, scramble=True, rng=np.random.default_rng(self.seed))
        if first:
            sequence.fast_forward(first)
        return self.laid_out(_points(sequence, first, count))

    def laid_out(self, points_ND: Floats) -> tuple[dict[str, Floats], Floats]:
        """Return shares from points of one's own, a dimension of the sequence each.

        Parameters
        ----------
        points_ND : Floats
            Between 0 and 1, independent.

        Returns
        -------
        tuple
            As `shares`.
        """
        points_ND = np.clip(points_ND, LEAST_SHARE, 1.0 - LEAST_SHARE)
        by_path = {path: points_ND[:, place] for place, path in enumerate(self.paths)}
        if self.copula.paths:
            mixed_ND = self.copula.correlated(np.column_stack([by_path[path] for path in self.copula.paths]))
            mixed_ND = np.clip(mixed_ND, LEAST_SHARE, 1.0 - LEAST_SHARE)
            by_path |= {path: mixed_ND[:, place] for place, path in enumerate(self.copula.paths)}
        moving_N2T = points_ND[:, len(self.paths) :][:, : 2 * len(self.months)].reshape(
            len(points_ND), 2, len(self.months)
        )
        return by_path, moving_N2T.transpose(1, 0, 2)

    def courses(self, plan: Studied, moving_2NT: Floats) -> dict[str, Floats]:
        """Return price over level of each market that a plan uses, by draw and month of that plan."""
        if plan.market is None or not plan.courses:
            return {}
        labels = plan.prepared.scenario.horizon.axis.labels()
        own_2NT = moving_2NT[:, :, [self.months.index(label) for label in labels]]
        course_NT = price_courses(plan.market, own_2NT[0], own_2NT[1])
        return dict.fromkeys(plan.courses, course_NT)


def _points(sequence: object, first: int, count: int) -> Floats:
    """Take points; the sequence warns where its first ones are no power of two, which the answer says better."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The balance properties", category=UserWarning)
        return np.asarray(sequence.random(count))  # type: ignore[attr-defined]  # scipy is untyped here


def sampling_of(plans: Sequence[Studied], seed: int) -> Sampling:
    """Lay out the dimensions for some plans under the same draws.

    Parameters
    ----------
    plans : sequence of Studied
        The first one's correlations hold for all.
    seed : int

    Returns
    -------
    Sampling

    Raises
    ------
    InputError
        If a correlation names a figure that is not drawn, or they cannot hold together.
    """
    paths = tuple(sorted({figure.path for plan in plans for figure in plan.uncertain}))
    months = sorted({label for plan in plans if plan.courses for label in plan.prepared.scenario.horizon.axis.labels()})
    pairs: dict[tuple[str, str], float] = {}
    for told in plans[0].prepared.scenario.study.correlations:
        one, other = told.between
        for path in told.between:
            if path not in paths:
                message = f'study: correlation: "{path}" is no figure that is drawn. {nearest(path, paths)}'
                raise InputError(message)
        pairs[one, other] = told.rank
    return Sampling(seed, paths, tuple(months), copula(pairs))


def values_of(plan: Studied, shares: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the values of a plan's figures at shares, by path, shape (N,)."""
    return {figure.path: figure.values(shares[figure.path]) for figure in plan.uncertain}
