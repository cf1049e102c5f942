"""What the verbs share: options, standard output for data, standard error for words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gigawatt.scenario.resolve import Resolved

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no words on standard error.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a field, for example budget.0.capex='70 B USD'."),
]
Overlays = Annotated[
    list[Path] | None,
    typer.Option("--catalogue", metavar="DIR", help="Folder laid over the catalogue; the last one wins."),
]


def resolved(scenario: str, settings: list[str] | None, overlays: list[Path] | None) -> Resolved:
    """Read and resolve a scenario."""
    from gigawatt.scenario.read import read
    from gigawatt.scenario.resolve import resolve

    return resolve(read(scenario, tuple(settings or ()), tuple(overlays or ())))


def put_json(document: Any) -> None:
    """Write one JSON document on standard output."""
    from gigawatt.planning.document import dumps

    sys.stdout.write(dumps(document) + "\n")


def put(renderable: RenderableType) -> None:
    """Write a table or text on standard output, in the width there is."""
    from gigawatt.views.terminal import console

    console().print(renderable)


def say_aside(words: str, quiet: bool) -> None:
    """Write words on standard error, unless quiet."""
    if not quiet:
        sys.stderr.write(words + "\n")


@contextmanager
def waiting(words: str | Callable[[], str], quiet: bool, after_s: float = 2.0) -> Iterator[None]:
    """Say on a terminal's standard error that work goes on, once it has taken some seconds, and for how long."""
    from threading import Event, Thread
    from time import perf_counter

    if quiet or not sys.stderr.isatty():
        yield
        return
    done, start = Event(), perf_counter()

    def tell() -> None:
        pause_s = after_s
        while not done.wait(pause_s):
            said = f"{words() if callable(words) else words}: {perf_counter() - start:.0f} s"
            sys.stderr.write(f"\r{said:<79}" if callable(words) else f"\r{said}")
            sys.stderr.flush()
            pause_s = 1.0

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        if perf_counter() - start > after_s:
            sys.stderr.write("\n")


@contextmanager
def counting(first: str, what: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told parts done and parts in all, and say on a terminal how long the rest takes.

    The words before the first part are `first`; the time left is as the parts went since the first call.
    """
    from time import perf_counter

    begin: list[tuple[float, int]] = []
    words = [first]

    def tell(done: int, parts: int) -> None:
        if not begin:
            begin.append((perf_counter(), done))
        since, before = begin[0]
        each_s = (perf_counter() - since) / (done - before) if done > before else 0.0
        left = f", about {each_s * (parts - done):.0f} s more" if each_s and done < parts else ""
        words[0] = f"{100.0 * done / max(parts, 1):.0f} % of {what}{left}"

    with waiting(lambda: words[0], quiet):
        yield tell


def quantity(option: str, text: str, unit: str, at_least: float) -> float:
    """Read a quantity given on the command line; raise InputError that names the option."""
    from gigawatt.errors import InputError, UnitError
    from gigawatt.units import parse

    try:
        value = parse(text, unit)[0]
    except UnitError as error:
        message = f"{option}: {error}"
        raise InputError(message) from error
    if value < at_least:
        message = f"{option}: {text} is below the least allowed, {at_least:g}"
        raise InputError(message)
    return value


def power(option: str, text: str, unit: str) -> float:
    """Read a power in watts; a bare number is in the unit."""
    bare = text.replace(",", "").replace("_", "").replace(".", "", 1).isdigit()
    return quantity(option, f"{text} {unit}" if bare else text, "W", 0.0)


def power_cap(text: str | None, *, best: bool = False) -> float | str | None:
    """Return a power cap in watts, where a bare number is; None where none is given, "best" as it is where allowed."""
    from gigawatt.errors import InputError

    if text is None or (best and text == "best"):
        return text
    if not text[:1].isdigit():
        message = f'--power-cap: "{text}" is no power; write it as 1000W{", or best" if best else ""}'
        raise InputError(message)
    watts = power("--power-cap", text, "W")
    if watts == 0.0:
        message = "--power-cap: 0 W is no cap; leave the option out for none"
        raise InputError(message)
    return watts
