"""How a format's columns become the columns of every trace of requests: a few pieces of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reading:
    """SQL of each column of a trace.

    Attributes
    ----------
    arrival, input, output : str
        Seconds, tokens read, tokens written; NULL where a row has no such number.
    blocks : str
        Ids of prefix blocks as a list of whole numbers; empty where the format has none.
    fields : mapping of str to str
        What the file calls the columns, for messages.
    left_out : mapping of str to str
        Conditions of rows that are no requests to serve, by what they are.
    """

    arrival: str
    input: str
    output: str
    blocks: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Format:
    """A format of traces of requests.

    Attributes
    ----------
    name, about : str
        Name to ask for it by; whose it is.
    needs : tuple of str
        Columns by which it is told.
    reading : callable
        Columns of a file to SQL.
    ordered : bool
        Whether rows come in order of arrival, so that one out of order is a fault.
    block_tokens : int
        Tokens of a prefix block. [-]
    notes : tuple of str
        What a reader must know of its requests.
    """

    name: str
    about: str
    needs: tuple[str, ...]
    reading: Callable[[Sequence[str]], Reading]
    ordered: bool = False
    block_tokens: int = 512
    notes: tuple[str, ...] = ()
