"""A policy back in text, and its shorter forms."""

from __future__ import annotations

import pytest

from gigawatt.engines.policy import Feature, Features, compile_policy, parse
from gigawatt.engines.policy.describe import describe, to_text
from gigawatt.engines.policy.simplify import simplify
from gigawatt.engines.policy.tree import nodes_count

TABLE = Features(tuple(Feature(name, "h", "A feature.") for name in ("a", "b", "c")))

FUNCTION = """def order(a, b):
    x = a + 1
    if a > b:
        return x
    elif a == b:
        for k in range(-2, 3):
            x = x + k
    else:
        x = 2
    return x"""


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("((a))", "a"),
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("a**(b**c)", "a ** b ** c"),
        ("(a**b)**c", "(a ** b) ** c"),
        ("-(a**2)", "-a ** 2"),
        ("(-a)**2", "(-a) ** 2"),
        ("(-2)**a", "(-2) ** a"),
        ("-2**a", "-2 ** a"),
        ("2**-a", "2 ** -a"),
        ("- -2", "2"),
        ("+a", "a"),
        ("not (a and b) or c", "not (a and b) or c"),
        ("(not a) == b", "(not a) == b"),
        ("not a == b", "not a == b"),
        ("(a or b) and c", "(a or b) and c"),
        ("(a and b) and c", "(a and b) and c"),
        ("a<b<=c", "a < b <= c"),
        ("(a<b)<=c", "(a < b) <= c"),
        ("(a if b else c) if c else b", "(a if b else c) if c else b"),
        ("a if b else (b if c else a)", "a if b else b if c else a"),
        ("(a if b else c)+1", "(a if b else c) + 1"),
        ("max(a,(b if c else a))", "max(a, b if c else a)"),
        ("1e3+0.10+1e22+1e-9", "1000 + 0.1 + 1e+22 + 1e-09"),
        ("True", "1"),
        (FUNCTION.replace("    x = x + k", "    x += k  # adds nothing"), FUNCTION),
    ],
)
def test_each_policy_has_one_spelling_which_reads_as_the_same(text, canonical):
    tree = parse(text, TABLE)
    assert to_text(tree) == canonical
    assert parse(canonical, TABLE) == tree


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("1 + 2 * 3", "7"),
        ("a * (3 - 2) + 0", "a"),
        ("0 - a", "-a"),
        ("-(-a)", "a"),
        ("a * 0 + b", "b"),
        ("(a + 1) - (a + 1)", "0"),
        ("a / a", "a / a"),  # 0 where a is 0
        ("b / (a * 0)", "0"),  # no value is 0
        ("log(a * 0)", "0"),
        ("a ** 0", "1"),
        ("a ** 1", "a"),
        ("min(a, a)", "a"),
        ("1 and a and 2 and b", "a and b"),
        ("a and 0 and b", "a and 0"),
        ("a or 3 or b", "a or 3"),
        ("a if 2 > 1 else b", "a"),
        ("a if c else a + 0", "a"),
        ("a < 1 + 1", "a < 2"),
        ("a ** (2 * 0.5 + 1)", "a ** 2"),
    ],
)
def test_idle_parts_are_left_out(text, short):
    assert to_text(simplify(parse(text, TABLE))) == short


def test_idle_statements_are_left_out():
    text = """def f(a, b):
    x = 1 - 1
    if 0:
        x = a
    if a:
        if 0:
            x = 3
    else:
        x = b
    for k in range(4):
        if not 1:
            x = 9
    if 1 < 2:
        return x + k
    return 7"""
    wanted = "def f(a, b):\n    x = 0\n    if not a:\n        x = b\n    k = 3\n    return x + k"
    assert to_text(simplify(parse(text, TABLE))) == wanted


@pytest.mark.parametrize(("text", "count"), [("a", 1), ("-a", 2), ("a + 1", 3), ("a < b < c", 4), ("clip(a, 0, 1)", 4)])
def test_complexity_counts_parts(text, count):
    assert nodes_count(parse(text, TABLE)) == count


def test_complexity_of_a_function_counts_statements():
    assert nodes_count(parse("def f(a):\n  x = a\n  return x", TABLE)) == 4


def test_a_description_names_size_units_and_text():
    text = describe(compile_policy("def f(b, a):\n  return (a)+b", TABLE), TABLE)
    assert text.splitlines() == [
        "A score of 2 of 3 features; 4 parts; at most 2 steps a call.",
        "Reads a [h]: A feature.",
        "Reads b [h]: A feature.",
        "",
        "def f(b, a):",
        "    return a + b",
    ]
