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
        _list(as_json, kind, [shelf[each] for each in shelf])
    else:
        _one(as_json, kind, shelf[name], facts.sources())


# figures shown in the list of a kind; the whole entry shows them all
COLUMNS: dict[str, tuple[str, ...]] = {
    "accelerators": ("dense_flop_per_s.bf16", "hbm_bytes", "tdp_w", "system_w", "price_usd"),
    "networks": ("hop_latency_s", "efficiency_frac"),
    "models": ("total_parameters_count", "active_parameters_count"),
    "sites": ("planned_mw", "site_m2", "capex_usd"),
    "tariffs": ("energy_usd_per_mwh", "carbon_kg_per_mwh"),
    "plants": ("liquid_frac", "power_chain_efficiency_frac"),
    "reliability": ("failures_per_node_day", "restart_s", "checkpoint_write_s"),
    "repairs": ("detection_s", "automatic_repair_s", "hands_on_s", "swap_s"),
    "checkpoints": ("write_s", "interval_s", "local_every_s", "remote_every_s"),
    "workloads": ("gpus_count", "jobs_count", "mean_run_s", "mean_wait_s"),
    "costs": ("construction_usd_per_w", "construction_months", "lease_usd_per_mw_year"),
    "construction": ("construction_usd_per_w", "start_interval_days", "crew_cap_count"),
}
MANY_COLUMNS = 5  # from here on the id alone names an entry, so that a line fits


def _list(as_json: bool, kind: str, entries: list[Any]) -> None:
    """Show every entry of a kind with the figures that matter most."""
    from gigawatt.units import say

    columns = COLUMNS.get(kind, ())
    named = len(columns) < MANY_COLUMNS
    rows, listed = [], []
    for entry in entries:
        figures = entry.figures()
        shown = {column: figures.get(column) for column in columns}
        words = [say(figure.value, figure.unit) if figure else "-" for figure in shown.values()]
        if kind == "claims":
            words = [f"{figures['value'].value:g} {entry.unit}"]
        rows.append((entry.id, entry.name, *words) if named else (entry.id, *words))
        values = {column: figure.value if figure else None for column, figure in shown.items()}
        listed.append({"id": entry.id, "name": entry.name, "note": entry.note, **values})
    heads = (
        ["value"]
        if kind == "claims"
        else [column.split(".")[-1].rsplit("_", 1)[0].replace("_", " ") for column in columns]
    )
    _put(as_json, {"kind": kind}, {"entries": listed}, ("id", "name", *heads) if named else ("id", *heads), rows)


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

    words = {field: ", ".join(value) if isinstance(value, tuple) else str(value) for field, value in plain.items()}
    put(show_table(("field", "value"), list(words.items())))
    rows = [
        (path, in_words(figure), f"{figure.kind} {figure.as_of}", figure.source) for path, figure in figures.items()
    ]
    put(show_table(("figure", "value", "kind", "source"), rows))
    if notes := [(path, figure.note) for path, figure in figures.items() if figure.note]:
        put(show_table(("figure", "note"), notes))
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
