"""Everything that exists is documented, and everything that is documented exists."""

from __future__ import annotations

import importlib.util
import inspect
import re
import tomllib
from pathlib import Path

import pytest
import typer

import gigawatt
from gigawatt.planning.metrics import MEASURES
from gigawatt.units import SUFFIXES
from gigawatt.views.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
WRITTEN = [
    *DOCS.glob("*.md"),
    *(path for folder in ("tutorial", "how-to", "reference", "methods") for path in DOCS.glob(f"{folder}/*.md")),
]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*WRITTEN, *ROOT.glob("*.md")])

# Verbs that may come; until one does, nothing may send a reader to it.
PROMISED = {"engineer", "export", "facility", "finetune", "fleet", "mcp", "optimise", "runs", "study", "ui"}


def _load_generator():
    """Import docs/generate.py, which is no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load_generator()


def commands():
    """Return the verbs and their commands."""
    return typer.main.get_command(app).commands


def rows_of(page, heading):
    """Return the first cells of the table under a heading line of a page."""
    text = (REFERENCE / page).read_text()
    table = text[text.index(heading) :].split("\n\n")[0]
    return [line.split("|")[1].strip().strip("`") for line in table.splitlines()[2:]]


def test_the_table_of_verbs_lists_exactly_what_there_is():
    assert sorted(rows_of("cli.md", "| verb | does |")) == sorted(commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_argument_and_option_says_what_it_means(name):
    command = commands()[name]
    assert command.help
    assert (command.epilog or "").startswith(f"Example: gigawatt {name}")
    silent = [item.name for item in command.params if not getattr(item, "help", None) and item.name != "help"]
    assert not silent


@pytest.mark.parametrize("page", PAGES)
def test_a_command_in_the_pages_exists(page):
    text = (ROOT / page).read_text()
    for line in re.findall(r"^\$ gigawatt (.+)$", text, flags=re.MULTILINE) + re.findall(
        r"`gigawatt ([a-z][^`]*)`", text
    ):
        verb, *words = line.split()
        assert verb in commands(), f"{page}: gigawatt {line}"
        known = {option for item in commands()[verb].params for option in item.opts}
        unknown = {word.split("=")[0] for word in words if word.startswith("--")} - known
        assert not unknown, f"{page}: gigawatt {line}"


def test_a_command_that_the_program_itself_recommends_exists():
    source = "\n".join(path.read_text() for kind in ("py", "jinja") for path in (ROOT / "gigawatt").rglob(f"*.{kind}"))
    named = set(re.findall(r"gigawatt ([a-z]+)(?= [A-Zmr{<.-]|[\"'`,.)])", source))
    assert "plan" in named
    absent = (named & PROMISED) - set(commands())
    assert not absent


@pytest.mark.parametrize(
    "text", re.findall(r"```yaml\n(scenario:.*?)```", (REFERENCE / "scenario.md").read_text(), re.DOTALL)
)
def test_a_whole_scenario_on_the_page_is_valid(text, tmp_path):
    path = tmp_path / "page.yaml"
    path.write_text(text)
    assert gigawatt.load(str(path)).scenario.sites


def test_every_error_is_in_the_table_of_exit_codes_with_its_code():
    text = (REFERENCE / "cli.md").read_text()
    codes = {name: int(code) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, flags=re.MULTILINE)}
    wanted = {
        name: kind.exit_code
        for name, kind in vars(gigawatt.errors).items()
        if inspect.isclass(kind) and issubclass(kind, gigawatt.errors.GigawattError) and name != "GigawattError"
    }
    assert codes == wanted


def test_every_public_name_is_on_the_python_page():
    text = (REFERENCE / "python.md").read_text()
    missing = [name for name in gigawatt.__all__ if not re.search(rf"\b{name}\b", text) and name != "Scenario"]
    assert not missing


def test_every_scenario_field_has_a_meaning_and_no_meaning_is_left_over():
    meanings = generate.field_meanings()
    fields = {
        heading: {name for name in model.model_fields if name not in generate.EVERYWHERE}
        for heading, model in generate.sections().items()
    }
    assert {heading: set(sentences) for heading, sentences in meanings.items()} == fields
    assert all(sentence.endswith((".", ";")) for sentences in meanings.values() for sentence in sentences.values())


def test_the_generated_pages_hold_every_metric_suffix_unit_and_entry():
    pages = generate.pages()
    assert all(f"`{measure.name}`" in pages["metrics.md"] for measure in MEASURES)
    assert all(f"`_{suffix}`" in pages["nomenclature.md"] for suffix in SUFFIXES)
    shipped = generate.load()
    for kind in generate.KINDS:
        assert all(f"`{name}`" in pages["catalogue.md"] for name in shipped.shelf(kind)), kind
    assert all(f"`{name}`" in pages["catalogue.md"] for name in shipped.sources())


def test_each_generated_page_is_included_by_a_page():
    pages = "\n".join(path.read_text() for path in [*REFERENCE.glob("*.md"), *DOCS.glob("*.md")])
    included = set(re.findall(r"\{include\} (?:\.\./)?generated/(\S+)", pages))
    assert included == set(generate.pages())


def test_each_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w.-]+", item)[0] for item in project["dependencies"]]
    assert rows_of("dependencies.md", "| package | licence | why |") == sorted(names)
    text = (REFERENCE / "dependencies.md").read_text()
    extras = [re.match(r"[\w.-]+", item)[0] for items in project["optional-dependencies"].values() for item in items]
    assert not [name for name in extras if name not in text]


def test_the_architecture_page_tells_the_truth():
    text = (DOCS / "architecture.md").read_text()
    tree = text[text.index("```text") : text.index("```\n\n## Who")]
    drawn = set(re.findall(r"(\w+)/(?=\s)", tree)) - {"gigawatt", "tests", "docs", "benchmarks", "tools"}
    package = ROOT / "gigawatt"
    folders = {
        path.name
        for place in (package, package / "engines", package / "planning", package / "views")
        for path in place.iterdir()
        if (path / "__init__.py").exists()
    }
    assert drawn == folders
    assert all((ROOT / path).exists() for path in re.findall(r"`((?:tests|docs|benchmarks)/[\w/.]+)`", text))
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert modules == set(re.findall(r"(\w+)\.py", tree))
