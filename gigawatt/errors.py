"""The error tree.

GigawattError
├── ScenarioError      a scenario file is wrong: carries every fault found, each with file, line and remedy
├── CatalogueError     a catalogue entry or id is wrong or missing
├── UnitError          a quantity has the wrong unit or cannot be read
├── InputError         any other bad input: a path, an option, a data file
├── InfeasibleError    nothing satisfies the constraints; names the binding one and by how much
├── RunNotFoundError   a finished run cannot be found or read
└── EngineError        an invariant broke: a defect of ours
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class GigawattError(Exception):
    """Base of every error that gigawatt raises on purpose."""

    exit_code = 2


class UnitError(GigawattError):
    """A quantity cannot be read or has a unit that does not fit."""


class CatalogueError(GigawattError):
    """A catalogue entry is invalid, or an id is not in the catalogue."""


class InputError(GigawattError):
    """A path, option or data file is wrong."""


class InfeasibleError(GigawattError):
    """Nothing satisfies the constraints; the message names the binding one."""

    exit_code = 3


class RunNotFoundError(GigawattError):
    """A finished run cannot be found or read."""


class EngineError(GigawattError):
    """An invariant of an engine broke: a defect of gigawatt, not of the input."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in an input file.

    Attributes
    ----------
    file : str
        File as the user named it.
    line : int
        Line, from 1; 0 where no line applies.
    field : str
        Dotted path of the field.
    problem : str
        What is wrong, with the value found.
    remedy : str
        What to do: the nearest valid choice, the allowed range, the unit expected.
    """

    file: str
    line: int
    field: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{place}: {self.field}: {self.problem}" if self.field else f"{place}: {self.problem}"
        return f"{text} {self.remedy}" if self.remedy else text


class ScenarioError(GigawattError):
    """A scenario file is wrong.

    Parameters
    ----------
    faults : sequence of Fault
        Every fault found, in file order.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return "Nearest: x." for the choice most like `name`, else the choices themselves.

    Parameters
    ----------
    name : str
        What the user wrote.
    choices : iterable of str
        What is allowed.

    Returns
    -------
    str
        A sentence to append to an error message.

    Examples
    --------
    >>> nearest("nvidia-gb30", ["nvidia-gb300", "amd-mi300x"])
    'Nearest: nvidia-gb300.'
    """
    allowed = sorted(set(choices))
    by_folded = {choice.lower(): choice for choice in allowed}
    close = get_close_matches(name.lower(), by_folded, n=3, cutoff=0.5)
    if close:
        return "Nearest: " + ", ".join(by_folded[match] for match in close) + "."
    shown = ", ".join(allowed[:12]) + (", ..." if len(allowed) > 12 else "")
    return f"One of: {shown}."
