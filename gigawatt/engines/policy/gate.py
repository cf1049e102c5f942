"""The first gate: a policy's text, character by character, before Python's parser sees it.

Code without quotes has no strings, so "#" always starts a comment; strings, subscripts, dictionaries, decorators and
line continuations need characters that are not let through.
"""

from __future__ import annotations

import re
import unicodedata

from gigawatt.engines.policy.features import LONGEST_NAME_COUNT, Limits
from gigawatt.errors import InputError

# Characters of code. Anything else is named in the rejection, these with the reason.
CODE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \t+-*/%()<>=!,:.")
REASONS = {
    "'": "There are no strings; say it in a # comment",
    '"': "There are no strings; say it in a # comment",
    "[": "There are no lists and no subscripts",
    "]": "There are no lists and no subscripts",
    "{": "There are no dictionaries and no sets",
    "}": "There are no dictionaries and no sets",
    "@": "There are no decorators and no matrix products",
    "\\": "Break a line inside brackets",
    ";": "One statement a line",
    "&": "Write `and`",
    "|": "Write `or`",
    "^": "A power is written `**`",
    "~": "Write `not`",
}
TOKEN = re.compile(r"0[xX]\w*|\.?[0-9](?:[\w.]|(?<=[eE])[+-])*|\w+|[^\s\w]")
NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?[jJ]?"
)
SHOWN_COUNT = 40  # characters of the user's text that a message repeats


def rejection(line: int, column: int, found: str, allowed: str) -> InputError:
    """Return the error that says where a policy leaves the language, how, and what would do.

    Parameters
    ----------
    line, column : int
        From 1.
    found, allowed : str
        Phrases.

    Returns
    -------
    InputError

    Examples
    --------
    >>> print(rejection(2, 5, "a lambda", "Allowed are numbers."))
    policy, line 2, column 5: a lambda. Allowed are numbers.
    """
    return InputError(f"policy, line {line}, column {column}: {found}. {allowed}")


def shown(text: str) -> str:
    """Return a piece of the user's text, cut to what a message can hold."""
    return text if len(text) <= SHOWN_COUNT else text[:SHOWN_COUNT] + "..."


def admit(text: str, limits: Limits) -> str:
    """Let a policy's text through, or reject it.

    Parameters
    ----------
    text : str
    limits : Limits

    Returns
    -------
    str
        The text with line ends as one character.

    Raises
    ------
    InputError
        It is empty, too long, has characters that code of a policy cannot have, or nests brackets too deeply.

    Examples
    --------
    >>> admit("wait_h + 1  # don't starve", Limits())
    "wait_h + 1  # don't starve"
    """
    if not isinstance(text, str):
        raise rejection(1, 1, f"{type(text).__name__} instead of text", "A policy is text.")
    if len(text) > limits.characters_count:
        raise rejection(
            1, 1, f"{len(text):,} characters", f"At most {limits.characters_count:,} are read, comments included."
        )
    text = text.replace("\r\n", "\n")
    tokens_count = depth = 0
    for number, line in enumerate(text.split("\n"), start=1):
        _check_characters(number, line)
        for token in TOKEN.finditer(line.partition("#")[0]):
            tokens_count += 1
            depth += (token[0] == "(") - (token[0] == ")")
            _check_token(number, token, tokens_count, depth, limits)
    if not tokens_count:
        raise rejection(1, 1, "nothing", "Write an expression, or a function that returns a score.")
    return text


def _check_characters(number: int, line: str) -> None:
    """Reject a line with a character outside printable ASCII, or in code outside `CODE`."""
    in_comment = False
    for column, character in enumerate(line, start=1):
        if not (" " <= character <= "~" or character == "\t"):
            name = unicodedata.name(character, "a control character")
            raise rejection(number, column, f"U+{ord(character):04X} ({name})", "Only plain ASCII text is read.")
        in_comment = in_comment or character == "#"
        if not in_comment and character not in CODE:
            reason = REASONS.get(character, "It has no meaning here")
            raise rejection(number, column, f"the character {character}", f"{reason}.")


def _check_token(number: int, token: re.Match[str], tokens_count: int, depth: int, limits: Limits) -> None:
    """Reject one token too many, too deep, too long, or a number that runs into a word."""
    column = token.start() + 1
    if tokens_count > limits.tokens_count:
        raise rejection(number, column, f"more than {limits.tokens_count:,} words and signs", "Write a shorter policy.")
    if depth > limits.depth_count:
        raise rejection(number, column, f"brackets nested deeper than {limits.depth_count}", "Name the inner parts.")
    if len(token[0]) > LONGEST_NAME_COUNT:
        found = f"{shown(token[0])} has {len(token[0]):,} characters"
        raise rejection(number, column, found, f"Names and numbers have up to {LONGEST_NAME_COUNT}.")
    if token[0].lstrip(".")[:1].isdigit() and not NUMBER.fullmatch(token[0]):
        # Python reads "1if x" with a warning only; such spelling must not get that far
        raise rejection(
            number, column, f"{shown(token[0])} is no number", "Write 2, 0.5 or 1e-3, with a space before a word."
        )
