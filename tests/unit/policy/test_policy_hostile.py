"""No text outside the language gets in, each is told why and where, and reading one changes nothing."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import HOSTILE

from gigawatt.engines.policy import Feature, Features, Limits, compile_policy, parse
from gigawatt.errors import InputError

NAMES = ("job_gpus", "run_time_h", "wait_h", "priority", "free_frac")
TABLE = Features(tuple(Feature(name, "-", "A feature.") for name in NAMES))
PLACE = re.compile(r"policy, line (\d+), column (\d+): ")
REASON = re.compile(r"\. [A-Z][^.]+")  # what is allowed follows what was found

# Events that reading may raise: Python's parser announces itself, and after an error looks for a file without a name.
# Everything else (imports, files, processes, sockets, executed code) would be an escape.
WATCHED = """
import sys
from test_policy_hostile import HOSTILE, TABLE, InputError, compile_policy
compile_policy("wait_h", TABLE)  # whatever is loaded on first use
seen, watching, loaded = set(), True, set(sys.modules)
def note(event, arguments):
    if watching and (event, arguments[:1]) != ("open", ("",)):
        seen.add(event)


sys.addaudithook(note)
for _, text in HOSTILE:
    try:
        compile_policy(text, TABLE)
    except InputError:
        pass
watching = False
print(sorted(seen), sorted(set(sys.modules) - loaded))
"""


@pytest.mark.parametrize(
    ("phrase", "text"), HOSTILE, ids=[f"{number}-{phrase[:24]}" for number, (phrase, _) in enumerate(HOSTILE)]
)
def test_a_text_outside_the_language_is_rejected_with_place_and_reason(phrase, text):
    with pytest.raises(InputError) as caught:
        compile_policy(text, TABLE)
    message = str(caught.value)
    assert phrase in message
    assert REASON.search(message)
    assert len(message) < 400  # a long text does not come back whole
    if not message.startswith("policy: up to"):  # only the cost of the whole has no place
        line, column = map(int, PLACE.match(message).groups())
        lines = text.replace("\r\n", "\n").split("\n")
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 2


def test_there_are_two_hundred_of_them():
    assert len({text for _, text in HOSTILE}) >= 200


def test_reading_them_does_nothing_but_parse():
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", WATCHED],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['compile'] []"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "place", "nearest"),
    [
        ("waith_h / 2", (1, 1), "Nearest: wait_h"),
        ("wait_h / (1 +\n  runtime_h)", (2, 3), "Nearest: run_time_h"),
        ("mni(wait_h, 2)", (1, 1), "Nearest: min"),
        ("def order(wait_h, jobgpus):\n    return 1", (1, 19), "Nearest: job_gpus"),
        ("def order(wait_h):\n    score = wait_h\n    return scor", (3, 12), "Nearest: score"),
        ("wait_h\n+ 1", (2, 1), "Write one expression"),
    ],
)
def test_the_place_is_exact_and_the_nearest_name_is_told(text, place, nearest):
    with pytest.raises(InputError) as caught:
        parse(text, TABLE)
    assert tuple(map(int, PLACE.match(str(caught.value)).groups())) == place
    assert nearest in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, b"wait_h", ["wait_h"]])
def test_something_that_is_no_text_is_rejected(value):
    with pytest.raises(InputError, match="instead of text"):
        parse(value, TABLE)


@pytest.mark.parametrize(
    ("limits", "text", "phrase"),
    [
        (Limits(characters_count=10), "wait_h + 100", "12 characters"),
        (Limits(tokens_count=2), "wait_h + 1", "more than 2 words"),
        (Limits(nodes_count=3), "wait_h + 1 + 2", "more than 3 parts"),
        (Limits(depth_count=4), "-(-(-(-wait_h)))", "nested deeper than 4"),
        (Limits(passes_count=4), "def f():\n  for k in range(5):\n    x = k\n  return x", "beyond the limit of passes"),
        (Limits(steps_count=2), "wait_h * 2 + 1", "up to 3 steps a call"),
    ],
)
def test_each_limit_holds_where_it_is_set(limits, text, phrase):
    compile_policy(text, TABLE)
    with pytest.raises(InputError, match=phrase):
        compile_policy(text, TABLE, limits)


def test_a_caller_near_the_recursion_limit_gets_a_program_or_a_rejection():
    def outcome_below(levels):
        if levels:
            return outcome_below(levels - 1)
        try:
            return type(compile_policy("-" * 50 + "wait_h", TABLE)).__name__
        except InputError:
            return "rejected"

    room = sys.getrecursionlimit() - len(inspect.stack())
    outcomes = {levels: outcome_below(room - levels) for levels in range(60, 400, 20)}
    assert outcomes[60] == "rejected"
    assert outcomes[380] == "Program"
