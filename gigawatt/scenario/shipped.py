"""The scenarios that ship: list them, show one, begin a new one from one; the schema for editors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gigawatt.errors import Fault, ScenarioError
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.read import TEMPLATES, locate, read_text, shipped_ids

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
DEFAULT_TEMPLATE = "neocloud-20mw"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A shipped scenario in one line."""

    id: str
    title: str
    question: str


def _head(text: str, field: str) -> str:
    """Return a top-level text field without reading the whole scenario."""
    found = re.search(rf"^{field}:[ ]*(.+)$", text, flags=re.MULTILINE)
    return found[1].strip().strip("\"'") if found else ""


def list_shipped() -> list[Shipped]:
    """Return the shipped scenarios, by id.

    Returns
    -------
    list of Shipped

    Examples
    --------
    >>> [item.id for item in list_shipped()][:2]
    ['colossus', 'coreweave-2025']
    """
    texts = {name: (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8") for name in shipped_ids()}
    return [Shipped(name, _head(text, "title"), _head(text, "question")) for name, text in texts.items()]


def template_text(name: str) -> str:
    """Return the text of a shipped scenario, comments included.

    Parameters
    ----------
    name : str
        Id.

    Returns
    -------
    str

    Raises
    ------
    ScenarioError
        With the nearest id if there is no such scenario.
    """
    return locate(name, None).read_text(encoding="utf-8")


def new_scenario(name: str, from_: str = DEFAULT_TEMPLATE) -> str:
    """Return the text of a new scenario to edit: a shipped one under another name, comments kept.

    Parameters
    ----------
    name : str
        Id of the new scenario: small letters, digits and hyphens.
    from_ : str
        Shipped scenario to begin with.

    Returns
    -------
    str
        YAML.

    Raises
    ------
    ScenarioError
        If the name is none, or is that of a shipped scenario, or `from_` is unknown.

    Examples
    --------
    >>> new_scenario("my-cloud").splitlines()[0]
    '# my-cloud: begun from neocloud-20mw. Edit what differs, then: gigawatt check my-cloud.yaml'
    """
    if not _NAME.fullmatch(name):
        remedy = "Use small letters, digits and hyphens, as in my-build-out."
        raise ScenarioError([Fault(name, 0, "scenario", f'"{name}" is not a name.', remedy)])
    if name in shipped_ids():
        raise ScenarioError([Fault(name, 0, "scenario", f'"{name}" is a shipped scenario.', "Choose another name.")])
    text = re.sub(r"^scenario:.*$", f"scenario: {name}", template_text(from_), count=1, flags=re.MULTILINE)
    head = f"# {name}: begun from {from_}. Edit what differs, then: gigawatt check {name}.yaml\n"
    new = head + text
    read_text(new, f"{name}.yaml")
    return new


def schema() -> dict[str, Any]:
    """Return the JSON schema of a scenario file, for editors that complete and check as you type.

    Returns
    -------
    dict
        JSON schema, draft 2020-12; `extends` is allowed as in a file.
    """
    made = Scenario.model_json_schema(mode="validation")
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["properties"] = {"extends": {"type": "string", "description": "scenario to build on"}, **made["properties"]}
    return made
