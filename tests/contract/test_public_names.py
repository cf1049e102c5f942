"""What `import gigawatt` offers: growth is a decision, and nothing leaves without one."""

from __future__ import annotations

import inspect

import pytest

import gigawatt

PUBLIC = [
    "Plan",
    "Scenario",
    "catalogue",
    "compare",
    "errors",
    "load",
    "optimise",
    "plan",
    "serve",
    "simulate_fleet",
    "study",
    "train",
]
ERRORS = {
    "CatalogueError",
    "EngineError",
    "GigawattError",
    "InfeasibleError",
    "InputError",
    "RunNotFoundError",
    "ScenarioError",
    "UnitError",
}
EXIT_CODES = {"EngineError": 1, "InfeasibleError": 3}  # all others are bad input: 2


def test_the_public_names_are_these():
    assert sorted(gigawatt.__all__) == PUBLIC
    assert dir(gigawatt) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_can_be_fetched_and_is_documented(name):
    found = getattr(gigawatt, name)
    assert inspect.getdoc(found)


def test_an_unknown_name_is_refused_like_any_other():
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        _ = gigawatt.plann


def test_the_errors_are_these_and_each_has_its_exit_code():
    found = {
        name: kind
        for name, kind in vars(gigawatt.errors).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    }
    assert set(found) == ERRORS
    assert all(issubclass(kind, gigawatt.errors.GigawattError) for kind in found.values())
    assert {name: kind.exit_code for name, kind in found.items()} == {name: EXIT_CODES.get(name, 2) for name in ERRORS}


def test_the_catalogue_is_at_hand():
    assert gigawatt.catalogue.accelerators["h100-sxm"].vendor == "NVIDIA"
