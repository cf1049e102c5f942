"""How far capex comes out from what was guided at the start of the year: fitted on other firms, tried on Meta.

The file `published/finance_guidance.csv` holds guides (the middle of a range) and outcomes, each with its source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from gigawatt.engines.finance import Drift, drift_of
from gigawatt.validation.compare import Row
from gigawatt.validation.finance_facts import Fact, read_facts

GUIDANCE = Path(__file__).parent / "published" / "finance_guidance.csv"
# firms whose own cash pays: their guide binds nobody else's contracts or shells
OWN_CASH = ("microsoft", "alphabet", "amazon")
ON_CONTRACT = ("oracle", "coreweave")
LOW, HIGH = 0.1, 0.9  # the 80 % band


def fit_drift(facts: Mapping[str, Fact], firms: Collection[str] = (*OWN_CASH, *ON_CONTRACT)) -> Drift:
    """Fit the drift of capex guides on firms.

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
    """
    return drift_of([facts[f"{firm}-outcome"].value / facts[f"{firm}-guide"].value for firm in firms])


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
