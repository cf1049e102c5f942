"""The engineer's result on the terminal: the verdict, the policy, before and after, where it loses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gigawatt.planning.engineer.evolve import EngineerAnswer
from gigawatt.planning.engineer.leaderboard import Place
from gigawatt.planning.engineer.result import HEADINGS, change_words, losses, policy_file, table_rows, verdict
from gigawatt.views.terminal import show_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType


SHOWN = (0, 1, 2, 3, 6, 7, 8)  # columns of the table that a terminal has room for; evidence.md has all, with intervals
TITLE = "On the test weeks: each rule by hand, and the policy's change against it"


def render(answer: EngineerAnswer, folder: Path | None) -> Group:
    """Say a result on a terminal.

    Parameters
    ----------
    answer : EngineerAnswer
    folder : Path or None
        Where it was written.

    Returns
    -------
    rich.console.Group
    """
    from rich.console import Group
    from rich.text import Text

    proof = answer.proof
    rows = [[*row[:-2], row[-2].partition(" [")[0], row[-1]] for row in table_rows(proof)]
    parts: list[RenderableType] = [Text(verdict(proof), "bold"), ""]
    parts += [policy_file(answer.question.target, proof.text).rstrip(), ""]
    parts += [show_table([HEADINGS[at] for at in SHOWN], [[row[at] for at in SHOWN] for row in rows], title=TITLE), ""]
    where = [
        f"  {name}: {change_words(item)} against {proof.elsewhere_reference[name]}"
        for name, item in proof.elsewhere.items()
    ]
    parts += ["elsewhere", *where, "", "where it loses", *(f"  {item}" for item in losses(proof)), ""]
    parts += [*(f"note: {item}" for item in answer.notes), ""]
    if folder is not None:
        parts.append(f"written: {folder / 'policy.py'}, evidence.md, result.json")
        parts.append(f"next:    gigawatt fleet --policy {folder / 'policy.py'} --workload philly --gpus 10k")
    return Group(*parts)


def render_places(places: Sequence[Place]) -> RenderableType:
    """Say a leaderboard on a terminal."""
    rows = [
        (
            item.target, item.bench, f"{100.0 * item.change_frac:+.1f} %", f"{item.p_value:.2g}", item.reference,
            item.proven, item.folder,
        )
        for item in places
    ]  # fmt: skip
    return show_table(("target", "bench", "change", "p", "against", "proven against", "folder"), rows)
