"""Figures of a study: months as fans, figures one at a time as a tornado, shares of the variance as bars."""

from __future__ import annotations

import math

import numpy as np

from gigawatt.planning.study import Fan, StudyAnswer
from gigawatt.units import say
from gigawatt.views import study_words as words
from gigawatt.views.figures.axes import frame, month_words, scaled
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.svg import Canvas, Figure, colour, cut, text_width

FANS = (
    ("gpus_online", "GPUs online"),
    ("facility_mw", "Facility power"),
    ("cash_usd", "Cash since the start"),
    ("revenue_usd", "Revenue of the month"),
    ("output_tokens_served", "Output tokens served in the month"),
)
HEIGHT_PX = 230.0
ROW_PX, BAR_PX = 26.0, 15.0
NAME_FRAC = 0.42  # of the width, for the names of figures


def pictures(answer: StudyAnswer, width: float = WIDE_PX) -> list[Figure]:
    """Draw every figure of a study.

    Parameters
    ----------
    answer : StudyAnswer
    width : float
        Of each picture. [px]

    Returns
    -------
    list of Figure
        Those for which there is something to draw.
    """
    fans = {fan.name: fan for fan in answer.fans}
    found = [fan_chart(answer, fans[name], label, width) for name, label in FANS if name in fans]
    return [figure for figure in (*found, tornado(answer, width), variance(answer, width)) if figure is not None]


def _source(answer: StudyAnswer) -> str:
    """Say what the figures rest on."""
    return f"Study of {answer.resolved.scenario.scenario}, {answer.question.samples_count:,} draws."


def fan_chart(answer: StudyAnswer, fan: Fan, label: str, width: float = WIDE_PX) -> Figure | None:
    """Draw a monthly series: the plan as a line, P10 to P90 as an area, P50 dashed; None where it never moves."""
    low, middle, high, plan = (np.array(series) for series in (fan.p10, fan.p50, fan.p90, fan.central))
    values = np.concatenate([low, high, plan])
    values = values[np.isfinite(values)]
    if not len(values) or float(np.ptp(values)) == 0.0:
        return None
    span = (min(0.0, float(values.min())), max(0.0, float(values.max())))
    divisor, unit = scaled(max(-span[0], span[1]), fan.unit)
    names = ("plan", "P50", "P10 to P90")
    canvas = Canvas()
    plot, marks = frame(canvas, width, HEIGHT_PX, len(fan.months), span, names, top=30.0)
    plot.area(low, high, f"f{colour(0)} pale", f"{label}: P10 to P90")
    plot.value_axis(marks, divisor, unit)
    plot.line(middle, f"s{colour(0)} dash")
    plot.line(plan, "ink")
    plot.month_axis(fan.months)
    last = len(fan.months) - 1
    plot.end_labels(
        [
            (float(plan[last]), names[0], "inkf"),
            (float(middle[last]), names[1], f"f{colour(0)}"),
            (float(high[last]), names[2], f"f{colour(0)} pale"),
        ]
    )
    when = month_words(fan.months[last])
    title = (
        f"{label}: {say(float(low[last]), fan.unit)} to {say(float(high[last]), fan.unit)} in {when}, "
        f"{say(float(plan[last]), fan.unit)} in the plan"
    )
    subtitle = f"{label}, {unit}: the plan, and P10, P50 and P90 of each month by itself"
    return Figure(f"fan-{fan.name}", title, subtitle, _source(answer), width, HEIGHT_PX, canvas.body)


def tornado(answer: StudyAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw the goal with one figure at a time at its P10 and its P90; None where nothing moves it."""
    shown = [swing for swing in answer.swings[: words.SWINGS_SHOWN] if swing.width > 0.0]
    if not shown:
        return None
    middle, unit = answer.goal.central, answer.goal.unit
    values = [value for swing in shown for value in (swing.at_low, swing.at_high)]
    low, high = min(*values, middle), max(*values, middle)
    gutter = width * NAME_FRAC
    room = width - gutter - 8.0

    def x(value: float) -> float:
        return gutter + room * (value - low) / ((high - low) or 1.0)

    canvas, top = Canvas(), 22.0
    for row, swing in enumerate(shown):
        y = top + row * ROW_PX
        canvas.text(gutter - 8.0, y + BAR_PX - 3.0, _name(swing.path, gutter - 10.0), "", "end")
        for value, told, style in (
            (swing.at_low, swing.low_value, f"f{colour(3)}"),
            (swing.at_high, swing.high_value, f"f{colour(0)}"),
        ):
            hint = f"{swing.path} at {words.figure_value(told, swing.unit)}: {say(value, unit)}"
            first, last = sorted((x(value), x(middle)))
            canvas.rect(first, y, max(last - first, 0.5), BAR_PX, style, hint)
    bottom = top + len(shown) * ROW_PX
    canvas.line(x(middle), top - 6.0, x(middle), bottom, "ink")
    for value, place, anchor in ((low, gutter, "start"), (high, width - 8.0, "end")):
        canvas.text(place, bottom + 14.0, say(value, unit), "m", anchor)
    plan = f"plan {say(middle, unit)}"
    half = text_width(plan) / 2.0
    canvas.text(min(max(x(middle), gutter + half), width - half), 12.0, plan, "b", "middle")
    widest = shown[0]
    title = (
        f"{answer.goal.label} moves most with {widest.path}: {say(widest.at_low, unit)} at its P10, "
        f"{say(widest.at_high, unit)} at its P90"
    )
    source = f"{_source(answer)} Red: the figure at its P10; blue: at its P90; all others central."
    subtitle = f"{answer.goal.label} with one figure at a time at its P10 and its P90"
    return Figure("tornado", title, subtitle, source, width, bottom + 20.0, canvas.body)


def _name(path: str, room: float) -> str:
    """Return the end of a figure's path, as far as there is room."""
    return cut(path[::-1], room)[::-1]


def variance(answer: StudyAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw shares of the goal's variance, alone and with every interplay; None where they were not asked for."""
    if not answer.indices:
        return None
    gutter = width * NAME_FRAC
    room = width - gutter - 70.0
    highest = max(1.0, *(index.total for index in answer.indices))
    canvas, top = Canvas(), 4.0
    for row, index in enumerate(answer.indices):
        y = top + row * ROW_PX
        alone, total = (room * max(share, 0.0) / highest for share in (index.first, index.total))
        canvas.text(gutter - 8.0, y + BAR_PX - 3.0, _name(index.path, gutter - 10.0), "", "end")
        canvas.rect(gutter, y, total, BAR_PX, f"f{colour(0)} pale", f"{index.path}: {words.share(index.total)} in all")
        canvas.rect(gutter, y, alone, BAR_PX, f"f{colour(0)}", f"{index.path}: {words.share(index.first)} alone")
        half = room * index.total_half / highest
        if math.isfinite(half):
            canvas.line(
                gutter + max(total - half, 0.0), y + BAR_PX / 2.0, gutter + total + half, y + BAR_PX / 2.0, "ink"
            )
        canvas.text(gutter + max(total + half, alone) + 6.0, y + BAR_PX - 3.0, words.share(max(index.total, 0.0)), "b")
    bottom = top + len(answer.indices) * ROW_PX
    canvas.line(gutter, 0.0, gutter, bottom, "axis")
    largest = answer.indices[0]
    title = f"{words.share(max(largest.total, 0.0))} of the variance of {answer.goal.label} hangs on {largest.path}"
    source = (
        f"{_source(answer)} Dark: the figure alone; pale: with every interplay; line: 95 % interval. "
        "Figures that are not shown are held."
    )
    subtitle = f"Sobol indices of {answer.goal.label}, first order and total"
    return Figure("variance", title, subtitle, source, width, bottom + 6.0, canvas.body)
