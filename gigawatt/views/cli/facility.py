"""One site: from meter to chip, hour by hour, its water, money, land, ramps, building time and supply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli import shell
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, put_json, quantity, say_aside

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue
    from gigawatt.planning.facility import FacilityAnswer
    from gigawatt.planning.facility.supply import SupplyAsk

EXAMPLE = "Example: gigawatt facility stargate-abilene --accelerator gb200-nvl72 --supply sized --carbon-free 80%"


def run(
    site: Annotated[str, typer.Argument(help="Site of the catalogue, or a YAML file that describes one's own.")],
    it_mw: Annotated[
        str | None, typer.Option("--it-mw", help="IT rating, for example 100; what the site's power carries else.")
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="Take the power that the site has by this month, for example 2026-07.")
    ] = None,
    plant: Annotated[
        str | None, typer.Option(help="Cooling and power plant of the catalogue; the site's else.")
    ] = None,
    redundancy: Annotated[
        str | None, typer.Option(help="Spare units behind the trunk: none, N, N+1, 2N, 4-to-make-3, block-redundant.")
    ] = None,
    load: Annotated[
        str,
        typer.Option(
            metavar="LOAD|FILE",
            help="training, serving, mixed, a flat share of the rating such as 0.8, or a file of hours (it_mw).",
        ),
    ] = "training",
    weather: Annotated[
        str | None, typer.Option(metavar="FILE|STATION", help="EPW, TMY3, PVGIS, CSV, Parquet, or a station's id.")
    ] = None,
    accelerator: Annotated[
        str | None, typer.Option(help="Kind whose watts and number are shown; gb200-nvl72 if not given.")
    ] = None,
    gpus: Annotated[
        str | None, typer.Option(help="So many of them: the IT rating is theirs, for example 100k.")
    ] = None,
    power_cap: Annotated[str | None, typer.Option(help="Cap of each accelerator, for example 960W.")] = None,
    step_time: Annotated[str, typer.Option(help="Time of a training step, for the swing of the load.")] = "2s",
    ramp_limit: Annotated[
        str | None, typer.Option(help="Ramp that the utility allows in a minute, for example 50MW: adds remedies.")
    ] = None,
    swing_limit: Annotated[str | None, typer.Option(help="Repeated swing that it allows, for example 20MW.")] = None,
    cleared: Annotated[str | None, typer.Option(help="Day on which clearing the land starts, 2025-06.")] = None,
    path: Annotated[
        str | None,
        typer.Option(
            help="How power comes: grid-new, grid-existing, onsite-gas, onsite-gas-reserved, reciprocating, "
            "mobile-gas; several as 'mobile-gas 150 MW, grid-new'."
        ),
    ] = None,
    buildings: Annotated[str | None, typer.Option(help="Such as '4 x 250 MW', or a number of equal ones.")] = None,
    retrofit: Annotated[bool, typer.Option("--retrofit", help="The shells stand already.")] = False,
    bridge: Annotated[
        str | None,
        typer.Option(metavar="MONTH", help="Rented turbines until the grid comes in 2028-12, or after 30 months."),
    ] = None,
    supply: Annotated[
        str, typer.Option(metavar="grid|sized|FILE", help="From the grid, sized at least cost, or as a file says.")
    ] = "grid",
    grid_mw: Annotated[
        str | None, typer.Option("--grid-mw", help="Grid contract of a sized supply; 0 is an island. All else.")
    ] = None,
    carbon_free: Annotated[
        str | None, typer.Option(help="Least hourly carbon-free share of a sized supply, for example 90%.")
    ] = None,
    gas_cap: Annotated[str | None, typer.Option(help="Most energy from gas, of demand, for example 30%.")] = None,
    full: Annotated[
        bool, typer.Option("--full/--coarse", help="Size on all hours, or on 1,500 joined ones (default).")
    ] = False,
    commitment: Annotated[
        bool, typer.Option("--commitment", help="Gas plants with minimum load, starts and part load; slower.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws of the build schedule.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.html, facility.json and hours.parquet there.")
    ] = None,
    hours: Annotated[bool, typer.Option("--hours", help="Put the 8,760 hours into the JSON document.")] = False,
    overlays: Overlays = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Say everything of a site: power chain, PUE, water, carbon, cost, land, ramps, build schedule, supply."""
    from gigawatt.catalogue import load as load_catalogue
    from gigawatt.planning.facility import facility

    catalogue = load_catalogue(tuple(overlays or ()))
    asked: dict[str, Any] = {
        "it_mw": shell.power("--it-mw", it_mw, "MW") / 1e6 if it_mw else None,
        "gpus": round(quantity("--gpus", gpus, "GPU", 1.0)) if gpus else None,
        "power_cap_w": float(shell.power_cap(power_cap) or 0.0),
        "step_s": quantity("--step-time", step_time, "s", 1e-3),
        "supply": _supply(catalogue, supply, grid_mw, carbon_free, gas_cap, full=full, commitment=commitment),
        "plant": plant, "redundancy": redundancy, "load": load, "weather": weather, "month": month or "",
        "bridge": bridge or "", "cleared": cleared or "", "path": path or "", "buildings": buildings or "",
        "retrofit": retrofit, "seed": seed,
    }  # fmt: skip
    if accelerator:
        asked["accelerator"] = accelerator
    if ramp_limit:
        asked["ramp_w_per_s"] = shell.power("--ramp-limit", ramp_limit, "MW") / 60.0
    if swing_limit:
        asked["swing_w"] = shell.power("--swing-limit", swing_limit, "MW")
    with shell.waiting("sizing the supply", quiet=quiet or not asked["supply"]):
        answer = facility(catalogue, site, **asked)
    inputs = {
        "site": site, "it_mw": it_mw, "month": month, "plant": plant, "redundancy": redundancy, "load": load,
        "weather": weather, "accelerator": answer.gpus.accelerator, "gpus": gpus, "power_cap": power_cap,
        "step_time": step_time, "ramp_limit": ramp_limit, "swing_limit": swing_limit, "cleared": cleared,
        "path": path, "buildings": buildings, "retrofit": retrofit, "bridge": bridge, "supply": supply,
        "grid_mw": grid_mw, "carbon_free": carbon_free, "gas_cap": gas_cap, "full": full,
        "commitment": commitment, "seed": seed,
    }  # fmt: skip
    _put(answer, inputs, catalogue=catalogue, out=out, hours=hours, quiet=quiet, as_json=as_json)


def _supply(
    catalogue: Catalogue,
    text: str,
    grid_mw: str | None,
    carbon_free: str | None,
    gas_cap: str | None,
    *,
    full: bool,
    commitment: bool,
) -> SupplyAsk | None:
    """Read what the supply may be; None for the grid alone."""
    from dataclasses import replace

    from gigawatt.planning.facility.supply import SupplyAsk, read_supply

    if text == "grid":
        if grid_mw or carbon_free or gas_cap or commitment:
            message = "--grid-mw, --carbon-free, --gas-cap and --commitment are for a sized supply; add --supply sized"
            raise InputError(message)
        return None
    ask = SupplyAsk() if text == "sized" else read_supply(Path(text), catalogue)
    if grid_mw is not None:
        ask = replace(ask, grid_w=shell.power("--grid-mw", grid_mw, "MW"))
    if carbon_free is not None:
        ask = replace(ask, carbon_free_frac=_share("--carbon-free", carbon_free))
    if gas_cap is not None:
        ask = replace(ask, gas_frac=_share("--gas-cap", gas_cap))
    return replace(ask, commitment=commitment, steps_count=0 if full else ask.steps_count)


def _share(option: str, text: str) -> float:
    """Read a share from 0 to 1."""
    value = quantity(option, text, "1", 0.0)
    if value > 1.0:
        message = f'{option}: {text} is above the whole; write a share, as in 0.9 or "90 %"'
        raise InputError(message)
    return value


def _put(
    answer: FacilityAnswer,
    inputs: dict[str, Any],
    *,
    catalogue: Catalogue,
    out: Path | None,
    hours: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Print the answer, as a document or as tables, and write its files."""
    from gigawatt.planning.document import dumps, envelope, package_version
    from gigawatt.planning.facility.record import facility_record, hours_columns, write_hours
    from gigawatt.planning.figures import used_figures

    result = facility_record(answer)
    if hours:
        result["hours"] = hours_columns(answer)
    document = envelope("facility", package_version(), inputs, result, used_figures(answer.figures))
    if out is not None:
        from gigawatt.planning.run_folders import recorded
        from gigawatt.planning.store import write_atomically
        from gigawatt.views.report.facility import write_facility

        with recorded(out, "facility", inputs["site"], inputs=inputs, seed=inputs["seed"]):
            write_hours(answer, out)
            write_facility(answer, out / "report.html", package_version(), catalogue)
            write_atomically(out / "facility.json", dumps(document))
        say_aside(f"report: {out / 'report.html'}", quiet)
    if as_json:
        put_json(document)
        return
    from gigawatt.views.cli.facility_tables import show

    show(answer, result)
