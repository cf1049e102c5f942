"""Listing, beginning from and describing scenarios."""

from __future__ import annotations

import pytest

from gigawatt.errors import ScenarioError
from gigawatt.scenario.read import read, read_text, shipped_ids
from gigawatt.scenario.shipped import list_shipped, new_scenario, schema, template_text


def test_the_list_says_what_the_files_say():
    for item in list_shipped():
        scenario = read(item.id).scenario
        assert (item.title, item.question) == (scenario.title, scenario.question)


@pytest.mark.parametrize("name", shipped_ids())
def test_a_new_scenario_is_the_old_one_under_another_name(name):
    made = read_text(new_scenario("my-own", name)).scenario
    assert made.scenario == "my-own"
    assert made.model_dump(exclude={"scenario"}) == read(name).scenario.model_dump(exclude={"scenario"})


def test_comments_are_kept_for_the_one_who_edits():
    assert sum(line.lstrip().startswith("#") for line in new_scenario("my-own", "meta-2025").splitlines()) > 5


@pytest.mark.parametrize("name", ["My Own", "", "-x", "../x", "a\nb", "a\n", "meta-2025"])
def test_a_name_that_is_none_or_taken_is_refused(name):
    with pytest.raises(ScenarioError):
        new_scenario(name)


@pytest.mark.parametrize("name", ["meta-2052", "../meta-2025", "/etc/passwd"])
def test_only_shipped_scenarios_have_a_text(name):
    with pytest.raises(ScenarioError):
        template_text(name)


def test_the_schema_names_every_section_and_its_units():
    made = schema()
    assert {"scenario", "horizon", "sites", "purchases", "extends"} <= set(made["properties"])
    assert set(made["required"]) == {"scenario", "title", "as_of", "horizon", "sites", "purchases"}
    assert made["$defs"]["BudgetPeriod"]["properties"]["capex"]["unit"] == "USD"
