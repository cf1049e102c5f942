"""The timeline of a simulated fleet: its largest jobs from submission to end, and whatever stopped them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.fleet import FleetAnswer, measures
from gigawatt.planning.fleet.work import BY_KIND
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_MONTH, say
from gigawatt.views.figures.axes import Frame, month_short
from gigawatt.views.figures.buildout import WIDE_PX
from gigawatt.views.figures.svg import Canvas, Figure, cut, text_width

MARK_PX = 70.0  # least room between two marks of a time axis
DAY_STEPS = (1, 2, 5, 10, 20, 30, 60, 90, 180, 365, 730)
JOBS_SHOWN = 16
LEGEND_PX = 20.0
ROW_PX, BAR_PX = 24.0, 16.0  # of a job
FEW, FEW_ROW_PX, FEW_BAR_PX = 4, 44.0, 32.0  # where there are so few that there is room for more
CELL_PX = 1.5  # stops that come closer share a mark
SPARSE_PX = 6.0  # with so much of a bar for each stop a mark is as high as the bar; else each kind has its own lane
NODE, OWN = "failure of a node", "its own software"
# Kinds of stops: style of the marks, and the causes beside the failures of nodes that are of the kind.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    NODE: ("f4", ()),
    OWN: ("inkf", ("software",)),
    "planned or maintenance": ("f3", ("planned", "maintenance", "retirement", "growth")),
    "taken off: preempted, moved, power": ("f2", ("preemption", "defragmentation", "power")),
}


def source(answer: FleetAnswer) -> str:
    """Say what the figures rest on."""
    sim = answer.simulation
    return (
        f"Simulated event by event: {answer.title}, policy {answer.question.policy}, seed {sim.seed}; "
        f"{answer.result.events_count:,} events."
    )


def time_axis(canvas: Canvas, plot: Frame, answer: FleetAnswer) -> None:
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


def jobs(answer: FleetAnswer, width: float = WIDE_PX) -> Figure | None:
    """Draw the largest jobs in time: waiting thin, from start to end thick, with marks for stops by their kind."""
    chosen = largest_jobs(answer)
    if not chosen:
        return None
    kind_S = _kinds(answer)
    counts = {job: _counts(kind_S[answer.result.stop_job_S == job]) for job in chosen}
    total = {name: sum(count[name] for count in counts.values()) for name in KINDS}
    canvas = Canvas()
    top = _legend(canvas, total, width)
    gutter = min(max(text_width(_job_words(answer, job)) for job in chosen) + 10.0, width * 0.4)
    told = {job: f"{sum(count.values()):,}" for job, count in counts.items()}
    right = width - max(text_width(words) for words in (*told.values(), "stops")) - 10.0
    row, high = (FEW_ROW_PX, FEW_BAR_PX) if len(chosen) <= FEW else (ROW_PX, BAR_PX)
    plot = Frame(canvas, gutter, right, top, top + len(chosen) * row, 1, 0.0, 1.0)
    canvas.text(width - 4.0, top - 2.0, "stops", "m", "end")
    for position, job in enumerate(chosen):
        y = plot.top + position * row + 4.0
        canvas.text(0, y + high / 2.0 + 4.0, cut(_job_words(answer, job), gutter - 8))
        _bar(answer, plot, job, y, high, counts[job])
        _marks(answer, plot, job, y, high, kind_S)
        canvas.text(width - 4.0, y + high / 2.0 + 4.0, told[job], "m", "end")
    time_axis(canvas, plot, answer)
    who = "The largest job is" if len(chosen) == 1 else f"The {len(chosen)} largest jobs are"
    title = f"{who} stopped {_times(sum(total.values()))}{_of_which(total, 'its' if len(chosen) == 1 else 'their')}"
    subtitle = "Thin: waiting; thick: from first start to end; marks: what stopped it, or one replica of it"
    return Figure("fleet-jobs", title, subtitle, source(answer), width, plot.bottom + 30.0, canvas.body)


def _kinds(answer: FleetAnswer) -> NDArray[np.int64]:
    """Return the kind of each stop, by its place in `KINDS`."""
    kind_of = {cause: place for place, (_, causes) in enumerate(KINDS.values()) for cause in causes}
    others = np.array([kind_of[cause] for cause in measures.OTHER_WORDS])
    nodes = len(answer.simulation.hazards.components)
    return np.concatenate([np.zeros(nodes, np.int64), others])[answer.result.stop_cause_S]


def _counts(kind_S: NDArray[np.int64]) -> dict[str, int]:
    """Count stops by kind."""
    return dict(zip(KINDS, np.bincount(kind_S, minlength=len(KINDS)).tolist(), strict=True))


def _legend(canvas: Canvas, total: dict[str, int], width: float) -> float:
    """Tie each kind of stops that there is to its marks, and say how many there are; return what is below."""
    x, y = 0.0, 14.0
    for name, count in total.items():
        if count:
            words = f"{name}: {count:,}"
            if x and x + 14.0 + text_width(words) > width - 60.0:
                x, y = 0.0, y + LEGEND_PX
            canvas.swatch(x, y, KINDS[name][0])
            canvas.text(x + 14.0, y, words, "m")
            x += 14.0 + text_width(words) + 18.0
    return y + 10.0


def _bar(answer: FleetAnswer, plot: Frame, job: int, y: float, high: float, counts: dict[str, int]) -> None:
    """Draw how long a job waited, and when it was there."""
    canvas, words = plot.canvas, _job_words(answer, job)
    submit, start, end = _span(answer, plot, job)
    canvas.rect(submit, y + high / 2.0 - 1.5, start - submit, 3, "softf", f"{words}: waits")
    told = [f"{count:,} {name}" for name, count in counts.items() if count]
    hint = f"{words}: {'stops: ' + ', '.join(told) if told else 'never stopped'}"
    canvas.rect(start, y, max(end - start, 1.5), high, "f5 pale", hint)


def _marks(answer: FleetAnswer, plot: Frame, job: int, y: float, high: float, kind_S: NDArray[np.int64]) -> None:
    """Mark the stops of a job: as high as its bar where there is room, else in a lane for each kind."""
    _, start, end = _span(answer, plot, job)
    these = answer.result.stop_job_S == job
    x_S = start + (answer.result.stop_s_S[these] - _start_s(answer, job)) * _scale(answer, plot)
    kind_S = kind_S[these]
    there = [place for place in range(len(KINDS)) if (kind_S == place).any()]
    dense = x_S.size * SPARSE_PX > end - start
    high = high / len(there) if dense and there else high
    for lane, place in enumerate(there):
        cells = np.unique(np.floor(x_S[kind_S == place] / CELL_PX)) * CELL_PX
        at = y + lane * high if dense else y
        drawing = "".join(f"M{x:.1f} {at:.1f}h{CELL_PX - 0.3:.1f}v{high:.1f}h-{CELL_PX - 0.3:.1f}z" for x in cells)
        plot.canvas.path(drawing, list(KINDS.values())[place][0], 1.0)


def _scale(answer: FleetAnswer, plot: Frame) -> float:
    """Return pixels a second."""
    return (plot.right - plot.left) / answer.simulation.duration_s


def _start_s(answer: FleetAnswer, job: int) -> float:
    """Return when a job started, or the end where it did not. [s]."""
    start_s = float(answer.result.start_s_N[job])
    return start_s if np.isfinite(start_s) else answer.simulation.duration_s


def _span(answer: FleetAnswer, plot: Frame, job: int) -> tuple[float, float, float]:
    """Return the places of a job's submission, start and end; the end of the simulation for what has not come."""
    sim, end_s = answer.simulation, float(answer.result.end_s_N[job])
    times_s = (
        float(sim.jobs.submit_s_N[job]), _start_s(answer, job), end_s if np.isfinite(end_s) else sim.duration_s,
    )  # fmt: skip
    submit, start, end = (plot.left + time_s * _scale(answer, plot) for time_s in times_s)
    return submit, start, end


def _times(count: int) -> str:
    """Say how often.

    Examples
    --------
    >>> _times(0), _times(1), _times(1200)
    ('never', 'once', '1,200 times')
    """
    return {0: "never", 1: "once"}.get(count, f"{count:,} times")


def _of_which(total: dict[str, int], whose: str) -> str:
    """Say how many of the stops are failures of nodes and of software."""
    if not sum(total.values()):
        return ""
    words_of = {NODE: "failures of nodes", OWN: f"failures of {whose} software"}
    told = [words for name, words in words_of.items() if total[name]]
    counts = [total[name] for name in words_of if total[name]]
    parts = [f"{count:,} {words if count > 1 else words.replace('failures', 'failure')}" for count, words in
             zip(counts, told, strict=True)]  # fmt: skip
    rest = sum(total.values()) - sum(counts)
    if rest:
        parts.append(f"{rest:,} by the operator")
    return f": {', '.join(parts)}"


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
