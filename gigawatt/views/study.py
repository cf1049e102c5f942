"""A study on the terminal: bands, what was announced, the tornado as bars, choices and what knowing is worth."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from gigawatt.planning.study import StudyAnswer
from gigawatt.views import study_words as words
from gigawatt.views.terminal import show_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

BAR_CHARACTERS = 19
PATH_CHARACTERS = 27  # of a figure's path, its end, where the screen is narrow
WIDE_CHARACTERS = 110  # from which on the values of the figures find room beside the bars


def render(answer: StudyAnswer, width: int, report: Path | None = None) -> Group:
    """Say a study on a terminal.

    Parameters
    ----------
    answer : StudyAnswer
    width : int
        Of the terminal. [characters]
    report : Path, optional
        Where its report lies.

    Returns
    -------
    rich.console.Group
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(words.headline(answer), "bold"), words.conditions(answer), ""]
    parts.append(show_table(*words.bands(answer)))
    if words.targets(answer)[1]:
        parts.append(show_table(*words.targets(answer)))
    parts += _tornado(answer, wide=width >= WIDE_CHARACTERS)
    parts += [words.strongest(answer), ""] if words.strongest(answer) else []
    if answer.indices:
        parts.append(show_table(*words.indices(answer)))
    if answer.choices:
        parts += [show_table(*words.choices(answer)), words.worth(answer), ""]
    for note in answer.notes:
        parts.append(Text(f"- {note}", "dim"))
    parts.append(
        f"report: {report}" if report else "next:   --out DIR keeps the draws and writes study.json and report.html"
    )
    return Group(*parts)


def _tornado(answer: StudyAnswer, *, wide: bool) -> list[RenderableType]:
    """Show the widest swings as bars about the central plan."""
    shown = [swing for swing in answer.swings[: words.SWINGS_SHOWN] if swing.width > 0.0]
    if not shown:
        return []
    middle = answer.goal.central
    values = [value for swing in shown for value in (swing.at_low, swing.at_high) if math.isfinite(value)]
    ends = (min(*values, middle), max(*values, middle))
    rows = []
    for swing in shown:
        drawn = words.bar(swing.at_low, swing.at_high, middle, ends, BAR_CHARACTERS)
        there = (words.goal_value(answer, swing.at_low), words.goal_value(answer, swing.at_high))
        told = (words.figure_value(swing.low_value, swing.unit), words.figure_value(swing.high_value, swing.unit))
        rows.append((swing.path, *told, drawn, *there) if wide else (_end(swing.path), drawn, *there))
    label = answer.goal.label
    head = ("one at a time", f"{label} about the plan", "at its P10", "at its P90")
    wide_head = ("one figure at a time", "its P10", "its P90", f"{label} about the plan", "there", "there")
    return [show_table(wide_head if wide else head, rows)]


def _end(path: str) -> str:
    """Return the end of a long path."""
    return path if len(path) <= PATH_CHARACTERS else f"…{path[1 - PATH_CHARACTERS :]}"
