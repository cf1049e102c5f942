"""From text to a checked tree: gate, Python's parser, allow-list of statements, and the flow of names and returns."""

from __future__ import annotations

import ast

from gigawatt.engines.policy.expressions import ExpressionReader, check_free, refuse, words
from gigawatt.engines.policy.features import USUAL, Features, Limits
from gigawatt.engines.policy.gate import admit, rejection, shown
from gigawatt.engines.policy.tree import Assign, If, Loop, Return, Statement, Tree
from gigawatt.errors import nearest

STATEMENTS = "Allowed are assignments, if/elif/else, `for i in range(n)` and return."
WHOLE = "Write one expression, or one function that returns a score."

Assigned = frozenset[str]
Flow = Assigned | None  # local names with a value on every path to here; None where no path comes here


def parse(text: str, features: Features, limits: Limits = USUAL) -> Tree:
    """Read a policy and check it: what comes back can only compute.

    Parameters
    ----------
    text : str
        A bare expression, or one function whose parameters are features.
    features : Features
        What the hook offers.
    limits : Limits
        How large it may be.

    Returns
    -------
    Tree

    Raises
    ------
    InputError
        The text leaves the language: the message has line, column, what was found and what is allowed.

    Notes
    -----
    Nothing of the text is ever executed by Python: its own parser builds a syntax tree, and only node types on a list
    are taken over into a tree of ours.

    Examples
    --------
    >>> from gigawatt.engines.policy.features import Feature
    >>> table = Features((Feature("wait_h", "h", "Time in the queue."),))
    >>> parse("wait_h * 2", table).body
    (Return(value=Binary(operator='*', left=Name(name='wait_h'), right=Number(value=2.0))),)
    """
    module = _python_tree(admit(text, limits))
    _check_size(module, limits)
    try:
        return _whole(module, features, limits)
    except RecursionError:  # depth is limited, so this is a caller that is nested deeply itself
        raise rejection(1, 1, "too little room on the stack to read this", "Call from less deep.") from None


def _whole(module: ast.Module, features: Features, limits: Limits) -> Tree:
    """Read a text that holds one expression or one function."""
    if len(module.body) != 1:
        place = module.body[1] if module.body else None
        raise rejection(place.lineno if place else 1, 1, f"{len(module.body)} statements", WHOLE)
    only = module.body[0]
    if isinstance(only, ast.Expr):
        reader = ExpressionReader(features, frozenset(features.names))
        return Tree("", (), (Return(reader.expression(only.value, frozenset())),))
    if isinstance(only, ast.FunctionDef):
        return _function(only, features, limits)
    raise refuse(only, words(only), WHOLE)


def _python_tree(text: str) -> ast.Module:
    """Let Python's parser read the text; turn whatever it raises into a rejection."""
    try:
        # after an error the parser looks for the line in the file of this name: there is none with an empty one
        return ast.parse(text, "")
    except SyntaxError as error:
        found = f"this cannot be read ({error.msg})"
        raise rejection(error.lineno or 1, max(error.offset or 1, 1), found, WHOLE) from None
    except (RecursionError, MemoryError, ValueError) as error:
        raise rejection(1, 1, f"this cannot be read ({type(error).__name__})", WHOLE) from None


def _check_size(module: ast.Module, limits: Limits) -> None:
    """Reject a tree that is too large or too deep; walks it without recursion."""
    count = 0
    waiting: list[tuple[ast.AST, int, ast.expr | ast.stmt | None]] = [(module, 0, None)]
    while waiting:
        node, depth, place = waiting.pop()
        if isinstance(node, ast.expr | ast.stmt):
            place, count = node, count + 1
        if place is not None and depth > limits.depth_count:
            raise refuse(place, f"nested deeper than {limits.depth_count}", "Name the inner parts.")
        if place is not None and count > limits.nodes_count:
            raise refuse(place, f"more than {limits.nodes_count:,} parts", "Write a shorter policy.")
        waiting += [(child, depth + 1, place) for child in ast.iter_child_nodes(node)]


def _function(node: ast.FunctionDef, features: Features, limits: Limits) -> Tree:
    """Read the one function of a policy."""
    if node.decorator_list:
        raise refuse(node.decorator_list[0], "a decorator", "A policy is a plain function.")
    if node.returns is not None:
        raise refuse(node.returns, "an annotation", "Every value is a number; leave it out.")
    check_free(node, node.name)
    if node.name in features.names:
        raise refuse(node, f"a function named as the feature {node.name}", "Choose another name.")
    parameters = _parameters(node, features)
    reader = _StatementReader(ExpressionReader(features, frozenset(parameters)), limits)
    body, flow = reader.block(node.body, frozenset(), 1)
    if flow is not None:
        raise refuse(node.body[-1], "the function can end without a value", "Let every path return.")
    return Tree(node.name, parameters, body)


def _parameters(node: ast.FunctionDef, features: Features) -> tuple[str, ...]:
    """Read parameters: names of features, each once, nothing else."""
    given = node.args
    if given.defaults or given.kw_defaults or given.kwonlyargs or given.vararg or given.kwarg or given.posonlyargs:
        raise refuse(node, "defaults, stars or slashes among the parameters", "Parameters are names of features.")
    names: list[str] = []
    for argument in given.args:
        if argument.annotation is not None:
            raise refuse(argument, "an annotation", "Every value is a number; leave it out.")
        if argument.arg not in features.names:
            remedy = nearest(argument.arg, features.names)
            raise refuse(argument, f"the parameter {shown(argument.arg)} is no feature", remedy)
        if argument.arg in names:
            raise refuse(argument, f"the parameter {argument.arg} twice", "Take each feature once.")
        names.append(argument.arg)
    return tuple(names)


class _StatementReader:
    """Reads statements and follows which names have values."""

    def __init__(self, expressions: ExpressionReader, limits: Limits) -> None:
        self.expressions = expressions
        self.limits = limits

    def block(self, nodes: list[ast.stmt], flow: Flow, passes_count: int) -> tuple[tuple[Statement, ...], Flow]:
        """Read statements in order; `passes_count` is how often loops around repeat them."""
        statements = []
        for node in nodes:
            if flow is None:
                raise refuse(node, "a statement that is never reached", "Remove it.")
            statement, flow = self._statement(node, flow, passes_count)
            statements.append(statement)
        return tuple(statements), flow

    def _statement(self, node: ast.stmt, assigned: Assigned, passes_count: int) -> tuple[Statement, Flow]:
        """Read by kind of node: the allow-list."""
        match node:
            case ast.Return(value=value):
                if value is None:
                    raise refuse(node, "return without a value", "Return a number.")
                return Return(self.expressions.expression(value, assigned)), None
            case ast.Assign(targets=targets, value=value):
                if len(targets) > 1:
                    raise refuse(node, "several names assigned at once", "Assign to one plain name.")
                name = self.expressions.local(targets[0])
                return Assign(name, self.expressions.expression(value, assigned)), assigned | {name}
            case ast.AugAssign():
                return self._augmented(node, assigned)
            case ast.If():
                return self._if(node, assigned, passes_count)
            case ast.For():
                return self._loop(node, assigned, passes_count)
        raise refuse(node, words(node), STATEMENTS)

    def _augmented(self, node: ast.AugAssign, assigned: Assigned) -> tuple[Statement, Flow]:
        """Read `name += value` as `name = name + value`."""
        name = self.expressions.local(node.target)
        left = ast.copy_location(ast.Name(name, ast.Load()), node.target)
        whole = ast.copy_location(ast.BinOp(left, node.op, node.value), node)
        return Assign(name, self.expressions.expression(whole, assigned)), assigned

    def _if(self, node: ast.If, assigned: Assigned, passes_count: int) -> tuple[Statement, Flow]:
        """Read both branches; a name has a value after them if it has one on each that goes on."""
        test = self.expressions.expression(node.test, assigned)
        body, after_body = self.block(node.body, assigned, passes_count)
        otherwise, after_otherwise = self.block(node.orelse, assigned, passes_count)
        if after_body is None or after_otherwise is None:
            flow = after_otherwise if after_body is None else after_body
        else:
            flow = after_body & after_otherwise
        return If(test, body, otherwise), flow

    def _loop(self, node: ast.For, assigned: Assigned, passes_count: int) -> tuple[Statement, Flow]:
        """Read a loop; it runs at least once, so what its body assigns has a value after it."""
        if node.orelse:
            raise refuse(node.orelse[0], "`else` of a loop", STATEMENTS)
        name = self.expressions.local(node.target)
        start, stop = self._range(node.iter)
        passes_count *= stop - start
        if passes_count > self.limits.passes_count:
            found = f"a loop that runs {passes_count:,} times, loops around it included"
            raise refuse(node, found, f"At most {self.limits.passes_count:,}.")
        body, flow = self.block(node.body, assigned | {name}, passes_count)
        return Loop(name, start, stop, body), flow

    def _range(self, node: ast.expr) -> tuple[int, int]:
        """Read `range(stop)` or `range(start, stop)` with whole numbers."""
        remedy = "Loops are `for i in range(n)` or `for i in range(m, n)` with whole numbers, m below n."
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
            raise refuse(node, f"a loop over {words(node)}", remedy)
        bounds = [self._bound(argument) for argument in node.args]
        if node.keywords or not 1 <= len(bounds) <= 2:
            raise refuse(node, f"range with {len(bounds) + len(node.keywords)} arguments", remedy)
        start, stop = (0, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
        if start >= stop:
            raise refuse(node, "a loop that never runs", remedy)
        return start, stop

    def _bound(self, node: ast.expr) -> int:
        """Read a bound of a range: a whole number, negative ones too."""
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        literal = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        value = literal.value if isinstance(literal, ast.Constant) else None
        if type(value) is not int:
            raise refuse(node, "a bound that is no whole number", "The number of passes must stand in the text.")
        if abs(value) > self.limits.passes_count:
            raise refuse(node, "a bound beyond the limit of passes", f"At most {self.limits.passes_count:,}.")
        return -value if negative else value
