"""Figures of money: the cash flow, its sum, and what the budget buys."""

from __future__ import annotations

import math

import numpy as np

from gigawatt.planning.plan import Plan
from gigawatt.units import say
from gigawatt.views.figures.axes import frame, month_words, scaled
from gigawatt.views.figures.buildout import WIDE_PX, column, months_of
from gigawatt.views.figures.svg import Canvas, Figure, colour, text_width

LABEL_ROOM_FRAC = 0.2  # added below the lowest cash, for its label
ROUNDING_FRAC = 1e-9  # of the largest class
# order of every list of costs: compute, network, building, other
SPLIT = ("accelerators", "servers", "network", "construction", "other", "unspent")


def cash_flow(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Free cash flow of each month as bars, and below it the sum so far with the payback marked."""
    months = months_of(plan)
    flow, cash = column(plan, "free_cash_flow_usd"), column(plan, "cash_usd")
    canvas, upper, lower = Canvas(), 190.0, 190.0
    for values, top, bottom, name in (
        (flow, 26.0, upper, "of the month"),
        (cash, upper + 36.0, upper + 16 + lower, "since the start"),
    ):
        span = (min(0.0, float(np.nanmin(values))), max(0.0, float(np.nanmax(values))))
        if values is cash:
            span = (span[0] - LABEL_ROOM_FRAC * (span[1] - span[0]) * (span[0] < 0), span[1])
        divisor, words = scaled(max(-span[0], span[1]), "USD")
        plot, marks = frame(canvas, width, bottom, len(months), span, top=top, wanted=3, foot=14.0)
        plot.right = width - 2
        plot.value_axis(marks, divisor)
        canvas.text(0, top - 10, f"{words} {name}", "m")
        if values is flow:
            plot.bars(np.maximum(values, 0.0), f"f{colour(0)}", months, "USD")
            plot.bars(np.minimum(values, 0.0), f"f{colour(3)}", months, "USD")
        else:
            plot.line(values, "ink")
            lowest = int(np.nanargmin(values))
            if values[lowest] < 0:
                x, y, words = plot.x(lowest), plot.y(float(values[lowest])), say(float(values[lowest]), "USD")
                canvas.dot(x, y, 4, f"f{colour(3)}")
                half = text_width(f"lowest {words}") / 2.0
                middle = min(max(x, plot.left + half + 4), plot.right - half)
                canvas.text(middle, y + 18, f"lowest {words}", "b halo", "middle")
            payback = float(plan.finance.get("payback_months", math.nan))
            if math.isfinite(payback) and payback <= len(months):
                words = f"payback after {say(payback, 'month')}"
                x, half = plot.x(payback - 0.5), text_width(words) / 2.0
                canvas.dot(x, plot.y(0.0), 5, "paper", words)
                canvas.text(min(x - half, plot.right - half), plot.y(0.0) - 10, words, "b halo", "middle")
            plot.month_axis(months)
    height = upper + 16 + lower + 22
    lowest = int(np.nanargmin(cash))
    title = (
        f"Cash is lowest in {month_words(months[lowest])} at {say(float(cash[lowest]), 'USD')}; {payback_words(plan)}"
    )
    subtitle = "Free cash flow before financing, by month and summed"
    source = f"Plan {plan.scenario_id}, table cashflow. Blue: money in; red: money out."
    return Figure("cash-flow", title, subtitle, source, width, height, canvas.body)


def payback_words(plan: Plan) -> str:
    """When the money is back, in words."""
    payback = float(plan.finance.get("payback_months", math.nan))
    if not math.isfinite(payback):
        return "it is not paid back within the plan"
    return f"it is paid back after {say(payback, 'month')}"


def capex_split(plan: Plan, width: float = WIDE_PX) -> Figure | None:
    """Draw what the budget buys, class by class, with the reference split where the plan has one."""
    known = {name: float(plan.split_usd.get(name, math.nan)) for name in SPLIT}
    largest_usd = max((abs(value) for value in known.values() if math.isfinite(value)), default=0.0)
    if not largest_usd:
        return None
    # what rounding leaves over is shown as nothing
    found = {
        name: 0.0 if abs(value) < ROUNDING_FRAC * largest_usd else value
        for name, value in known.items()
        if math.isfinite(value)
    }
    reference = plan.finance.get("reference_split_usd", {})  # class -> (low, high)
    highest = max(*(abs(value) for value in found.values()), *(high for _, high in reference.values()), 1.0)
    lowest = min(0.0, *found.values())
    canvas, row, gutter = Canvas(), 34.0, 96.0
    room = width - gutter - 92.0
    zero = gutter + room * -lowest / (highest - lowest)
    height = len(found) * row + 4
    for position, (name, value) in enumerate(found.items()):
        y = position * row
        length = room * value / (highest - lowest)
        style = "softf" if name == "unspent" else f"f{colour(0)}"
        canvas.text(gutter - 10, y + 21, name, "", "end")
        canvas.rect(min(zero, zero + length), y + 8, abs(length), 18, style, f"{name}: {say(value, 'USD')}")
        end = zero + max(length, 0.0)
        if name in reference:
            low, high = (zero + room * float(side) / (highest - lowest) for side in reference[name])
            canvas.line(low, y + 17, high, y + 17, "ink line")
            for side in (low, high):
                canvas.line(side, y + 12, side, y + 22, "ink line")
            end = max(end, high)
        canvas.text(end + 8, y + 21, say(value, "USD"), "b")
    canvas.line(zero, 2, zero, height - 2, "axis")
    largest = max((name for name in found if name != "unspent"), key=lambda name: found[name], default="unspent")
    title = f"The largest part of the budget goes into {largest}: {say(found[largest], 'USD')}"
    note = " Bracket: the reference split." if reference else ""
    source = f"Plan {plan.scenario_id}, table spend.{note}"
    return Figure("capex-split", title, "Capex over the budget's years, by class", source, width, height, canvas.body)
