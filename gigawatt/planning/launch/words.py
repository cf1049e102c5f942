"""Shell text into flags: comments, continuation lines, quotes, arrays and plain variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from gigawatt.errors import InputError

LARGEST_TEXT = 1_000_000  # characters; launch scripts have a few thousand
_ASSIGNMENT = re.compile(r"^(?:export\s+)?([A-Za-z_]\w*)\+?=(.*)$", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^${}]*))?\}|\$(\w+)")
_DEPTH = 8  # variables that hold variables

Flags = dict[str, list[str]]


def split(text: str, settings: Collection[str] = ()) -> list[str]:
    r"""Split shell text into words, the values of plain variables filled in.

    Parameters
    ----------
    text : str
        Flags, or a script that holds them. Nothing is executed.
    settings : collection of str
        Names for which `name=value` is a setting of the tool, not a variable of the shell.

    Returns
    -------
    list of str
        Words; an array's or quoted variable's flags stand where it is set.

    Raises
    ------
    InputError
        If a quote does not close or the text is too long.

    Examples
    --------
    >>> split('TP=8\nARGS="--bf16 --tensor-model-parallel-size $TP"')
    ['--bf16', '--tensor-model-parallel-size', '8']
    """
    if len(text) > LARGEST_TEXT:
        message = f"flags of {len(text):,} characters: a launch script has a few thousand"
        raise InputError(message)
    try:
        words = shlex.split(text.replace("\\\n", " ").replace("\\\r\n", " "), comments=True)
        known: dict[str, str] = {}
        found: list[str] = []
        for word in words:
            assigned = _ASSIGNMENT.match(word)
            value = assigned.group(2) if assigned else word
            if assigned and assigned.group(1) in settings:
                found.append(_filled(word, known))
                continue
            if assigned and "--" not in value and not value.startswith("("):
                known[assigned.group(1)] = _filled(value, known)
                continue
            bare = value.removeprefix("(").removesuffix(")")
            found += [_filled(item, known) for item in (shlex.split(bare) if " " in bare or "\n" in bare else [bare])]
    except ValueError as error:
        message = f"flags cannot be read as shell words: {error}"
        raise InputError(message) from error
    return [word for word in found if word]


def _filled(word: str, known: dict[str, str]) -> str:
    """Fill in the variables of a word that are set, or that have a default."""
    for _ in range(_DEPTH):
        filled = _VARIABLE.sub(lambda found: known.get(found[1] or found[3], found[2] or found[0]), word)
        if filled == word:
            break
        word = filled
    return word


def flags_of(words: list[str], once: Collection[str] = ()) -> Flags:
    """Gather flags with their values: `--a-b 1`, `--a_b=1` and a bare `--a-b` alike.

    Parameters
    ----------
    words : list of str
    once : collection of str
        Names that may not be given twice with different values; of others the last counts.

    Returns
    -------
    dict of str to list of str
        Values by name, with underscores; an empty list for a bare flag.

    Raises
    ------
    InputError
        If a flag of those is given twice with different values.

    Examples
    --------
    >>> flags_of(["--bf16", "--seq-length", "4096"])
    {'bf16': [], 'seq_length': ['4096']}
    """
    given: list[tuple[str, list[str]]] = []
    for word in words:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            given.append((name.replace("-", "_"), [value] if equals else []))
        elif given:
            given[-1][1].append(word)
    found: Flags = {}
    for name, values in given:
        first = found.get(name, values)
        if name in once and first[:1] != values[:1]:
            shown = " and as ".join(" ".join(item[:1]) or "set" for item in (first, values))
            message = f"--{name.replace('_', '-')} is given twice, as {shown}"
            raise InputError(message)
        found[name] = values
    return found


def whole(flags: Flags, name: str, default: int | None = None, *, shown: str = "") -> int | None:
    """Return a flag's whole number of at least 1, or the default; raise InputError otherwise."""
    if name not in flags:
        return default
    text = " ".join(flags[name][:1])
    shown = shown or f"--{name.replace('_', '-')}"
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        unset = " (a variable that the text does not set)" if "$" in text else ""
        message = f'{shown}: "{text}" is not a whole number of at least 1{unset}'
        raise InputError(message)
    return int(text)


def one_of(flags: Flags, name: str, allowed: Collection[str]) -> str:
    """Return a flag's value, which must be one of those allowed; empty where it is not given."""
    if name not in flags:
        return ""
    text = " ".join(flags[name][:1])
    if text not in allowed:
        message = f'--{name.replace("_", "-")}: "{text}" is none of {", ".join(sorted(allowed))}'
        raise InputError(message)
    return text


def gpus_of(flags: Flags, nodes: str, per_node: str) -> int | None:
    """Return the accelerators that a launcher's flags start, if both are given."""
    counts = whole(flags, nodes), whole(flags, per_node)
    return counts[0] * counts[1] if counts[0] and counts[1] else None
