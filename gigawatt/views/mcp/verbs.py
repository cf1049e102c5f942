"""A verb's own signature as a tool: the same names, kinds, limits and meanings as on the command line."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from gigawatt.errors import InputError

# Verbs that are tools; the others write files of the user's, measure this machine, or run without end.
TOOLS = (
    "scenarios", "check", "plan", "compare", "optimise", "study", "train", "serve", "finetune", "scale", "fleet",
    "facility", "validate", "catalogue", "explain", "runs",
)  # fmt: skip
# Options that a client does not set: how it is printed, what is written, who does the work.
HIDDEN = {
    "as_json", "quiet", "as_csv", "exit_code", "strict", "out", "report", "events", "yes", "root", "executor",
    "workers", "resume", "all_inputs", "all_groups",
}  # fmt: skip
FOLDER_MADE = ("plan", "optimise", "study", "fleet", "facility")  # verbs that always write a run folder here
CHOICES: dict[tuple[str, str], Any] = {
    ("optimise", "goal"): Literal["npv", "compute", "tokens", "time", "cost", "carbon"],
    ("runs", "action"): Literal["list", "show", "query", "rm"],
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a tool.

    Attributes
    ----------
    name : str
    kind : Any
        Python type, as pydantic reads it.
    default : Any
        `inspect.Parameter.empty` where it must be given.
    option : str
        --name; empty for an argument by place.
    opposite : str
        --other of a flag that has one.
    """

    name: str
    kind: Any
    default: Any
    option: str
    opposite: str = ""


def parameters_of(verb: str, run: Callable[..., Any], *, writes: bool) -> list[Parameter]:
    """Return the parameters of a verb that a client may set.

    Parameters
    ----------
    verb : str
    run : function
        The verb, its parameters annotated as Typer reads them.
    writes : bool
        Whether a client may name a folder to write.

    Returns
    -------
    list of Parameter
    """
    hints = typing.get_type_hints(run, include_extras=True)
    found = []
    for name, told in inspect.signature(run).parameters.items():
        if name in HIDDEN and not (writes and name == "out" and verb in FOLDER_MADE):
            continue
        kind, info = typing.get_args(hints[name])[:2]
        declared = [
            word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str) and word[:1] == "-"
        ]
        option, _, opposite = (declared[0] if declared else f"--{name.replace('_', '-')}").partition("/")
        limits = {bound: value for bound, value in (("ge", info.min), ("le", info.max)) if value is not None}
        kind = CHOICES.get((verb, name), _without_paths(kind))
        kind = Annotated[kind, Field(description=info.help or name, **limits)]
        is_argument = type(info).__name__ == "ArgumentInfo"
        found.append(Parameter(name, kind, told.default, "" if is_argument else option, opposite))
    return found


def words_of(parameters: list[Parameter], given: Mapping[str, Any]) -> list[str]:
    """Return what a client gave as the words of a command line.

    Parameters
    ----------
    parameters : list of Parameter
    given : mapping of str to Any
        Values by name; those left out or None are not passed.

    Returns
    -------
    list of str
        Options as one word, `--name=value`, and arguments after `--`: no value is taken for an option.

    Raises
    ------
    InputError
        If an argument is missing before one that is given.
    """
    options, places, missing = [], [], ""
    for parameter in parameters:
        value = given.get(parameter.name)
        if not parameter.option:
            if value is None:
                missing = missing or parameter.name
                continue
            if missing:
                message = f"{parameter.name} needs {missing} beside it"
                raise InputError(message)
            places += [str(each) for each in (value if isinstance(value, list) else [value])]
        elif isinstance(value, bool):
            options += [parameter.option] if value else [parameter.opposite] if parameter.opposite else []
        elif value is not None:
            options += [f"{parameter.option}={each}" for each in (value if isinstance(value, list) else [value])]
    return [*options, "--", *places] if places else options


def tool_function(
    parameters: list[Parameter], call: Callable[[dict[str, Any]], typing.Awaitable[dict[str, Any]]]
) -> Callable[..., Any]:
    """Return a function with the parameters of a verb, for the SDK to make a typed schema of.

    Parameters
    ----------
    parameters : list of Parameter
    call : function
        Given the values by name.

    Returns
    -------
    function
    """

    async def tool(**given: Any) -> dict[str, Any]:
        return await call(given)

    must = [item for item in parameters if item.default is inspect.Parameter.empty]
    may = [item for item in parameters if item.default is not inspect.Parameter.empty]
    signature = [
        inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=item.kind)
        for item in (*must, *may)
    ]
    tool.__signature__ = inspect.Signature(signature, return_annotation=dict[str, Any])  # type: ignore[attr-defined]
    tool.__annotations__ = {item.name: item.kind for item in parameters} | {"return": dict[str, Any]}
    return tool


def _without_paths(kind: Any) -> Any:
    """Return a type with text for each path, as JSON has it."""
    if kind is Path:
        return str
    if isinstance(kind, types.UnionType):
        return typing.Union[tuple(_without_paths(each) for each in typing.get_args(kind))]  # noqa: UP007 - of a tuple
    if typing.get_origin(kind) is list:
        return list[_without_paths(typing.get_args(kind)[0])]  # type: ignore[misc]
    return kind
