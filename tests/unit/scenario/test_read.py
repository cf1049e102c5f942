"""Reading: names, files, standard input, extends, settings, origins."""

from __future__ import annotations

import io
import sys
from dataclasses import FrozenInstanceError
from types import SimpleNamespace

import pytest

from gigawatt.errors import ScenarioError
from gigawatt.records import Month
from gigawatt.scenario.read import read, read_text, shipped_ids
from gigawatt.scenario.resolve import resolve

SMALL = """\
scenario: small
title: A small plan
as_of: 2025-06-01
horizon: {start: 2025-01, end: 2027-12}
budget:
  - {year: 2025, capex: 60..65 B USD}
sites:
  - {site: prometheus-oh, power: {2025-01: 900 MW, 2026-01: 1.5 GW}}
  - {site: hyperion-la}
purchases:
  offer:
    - {accelerator: gb200-nvl72, supply: 10 k/month}
workloads:
  - {train: llama-3.1-405b, tokens: 15.6 T, on: {h100-sxm: 16 k}, start: 2025-02}
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def problem(*arguments, **options):
    with pytest.raises(ScenarioError) as caught:
        read(*arguments, **options)
    return caught.value.faults


def test_a_file_is_read_with_units_ranges_and_lines(small):
    loaded = read(small)
    capex = loaded.scenario.budget[0].capex
    assert (capex.low, capex.value, capex.high, capex.unit) == (60e9, 62.5e9, 65e9, "USD")
    assert loaded.scenario.sites[0].power[Month(2026, 1)].value == 1.5e9
    assert loaded.origins["budget.0.capex"] == f"{small}:6"
    assert loaded.origins["sites.0.power.2026-01"] == f"{small}:8"
    assert loaded.origin("workloads.0.on.h100-sxm") == f"{small}:14"
    assert loaded.files == (small,)
    with pytest.raises(FrozenInstanceError):
        loaded.text = ""


def test_a_name_a_file_and_standard_input_are_told_apart(small, monkeypatch):
    assert read("meta-2025").scenario.scenario == "meta-2025"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SMALL.encode())))
    loaded = read("-")
    assert loaded.scenario == read(small).scenario
    assert loaded.origins["title"] == "<stdin>:2"


def test_a_folder_with_the_name_of_a_shipped_scenario_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "meta-2025").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read("meta-2025").scenario.scenario == "meta-2025"


@pytest.mark.parametrize(("name", "advice"), [("meta-2052", "meta-2025"), ("no/such/file.yaml", "One of")])
def test_an_unknown_name_gives_the_nearest(name, advice):
    (fault,) = problem(name)
    assert advice in fault.remedy
    assert "neither a file nor a shipped scenario" in fault.problem


def test_a_folder_is_no_scenario(tmp_path):
    (fault,) = problem(tmp_path)
    assert "folder" in fault.problem


def test_toml_and_json_say_the_same_as_yaml(tmp_path, small):
    toml = tmp_path / "small.toml"
    toml.write_text(
        'scenario = "small"\ntitle = "A small plan"\nas_of = 2025-06-01\n'
        '[horizon]\nstart = "2025-01"\nend = "2027-12"\n[[budget]]\nyear = 2025\ncapex = "60..65 B USD"\n'
        '[[sites]]\nsite = "prometheus-oh"\n[sites.power]\n2025-01 = "900 MW"\n2026-01 = "1.5 GW"\n'
        '[[sites]]\nsite = "hyperion-la"\n[[purchases.offer]]\naccelerator = "gb200-nvl72"\nsupply = "10 k/month"\n'
        '[[workloads]]\ntrain = "llama-3.1-405b"\ntokens = "15.6 T"\nstart = "2025-02"\non = {h100-sxm = "16 k"}\n'
    )
    loaded = read(toml)
    assert loaded.scenario == read(small).scenario
    assert loaded.origins["sites.0.power.2026-01"] == f"{toml}:14"
    assert loaded.origins["sites.1.site"] == f"{toml}:16"


class TestExtends:
    def test_mappings_merge_and_lists_replace(self, tmp_path, small):
        child = tmp_path / "child.yaml"
        child.write_text("extends: small.yaml\nscenario: child\nhorizon: {end: 2026-12}\nworkloads: []\n")
        scenario = read(child).scenario
        assert (scenario.scenario, scenario.title) == ("child", "A small plan")
        assert (scenario.horizon.start, scenario.horizon.end) == (Month(2025, 1), Month(2026, 12))
        assert scenario.workloads == ()
        assert [use.site for use in scenario.sites] == ["prometheus-oh", "hyperion-la"]

    def test_an_item_is_changed_by_its_id_and_keeps_the_rest(self, tmp_path, small):
        child = tmp_path / "child.yaml"
        child.write_text(
            "extends: small.yaml\nscenario: child\nsites:\n  prometheus-oh:\n    delay: 12 months\n"
            "budget: {2025: {other: 5 %}}\n"
        )
        loaded = read(child)
        assert loaded.scenario.sites[0].delay.value == 12.0
        assert loaded.scenario.sites[0].power == read(small).scenario.sites[0].power
        assert loaded.scenario.budget[0].other.value == pytest.approx(0.05)
        assert loaded.scenario.budget[0].capex.high == 65e9
        assert loaded.origins["sites.0.delay"] == f"{child}:5"
        assert loaded.origins["sites.0.power"] == "small.yaml:8"

    def test_a_field_without_a_value_takes_the_parents_away(self, tmp_path, small):
        child = tmp_path / "child.yaml"
        child.write_text("extends: small.yaml\nscenario: child\nbudget:\n")
        assert read(child).scenario.budget == ()

    def test_a_chain_of_three_and_a_shipped_root(self, tmp_path):
        (tmp_path / "a.yaml").write_text("extends: meta-2025\nscenario: a\nfinance: {tax: 20 %}\n")
        (tmp_path / "b.yaml").write_text("extends: a.yaml\nscenario: b\nfinance: {discount_rate: 12 %}\n")
        loaded = read(tmp_path / "b.yaml")
        finance = loaded.scenario.finance
        assert (finance.tax.value, finance.discount_rate.value) == pytest.approx((0.20, 0.12))
        assert finance.useful_life.servers.value == 5.5
        assert [path.name for path in loaded.files] == ["b.yaml", "a.yaml", "meta-2025.yaml"]

    def test_a_circle_is_refused(self, tmp_path):
        (tmp_path / "a.yaml").write_text("extends: b.yaml\nscenario: a\n")
        (tmp_path / "b.yaml").write_text("extends: a.yaml\nscenario: b\n")
        faults = problem(tmp_path / "a.yaml")
        assert any("in turn" in fault.problem and fault.field == "extends" for fault in faults)

    def test_text_without_a_folder_builds_on_shipped_scenarios_only(self, small):
        assert read_text("extends: meta-2025\nscenario: mine\n").scenario.scenario == "mine"
        with pytest.raises(ScenarioError, match="not a shipped scenario"):
            read_text(f"extends: {small}\nscenario: mine\n")

    def test_the_delay_scenario_differs_from_its_parent_in_when_power_comes_only(self):
        parent, child = read("meta-2025").scenario, read("delay-12-months").scenario
        assert all(use.delay.value == 12.0 for use in child.sites)
        told = {"scenario", "title", "question", "assumptions"}
        about_power = {"sites": {"__all__": {"delay"}}, "purchases": {"power_lookahead"}}
        left_out = dict.fromkeys(told, True) | about_power
        assert child.model_dump(exclude=left_out) == parent.model_dump(exclude=left_out)


class TestSettings:
    @pytest.mark.parametrize(
        ("setting", "look", "value"),
        [
            ("finance.tax=21 %", lambda s: s.finance.tax.value, 0.21),
            ("finance.useful_life.servers=4 years", lambda s: s.finance.useful_life.servers.value, 4.0),
            ("budget.2025.capex=70 B USD", lambda s: s.budget[0].capex.value, 70e9),
            ("budget.0.capex=70 B USD", lambda s: s.budget[0].capex.value, 70e9),
            ("budget.2025.capex.low=50 B USD", lambda s: s.budget[0].capex.low, 50e9),
            ("sites.hyperion-la.power.2026-12=1 GW", lambda s: s.sites[1].power[Month(2026, 12)].value, 1e9),
            ("sites.prometheus-oh.power.2026-01=2 GW", lambda s: s.sites[0].power[Month(2026, 1)].value, 2e9),
            ("purchases.offer.gb200-nvl72.supply=20 k/month", lambda s: s.purchases.offer[0].supply.value, 20e3),
            ("workloads.llama-3.1-405b.tokens=10 T", lambda s: s.workloads[0].tokens.value, 10e12),
            ("workloads.0.on.h100-sxm=8192", lambda s: s.workloads[0].on["h100-sxm"].value, 8192.0),
            ("workloads=[]", lambda s: len(s.workloads), 0),
            ("workloads.1={reserve: 20 %}", lambda s: s.workloads[1].reserve.value, 0.2),
        ],
    )
    def test_a_setting_reaches_its_field(self, small, setting, look, value):
        assert look(read(small, [setting]).scenario) == pytest.approx(value)

    def test_text_after_the_first_equals_sign_is_kept(self, small):
        assert read(small, ["title=5 = five"]).scenario.title == "5 = five"

    def test_a_revenue_line_is_set_by_its_kind(self):
        revenue = read("meta-2025", ["revenue.ads_uplift=2 %", "revenue.ai_services.users=1 B"]).scenario.revenue
        assert revenue[0].ads_uplift.value == pytest.approx(0.02)
        assert revenue[1].users.value == 1e9

    def test_later_settings_win_and_their_origin_is_told(self, small):
        loaded = read(small, ["finance.tax=10 %", "finance.tax=20 %"])
        assert loaded.scenario.finance.tax.value == pytest.approx(0.2)
        assert loaded.origins["finance.tax"] == "--set"
        assert "tax: 20 %" in loaded.text

    @pytest.mark.parametrize(
        ("setting", "field", "advice"),
        [
            ("finance.taxx=1 %", "finance.taxx", "Nearest: tax"),
            ("finanse.tax=1 %", "finanse", "Nearest: finance"),
            ("sites.hyperion.delay=1 month", "sites.hyperion.delay", "Nearest: hyperion-la"),
            ("budget.2026.capex=1 B USD", "budget.2026.capex", "Nearest: 2025"),
            ("finance.tax=5 GW", "finance.tax", "20 %"),
            ("finance.tax", "", "path=value"),
            ("=3", "", "path=value"),
            ("title.x=3", "title.x", ""),
        ],
    )
    def test_a_wrong_setting_is_a_fault_with_the_nearest_choice(self, small, setting, field, advice):
        (fault,) = problem(small, [setting])
        assert (fault.file, fault.field) == ("--set", field)
        assert advice in fault.remedy

    def test_faults_of_file_and_setting_come_together_settings_last(self, tmp_path):
        path = tmp_path / "wrong.yaml"
        path.write_text(SMALL.replace("60..65 B USD", "60 GW"))
        faults = problem(path, ["finance.tax=5"])
        assert [fault.field for fault in faults] == ["budget.0.capex", "finance.tax"]


class TestResolve:
    def test_what_is_not_said_comes_from_the_catalogue_with_its_source(self, small):
        resolved = resolve(read(small))
        filled, defaults = resolved.scenario, resolved.catalogue.defaults
        assert filled.purchases.delivery == defaults.delivery_months
        assert filled.budget[0].other == defaults.other_capex_frac
        assert filled.workloads[0].batch == defaults.train_batch_tokens
        assert filled.finance.useful_life.servers == defaults.server_life_years
        found = {item.path: item for item in resolved.provenance}
        assert found["purchases.delivery"].origin == "catalogue"
        assert found["purchases.delivery"].source in resolved.catalogue.sources()
        assert found["budget.0.capex"].origin == f"{small}:6"

    def test_what_is_said_stays(self):
        loaded = read("meta-2025", ["finance.tax=13 %", "purchases.delivery=5 months"])
        filled = resolve(loaded).scenario
        assert filled.finance.tax.value == pytest.approx(0.13)
        assert filled.purchases.delivery.value == 5.0
        assert filled.model_dump(exclude_none=True).items() >= {"scenario": "meta-2025"}.items()

    def test_a_setting_is_an_assumption_of_whoever_made_it(self):
        found = {item.path: item for item in resolve(read("meta-2025", ["finance.tax=13 %"])).provenance}
        assert (found["finance.tax"].origin, found["finance.tax"].kind) == ("--set", "assumption")

    @pytest.mark.parametrize(
        ("setting", "code"),
        [
            ("sites.prometheus-oh.power={2025-01: 900 MW, 2026-01: 500 MW}", "power-falls"),
            ("sites.prometheus-oh.power={2031-01: 900 MW}", "power-after-the-end"),
            ("horizon.end=2025-06", "budget-cut"),
            ("purchases.offer.gb200-nvl72.start=2029-01", "offer-outside"),
            ("revenue=[{gpu_rental: 2 USD/h, utilisation: 80 %, start: 2031-01}]", "revenue-outside"),
            ("installed=[{accelerator: h100-sxm, count: 8, since: 2025-06}]", "installed-later"),
        ],
    )
    def test_what_a_reader_should_know_is_a_warning(self, small, setting, code):
        assert code in {warning.code for warning in resolve(read(small, [setting])).warnings}

    def test_no_warning_without_reason(self, small):
        codes = {warning.code for warning in resolve(read(small)).warnings}
        assert codes == {"power-after-the-end"}  # Hyperion's first power is after 2027


@pytest.mark.parametrize("name", shipped_ids())
class TestShipped:
    def test_it_reads_and_resolves_without_a_warning(self, name):
        resolved = resolve(read(name))
        assert resolved.warnings == ()
        assert resolved.scenario.scenario == name

    def test_it_asks_one_question_and_parts_facts_from_assumptions(self, name):
        scenario = read(name).scenario
        assert scenario.question.endswith("?")
        assert scenario.assumptions
        assert all(fact.source != "assumption" for fact in scenario.facts)

    def test_every_claim_has_a_source_in_the_bibliography(self, name):
        loaded = read(name)
        sources = loaded.catalogue.sources()
        for claim in loaded.scenario.announced + loaded.scenario.outcome:
            assert claim.source in sources

    def test_every_number_knows_where_it_comes_from(self, name):
        resolved = resolve(read(name))
        for item in resolved.provenance:
            assert item.source
            assert item.origin
            assert item.kind in ("reported", "assumption", "estimate", "derived", "measured")


def test_the_ten_are_there():
    assert set(shipped_ids()) >= {
        "meta-2025", "microsoft-fy25", "stargate", "colossus", "coreweave-2025", "epoch-1gw", "neocloud-20mw",
        "sovereign-1mw", "delay-12-months", "memory-shock-2026",
    }  # fmt: skip
