"""Scenarios: what is written, read and written again is the same; order of keys and spelling of units do not matter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.errors import ScenarioError
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.read import content_hash, read, read_text, shipped_ids, to_yaml

# a reading takes a tenth of a second on a busy machine: fewer examples, no deadline
few = settings(max_examples=25, deadline=None)

USD = st.tuples(st.integers(1, 999), st.sampled_from(["M", "B"])).map(lambda pair: f"{pair[0]} {pair[1]} USD")
MONTHS = st.tuples(st.integers(2025, 2027), st.integers(1, 12)).map(lambda pair: f"{pair[0]}-{pair[1]:02d}")
WATTS = st.integers(1, 5000).map(lambda megawatts: f"{megawatts} MW")


@st.composite
def scenarios(draw):
    """A valid scenario as plain data."""
    data = {
        "scenario": draw(st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)),
        "title": draw(
            st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f"), max_size=40)
        ),
        "as_of": "2025-01-24",
        "horizon": {"start": "2025-01", "end": draw(st.sampled_from(["2025-12", "2027-06", "2030-12"]))},
        "budget": [{"year": 2025, "capex": draw(USD), "other": f"{draw(st.integers(0, 40))} %"}],
        "sites": [{"site": "prometheus-oh", "power": draw(st.dictionaries(MONTHS, WATTS, min_size=1, max_size=5))}],
        "purchases": {"offer": [{"accelerator": "gb200-nvl72", "supply": f"{draw(st.integers(0, 90))} k/month"}]},
    }
    if draw(st.booleans()):
        low = draw(st.integers(1, 50))
        data["finance"] = {"tax": f"{low}..{low + draw(st.integers(0, 40))} %", "debt": None}
    if draw(st.booleans()):
        data["workloads"] = [{"reserve": f"{draw(st.integers(0, 100))} %", "label": "research"}]
    return data


def shuffled(value, order):
    """The same data with its keys in another order; lists keep theirs."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@few
@given(scenarios())
def test_written_read_and_written_again_is_the_same(data):
    first = read_text(to_yaml(data)).scenario
    again = read_text(to_yaml(first.model_dump(mode="json", exclude_none=True))).scenario
    assert again == first
    assert Scenario.model_validate(first.model_dump(mode="json")) == first


@few
@given(scenarios())
def test_the_merged_text_reads_as_the_same_scenario(data):
    loaded = read_text(to_yaml(data), overrides=["finance.discount_rate=11 %"])
    assert read_text(loaded.text).scenario == loaded.scenario


@few
@given(scenarios(), st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order_of_keys(data, order):
    other = shuffled(data, order)
    assert content_hash(read_text(to_yaml(other)).scenario) == content_hash(read_text(to_yaml(data)).scenario)


@few
@given(scenarios())
def test_the_hash_sees_a_change(data):
    one = read_text(to_yaml(data)).scenario
    other = read_text(to_yaml(data), overrides=["budget.2025.capex=1234567 USD"]).scenario
    assert content_hash(one) != content_hash(other)


@few
@given(st.integers(1, 5000))
def test_spellings_of_one_power_and_one_price_are_equal(megawatts):
    spellings = [f"{megawatts} MW", f"{megawatts / 1000!r} GW", f"{megawatts * 1000} kW", f"{megawatts}e6 W"]
    read_ones = [
        read("neocloud-20mw", [f"sites.generic-us-20mw.power.2026-03={text}"]).scenario.sites[0].power
        for text in spellings
    ]
    values = [sorted(power.items())[-1][1].value for power in read_ones]
    assert values == pytest.approx([megawatts * 1e6] * 4, rel=1e-12)


@few
@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_has_faults_in_words(text):
    with pytest.raises(ScenarioError) as caught:
        read_text(text)
    assert caught.value.faults
    assert all(fault.problem for fault in caught.value.faults)


@few
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content):
    with pytest.raises(ScenarioError):
        read_text(content)


@few
@given(st.sampled_from(shipped_ids()), st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30))
def test_any_setting_is_taken_or_refused_in_words(name, setting):
    faults = ()
    try:
        read(name, [setting])
    except ScenarioError as error:
        faults = error.faults
    assert all(fault.problem and fault.file for fault in faults)


@pytest.mark.parametrize("name", shipped_ids())
def test_shipped_scenarios_survive_the_round_trip(name):
    scenario = read(name).scenario
    assert Scenario.model_validate(scenario.model_dump(mode="json")) == scenario
    assert read_text(to_yaml(scenario.model_dump(mode="json", exclude_none=True))).scenario == scenario
