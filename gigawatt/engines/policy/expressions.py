"""From Python's syntax tree to ours, expressions: an allow-list of node types; whatever is not on it is rejected."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from gigawatt.engines.policy.arithmetic import LARGEST, constant
from gigawatt.engines.policy.features import PLAIN_NAME, TAKEN, Features
from gigawatt.engines.policy.gate import rejection, shown
from gigawatt.engines.policy.tree import (
    FUNCTIONS,
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Logic,
    Name,
    Number,
    Unary,
)
from gigawatt.errors import InputError, nearest

WHOLE_MOST = 2**53  # whole numbers up to here are exact as floats [-]

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
# What people write that the language does not have, in words. Only for messages: a node type that is not listed here
# is rejected just the same, by its name in Python's grammar.
_WORDS = {
    "AnnAssign": "an annotated assignment",
    "Assert": "an assertion",
    "Assign": "an assignment outside a function",
    "AsyncFor": "an asynchronous loop",
    "AsyncFunctionDef": "an asynchronous function",
    "AsyncWith": "an asynchronous `with`",
    "AugAssign": "an assignment outside a function",
    "Attribute": "an attribute",
    "Await": "`await`",
    "BinOp": "an operation",
    "Break": "`break`",
    "Call": "a call",
    "ClassDef": "a class",
    "Constant": "a constant",
    "Continue": "`continue`",
    "Delete": "`del`",
    "DictComp": "a comprehension",
    "Expr": "an expression whose value is not used",
    "For": "a loop outside a function",
    "FunctionDef": "a function inside a function",
    "GeneratorExp": "a generator",
    "Global": "`global`",
    "If": "a conditional outside a function",
    "Import": "an import",
    "ImportFrom": "an import",
    "In": "`in`",
    "Is": "`is`",
    "IsNot": "`is not`",
    "JoinedStr": "a formatted string",
    "Lambda": "a lambda",
    "List": "a list",
    "ListComp": "a comprehension",
    "LShift": "the operator `<<`",
    "Match": "`match`",
    "Name": "a name",
    "NamedExpr": "an assignment inside an expression",
    "Nonlocal": "`nonlocal`",
    "NotIn": "`not in`",  # codespell:ignore
    "Pass": "`pass`",
    "Raise": "`raise`",
    "Return": "`return` outside a function",
    "RShift": "the operator `>>`",
    "Set": "a set",
    "Starred": "a starred expression",
    "Subscript": "a subscript",
    "Try": "`try`",
    "TryStar": "`try`",
    "Tuple": "a tuple",
    "While": "`while`",
    "With": "`with`",
    "Yield": "`yield`",
    "YieldFrom": "`yield from`",
}
EXPRESSIONS = (
    "Allowed are numbers, names, + - * / // % **, comparisons, and, or, not, `a if test else b` and "
    f"{', '.join(sorted(FUNCTIONS))}."
)


def words(node: ast.AST) -> str:
    """Return what a node of Python's tree is called in messages."""
    kind = type(node).__name__
    return _WORDS.get(kind, f"Python's {kind}")


def refuse(node: ast.expr | ast.stmt | ast.arg | ast.keyword, found: str, allowed: str) -> InputError:
    """Return the rejection of a node at its place."""
    return rejection(node.lineno, node.col_offset + 1, found, allowed)


@dataclass(slots=True)
class ExpressionReader:
    """Reads expressions; knows the features of the hook and those that the policy may use.

    Attributes
    ----------
    features : Features
        Of the hook.
    readable : frozenset of str
        Those of them that the policy takes.
    """

    features: Features
    readable: frozenset[str]

    def expression(self, node: ast.expr, assigned: frozenset[str]) -> Expression:
        """Read an expression.

        Parameters
        ----------
        node : ast.expr
        assigned : frozenset of str
            Local names that have a value here on every path.

        Returns
        -------
        Expression

        Raises
        ------
        InputError
            It is not of the language.
        """
        found = self._read(node, assigned)
        if isinstance(found, Binary | Call) and (value := constant(found)) and value.faults_count:
            raise refuse(node, "this has no finite value", "Constants must stay defined and within 1e300.")
        if isinstance(found, Binary) and found.operator in ("/", "//", "%"):
            divisor = constant(found.right)
            if divisor and divisor.value == 0.0:
                raise refuse(node, "a division by zero", "Divide by something that can differ from 0.")
        return found

    def _read(self, node: ast.expr, assigned: frozenset[str]) -> Expression:
        """Read by kind of node: the allow-list."""
        match node:
            case ast.Constant():
                return self._number(node)
            case ast.Name():
                return self._name(node, assigned)
            case ast.UnaryOp():
                return self._unary(node, assigned)
            case ast.BinOp(left=left, op=operator, right=right):
                symbol = _BINARY.get(type(operator))
                if symbol is None:
                    raise refuse(node, f"{words(operator)}", EXPRESSIONS)
                return Binary(symbol, self.expression(left, assigned), self.expression(right, assigned))
            case ast.BoolOp(op=operator, values=values):
                symbol = "and" if isinstance(operator, ast.And) else "or"
                return Logic(symbol, tuple(self.expression(value, assigned) for value in values))
            case ast.Compare():
                return self._compare(node, assigned)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return Choice(*(self.expression(part, assigned) for part in (test, body, otherwise)))
            case ast.Call():
                return self._call(node, assigned)
        raise refuse(node, words(node), EXPRESSIONS)

    def _number(self, node: ast.Constant) -> Number:
        """Read a literal: a float or a whole number that a float holds exactly."""
        value = node.value
        if not isinstance(value, bool | int | float):
            kind = "..." if value is Ellipsis else type(value).__name__ if value is not None else "None"
            raise refuse(node, f"{kind} as a value", "Every value is a number.")
        if isinstance(value, int) and abs(value) > WHOLE_MOST:
            raise refuse(node, "a whole number above 2**53", "Write it as a float, such as 1e16.")
        if isinstance(value, float) and not abs(value) <= LARGEST:
            raise refuse(node, "a number above 1e300", "Numbers have at most 1e300.")
        return Number(float(value))

    def _name(self, node: ast.Name, assigned: frozenset[str]) -> Name:
        """Read a name that has a value."""
        name = node.id
        if name in assigned or name in self.readable:
            return Name(name)
        if name in self.features.names:
            raise refuse(node, f"{name} is not a parameter of this function", "Add it to the parameters.")
        if name in FUNCTIONS:
            raise refuse(node, f"the function {name} without arguments", f"Call it: {name}(...).")
        remedy = nearest(name, (*self.features.names, *assigned))
        raise refuse(node, f"{shown(name)} is no feature and has no value here", remedy)

    def _unary(self, node: ast.UnaryOp, assigned: frozenset[str]) -> Expression:
        """Read `-x`, `+x`, `not x`; a signed number is one number."""
        if not isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
            raise refuse(node, words(node.op), EXPRESSIONS)
        operand = self.expression(node.operand, assigned)
        if isinstance(node.op, ast.UAdd):
            return operand
        if isinstance(node.op, ast.Not):
            return Unary("not", operand)
        return Number(0.0 - operand.value) if isinstance(operand, Number) else Unary("-", operand)

    def _compare(self, node: ast.Compare, assigned: frozenset[str]) -> Compare:
        """Read a comparison or a chain of them."""
        for operator in node.ops:
            if type(operator) not in _COMPARE:
                raise refuse(node, words(operator), EXPRESSIONS)
        operands = tuple(self.expression(part, assigned) for part in (node.left, *node.comparators))
        return Compare(tuple(_COMPARE[type(operator)] for operator in node.ops), operands)

    def _call(self, node: ast.Call, assigned: frozenset[str]) -> Call:
        """Read a call of an allowed function with plain arguments."""
        if not isinstance(node.func, ast.Name):
            raise refuse(node, f"a call of {words(node.func)}", EXPRESSIONS)
        name = node.func.id
        if name not in FUNCTIONS:
            raise refuse(node, f"{shown(name)} is no function of the language", nearest(name, FUNCTIONS))
        if node.keywords:
            raise refuse(node, f"a named argument of {name}", "Arguments are given by position.")
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(node.args) <= most:
            wanted = f"{fewest} to {most}" if most > fewest else f"{fewest}"
            raise refuse(node, f"{name} with {len(node.args)} arguments", f"It takes {wanted}.")
        return Call(name, tuple(self.expression(argument, assigned) for argument in node.args))

    def local(self, node: ast.expr) -> str:
        """Read a name that is assigned to.

        Parameters
        ----------
        node : ast.expr
            Left side of an assignment, or the variable of a loop.

        Returns
        -------
        str

        Raises
        ------
        InputError
            It is no plain name, or the name means something already.
        """
        if not isinstance(node, ast.Name):
            raise refuse(node, f"an assignment to {words(node)}", "Assign to one plain name.")
        name = node.id
        if name in self.features.names:
            raise refuse(
                node, f"an assignment to the feature {name}", "Features are read only; use a name of your own."
            )
        check_free(node, name)
        return name


def check_free(node: ast.expr | ast.stmt, name: str) -> None:
    """Reject a name that is not plain or means something in Python.

    Parameters
    ----------
    node : ast.expr or ast.stmt
        Where it stands.
    name : str

    Raises
    ------
    InputError
    """
    if name in TAKEN:
        raise refuse(node, f"{name} as a name of one's own", "It means something already; choose another.")
    if name != "_" and not PLAIN_NAME.fullmatch(name):
        found = f"the name {shown(name)}"
        raise refuse(node, found, "Names start with a letter and have no double underscore.")
