"""The engineer's result on the terminal: the verdict, the policy, before and after, where it loses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gigawatt.planning.engineer.evolve import EngineerAnswer
from gigawatt.planning.engineer.leaderboard import Place
from gigawatt.planning.engineer.result import change_words, headings, losses, policy_file, table_rows, verdict
from gigawatt.planning.engineer.router_target import ROUTER
from gigawatt.planning.engineer.targets import TARGETS
from gigawatt.views.terminal import show_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType


TITLE = "On the test {}: each rule by hand, and the policy's change against it"


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

    proof, target = answer.proof, TARGETS[answer.question.target]
    # evidence.md has all columns, and intervals
    rows = [[*row[:-2], row[-2].partition(" [")[0], row[-1]] for row in table_rows(proof, all_columns=False)]
    parts: list[RenderableType] = [Text(verdict(proof), "bold"), ""]
    parts += [policy_file(answer.question.target, proof.text).rstrip(), ""]
    heads, title = headings(target, all_columns=False), TITLE.format(target.spans)
    parts += [show_table(heads, rows, title=title), ""]
    where = [
        f"  {name}: {change_words(item, target.spans)} against {proof.elsewhere_reference[name]}"
        for name, item in proof.elsewhere.items()
    ]
    parts += ["elsewhere", *where, "", "where it loses", *(f"  {item}" for item in losses(proof)), ""]
    parts += [*(f"note: {item}" for item in answer.notes), ""]
    if folder is not None:
        parts.append(f"written: {folder / 'policy.py'}, evidence.md, result.json")
        parts.append(f"next:    {_next(answer, folder / 'policy.py')}")
    return Group(*parts)


def _next(answer: EngineerAnswer, path: Path) -> str:
    """Return a command that uses a policy as it was measured."""
    asked = answer.question
    if asked.target == ROUTER.name:
        what = f"--model {asked.serves} --accelerator {asked.accelerator} " if asked.serves else ""
        return f"gigawatt serve {what}--trace {asked.trace or 'FILE'} --router {path}"
    if asked.scenario:
        return f"gigawatt fleet {asked.scenario} --policy {path}"
    work = f"--trace {asked.trace}" if asked.trace else f"--workload {asked.workload or 'philly'}"
    return f"gigawatt fleet --policy {path} {work} --gpus {asked.gpus}"


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
