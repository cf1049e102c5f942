"""Figures of one site: its hours as a carpet, its load in order of size, its supply by week, its building time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gigawatt.planning.facility import FacilityAnswer
from gigawatt.records import Month
from gigawatt.units import say
from gigawatt.views.figures.axes import Frame, frame, month_words, number, scaled
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.hours import (
    DAYS,
    DAYS_BY_MONTH,
    HOURS,
    LEVELS_COUNT,
    NARROW_PX,
    WEEKS,
    cells,
    level_key,
    levels,
    month_names,
    stack_of,
    weekly,
)
from gigawatt.views.figures.land import WHOLE_PCT, footprints
from gigawatt.views.figures.svg import Canvas, Figure, colour

QUANTILES_COUNT = 120
LEAST_PUE_SPAN = 0.01
SOURCE = "Typical year of weather, hour by hour; gigawatt facility {site}."


def _source(answer: FacilityAnswer) -> str:
    """Say what the figures rest on."""
    return SOURCE.format(site=answer.case.entry.id) + f" Weather: {answer.case.place.name}."


def carpet(answer: FacilityAnswer, width: float = WIDE_PX) -> Figure:
    """Hourly PUE: days from left to right, hours of the day from bottom to top, darker where it is higher."""
    pue_H = answer.year.pue_H
    low, high = float(np.min(pue_H)), float(np.max(pue_H))
    span = max(high - low, LEAST_PUE_SPAN)
    canvas, left, top, height = Canvas(), 44.0, 8.0, 262.0
    cell_x, cell_y = (width - left) / DAYS, 8.0
    cells(canvas, levels(pue_H, low, span).reshape(DAYS, HOURS), left, top, cell_x, cell_y)
    bottom = top + HOURS * cell_y
    for hour in (0, 6, 12, 18, 24):
        canvas.text(left - 6, bottom - hour * cell_y + 4, f"{hour:02d}:00", "m", "end")
    month_names(canvas, left, width, bottom, every=2 if width < NARROW_PX else 1)
    step = min(30.0, (width - left - 110) / LEVELS_COUNT)
    level_key(canvas, left, height - 6, step, (number(round(low, 3)), number(round(low + span, 3))))
    worst = int(np.argmax(pue_H))
    month = int(np.searchsorted(np.cumsum(DAYS_BY_MONTH), worst // HOURS, side="right"))
    title = f"PUE is {answer.year.pue_mean:.3f} over the year and {high:.3f} in its worst hour, in {_long(month)}"
    subtitle = "Facility over IT power, local standard time"
    return Figure("pue-carpet", title, subtitle, _source(answer), width, height, canvas.body)


def _long(month: int) -> str:
    """Name a month, from 0."""
    return month_words(str(Month(2001, month + 1))).partition(" ")[0]


def duration(answer: FacilityAnswer, width: float = WIDE_PX) -> Figure:
    """Facility and IT power of all hours, the largest first."""
    year = answer.year
    series = {"facility": (year.facility_w_H, "s1", "f1"), "IT": (year.it_w_H, "s2", "f2")}
    share = np.linspace(0.0, 1.0, QUANTILES_COUNT)
    highest = max(year.peak_w, float(np.max(year.facility_w_H)))
    divisor, words = scaled(highest, "W")
    canvas, height = Canvas(), 280.0
    plot, marks = frame(canvas, width, height, QUANTILES_COUNT, (0.0, highest), list(series), foot=38.0)
    plot.value_axis(marks, divisor, words)
    ends = []
    for label, (values, line, fill) in series.items():
        ordered = np.quantile(values, 1.0 - share)
        plot.line(ordered, line)
        ends.append((float(ordered[-1]), label, fill))
    plot.end_labels(ends)
    y = plot.y(year.peak_w)
    canvas.line(plot.left, y, plot.right, y, "ink dash")
    canvas.text(plot.right, y - 5, f"design day {say(year.peak_w, 'W')}", "b halo", "end")
    _share_axis(canvas, plot)
    mean_w = float(np.mean(year.facility_w_H))
    title = f"The meter sees {say(mean_w, 'W')} on average and must carry {say(year.peak_w, 'W')} on the design day"
    return Figure(
        "load-duration", title, "Power by share of the year's hours that exceed it", _source(answer), width, height,
        canvas.body,
    )  # fmt: skip


def _share_axis(canvas: Canvas, plot: Frame) -> None:
    """Write shares of the year below a plot."""
    for percent in (0, 25, 50, 75, 100):
        x = plot.left + (plot.right - plot.left) * percent / 100.0
        canvas.line(x, plot.bottom, x, plot.bottom + 5, "axis")
        canvas.text(x, plot.bottom + 19, f"{percent} %", "m", "middle")


def supply_stack(answer: FacilityAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw what serves the site, by week, with what storage takes above it."""
    if answer.supply is None:
        return None
    result = answer.supply.result
    parts = {**result.output_w_H, "grid": result.import_w_H, "not served": result.unserved_w_H}
    total = float(np.sum(answer.year.facility_w_H))
    shown = stack_of(parts, total)
    stacked = np.cumsum(list(shown.values()), axis=0)
    highest = float(stacked[-1].max())
    divisor, words = scaled(highest, "W")
    canvas, height = Canvas(), 300.0
    plot, marks = frame(canvas, width, height, WEEKS, (0.0, highest), [*shown, "demand"], foot=34.0)
    plot.value_axis(marks, divisor, words)
    labels, below = [], np.zeros(WEEKS)
    for position, (name, above) in enumerate(zip(shown, stacked, strict=True)):
        plot.area(below, above, f"f{colour(position)}", name)
        labels.append((float((below[-1] + above[-1]) / 2.0), name, f"f{colour(position)}"))
        below = above
    plot.line(weekly(answer.year.facility_w_H), "ink")
    plot.end_labels(labels)
    month_names(canvas, plot.left, plot.right, plot.bottom, every=2 if width < NARROW_PX else 1)
    shares = {name: float(np.sum(parts[name])) / total for name in shown}
    largest = max(shares, key=shares.__getitem__)
    subject = "The grid" if largest == "grid" else largest.capitalize()
    title = f"{subject} serves {100.0 * shares[largest]:.0f} % at {result.lcoe_usd_per_mwh:.0f} USD/MWh; "
    title += f"{100.0 * result.carbon.carbon_free_frac:.0f} % is carbon-free hour by hour"
    subtitle = "Mean power by week; above the line: what charges storage"
    return Figure("supply", title, subtitle, _source(answer), width, height, canvas.body)


def footprint(answer: FacilityAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw the site and its buildings to scale on Manhattan."""
    land = answer.land
    if not answer.outline or land.site_km2 <= 0.0:
        return None
    name = answer.case.entry.name
    if land.share_of_manhattan_pct > WHOLE_PCT:
        return None
    building_pct = land.share_of_manhattan_pct * land.building_km2 / land.site_km2
    areas = {name: (land.site_km2, land.share_of_manhattan_pct), "its buildings": (land.building_km2, building_pct)}
    return footprints({key: area for key, area in areas.items() if area[0] > 0.0}, (), answer.outline, width)


def build_band(answer: FacilityAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw megawatts energised by month: P10 to P90 as a band, the median as a line, what was published as dots."""
    build = answer.build
    if build is None:
        return None
    low, middle, high = build.schedule.energised_w_PT
    months = build.months
    dated = build.cleared is not None
    steps = _published(answer, months) if dated else []
    highest = max(float(high.max()), *(watts for _, watts in steps), 1.0)
    divisor, words = scaled(highest, "W")
    canvas, height = Canvas(), 300.0
    plot, marks = frame(canvas, width, height, len(months), (0.0, highest), ["median"])
    plot.value_axis(marks, divisor, words)
    plot.area(low, high, "f1 pale", "P10 to P90")
    plot.line(middle, "s1")
    if dated:
        plot.month_axis(months)
    else:
        for month in range(0, len(months), 12):
            canvas.text(plot.x(month), plot.bottom + 18, f"{month // 12} years" if month else "clearing", "m", "middle")
    for position, watts in steps:
        canvas.dot(plot.x(position), plot.y(watts), 4.5, "paper", f"published: {say(watts, 'W')} in {months[position]}")
    plot.end_labels([(float(middle[-1]), "median", "f1")])
    first = build.schedule.first_power.band
    when = build.dates(first)
    last = month_words(when[1][:7]) if when else f"{first.p50_days:,.0f} days after clearing"
    title = f"First power in the median in {last}" if when else f"First power {last} in the median"
    title += f", P10 to P90 {month_words(when[0][:7])} to {month_words(when[2][:7])}" if when else ""
    subtitle = "Power energised, with buildings and racks; band: P10 to P90; rings: the catalogue's schedule"
    source = f"2,000 draws of lead times; power by {', '.join(each.path for each in build.power)}."
    return Figure("build", title, subtitle if steps else subtitle.partition("; rings")[0], source, width, height,
                  canvas.body)  # fmt: skip


def _published(answer: FacilityAnswer, months: Sequence[str]) -> list[tuple[int, float]]:
    """Return the steps of the catalogue's schedule that fall into the months shown."""
    start = Month.parse(months[0])
    found = []
    for text, quantity in answer.case.entry.facility_mw.items():
        position = Month.parse(text).index - start.index
        if 0 <= position < len(months) and quantity.value > 0.0:
            found.append((position, quantity.value * 1e6))
    return found


def wave(answer: FacilityAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw ten seconds of training in step, and what the grid sees behind a store of 10 s."""
    swing = answer.swing
    if swing is None:
        return None
    found = swing.wave
    seconds = np.linspace(0.0, 5.0 * found.period_s, 501)
    load = (
        np.where(seconds % found.period_s < found.high_frac * found.period_s, found.high_w, found.low_w) + swing.rest_w
    )
    smoothed = swing.smoothed[2]
    highest = float(load.max())
    divisor, words = scaled(highest, "W")
    canvas, height = Canvas(), 240.0
    plot, marks = frame(canvas, width, height, len(seconds), (0.0, highest), ["smoothed"], foot=34.0)
    plot.value_axis(marks, divisor, words)
    middle = found.mean_w + swing.rest_w
    half = smoothed.swing_w / 2.0
    plot.area(np.full(len(seconds), middle - half), np.full(len(seconds), middle + half), "f2", "smoothed, 10 s")
    plot.line(load, "s1")
    plot.end_labels([(middle, "smoothed", "f2"), (float(load[-1]), "IT load", "f1")])
    for step in range(6):
        x = plot.left + (plot.right - plot.left) * step / 5.0
        canvas.text(x, plot.bottom + 18, f"{step * found.period_s:g} s", "m", "middle")
    title = f"Training in step swings by {say(found.swing_w, 'W')}; a store of {say(smoothed.store_mwh, 'MWh')} and "
    title += f"{say(smoothed.store.rating_w, 'W')} leaves {say(smoothed.swing_w, 'W')}"
    subtitle = f"IT power over five steps of {found.period_s:g} s; the step's shape is an assumption"
    return Figure(
        "wave", title, subtitle, "Time constant 10 s; docs/methods/load-dynamics.md.", width, height, canvas.body
    )


def pictures(answer: FacilityAnswer, width: float = WIDE_PX) -> list[Figure]:
    """Every figure that the answer has something for."""
    drawn = (carpet, duration, supply_stack, build_band, wave, footprint)
    return [figure for figure in (draw(answer, width) for draw in drawn) if figure is not None]
