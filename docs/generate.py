"""Write the parts of the reference that the code knows best, as Markdown in docs/generated.

    python docs/generate.py

Each function returns one page's tables; the pages in docs/reference include them and say in words what they mean.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

import gigawatt.engines
from gigawatt.catalogue import KINDS, Catalogue, load
from gigawatt.catalogue.entry import Entry
from gigawatt.planning.metrics import MEASURES
from gigawatt.records import Month, Quantity
from gigawatt.scenario.buildout import BudgetPeriod
from gigawatt.scenario.finance import FinanceTerms, UsefulLife
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.resolve import DEFAULTS, in_words
from gigawatt.scenario.workloads import ServiceLevel
from gigawatt.units import SUFFIXES, say, unit_of_name
from gigawatt.units.table import ALIASES, MULTIPLIERS, UNITS
from gigawatt.views.cli import app

FOLDER = Path(__file__).parent / "generated"
DIRECTION = {"up": "more is better", "down": "less is better", "": ""}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(item) for item in line) + " |" for line in lines) + "\n"


def cell(item: object) -> str:
    """Return text that stays inside its cell."""
    return str(item).replace("|", "\\|").replace("\n", " ").strip()


def code(text: object) -> str:
    """Return text as code; nothing where there is none."""
    return f"`{text}`" if str(text) else ""


# --- command line --------------------------------------------------------------------------------------------


def cli() -> str:
    """Every verb with its arguments, options and example."""
    parts = []
    for name, command in typer.main.get_command(app).commands.items():
        rows = [(_spelling(item), _meaning(item)) for item in command.params if item.name != "help"]
        parts += [f"### {name}\n", f"{command.help}\n", table(("argument or option", "meaning"), rows)]
        parts.append(f"```console\n$ {(command.epilog or '').removeprefix('Example: ')}\n```\n")
    return "\n".join(parts)


def _spelling(item: typing.Any) -> str:
    """How an argument or option is written."""
    if item.param_type_name == "argument":
        return code(item.metavar or item.name.upper())
    return ", ".join(code(option) for option in item.opts)


def _meaning(item: typing.Any) -> str:
    """Its help, and its default where it has one."""
    default = item.default
    shown = default is not None and not callable(default) and default not in ((), [], False, "")
    return f"{item.help or ''}{f' Default: {code(default)}.' if shown else ''}"


# --- metrics, units, names -----------------------------------------------------------------------------------


def metrics() -> str:
    """Every headline figure."""
    rows = [(code(item.name), item.label, code(item.unit), DIRECTION[item.better], item.formula) for item in MEASURES]
    return table(("name", "what it is", "unit", "", "formula"), rows)


def unit_table() -> str:
    """Every unit that may be written, what else it may be called, and multipliers."""
    aliases: dict[str, list[str]] = {}
    for alias, unit in ALIASES.items():
        aliases.setdefault(unit, []).append(code(alias))
    rows = []
    for unit, (dimension, factor) in UNITS.items():
        base = " ".join(f"{name}{_power(power)}" for name, power in dimension.items()) or "1"
        rows.append((code(unit), f"{factor:.12g} {base}", ", ".join(aliases.get(unit, []))))
    words = [(code(word), f"{factor:.0e}") for word, factor in MULTIPLIERS.items()]
    return table(("unit", "in base units", "also written"), rows) + "\n" + table(("multiplier", "factor"), words)


def _power(power: int) -> str:
    """Return an exponent as superscript; nothing for the first power."""
    return "" if power == 1 else str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def nomenclature() -> str:
    """The suffixes, then every name of the engines' inputs and results that carries one, once."""
    suffixes = table(("suffix", "unit"), ((code(f"_{name}"), code(unit)) for name, unit in SUFFIXES.items()))
    rooms: dict[str, set[str]] = {}
    for room, kind in _engine_types():
        for field in dataclasses.fields(kind):
            rooms.setdefault(field.name, set()).add(room)
    rows = []
    for name in sorted(rooms):
        stem = name.rsplit("_", 1)[0] if name.rsplit("_", 1)[-1].isupper() else name
        unit = unit_of_name(stem)
        if unit != "1" or stem.endswith(("_count", "_frac", "_ratio")):
            rows.append((code(name), code(unit), ", ".join(sorted(rooms[name]))))
    return suffixes + "\n" + table(("name", "unit", "used by"), rows)


def _engine_types() -> Iterator[tuple[str, type]]:
    """Yield room and dataclass for every record that the engines take or give."""
    for found in pkgutil.walk_packages(gigawatt.engines.__path__, "gigawatt.engines."):
        room = found.name.split(".")[2]
        for kind in vars(importlib.import_module(found.name)).values():
            is_record = isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == found.name
            if is_record and not kind.__name__.startswith("_"):
                yield room, kind


# --- scenario ------------------------------------------------------------------------------------------------

# Fields that `resolve` fills one by one from the catalogue's planning defaults; the rest is its table DEFAULTS.
FILLED = {
    (BudgetPeriod, "other"): "other_capex_frac",
    (ServiceLevel, "availability"): "availability_frac",
    (FinanceTerms, "discount_rate"): "discount_rate_frac",
    (FinanceTerms, "tax"): "tax_frac",
    (UsefulLife, "servers"): "server_life_years",
    (UsefulLife, "network"): "network_life_years",
    (UsefulLife, "buildings"): "building_life_years",
    (UsefulLife, "other"): "other_life_years",
}
EVERYWHERE = ("source", "note")


def scenario() -> str:
    """Every section of a scenario with its fields: meaning, what may be written, default."""
    meanings = field_meanings()
    parts = []
    for heading, model in sections().items():
        rows = [
            (code(name), meanings[heading][name], _kind(field), _default(model, name, field))
            for name, field in model.model_fields.items()
            if name not in EVERYWHERE
        ]
        parts += [f"### {heading}\n", table(("field", "meaning", "what is written", "where left out"), rows)]
    return "\n".join(parts)


def field_meanings() -> dict[str, dict[str, str]]:
    """Return the sentences of fields.yaml, by section and field."""
    text = (Path(__file__).parent / "fields.yaml").read_text(encoding="utf-8")
    return {str(heading): dict(fields) for heading, fields in YAML(typ="safe").load(text).items()}


def sections() -> dict[str, type[BaseModel]]:
    """Return every section by its heading; one that stands in several places has them all in its heading."""
    places: dict[type[BaseModel], list[str]] = {Scenario: ["the file"]}
    queue = [Scenario]
    for model in queue:
        for name, field in model.model_fields.items():
            for inner in _models_in(field.annotation):
                tag = f": {next(iter(inner.model_fields))}" if name in ("workloads", "revenue") else ""
                place = f"{name}{tag}" if model is Scenario else f"{places[model][0]}.{name}"
                if inner not in places:
                    queue.append(inner)
                places.setdefault(inner, []).append(place)
    return {", ".join(found): model for model, found in places.items()}


def _models_in(annotation: typing.Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that an annotation holds."""
    return (leaf for leaf in _leaves(annotation) if isinstance(leaf, type) and issubclass(leaf, BaseModel))


def _default(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    """What a field is where nothing is written."""
    if field.is_required():
        return "must be there"
    filled = DEFAULTS.get(model, {}).get(name) or FILLED.get((model, name))
    if filled:
        figure = getattr(load().defaults, filled)
        if figure.unit != "token":
            return in_words(figure)
        low, value, high = (exactly(each, figure.unit) for each in (figure.low, figure.value, figure.high))
        return f"{value} ({low} to {high})" if figure.is_range else value
    if field.default in (None, "", ()) or isinstance(field.default, BaseModel):
        return ""
    return code(field.default)


def _kind(field: FieldInfo) -> str:
    """Describe a field's type in a scenario writer's words."""
    leaves = list(_leaves(field.annotation))
    keyed = "dict[" in str(field.annotation)
    extra = {**_extra(field.annotation), **(field.json_schema_extra or {})}
    if "written" in extra:
        return str(extra["written"])
    if keyed:
        return "months and quantities" if Month in leaves else "`{accelerator: count}`"
    if "unit" in extra:
        return {"1": "number or %", "1/year": "% a year", "1/month": "% a month"}.get(
            extra["unit"], f"quantity in `{extra['unit']}` or alike"
        )
    if "catalogue" in extra:
        return f"id of {extra['catalogue']}"
    if choices := [code(leaf) for leaf in leaves if isinstance(leaf, str)]:
        return "one of " + ", ".join(choices)
    if any(isinstance(leaf, type) and issubclass(leaf, BaseModel) for leaf in leaves):
        return "list" if "tuple" in str(field.annotation) else "section"
    names = {Month: "month, `2025-01`", bool: "true or false", int: "whole number", float: "number"}
    return next((names[leaf] for leaf in leaves if leaf in names), "text")


def _extra(annotation: typing.Any) -> dict[str, typing.Any]:
    """Return what an annotation, or one inside it, says about unit and catalogue."""
    for item in getattr(annotation, "__metadata__", ()):
        if isinstance(item, FieldInfo) and isinstance(item.json_schema_extra, dict):
            return item.json_schema_extra
    return next((extra for inner in typing.get_args(annotation) if (extra := _extra(inner))), {})


def _leaves(annotation: typing.Any) -> Iterator[typing.Any]:
    """Yield the types and literal values at the ends of an annotation."""
    arguments = typing.get_args(annotation)
    if not arguments:
        yield annotation
    for inner in arguments:
        if isinstance(inner, type | str) or typing.get_args(inner):
            yield from _leaves(inner)


# --- catalogue -----------------------------------------------------------------------------------------------


COLUMNS = {
    "accelerators": (
        "dense_flop_per_s.bf16", "dense_flop_per_s.fp8", "hbm_bytes", "hbm_bytes_per_s", "tdp_w", "system_w",
        "price_usd",
    ),
    "models": ("total_parameters_count", "active_parameters_count", "training_tokens"),
}  # fmt: skip


def catalogue(facts: Catalogue) -> str:
    """Every entry of every kind with its first figures, then the bibliography."""
    parts = []
    for kind in KINDS:
        shelf = facts.shelf(kind)
        if not len(shelf):
            continue
        columns = _columns(kind, list(shelf.values()))
        rows = [
            (code(name), entry.name, *(_figure(entry, column) for column in columns)) for name, entry in shelf.items()
        ]
        parts += [f"## {kind}\n", table(("id", "name", *(code(column) for column in columns)), rows)]
    sources = [
        (
            code(name),
            item.title,
            item.publisher,
            item.date,
            f"[link]({item.url})" if "://" in item.url else code(item.url),
        )
        for name, item in sorted(facts.sources().items())
    ]
    return "\n".join([*parts, "## sources\n", table(("id", "title", "publisher", "date", "where"), sources)])


def _columns(kind: str, entries: Sequence[Entry]) -> list[str]:
    """Choose the figures to show: those named above, else the first six that most entries have."""
    if kind in COLUMNS:
        return list(COLUMNS[kind])
    names = [name for name, field in type(entries[0]).model_fields.items() if Quantity in _leaves(field.annotation)]
    return [name for name in names if sum(name in entry.figures() for entry in entries) * 2 > len(entries)][:6]


def _figure(entry: Entry, column: str) -> str:
    """Say one figure; an estimate is marked."""
    figure = entry.figures().get(column)
    if figure is None:
        return ""
    return exactly(figure.value, figure.unit) + (" *" if figure.kind in ("estimate", "assumption") else "")


def exactly(value: float, unit: str) -> str:
    """Say a figure; counts with every digit, data rates in TB/s."""
    if unit == "bytes/s":
        return f"{value / 1e12:.4g} TB/s" if value >= 1e12 else f"{value / 1e9:.4g} GB/s"
    if unit in ("1", "GPU", "token") and value == int(value) and 1.0 <= value < 1e6:
        return f"{value:,.0f}"
    return say(value, unit)


def pages() -> dict[str, str]:
    """Return every generated page by its file name."""
    return {
        "cli.md": cli(),
        "metrics.md": metrics(),
        "units.md": unit_table(),
        "nomenclature.md": nomenclature(),
        "scenario.md": scenario(),
        "catalogue.md": catalogue(load()),
    }


def main() -> None:
    """Write the pages; an unchanged page keeps its date, so that Sphinx does not read it again."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
