"""Figures of the work: training runs in time, serving demand against supply, the serving frontier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gigawatt.planning.plan import Plan
from gigawatt.records import Month
from gigawatt.units import DAYS_PER_YEAR, MONTHS_PER_YEAR, say
from gigawatt.views.figures.axes import (
    QUARTER_MONTHS,
    frame,
    month_short,
    month_words,
    number,
    scaled,
    tick_text,
    ticks,
)
from gigawatt.views.figures.buildout import WIDE_PX, months_of
from gigawatt.views.figures.svg import Canvas, Figure, colour, cut, text_width

SHORT_FRAC = 0.999  # below this share a workload counts as short
MILLISECONDS_PER_SECOND = 1e3
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR


def training(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Training runs as bars in time, with the range of their end and their deadlines."""
    runs = plan.tables["training"].to_dict("records")
    if not runs:
        return None
    months = _window(runs)
    first = Month.parse(months[0]).index
    canvas, row = Canvas(), 50.0
    height = len(runs) * row + 42.0
    plot, _ = frame(canvas, width, height, len(months), (0.0, 1.0), top=2.0, gutter=2.0)
    plot.right, plot.bottom = width - 2, plot.top + len(runs) * row
    step = (plot.right - plot.left) / len(months)

    def place(at: float) -> float:
        return plot.left + min(max(at, 0.0), len(months)) * step

    for position, run in enumerate(runs):
        y = plot.top + position * row
        begin = Month.parse(str(run["start"])).index - first
        days = [float(run[name]) / DAYS_PER_MONTH for name in ("days", "low_days", "high_days")]
        late = bool(run["deadline"]) and not bool(run["meets_deadline"])
        words = f"{say(float(run['gpus']), 'GPU')} {run['accelerator']}, {say(float(run['days']), 'day')}"
        words += f" ({number(run['low_days'])} to {number(run['high_days'])})" if _is_range(run) else ""
        shown = words if width >= WIDE_PX else words.partition(", ")[2]
        canvas.line(plot.left, y + row - 4, plot.right, y + row - 4)
        canvas.text(plot.left, y + 16, cut(str(run["label"]), width - text_width(shown) - 24), "b")
        canvas.text(plot.right, y + 16, shown, "m", "end")
        left, right = place(begin), place(begin + days[0])
        hint = f"{run['label']}: {words}"
        canvas.rect(left, y + 24, max(right - left, 2), 14, f"f{colour(3 if late else 0)}", hint)
        if _is_range(run):
            canvas.line(place(begin + days[1]), y + 31, place(begin + days[2]), y + 31, "ink")
            right = max(right, place(begin + days[2]))
        if run["deadline"]:
            due = place(Month.parse(str(run["deadline"])).index - first + 1)
            canvas.line(due, y + 21, due, y + 41, "ink line")
            note = f"deadline {month_short(str(run['deadline']))}{', missed' if late else ''}"
            after = max(due, right) + 8
            if after + text_width(note) < plot.right:
                canvas.text(after, y + 35, note)
            else:
                canvas.text(min(due, left) - 8, y + 35, note, "", "end")
    plot.month_axis(months)
    subtitle = "Training runs from their start; thin line: the range of the end; upright line: the deadline"
    source = f"Plan {plan.scenario_id}, table training."
    return Figure("training", _training_title(runs), subtitle, source, width, height, canvas.body)


def _window(runs: list[dict[Any, Any]]) -> list[str]:
    """Months from the first start to the last end or deadline, whole quarters, a year at least."""
    starts = [Month.parse(str(run["start"])).index for run in runs]
    ends = [Month.parse(str(run["deadline"])).index for run in runs if run["deadline"]]
    for start, run in zip(starts, runs, strict=True):
        longest = max(float(run["days"]), float(run["high_days"]) if _is_range(run) else 0.0)
        ends.append(start + math.ceil(longest / DAYS_PER_MONTH))
    first = min(starts) // QUARTER_MONTHS * QUARTER_MONTHS
    count = max(max(ends) + 1 - first, int(MONTHS_PER_YEAR))
    begin = Month(first // 12, first % 12 + 1)
    return [str(begin.plus(step)) for step in range(-(-count // QUARTER_MONTHS) * QUARTER_MONTHS)]


def _training_title(runs: list[dict[Any, Any]]) -> str:
    """How many runs miss their deadline."""
    dated = [run for run in runs if run["deadline"]]
    missed = sum(not bool(run["meets_deadline"]) for run in dated)
    if not dated:
        return f"{len(runs)} training {'run' if len(runs) == 1 else 'runs'}, none with a deadline"
    if len(dated) == 1:
        return f"{dated[0]['label']} {'misses' if missed else 'meets'} its deadline"
    return f"{missed or 'None'} of {len(dated)} training runs with a deadline {'misses' if missed < 2 else 'miss'} it"


def _is_range(run: dict[Any, Any]) -> bool:
    """Whether a run has a range of days worth printing."""
    low, high = float(run["low_days"]), float(run["high_days"])
    return math.isfinite(low) and math.isfinite(high) and high > low


def serving(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Accelerators needed and given, one panel a serving workload."""
    demand = plan.tables["demand"]
    if demand.empty:
        return None
    months = months_of(plan)
    workloads = [str(name) for name in dict.fromkeys(demand["workload"])]
    canvas, across = Canvas(), 1 if width < 480 else min(2, len(workloads))
    panel_width, panel_height = (width - 20.0 * (across - 1)) / across, 190.0
    for position, name in enumerate(workloads):
        rows = demand[demand["workload"] == name].set_index("month").reindex(months)
        needed, given = (rows[key].to_numpy(dtype=np.float64) for key in ("gpus_needed", "gpus_given"))
        left, top = (position % across) * (panel_width + 20.0), (position // across) * (panel_height + 12.0)
        highest = float(max(np.nanmax(needed), np.nanmax(given), 1.0))
        divisor, words = scaled(highest, "GPU")
        plot, marks = frame(canvas, left + panel_width, top + panel_height, len(months), (0.0, highest), left=left,
                            top=top + 42.0, wanted=3)  # fmt: skip
        canvas.text(left, top + 14, cut(name, panel_width), "b")
        canvas.text(left, top + 32, words, "m")
        plot.value_axis(marks, divisor)
        plot.area(np.zeros(len(months)), given, f"f{colour(position)}", f"{name}: GPUs given")
        plot.line(needed, "ink dash")
        plot.month_axis(months)
    height = -(-len(workloads) // across) * (panel_height + 12.0)
    subtitle = "GPUs that serving gets (filled) and would need at its latency target (dashed), by workload"
    source = f"Plan {plan.scenario_id}, table demand."
    return Figure("serving", _serving_title(plan), subtitle, source, width, height, canvas.body)


def _serving_title(plan: Plan) -> str:
    """Which workload is served worst, and when."""
    demand = plan.tables["demand"]
    known = demand[demand["served_frac"].notna()].sort_values("served_frac", kind="stable").to_dict("records")
    worst = known[0] if known else None
    if worst is None or worst["served_frac"] >= SHORT_FRAC:
        return "Serving demand is met in every month"
    served = say(float(worst["served_frac"]) * 100.0, "%")
    return f"{worst['workload']} is served least in {month_words(str(worst['month']))}: {served} of its demand"


def _point(point: dict[Any, Any]) -> str:
    """Say latencies and energy of a deployment."""
    tpot, ttft = (float(point[name]) * MILLISECONDS_PER_SECOND for name in ("tpot_p99_s", "ttft_p99_s"))
    energy = f", {number(float(point['j_per_output_token']))} J a token" if point.get("j_per_output_token") else ""
    return f"{number(tpot)} ms a token, first token within {number(ttft)} ms{energy}"


def frontier(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Throughput per accelerator against time per output token, with the chosen deployment."""
    curves = {
        name: sorted(points, key=lambda point: float(point["tpot_p99_s"]))
        for name, points in plan.frontiers.items()
        if points
    }
    if not curves:
        return None
    everything = [point for points in curves.values() for point in points]
    slowest = max(float(point["tpot_p99_s"]) for point in everything) * MILLISECONDS_PER_SECOND
    fastest = max(float(point["output_tokens_per_s_per_gpu"]) for point in everything)
    canvas, height = Canvas(), 290.0
    across = ticks(0.0, slowest, 5)
    plot, marks = frame(canvas, width, height, 1, (0.0, fastest), list(curves), foot=38.0)
    plot.value_axis(marks, 1.0, "tokens/s per GPU")
    for mark in across:
        x = plot.left + mark / across[-1] * (plot.right - plot.left)
        canvas.line(x, plot.bottom, x, plot.bottom + 4, "axis")
        canvas.text(x, plot.bottom + 17, tick_text(mark, across[1] - across[0]), "m", "middle")
    canvas.text(plot.left, plot.bottom + 33, "time per output token, 99th percentile, ms", "m")
    ends, chosen = [], []
    for position, (name, points) in enumerate(curves.items()):
        places = [
            (
                plot.left
                + float(point["tpot_p99_s"]) * MILLISECONDS_PER_SECOND / across[-1] * (plot.right - plot.left),
                plot.y(float(point["output_tokens_per_s_per_gpu"])),
            )
            for point in points
        ]
        best = np.minimum.accumulate([y for _, y in places])
        canvas.polyline([at for at, y in zip(places, best, strict=True) if at[1] <= y], f"s{colour(position)}")
        for (x, y), point in zip(places, points, strict=True):
            words = f"{name}: {point.get('replica', '')}, batch {float(point.get('batch', 0)):.0f}; {_point(point)}"
            canvas.dot(x, y, 2.5, f"f{colour(position)}", words)
            if point.get("chosen"):
                canvas.dot(x, y, 6, "paper", f"chosen for {words}")
                canvas.dot(x, y, 3, f"f{colour(position)}")
                chosen.append((name, point))
        highest = max(float(point["output_tokens_per_s_per_gpu"]) for point in points)
        ends.append((highest, name, f"f{colour(position)}"))
    plot.end_labels(ends)
    said = [f"{number(float(p['output_tokens_per_s_per_gpu']))} tokens/s per GPU for {name}" for name, p in chosen]
    title = f"Chosen deployments give {', '.join(said)}" if said else "No deployment meets the latency target"
    subtitle = "Output tokens/s per GPU against time per output token; ringed: the chosen deployment"
    if chosen:
        subtitle += ". " + "; ".join(f"{name}: {_point(point)}" for name, point in chosen)
    return Figure("frontier", title, subtitle, f"Plan {plan.scenario_id}, serving engine.", width, height, canvas.body)
