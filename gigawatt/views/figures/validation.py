"""Figures of a validation: predicted against measured, how large the errors are, and for which groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from gigawatt.validation.compare import Row, Summary, Validation
from gigawatt.views.figures.axes import number, ticks
from gigawatt.views.figures.svg import Canvas, Figure, colour, cut, text_width

WIDE_PX = 544.0
PHONE_PX = 480.0  # narrower than this a picture is for a phone: no words under the pointer, shorter labels
NOUNS = {
    "training": "training steps", "training-runs": "training runs", "serving": "serving figures",
    "facility": "facility figures", "energy": "figures of supply", "construction": "build speeds",
    "reliability": "reliability figures", "fleet": "figures of fleets", "finance": "financial figures",
}  # fmt: skip
QUANTITIES = {
    "step_time_s": "Step time, s", "power_w": "Power, W", "capacity_mw": "Capacity, MW", "server_w": "Server power, W",
    "output_tokens_per_s": "Output throughput, tokens/s", "waiting_frac": "Share of minutes in which a job waits",
    "itl_ms": "Inter-token latency, ms", "mttf_h": "Mean time to failure, h", "downtime_frac": "Share of time down",
    "requests_per_s": "Requests/s", "total_usd": "Cost a year, USD", "usd_per_mwh": "Cost, USD/MWh",
    "ttft_p50_ms": "Time to first token, p50, ms", "nameplate_ratio": "Nameplate over firm power",
    "ttft_p99_ms": "Time to first token, p99, ms", "ettr_frac": "Effective training time ratio", "stops_count": "Stops",
    "tpot_p50_ms": "Time per output token, p50, ms", "pue": "PUE", "facility_w_per_gpu": "Facility power, W per GPU",
    "tpot_p99_ms": "Time per output token, p99, ms", "gigawatt_days": "Clearing to a gigawatt, days",
    "itl_p50_ms": "Gap between tokens, p50, ms", "itl_p99_ms": "Gap between tokens, p99, ms", "node_w": "Node power, W",
    "j_per_output_token": "Energy, J per output token", "first_power_days": "Clearing to first power, days",
    "wue_l_per_kwh": "Water, L/kWh", "tflops_per_gpu": "TFLOP/s per GPU", "gpu_hours_m": "GPU-hours, million",
    "yield_kwh_per_kw": "Solar yield, kWh/kW", "duration_h": "Duration, h", "used_frac": "Share of accelerators in use",
}  # fmt: skip
COLOUR_LABELS = {"training": 1, "serving": 2}  # which of a row's labels colours it: the generation of the accelerator
COLOURS_SHOWN = 5  # what is left shares the grey
NEAR_PCT, FAR_PCT = 10.0, 25.0
SCATTER_ROWS = 15  # a quantity with fewer rows is drawn together with the others
BAR_ROWS = 40  # below this each row is drawn, above it a histogram
BIN_PCT, BINS_PCT = 2.0, 30.0  # width of a bar; the outermost bars hold all beyond
GROUP_ROWS = 5  # least rows of a group that is drawn
GROUPS_SHOWN = 18
ROW_PX = 22.0
NARROW_GAP = "\N{NO-BREAK SPACE}"  # a number and its sign of per cent stay on one line
TICKS_PX = (48.0, 24.0)  # least room between two labels, across and upwards
LOG_STEPS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))  # of a decade, the finest that has room


def quantity_words(quantity: str) -> str:
    """Say a quantity with its unit; one that has no words stays as it is."""
    return QUANTITIES.get(quantity, quantity)


def trusted(rows: Sequence[Row]) -> list[Row]:
    """Rows that were predicted and are not doubted: what the statistics count."""
    return [row for row in rows if not row.skipped and not row.flag]


def noun(name: str) -> str:
    """Rows of an engine in words."""
    return NOUNS.get(name, "figures")


def finding(name: str, summary: Summary) -> str:
    """Say what was found in one sentence."""
    if not summary.n:
        return f"No {noun(name)} could be compared"
    return f"Half of {summary.n:,} {noun(name)} are predicted within {summary.median_abs_error_pct:.1f}{NARROW_GAP}%"


def groups_shown(groups: Mapping[str, Summary], least: int = GROUP_ROWS) -> dict[str, Summary]:
    """Return the groups with at least so many rows, each set of rows once, under the shortest of its names."""
    shown: dict[Summary, str] = {}
    for group, summary in sorted(groups.items(), key=lambda item: len(item[0])):
        if summary.n >= least:
            shown.setdefault(summary, group)
    names = set(shown.values())
    return {group: summary for group, summary in groups.items() if group in names}


def _signed(value: float, decimals: int = 1) -> str:
    """Write a percentage with its sign."""
    return f"{value:+z.{decimals}f}{NARROW_GAP}%".replace("-", "−")


def _colouring(name: str, rows: Sequence[Row]) -> tuple[Callable[[Row], str], list[str]]:
    """Return what colours a row, and the values that have a colour: those with most rows first."""

    def label(row: Row, place: int) -> str:
        return (row.group.split("/") + [""] * (place + 1))[place]

    deepest = max(row.group.count("/") for row in rows)
    wanted = min(COLOUR_LABELS.get(name, 0), deepest)
    places = [wanted, *(place for place in range(deepest + 1) if place != wanted)]
    chosen = next((place for place in places if len({label(row, place) for row in rows}) > 1), wanted)
    counts = Counter(label(row, chosen) for row in rows)
    order = [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return lambda row: label(row, chosen), order[:COLOURS_SHOWN]


class _Log(NamedTuple):
    """One logarithmic scale for both axes."""

    low: float
    high: float

    def place(self, value: float, start: float, end: float) -> float:
        """Place of a value between two edges."""
        return start + (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low)) * (
            end - start
        )

    def ticks(self, room: float, each: float) -> list[float]:
        """Round values that have so many pixels each; over a short range evenly spaced ones."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        choices = [[factor * 10.0**power for power in decades for factor in steps] for steps in LOG_STEPS]
        choices += [ticks(self.low, self.high, wanted) for wanted in (5, 4, 3, 2)]
        inside = [[mark for mark in marks if self.low <= mark <= self.high] for marks in choices]
        fits = [marks for marks in inside if self._gap(marks, room) >= each]
        return next((marks for marks in fits if len(marks) > 2), max(fits, key=len, default=[]))

    def _gap(self, marks: Sequence[float], room: float) -> float:
        """Least distance between two marks, in pixels."""
        places = [self.place(mark, 0.0, room) for mark in marks]
        return min((after - before for before, after in pairwise(places)), default=math.inf)


def _scale(rows: Sequence[Row]) -> _Log:
    """Range of both axes: all values with a little room."""
    values = [value for row in rows for value in (row.measured, row.predicted)]
    low, high = min(values), max(values)
    room = (high / low) ** 0.06 if high > low else 1.1
    return _Log(low / room, high * room)


def scatter(name: str, rows: Sequence[Row], words: str, width: float = WIDE_PX) -> Figure | None:
    """Draw predicted against measured on logarithmic axes, doubted rows hollow.

    Parameters
    ----------
    name : str
        Of the engine.
    rows : sequence of Row
        Skipped rows and those that are not above zero are left out.
    words : str
        The quantity with its unit.
    width : float
        Of the picture. [px]

    Returns
    -------
    Figure or None
        None where nothing can be drawn.
    """
    scored = [row for row in rows if not row.skipped]
    rows = [row for row in scored if row.measured > 0 and row.predicted > 0]
    if not rows:
        return None
    canvas, phone = Canvas(), width < PHONE_PX
    label_of, order = _colouring(name, rows)
    left, right = 44.0, width - 8.0
    top = _legend(canvas, rows, label_of, order, width) + 36.0
    bottom = top + min(right - left, 420.0) * (1.0 if phone else 0.86)
    scale = _scale(rows)

    def at(measured: float, predicted: float) -> tuple[float, float]:
        x = scale.place(min(max(measured, scale.low), scale.high), left, right)
        return x, scale.place(min(max(predicted, scale.low), scale.high), bottom, top)

    _bands(canvas, scale, at)
    _log_axes(canvas, scale, (left, right, top, bottom))
    place = {value: position for position, value in enumerate(order)}
    for row in sorted(rows, key=lambda row: (bool(row.flag), place.get(label_of(row), -1))):
        tone = colour(place[label_of(row)]) if label_of(row) in place else ""
        style = (f"line s{tone}" if tone else "line mut") if row.flag else (f"f{tone} edge" if tone else "mutf edge")
        hint = f"{row.id}, {row.group}: {number(row.measured)} measured, {number(row.predicted)} predicted"
        canvas.dot(*at(row.measured, row.predicted), 3.0, style, "" if phone else hint)
    fair = trusted(rows)
    within = sum(abs(row.error_pct) <= FAR_PCT for row in fair)
    left_out = f" Not drawn: {len(scored) - len(rows)} not above zero." if len(scored) > len(rows) else ""
    title = f"{within:,} of {len(fair):,} lie within ±25 %" if fair else "Every row is doubted"
    return Figure(
        f"{name}-scatter", f"{words.partition(',')[0]}: {title}",
        f"{words}: predicted upwards, measured to the right, both logarithmic",
        "Line: predicted as measured. Bands: ±10 % and ±25 %. Hollow: doubted rows, not in the statistics." + left_out,
        width, bottom + 38.0, canvas.body,
    )  # fmt: skip


def _legend(
    canvas: Canvas, rows: Sequence[Row], label_of: Callable[[Row], str], order: Sequence[str], width: float
) -> float:
    """Write the groups above the picture, in as many lines as they need; return the last baseline."""
    counts = Counter(label_of(row) for row in rows)
    entries = [(f"{value or 'unnamed'} {counts[value]:,}", f"f{colour(at)}") for at, value in enumerate(order)]
    others = len(rows) - sum(counts[value] for value in order)
    entries += [(f"other {others:,}", "mutf")] if others else []
    x, y = 0.0, 12.0
    for words, style in entries:
        room = text_width(words) + 30.0
        if x and x + room > width:
            x, y = 0.0, y + 18.0
        canvas.dot(x + 5, y - 4, 4.5, style)
        canvas.text(x + 15, y, words)
        x += room
    return y


def _bands(canvas: Canvas, scale: _Log, at: Callable[[float, float], tuple[float, float]]) -> None:
    """Fill what lies within 25 and within 10 per cent, and draw the line of equality."""
    for pct, style in ((FAR_PCT, "gridf"), (NEAR_PCT, "softf pale")):
        up, down = 1.0 + pct / 100.0, 1.0 - pct / 100.0
        corners = [
            (scale.low, scale.low), (scale.low, scale.low * up), (scale.high / up, scale.high),
            (scale.high, scale.high), (scale.high, scale.high * down), (scale.low / down, scale.low),
        ]  # fmt: skip
        canvas.polygon([at(measured, predicted) for measured, predicted in corners], style)
    canvas.line(*at(scale.low, scale.low), *at(scale.high, scale.high), "ink")


def _log_axes(canvas: Canvas, scale: _Log, edges: tuple[float, float, float, float]) -> None:
    """Draw both axes with their numbers and words."""
    left, right, top, bottom = edges
    for mark in scale.ticks(bottom - top, TICKS_PX[1]):
        y = scale.place(mark, bottom, top)
        canvas.line(left, y, right, y, "grid")
        canvas.text(left - 6, y + 4, _mark_words(mark), "m", "end")
    canvas.line(left, bottom, right, bottom, "axis")
    for mark in scale.ticks(right - left, TICKS_PX[0]):
        x = scale.place(mark, left, right)
        canvas.line(x, bottom, x, bottom + 4, "axis")
        canvas.text(min(x, right - 10), bottom + 17, _mark_words(mark), "m", "middle")
    canvas.text(0, top - 10, "predicted", "m")
    canvas.text(right, bottom + 33, "measured", "m", "end")


def _mark_words(value: float) -> str:
    """Write a tick in five characters: 0.05, 1.08, 20, 50 k, 2 M."""
    for factor, sign in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= factor * (1 - 1e-9):
            return f"{value / factor:.3g} {sign}"
    return f"{value:.3g}"


def histogram(name: str, validation: Validation, width: float = WIDE_PX) -> Figure | None:
    """Count trusted rows by their error; those within 10 per cent stand out."""
    rows = trusted(validation.rows)
    if not rows:
        return None
    last = round(BINS_PCT / BIN_PCT)
    counts = Counter(min(max(math.floor(row.error_pct / BIN_PCT), -last - 1), last) for row in rows)
    canvas = Canvas()
    left, right, top, bottom = 36.0, width - 10.0, 44.0, 330.0
    step = (right - left) / (2 * last + 2)
    highest = max(counts.values())
    size = next(size for size in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 10**9) if highest / size <= 5)
    for mark in range(0, math.ceil(highest / size) * size + 1, size):
        y = bottom - (bottom - top) * mark / (math.ceil(highest / size) * size)
        canvas.line(left, y, right, y, "grid" if mark else "axis")
        canvas.text(left - 6, y + 4, f"{mark:,}", "m", "end")
    near = round(NEAR_PCT / BIN_PCT)
    for place in range(-last - 1, last + 1):
        tall = (bottom - top) * counts[place] / (math.ceil(highest / size) * size)
        x = left + (place + last + 1) * step
        span = f"{_signed(place * BIN_PCT, 0)} to {_signed((place + 1) * BIN_PCT, 0)}"
        hint = f"{span}: {counts[place]:,} rows" if abs(place + 0.5) < last else f"beyond ±30 %: {counts[place]:,} rows"
        canvas.rect(x + 0.75, bottom - tall, step - 1.5, tall, "f1" if -near <= place < near else "softf", hint)
    for pct in (-30, -20, -10, 0, 10, 20, 30):
        x = left + (pct / BIN_PCT + last + 1) * step
        canvas.line(x, bottom, x, bottom + 4, "axis")
        canvas.text(x, bottom + 18, f"{pct:+d}".replace("-", "−") if pct else "0", "m", "middle")
    for anchor, x, count in (("start", left, counts[-last - 1]), ("end", right, counts[last])):
        canvas.text(x, bottom + 34, f"{count} beyond", "m", anchor)
    canvas.text(0, top - 26, "rows", "m")
    within = validation.summary.within_10_pct
    canvas.text(right, top + 14, f"{within:.0f} % within ±10 %", "b halo", "end")
    title = f"{within:.0f} % of the errors lie within ±10 %; bias {_signed(validation.summary.bias_pct)}"
    return Figure(
        f"{name}-errors", title, "Rows by error, predicted over measured minus one, %",
        f"{len(rows):,} rows that are not doubted; the outermost bars hold all beyond ±30 %.",
        width, bottom + 40.0, canvas.body,
    )  # fmt: skip


def each_row(name: str, validation: Validation, width: float = WIDE_PX) -> Figure | None:
    """Draw the error of every trusted row and the range that its prediction states, the largest error first."""
    rows = sorted(trusted(validation.rows), key=lambda row: -abs(row.error_pct))
    if not rows:
        return None
    ranges = [(row, *_range_pct(row)) for row in rows]
    entries = [
        (row.id, "", (low, high), None, row.error_pct, f"{row.id}: {_signed(row.error_pct)}", "f1" if held else "f4")
        for row, low, high in ranges
        for held in [row.low <= row.measured <= row.high]
    ]
    held = sum(row.low <= row.measured <= row.high for row in rows)
    return _intervals(
        f"{name}-errors", f"The stated range holds {held} of {len(rows)} published figures", entries, width,
        "Error (dot), predicted over measured minus one, and the range that the prediction states, %",
        "Where a range crosses zero it holds the published figure; where it does not, the dot is red.",
    )  # fmt: skip


def _range_pct(row: Row) -> tuple[float, float]:
    """Stated range as errors. [%]."""
    if not row.measured:
        return 0.0, 0.0
    low, high = (100.0 * (side / row.measured - 1.0) for side in (row.low, row.high))
    return min(low, high), max(low, high)


def by_group(name: str, validation: Validation, width: float = WIDE_PX) -> Figure | None:
    """Draw bias, median and P90 of each group of some size, the worst first; of many groups the largest."""
    groups = groups_shown(validation.groups)
    largest = sorted(groups.items(), key=lambda item: -item[1].n)[:GROUPS_SHOWN]
    shown = sorted(largest, key=lambda item: -item[1].median_abs_error_pct)
    if len(shown) < 2:
        return None
    entries = [
        (group, f", {one.n:,}", (-one.p90_abs_error_pct, one.p90_abs_error_pct),
         (-one.median_abs_error_pct, one.median_abs_error_pct), one.bias_pct,
         f"{group}: median {one.median_abs_error_pct:.1f} %, P90 {one.p90_abs_error_pct:.1f} %, bias "
         f"{_signed(one.bias_pct)}", "inkf")
        for group, one in shown
    ]  # fmt: skip
    worst, best = shown[0], shown[-1]
    title = (
        f"{worst[0]} is hardest: half within {worst[1].median_abs_error_pct:.1f} %; "
        f"{best[0]} easiest: {best[1].median_abs_error_pct:.1f} %"
    )
    limit = f"the {len(shown)} largest groups" if len(shown) < len(groups) else f"groups of {GROUP_ROWS} rows or more"
    return _intervals(
        f"{name}-groups", title, entries, width, "Bias (dot), median (dark) and P90 (light) of the absolute error, %",
        f"After each name its rows; {limit}.",
    )  # fmt: skip


Span = tuple[float, float]


def _intervals(
    key: str, title: str, entries: Sequence[tuple[str, str, Span, Span | None, float, str, str]], width: float,
    subtitle: str, source: str,
) -> Figure:  # fmt: skip
    """Draw a row an entry on one axis of errors: an outer and perhaps an inner range, and a dot."""
    canvas, phone = Canvas(), width < PHONE_PX
    gutter = 0.0 if phone else 224.0  # on a phone a name stands above its row
    above, pitch = (18.0, ROW_PX + 14.0) if phone else (0.0, ROW_PX)
    left, right, top = gutter + 18.0, width - 18.0, 28.0
    bottom = top + pitch * len(entries)
    reach = max(max(abs(side) for side in (*outer, dot)) for _, _, outer, _, dot, _, _ in entries)
    limit = next(limit for limit in (2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 100.0, 100.0 * reach) if reach <= limit)
    limit = min(limit, 60.0)

    def x(value: float) -> float:
        return left + (min(max(value, -limit), limit) + limit) / (2 * limit) * (right - left)

    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        mark = share * limit
        canvas.line(x(mark), top - 6, x(mark), bottom, "grid" if mark else "axis")
        words = f"{mark:+g}".replace("-", "−") if mark else "0"
        canvas.text(x(mark), top - 12, words, "m", "middle")
    for position, (words, tail, outer, inner, dot, hint, style) in enumerate(entries):
        y = top + pitch * (position + 0.5) + above / 2
        canvas.text(0, y + 4 - above, cut(words, (gutter or width) - text_width(tail)) + tail)
        canvas.rect(x(outer[0]), y - 6, x(outer[1]) - x(outer[0]), 12, "softf pale", hint)
        if inner is not None:
            canvas.rect(x(inner[0]), y - 6, x(inner[1]) - x(inner[0]), 12, "f5", hint)
        canvas.dot(x(dot), y, 4, f"{style} edge", hint)
    beyond = f" Cut at ±{limit:g} %." if reach > limit else ""
    return Figure(key, title, subtitle, source + beyond, width, bottom + 6.0, canvas.body)


def figures(name: str, validation: Validation, width: float = WIDE_PX) -> list[Figure]:
    """Draw all figures of an engine's validation.

    Parameters
    ----------
    name : str
        Of the engine.
    validation : Validation
    width : float
        Of each picture. [px]

    Returns
    -------
    list of Figure
        A scatter for each quantity of some rows, or one of all; the errors; the groups.
    """
    counts = Counter(row.quantity for row in validation.rows if not row.skipped)
    often = [quantity for quantity, count in counts.most_common() if count >= SCATTER_ROWS]
    drawn = [
        scatter(name, [row for row in validation.rows if row.quantity == quantity], quantity_words(quantity), width)
        for quantity in often
    ] or [scatter(name, validation.rows, "All figures, each in its own unit", width)]
    errors = histogram if len(trusted(validation.rows)) >= BAR_ROWS else each_row
    drawn += [errors(name, validation, width), by_group(name, validation, width)]
    return [figure for figure in drawn if figure is not None]
