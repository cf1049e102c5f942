"""Answers short enough for a model to read, each cut telling where the rest is."""

from __future__ import annotations

import json
from typing import Any

MOST_CHARACTERS = 12_000  # of an answer as JSON: some three thousand tokens
MOST_TEXT = 400  # characters of a text
LENGTHS = (24, 8, 3, 1, 0)  # rows of each list, and from the third on entries of each table, tried until it fits
DEEPEST = (8, 6, 4, 3, 2)


def shortened(value: Any, path: str = "", most: int = MOST_CHARACTERS) -> Any:
    """Return a value with its long lists cut until it is short enough.

    Parameters
    ----------
    value : Any
        What JSON can hold.
    path : str
        Where it stands, for the notes.
    most : int
        Characters of the answer as JSON.

    Returns
    -------
    Any
        The same where it is short; a list that was cut becomes `{"rows", "of", "dig"}`.

    Examples
    --------
    >>> shortened({"a": list(range(9000))}, "result", 100)
    {'a': {'rows': [0, 1, 2], 'of': 9000, 'dig': 'result.a'}}
    """
    if len(json.dumps(value)) <= most:
        return value
    short = value
    for length, deepest in zip(LENGTHS, DEEPEST, strict=True):
        short = _cut(value, path, length, deepest)
        if len(json.dumps(short)) <= most:
            return short
    return (
        {"keys": list(value)[: MOST_TEXT // 2], "dig": path}
        if isinstance(value, dict)
        else {"of": len(value), "dig": path}
    )


def _cut(value: Any, path: str, length: int, deepest: int) -> Any:
    """Cut lists to a length, texts to theirs, and what lies too deep."""
    if isinstance(value, str):
        return value if len(value) <= MOST_TEXT else f"{value[:MOST_TEXT]}..."
    if isinstance(value, dict):
        if deepest == 0:
            return {"keys": list(value)[: LENGTHS[0]], "dig": path}
        return {name: _cut(each, f"{path}.{name}".lstrip("."), length, deepest - 1) for name, each in value.items()}
    if isinstance(value, list):
        rows = [_cut(each, f"{path}.{place}", length, max(deepest - 1, 0)) for place, each in enumerate(value[:length])]
        return rows if len(value) <= length else {"rows": rows, "of": len(value), "dig": path}
    return value
