"""How the kernel is compiled by the rules of any Numba: one function after the other, each once, callees first.

Left to itself Numba compiles a function anew for every mix of widths of whole numbers that it is called with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from numba import njit, types  # type: ignore[attr-defined]

F = TypeVar("F", bound=Callable[..., Any])
_PARTS: dict[Any, None] = {}  # in the order in which they were written


def part(function: F) -> F:
    """Have Numba compile a part of the kernel when it is called, or by `in_order`."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # Python calls the entry alone
    made: Any = njit(function, error_model="numpy", nogil=True, **options)
    _PARTS[made] = None
    return cast(F, made)


def _callees_first(made: Any, seen: set[Any]) -> Iterator[Any]:
    """Yield the parts that a part calls, and then itself, each once."""
    if made in seen:
        return
    seen.add(made)
    function = made.py_func
    for name in function.__code__.co_names:
        called = function.__globals__.get(name)
        if isinstance(called, type(made)) and called in _PARTS:
            yield from _callees_first(called, seen)
    yield made


def in_order() -> None:
    """Compile every part once, for whole numbers of 64 bits and floats; what takes others waits until it is called."""
    from gigawatt.engines.fleet.kernel.pointer import WORLD

    kinds = {"World": WORLD, "int": types.int64, "float": types.float64, "bool": types.boolean}
    seen: set[Any] = set()
    for made in [each for start in list(_PARTS) for each in _callees_first(start, seen)]:
        code = made.py_func.__code__
        said = [kinds.get(made.py_func.__annotations__[name]) for name in code.co_varnames[: code.co_argcount]]
        if said and None not in said:
            made.compile(tuple(said))
            made.disable_compile()
