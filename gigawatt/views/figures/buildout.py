"""Figures of the build-out: accelerators online by kind and by site, and what limits growth."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from gigawatt.planning.plan import ClaimCheck, Plan
from gigawatt.units import say
from gigawatt.views.figures.axes import Floats, frame, month_words, scaled
from gigawatt.views.figures.svg import LINE_PX, Canvas, Figure, colour, text_width, wrap

WIDE_PX = 560.0
LIMITS = {
    "budget": "The budget",
    "supply": "Chip supply",
    "power": "Power",
    "announcement": "The announced orders",
    "none": "Nothing",
}
STAYS_FRAC = 0.98  # of the peak: below this the title also names the end
_DATE = re.compile(r"\b(20\d\d)(?:-(\d\d))?\b")


def months_of(plan: Plan) -> list[str]:
    """Return the months of a plan as text."""
    return [str(month) for month in plan.tables["months"]["month"]]


def column(plan: Plan, name: str, table: str = "months") -> Floats:
    """One column of a table as an array."""
    return plan.tables[table][name].to_numpy(dtype=np.float64)


def kinds_of(plan: Plan) -> list[str]:
    """Accelerator kinds in the plan's order, which is the catalogue's."""
    return [str(kind) for kind in dict.fromkeys(plan.tables["purchases"]["accelerator"])]


def claim_position(plan: Plan, claim: ClaimCheck) -> int | None:
    """Month that a claim speaks of, by its place in the plan; None outside it."""
    months = months_of(plan)
    return months.index(claim.at) if claim.at in months else None


def _announced_gpus(plan: Plan) -> list[tuple[int, float, str]]:
    """Announced counts of accelerators with their month."""
    found = []
    for claim in plan.claims:
        position = claim_position(plan, claim)
        if claim.kind == "announced" and claim.claim == "accelerators" and position is not None:
            found.append((position, claim.claimed_value, claim.claimed.removesuffix(" GPUs")))
    return found


def gpus_by_kind(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Accelerators online by kind, those delivered and waiting, and the announced number."""
    kinds = kinds_of(plan)
    series = {kind: column(plan, f"gpus_{kind}") for kind in kinds}
    months = months_of(plan)
    waiting = column(plan, "gpus_waiting")
    total = column(plan, "gpus_online")
    peak = int(np.nanargmax(total))
    title = f"GPUs online go from {say(total[0], 'GPU')} in {month_words(months[0])} to {say(total[peak], 'GPU')} in "
    title += month_words(months[peak])
    if total[-1] < total[peak] * STAYS_FRAC:
        title += f"; {say(total[-1], 'GPU')} remain in {month_words(months[-1])}"
    return _stacked(plan, "gpus-by-kind", title, "GPUs online at the end of the month, by accelerator", series, width,
                    waiting)  # fmt: skip


def gpus_by_site(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Accelerators online by site."""
    fleet = plan.tables["fleet"]
    if fleet.empty:
        return None
    sites = [str(site) for site in plan.tables["sites"]["site"]]
    months = months_of(plan)
    wide = fleet.pivot_table(index="month", columns="site", values="online_gpus", aggfunc="sum")
    wide = wide.reindex(index=months, columns=sites, fill_value=0.0)
    series = {site: wide[site].to_numpy(dtype=np.float64) for site in sites}
    total = column(plan, "gpus_online")
    peak = int(np.nanargmax(total))
    largest = max(sites, key=lambda site: series[site][peak])
    held = f"{say(series[largest][peak], 'GPU')} of {say(total[peak], 'GPU')}"
    title = f"{largest} holds {held} in {month_words(months[peak])}"
    return _stacked(plan, "gpus-by-site", title, "GPUs online at the end of the month, by site", series, width)


def _stacked(
    plan: Plan, name: str, title: str, subtitle: str, series: Mapping[str, Floats], width: float,
    waiting: Floats | None = None,
) -> Figure:  # fmt: skip
    """Stack series, the first at the bottom, with a band for what waits and a ring for what was announced."""
    months = months_of(plan)
    flags = _announced_gpus(plan) if waiting is not None else []
    total = np.sum(list(series.values()), axis=0)
    top = total + waiting if waiting is not None else total
    highest = float(max(np.nanmax(top), *(value for _, value, _ in flags), 1.0))
    divisor, words = scaled(highest, "GPU")
    labels = [*series, *(["waiting"] if waiting is not None else [])]
    canvas, height = Canvas(), 300.0
    plot, marks = frame(canvas, width, height, len(months), (0.0, highest), labels)
    plot.value_axis(marks, divisor, words)
    lower = np.zeros(len(months))
    ends = []
    for position, (label, values) in enumerate(series.items()):
        plot.area(lower, lower + values, f"f{colour(position)}", f"{label}: {say(values[-1], 'GPU')} at the end")
        if values.any():
            ends.append((float(lower[-1] + values[-1] / 2), label, f"f{colour(position)}"))
        lower = lower + values
    if waiting is not None and waiting.any():
        plot.area(lower, lower + waiting, "softf", "delivered, waiting for power or commissioning")
        ends.append((float(lower[-1] + waiting[-1] / 2), "waiting", "softf"))
    plot.month_axis(months)
    plot.end_labels(ends[::-1])  # of layers that end at the same height the upper one stands above
    for position, value, claimed in flags:
        plot.flag(position, value, ["announced", claimed], "b")
    note = " Grey: delivered, waiting for power or commissioning." if waiting is not None else ""
    return Figure(name, title, subtitle, f"Plan {plan.scenario_id}, table fleet.{note}", width, height, canvas.body)


def limit_runs(plan: Plan) -> list[tuple[str, int, int]]:
    """Return what limits growth as runs of months: (limit, first, last)."""
    runs: list[tuple[str, int, int]] = []
    for position, limit in enumerate(str(value) for value in plan.tables["months"]["limit"]):
        if runs and runs[-1][0] == limit:
            runs[-1] = (limit, runs[-1][1], position)
        else:
            runs.append((limit, position, position))
    return runs


def limits(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Draw what limited growth, month by month: a row for each limit that occurs."""
    months, runs = months_of(plan), limit_runs(plan)
    names = [name for name in LIMITS if any(name == run[0] for run in runs)]
    names += [run[0] for run in runs if run[0] not in names and run[0] not in LIMITS]
    words = {name: LIMITS.get(name, name) for name in dict.fromkeys(names)}
    lasting = {name: sum(last - first + 1 for limit, first, last in runs if limit == name) for name in words}
    binding = [name for name in lasting if name != "none"] or ["none"]
    first = max(binding, key=lambda name: lasting[name])
    title = f"{words[first]} limits growth in {lasting[first]} of {len(months)} months"
    canvas, row = Canvas(), 30.0
    height = len(words) * row + 42.0
    gutter = max(text_width(text) for text in words.values()) + 12
    plot, _ = frame(canvas, width, height, len(months), (0.0, 1.0), top=4.0, gutter=gutter)
    step = (plot.right - plot.left) / len(months)
    for position, (name, text) in enumerate(words.items()):
        y = plot.top + position * row
        canvas.line(plot.left, y + row - 4, plot.right, y + row - 4)
        canvas.text(plot.left - 10, y + 18, text, "", "end")
        for limit, begin, end in runs:
            if limit == name:
                hint = f"{text}: {month_words(months[begin])} to {month_words(months[end])}"
                style = "f1" if name == first else "softf"
                canvas.rect(plot.left + begin * step, y + 4, (end - begin + 1) * step - 1, row - 12, style, hint)
    plot.bottom = plot.top + len(words) * row
    plot.month_axis(months)
    source = "Binding constraint of the build-out engine in each month."
    return Figure(
        "limits", title, "What kept more GPUs from coming online, by month", source, width, height, canvas.body
    )


def label_block(canvas: Canvas, x: float, y: float, words: str, width: float, style: str = "halo") -> float:
    """Write a text over as many lines as it needs; return the baseline after it."""
    for line in wrap(words, width):
        canvas.text(x, y, line, style)
        y += LINE_PX
    return y
