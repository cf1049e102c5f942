"""Random policies: the machine, the walk over the tree and Python itself agree; texts never surprise the reader."""

from __future__ import annotations

import ast
import math
import string

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gigawatt.engines.policy import Feature, Features, compile_policy, parse
from gigawatt.engines.policy.arithmetic import LARGEST, evaluate
from gigawatt.engines.policy.describe import to_text
from gigawatt.engines.policy.machine import run
from gigawatt.engines.policy.simplify import simplify
from gigawatt.engines.policy.tree import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    Assign,
    Binary,
    Call,
    Choice,
    Compare,
    If,
    Logic,
    Loop,
    Name,
    Number,
    Return,
    Tree,
    Unary,
    nodes_count,
)
from gigawatt.errors import InputError

NAMES = ("job_gpus", "run_time_h", "wait_h")
LOCALS = ("x", "y")
TABLE = Features(tuple(Feature(name, "-", "A feature.") for name in NAMES))
NUMBERS = st.sampled_from([Number(v) for v in (0.0, 1.0, 2.0, 0.5, -1.0, 3.0, 1024.0, -0.25, 1e-9, 1e18, 1e150)])
# What Python itself would call under the names of the language.
PYTHON = {
    "__builtins__": {},
    **{"abs": abs, "exp": math.exp, "log": math.log, "max": max, "min": min, "range": range, "sqrt": math.sqrt},
    "clip": lambda value, least, most: min(max(value, least), most),
    "floor": lambda value: float(math.floor(value)),
}


def expressions(names):
    """Return a strategy of expressions over names."""
    leaves = st.sampled_from([Name(name) for name in names]) | NUMBERS

    def deeper(inner):
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        signs = inner.map(lambda x: Number(0.0 - x.value) if isinstance(x, Number) else Unary("-", x))
        chains = several.flatmap(
            lambda operands: st.lists(
                st.sampled_from(COMPARISONS), min_size=len(operands) - 1, max_size=len(operands) - 1
            ).map(lambda operators: Compare(tuple(operators), operands))
        )
        calls = st.sampled_from(sorted(FUNCTIONS)).flatmap(
            lambda name: st.lists(inner, min_size=FUNCTIONS[name][0], max_size=FUNCTIONS[name][0]).map(
                lambda arguments: Call(name, tuple(arguments))
            )
        )
        return st.one_of(
            st.builds(Binary, st.sampled_from(ARITHMETIC), inner, inner),
            signs,
            inner.map(lambda x: Unary("not", x)),
            chains,
            st.builds(Logic, st.sampled_from(("and", "or")), several),
            st.builds(Choice, inner, inner, inner),
            calls,
        )

    return st.recursive(leaves, deeper, max_leaves=12)


EXPRESSIONS = expressions(NAMES)
INNER = expressions((*NAMES, *LOCALS))
ASSIGNS = st.builds(Assign, st.sampled_from(LOCALS), INNER)
BLOCKS = st.recursive(
    st.lists(ASSIGNS, min_size=1, max_size=2).map(tuple),
    lambda inner: st.lists(
        st.one_of(
            st.builds(If, INNER, inner, inner | st.just(())),
            st.builds(If, INNER, st.tuples(st.builds(Return, INNER)), st.just(())),
            st.builds(Loop, st.sampled_from(("k", *LOCALS)), st.integers(-1, 1), st.integers(2, 4), inner),
            ASSIGNS,
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    max_leaves=4,
)
FUNCTIONS_OF_ALL = st.builds(
    lambda first, second, block, last: Tree(
        "order", NAMES, (Assign("x", first), Assign("y", second), *block, Return(last))
    ),
    EXPRESSIONS,
    EXPRESSIONS,
    BLOCKS,
    INNER,
)
TREES = EXPRESSIONS.map(lambda expression: Tree("", (), (Return(expression),))) | FUNCTIONS_OF_ALL
ORDINARY = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 8.0, 1024.0, 1e-6, -0.3]) | st.floats(-1e4, 1e4)
ANY = ORDINARY | st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, LARGEST, -LARGEST, 1e308])


def compiled(tree):
    """Compile a random tree by way of its text; set aside those whose constants have no value."""
    try:
        return compile_policy(to_text(tree), TABLE)
    except InputError as error:
        assume(not any(why in str(error) for why in ("no finite value", "division by zero", "passes", "up to")))
        raise


class Floats(ast.NodeTransformer):
    """Makes each whole number of Python's tree a float, as the language has it, but for the bounds of loops."""

    def visit_For(self, node):
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(float(node.value)), node)


def python_value(text, features):
    """Let Python itself compute a policy that this file has made up."""
    module = Floats().visit(ast.parse(text))
    space = dict(PYTHON)
    if isinstance(module.body[0], ast.FunctionDef):
        exec(compile(module, "<made up>", "exec"), space)
        return space["order"](*(features[name] for name in NAMES))
    return eval(compile(ast.Expression(module.body[0].value), "<made up>", "eval"), space, features)


@given(TREES, st.lists(st.tuples(ANY, ANY, ANY), min_size=3, max_size=3))
@settings(max_examples=60)
def test_the_machine_agrees_with_the_walk_over_the_tree_and_is_always_finite(tree, rows):
    program = compiled(tree)
    stack = program.new_stack()
    for row in rows:
        stack[:] = 0.0
        value = float(run(program.code, program.constants, np.array(row), stack))
        walked = evaluate(program.tree, dict(zip(NAMES, row, strict=True)))
        assert abs(value) <= LARGEST
        assert value == walked.value
        assert stack[0] == walked.faults_count


@given(TREES, st.tuples(ORDINARY, ORDINARY, ORDINARY))
@settings(max_examples=60)
def test_without_faults_python_computes_the_same(tree, row):
    program = compiled(tree)
    features = dict(zip(NAMES, row, strict=True))
    outcome = evaluate(program.tree, features)
    assume(outcome.faults_count == 0)
    assert python_value(to_text(tree), features) == outcome.value


@given(TREES)
@settings(max_examples=40)
def test_text_reads_back_as_the_same_tree(tree):
    program = compiled(tree)
    assert program.tree == tree
    assert to_text(program.tree) == program.source


@given(TREES, st.tuples(ANY, ANY, ANY))
@settings(max_examples=60)
def test_a_shorter_form_is_valid_no_longer_and_worth_the_same(tree, row):
    program, short = compiled(tree), simplify(tree)
    features = dict(zip(NAMES, row, strict=True))
    again = compile_policy(to_text(short), TABLE)
    assert again.tree == short
    assert nodes_count(short) <= nodes_count(tree)
    assert simplify(short) == short
    assert evaluate(short, features).value == evaluate(program.tree, features).value


class Watched:
    """Code that counts how often the machine fetches a row."""

    def __init__(self, code):
        self.code, self.rows_count = code, 0

    def __getitem__(self, place):
        self.rows_count += place[1]  # the second column is read once a step
        return self.code[place]


@given(TREES, st.tuples(ORDINARY, ORDINARY, ORDINARY))
@settings(max_examples=40)
def test_no_call_takes_more_steps_than_the_bound(tree, row):
    program = compiled(tree)
    watched = Watched(program.code)
    with np.errstate(all="ignore"):
        value = run.py_func(watched, program.constants, np.array(row), program.new_stack())
    assert value == run(program.code, program.constants, np.array(row), program.new_stack())
    assert 1 <= watched.rows_count <= program.cost_bound


PIECES = [
    *("job_gpus", "wait_h", "x", "def", "order", "min", "clip", "if", "else", "elif", "and", "or", "not", "for", "in"),
    *(
        "range",
        "return",
        "lambda",
        "while",
        "import",
        "None",
        "yield",
        "1",
        "2.5",
        "1e400",
        "(",
        ")",
        "(",
        ")",
        ",",
        ":",
    ),
    *("+", "-", "*", "/", "//", "%", "**", "<", "==", "=", ":=", "+=", ".", "...", "[", "]", "{", "}", "'", '"', "@"),
    *(";", "\\", "#", "\n", "\n", "\n    ", "\n        ", "\t", "\0", "é"),
]


def read(text):
    """Compile a text; None where it is rejected, which it must be with its line."""
    try:
        return compile_policy(text, TABLE)
    except InputError as error:
        message = str(error)
    assert message.startswith("policy, line ")
    return None


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join) | st.text(max_size=60) | st.text(string.printable))
@example("def order(wait_h):\n    return wait_h")
@settings(max_examples=100)
def test_any_text_is_read_or_rejected(text):
    program = read(text)
    if program is not None:
        assert parse(to_text(program.tree), TABLE) == program.tree


POLICY = """def order(job_gpus, wait_h):
    x = 1
    for k in range(3):
        x = x * k
    return x if wait_h else -2"""


@given(st.integers(0, len(POLICY) - 1), st.sampled_from(["", *PIECES]), st.integers(0, 6))
@settings(max_examples=100)
def test_a_policy_with_a_piece_changed_is_read_or_rejected(start, piece, removed_count):
    program = read(POLICY[:start] + piece + POLICY[start + removed_count :])
    if program is not None:
        assert abs(run(program.code, program.constants, np.array([8.0, 1.0, 2.0]), program.new_stack())) <= LARGEST
