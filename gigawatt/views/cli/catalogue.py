"""Browse the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gigawatt.views.cli.shell import AsJson, Overlays, put, put_json

EXAMPLE = "Example: gigawatt catalogue accelerators gb200-nvl72"


def run(
    kind: Annotated[
        str | None, typer.Argument(help="accelerators, models, sites, tariffs, ...; all kinds if not given.")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="Id of one entry.")] = None,
    overlays: Overlays = None,
    as_json: AsJson = False,
) -> None:
    """Show accelerators, models, sites, prices and rates, each figure with its source."""
    from gigawatt.catalogue import KINDS, load

    facts = load(tuple(overlays or ()))
    if kind is None:
        rows = [(each, str(len(facts.shelf(each)))) for each in KINDS]
        _put(as_json, {}, {"kinds": dict(rows)}, ("kind", "entries"), rows)
        return
    shelf = facts.shelf(kind)
    if name is None:
        entries = [shelf[each] for each in shelf]
        rows = [(entry.id, entry.name, entry.note) for entry in entries]
        listed = [{"id": entry.id, "name": entry.name, "note": entry.note} for entry in entries]
        _put(as_json, {"kind": kind}, {"entries": listed}, ("id", "name", "note"), rows)
        return
    _one(as_json, kind, shelf[name], facts.sources())


def _one(as_json: bool, kind: str, entry: Any, sources: dict[str, Any]) -> None:
    """Show one entry with every figure's range and source."""
    from dataclasses import asdict

    from gigawatt.scenario.resolve import in_words

    figures = entry.figures()
    plain = {
        field: value
        for field in type(entry).model_fields
        if (value := getattr(entry, field)) not in (None, "", (), {})
        and not any(key.split(".")[0] == field for key in figures)
    }
    used = list(dict.fromkeys([figure.source for figure in figures.values()] + list(entry.sources)))
    bibliography = {each: sources[each].model_dump() for each in used if each in sources}
    if as_json:
        result = {"plain": plain, "figures": {path: asdict(figure) for path, figure in figures.items()}}
        _put(True, {"kind": kind, "name": entry.id}, result, (), [], list(bibliography.values()))
        return
    from gigawatt.views.terminal import show_table

    put(show_table(("field", "value"), [(field, str(value)) for field, value in plain.items()]))
    rows = [
        (path, in_words(figure), figure.kind, figure.as_of, figure.source, figure.note)
        for path, figure in figures.items()
    ]
    put(show_table(("figure", "value", "kind", "as of", "source", "note"), rows))
    put(
        show_table(
            ("source", "title", "url"), [(each, item["title"], item["url"]) for each, item in bibliography.items()]
        )
    )


def _put(
    as_json: bool,
    inputs: Any,
    result: Any,
    heads: tuple[str, ...],
    rows: list[Any],
    provenance: list[Any] | None = None,
) -> None:
    """Print a document or a table."""
    if as_json:
        from gigawatt.planning.document import envelope
        from gigawatt.planning.pipeline import package_version

        put_json(envelope("catalogue", package_version(), inputs, result, provenance or []))
        return
    from gigawatt.views.terminal import show_table

    put(show_table(heads, rows))
