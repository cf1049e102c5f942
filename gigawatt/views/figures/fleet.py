"""Figures of a simulated fleet: where its hours went, who ran in time, power, kept time by size."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gigawatt.planning.fleet import FleetAnswer, measures
from gigawatt.units import say
from gigawatt.views.figures import timeline
from gigawatt.views.figures.axes import Floats, frame, scaled
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.svg import Canvas, Figure, colour, text_width
from gigawatt.views.figures.timeline import source, time_axis

COLUMNS_COUNT = 240  # columns into which the hours of a run are gathered
SECONDS_PER_HOUR = 3600.0
LEAST_SHOWN_FRAC = 5e-4  # of capacity: smaller shares are not drawn
# Name and style of each state; what was useful in the strongest colour, what was lost in those of loss.
STATE_WORDS = {
    "useful": ("useful", "f1"),
    "rework": ("lost and redone", "f4"),
    "checkpoint": ("checkpoints", "f5"),
    "restart": ("restarts", "f6"),
    "slow": ("running slow", "f7"),
    "idle": ("idle, no job waits", "softf"),
    "fragmented": ("idle while jobs wait", "f2"),
    "draining": ("kept free for a large job", "f3"),
    "spare": ("hot spares", "gridf"),
    "down": ("under repair", "inkf"),
    "maintenance": ("maintenance", "mutf"),
}
WHOLE_PCT = 100.0


def _binned(values: Floats) -> Floats:
    """Gather hours into at most `COLUMNS_COUNT` means."""
    size = max(math.ceil(values.size / COLUMNS_COUNT), 1)
    parts = np.array_split(values, max(values.size // size, 1))
    return np.array([part.mean() for part in parts])


def _extremes(values: Floats) -> tuple[Floats, Floats]:
    """Return least and most of the hours of each column."""
    size = max(math.ceil(values.size / COLUMNS_COUNT), 1)
    parts = np.array_split(values, max(values.size // size, 1))
    return np.array([part.min() for part in parts]), np.array([part.max() for part in parts])


def ledger(answer: FleetAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw where every accelerator-hour went: a bar for each state, the largest first."""
    hours = measures.ledger_hours(answer)
    capacity = sum(hours.values())
    if not capacity:
        return None
    shown = [item for item in sorted(hours.items(), key=lambda item: -item[1]) if item[1] > LEAST_SHOWN_FRAC * capacity]
    canvas, row = Canvas(), 26.0
    gutter = max(text_width(STATE_WORDS[state][0]) for state, _ in shown) + 12.0
    room = width - gutter - 150.0
    longest = shown[0][1]
    for place, (state, value) in enumerate(shown):
        words, style = STATE_WORDS[state]
        y, length = place * row + 4.0, value / longest * room
        share = WHOLE_PCT * value / capacity
        canvas.text(0, y + 13, words)
        canvas.rect(gutter, y, max(length, 1.5), 17, style, f"{words}: {value:,.0f} GPU-hours")
        canvas.text(gutter + length + 8, y + 13, f"{share:.3g} %, {_hours(value)}", "m")
    useful = WHOLE_PCT * hours["useful"] / capacity
    lost = max((state for state, _ in shown if state != "useful"), key=hours.__getitem__, default="")
    title = f"{useful:.1f} % of {_hours(capacity)} GPU-hours were useful"
    if lost:
        title += f"; most of the rest: {STATE_WORDS[lost][0]}, {WHOLE_PCT * hours[lost] / capacity:.1f} %"
    height = len(shown) * row + 6.0
    subtitle = "Where every GPU-hour went; the states sum to capacity"
    return Figure("fleet-ledger", title, subtitle, source(answer), width, height, canvas.body)


def _hours(value: float) -> str:
    """Say accelerator-hours: "12.3 M"."""
    return say(value, "1").strip()


def use(answer: FleetAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw accelerators in jobs, idle, kept free and down over time, with what waiting jobs ask for."""
    result = answer.result
    if not result.busy_gpus_H.size:
        return None
    online = _binned(measures.online_gpus(answer))
    parts = {"in jobs": ("f1", result.busy_gpus_H), "idle": ("softf", result.idle_gpus_H)}
    stacked = [(name, style, _binned(values)) for name, (style, values) in parts.items()]
    used = np.sum([values for _, _, values in stacked], axis=0)
    down = np.minimum(_binned(result.down_gpus_H), np.maximum(online - used, 0.0))
    rest = np.maximum(online - used - down, 0.0)
    stacked += [("kept free", "f3", rest), ("down", "f4", down)]
    shown = [item for item in stacked if item[2].sum() > LEAST_SHOWN_FRAC * online.sum()]
    waiting = _binned(result.waiting_gpus_H)
    highest = float(online.max())
    divisor, words = scaled(highest, "GPU")
    canvas, height = Canvas(), 270.0
    labels = [name for name, _, _ in shown]
    plot, marks = frame(canvas, width, height, online.size, (0.0, highest), labels, foot=30.0)
    plot.value_axis(marks, divisor, words)
    below, ends = np.zeros(online.size), []
    for name, style, values in shown:
        plot.area(below, below + values, style, name)
        ends.append((float(below[-1] + values[-1] / 2.0), name, style))
        below = below + values
    queue = np.where(waiting > 0.0, np.minimum(waiting, marks[-1]), np.nan)
    queued = bool(np.nanmax(waiting) > LEAST_SHOWN_FRAC * highest)
    if queued:
        plot.line(queue, "ink dash")
    plot.end_labels(ends)
    time_axis(canvas, plot, answer)
    busy = WHOLE_PCT * measures.held_hours(answer) / max(sum(measures.ledger_hours(answer).values()), 1e-9)
    title = f"{busy:.0f} % of the fleet is in jobs"
    if queued:
        title += f"; at most {say(float(result.waiting_gpus_H.max()), 'GPU')} are waited for"
    subtitle = "Accelerators by what they do" + (
        "; dashed: what waiting jobs ask for, cut at the top" if queued else ""
    )
    return Figure("fleet-use", title, subtitle, source(answer), width, height, canvas.body)


def power(answer: FleetAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw IT power over time: mean of each column as a line, least and most hour as a band."""
    power_w_H = measures.power_w(answer)
    if not power_w_H.size or not power_w_H.max():
        return None
    mean, (low, high) = _binned(power_w_H), _extremes(power_w_H)
    highest = max(float(high.max()), answer.result.power_max_w)
    divisor, words = scaled(highest, "W")
    canvas, height = Canvas(), 240.0
    plot, marks = frame(canvas, width, height, mean.size, (0.0, highest), ["mean"], foot=30.0)
    plot.value_axis(marks, divisor, words)
    plot.area(low, high, "f1 pale", "least and most hour")
    plot.line(mean, "s1")
    limit = _limit_w(answer)
    if limit < np.inf:
        y = plot.y(min(limit, marks[-1]))
        canvas.line(plot.left, y, plot.right, y, "ink dash")
        canvas.text(plot.right, y - 5, f"limit {say(limit, 'W')}", "halo", "end")
    plot.end_labels([(float(mean[-1]), "mean", "f1")])
    time_axis(canvas, plot, answer)
    result = answer.result
    title = (
        f"IT power is {say(float(power_w_H[measures.warm_hours(answer) :].mean()), 'W')} on average, at most "
        f"{say(result.power_max_w, 'W')}; the greatest step at once is {say(result.ramp_max_w, 'W')}"
    )
    subtitle = "IT power of the fleet; band: least and most hour"
    return Figure("fleet-power", title, subtitle, source(answer), width, height, canvas.body)


def _limit_w(answer: FleetAnswer) -> float:
    """Return the limit of a fleet on one site that holds from the start; those of many sites do not fit one line."""
    if len({part.site for part in answer.simulation.partitions}) > 1:
        return float("inf")
    return min((item.limit_w for item in answer.simulation.power_limits if item.start_s == 0.0), default=float("inf"))


def kept(answer: FleetAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw useful over wall time by the size of jobs, with the mean time between their interruptions."""
    sizes = measures.by_size(answer)
    rows = [place for place in range(len(sizes.labels)) if math.isfinite(sizes.ettr_frac[place])]
    if not rows:
        return None
    canvas, row = Canvas(), 26.0
    gutter = max(text_width(f"{sizes.labels[place]} GPUs") for place in rows) + 12.0
    room = max(width - gutter - 220.0, 60.0)
    for position, place in enumerate(rows):
        y, share = position * row + 4.0, min(max(sizes.ettr_frac[place], 0.0), 1.0)
        between = sizes.mttf_h[place]
        note = f"{WHOLE_PCT * share:.1f} %, " + (
            f"{say(between, 'h')} between stops" if math.isfinite(between) else "never stopped"
        )
        canvas.text(0, y + 13, f"{sizes.labels[place]} GPUs")
        canvas.rect(gutter, y, room, 17, "gridf")
        canvas.rect(gutter, y, share * room, 17, f"f{colour(0)}", f"{sizes.jobs_count[place]:,.0f} jobs")
        canvas.text(gutter + room + 8, y + 13, note, "m")
    last = rows[-1]
    title = f"Jobs on {sizes.labels[last]} GPUs keep {WHOLE_PCT * sizes.ettr_frac[last]:.1f} % of their time"
    subtitle = "Effective training time ratio: useful over wall time since the first start, by size of job"
    height = len(rows) * row + 6.0
    return Figure("fleet-ettr", title, subtitle, source(answer), width, height, canvas.body)


# each returns None where there is nothing to draw
FLEET_FIGURES: dict[str, Callable[[FleetAnswer, float], Figure | None]] = {
    "fleet-ledger": ledger,
    "fleet-ettr": kept,
    "fleet-use": use,
    "fleet-jobs": timeline.jobs,
    "fleet-power": power,
}


def pictures(answer: FleetAnswer, width: float = WIDE_PX) -> list[Figure]:
    """Every figure that the answer has something for."""
    return [figure for figure in (draw(answer, width) for draw in FLEET_FIGURES.values()) if figure is not None]
