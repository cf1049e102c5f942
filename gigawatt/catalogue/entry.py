"""What every thing in the catalogue shares: figures with their source, read from YAML.

Every figure is a `Quantity`: value, range, source, kind, date. In the YAML a figure is written in friendly
units and converted to the unit in the field's name::

    defaults: {source: nvidia-h100-datasheet, kind: datasheet, as_of: 2023-03}
    hbm_bytes: 80 GiB                                   # takes source, kind and date from the defaults
    price_usd: {value: 25 k USD, low: 20 k USD, high: 30 k USD, source: epoch-gpu-prices, as_of: 2025-01}
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from gigawatt.errors import UnitError
from gigawatt.records import Kind, Quantity
from gigawatt.units import parse, unit_of_name

_QUANTITY_KEYS = {"value", "low", "high", "source", "kind", "as_of", "page", "note"}


def read_quantity(name: str, written: Any, defaults: dict[str, Any]) -> Quantity:
    """Read one figure of the catalogue.

    Parameters
    ----------
    name : str
        Field name; its suffix gives the unit.
    written : Any
        A bare number or text, or a mapping with `value` and optionally low, high, source, kind, as_of, page, note.
    defaults : dict
        The file's defaults for source, kind, as_of and page.

    Returns
    -------
    Quantity
        In the unit that `name` stands for.

    Raises
    ------
    ValueError
        If the figure has an unknown key, a wrong unit, no source, or a value outside its own range.
    """
    if isinstance(written, Quantity):
        return written
    entry = dict(written) if isinstance(written, dict) else {"value": written}
    unknown = set(entry) - _QUANTITY_KEYS
    if unknown or "value" not in entry:
        message = f"{name}: a figure has the keys {sorted(_QUANTITY_KEYS)}, not {sorted(entry)}"
        raise ValueError(message)
    unit = unit_of_name(name)
    try:
        value, low, high = parse(entry["value"], unit)
        low = parse(entry["low"], unit)[0] if "low" in entry else low
        high = parse(entry["high"], unit)[0] if "high" in entry else high
    except UnitError as error:
        message = f"{name}: {error}"
        raise ValueError(message) from error
    if not low <= value <= high:
        message = f"{name}: {value} is outside its range {low}..{high}"
        raise ValueError(message)
    provenance = {key: str(entry.get(key, defaults.get(key, ""))) for key in ("source", "as_of", "page")}
    kind = entry.get("kind", defaults.get("kind", "reported"))
    if kind not in get_args(Kind):
        message = f'{name}: kind "{kind}" is none of {", ".join(get_args(Kind))}'
        raise ValueError(message)
    if not provenance["source"]:
        message = f"{name}: a figure needs a source"
        raise ValueError(message)
    return Quantity(
        value=value, unit=unit, low=low, high=high, kind=kind, note=str(entry.get("note", "")), **provenance
    )


def _holds_quantities(annotation: Any) -> str:
    """Return "one", "map" or "" by how a field's annotation holds quantities."""
    if annotation is Quantity:
        return "one"
    arguments = get_args(annotation)
    if get_origin(annotation) is dict and arguments[1] is Quantity:
        return "map"
    if any(_holds_quantities(argument) == "one" for argument in arguments if argument is not type(None)):
        return "one"
    return ""


def _as_text(value: Any) -> Any:
    """YAML dates become text, so that 2025-01 and 2025-01-24 are kept as written."""
    return str(value) if isinstance(value, datetime.date | int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class Entry(BaseModel):
    """A thing in the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str
    name: str
    note: str = ""
    sources: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_figures(cls, data: Any, info: ValidationInfo) -> Any:
        """Turn every written figure into a Quantity, with the file's defaults."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        defaults = data.pop("defaults", {}) or {}
        if defaults and not data.get("sources") and defaults.get("source"):
            data["sources"] = [defaults["source"]]
        for name, field in cls.model_fields.items():
            if name not in data or data[name] is None:
                continue
            how = _holds_quantities(field.annotation)
            if how == "one":
                data[name] = read_quantity(name, data[name], defaults)
            elif how == "map":
                data[name] = {str(key): read_quantity(name, item, defaults) for key, item in data[name].items()}
        return data

    def figures(self) -> dict[str, Quantity]:
        """Every figure of the entry, by dotted path."""
        found: dict[str, Quantity] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Quantity):
                found[name] = value
            elif isinstance(value, dict):
                found |= {f"{name}.{key}": item for key, item in value.items() if isinstance(item, Quantity)}
        return found
