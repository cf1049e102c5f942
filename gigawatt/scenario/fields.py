"""Field types: quantities in friendly units, months, catalogue ids."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from gigawatt.errors import UnitError
from gigawatt.records import Month, Quantity
from gigawatt.units import parse


class Section(BaseModel):
    """A part of a scenario: unknown fields are refused, values are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _bound(number: float, unit: str) -> str:
    """Return a bound in words; a plain number has no unit."""
    return f"{number:g}" if unit == "1" else f"{number:g} {unit}"


def _reader(unit: str, at_least: float | None, at_most: float | None, positive: bool) -> Callable[[Any], Quantity]:
    """Make the function that reads a written quantity into `unit` and checks its bounds."""

    def read(written: Any) -> Quantity:
        if isinstance(written, Quantity):
            return written
        if isinstance(written, dict):
            if unknown := set(written) - {"value", "low", "high", "source", "note"}:
                message = f"a quantity has value, low, high, source, note; not {', '.join(sorted(map(str, unknown)))}"
                raise ValueError(message)
            parts = written
        else:
            parts = {"value": written}
        try:
            value, low, high = parse(parts.get("value", ""), unit)
            low = parse(parts["low"], unit)[0] if "low" in parts else low
            high = parse(parts["high"], unit)[0] if "high" in parts else high
        except UnitError as error:
            raise ValueError(str(error)) from error
        for number in (low, value, high):
            if at_least is not None and number < at_least:
                message = f'"{parts["value"]}" is below the least allowed, {_bound(at_least, unit)}'
                raise ValueError(message)
            if at_most is not None and number > at_most:
                message = f'"{parts["value"]}" is above the most allowed, {_bound(at_most, unit)}'
                raise ValueError(message)
            if positive and number <= 0:
                message = f'"{parts["value"]}" must be more than zero'
                raise ValueError(message)
        if not low <= value <= high:
            message = f'"{parts["value"]}" is outside its own range, {_bound(low, unit)} to {_bound(high, unit)}'
            raise ValueError(message)
        return Quantity(
            value=value,
            unit=unit,
            low=low,
            high=high,
            source=str(parts.get("source", "")),
            note=str(parts.get("note", "")),
        )

    return read


def _write(quantity: Quantity) -> str | dict[str, str]:
    """Write a quantity so that reading it gives the same again."""
    told = {name: getattr(quantity, name) for name in ("source", "note") if getattr(quantity, name)}
    if not quantity.is_range:
        text = f"{quantity.value!r} {quantity.unit}"
    elif (quantity.low + quantity.high) / 2.0 == quantity.value:
        text = f"{quantity.low!r}..{quantity.high!r} {quantity.unit}"
    else:
        numbers = {name: f"{getattr(quantity, name)!r} {quantity.unit}" for name in ("value", "low", "high")}
        return {name: number.removesuffix(" 1") for name, number in numbers.items()} | told
    text = text.removesuffix(" 1")
    return {"value": text, **told} if told else text


def amount(unit: str, *, at_least: float | None = None, at_most: float | None = None, positive: bool = False) -> Any:
    """Return the annotation of a quantity field held in `unit`.

    Parameters
    ----------
    unit : str
        Unit in which the value is kept.
    at_least, at_most : float, optional
        Bounds in that unit, inclusive.
    positive : bool
        Whether zero and less are refused.

    Returns
    -------
    Any
        An `Annotated[Quantity, ...]`.
    """
    return Annotated[
        Quantity,
        BeforeValidator(_reader(unit, at_least, at_most, positive)),
        PlainSerializer(_write),
        WithJsonSchema(
            {"type": ["string", "number", "object"], "description": f"quantity in {unit} or a unit like it"}
        ),
        Field(json_schema_extra={"unit": unit}),
    ]


def _read_month(written: Any) -> Month:
    """Read a month; YAML may have made a date of it."""
    if isinstance(written, Month):
        return written
    if isinstance(written, datetime.date):
        return Month(written.year, written.month)
    return Month.parse(str(written))


AMonth = Annotated[
    Month,
    BeforeValidator(_read_month),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}(-\d{2})?$", "description": "a month, 2025-01"}),
]


def _read_text(written: Any) -> Any:
    """Dates and numbers become text where text is wanted."""
    return (
        str(written) if isinstance(written, datetime.date | int | float) and not isinstance(written, bool) else written
    )


Text = Annotated[str, BeforeValidator(_read_text)]


def catalogue_id(kind: str) -> Any:
    """Return the annotation of a catalogue id; `resolve` checks that it exists.

    Parameters
    ----------
    kind : str
        Kind in the catalogue: accelerators, models, sites, ...
    """
    return Annotated[str, Field(json_schema_extra={"catalogue": kind})]


Share = amount("1", at_least=0.0, at_most=1.0)
Usd = amount("USD", at_least=0.0)
Watts = amount("W", at_least=0.0)
Gpus = amount("GPU", at_least=0.0)
Tokens = amount("token", at_least=0.0)
Seconds = amount("s", positive=True)
Years = amount("year", positive=True, at_most=100.0)
Months = amount("month", at_least=0.0, at_most=600.0)

AcceleratorId = catalogue_id("accelerators")
ModelId = catalogue_id("models")
SiteId = catalogue_id("sites")
SourceId = catalogue_id("sources")
TaxLawId = catalogue_id("taxes")
