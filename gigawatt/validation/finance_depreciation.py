"""A firm's depreciation from its capex and its lives, against its accounts.

The accounts split depreciation into servers and network and all else, and hold what both cost; the model does the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance import straight_line_depreciation
from gigawatt.units import MONTHS_PER_YEAR
from gigawatt.validation.finance_facts import Fact

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_YEAR = 2017
QUARTERS_PER_YEAR = 4
MONTHS_PER_QUARTER = 3
NINE_MONTHS_OF_YEAR_FRAC = 0.75
FIRST_QUARTER_OF_2025 = "2025Q1"
LAST_FITTED_PERIOD = "2024Q4"  # later figures are forecast


def quarter_month(quarter: str) -> int:
    """Return the first month of a quarter, counted from January of the first year.

    Examples
    --------
    >>> quarter_month("2017Q1"), quarter_month("2018Q3")
    (0, 18)
    """
    year, number = quarter.split("Q")
    return (int(year) - FIRST_YEAR) * int(MONTHS_PER_YEAR) + (int(number) - 1) * MONTHS_PER_QUARTER


def quarters_of(period: str) -> tuple[str, ...]:
    """Return the quarters of a year, a half or a quarter.

    Examples
    --------
    >>> quarters_of("2025H1")
    ('2025Q1', '2025Q2')
    """
    if "Q" in period:
        return (period,)
    year, _, half = period.partition("H")
    numbers = {"": (1, 2, 3, 4), "1": (1, 2), "2": (3, 4)}[half]
    return tuple(f"{year}Q{number}" for number in numbers)


@dataclass(frozen=True, slots=True)
class Depreciation:
    """Depreciation by quarter.

    Attributes
    ----------
    servers, other : dict of str to float
        Servers and network; buildings and all else, amortisation included. [USD mn]
    in_life : float
        Cost of the servers and network that are in their life at the end of 2024. [USD mn]
    """

    servers: dict[str, float]
    other: dict[str, float]
    in_life: float

    def total(self, quarter: str) -> float:
        """Return depreciation and amortisation of a quarter. [USD mn]."""
        return self.servers[quarter] + self.other[quarter]

    @property
    def drop(self) -> float:
        """Change from the last quarter of 2024 to the first of 2025. [USD mn]."""
        return self.total(FIRST_QUARTER_OF_2025) - self.total(LAST_FITTED_PERIOD)


def meta_depreciation(
    facts: Mapping[str, Fact],
    *,
    last_life_change: bool = True,
    four_year_share: float | None = None,
    bought_before: str | None = None,
) -> Depreciation:
    """Predict a firm's depreciation by quarter.

    Parameters
    ----------
    facts : mapping of str to Fact
        From `read_facts`.
    last_life_change : bool, optional
        Whether the change of server life of 2025 happens.
    four_year_share : float, optional
        Share of servers that kept a life of four years until then; the file's where not given. [-]
    bought_before : str, optional
        First quarter from which nothing enters service.

    Returns
    -------
    Depreciation

    Notes
    -----
    Capex of a quarter (of a year before 2020) is spread evenly over its months. A share of it buys servers and network,
    in service at once; a part of them has four years of life until 2025, the rest the lives that the firm gave to "a
    majority". All else enters service after a lag and has one mean life. From 2025 the share is what the balance sheet
    says was added.
    """
    capex_T, quarters = _monthly_capex(facts)
    share_T = np.full(capex_T.size, facts["meta-server-share-2017Q1"].value)
    share_T[quarter_month("2023Q1") :] = facts["meta-server-share-2023Q1"].value
    share_T[quarter_month(FIRST_QUARTER_OF_2025) :] = server_share_of_2025(facts)
    servers_T = share_T * capex_T
    if bought_before is not None:
        servers_T[quarter_month(bought_before) :] = 0.0
    short = facts["meta-four-year-share"].value if four_year_share is None else four_year_share
    lives = [_server_life(facts, capex_T.size, kept=kept, last_life_change=last_life_change) for kept in (True, False)]
    charged = [straight_line_depreciation(servers_T, life_T) for life_T in lives]
    servers = short * charged[0] + (1.0 - short) * charged[1]
    lag = int(facts["meta-other-lag"].value)
    rest_T = np.concatenate((np.zeros(lag), (1.0 - share_T) * capex_T))[: capex_T.size]
    other = straight_line_depreciation(rest_T, round(facts["meta-other-life"].value * MONTHS_PER_YEAR))
    amortised = facts["meta-amortisation"].value
    end = quarter_month(FIRST_QUARTER_OF_2025)
    in_life = [float(servers_T[end - int(life_T[end - 1]) : end].sum()) for life_T in lives]
    return Depreciation(
        dict(zip(quarters, _by_quarter(servers), strict=True)),
        {quarter: value + amortised for quarter, value in zip(quarters, _by_quarter(other), strict=True)},
        short * in_life[0] + (1.0 - short) * in_life[1],
    )


def server_share_of_2025(facts: Mapping[str, Fact]) -> float:
    """Return servers and network that entered service in 2025 over its capex, from the balance sheet. [-].

    What the class cost at the end of the year less at its begin, and what left it: depreciation less the rise of
    accumulated depreciation in nine months, drawn out to the year.
    """
    risen = facts["meta-servers-gross-2025"].value - facts["meta-servers-gross-2024"].value
    accumulated = facts["meta-accumulated-2025Q3"].value - facts["meta-accumulated-2024Q4"].value
    left = (facts["meta-ppe-depreciation-9m-2025"].value - accumulated) / NINE_MONTHS_OF_YEAR_FRAC
    return (risen + left) / sum(facts[f"meta-capex-{quarter}"].value for quarter in quarters_of("2025"))


def worth_of_the_change(facts: Mapping[str, Fact], four_year_share: float | None = None) -> float:
    """Return what the change of life saves in 2025 on what was in service before. [USD mn]."""
    kept, changed = (
        meta_depreciation(
            facts,
            last_life_change=change,
            four_year_share=four_year_share,
            bought_before=FIRST_QUARTER_OF_2025,
        )
        for change in (False, True)
    )
    return sum(kept.servers[quarter] - changed.servers[quarter] for quarter in quarters_of("2025"))


def depreciation_predictions(facts: Mapping[str, Fact]) -> dict[str, tuple[str, float]]:
    """Predict every measured figure of depreciation.

    Parameters
    ----------
    facts : mapping of str to Fact
        From `read_facts`.

    Returns
    -------
    dict of str to tuple
        Group labels and prediction by id, in the unit of the file.
    """
    predicted = meta_depreciation(facts)
    found: dict[str, tuple[str, float]] = {}
    for name, fact in facts.items():
        if fact.role != "measured" or not name.startswith(("meta-da-2", "meta-servers-da-2")):
            continue
        quarters = quarters_of(fact.period)
        window = "fitted" if quarters[-1] <= LAST_FITTED_PERIOD else "forecast"
        read = predicted.total if name.startswith("meta-da-") else predicted.servers.__getitem__
        found[name] = (f"depreciation/{window}", sum(read(quarter) for quarter in quarters))
    found["meta-da-drop-2025Q1"] = ("depreciation/change-of-life", predicted.drop)
    found["meta-life-change-2025"] = ("depreciation/change-of-life", worth_of_the_change(facts))
    return found


def depreciation_ranges(facts: Mapping[str, Fact]) -> dict[str, tuple[float, float]]:
    """Return what the change of life comes to over the shares of four-year servers that the filings allow.

    Returns
    -------
    dict of str to tuple of float
        Low and high by id. [USD mn]
    """
    ends = [facts[f"meta-four-year-share-{end}"].value for end in ("low", "high")]
    drops = sorted(meta_depreciation(facts, four_year_share=share).drop for share in ends)
    worth = sorted(worth_of_the_change(facts, share) for share in ends)
    return {"meta-da-drop-2025Q1": (drops[0], drops[1]), "meta-life-change-2025": (worth[0], worth[1])}


def _monthly_capex(facts: Mapping[str, Fact]) -> tuple[Floats, list[str]]:
    """Return capex by month and the quarters it covers."""
    quarters: list[str] = []
    monthly: list[float] = []
    for fact in sorted((fact for name, fact in facts.items() if "meta-capex-" in name), key=lambda fact: fact.period):
        parts = quarters_of(fact.period)
        quarters += parts
        monthly += [fact.value / len(parts) / MONTHS_PER_QUARTER] * (MONTHS_PER_QUARTER * len(parts))
    return np.array(monthly), quarters


def _server_life(facts: Mapping[str, Fact], months_count: int, *, kept: bool, last_life_change: bool) -> Ints:
    """Return the life in force by month; `kept` for servers that kept the first life until 2025. [month]."""
    life_T = np.zeros(months_count, dtype=np.int64)
    changes = sorted(name for name in facts if name.startswith("meta-server-life-"))
    for name in changes if last_life_change else changes[:-1]:
        if kept and name not in (changes[0], changes[-1]):
            continue
        life_T[quarter_month(facts[name].period) :] = round(facts[name].value * MONTHS_PER_YEAR)
    return life_T


def _by_quarter(value_T: Floats) -> list[float]:
    """Return sums over quarters."""
    sums: list[float] = value_T.reshape(-1, MONTHS_PER_QUARTER).sum(axis=1).tolist()
    return sums
