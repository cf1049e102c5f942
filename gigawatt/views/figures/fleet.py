"""Figures of a simulated fleet: where its hours went, who ran in time, power, kept time by size, the largest jobs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gigawatt.planning.fleet import FleetAnswer, measures
from gigawatt.planning.fleet.work import BY_KIND
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_MONTH, say
from gigawatt.views.figures.axes import Floats, Frame, frame, month_short, scaled
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.svg import Canvas, Figure, colour, cut, text_width

COLUMNS_COUNT = 240  # columns into which the hours of a run are gathered
MOST_MARKS, MARK_PX = 9, 70.0  # marks of a time axis, and the least room between two
DAY_STEPS = (1, 2, 5, 10, 20, 30, 60, 90, 180, 365, 730)
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


def _source(answer: FleetAnswer) -> str:
    """Say what the figures rest on."""
    sim = answer.simulation
    return (
        f"Simulated event by event: {answer.title}, policy {answer.question.policy}, seed {sim.seed}; "
        f"{answer.result.events_count:,} events."
    )


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


def _time_axis(canvas: Canvas, plot: Frame, answer: FleetAnswer) -> None:
    """Draw days, or months where the simulation has a calendar."""
    duration_s = answer.simulation.duration_s
    room = max(int((plot.right - plot.left) / MARK_PX), 2)
    if answer.start is not None:
        months = round(duration_s / SECONDS_PER_MONTH)
        step = next((size for size in (1, 2, 3, 6, 12, 24) if months / size <= room), 60)
        marks = [
            (month * SECONDS_PER_MONTH, month_short(str(answer.start.plus(month)))) for month in range(0, months, step)
        ]
    else:
        days = duration_s / SECONDS_PER_DAY
        step = next((size for size in DAY_STEPS if days / size <= room), DAY_STEPS[-1])
        marks = [(day * SECONDS_PER_DAY, f"day {day}") for day in range(0, int(days) + 1, step)]
    for at_s, words in marks:
        x = plot.left + at_s / duration_s * (plot.right - plot.left)
        canvas.line(x, plot.bottom, x, plot.bottom + 5, "axis")
        if x + text_width(words) <= plot.right + 20:
            canvas.text(x + 3, plot.bottom + 17, words, "m")


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
    return Figure("fleet-ledger", title, subtitle, _source(answer), width, height, canvas.body)


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
    _time_axis(canvas, plot, answer)
    busy = WHOLE_PCT * measures.held_hours(answer) / max(sum(measures.ledger_hours(answer).values()), 1e-9)
    title = f"{busy:.0f} % of the fleet is in jobs"
    if queued:
        title += f"; at most {say(float(result.waiting_gpus_H.max()), 'GPU')} are waited for"
    subtitle = "Accelerators by what they do" + (
        "; dashed: what waiting jobs ask for, cut at the top" if queued else ""
    )
    return Figure("fleet-use", title, subtitle, _source(answer), width, height, canvas.body)


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
    _time_axis(canvas, plot, answer)
    result = answer.result
    title = (
        f"IT power is {say(float(power_w_H[measures.warm_hours(answer) :].mean()), 'W')} on average, at most "
        f"{say(result.power_max_w, 'W')}; the greatest step at once is {say(result.ramp_max_w, 'W')}"
    )
    subtitle = "IT power of the fleet; band: least and most hour"
    return Figure("fleet-power", title, subtitle, _source(answer), width, height, canvas.body)


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
    return Figure("fleet-ettr", title, subtitle, _source(answer), width, height, canvas.body)


def jobs(answer: FleetAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw the largest jobs in time: waiting thin, running thick, a mark for each failure that hit."""
    chosen = largest_jobs(answer)
    if not chosen:
        return None
    sim, result = answer.simulation, answer.result
    canvas, row = Canvas(), 22.0
    height = len(chosen) * row + 34.0
    gutter = min(max(text_width(_job_words(answer, job)) for job in chosen) + 10.0, width * 0.4)
    plot = Frame(canvas, gutter, width - 4.0, 2.0, height - 30.0, 1, 0.0, 1.0)

    def place(at_s: float) -> float:
        return plot.left + min(max(at_s / sim.duration_s, 0.0), 1.0) * (plot.right - plot.left)

    stops = 0
    for position, job in enumerate(chosen):
        y = plot.top + position * row
        start = float(result.start_s_N[job]) if np.isfinite(result.start_s_N[job]) else sim.duration_s
        end = float(result.end_s_N[job]) if np.isfinite(result.end_s_N[job]) else sim.duration_s
        words = _job_words(answer, job)
        canvas.text(0, y + 15, cut(words, gutter - 8))
        canvas.rect(place(float(sim.jobs.submit_s_N[job])), y + 10, place(start) - place(sim.jobs.submit_s_N[job]), 3,
                    "softf", f"{words}: waits")  # fmt: skip
        hint = f"{words}: {int(result.interruptions_N[job]):,} interruptions"
        canvas.rect(place(start), y + 4, max(place(end) - place(start), 1.5), 14, f"f{colour(0)}", hint)
        hits = result.failure_s_F[result.failure_job_F == job]
        stops += hits.size
        left, right = place(start), place(end)
        if hits.size * PIXELS_A_MARK <= right - left:
            marks = "".join(f"M{place(float(at_s)) - 0.4:.1f} {y + 4:.0f}h0.8v14h-0.8z" for at_s in hits)
            canvas.path(marks, "f2", 1.0)
        elif hits.size:
            words = _count(hits.size, "failure")
            wide = text_width(words) + 8.0
            if wide <= plot.right - right:
                canvas.text(right + 6, y + 15, words, "m", "start")
            elif wide <= left - plot.left:
                canvas.text(left - 6, y + 15, words, "m", "end")
    _time_axis(canvas, plot, answer)
    who = "The largest job is" if len(chosen) == 1 else f"The {len(chosen)} largest jobs are"
    title = f"{who} hit by {_count(stops, 'failure')}"
    subtitle = (
        "Thin: waiting; thick: from first start to end; marks, or numbers where they are many: failures that hit it"
    )
    return Figure("fleet-jobs", title, subtitle, _source(answer), width, height, canvas.body)


def _count(count: int, noun: str) -> str:
    """Say a number of things."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


JOBS_SHOWN = 16
PIXELS_A_MARK = 3.0  # least room of a mark; where there is less, failures are counted instead


def largest_jobs(answer: FleetAnswer) -> list[int]:
    """Return the jobs with most accelerator time, known runs first, in order of submission."""
    sim, result = answer.simulation, answer.result
    weight_N = np.where(np.isfinite(result.start_s_N), result.held_s_N, 0.0) * sim.jobs.gpus_N
    weight_N = np.where(sim.jobs.class_N >= BY_KIND, weight_N + weight_N.max(initial=1.0), weight_N)
    best = np.argsort(-weight_N, kind="stable")[:JOBS_SHOWN]
    return sorted(int(job) for job in best if weight_N[job] > 0.0)


def _job_words(answer: FleetAnswer, job: int) -> str:
    """Name a job by its size and its class."""
    sim = answer.simulation
    return f"{say(float(sim.jobs.gpus_N[job]), 'GPU')}, {sim.classes[sim.jobs.class_N[job]].name}"


# each returns None where there is nothing to draw
FLEET_FIGURES: dict[str, Callable[[FleetAnswer, float], Figure | None]] = {
    "fleet-ledger": ledger,
    "fleet-ettr": kept,
    "fleet-use": use,
    "fleet-jobs": jobs,
    "fleet-power": power,
}


def pictures(answer: FleetAnswer, width: float = WIDE_PX) -> list[Figure]:
    """Every figure that the answer has something for."""
    return [figure for figure in (draw(answer, width) for draw in FLEET_FIGURES.values()) if figure is not None]
