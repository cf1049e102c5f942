"""The report: one HTML file that asks nothing of the network and needs no script."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.plan import Metric, Plan
from gigawatt.planning.store import write_atomically
from gigawatt.units import say
from gigawatt.views.figures import FIGURES, Figure, draw
from gigawatt.views.figures.axes import month_short
from gigawatt.views.figures.buildout import LIMITS, limit_runs, months_of
from gigawatt.views.figures.fleet import FLEET_FIGURES
from gigawatt.views.headlines import (
    VERDICTS,
    announced_beside,
    claimed_words,
    headlines,
    limit_counts,
    method_words,
    verdict_counts,
)
from gigawatt.views.report import page
from gigawatt.views.report.proof import proof_line, proof_pictures, proof_rows
from gigawatt.views.tables import TABLES, band_words, heading_of, unit_of_column

if TYPE_CHECKING:
    pass

WIDE_PX, FULL_PX, NARROW_PX = 544.0, 1000.0, 358.0
FULL_WIDTH = ("consistency", "limits", "training", "fleet-use", "fleet-jobs", "fleet-power")
DISCLAIMER = (
    "This is a model of public figures, not investment advice. It can be wrong, its inputs are partly estimates, and "
    "nobody should buy or sell anything because of it."
)
LAND_COLUMNS = ("site_km2", "building_km2", "share_of_manhattan_pct", "planned_mw", "gpus_when_complete")
# id, title, figures, tables; in the order of the plan
PARTS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("build-out", "Build-out", ("gpus-by-kind", "gpus-by-site", "limits"), ("buildout", "purchases")),
    (
        "power",
        "Power",
        ("power", "three-gigawatts", "energy", "pue", "pue-hours", "load-duration", "site-supply"),
        ("power", "sites"),
    ),
    ("training", "Training", ("training",), ("training",)),
    ("serving", "Serving", ("serving", "frontier"), ("serving",)),
    (
        "fleet",
        "Fleet, event by event",
        ("fleet-ledger", "fleet-ettr", "fleet-use", "fleet-jobs", "fleet-power"),
        (),
    ),
    ("money", "Money", ("cash-flow", "capex-split"), ("cashflow", "spend", "revenue", "opex")),
    ("land", "Land", ("land",), ()),
)


def _card(plan: Plan, metric: Metric) -> dict[str, Any]:
    """Put a metric into words."""
    return {
        "metric": metric,
        "value": say(metric.value, metric.unit),
        "band": band_words(metric.p10, metric.p90, metric.unit),
        "announced": announced_beside(plan, metric),
    }


def _limits(plan: Plan) -> dict[str, Any]:
    """Say what limits growth: one sentence, then the runs of months."""
    months, runs = months_of(plan), limit_runs(plan)
    counts = dict(limit_counts(plan))
    free = counts.pop("none", 0)
    parts = [f"{LIMITS.get(name, name).lower()} in {count}" for name, count in counts.items()]
    sentence = f"Of {len(months)} months, growth is limited by {', by '.join(parts)}" if parts else ""
    rest = f"nothing limits it in {free}" if free else ""
    return {
        "sentence": f"{sentence}; {rest}." if sentence and rest else f"{sentence or rest.capitalize()}.",
        "runs": [
            {
                "limit": LIMITS.get(limit, limit),
                "span": " to ".join(dict.fromkeys((month_short(months[first]), month_short(months[last])))),
            }
            for limit, first, last in runs
        ],
    }


def sureness(plan: Plan) -> list[str]:
    """How sure we are, in sentences: bands, claims, balances, inputs by kind, the training engine's errors."""
    kinds = Counter(origin.kind for origin in plan.origins)
    banded = sum(bool(band_words(metric.p10, metric.p90, metric.unit)) for metric in plan.metrics)
    lines = [f"{banded} of {len(plan.metrics)} headline figures carry a P10–P90 band."]
    if plan.claims:
        lines.append(f"{len(plan.claims)} claims checked: {verdict_counts(plan.claims)}.")
    if plan.checks:
        worst = max(check.residual for check in plan.checks)
        held = sum(check.holds for check in plan.checks)
        lines.append(f"{held} of {len(plan.checks)} balances hold; the largest residual is {residual_words(worst)}.")
    if plan.origins:
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        lines.append(f"{len(plan.origins)} inputs, each with its origin: {said}.")
    lines.append(f"{method_words(plan).capitalize()} (fleet.method).")
    return [*lines, proof_line()]


def residual_words(residual: float) -> str:
    """Write a relative residual."""
    return "0" if residual == 0 else f"{residual:.0e}"


def _finance(plan: Plan) -> list[tuple[str, str]]:
    """Put the money figures in words."""
    finance = plan.finance
    irr = ", ".join(say(float(root) * 100.0, "%") for root in finance.get("irr", ())) or finance.get("irr_note", "")
    rows = [
        ("Net present value", finance.get("npv_usd"), "USD"),
        ("Payback", finance.get("payback_months"), "month"),
        ("Payback, discounted", finance.get("discounted_payback_months"), "month"),
        ("Capex", finance.get("capex_usd"), "USD"),
        ("Depreciation", finance.get("depreciation_usd"), "USD"),
        ("Terminal value", finance.get("terminal_usd"), "USD"),
        ("Levelised cost of a GPU-hour", finance.get("usd_per_gpu_hour"), "USD"),
        ("Cost of a million output tokens", finance.get("usd_per_million_tokens"), "USD"),
        ("Revenue factor for NPV = 0", finance.get("break_even_revenue_factor"), "x"),
    ]
    said = [(label, _finance_words(float(value), unit)) for label, value, unit in rows if value is not None]
    return [said[0], ("Internal rate of return", irr or "none"), *said[1:]] if said else []


def _land(plan: Plan) -> list[dict[str, Any]]:
    """Put each site's land into words; what is not known is left out."""
    sites = plan.tables["sites"]
    return [
        {
            "name": str(row["name"]),
            "place": str(row["place"]),
            "facts": [
                (heading_of(name, unit_of_column(sites, name)), say(float(row[name]), unit_of_column(sites, name)))
                for name in LAND_COLUMNS
                if math.isfinite(row[name])
            ],
        }
        for row in sites.to_dict("records")
    ]


def _finance_words(value: float, unit: str) -> str:
    """Say a money figure; an infinite payback is never."""
    return "not within the plan" if unit == "month" and math.isinf(value) else say(value, unit)


def content_hash(plan: Plan) -> str:
    """Short hash of scenario, seed and version: the same for the same plan."""
    text = "\x00".join((plan.scenario_text, str(plan.seed), plan.version))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _pictures(plan: Plan) -> dict[str, dict[str, Figure]]:
    """Draw each figure twice: for a page and for a phone."""
    found: dict[str, dict[str, Figure]] = {}
    for name in FIGURES:
        wide = draw(plan, name, FULL_PX if name in FULL_WIDTH else WIDE_PX)
        narrow = draw(plan, name, NARROW_PX)
        if wide is not None and narrow is not None:
            found[name] = {"wide": wide, "narrow": narrow}
    if plan.fleet is not None:
        for name, draw_fleet in FLEET_FIGURES.items():
            wide = draw_fleet(plan.fleet, FULL_PX if name in FULL_WIDTH else WIDE_PX)
            narrow = draw_fleet(plan.fleet, NARROW_PX)
            if wide is not None and narrow is not None:
                found[name] = {"wide": wide, "narrow": narrow}
    return found | {"validation": proof_pictures(WIDE_PX, NARROW_PX)}


def _claims(plan: Plan, kind: str) -> list[dict[str, Any]]:
    """Rows of one kind of claim."""
    return [
        {
            "claim": claim,
            "claimed": claimed_words(claim),
            "found": say(claim.found, claim.unit),
            "band": band_words(claim.found_low, claim.found_high, claim.unit) if math.isfinite(claim.found) else "",
            "mark": VERDICTS[claim.verdict][0],
        }
        for claim in plan.claims
        if claim.kind == kind
    ]


def render(plan: Plan) -> str:
    """Write the report of a plan as one HTML document.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str
        Self-contained HTML: style and pictures inline, no script, no request.
    """
    pictures = _pictures(plan)
    parts = []
    for identity, title, figures, tables in PARTS:
        shown = [table for table in (TABLES[name](plan) for name in tables) if table.columns and table.rows]
        drawn = [name for name in figures if name in pictures]
        if shown or drawn:
            parts.append({"id": identity, "title": title, "figures": drawn, "tables": shown})
    said, between, outcome = (_claims(plan, kind) for kind in ("announced", "between", "outcome"))
    sections = [("announcement", "Announcement")] if said or between else []
    sections += [("outcome", "Outcome")] if outcome else []
    sections += [(str(part["id"]), str(part["title"])) for part in parts]
    sections += [("figures", "Figures"), ("validation", "Validation"), ("checks", "Balances")]
    sections += [("assumptions", "Assumptions"), ("sources", "Sources")]
    return page.template("report.html.jinja").render(
        plan=plan,
        style=page.style(),
        pictures=pictures,
        full_width=FULL_WIDTH,
        numbers={reference.id: position + 1 for position, reference in enumerate(plan.references)},
        cards=[_card(plan, metric) for metric in headlines(plan)],
        metrics=[_card(plan, metric) for metric in plan.metrics],
        limits=_limits(plan),
        sure=sureness(plan),
        sections=sections,
        said=said,
        between=between,
        outcome=outcome,
        parts=parts,
        finance=_finance(plan),
        land=_land(plan),
        explanations=list(plan.explanations.values()),
        proof=proof_rows(),
        checks=[
            {
                "check": check,
                "left": say(check.left, check.unit),
                "right": say(check.right, check.unit),
                "residual": residual_words(check.residual),
            }
            for check in plan.checks
        ],
        disclaimer=DISCLAIMER,
        content_hash=content_hash(plan),
        timings=[f"{stage} {say(seconds, 's')}" for stage, seconds in plan.timings_s.items()],
    )


def write_report(plan: Plan, path: Path) -> Path:
    """Write the report to a file, whole or not at all, and return the path."""
    write_atomically(path, render(plan))
    return path
