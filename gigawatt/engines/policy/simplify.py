"""A shorter policy with the same value for all features: constants computed, idle parts left out.

Values are finite, so `x * 0` is 0 and `x - x` is 0 without exception. Faults may become fewer: a part that is left out
cannot fail.
"""

from __future__ import annotations

from gigawatt.engines.policy.arithmetic import constant
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
    Number,
    Return,
    Statement,
    Tree,
    Unary,
)

_ZERO, _ONE = Number(0.0), Number(1.0)


def simplify(tree: Tree) -> Tree:
    """Shorten a policy without changing any value.

    Parameters
    ----------
    tree : Tree

    Returns
    -------
    Tree
        With at most as many nodes.

    Examples
    --------
    >>> from gigawatt.engines.policy.tree import Name
    >>> short = simplify(Tree("", (), (Return(Binary("*", Binary("+", Number(0.5), Number(0.5)), Name("a"))),)))
    >>> short.body
    (Return(value=Name(name='a')),)
    """
    return Tree(tree.name, tree.parameters, _block(tree.body))


def _block(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Shorten statements; what follows a return is left out."""
    kept: list[Statement] = []
    for statement in statements:
        kept += _statement(statement)
        if kept and _ends(kept[-1]):
            break
    return tuple(kept)


def _ends(statement: Statement) -> bool:
    """Say whether a statement returns on every path."""
    match statement:
        case If(_, body, otherwise):
            return bool(body) and bool(otherwise) and _ends(body[-1]) and _ends(otherwise[-1])
        case Loop(_, _, _, body):
            return _ends(body[-1])
    return isinstance(statement, Return)


def _statement(statement: Statement) -> tuple[Statement, ...]:
    """Shorten one statement: to none, one or several."""
    match statement:
        case Return(value):
            return (Return(_expression(value)),)
        case Assign(name, value):
            return (Assign(name, _expression(value)),)
        case Loop(name, start, stop, body):
            inner = _block(body)
            return (Loop(name, start, stop, inner) if inner else Assign(name, Number(float(stop - 1))),)
        case If(test, body, otherwise):
            return _if(_expression(test), _block(body), _block(otherwise))


def _if(test: Expression, body: tuple[Statement, ...], otherwise: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Shorten a conditional whose parts are short already."""
    if isinstance(test, Number):
        return body if test.value != 0.0 else otherwise
    if body == otherwise:
        return body
    return (If(test, body, otherwise),) if body else (If(Unary("not", test), otherwise, ()),)


def _expression(expression: Expression) -> Expression:
    """Shorten an expression, inner parts first."""
    found = constant(expression)
    if found is not None:
        return Number(found.value + 0.0)
    match expression:
        case Unary(name, operand):
            return _unary(name, _expression(operand))
        case Binary(name, left, right):
            return _binary(Binary(name, _expression(left), _expression(right)))
        case Compare(names, operands):
            return _computed(Compare(names, tuple(_expression(operand) for operand in operands)))
        case Call(name, arguments):
            return _call(Call(name, tuple(_expression(argument) for argument in arguments)))
        case Logic(name, operands):
            return _logic(name, operands)
        case Choice(test, chosen, otherwise):
            short = Choice(_expression(test), _expression(chosen), _expression(otherwise))
            if isinstance(short.test, Number):
                return short.chosen if short.test.value != 0.0 else short.otherwise
            return short.chosen if short.chosen == short.otherwise else short
    return expression


def _computed(expression: Expression) -> Expression:
    """Return the number that an expression is, or the expression."""
    found = constant(expression)
    return expression if found is None else Number(found.value + 0.0)


def _unary(name: str, operand: Expression) -> Expression:
    """Shorten `-x` and `not x`."""
    if name == "-" and isinstance(operand, Unary) and operand.operator == "-":
        return operand.operand
    return _computed(Unary(name, operand))


def _call(call: Call) -> Expression:
    """Shorten a call: a smallest or largest of equal parts is the part."""
    if call.name in ("min", "max") and len(set(call.arguments)) == 1:
        return call.arguments[0]
    return _computed(call)


def _binary(whole: Binary) -> Expression:
    """Shorten an operation by its neutral and absorbing elements."""
    match whole:
        case Binary("+", kept, Number(0.0)) | Binary("+", Number(0.0), kept) | Binary("-", kept, Number(0.0)):
            return kept
        case Binary("*", kept, Number(1.0)) | Binary("*", Number(1.0), kept):
            return kept
        case Binary("/", kept, Number(1.0)) | Binary("**", kept, Number(1.0)):
            return kept
        case Binary("*", Number(0.0), _) | Binary("*", _, Number(0.0)) | Binary("/" | "//" | "%", _, Number(0.0)):
            return _ZERO
        case Binary("**", _, Number(0.0)):
            return _ONE
        case Binary("-", Number(0.0), kept):
            return _unary("-", kept)
        case Binary("-", left, right) if left == right:
            return _ZERO
    return _computed(whole)


def _logic(name: str, operands: tuple[Expression, ...]) -> Expression:
    """Shorten `and` and `or`: a constant that cannot decide goes, what follows one that does goes too."""
    kept: list[Expression] = []
    for number, operand in enumerate(operands, start=1):
        short = _expression(operand)
        decides = isinstance(short, Number) and (short.value != 0.0) == (name == "or")
        if isinstance(short, Number) and not decides and number < len(operands):
            continue
        kept.append(short)
        if decides:
            break
    return kept[0] if len(kept) == 1 else _computed(Logic(name, tuple(kept)))
