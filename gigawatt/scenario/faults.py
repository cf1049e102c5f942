"""Check written data against the scenario's types, every part of it, and say what is wrong in the writer's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from gigawatt.errors import nearest
from gigawatt.scenario.fields import Section
from gigawatt.scenario.finance import KINDS as REVENUE_KINDS
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.shape import Spot, walk
from gigawatt.scenario.workloads import KINDS as WORKLOAD_KINDS
from gigawatt.scenario.written import Path_

_TAGS = {*WORKLOAD_KINDS, *REVENUE_KINDS}

EXAMPLES: dict[str, str] = {
    "USD": "60..65 B USD", "W": "1.2 GW", "GPU": "32 k", "token": "30 T", "1": "20 %", "s": "50 ms",
    "year": "5.5 years", "month": "3 months", "USD/MWh": "65 USD/MWh", "USD/W": "11 USD/W", "GPU/month": "60 k/month",
    "1/year": "-20 %/year", "1/month": "4 %/month", "USD/year": "160 B USD/year",
    "USD/user/year": "0.5 USD per user-year", "user": "600 M",
    "USD/developer/year": "20 k USD per developer-year", "developer": "30 k", "run/month": "2 k/month",
    "message/user/day": "1.5 per user-day", "task/developer/day": "20 per developer-day", "USD/token": "2e-6 USD/token",
    "USD/h": "2.35 USD/h", "USD/MW/year": "10 M USD per MW-year",
}  # fmt: skip


# of fields whose size is far from the usual one of their unit
_OWN_EXAMPLES = {"input": "1.2 k", "output": "250", "sequence": "8192", "batch": "16 M", "power_cap": "1000 W"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a path."""

    path: Path_
    problem: str
    remedy: str = ""


@dataclass(slots=True)
class Parts:
    """What could be read of a scenario: whole sections, and the sound items of its lists with their numbers."""

    values: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario) -> Parts:
        """Take a whole scenario apart."""
        parts = cls()
        for name in Scenario.model_fields:
            value = getattr(scenario, name)
            if isinstance(value, tuple):
                parts.lists[name] = list(enumerate(value))
            else:
                parts.values[name] = value
        return parts


def read_parts(data: Mapping[str, Any]) -> tuple[Parts, list[Problem]]:
    """Validate each section, and each item of a list, by itself.

    Parameters
    ----------
    data : mapping
        The scenario as written.

    Returns
    -------
    tuple
        What is sound, and everything that is wrong.
    """
    parts = Parts()
    spots = {spot.path: spot for spot in walk(dict(data), Scenario)}
    known = Scenario.model_fields
    problems = [
        Problem((name,), f'"{name}" is not a section.', nearest(name, known)) for name in data if name not in known
    ]
    for name, info in Scenario.model_fields.items():
        if name not in data:
            if info.is_required():
                problems.append(Problem((), f'the section "{name}" is missing.', _how_to_add(name)))
            else:
                default = info.get_default()
                parts.lists.update({name: []} if default == () else {})
                parts.values.update({} if default == () else {name: default})
            continue
        is_list = get_origin(info.annotation) is tuple
        if is_list and isinstance(data[name], list) and data[name]:
            sound = []
            for number, item in enumerate(data[name]):
                value = _validate(_item_adapter(name), item, (name, number), spots, problems)
                if value is not None:
                    sound.append((number, value))
            parts.lists[name] = sound
            continue
        value = _validate(_adapter(name), data[name], (name,), spots, problems)
        if value is not None and not is_list:
            parts.values[name] = value
        elif is_list:
            parts.lists[name] = []
    return parts, problems


@lru_cache(maxsize=64)
def _adapter(name: str) -> TypeAdapter[Any]:
    """Return the validator of a whole field."""
    info = Scenario.model_fields[name]
    return TypeAdapter(_with_metadata(info))


@lru_cache(maxsize=64)
def _item_adapter(name: str) -> TypeAdapter[Any]:
    """Return the validator of one item of a list."""
    return TypeAdapter(get_args(Scenario.model_fields[name].annotation)[0])


def _with_metadata(info: FieldInfo) -> Any:
    """Return a field's annotation with its constraints."""
    annotation: Any = info.annotation
    for extra in info.metadata:
        annotation = Annotated[annotation, extra]
    return annotation


def _validate(
    adapter: TypeAdapter[Any], value: Any, path: Path_, spots: Mapping[Path_, Spot], problems: list[Problem]
) -> Any:
    """Return the validated value, or None after adding what is wrong."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = {
            (detail["loc"][:-1], advice.removeprefix("Nearest: ").rstrip(".").split(", ")[0])
            for detail in details
            if detail["type"] == "extra_forbidden" and (advice := _advice(detail, path, spots)).startswith("Nearest")
        }
        for detail in details:
            is_told = detail["type"] == "missing" and (detail["loc"][:-1], str(detail["loc"][-1])) in misspelt
            problems.extend(() if is_told else _translate(detail, path, spots))
    return None


def _advice(detail: Any, path: Path_, spots: Mapping[Path_, Spot]) -> str:
    """Return the nearest name for a field that is not one."""
    here = _path_of(detail["loc"], path)
    parent = spots[here[:-1]].section if here[:-1] in spots else None
    return nearest(str(here[-1]), parent.model_fields) if parent else ""


def _path_of(location: Sequence[Any], path: Path_) -> Path_:
    """Return the path in the file: without union tags and marks of keys."""
    is_tagged = bool(location) and location[0] in _TAGS and path[0] in ("workloads", "revenue")
    below = [part for part in location[1 if is_tagged else 0 :] if part != "[key]"]
    return (*path, *(part if isinstance(part, int) else str(part) for part in below))


def _translate(detail: Any, path: Path_, spots: Mapping[Path_, Spot]) -> Iterator[Problem]:
    """Say one of pydantic's findings in the words of the file."""
    here = _path_of(detail["loc"], path)
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    section = spots[here].section if here in spots else None
    parent = spots[here[:-1]].section if here[:-1] in spots else None
    unit = spots[here].unit if here in spots and "[key]" not in detail["loc"] else ""
    name = here[-1] if here else ""
    if kind == "missing":
        yield Problem(here[:-1], f'"{name}" is missing.', _how_to_add(str(name), _field_unit(parent, str(name))))
    elif kind == "extra_forbidden":
        yield Problem(here, f'"{name}" is not a field of this part.', _advice(detail, path, spots))
    elif value is None:
        yield Problem(here, "has no value.", "Give it one, or remove the line.")
    elif kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        yield Problem(here, f'"{value}" is not a choice here.', nearest(str(value), choices))
    elif kind in ("workload_kind", "revenue_kind"):
        yield _kind_problem(here, value, WORKLOAD_KINDS if kind == "workload_kind" else REVENUE_KINDS)
    elif kind == "value_error":
        yield _value_problem(here, str(detail["msg"]).removeprefix("Value error, "), section, unit)
    else:
        yield Problem(here, *_plain(kind, value, context))


def _kind_problem(here: Path_, value: Any, kinds: Mapping[str, Any]) -> Problem:
    """Say that an item of a list does not say what it is, and which key it may have meant."""
    if not isinstance(value, dict):
        return Problem(here, f'"{_short(value)}" is not a mapping.', f"Begin it with one of {', '.join(kinds)}.")
    found = [kind for kind in kinds if kind in value]
    if found:
        return Problem(here, f"says that it is several things: {', '.join(found)}.", "Keep one of these keys.")
    meant = [advice for key in value if (advice := nearest(str(key), kinds)).startswith("Nearest")]
    remedy = meant[0] if meant else f"Begin it with one of {', '.join(kinds)}."
    return Problem(here, "does not say what it is.", remedy)


def _value_problem(here: Path_, message: str, section: type[Section] | None, unit: str) -> Problem:
    """Split a message of ours into problem and remedy, and point at the field that it names."""
    named = re.match(r"^(\w+): ", message)
    if named and section is not None and named[1] in section.model_fields:
        here, message = (*here, named[1]), message[named.end() :]
    problem, remedy = message, ""
    wanted = re.search(r"a value in (\S+) is wanted", message)
    unit = unit or (wanted[1] if wanted else "")
    for sign in ("; ", ". Nearest: ", ". One of: "):
        if sign in message:
            problem, rest = message.split(sign, 1)
            remedy = sign.removeprefix(". ").removeprefix("; ") + rest
            break
    if unit and (not remedy or remedy.startswith("write it with one")):
        remedy = f'Write it as "{_example(unit, _field(here))}".' if unit in EXAMPLES else f"Write it in {unit}."
    elif not remedy and " is not a month" in problem:
        remedy = 'write it as "2025-01"'
    elif not remedy and " is before start " in problem:
        remedy = "write the later month under end"
    bare = re.match(r'^"(\d+(?:\.\d+)?)" is above the most allowed, 1$', problem)
    if bare:
        remedy = f'Write it as "{bare[1]} %".'
    remedy = remedy[:1].upper() + remedy[1:]
    return Problem(here, _sentence(problem), _sentence(remedy))


def _plain(kind: str, value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return problem and remedy for what pydantic finds by itself."""
    shown = _short(value)
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f'"{shown}" stands where fields are wanted.', "Write them as name: value, one a line, indented."
    if kind in ("tuple_type", "list_type"):
        return f'"{shown}" stands where a list is wanted.', 'Write each item on a line that begins with "- ".'
    if kind == "too_short":
        return "is an empty list.", "Give at least one item."
    if kind == "string_type":
        return f'"{shown}" is not text.', "Put it in quotes."
    if kind == "string_pattern_mismatch":
        return f'"{shown}" is not a name.', "Use small letters, digits and hyphens, as in meta-2025."
    if kind.startswith(("int_", "float_")) or kind == "is_instance_of":
        return f'"{shown}" is not a number.', "Write digits only."
    if kind.startswith("bool_"):
        return f'"{shown}" is neither true nor false.', "Write true or false."
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        side = "below the least" if kind == "greater_than_equal" else "above the most"
        return f"{shown} is {side} allowed, {bound}.", ""
    return f'"{shown}" does not fit here.', ""


def _short(value: Any) -> str:
    """Return a value as text, cut to a line."""
    text = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _sentence(text: str) -> str:
    """End a sentence with a full stop."""
    return text if not text or text.endswith(".") else text + "."


def _field_unit(section: type[Section] | None, name: str) -> str:
    """Return the unit of a section's field."""
    info = section.model_fields.get(name) if section else None
    extra = info.json_schema_extra if info else None
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


_SECTION_EXAMPLES = {
    "scenario": "scenario: my-build-out",
    "title": "title: What this plan is about",
    "as_of": "as_of: 2025-01-24",
    "horizon": "horizon: {start: 2025-01, end: 2029-12}",
    "sites": "sites: [{site: hyperion-la}]",
    "purchases": "purchases: {offer: [{accelerator: gb200-nvl72}]}",
    "source": "source: assumption",
}


def _how_to_add(name: str, unit: str = "") -> str:
    """Return an example of a missing field."""
    if name in _SECTION_EXAMPLES:
        return f'Add it, for example "{_SECTION_EXAMPLES[name]}".'
    return f'Add it, for example "{name}: {_example(unit, name)}".' if unit in EXAMPLES else "Add it."


def _field(here: Path_) -> str:
    """Return the field that a value is of: of a mapping by accelerator the mapping's name."""
    return "power_cap" if "power_cap" in here else str(here[-1])


def _example(unit: str, name: str) -> str:
    """Return a value that such a field could have."""
    return _OWN_EXAMPLES.get(name, EXAMPLES[unit]) if unit in ("token", "W") else EXAMPLES[unit]
