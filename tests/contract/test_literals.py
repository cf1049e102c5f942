"""Every number in an engine is mathematics, a named constant with its source, or a parameter."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ENGINES = Path(__file__).parents[2] / "gigawatt" / "engines"

# Mathematics: neutral elements, halves, doubles, signs, powers, percent. Anything else gets a name and a source.
ALLOWED = {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 100.0}


def floats_in_bodies(text: str) -> list[tuple[int, float]]:
    """Return line and value of each float literal in a function's body that is not allowed."""
    found = []
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in function.body:
                found += [
                    (node.lineno, node.value)
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value not in ALLOWED
                ]
    return sorted(set(found))


@pytest.mark.parametrize("path", sorted(ENGINES.rglob("*.py")), ids=lambda path: path.relative_to(ENGINES).as_posix())
def test_an_engine_has_no_unnamed_number(path):
    found = floats_in_bodies(path.read_text())
    assert not found, f"give each a name, a meaning and a source at the head of {path.name}: {found}"


def test_the_scan_sees_a_number_in_a_body_and_passes_the_rest():
    text = (
        "RATE = 0.31  # named\n"
        "def cost(power, price=0.065):\n"
        '    """Ten percent is 0.1."""\n'
        "    def inner():\n"
        "        return 0.9\n"
        "    return power * price * 2.0 + RATE * (1.08 if power > 1e3 else -0.5)\n"
    )
    assert floats_in_bodies(text) == [(5, 0.9), (6, 1.08), (6, 1e3)]
