"""Latencies of a replayed trace: the share of requests that had to wait at most so long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gigawatt.views.figures.svg import LINE_PX, Canvas, Figure

if TYPE_CHECKING:
    from gigawatt.planning.replay import ReplayAnswer

WIDTH_PX = 720.0
PANEL_PX, GAP_PX = 320.0, 60.0
TOP_PX, HEIGHT_PX, FOOT_PX = 26.0, 200.0, 40.0
POINTS = 200
LEFT_PX = 36.0
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
P99 = 0.99
LABEL_PX = 70.0


def latencies(found: ReplayAnswer) -> Figure | None:
    """Draw the distributions of time to first token and of time per output token.

    Parameters
    ----------
    found : ReplayAnswer

    Returns
    -------
    Figure or None
        None where no request finished.
    """
    result, slo = found.result, found.pool.inputs.slo
    canvas = Canvas()
    drawn = [
        _panel(canvas, 0.0, "Time to first token, s", result.ttft_s_N, slo.ttft_p99_s),
        _panel(canvas, PANEL_PX + GAP_PX, "Time per output token, ms", result.tpot_s_N * 1e3, slo.tpot_p99_s * 1e3),
    ]
    if not any(drawn):
        return None
    limited = min(slo.ttft_p99_s, slo.tpot_p99_s) < float("inf")
    title = (
        f"{found.met_frac:.1%} of {found.trace.requests_count:,} requests are within their limits"
        if limited
        else f"{found.trace.requests_count:,} requests on {found.gpus_count:,} GPUs"
    )
    source = f"Replay of {found.trace.name} on {found.replicas_count} replicas of {found.pool.inputs.model.name}."
    subtitle = "Share of requests, %, with at most so long a time; limits dashed"
    height = TOP_PX + HEIGHT_PX + FOOT_PX
    return Figure("latencies", title, subtitle, source, WIDTH_PX, height, canvas.body)


def _panel(canvas: Canvas, start: float, words: str, values: NDArray[np.float64], limit: float) -> bool:
    """Draw one distribution over a logarithmic axis; return whether there was any value."""
    known = np.sort(np.asarray(values)[np.isfinite(values)])
    if not len(known):
        return False
    inside = [value for value in (known[0], known[-1], limit) if 0.0 < value < float("inf")]
    low, high = math.floor(math.log10(min(inside))), math.ceil(math.log10(max(inside)) + 1e-9)
    high = max(high, low + 1)
    left, right, bottom = start + LEFT_PX, start + PANEL_PX, TOP_PX + HEIGHT_PX

    def across(value: float) -> float:
        share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return left + min(max(share, 0.0), 1.0) * (right - left)

    def up(share: float) -> float:
        return bottom - share * HEIGHT_PX

    canvas.text(start, LINE_PX * 0.75, words, "b")
    for share in SHARES:
        canvas.line(left, up(share), right, up(share))
        canvas.text(left - 6, up(share) + 4, f"{share * 100:.0f}", "m", "end")
    for decade in range(low, high + 1):
        x = across(10.0**decade)
        canvas.line(x, bottom, x, bottom + 4, "axis")
        canvas.text(x, bottom + 18, f"{10.0**decade:g}", "m", "middle")
    shares = np.linspace(0.0, 1.0, POINTS)
    canvas.polyline([(across(float(np.quantile(known, share))), up(share)) for share in shares], "line s1")
    p99 = float(np.quantile(known, P99))
    canvas.dot(across(p99), up(P99), 3.5, "f1", f"99 % within {p99:.3g}")
    room = right - across(p99) > LABEL_PX
    canvas.text(across(p99) + (8 if room else -8), up(P99) + 18, f"p99 {p99:.3g}", "halo", "start" if room else "end")
    if 0.0 < limit < float("inf"):
        canvas.line(across(limit), TOP_PX, across(limit), bottom, "mut dash")
        canvas.text(across(limit), bottom + 34, f"limit {limit:g}", "m", "middle")
    return True
