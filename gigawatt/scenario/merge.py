"""Lay one scenario over another: `extends:` and `--set`.

Mappings merge, everything else replaces; a field without a value takes the parent's away. A mapping written where the
parent has a list changes single items, named by their id, their year or their number:
``sites: {hyperion-la: {delay: 12 months}}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gigawatt.errors import Fault, nearest
from gigawatt.scenario.finance import KINDS as REVENUE_KINDS
from gigawatt.scenario.workloads import KINDS as WORKLOAD_KINDS
from gigawatt.scenario.written import Path_, Written, dotted, from_yaml

_ID_KEYS = ("site", "accelerator", "train", "finetune", "serve", "label", "claim", "year")
_KIND_KEYS = (*WORKLOAD_KINDS, *REVENUE_KINDS)
_QUANTITY_KEYS = ("value", "low", "high", "source", "note")
OVERRIDE = "--set"


def names_of(item: Any) -> set[str]:
    """Return the names by which an item of a list can be addressed."""
    if not isinstance(item, dict):
        return set()
    ids = {str(item[key]) for key in _ID_KEYS if item.get(key) is not None}
    return ids | {key for key in _KIND_KEYS if key in item}


def find(items: Sequence[Any], name: str) -> int | str:
    """Return the position of the item with a name or number, or the sentence that says why there is none."""
    found = [position for position, item in enumerate(items) if name in names_of(item)]
    if not found and name.isdecimal() and len(name) < len(str(len(items))) + 1 and int(name) < len(items):
        return int(name)
    if len(found) == 1:
        return found[0]
    if found:
        return f'"{name}" names the items {", ".join(map(str, found))}; use the number.'
    known = {each for item in items for each in names_of(item)}
    return f'nothing here is named "{name}". {nearest(name, known) if known else "The list is empty."}'


def _split(sentence: str) -> tuple[str, str]:
    """Return problem and remedy of a sentence that ends with the nearest names."""
    for sign in ("Nearest: ", "One of: "):
        problem, found, names = sentence.partition(sign)
        if found:
            return problem.strip(), found + names
    return sentence, ""


def lay_over(below: Written, above: Written) -> Written:
    """Merge what `above` says over `below`.

    Parameters
    ----------
    below, above : Written
        Parent and child.

    Returns
    -------
    Written
        Merged data with the place of each value; faults of both.
    """
    merged = Written(faults=[*below.faults, *above.faults], is_whole=below.is_whole and above.is_whole)
    merged.places[()] = above.place(())
    merged.data = _merge(below.data, above.data, (), (), (), below, above, merged)
    return merged


def _merge(
    old: Any, new: Any, old_path: Path_, new_path: Path_, path: Path_, below: Written, above: Written, merged: Written
) -> Any:
    """Merge one value; the three paths are those in the parent, the child and the result."""
    if isinstance(old, list) and isinstance(new, dict):
        result: Any = list(old)
        _keep_places(below, old_path, path, merged)
        for name, value in new.items():
            position = find(old, str(name))
            if isinstance(position, str):
                merged.faults.append(above.fault((*new_path, name), *_split(position)))
                continue
            result[position] = _merge(
                old[position], value, (*old_path, position), (*new_path, name), (*path, position), below, above, merged
            )
        return result
    if not isinstance(old, dict) or not isinstance(new, dict):
        _drop_places(path, merged)
        _keep_places(above, new_path, path, merged)
        return new
    result = {}
    for name in dict.fromkeys([*old, *new]):
        here: tuple[Path_, Path_, Path_] = ((*old_path, name), (*new_path, name), (*path, name))
        if name not in new:
            result[name] = old[name]
            _keep_places(below, here[0], here[2], merged)
        elif name not in old:
            result[name] = new[name]
            _keep_places(above, here[1], here[2], merged)
        elif new[name] is not None:  # nothing written after the colon takes the parent's value away
            merged.places[here[2]] = above.place(here[1])
            result[name] = _merge(old[name], new[name], *here, below, above, merged)
    return result


def _keep_places(source: Written, source_path: Path_, path: Path_, merged: Written) -> None:
    """Copy the places of a value and all it holds."""
    merged.places[path] = source.place(source_path)
    depth = len(source_path)
    for each, place in source.places.items():
        if len(each) > depth and each[:depth] == source_path:
            merged.places[(*path, *each[depth:])] = place


def _drop_places(path: Path_, merged: Written) -> None:
    """Forget the places of what a value held before."""
    for each in [each for each in merged.places if len(each) > len(path) and each[: len(path)] == path]:
        del merged.places[each]


def override(written: Written, setting: str) -> None:
    """Apply one `--set path=value` in place; faults are added to `written.faults`.

    Parameters
    ----------
    written : Written
        Merged scenario; changed.
    setting : str
        For example "finance.tax=21 %", "sites.hyperion-la.power.2025-12=1 GW", "budget.2025.capex=70 B USD".
    """
    name, equals, text = setting.partition("=")
    name = name.strip()
    if not equals or not name:
        problem = f'"{setting}" is not a setting.'
        written.faults.append(Fault(OVERRIDE, 0, "", problem, 'Write it as path=value, as in "finance.tax=21 %".'))
        return
    value = from_yaml(text, OVERRIDE) if text.strip() else Written(data=None)
    if value.faults:
        value = Written(data=text.strip())  # text that is no YAML, such as "> 2 GW", is taken as it stands
    data = _detached(value.data)
    if not isinstance(written.data, dict):
        return
    problem = _put(written.data, name.split("."), data, (), written)
    if problem:
        written.faults.append(Fault(OVERRIDE, 0, name, *_split(problem)))


def _detached(value: Any) -> Any:
    """Copy lists and mappings, so that two settings share nothing."""
    if isinstance(value, dict):
        return {key: _detached(item) for key, item in value.items()}
    return [_detached(item) for item in value] if isinstance(value, list) else value


def _put(holder: Any, parts: list[str], value: Any, path: Path_, written: Written) -> str:
    """Set `value` below `holder`; return what is wrong, or nothing."""
    key, rest = _next_key(holder, parts)
    if isinstance(key, str) and isinstance(holder, list):
        if key == str(len(holder)) and not rest and isinstance(value, dict):
            holder.append(value)
            _mark(written, (*path, len(holder) - 1))
            return ""
        return str(find(holder, key))
    here: Path_ = (*path, key)
    if not rest:
        kind = parts[-1]
        if isinstance(holder, list) and kind in _KIND_KEYS and not isinstance(value, dict):
            holder[int(key)][kind] = value
            here = (*here, kind)
        else:
            _assign(holder, key, value)
        _drop_places(here, written)
        _mark(written, here)
        return ""
    inner = holder.get(key) if isinstance(holder, dict) else holder[int(key)]
    if inner is None:
        inner = {}
        _assign(holder, key, inner)
        _mark(written, here)
    elif not isinstance(inner, dict | list):
        if len(rest) != 1 or rest[0] not in _QUANTITY_KEYS:
            return f'{dotted(here)} is "{inner}" and holds no "{rest[0]}".'
        inner = {"value": inner}
        _assign(holder, key, inner)
    return _put(inner, rest, value, here, written)


def _assign(holder: Any, key: str | int, value: Any) -> None:
    """Set an item of a list or a mapping."""
    holder[key] = value


def _mark(written: Written, path: Path_) -> None:
    """Note that a value comes from the command line."""
    written.places[path] = (OVERRIDE, 0)


def _next_key(holder: Any, parts: list[str]) -> tuple[str | int, list[str]]:
    """Take the longest run of parts that names something: ids may hold dots, as in llama-3.1-405b."""
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if isinstance(holder, dict) and name in holder:
            return name, parts[length:]
        if isinstance(holder, list) and isinstance(position := find(holder, name), int):
            return position, parts[length:]
    return parts[0], parts[1:]
