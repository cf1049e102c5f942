"""A file fits in a head and a function on a screen."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "base", "manager", "misc"}

# Data and generated files, which nobody reads from top to bottom.
LONG_BY_NATURE = (
    "gigawatt/catalogue/data/",
    "gigawatt/validation/published/",
    "requirements/",
    "tests/scenarios/",
    "tests/unit/views/sample.py",  # one made-up plan, written out
)


def tracked(*suffixes: str) -> list[str]:
    """Return the tracked files with one of the suffixes that a person reads."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.split("\0") if name.endswith(suffixes) and not name.startswith(LONG_BY_NATURE)]
    return [name for name in names if (ROOT / name).is_file()]


def function_lengths(text: str) -> dict[str, int]:
    """Return the lines of each function, signature and docstring left out: those are read apart."""
    lengths = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            lengths[f"{node.name}:{node.lineno}"] = lines
    return lengths


@pytest.mark.parametrize("name", tracked(".py", ".md", ".yaml", ".toml", ".css", ".html", ".j2"))
def test_a_file_is_short(name):
    lines = (ROOT / name).read_text().count("\n")
    assert lines <= MAX_FILE_LINES, f"{name} has {lines} lines: split it by subject"


@pytest.mark.parametrize("name", tracked(".py"))
def test_a_function_is_short_and_a_module_has_a_subject(name):
    long = {
        place: lines
        for place, lines in function_lengths((ROOT / name).read_text()).items()
        if lines > MAX_FUNCTION_LINES
    }
    assert not long, f"{name}: {long}: lines, more than {MAX_FUNCTION_LINES}"
    assert Path(name).stem not in FORBIDDEN_NAMES, f"{name}: name the module after its subject"


def test_the_measure_counts_the_body_alone():
    text = 'def short(\n    a,\n    b,\n):\n    """One.\n\n    Two.\n    """\n    c = a\n    return b + c\n'
    assert function_lengths(text) == {"short:1": 2}
