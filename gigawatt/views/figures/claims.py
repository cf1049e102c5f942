"""Figure of the claims: what was said against what is found, every row on the same relative scale."""

from __future__ import annotations

import math
from collections.abc import Callable

from gigawatt.planning.plan import ClaimCheck, Plan
from gigawatt.units import say
from gigawatt.views.figures.buildout import WIDE_PX, label_block
from gigawatt.views.figures.svg import Canvas, Figure, colour, text_width, wrap
from gigawatt.views.headlines import claimed_words, verdict_counts

HIGHEST_RATIO = 2.0  # the scale ends at twice the claim; what lies beyond is drawn as an arrow
VERDICT_COLOURS = {"agrees": 2, "differs": 1, "cannot be": 3}


def consistency(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Range claimed (grey) and range found (coloured), each row scaled to its own claim."""
    shown = [claim for claim in plan.claims if _drawable(claim)]
    if not shown:
        return None
    canvas = Canvas()
    narrow = width < 640
    gutter = 2.0 if narrow else 260.0
    right = width - 6.0
    room = right - gutter
    y = 30.0

    def place(value: float, claim: ClaimCheck) -> float:
        return gutter + room * min(max(value / claim.claimed_value, 0.0), HIGHEST_RATIO) / HIGHEST_RATIO

    rows: list[float] = []
    top = y - 8
    for claim in shown:
        words = f"{claim.label}: {claimed_words(claim)}"
        found = f"{say(claim.found, claim.unit)}, {claim.verdict}"
        if narrow:
            y = label_block(canvas, gutter, y + 14, words, width) - 4
        else:
            label_block(canvas, 0, y + 14, words, gutter - 16)
        rows.append(y + 12)
        _row(canvas, claim, place, y + 12, found, right)
        lines = 1 if narrow else len(wrap(words, gutter - 16))
        y += max(44.0, lines * 16 + 12)
    grid = Canvas()
    for share in (0.0, 0.5, 1.0, 1.5, 2.0):
        x = gutter + room * share / HIGHEST_RATIO
        grid.line(x, top, x, y - 4, "axis" if share == 1.0 else "grid")
        grid.text(x, 14, f"{share:.0%}" if share != 1.0 else "claimed", "m", _anchor(share))
    title = f"Of {len(shown)} claims that can be computed: {verdict_counts(shown)}"
    subtitle = "Found, as a share of the figure claimed; grey: the range claimed, coloured: the range found"
    source = f"Plan {plan.scenario_id}. Sources by number in the table of claims."
    return Figure("consistency", title, subtitle, source, width, y + 2, grid.body + canvas.body)


def _anchor(share: float) -> str:
    """Where a scale label hangs, so that the outer ones stay inside."""
    return "start" if share == 0 else "end" if share == HIGHEST_RATIO else "middle"


def _drawable(claim: ClaimCheck) -> bool:
    """Whether a claim has a finite figure on both sides and a scale."""
    return math.isfinite(claim.found) and math.isfinite(claim.claimed_value) and claim.claimed_value > 0


def _row(
    canvas: Canvas, claim: ClaimCheck, place: Callable[[float, ClaimCheck], float], y: float, words: str, right: float
) -> None:
    """Draw one claim: its band, the range found, the value found."""
    low = claim.claimed_low if math.isfinite(claim.claimed_low) else claim.claimed_value
    high = claim.claimed_high if math.isfinite(claim.claimed_high) else HIGHEST_RATIO * claim.claimed_value
    start, end = place(low, claim), place(high, claim)
    canvas.rect(start - 1.5, y - 9, max(end - start, 3.0), 18, "softf pale", f"claimed {claimed_words(claim)}")
    tone = colour(VERDICT_COLOURS.get(claim.verdict, 0))
    found_low, found_high = (
        side if math.isfinite(side) else claim.found for side in (claim.found_low, claim.found_high)
    )
    x = place(claim.found, claim)
    canvas.polyline([(place(found_low, claim), y), (place(found_high, claim), y)], f"s{tone}")
    if claim.found > HIGHEST_RATIO * claim.claimed_value:
        canvas.polygon([(right, y), (right - 9, y - 6), (right - 9, y + 6)], f"f{tone}")
    else:
        canvas.dot(x, y, 5, f"f{tone}", f"{claim.label}: {words}")
    after = place(found_high, claim) + 10
    if after + text_width(words) > right:
        canvas.text(place(found_low, claim) - 10, y + 4, words, "b halo", "end")
    else:
        canvas.text(after, y + 4, words, "b halo")
