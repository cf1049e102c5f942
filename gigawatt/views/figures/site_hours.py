"""Hours of a plan's sites in small panels: PUE by week and hour of the day, load in order of size, supply by week."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gigawatt.planning.plan import Plan
from gigawatt.units import say
from gigawatt.views.figures.axes import Frame, frame, number, scaled
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.hours import (
    HOURS,
    LEVELS_COUNT,
    NARROW_PX,
    WEEKS,
    by_hour_of_week,
    cells,
    level_key,
    levels,
    month_names,
    stack_of,
    weekly,
)
from gigawatt.views.figures.svg import Canvas, Figure, colour, cut, text_width

if TYPE_CHECKING:
    from gigawatt.planning.site_years import SiteYear

GAP_PX, HEAD_PX, FOOT_PX = 16.0, 28.0, 22.0
GUTTER_PX = 44.0  # numbers of the axes
ROW_PX = 4.0  # of an hour of the day in the carpet
PLOT_PX = 110.0
QUANTILES_COUNT = 60
LEAST_PUE_SPAN = 0.01
PER_CENT = 100.0
SOURCE = "Plan {scenario}; typical year at full size, hour by hour: gigawatt facility shows a site in full."


def _across(width: float, count: int) -> int:
    """Panels side by side."""
    return 1 if width < NARROW_PX else min(2, count)


def _height(width: float, count: int, tall: float) -> float:
    """Height of all panels, each with a plot of a height."""
    return -(-count // _across(width, count)) * (HEAD_PX + tall + FOOT_PX + GAP_PX)


def _panels(years: tuple[SiteYear, ...], width: float, tall: float) -> Iterator[tuple[SiteYear, float, float, float]]:
    """Lay out a panel a site; yield the site with left, right and top of its plot."""
    across = _across(width, len(years))
    wide = (width - GAP_PX * (across - 1)) / across
    for position, year in enumerate(years):
        left = (position % across) * (wide + GAP_PX)
        yield year, left, left + wide, HEAD_PX + (position // across) * (HEAD_PX + tall + FOOT_PX + GAP_PX)


def _heading(canvas: Canvas, year: SiteYear, left: float, right: float, top: float, words: str) -> None:
    """Write a site's name and its figure above a panel."""
    canvas.text(left, top - 13, cut(year.name, right - left - text_width(words) - 16), "b")
    canvas.text(right, top - 13, words, "m", "end")


def pue_hours(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Draw PUE by week and hour of the day, all sites on one scale."""
    years = plan.site_years
    if not years:
        return None
    means = [by_hour_of_week(year.pue_H) for year in years]
    low, high = float(min(mean.min() for mean in means)), float(max(mean.max() for mean in means))
    span = max(high - low, LEAST_PUE_SPAN)
    canvas = Canvas()
    for (year, left, right, top), mean_WD in zip(_panels(years, width, HOURS * ROW_PX), means, strict=True):
        _heading(canvas, year, left, right, top, f"mean {year.pue_mean:.3f}")
        start, bottom = left + GUTTER_PX, top + HOURS * ROW_PX
        cells(canvas, levels(mean_WD, low, span), start, top, (right - start) / WEEKS, ROW_PX)
        for hour in (0, 8, 16):
            canvas.text(start - 6, bottom - hour * ROW_PX + 4, f"{hour:02d}:00", "m", "end")
        month_names(canvas, start, right, bottom, every=3)
    step = min(30.0, (width - GUTTER_PX - 110) / LEVELS_COUNT)
    height = _height(width, len(years), HOURS * ROW_PX) + 20.0
    level_key(canvas, 0.0, height - 6, step, (number(round(low, 3)), number(round(low + span, 3))))
    worst = max(years, key=lambda year: float(year.pue_H.max()))
    title = f"PUE is highest at {worst.name}: {float(worst.pue_H.max()):.3f} in its worst hour, "
    title += f"{worst.pue_mean:.3f} over the year"
    subtitle = "Facility over IT power: means by week of the year and hour of the day, local standard time"
    return Figure("pue-hours", title, subtitle, _source(plan), width, height, canvas.body)


def load_duration(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Draw facility and IT power of all hours, the largest first, over what the meter must carry."""
    years = plan.site_years
    if not years:
        return None
    canvas, share = Canvas(), np.linspace(0.0, 1.0, QUANTILES_COUNT)
    for year, left, right, top in _panels(years, width, PLOT_PX):
        mean_w = float(np.mean(year.facility_w_H))
        _heading(canvas, year, left, right, top, f"mean {say(mean_w, 'W')} of {say(year.peak_w, 'W')}")
        plot, marks = frame(
            canvas, right, top + PLOT_PX + FOOT_PX, QUANTILES_COUNT, (0.0, PER_CENT),
            top=top, foot=FOOT_PX, left=left, wanted=3, gutter=GUTTER_PX,
        )  # fmt: skip
        plot.value_axis(marks, 1.0)
        for token, values in zip("12", (year.facility_w_H, year.it_w_H), strict=True):
            plot.line(np.quantile(values, 1.0 - share) / year.peak_w * PER_CENT, f"s{token}")
        _shares(canvas, plot)
    height = _height(width, len(years), PLOT_PX) + 20.0
    for x, words, token in ((GUTTER_PX, "facility", "f1"), (GUTTER_PX + 90.0, "IT", "f2")):
        canvas.swatch(x, height - 6, token)
        canvas.text(x + 14, height - 6, words)
    fullest = max(years, key=lambda year: float(np.mean(year.facility_w_H)) / year.peak_w)
    used = float(np.mean(fullest.facility_w_H)) / fullest.peak_w
    title = f"{fullest.name} uses its meter best: {PER_CENT * used:.0f} % of what it must carry on the design day"
    subtitle = "Power in per cent of the design day's, by share of the year's hours that exceed it"
    return Figure("load-duration", title, subtitle, _source(plan), width, height, canvas.body)


def site_supply(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Draw what serves each site that has a supply of its own, by week."""
    years = tuple(year for year in plan.site_years if year.supply_w_H and year.demand_w_H is not None)
    if not years:
        return None
    canvas, shares = Canvas(), {}
    for year, left, right, top in _panels(years, width, PLOT_PX):
        demand_w_H = np.asarray(year.demand_w_H)
        total = float(np.sum(demand_w_H))
        shown = stack_of(dict(year.supply_w_H), total)
        highest = float(np.sum(list(shown.values()), axis=0).max())
        divisor, words = scaled(highest, "W")
        plot, marks = frame(
            canvas, right, top + PLOT_PX + FOOT_PX, WEEKS, (0.0, highest), list(shown),
            top=top, foot=FOOT_PX, left=left, wanted=3,
        )  # fmt: skip
        plot.value_axis(marks, divisor)
        below, labels = np.zeros(WEEKS), []
        for position, (name, mean_W) in enumerate(shown.items()):
            plot.area(below, below + mean_W, f"f{colour(position)}", name)
            labels.append((float(below[-1] + mean_W[-1] / 2.0), name, f"f{colour(position)}"))
            below = below + mean_W
        plot.line(weekly(demand_w_H), "ink")
        plot.end_labels(labels)
        month_names(canvas, plot.left, plot.right, plot.bottom, every=3)
        largest = max(shown, key=lambda name: float(np.sum(year.supply_w_H[name])))
        shares[year.name] = (largest, float(np.sum(year.supply_w_H[largest])) / total)
        _heading(canvas, year, left, right, top, f"{words}, by week")
    first, (part, share) = next(iter(shares.items()))
    title = f"{first}: {part} serves {PER_CENT * share:.0f} % of the year's energy"
    subtitle = "Mean power by week; above the line: what charges storage"
    return Figure(
        "site-supply", title, subtitle, _source(plan), width, _height(width, len(years), PLOT_PX), canvas.body
    )


def _shares(canvas: Canvas, plot: Frame) -> None:
    """Write shares of the year below a panel."""
    for percent in (0, 50, 100):
        x = plot.left + (plot.right - plot.left) * percent / PER_CENT
        canvas.line(x, plot.bottom, x, plot.bottom + 5, "axis")
        canvas.text(x, plot.bottom + 17, f"{percent} %", "m", "middle")


def _source(plan: Plan) -> str:
    """Say what the figures rest on."""
    stations = ", ".join(dict.fromkeys(year.weather for year in plan.site_years))
    return f"{SOURCE.format(scenario=plan.scenario_id)} Weather: {stations}."
