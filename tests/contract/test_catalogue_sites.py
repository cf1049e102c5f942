"""Every site, tariff, plant, fleet record and cost model is whole, and every figure and source traceable."""

from __future__ import annotations

import csv
import itertools
import math
import re
from pathlib import Path
from typing import get_args

import pytest

from gigawatt.catalogue import KINDS, load
from gigawatt.catalogue.schema import Plant
from gigawatt.catalogue.store import DATA
from gigawatt.engines.facility.power_chain import design_chain, path_efficiency_frac
from gigawatt.records import Month, Quantity

CATALOGUE = load()
SOURCES = CATALOGUE.sources()
MINE = ("sites", "tariffs", "plants", "reliability", "costs", "construction", "claims")
SITES = sorted(CATALOGUE.sites)
REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"
# sites whose energised power may fall, and why
MAY_FALL = {"colossus-1": "GPUs moved to Colossus 2 in September 2025"}
# last day up to which the power of a site is observed rather than projected
OBSERVED_UNTIL = Month(2025, 12)
# places that stand for many, whose note says so
AGGREGATES = {"meta-other-us", "microsoft-fleet", "coreweave-fleet", "stargate-oracle"}


def all_figures() -> list[tuple[str, str, str, Quantity]]:
    return [
        (kind, name, path, figure)
        for kind in MINE
        for name in CATALOGUE.shelf(kind)
        for path, figure in CATALOGUE.shelf(kind)[name].figures().items()
    ]


FIGURES = all_figures()


@pytest.mark.parametrize("kind", MINE)
def test_every_entry_loads_under_its_own_id(kind: str) -> None:
    shelf = CATALOGUE.shelf(kind)
    assert len(shelf) > 0
    for name in shelf:
        assert shelf[name].id == name
        assert re.fullmatch(r"[a-z0-9.]+(-[a-z0-9.]+)*", name), name


@pytest.mark.parametrize("kind", MINE)
def test_no_id_is_written_twice(kind: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (DATA / kind).glob("*.yaml"))
    written = re.findall(r"^\s+- (?:\{)?id: ([a-z0-9.-]+)", text, re.MULTILINE)
    assert len(written) == len(set(written))


def test_every_figure_names_a_source_of_the_bibliography() -> None:
    assert {figure.source for *_, figure in FIGURES} <= set(SOURCES)


def test_every_entry_names_only_sources_of_the_bibliography() -> None:
    for kind in MINE:
        for name in CATALOGUE.shelf(kind):
            entry = CATALOGUE.shelf(kind)[name]
            assert entry.sources or kind == "claims", f"{kind}/{name}"  # a claim is one figure with its own source
            assert set(entry.sources) <= set(SOURCES), f"{kind}/{name}"


def test_what_nobody_published_is_not_called_published() -> None:
    own = [(kind, name, path) for kind, name, path, figure in FIGURES if figure.source == "gigawatt-estimate"]
    assert own
    for kind, name, path, figure in FIGURES:
        if figure.source == "gigawatt-estimate":
            assert figure.kind in ("estimate", "assumption", "derived"), f"{kind}/{name}: {path}"


def test_every_figure_is_dated_and_finite() -> None:
    for kind, name, path, figure in FIGURES:
        assert re.match(r"20\d\d", figure.as_of), f"{kind}/{name}: {path}"
        assert all(math.isfinite(value) for value in (figure.low, figure.value, figure.high))
        assert figure.low <= figure.value <= figure.high


def test_every_source_says_what_who_where_and_when() -> None:
    for name, source in SOURCES.items():
        assert source.title, name
        assert source.publisher, name
        assert re.match(r"https?://|docs/|gigawatt/", source.url), name
        assert re.match(r"(19|20)\d\d", source.date), name


def test_no_source_is_idle() -> None:
    used = {figure.source for kind in KINDS for figure in _figures_of(kind)}
    used |= {
        source for kind in KINDS for name in CATALOGUE.shelf(kind) for source in CATALOGUE.shelf(kind)[name].sources
    }
    used |= {CATALOGUE.outline(name).source for name in CATALOGUE.outlines()}
    elsewhere = [DATA / "weather" / "README.md", *(REPOSITORY / "gigawatt").rglob("*.yaml")]
    elsewhere += [*(REPOSITORY / "gigawatt" / "validation").rglob("*.csv")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in elsewhere if path.name != "sources.yaml")
    words = set(re.findall(r"[a-z0-9]+(?:[-.][a-z0-9]+)+", text))
    assert set(SOURCES) - used - words == set()


def _figures_of(kind: str) -> list[Quantity]:
    shelf = CATALOGUE.shelf(kind)
    return [figure for name in shelf for figure in shelf[name].figures().values()]


def test_credit_where_a_licence_asks_for_it() -> None:
    for name in ("epoch-frontier-data-centers", "epoch-gpu-clusters", "epoch-ai-chip-counts", "epoch-gw-breakdown"):
        assert "CC" in SOURCES[name].licence, name


# --- sites -----------------------------------------------------------------------------------------------


def test_there_are_enough_real_sites() -> None:
    assert len([name for name in SITES if not name.startswith("generic-") and name not in AGGREGATES]) >= 15


@pytest.mark.parametrize("name", SITES)
def test_a_site_finds_its_weather_tariff_and_plant(name: str) -> None:
    site = CATALOGUE.sites[name]
    assert site.weather in CATALOGUE.weather_stations()
    assert site.tariff in CATALOGUE.tariffs
    assert site.plant in CATALOGUE.plants
    assert -90.0 <= site.latitude <= 90.0
    assert -180.0 <= site.longitude <= 180.0


@pytest.mark.parametrize("name", SITES)
def test_power_is_never_negative_and_falls_only_where_a_note_says_why(name: str) -> None:
    power = sorted((Month.parse(month), figure.value) for month, figure in CATALOGUE.sites[name].facility_mw.items())
    assert power[0][1] >= 0.0
    falls = [month for (_, before), (month, after) in itertools.pairwise(power) if after < before]
    if name in MAY_FALL:
        assert len(falls) == 1
        assert CATALOGUE.sites[name].facility_mw[str(falls[0])].note
    else:
        assert falls == []


@pytest.mark.parametrize("name", SITES)
def test_projected_power_is_called_an_estimate(name: str) -> None:
    for month, figure in CATALOGUE.sites[name].facility_mw.items():
        if Month.parse(month) > OBSERVED_UNTIL:
            assert figure.kind in ("estimate", "assumption"), month
            assert figure.is_range or figure.value == 0.0, month


@pytest.mark.parametrize("name", SITES)
def test_a_site_is_planned_for_what_it_reaches(name: str) -> None:
    site = CATALOGUE.sites[name]
    if site.planned_mw is not None:
        assert max(figure.value for figure in site.facility_mw.values()) <= site.planned_mw.high * (1.0 + 1e-9)


@pytest.mark.parametrize("name", SITES)
def test_land_and_floor_are_large_enough_for_the_power(name: str) -> None:
    site = CATALOGUE.sites[name]
    most_w = 1e6 * max(figure.value for figure in site.facility_mw.values())
    if site.site_m2 is not None:
        assert 10.0 <= most_w / site.site_m2.value <= 500.0  # W per m2 of land
    if site.building_m2 is not None:
        assert 800.0 <= most_w / site.building_m2.value <= 16_000.0  # facility W per m2 of floor
        if site.site_m2 is not None:
            assert site.building_m2.value < site.site_m2.value


@pytest.mark.parametrize("name", SITES)
def test_announced_money_is_of_the_order_of_the_power(name: str) -> None:
    site = CATALOGUE.sites[name]
    if site.capex_usd is not None:
        power_w = 1e6 * max([figure.value for figure in site.facility_mw.values()])
        assert 1.0 <= site.capex_usd.value / power_w <= 16.0 or name == "helios-tx"  # its capex is of the first phase


def test_a_stand_in_for_many_places_says_so() -> None:
    for name in AGGREGATES:
        assert "aggregate, not a place" in CATALOGUE.sites[name].note


def test_hyperion_covers_a_sixth_of_manhattan() -> None:
    hyperion = CATALOGUE.sites["hyperion-la"]
    assert hyperion.site_m2 is not None
    assert hyperion.site_m2.value / 1e6 == pytest.approx(9.1, abs=0.02)
    share = hyperion.site_m2.value / 1e6 / CATALOGUE.outline("manhattan").area_km2
    assert share == pytest.approx(0.166, abs=0.0005)
    assert hyperion.leased


def test_published_power_of_prometheus_and_abilene() -> None:
    prometheus = CATALOGUE.sites["prometheus-oh"].facility_mw
    assert [prometheus[month].value for month in ("2025-02", "2025-11", "2026-10")] == [319.0, 691.0, 1360.0]
    abilene = CATALOGUE.sites["stargate-abilene"]
    assert abilene.facility_mw["2026-07"].value == 1180.0
    assert abilene.building_m2 is not None
    assert abilene.building_m2.value == pytest.approx(360_434, rel=1e-4)  # 3,879,680 square feet


@pytest.mark.skipif(not SHARED.exists(), reason="../shared with the published tables is not here")
def test_sites_match_the_published_table_of_frontier_campuses() -> None:
    ours = {
        "Meta Prometheus New Albany Ohio": "prometheus-oh",
        "Amazon Canton Mississippi": "canton-ms",
        "Anthropic-Amazon Project Rainier New Carlisle Indiana": "rainier-in",
        "Google New Albany Ohio": "google-new-albany-oh",
        "Google Omaha Nebraska": "google-omaha-ne",
        "Google Mayes County Oklahoma": "google-mayes-ok",
        "Microsoft Fairwater Fayetteville Georgia": "fairwater-atlanta",
        "OpenAI-Oracle Stargate Abilene Texas": "stargate-abilene",
        "xAI Colossus 1 Memphis Tennessee": "colossus-1",
    }
    with (SHARED / "validation" / "epoch_frontier_data_centers.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["site"] in ours and row["projected"] == "0"]
    latest = {(row["site"], row["date"][:7]): float(row["power_mw"]) for row in rows}
    assert len(latest) > 30
    for (site, month), power_mw in latest.items():
        steps = CATALOGUE.sites[ours[site]].facility_mw
        held = [steps[step].value for step in sorted(steps) if step <= month]
        assert (held[-1] if held else 0.0) == power_mw, (site, month)


# --- tariffs, plants, fleets, costs ----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CATALOGUE.tariffs))
def test_a_tariff_is_within_what_industry_pays(name: str) -> None:
    tariff = CATALOGUE.tariffs[name]
    assert tariff.energy_usd_per_mwh.low >= 30.0
    assert tariff.energy_usd_per_mwh.high <= 250.0
    assert tariff.energy_usd_per_mwh.is_range
    assert tariff.carbon_kg_per_mwh.low > 0.0
    assert tariff.carbon_kg_per_mwh.high <= 1000.0  # a coal plant


@pytest.mark.skipif(not SHARED.exists(), reason="../shared with the grid tables is not here")
def test_carbon_is_the_mean_over_the_hours_of_the_grid() -> None:
    areas = {
        "ercot": "ERCO", "pjm-virginia": "PJM", "aep-ohio": "PJM", "entergy-la": "MISO", "georgia-power": "SOCO",
        "aps-phoenix": "AZPS", "caiso": "CISO", "nyiso": "NYIS", "bonneville": "BPAT",
    }  # fmt: skip
    with (SHARED / "grid" / "ba_summary_2022.csv").open(encoding="utf-8") as file:
        mean = {row["ba"]: float(row["ci_mean"]) for row in csv.DictReader(file)}
    for tariff, area in areas.items():
        assert CATALOGUE.tariffs[tariff].carbon_kg_per_mwh.value == pytest.approx(mean[area], abs=0.06), tariff


@pytest.mark.parametrize("name", sorted(CATALOGUE.plants))
def test_a_plant_is_physically_possible(name: str) -> None:
    plant = CATALOGUE.plants[name]
    stated = plant.power_chain_efficiency_frac
    if stated is None:  # then the named chain's own losses hold
        best = path_efficiency_frac(design_chain(1.0, 0.0, plant.power_chain, plant.redundancy))
    else:
        assert stated.low <= stated.high
        best = stated.high
    assert 0.88 <= (best if stated is None else stated.low) <= best <= 0.985
    assert 0.0 <= plant.liquid_frac.low <= plant.liquid_frac.high <= 1.0
    assert 0.0 <= plant.overhead_frac.low <= plant.overhead_frac.high <= 0.05
    assert (plant.liquid_supply_c is not None) == plant.cooling.startswith("liquid")
    assert plant.air_supply_c is not None
    assert plant.air_supply_c.low >= 15.0
    assert plant.air_supply_c.high <= 32.0
    # before any cooling: chain and overhead alone must leave room below the best PUE that is published
    assert 1.0 / best + plant.overhead_frac.low < 1.12


def test_every_kind_of_cooling_has_a_plant() -> None:
    kinds = {CATALOGUE.plants[name].cooling for name in CATALOGUE.plants}
    assert kinds == set(get_args(Plant.model_fields["cooling"].annotation))


def test_llama_3_failures_are_those_of_its_table() -> None:
    record = CATALOGUE.reliability["meta-llama3-h100"]
    assert record.failures_per_node_day.value == pytest.approx(419 / (2048 * 54), rel=1e-3)
    assert sum(figure.value for figure in record.causes_frac.values()) == pytest.approx(1.0, abs=1e-5)
    assert record.causes_frac["faulty-gpu"].value == pytest.approx(148 / 419, abs=1e-6)
    assert record.planned_stops_per_day is not None
    assert record.planned_stops_per_day.value * 54 == pytest.approx(47, abs=0.05)


def test_research_cluster_rate_projects_as_its_paper_does() -> None:
    rate = CATALOGUE.reliability["meta-rsc1"].failures_per_node_day.value
    assert 24.0 / (2048 * rate) == pytest.approx(1.8, abs=0.01)
    assert 24.0 / (16384 * rate) == pytest.approx(0.23, abs=0.01)


@pytest.mark.parametrize("name", sorted(CATALOGUE.reliability))
def test_a_fleet_record_is_plausible(name: str) -> None:
    record = CATALOGUE.reliability[name]
    assert 0.0005 <= record.failures_per_node_day.value <= 0.03
    assert 0.0 <= record.checkpoint_write_s.value < record.restart_s.value
    if record.causes_frac:
        assert sum(figure.value for figure in record.causes_frac.values()) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("name", sorted(CATALOGUE.costs))
def test_a_cost_model_is_within_what_is_published(name: str) -> None:
    costs = CATALOGUE.costs[name]
    assert costs.construction_usd_per_w.low >= 5.0
    assert costs.construction_usd_per_w.high <= 20.0
    assert costs.construction_usd_per_w.is_range
    assert 3.0 <= costs.construction_months.value <= 48.0
    # rent must carry the landlord's building at 5 to 20 % a year
    yield_frac = costs.lease_usd_per_mw_year.value / (costs.construction_usd_per_w.value * 1e6)
    assert 0.05 <= yield_frac <= 0.20


def test_epoch_gigawatt_adds_up() -> None:
    costs = CATALOGUE.costs["epoch-2026"]
    pue = 1.10
    facility_usd = costs.construction_usd_per_w.value * pue * 1e9
    it_usd = 38e9 - facility_usd
    assert it_usd == pytest.approx(25.5e9, rel=0.02)

    def annuity(life_years: float, rate: float = 0.07) -> float:
        return rate / (1.0 - (1.0 + rate) ** -life_years)

    for it_life, published_usd in ((3, 12e9), (5, 8.5e9), (7, 7e9)):
        annual = it_usd * annuity(it_life) + facility_usd * annuity(14) + 0.9e9
        assert annual == pytest.approx(published_usd, rel=0.05)
    assert costs.facility_opex_usd_per_mw_year is not None
    beside_energy = costs.maintenance_frac.value * it_usd + 1e3 * pue * (
        costs.staff_usd_per_mw_year.value + costs.facility_opex_usd_per_mw_year.value
    )
    assert beside_energy == pytest.approx(0.3e9, rel=0.05)


def test_colossus_conversion_is_what_the_model_of_its_publisher_says() -> None:
    costs = CATALOGUE.costs["colossus-retrofit"].construction_usd_per_w
    for claim in ("2024-09", "2025-02"):
        built = CATALOGUE.claims[f"xai-colossus-1-construction-cost-{claim}"].value.value * 1e9
        power = CATALOGUE.claims[f"xai-colossus-1-facility-power-{claim}"].value.value * 1e6
        assert costs.low <= built / power <= costs.high
