"""A policy back in text: one canonical spelling for each tree, and what it reads, in words."""

from __future__ import annotations

from gigawatt.engines.policy.compile import Program
from gigawatt.engines.policy.features import Features
from gigawatt.engines.policy.tree import (
    Assign,
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    If,
    Logic,
    Loop,
    Name,
    Number,
    Return,
    Statement,
    Tree,
    Unary,
    nodes_count,
)

# How tightly operators bind, loosest first; of Python's grammar.
_CHOICE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_LEVELS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT}
_INDENT = "    "
_WHOLE_SHOWN_MOST = 10**15  # whole numbers from here on are written with an exponent


def to_text(tree: Tree) -> str:
    """Write a policy in its canonical spelling; `parse` gives the same tree back.

    Parameters
    ----------
    tree : Tree

    Returns
    -------
    str
        Python, without a line end after the last line.

    Examples
    --------
    >>> to_text(Tree("", (), (Return(Binary("*", Number(2.0), Binary("+", Name("a"), Number(0.5)))),)))
    '2 * (a + 0.5)'
    """
    if not tree.name:
        return "".join(_block(tree.body, "")).removeprefix("return ")
    head = f"def {tree.name}({', '.join(tree.parameters)}):"
    return "\n".join([head, *_block(tree.body, _INDENT)])


def describe(program: Program, features: Features) -> str:
    """Say what a policy is: size, what it reads with unit and meaning, and its canonical text.

    Parameters
    ----------
    program : Program
    features : Features
        The table that it was compiled with.

    Returns
    -------
    str
        Several lines.

    Examples
    --------
    >>> from gigawatt.engines.policy import Feature, compile_policy
    >>> table = Features((Feature("wait_h", "h", "Time in the queue."), Feature("job_gpus", "GPU", "Size.")))
    >>> print(describe(compile_policy("wait_h*2", table), table))
    A score of 1 of 2 features; 3 parts; at most 2 steps a call.
    Reads wait_h [h]: Time in the queue.
    <BLANKLINE>
    wait_h * 2
    """
    count = f"{len(program.features)} of {len(features.rows)} features"
    lines = [f"A score of {count}; {nodes_count(program.tree)} parts; at most {program.cost_bound:,} steps a call."]
    lines += [f"Reads {row.name} [{row.unit}]: {row.meaning}" for row in features.rows if row.name in program.features]
    return "\n".join([*lines, "", to_text(program.tree)])


def _block(statements: tuple[Statement, ...], indent: str) -> list[str]:
    """Write statements, one or more lines each."""
    lines: list[str] = []
    for statement in statements:
        match statement:
            case Return(value):
                lines.append(f"{indent}return {_expression(value, _CHOICE)}")
            case Assign(name, value):
                lines.append(f"{indent}{name} = {_expression(value, _CHOICE)}")
            case Loop(name, start, stop, body):
                span = f"{start}, {stop}" if start else f"{stop}"
                lines += [f"{indent}for {name} in range({span}):", *_block(body, indent + _INDENT)]
            case If():
                lines += _if(statement, indent)
    return lines


def _if(statement: If, indent: str) -> list[str]:
    """Write a conditional; an `If` alone in `otherwise` becomes `elif`."""
    lines: list[str] = []
    word = "if"
    rest: tuple[Statement, ...] = (statement,)
    while len(rest) == 1 and isinstance(branch := rest[0], If):
        lines.append(f"{indent}{word} {_expression(branch.test, _CHOICE)}:")
        lines += _block(branch.body, indent + _INDENT)
        word, rest = "elif", branch.otherwise
    return [*lines, f"{indent}else:", *_block(rest, indent + _INDENT)] if rest else lines


def _expression(expression: Expression, level: int) -> str:
    """Write an expression for a place that binds at `level`, in brackets where it binds more loosely."""
    text, own = _spelling(expression)
    return text if own >= level else f"({text})"


def _spelling(expression: Expression) -> tuple[str, int]:
    """Return the text of an expression and how tightly it binds."""
    match expression:
        case Number(value):
            return _number(value), _ATOM if value >= 0.0 else _SIGN
        case Name(name):
            return name, _ATOM
        case Call(name, arguments):
            return f"{name}({', '.join(_expression(argument, _CHOICE) for argument in arguments)})", _ATOM
        case Unary("-", operand):
            return "-" + _expression(operand, _SIGN), _SIGN
        case Unary(_, operand):
            return "not " + _expression(operand, _NOT), _NOT
        case Binary("**", left, right):
            return f"{_expression(left, _ATOM)} ** {_expression(right, _SIGN)}", _POWER
        case Binary(name, left, right):
            own = _LEVELS[name]
            return f"{_expression(left, own)} {name} {_expression(right, own + 1)}", own
        case Compare(names, operands):
            texts = [_expression(operand, _SUM) for operand in operands]
            links = [f"{name} {text}" for name, text in zip(names, texts[1:], strict=True)]
            return " ".join([texts[0], *links]), _COMPARE
        case Logic(name, operands):
            own = _AND if name == "and" else _OR
            return f" {name} ".join(_expression(operand, own + 1) for operand in operands), own
        case Choice(test, chosen, otherwise):
            parts = (_expression(chosen, _OR), _expression(test, _OR), _expression(otherwise, _CHOICE))
            return f"{parts[0]} if {parts[1]} else {parts[2]}", _CHOICE


def _number(value: float) -> str:
    """Write a number: whole ones without a point."""
    return str(int(value)) if value == int(value) and abs(value) < _WHOLE_SHOWN_MOST else repr(value)
