"""What a policy may look at: a table that the caller declares, and the limits on a policy's size."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from dataclasses import dataclass

from gigawatt.engines.policy.tree import FUNCTIONS
from gigawatt.errors import EngineError

PLAIN_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*_?")  # no leading and no double underscore
LONGEST_NAME_COUNT = 64  # characters of a name
# Names that mean something already. Only Python's own: shells and notebooks add to the built-in names.
TAKEN = frozenset(
    {name for name, value in vars(builtins).items() if getattr(value, "__module__", "") == "builtins"}
    | {"open", *FUNCTIONS, *keyword.kwlist}
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One quantity that a policy can read.

    Attributes
    ----------
    name : str
        As written in policies.
    unit : str
        "h", "GPU", "-" and so on.
    meaning : str
        One sentence.
    least, most : float
        Range in which values lie; for descriptions and for drawing test inputs, not enforced.
    """

    name: str
    unit: str
    meaning: str
    least: float = 0.0
    most: float = math.inf


@dataclass(frozen=True, slots=True)
class Features:
    """The quantities of one hook, in the order of the `features` array that a program is run on.

    Attributes
    ----------
    rows : tuple of Feature

    Raises
    ------
    EngineError
        A name is no plain name, is used twice or means something in Python already.

    Examples
    --------
    >>> table = Features((Feature("wait_h", "h", "Time in the queue."),))
    >>> table.names
    ('wait_h',)
    """

    rows: tuple[Feature, ...]

    def __post_init__(self) -> None:
        names = self.names
        wrong = [name for name in names if not PLAIN_NAME.fullmatch(name) or name in TAKEN or names.count(name) > 1]
        if wrong:
            message = f"features need names that are plain, single and free: {', '.join(wrong)}"
            raise EngineError(message)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(row.name for row in self.rows)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a policy may be; what is larger is rejected before anything is done with it.

    Attributes
    ----------
    characters_count, tokens_count : int
        Of the text, comments included; of its code, comments left out.
    depth_count : int
        Nested brackets, operators and blocks.
    nodes_count : int
        Of the tree: statements, operators, calls, names, numbers.
    passes_count : int
        Passes of a loop; of nested loops their product.
    steps_count : int
        Steps that one call makes at most, on the longest path.
    """

    characters_count: int = 8000
    tokens_count: int = 2000
    depth_count: int = 60
    nodes_count: int = 1000
    passes_count: int = 256
    steps_count: int = 5000


USUAL = Limits()
