"""How far a firm's capex comes out from what it guided, as firms did before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gigawatt.errors import InputError


@dataclass(frozen=True, slots=True)
class Drift:
    """Outcome over guide, as its logarithm is distributed for a firm that is not among those it was fitted on.

    Attributes
    ----------
    mean_log, deviation_log : float
        Of the firms. [-]
    count : int
        Firms.
    """

    mean_log: float
    deviation_log: float
    count: int

    @property
    def _scale(self) -> float:
        """Spread of a further firm: of the firms, and of their mean."""
        return self.deviation_log * math.sqrt(1.0 + 1.0 / self.count)

    def ratio(self, share: float) -> float:
        """Return the outcome over the guide that a share of firms stays below.

        Parameters
        ----------
        share : float
            Between 0 and 1. [-]

        Returns
        -------
        float
            [-]

        Examples
        --------
        >>> round(Drift(0.0, 0.1, 4).ratio(0.9), 3)
        1.201
        """
        from scipy.stats import t as student

        return math.exp(self.mean_log + self._scale * float(student.ppf(share, self.count - 1)))

    def share_below(self, ratio: float) -> float:
        """Return the share of firms that stay below an outcome over the guide.

        Parameters
        ----------
        ratio : float
            [-]

        Returns
        -------
        float
            [-]
        """
        from scipy.stats import t as student

        return float(student.cdf((math.log(ratio) - self.mean_log) / self._scale, self.count - 1))


def drift_of(ratios: Sequence[float]) -> Drift:
    r"""Fit the drift of guides on the outcome over the guide of some firms.

    Parameters
    ----------
    ratios : sequence of float
        Two firms or more. [-]

    Returns
    -------
    Drift

    Raises
    ------
    InputError
        If there are fewer than two firms.

    Notes
    -----
    With the mean m and the deviation s of :math:`\log(\text{outcome}/\text{guide})` over n firms, that of a further
    firm less m, over :math:`s \sqrt{1 + 1/n}`, follows Student's distribution with n - 1 degrees of freedom, if the
    logarithms are normal [1]_. Five firms cannot show whether they are.

    References
    ----------
    .. [1] G. W. Snedecor, W. G. Cochran, "Statistical Methods," 8th ed., Iowa State University Press, 1989, ch. 4.
    """
    if len(ratios) < 2:
        message = "a drift of guides is fitted on two firms or more"
        raise InputError(message)
    logs = [math.log(ratio) for ratio in ratios]
    return Drift(float(np.mean(logs)), float(np.std(logs, ddof=1)), len(logs))
