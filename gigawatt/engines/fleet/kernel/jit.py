"""How the kernel is compiled: in half a minute with the Numba that is known from inside, else by its own rules.

`parts` compiles all functions together and once, by means that Numba does not promise to keep; it is used under
`KNOWN` alone. Under any other version, or with GIGAWATT_PLAIN_NUMBA=1, `plain` has Numba compile one function after the
other, in a minute and a half of processor time, once an installation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import config, njit
from numba.extending import intrinsic

KNOWN = "0.68."  # versions of Numba that `parts` was written for
# NUMBA_DISABLE_JIT=1 runs the same code in Python, slowly, and shows where it goes wrong.
INTERPRETED = bool(config.DISABLE_JIT)  # type: ignore[attr-defined]
F = TypeVar("F", bound=Callable[..., Any])


def takes_parts(version: str, asked_plain: str) -> bool:
    """Say whether the kernel is compiled from parts: under the version that is known, unless plain Numba is asked for.

    Examples
    --------
    >>> takes_parts("0.68.1", ""), takes_parts("0.69.0", ""), takes_parts("0.68.1", "1")
    (True, False, False)
    """
    return version.startswith(KNOWN) and asked_plain in ("", "0")


FROM_PARTS = not INTERPRETED and takes_parts(numba.__version__, os.environ.get("GIGAWATT_PLAIN_NUMBA", ""))

if FROM_PARTS:
    from gigawatt.engines.fleet.kernel.parts import part
else:
    from gigawatt.engines.fleet.kernel.plain import in_order, part


@intrinsic
def as_world(typing: Any, arrays: Any) -> Any:
    """Put the arrays of a tuple on the stack and return where they are."""
    from gigawatt.engines.fleet.kernel.pointer import pointing

    if not FROM_PARTS:
        in_order()  # Numba asks what comes out of this when it compiles the entry: when there is none on disk
    return pointing(arrays)


def compiled(function: F) -> F:
    """Compile a part of the kernel, which never allocates; division is as IEEE says."""
    return function if INTERPRETED else part(function)


def entry(function: F) -> F:
    """Compile what Python calls, and keep it on disk for the next process."""
    return cast(F, njit(function, error_model="numpy", nogil=True, cache=True))
