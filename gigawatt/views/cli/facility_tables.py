"""What `facility` shows on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigawatt.views import facility_words as words
from gigawatt.views.cli.shell import put

if TYPE_CHECKING:
    from gigawatt.planning.facility import FacilityAnswer


def show(answer: FacilityAnswer, result: dict[str, Any]) -> None:
    """Print an answer: the figures of the first screen, then a table a question."""
    from rich.text import Text

    from gigawatt.views.terminal import show_table

    put(Text(words.headline(result), "bold"))
    put(Text(words.conditions(result), "dim"))
    for notice in answer.notices:
        put(f"note: {notice}")
    put(show_table(("figure", "value", "in detail"), words.figures(result)))
    put(show_table(*words.chain(result), title="power chain, meter to chip"))
    if result["water_l"]["total"]:
        put(show_table(*words.months(result), title="by month"))
    put(show_table(*words.accelerators(result), title=f"watts for each {result['accelerators']['accelerator']}"))
    if result["dynamics"]:
        put(Text(words.swing_words(result)))
        put(show_table(*words.smoothing(result), title="what a store leaves of it"))
        if result["dynamics"]["remedies"]:
            put(show_table(*words.remedies(result), title="what keeps the utility's limit"))
    if result["build"]:
        put(show_table(*words.build(result), title=f"build schedule: {words.build_words(result)}"))
    if result["supply"]:
        put(show_table(*words.supply(result), title="supply at least cost"))
        put(show_table(("of the supply", "value", "in detail"), words.supply_figures(result)))
    if result["bridge"]:
        put(Text(words.bridge_words(result), "bold"))
        if result["bridge"]["most_units"]:
            put(show_table(*words.bridge(result)))
