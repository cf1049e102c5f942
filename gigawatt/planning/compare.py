"""Plans side by side: what differs in the inputs, what differs in the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InputDifference:
    """An input that is not the same in all plans; None where a plan does not have it."""

    path: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class OutcomeDifference:
    """A metric in each plan, and its change against the first."""

    name: str
    label: str
    unit: str
    values: tuple[float | None, ...]
    change_pct: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several plans compared with the first.

    Attributes
    ----------
    names : tuple of str
    inputs : tuple of InputDifference
    outcome : tuple of OutcomeDifference
        Every metric, also where it is equal.
    differs : bool
        Whether any metric differs.
    """

    names: tuple[str, ...]
    inputs: tuple[InputDifference, ...]
    outcome: tuple[OutcomeDifference, ...]
    differs: bool


_IDENTIFIERS = ("site", "accelerator", "train", "serve", "finetune", "label", "claim", "year", "start")
_NARRATIVE = ("title", "question", "facts", "assumptions", "scenario")


def _flatten(value: Any, path: str = "") -> dict[str, Any]:
    """Lay nested inputs out by path; list items go by what identifies them, so that order does not matter."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, item in value.items():
            found |= _flatten(item, f"{path}.{key}" if path else str(key))
        return found
    if isinstance(value, list):
        found = {}
        for number, item in enumerate(value):
            name = str(number)
            if isinstance(item, dict):
                name = "-".join(str(item[key]) for key in _IDENTIFIERS if isinstance(item.get(key), str | int)) or name
            place = f"{path}.{name}"
            found |= _flatten(item, place if not any(key.startswith(place) for key in found) else f"{place}#{number}")
        return found
    return {path: value}


def compare(documents: Sequence[dict[str, Any]]) -> Comparison:
    """Compare finished plans.

    Parameters
    ----------
    documents : sequence of dict
        Two or more documents of schema `gigawatt/plan/1`.

    Returns
    -------
    Comparison
    """
    flat = [
        {
            path: value
            for path, value in _flatten(document["inputs"]).items()
            if path.split(".")[0] not in _NARRATIVE and not path.endswith((".note", ".source"))
        }
        for document in documents
    ]
    paths = list(dict.fromkeys(path for inputs in flat for path in inputs))
    rows = [InputDifference(path, tuple(inputs.get(path) for inputs in flat)) for path in paths]
    different = [row for row in rows if len({repr(value) for value in row.values}) > 1]
    metrics = [document["result"]["metrics"] for document in documents]
    outcome = []
    for name, first in metrics[0].items():
        numbers = tuple(metric.get(name, {}).get("value") for metric in metrics)
        outcome.append(
            OutcomeDifference(
                name, first["label"], first["unit"], numbers, tuple(_change(numbers[0], n) for n in numbers)
            )
        )
    return Comparison(
        names=tuple(str(document["inputs"].get("scenario", "")) for document in documents),
        inputs=tuple(different),
        outcome=tuple(outcome),
        differs=any(len(set(row.values)) > 1 for row in outcome),
    )


def _change(first: float | None, other: float | None) -> float | None:
    """Return the change in percent of the first's size; None where it has no meaning."""
    if first is None or other is None or first == 0:
        return None
    return 100.0 * (other - first) / abs(first)
