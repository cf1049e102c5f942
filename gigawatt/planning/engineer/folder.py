"""The run folder: what was asked, every proposal with its score or its rejection, and where the search stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gigawatt.errors import InputError, RunNotFoundError
from gigawatt.planning.document import clean, dumps
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.store import write_atomically

QUESTION, LOG, STATE, RESULT, POLICY, EVIDENCE = (
    "question.json", "log.jsonl", "state.json", "result.json", "policy.py", "evidence.md",
)  # fmt: skip
BUDGETS = ("budget_evaluations", "budget_tokens", "budget_s", "workers")  # what a resumed search may change


class Folder:
    """A run folder.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, question: Question, *, resume: bool) -> dict[str, Any]:
        """Begin a search here, or go on with the one that is here; return its state, empty for a new one.

        Raises
        ------
        InputError
            If there is another search already, or none to go on with, or one that asked something else.
        """
        there = (self.path / STATE).is_file()
        if there and not resume:
            message = f"{self.path}: has a search already; go on with it by --resume, or take another folder"
            raise InputError(message)
        if not there:
            if resume:
                message = f"{self.path}: there is no search to go on with"
                raise RunNotFoundError(message)
            write_atomically(self.path / QUESTION, dumps(asdict(question)))
            write_atomically(self.path / LOG, "")
            return {}
        asked = _read(self.path / QUESTION)
        said = json.loads(dumps(asdict(question)))
        other = [name for name, value in said.items() if name not in BUDGETS and asked.get(name) != value]
        if other:
            message = f"{self.path}: the search there asked for another {', '.join(other)}; resume it as it was asked"
            raise InputError(message)
        state = _read(self.path / STATE)
        self._cut_log(int(state["logged"]))
        return state

    def _cut_log(self, count: int) -> None:
        """Leave out what was logged after the last state that was written."""
        lines = (self.path / LOG).read_text(encoding="utf-8").splitlines(keepends=True)
        write_atomically(self.path / LOG, "".join(lines[:count]))

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append what was tried."""
        with (self.path / LOG).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(clean(row), allow_nan=False) + "\n" for row in rows)

    def logged_texts(self) -> list[str]:
        """Return the texts that were tried."""
        lines = (self.path / LOG).read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["text"] for line in lines]

    def save(self, state: dict[str, Any]) -> None:
        """Write where the search stands."""
        write_atomically(self.path / STATE, dumps(clean(state)))

    def write(self, name: str, text: str) -> Path:
        """Write one file of the result."""
        write_atomically(self.path / name, text)
        return self.path / name


def question_of(path: Path) -> Question:
    """Return what the search in a folder asked.

    Raises
    ------
    RunNotFoundError
        If there is none.
    """
    if not (path / QUESTION).is_file():
        message = f"{path}: there is no search of the engineer"
        raise RunNotFoundError(message)
    found = _read(path / QUESTION)
    return Question(**{**found, "settings": tuple(found.get("settings", ()))})


def _read(path: Path) -> dict[str, Any]:
    """Read a file of the folder."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read: {error}"
        raise RunNotFoundError(message) from error
    if not isinstance(found, dict):
        message = f"{path}: is no file of a search"
        raise RunNotFoundError(message)
    return found
