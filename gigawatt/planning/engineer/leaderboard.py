"""Who is best: the results in a folder, those measured on the same slices side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigawatt.errors import RunNotFoundError
from gigawatt.planning.engineer.folder import RESULT

SCHEMA = "gigawatt/engineer/1"


@dataclass(frozen=True, slots=True)
class Place:
    """One result.

    Attributes
    ----------
    folder : str
    bench : str
        Results with the same can be compared.
    target : str
    change_frac, p_value : float
        Against the best rule by hand on the test slices. [-]
    reference : str
    proven : str
        What it is proven better than.
    policy : str
    """

    folder: str
    bench: str
    target: str
    change_frac: float
    p_value: float
    reference: str
    proven: str
    policy: str


def leaderboard(path: Path) -> list[Place]:
    """Return the results in the folders below one, best first within each bench.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Place

    Raises
    ------
    RunNotFoundError
        If there is none.
    """
    found = [_place(item, _read(item)) for item in sorted(path.glob(f"**/{RESULT}")) if _read(item)]
    if not found:
        message = f"{path}: has no results; make one with gigawatt engineer evolve --out {path}/first"
        raise RunNotFoundError(message)
    return sorted(found, key=lambda place: (place.target, place.bench, place.change_frac, place.folder))


def _read(path: Path) -> dict[str, Any]:
    """Read a result; nothing where the file is another one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else {}


def _place(path: Path, document: dict[str, Any]) -> Place:
    """Return the place of a result."""
    result = document["result"]
    best = result["against"][result["reference"]]
    proven = "all" if result["better_than_all"] else "the simulator's" if result["better_than_built_in"] else "none"
    return Place(
        str(path.parent), result["bench"], result["target"], best["change_frac"], best["p_value"], result["reference"],
        proven, result["policy"].splitlines()[-1].strip(),
    )  # fmt: skip
