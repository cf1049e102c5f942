"""The validation report: predictions beside published measurements, one HTML file without script or request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.store import write_atomically
from gigawatt.validation.compare import Row, Summary, Validation, summarise
from gigawatt.validation.engines import ENGINES
from gigawatt.views.figures.axes import number
from gigawatt.views.figures.validation import by_group, figures, finding, quantity_words, trusted
from gigawatt.views.report import page
from gigawatt.views.report.html import DISCLAIMER, FULL_PX, NARROW_PX, WIDE_PX

if TYPE_CHECKING:
    pass

WORST_ROWS = 20
AIMED = ("training", "serving")  # engines whose stated range is meant to hold 80 % of the measurements
AIM = "aim: 80\N{NO-BREAK SPACE}%"
# The page's own rules, after those of the report.
CSS = (
    ".reasons{max-width:52rem;margin:0 0 24px}.reasons td{white-space:normal}"
    ".worst td:nth-child(n+6){white-space:normal;min-width:9rem}.worst td:last-child{min-width:14rem}"
)


def _percent(value: float, decimals: int = 1, *, sign: bool = False) -> str:
    """Write a percentage without its sign of per cent, with a true minus."""
    words = f"{value:{'+' if sign else ''}.{decimals}f}".replace("-", "−")
    return words.lstrip("+−") if not float(words.replace("−", "-")) else words


def _cells(summary: Summary) -> list[str]:
    """Put a summary into the cells of a table; a group without rows has dashes."""
    if not summary.n:
        return ["0", *["–"] * 6]
    return [
        f"{summary.n:,}",
        _percent(summary.median_abs_error_pct),
        _percent(summary.p90_abs_error_pct),
        _percent(summary.bias_pct, sign=True),
        *(_percent(share, 0) for share in (summary.within_10_pct, summary.within_25_pct)),
        _percent(summary.interval_coverage_pct, 0),
    ]


def _reasons(rows: Iterable[Row], which: str) -> list[tuple[str, str]]:
    """Count rows by a reason, the most frequent first."""
    counts = Counter(str(getattr(row, which)) for row in rows)
    return [(reason, f"{count:,}") for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _worst(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Put the rows of largest error into words."""
    scored = sorted((row for row in rows if not row.skipped), key=lambda row: -abs(row.error_pct))
    return [
        {
            "id": row.id,
            "group": row.group.replace("/", " "),
            "quantity": quantity_words(row.quantity),
            "measured": number(row.measured),
            "predicted": number(row.predicted),
            "error": _percent(row.error_pct, sign=True),
            "range": f"{number(row.low)} to {number(row.high)}",
            "flag": row.flag,
        }
        for row in scored[:WORST_ROWS]
    ]


def _bound(name: str, summary: Summary) -> str:
    """Say whether the engine keeps the bound that it is held to."""
    if name not in ENGINES:
        return ""
    bound = ENGINES[name][1]
    kept = (
        summary.median_abs_error_pct <= bound.median_abs_error_pct
        and summary.p90_abs_error_pct <= bound.p90_abs_error_pct
    )
    limits = f"median {bound.median_abs_error_pct:g} %, P90 {bound.p90_abs_error_pct:g} %"
    return f"{'Within' if kept else 'OUTSIDE'} its bound ({limits})."


def _cards(name: str, summary: Summary, rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Put a summary into the figures of the first screen: label, value, words."""
    aim = f"; {AIM}" if name in AIMED else ""
    skipped, doubted = sum(bool(row.skipped) for row in rows), sum(bool(row.flag and not row.skipped) for row in rows)
    return [
        ("Median absolute error", f"{summary.median_abs_error_pct:.1f} %", "half of the rows lie within"),
        ("P90 of the absolute error", f"{summary.p90_abs_error_pct:.1f} %", "nine rows in ten lie within"),
        ("Bias", f"{_percent(summary.bias_pct, sign=True)} %", "median of the errors; above zero: predicted too high"),
        ("Within ±10 %", f"{summary.within_10_pct:.0f} %", f"within ±25 %: {summary.within_25_pct:.0f} %"),
        ("Covered by the stated range", f"{summary.interval_coverage_pct:.0f} %", f"of the measurements{aim}"),
        ("Rows compared", f"{summary.n:,}", f"{doubted:,} more are doubted, {skipped:,} cannot be predicted"),
    ]  # fmt: skip


def _coverage(name: str, validation: Validation) -> str:
    """Say what the stated range covers, and of which quantity least."""
    rows = trusted(validation.rows)
    if not rows:
        return "No row was compared."
    held = sum(row.low <= row.measured <= row.high for row in rows)
    aim = f" ({AIM})" if name in AIMED else ""
    words = f"The range that a prediction states{aim} holds {held:,} of {len(rows):,} measurements"
    quantities = dict.fromkeys(row.quantity for row in rows)
    shares = {
        quantity: summarise(row for row in rows if row.quantity == quantity).interval_coverage_pct
        for quantity in quantities
    }
    if len(shares) > 1:
        parts = [f"{quantity_words(quantity).partition(',')[0]} {share:.0f} %" for quantity, share in shares.items()]
        words += f": {', '.join(parts)}"
    return f"{words}."


def _engine(name: str, validation: Validation) -> dict[str, Any]:
    """Put an engine's validation into words and pictures."""
    wide, narrow = figures(name, validation, WIDE_PX), figures(name, validation, NARROW_PX)
    if len(wide) % 2:  # the last picture, the groups, fills its line
        wide[-1] = by_group(name, validation, FULL_PX) or wide[-1]
    skipped = [row for row in validation.rows if row.skipped]
    doubted = [row for row in validation.rows if row.flag and not row.skipped]
    lines = [("all", _cells(validation.summary))]
    if validation.summary_with_flagged.n != validation.summary.n:
        lines.append(("with doubted rows", _cells(validation.summary_with_flagged)))
    return {
        "name": name,
        "finding": finding(name, validation.summary),
        "summary": validation.summary,
        "bound": _bound(name, validation.summary),
        "coverage": _coverage(name, validation),
        "pictures": list(zip(wide, narrow, strict=True)),
        "lines": lines,
        "groups": [(group, _cells(summary)) for group, summary in validation.groups.items()],
        "worst": _worst(validation.rows),
        "skipped": _reasons(skipped, "skipped"),
        "skipped_count": len(skipped),
        "doubted": _reasons(doubted, "flag"),
        "doubted_count": len(doubted),
    }


def render(found: Mapping[str, Validation], version: str, data: str = "") -> str:
    """Write the validation of one or more engines as one HTML document.

    Parameters
    ----------
    found : mapping of str to Validation
        By name of the engine.
    version : str
        Of the package.
    data : str
        Where the measurements come from; the published ones that ship if empty.

    Returns
    -------
    str
        Self-contained HTML: style and pictures inline, no script, no request.
    """
    one = next(iter(found)) if len(found) == 1 else ""
    rows = [row for each in found.values() for row in each.rows]
    everything = summarise(trusted(rows))
    return page.template("validation.html.jinja").render(
        style=page.style(CSS),
        title=finding(one, everything),
        engines=[_engine(name, validation) for name, validation in found.items()],
        cards=_cards(one, everything, rows),
        single=bool(one),
        data=data,
        version=version,
        disclaimer=DISCLAIMER,
    )


def write_validation(found: Mapping[str, Validation], path: Path, version: str, data: str = "") -> Path:
    """Write the validation report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(found, version, data))
    return path
