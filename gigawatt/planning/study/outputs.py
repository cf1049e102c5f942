"""What is kept of a draw: metrics, targets, months, balances; one row of plain columns.

==================  ===================================================================================
draw                number of the draw, from 1; the central plan is draw 0 and stands apart
in:PATH             value of a figure
m:METRIC            metric of the plan; m1:, m2: ... of the plans it is set against
t:NUMBER            what the plan finds for the claim of that number under `announced`
s:SERIES:MONTH      monthly series
residual_usd        largest violation of the identities of the statements
balance_frac        largest violation of the balances of the plan, relative
==================  ===================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gigawatt.planning.consistency import Case
from gigawatt.planning.consistency.finders import FINDERS, not_modelled
from gigawatt.planning.metrics import Window, measure_all, window_of
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.pipeline import balances, manhattan
from gigawatt.planning.study.studied import Studied
from gigawatt.planning.tables import month_columns

# claims for which a plan finds the same whatever is drawn: facts of a site, and what stands for the reader alone
STILL = ("site-power", "site-area", "site-capex", "capex-before", "capex-expected")
# columns of the table of months that get bands
SERIES = ("gpus_online", "it_mw", "facility_mw", "energy_mwh", "capex_usd", "opex_usd", "revenue_usd",
          "free_cash_flow_usd", "cash_usd", "output_tokens_served", "tokens_trained", "co2_t")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what is kept of a plan's draws.

    Attributes
    ----------
    metrics : dict of str to function
        Metrics that a draw has, of its outcome.
    labels : list of str
        Months.
    window : Window
        Months that claims speak of where they name none.
    manhattan_km2 : float
        For claims about land.
    still : dict of int to float
        What the plan finds for claims that no draw moves, by their number.
    """

    metrics: Mapping[str, Callable[[Outcome], float]]
    labels: list[str]
    window: Window
    manhattan_km2: float
    still: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Studied) -> Reader:
        """Return the reader of a plan."""
        prepared = plan.prepared
        return cls(
            measure_all(prepared, drawn_only=True),
            prepared.scenario.horizon.axis.labels(),
            window_of(prepared),
            manhattan(prepared.catalogue)[1],
        )

    def scalars(self, prepared: Prepared, outcome: Outcome) -> dict[str, float]:
        """Return metrics, targets and balances of one draw."""
        values = {name: measure(outcome) for name, measure in self.metrics.items()}
        case = Case(prepared, outcome, values, {}, self.window, self.manhattan_km2)
        row = {f"m:{name}": value for name, value in values.items()}
        for number, claim in enumerate(prepared.scenario.announced):
            found = self.still.get(number)
            if found is None:
                found = FINDERS.get(claim.claim, not_modelled)(case, claim).value
            if claim.claim in STILL or claim.claim not in FINDERS:
                self.still[number] = found
            row[f"t:{number}"] = found
        row["residual_usd"] = outcome.finance.residual_usd
        row["balance_frac"] = worst_balance(outcome)
        return row

    def series(self, prepared: Prepared, outcome: Outcome) -> np.ndarray:
        """Return the monthly series of one draw, one after the other, as `series_columns` names them."""
        return np.concatenate(list(month_columns(prepared, outcome, SERIES).values()))

    def series_columns(self) -> list[str]:
        """Name the columns of the monthly series."""
        return [f"s:{name}:{label}" for name in SERIES for label in self.labels]


def worst_balance(outcome: Outcome) -> float:
    """Return the largest violation of a plan's balances over the larger side."""
    return max(row.residual for row in balances(outcome))
