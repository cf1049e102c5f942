"""Figures of power: energised against used, the three meanings of a gigawatt, PUE and energy by site."""

from __future__ import annotations

import numpy as np

from gigawatt.planning.plan import Plan
from gigawatt.units import say
from gigawatt.views.figures.axes import Floats, frame, month_words, number, scaled
from gigawatt.views.figures.buildout import WIDE_PX, column, months_of
from gigawatt.views.figures.svg import Canvas, Figure, colour, cut, text_width
from gigawatt.views.headlines import claimed_words

MEANINGS = {
    "chip_tdp_w": "Chips: rated power of the packages",
    "it_w": "IT: servers, network and storage as well",
    "facility_w": "Facility: cooling and losses as well",
}
WINDOW_CLAIMS = ("compute online", "online")


def power(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Energised power, facility power and IT power by month."""
    months = months_of(plan)
    series = {
        "energised": (column(plan, "energised_mw"), "mut dash", "mutf"),
        "facility": (column(plan, "facility_mw"), "s1", "f1"),
        "IT": (column(plan, "it_mw"), "s2", "f2"),
    }
    highest = float(max(np.nanmax(values) for values, _, _ in series.values()))
    divisor, words = scaled(highest, "MW")
    canvas, height = Canvas(), 300.0
    plot, marks = frame(canvas, width, height, len(months), (0.0, highest), list(series))
    plot.value_axis(marks, divisor, words)
    facility, energised = series["facility"][0], series["energised"][0]
    plot.area(facility, np.maximum(energised, facility), "gridf", "energised, not used")
    for values, style, _ in series.values():
        plot.line(values, style)
    plot.month_axis(months)
    plot.end_labels([(float(values[-1]), label, fill) for label, (values, _, fill) in series.items()])
    peak = int(np.nanargmax(facility))
    title = f"Facility power peaks at {say(facility[peak], 'MW')} in {month_words(months[peak])}, of "
    title += f"{say(energised[peak], 'MW')} energised"
    source = f"Plan {plan.scenario_id}, table months. Grey: energised, not used by what is online."
    return Figure("power", title, "Power at full load, end of the month", source, width, height, canvas.body)


def three_gigawatts(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Power added in the first budget year as chips, IT and facility, against what was announced."""
    found = {words: float(plan.gigawatts[name]) for name, words in MEANINGS.items() if name in plan.gigawatts}
    if not found:
        return None
    claims = [
        claim
        for claim in plan.claims
        if claim.kind == "announced" and claim.unit == "W" and any(w in claim.label.lower() for w in WINDOW_CLAIMS)
    ]
    highest = max(*found.values(), *(claim.claimed_value for claim in claims), 1.0)
    canvas, row = Canvas(), 50.0
    left, right, top = 0.0, width - 84.0, 26.0 if claims else 4.0
    height = top + len(found) * row + 6
    for position, (words, value) in enumerate(found.items()):
        y = top + position * row
        canvas.text(left, y + 14, cut(words, width))
        canvas.rect(left, y + 21, (right - left) * value / highest, 16, f"f{colour(0)}", f"{words}: {say(value, 'W')}")
        canvas.text(left + (right - left) * value / highest + 8, y + 34, say(value, "W"), "b")
    for claim in claims[:1]:
        x = left + (right - left) * claim.claimed_value / highest
        canvas.line(x, top - 6, x, height - 6, "ink dash")
        canvas.text(x, top - 12, f"announced {claimed_words(claim)}", "b", "end" if x > width / 2 else "start")
    said = ", ".join(f"{say(value, 'W')} of {words.partition(':')[0]}" for words, value in found.items())
    title = f"The first budget year adds {said.replace('Chips', 'chips').replace('Facility', 'facility power')}"
    source = f"Plan {plan.scenario_id}; the same accelerators, counted in three ways."
    return Figure("three-gigawatts", title, "Power added, by what is counted", source, width, height, canvas.body)


def _site_panels(
    plan: Plan, name: str, title: str, subtitle: str, table: dict[str, Floats], unit: str, width: float, floor: float
) -> Figure:
    """Draw one small panel a site, all on the same scale."""
    months = months_of(plan)
    highest = max(float(np.nanmax(values)) for values in table.values())
    divisor, axis = scaled(highest, unit)
    canvas = Canvas()
    across = 1 if width < 480 else min(2, len(table))
    panel_width, panel_height = (width - 16.0 * (across - 1)) / across, 150.0
    for position, (site, values) in enumerate(table.items()):
        left = (position % across) * (panel_width + 16.0)
        top = (position // across) * (panel_height + 10.0)
        plot, marks = frame(canvas, left + panel_width, top + panel_height, len(months), (floor, highest), left=left,
                            top=top + 30.0, wanted=3, foot=24.0)  # fmt: skip
        canvas.swatch(left, top + 14, f"f{colour(position)}")
        last = values[np.isfinite(values)]
        words = f"{say(float(last[-1]), unit)} at end"
        canvas.text(left + 14, top + 14, cut(site, panel_width - text_width(words) - 24), "b")
        canvas.text(left + panel_width, top + 14, words, "m", "end")
        plot.value_axis(marks, divisor)
        if floor == 0:
            plot.area(np.zeros(len(months)), values, f"f{colour(position)}", site)
        else:
            plot.line(values, f"s{colour(position)}")
        plot.month_axis(months)
    rows = -(-len(table) // across)
    height = rows * (panel_height + 10.0)
    full = f"{subtitle}, {axis}" if axis else subtitle
    return Figure(name, title, full, f"Plan {plan.scenario_id}, table power.", width, height, canvas.body)


def _by_site(plan: Plan, name: str) -> dict[str, Floats]:
    """One column of the power table as a series for each site that ever has a value."""
    months = months_of(plan)
    wide = plan.tables["power"].pivot(index="month", columns="site", values=name).reindex(index=months)
    sites = [str(site) for site in plan.tables["sites"]["site"] if site in wide.columns]
    found = {site: wide[site].to_numpy(dtype=np.float64) for site in sites}
    return {site: values for site, values in found.items() if np.isfinite(values).any() and np.nanmax(values) > 0}


def pue_by_site(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Monthly PUE, one panel a site."""
    table = _by_site(plan, "pue")
    if not table:
        return None
    sites = plan.tables["sites"]
    means = {str(site): float(mean) for site, mean in zip(sites["site"], sites["pue_mean"], strict=True)}
    known = {site: means[site] for site in table if np.isfinite(means.get(site, np.nan))}
    worst = max(known, key=lambda site: known[site], default="")
    title = f"{worst} has the highest mean PUE, {number(known[worst])}" if worst else "PUE by site"
    return _site_panels(plan, "pue", title, "PUE: facility energy over IT energy, by month", table, "1", width, 1.0)


def energy_by_site(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Monthly energy, one panel a site."""
    table = _by_site(plan, "energy_total_mwh")
    if not table:
        return None
    largest = max(table, key=lambda site: np.nanmax(table[site]))
    peak = int(np.nanargmax(table[largest]))
    title = (
        f"{largest} draws the most: {say(float(table[largest][peak]), 'MWh')} in {month_words(months_of(plan)[peak])}"
    )
    return _site_panels(plan, "energy", title, "Electricity of the month, by site", table, "MWh", width, 0.0)
