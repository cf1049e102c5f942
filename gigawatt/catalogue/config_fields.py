"""Read the keys of a model's configuration file with their types, and collect every fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LARGEST_WHOLE = 10**9  # no size in a model's configuration comes near it [-]


class Fields:
    """A mapping whose values are asked for by name and type.

    A fault yields 1, False or nothing and is noted, so that all faults of a file can be told at once.

    Parameters
    ----------
    data : mapping
        As read from JSON.
    place : str
        Dotted path of the mapping in the file; empty for the whole file.
    faults : list of str, optional
        Where faults are noted; shared with the mappings inside.
    """

    def __init__(self, data: Mapping[str, Any], place: str = "", faults: list[str] | None = None) -> None:
        self._data = data
        self._place = place
        self.faults: list[str] = [] if faults is None else faults

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def has(self, key: str) -> bool:
        """Return whether a key is there and not null."""
        return self._data.get(key) is not None

    def fault(self, key: str, problem: str) -> None:
        """Note a fault of a key."""
        self.faults.append(f"{self._place}{key}: {problem}")

    def whole(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """Return a whole number; without a default the key is required. Null counts as absent."""
        value = self._data.get(key)
        if value is None:
            if default is None:
                self.fault(key, "is missing; a whole number is needed")
            return 1 if default is None else default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST_WHOLE:
            self.fault(key, f"{_shown(value)} is not a whole number from {least} to {LARGEST_WHOLE}")
            return 1
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false. Null counts as absent."""
        value = self._data.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"{_shown(value)} is neither true nor false")
            return default
        return value

    def names(self, key: str, count: int) -> list[str]:
        """Return a list of `count` texts, empty where the key is absent."""
        return [str(item) for item in self._list(key, str, count)]

    def wholes(self, key: str) -> list[int]:
        """Return a list of whole numbers, empty where the key is absent."""
        return [int(item) for item in self._list(key, int, None)]

    def inner(self, key: str) -> Fields:
        """Return the mapping under a key."""
        value = self._data.get(key)
        if not isinstance(value, Mapping):
            self.fault(key, "is missing; a mapping is needed" if value is None else f"{_shown(value)} is not a mapping")
            value = {}
        return Fields(value, f"{self._place}{key}.", self.faults)

    def _list(self, key: str, kind: type, count: int | None) -> Sequence[Any]:
        """Return a list of one type; note a fault and return nothing otherwise."""
        value = self._data.get(key)
        if value is None:
            return []
        right = isinstance(value, list) and all(isinstance(item, kind) and not isinstance(item, bool) for item in value)
        if not right or (count is not None and len(value) != count):
            size = f"{count} " if count is not None else ""
            self.fault(key, f"{_shown(value)} is not a list of {size}{'texts' if kind is str else 'whole numbers'}")
            return []
        return list(value)


def _shown(value: Any) -> str:
    """Return a value as it may stand in a message."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
