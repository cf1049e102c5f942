"""How far capex comes out from what was guided at the start of the year: fitted on other firms, tried on Meta.

The file `published/finance_guidance.csv` holds guides (the middle of a range) and outcomes, each with its source.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gigawatt.errors import InputError
from gigawatt.validation.compare import Row
from gigawatt.validation.finance_facts import Fact, read_facts

GUIDANCE = Path(__file__).parent / "published" / "finance_guidance.csv"
# firms whose own cash pays: their guide binds nobody else's contracts or shells
OWN_CASH = ("microsoft", "alphabet", "amazon")
ON_CONTRACT = ("oracle", "coreweave")
LOW, HIGH = 0.1, 0.9  # the 80 % band


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


def fit_drift(facts: Mapping[str, Fact], firms: Collection[str] = (*OWN_CASH, *ON_CONTRACT)) -> Drift:
    r"""Fit the drift of capex guides on firms.

    Parameters
    ----------
    facts : mapping of str to Fact
        Guides and outcomes.
    firms : collection of str, optional
        Two or more; all but Meta by default.

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
    if len(firms) < 2:
        message = "a drift of guides is fitted on two firms or more"
        raise InputError(message)
    logs = [math.log(facts[f"{firm}-outcome"].value / facts[f"{firm}-guide"].value) for firm in firms]
    return Drift(float(np.mean(logs)), float(np.std(logs, ddof=1)), len(logs))


def guidance_rows(data: Path = GUIDANCE) -> list[Row]:
    """Predict each measured outcome from its guide and the drift of the firms whose own cash pays.

    Parameters
    ----------
    data : Path, optional
        Guides and outcomes.

    Returns
    -------
    list of Row
        With the 80 % band.
    """
    facts = read_facts(data)
    drift = fit_drift(facts, OWN_CASH)
    rows = []
    for name, fact in facts.items():
        if fact.role != "measured":
            continue
        guide = facts[f"{name.removesuffix('-outcome')}-guide"].value
        low, middle, high = (guide * drift.ratio(share) for share in (LOW, 0.5, HIGH))
        error_pct = 100.0 * (middle / fact.value - 1.0)
        rows.append(Row(name, "guidance/unfitted", fact.unit, fact.value, middle, error_pct, low, high, "", ""))
    return rows
