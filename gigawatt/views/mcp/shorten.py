"""Answers short enough for a model to read, each cut telling where the rest is."""

from __future__ import annotations

import json
from typing import Any

MOST_CHARACTERS = 16_000  # of an answer as JSON: some four thousand tokens
MOST_KEYS = 200  # named where even the shortest cut is too long
# Rows of each list, characters of each text, depth: tried until it fits.
CUTS = ((24, 400, 9), (8, 400, 9), (3, 200, 9), (1, 100, 9), (0, 60, 9), (0, 24, 9), (0, 24, 4), (0, 24, 3), (0, 24, 2))


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
    {'a': {'rows': [0, 1, 2, 3, 4, 5, 6, 7], 'of': 9000, 'dig': 'result.a'}}
    """
    if len(json.dumps(value)) <= most:
        return value
    short = value
    for length, text, deepest in CUTS:
        short = _cut(value, path, (length, text), deepest)
        if len(json.dumps(short)) <= most:
            return short
    return (
        {"keys": list(value)[:MOST_KEYS], "dig": path} if isinstance(value, dict) else {"of": len(value), "dig": path}
    )


def _cut(value: Any, path: str, most: tuple[int, int], deepest: int) -> Any:
    """Cut lists and texts to a length, and what lies too deep."""
    length, characters = most
    if isinstance(value, str):
        return value if len(value) <= characters else f"{value[:characters]}..."
    if isinstance(value, dict):
        if deepest == 0:
            return {"keys": len(value), "dig": path}
        return {name: _cut(each, f"{path}.{name}".lstrip("."), most, deepest - 1) for name, each in value.items()}
    if isinstance(value, list):
        rows = [_cut(each, f"{path}.{place}", most, max(deepest - 1, 0)) for place, each in enumerate(value[:length])]
        if len(value) <= length:
            return rows
        return {**({"rows": rows} if rows else {}), "of": len(value), "dig": path}
    return value
