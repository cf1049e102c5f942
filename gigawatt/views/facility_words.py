"""An answer about a site in words and rows: what the terminal and the report both show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gigawatt.units import say, three_digits

Row = Sequence[str]
Table = tuple[Row, Sequence[Row]]  # headings, rows
CRITICAL_SHOWN = 5
LEAST_CRITICAL_FRAC = 0.01
LEAST_USD = 0.5  # worths below it are the solver's rounding
LEAST_SHOWN_FRAC = 1e-5  # of the peak: capacities below it are the solver's rounding
BUILD_MILESTONES = {"first_power": "first power", "gigawatt": "1 GW", "complete": "complete"}
LIMITS = {"power": "power", "buildings": "buildings", "racks": "racks"}


def _mw(value: float) -> str:
    """Say megawatts."""
    return say(value * 1e6, "W")


def _tonnes(value: float) -> str:
    """Say tonnes, of a large site millions of them."""
    scaled = ((1e6, "Mt"), (1e3, "kt"))
    return next((f"{three_digits(value / size)} {name}" for size, name in scaled if value >= size), say(value, "t"))


def percent(value: float) -> str:
    """Write a percentage."""
    return f"{three_digits(value)} %"


def headline(result: dict[str, Any]) -> str:
    """Name the site and its size."""
    site = result["site"]
    place = f", {site['place']}" if site["place"] and site["place"] != site["name"] else ""
    return (
        f"{site['name']}{place}: {_mw(result['facility_mw'])} at the meter carries {_mw(result['it_rated_mw'])} of IT"
    )


def conditions(result: dict[str, Any]) -> str:
    """Say under which conditions the figures hold."""
    site, load = result["site"], result["load"]
    grid = site["grid"] or "not named"
    return (
        f"plant {site['plant']}, spare units {site['redundancy']}, weather {site['weather']}, load {load['profile']} "
        f"at {100.0 * load['mean_frac']:.0f} % of the rating, tariff {site['tariff']}, grid {grid}"
    )


def figures(result: dict[str, Any]) -> Sequence[Row]:
    """Return the figures of the first screen: label, value, what it consists of."""
    pue, energy, cost, land = result["pue"], result["energy_mwh"], result["cost"], result["land"]
    carbon, gpus = result["carbon"], result["accelerators"]
    rows = [
        ("PUE", f"{pue['mean']:.3f}", f"p99 {pue['p99']:.3f}, max {pue['max']:.3f}, design day {pue['design']:.3f}"),
        (
            "Peak",
            _mw(result["peak_mw"]),
            f"on the design day; {_mw(result['peak_at_rating_mw'])} with IT at its rating",
        ),
        (
            "Energy a year",
            say(energy["total"], "MWh"),
            ", ".join(f"{name} {say(energy[name], 'MWh')}" for name in ("it", "cooling", "losses")).replace(
                "it", "IT", 1
            ),
        ),
        ("Water", f"{three_digits(result['wue_l_per_kwh'])} L/kWh", f"{_cubic(result['water_l']['total'])} a year"),
        (
            "Carbon a year",
            _tonnes(carbon["location_t"]),
            f"market {_tonnes(carbon['market_t'])}, hourly {_tonnes(carbon['hourly_t'])}; "
            f"{percent(carbon['carbon_free_pct'])} carbon-free hour by hour",
        ),
        ("Cost a year", say(cost["total_usd"], "USD"), _cost_parts(result)),
        (
            "Land",
            f"{three_digits(land['site_km2'])} km2",
            f"buildings {three_digits(land['building_km2'])} km2; "
            f"{percent(land['share_of_manhattan_pct'])} of Manhattan",
        ),
    ]
    if result["heat_reuse"]:
        heat = result["heat_reuse"]
        said = f"at {heat['delivered_c']:.0f} C; energy reuse effectiveness {heat['ere']:.3f}"
        rows.append(("Heat to others", say(heat["exported_mwh"], "MWh"), said))
    first = gpus["by_load"][0]
    rows.append((
        "Accelerators",
        say(first["fit_gpus"], "GPU"),
        f"{gpus['accelerator']}{_cap(gpus)} at nameplate, {first['total_w']:,.0f} W each at the meter",
    ))  # fmt: skip
    return rows


def _cubic(litres: float) -> str:
    """Say litres as cubic metres."""
    return say(litres / 1e3, "m3") if litres else "none"


def _cap(gpus: dict[str, Any]) -> str:
    """Say a power cap."""
    return f" capped at {gpus['power_cap_w']:,.0f} W" if gpus["power_cap_w"] else ""


def _cost_parts(result: dict[str, Any]) -> str:
    """Say what a year's cost consists of."""
    cost = result["cost"]
    building = "rent" if result["site"]["leased"] else "building and land"
    parts = [("power", cost["energy_usd"] + cost["demand_usd"]), ("upkeep", cost["upkeep_usd"]),
             (building, cost["building_usd"])]  # fmt: skip
    said = ", ".join(f"{name} {say(value, 'USD')}" for name, value in parts if value)
    return f"{said}; {cost['usd_per_it_mwh']:,.0f} USD per MWh of IT, GPUs left out"


def chain(result: dict[str, Any]) -> Table:
    """Return the power chain, from the meter to the chip."""
    where = {"trunk": "all", "cooling": "cooling", "site": "site", "it": "IT", "rack": "rack"}
    head = ("stage", "for", "rating", "spare", "loss", "design", "a year")
    rows = [
        (
            row["stage"], where[row["part"]], _mw(row["rating_mw"]), row["redundancy"] or "–",
            f"{row['loss_mean_pct']:.2f} %", f"{row['loss_design_pct']:.2f} %", say(row["energy_mwh"], "MWh"),
        )
        for row in result["power_chain"]
    ]  # fmt: skip
    return head, rows


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def months(result: dict[str, Any]) -> Table:
    """PUE, energy and water by calendar month."""
    head = ("month", "PUE", "energy", "cooling", "water", "L/kWh")
    wet = len(head) if result["water_l"]["total"] else len(head) - 2
    rows = [
        (
            MONTHS[row["month"] - 1], f"{row['pue']:.3f}", say(row["total_mwh"], "MWh"), say(row["cooling_mwh"], "MWh"),
            _cubic(row["water_l"]), three_digits(row["wue_l_per_kwh"]),
        )
        for row in result["by_month"]
    ]  # fmt: skip
    return head[:wet], [row[:wet] for row in rows]


def accelerators(result: dict[str, Any]) -> Table:
    """Watts at the meter per accelerator, and how many fit."""
    head = ("power counted on", "chip W", "server W", "overhead W", "at the meter W", "fit")
    rows = [
        (
            row["counted_on"], f"{row['chip_w']:,.0f}", f"{row['rest_of_server_w']:,.0f}", f"{row['overhead_w']:,.0f}",
            f"{row['total_w']:,.0f}", f"{row['fit_gpus']:,}",
        )
        for row in result["accelerators"]["by_load"]
    ]  # fmt: skip
    return head, rows


def swing_words(result: dict[str, Any]) -> str:
    """Say how the load swings."""
    found = result["dynamics"]
    bands = ", ".join(f"{_mw(value)} in the {name} band" for name, value in found["bands_mw"].items())
    return (
        f"In step, training swings by {_mw(found['swing_mw'])} of IT power every {found['step_s']:g} s "
        f"({_mw(found['low_mw'])} to {_mw(found['high_mw'])}), {bands}; a stop of all jobs drops "
        f"{_mw(found['stop_mw'])}. Step and shape are assumptions."
    )


def smoothing(result: dict[str, Any]) -> Table:
    """Say what a store leaves of the swing, and what it must be."""
    head = ("time constant", "swing left", "steepest ramp", "store", "converters")
    rows = [
        (
            f"{row['tau_s']:g} s", _mw(row["swing_mw"]), f"{three_digits(row['ramp_mw_per_s'])} MW/s",
            say(row["store_mwh"], "MWh"), _mw(row["rating_mw"]),
        )
        for row in result["dynamics"]["smoothed"]
    ]  # fmt: skip
    return head, rows


def remedies(result: dict[str, Any]) -> Table:
    """Say what keeps the limit that was given."""
    head = ("remedy", "keeps it", "and a stop", "swing left", "store", "converters", "floor", "burns", "capex")
    rows = [
        (
            row["remedy"], _yes(row["keeps_limit"]), _yes(row["keeps_stop"]), _mw(row["swing_mw"]),
            say(row["store_mwh"], "MWh") if row["store_mwh"] else "–",
            *(_mw(row[name]) if row[name] else "–" for name in ("rating_mw", "floor_mw", "extra_mw")),
            say(row["capex_usd"], "USD") if row["capex_usd"] else "–",
        )
        for row in result["dynamics"]["remedies"]
    ]  # fmt: skip
    return head, rows


def _yes(value: bool) -> str:
    """Yes or no."""
    return "yes" if value else "no"


def build_words(result: dict[str, Any]) -> str:
    """Say what is built, and how power comes."""
    build = result["build"]
    sizes = build["buildings_mw"]
    power = ", ".join(f"{item['path']} {_mw(item['mw'])}" for item in build["power"])
    start = f"from {build['cleared']}" if build["cleared"] else "in days from clearing"
    crew = f"at most {build['peak_crew']:,.0f} people" if build["peak_crew"] else ""
    return f"{len(sizes)} x {_mw(sizes[0])}, power by {power}, {start}; {crew}"


def build(result: dict[str, Any]) -> Table:
    """Milestones of the build schedule."""
    found = result["build"]
    head = ("milestone", "P10", "P50", "P90", "comes last", "on the critical path")
    rows = []
    for name, words in BUILD_MILESTONES.items():
        row = found[name]
        if row is None:
            continue
        dated = [row[at] or f"{row[f'{at}_days']:,.0f} d" for at in ("p10", "p50", "p90")]
        last = max(row["limit_frac"], key=row["limit_frac"].__getitem__)
        chains = [item for item in row["criticality_frac"].items() if item[1] >= LEAST_CRITICAL_FRAC][:CRITICAL_SHOWN]
        rows.append((
            words, *dated, f"{last} {row['limit_frac'][last]:.0%}",
            ", ".join(f"{stage} {share:.0%}" for stage, share in chains),
        ))  # fmt: skip
    return head, rows


def supply(result: dict[str, Any]) -> Table:
    """Capacities, energy and cost of a supply by part."""
    found = result["supply"]
    served = result["energy_mwh"]["total"]
    head = ("part", "capacity", "energy a year", "of demand", "spilled", "cost a year")
    rows = []
    parts = {**found["capacity_mw"], **({"grid": found["grid_mw"]} if found["grid_mw"] else {})}
    for name, capacity in parts.items():
        if capacity < LEAST_SHOWN_FRAC * result["peak_mw"]:
            continue
        energy = found["energy_mwh"][name]
        spilled = found["spilled_mwh"].get(name, 0.0)
        cost = sum(value for part, value in found["cost_usd"].items() if part.startswith(f"{name}."))
        hours = found["storage_mwh"].get(name)
        rows.append((
            name, _mw(capacity) + (f", {say(hours, 'MWh')}" if hours else ""), say(energy, "MWh"),
            f"{100.0 * energy / served:.1f} %", say(spilled, "MWh") if spilled > 1.0 else "–", say(cost, "USD"),
        ))  # fmt: skip
    return head, rows


def supply_figures(result: dict[str, Any]) -> Sequence[Row]:
    """Say what a supply costs, how clean and how firm it is, what binds."""
    found = result["supply"]
    prices, carbon, certificate = found["shadow_prices"], found["carbon"], found["certificate"]
    rows = [
        ("levelised cost", f"{found['lcoe_usd_per_mwh']:.1f} USD/MWh", f"{say(found['total_usd'], 'USD')} a year"),
        ("carbon-free, hour by hour", percent(found["carbon_free_score_pct"]),
         f"location {_tonnes(carbon['location_t'])}, market {_tonnes(carbon['market_t'])}, on site "
         f"{_tonnes(carbon['onsite_t'])} a year"),
        ("one more MWh", f"{prices['power_mean_usd_per_mwh']:.0f} USD/MWh",
         f"mean over the hours; p99 {prices['power_p99_usd_per_mwh']:,.0f}"),
    ]  # fmt: skip
    if found["grid_mw"]:
        worth = prices["grid_usd_per_mw_year"]
        rows.append(("one more MW of grid", f"{say(worth, 'USD')} a year" if worth > LEAST_USD else "–", "saved"))
    rows += [
        (f"relaxing {name}", f"{three_digits(value)} USD", "saved per MWh, per t for carbon")
        for name, value in prices["rules_usd"].items()
        if value > LEAST_USD
    ]
    rows.append(
        ("not served", say(found["unserved_mwh"], "MWh"), "with every plant as available as its kind on average")
    )
    if found["loss_of_load_h"] is not None:
        rows.append((
            "by outages of units", f"{three_digits(found['loss_of_load_h'])} h a year",
            f"{say(found['expected_unserved_mwh'], 'MWh')} expected not to be served",
        ))  # fmt: skip
    rows += [
        (
            f"starts of {name}",
            f"{three_digits(starts)} a year",
            f"of all of it; {say(found['cost_usd'].get(f'{name}.starts', 0.0), 'USD')}",
        )
        for name, starts in found["starts"].items()
        if starts > 0.0
    ]
    for name, firm in found["firm"].items():
        rows.append((
            "with one unit to spare", f"{firm['units']} {name}",
            f"{_mw(firm['nameplate_mw'])}; {firm['needed_units']} must run, "
            f"and do in {100.0 * firm['availability_frac']:.2f} % of the hours",
        ))  # fmt: skip
    how = "every hour" if certificate["steps"] >= 8760 else f"{certificate['steps']:,} joined hours"
    rows.append(("sized on", how, f"cost {abs(certificate['gap_pct']):.2f} % above what it promised"))
    return rows


def bridge_words(result: dict[str, Any]) -> str:
    """Say what bridging takes."""
    found = result["bridge"]
    if not found["most_units"]:
        return f"Nothing to bridge until {found['grid_month']}: no building has power to use before."
    return (
        f"Until the grid comes ({found['grid_month']}): at most {found['most_units']:,} {found['unit']}, "
        f"{_mw(found['nameplate_mw'])}, for {say(found['energy_mwh'], 'MWh')} at "
        f"{found['cost_usd_per_mwh']:.0f} USD/MWh, "
        f"{say(found['cost_usd'], 'USD')} in all, {_tonnes(found['carbon_t'])} of CO2."
    )


def bridge(result: dict[str, Any]) -> Table:
    """Bridging by quarter."""
    head = ("month", "can use", "units", "they serve", "unmet", "cost")
    rows = [
        (
            row["month"], _mw(row["demand_mw"]), f"{row['units']}", _mw(row["served_mw"]), _mw(row["unmet_mw"]),
            say(row["cost_usd"], "USD"),
        )
        for row in result["bridge"]["by_month"]
        if row["demand_mw"] > 0.0
    ]  # fmt: skip
    return head, rows[::3]
