"""Walk written data along the scenario's types: which section stands where, which text is a catalogue id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Tag
from pydantic.fields import FieldInfo

from gigawatt.records import Quantity
from gigawatt.scenario.fields import Section
from gigawatt.scenario.written import Path_


@dataclass(frozen=True, slots=True)
class Spot:
    """One place in the data and what it is.

    Attributes
    ----------
    path : tuple
    value : Any
        As written.
    section : type of Section or None
        Model of a mapping.
    catalogue : str
        Kind of the catalogue where the value, or the key, is an id of it.
    unit : str
        Unit in which an amount is kept.
    """

    path: Path_
    value: Any
    section: type[Section] | None = None
    catalogue: str = ""
    unit: str = ""


def walk(data: Any, model: type[Section], path: Path_ = ()) -> Iterator[Spot]:
    """Yield every spot of a section and below, in the order of the data.

    Parameters
    ----------
    data : Any
        A mapping as written, or a validated section.
    model : type of Section
        What it should be.
    path : tuple
        Where it stands.

    Yields
    ------
    Spot
    """
    if isinstance(data, Section):
        data = {name: getattr(data, name) for name in type(data).model_fields}
    if not isinstance(data, dict):
        return
    yield Spot(path, data, section=model)
    for name, value in data.items():
        info = model.model_fields.get(name)
        if info is not None:
            yield from _descend(info.annotation, _extras(info), value, (*path, name))


def _extras(info: FieldInfo) -> dict[str, Any]:
    """Return the unit or catalogue kind that an annotation carries."""
    return dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}


def _descend(annotation: Any, extras: dict[str, Any], value: Any, path: Path_) -> Iterator[Spot]:
    """Follow one annotation."""
    if value is None:
        return
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, FieldInfo):
                extras = {**extras, **_extras(extra)}
        annotation = get_args(annotation)[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        yield from _union(arguments, extras, value, path)
    elif origin is tuple:
        for number, item in enumerate(value if isinstance(value, list | tuple) else ()):
            yield from _descend(arguments[0], extras, item, (*path, number))
    elif origin is dict:
        for key, item in value.items() if isinstance(value, dict) else ():
            yield from _descend(arguments[0], {}, key, (*path, str(key)))
            yield from _descend(arguments[1], {}, item, (*path, str(key)))
    elif isinstance(annotation, type) and issubclass(annotation, Section):
        yield from walk(value, annotation, path)
    elif annotation is Quantity or extras.get("catalogue"):
        yield Spot(path, value, catalogue=str(extras.get("catalogue", "")), unit=str(extras.get("unit", "")))


def _union(arguments: tuple[Any, ...], extras: dict[str, Any], value: Any, path: Path_) -> Iterator[Spot]:
    """Follow the member of a union that the data chooses: the one whose tag is a key of it."""
    for member in arguments:
        if member is type(None):
            continue
        tag = next((extra.tag for extra in get_args(member)[1:] if isinstance(extra, Tag)), None)
        if tag is None or (isinstance(value, dict) and tag in value) or hasattr(value, str(tag)):
            yield from _descend(member, extras, value, path)
            return
