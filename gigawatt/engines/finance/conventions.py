"""How the measures are made, in words: two programs that differ here differ in every figure."""

from __future__ import annotations

from gigawatt.engines.finance.types import FinanceInputs


def conventions(inputs: FinanceInputs) -> tuple[str, ...]:
    """Say how the measures are made.

    Parameters
    ----------
    inputs : FinanceInputs

    Returns
    -------
    tuple of str
        Sentences.
    """
    timing = (
        "Flows fall in the middle of their month."
        if inputs.timing == "mid"
        else "Flows fall at the end of their month, so the first is discounted by one month, as Excel's NPV does; "
        "numpy-financial's npv would leave it undiscounted."
    )
    terminal = {
        "book": "Remaining book value and construction in progress return in cash at the end of the last month; tax is "
        "paid only on what exceeds the tax books, nothing where tax follows the books.",
        "market": "At the end of the last month assets are sold for what is left after a yearly loss of market value, "
        "construction in progress for its cost; tax is paid on what exceeds the tax books.",
        "none": "Nothing is recovered at the end.",
    }[inputs.terminal]
    tax = (
        "Tax follows the books, month by month; losses are carried forward without limit of time."
        if inputs.tax.method == "book"
        else "Tax deducts computers by the five-year table of the United States with the bonus of their year, "
        "buildings over 39 years, and is settled by the calendar year; losses are carried forward; the difference to "
        "the books is deferred tax."
    )
    return (
        "All figures are nominal.",
        "All rates are effective yearly rates; a month's is (1 + r)^(1/12) - 1, also for debt.",
        timing,
        terminal,
        "NPV and IRR are of the unlevered free cash flow, with tax on earnings before interest; rents of every lease "
        "are costs when paid. Net income and equity cash flow carry interest and its tax relief.",
        "Depreciation is straight line from the month of entering service; construction in progress has none.",
        *_debt(inputs),
        *_lease(inputs),
        tax,
        "Payback ignores the terminal value and asks for a cumulated cash flow that stays non-negative.",
        "Cost per GPU-hour is before tax: discounted capex and opex less the terminal value, over discounted hours.",
        "Serving bears its share of each month's opex and of a level capital charge per GPU-hour.",
    )


def _debt(inputs: FinanceInputs) -> tuple[str, ...]:
    """Say what happens to interest."""
    if inputs.debt is None:
        return ()
    if inputs.debt.capitalise_interest:
        return ("Interest on construction in progress is capitalised and depreciates with the asset (ASC 835-20).",)
    return ("Interest is expensed, also on construction in progress.",)


def _lease(inputs: FinanceInputs) -> tuple[str, ...]:
    """Say how leases are treated."""
    if inputs.lease is None:
        return ("Rents are variable costs of capacity in use, and no right of use stands on the balance sheet.",)
    cost = (
        "the rent is an operating cost"
        if inputs.lease.kind == "operating"
        else "amortisation and interest take the place of the rent"
    )
    return (
        f"Leases are {inputs.lease.kind} leases of {inputs.lease.term_months} months, renewed on the same terms: right "
        f"of use and liability stand on the balance sheet, {cost} (ASC 842).",
    )
