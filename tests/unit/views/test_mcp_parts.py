"""What stands between a client and the verbs: schemas, walls, short answers."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gigawatt.errors import InputError
from gigawatt.views.cli import app
from gigawatt.views.mcp.shorten import MOST_CHARACTERS, shortened
from gigawatt.views.mcp.verbs import HIDDEN, TOOLS, parameters_of, words_of

VERBS = {str(each.name): each.callback for each in app.registered_commands}


def test_every_tool_is_a_verb():
    assert set(TOOLS) <= set(VERBS)


@pytest.mark.parametrize("verb", TOOLS)
def test_a_tool_has_the_parameters_of_its_verb(verb):
    names = {item.name for item in parameters_of(verb, VERBS[verb], writes=False)}
    assert names == set(inspect.signature(VERBS[verb]).parameters) - HIDDEN
    assert "out" not in names


def test_a_folder_to_write_is_a_parameter_only_where_writing_is_allowed():
    assert "out" in {item.name for item in parameters_of("plan", VERBS["plan"], writes=True)}
    assert "out" not in {item.name for item in parameters_of("serve", VERBS["serve"], writes=True)}


def test_values_become_words_that_are_never_taken_for_options():
    parameters = parameters_of("plan", VERBS["plan"], writes=False)
    given = {"scenario": "--out=elsewhere", "settings": ["a=1", "b=2"], "draws": 0, "seed": None}
    assert words_of(parameters, given) == ["--set=a=1", "--set=b=2", "--draws=0", "--", "--out=elsewhere"]


def test_a_flag_with_an_opposite_is_passed_either_way():
    parameters = parameters_of("facility", VERBS["facility"], writes=False)
    assert words_of(parameters, {"full": True, "hours": False}) == ["--full"]
    assert words_of(parameters, {"full": False}) == ["--coarse"]


def test_an_argument_needs_those_before_it():
    parameters = parameters_of("catalogue", VERBS["catalogue"], writes=False)
    with pytest.raises(InputError, match="name needs kind beside it"):
        words_of(parameters, {"name": "h100-sxm"})


@pytest.mark.parametrize(
    "value",
    [
        {"rows": [{"a": place, "text": "x" * 2000} for place in range(5000)]},
        [[0.1] * 500] * 500,
        {f"key{place}": {"deep": {"deeper": list(range(300))}} for place in range(400)},
        {f"key{place}": place for place in range(20000)},
    ],
    ids=["rows", "matrix", "wide", "flat"],
)
def test_an_answer_is_short_and_says_where_the_rest_is(value):
    short = json.dumps(shortened(value, "result"))
    assert len(short) <= MOST_CHARACTERS
    assert '"dig": "result' in short


def test_a_short_answer_is_left_as_it_is():
    value = {"a": [1, 2], "b": None}
    assert shortened(value) == value


PROBE = """
import sys
from pathlib import Path
from gigawatt.views.mcp.walls import raise_walls, wall_in_databases
root, scratch = Path(sys.argv[1]), Path(sys.argv[2])
wall_in_databases([root, scratch])
raise_walls([root], [scratch])
import duckdb
tries = {
    "read inside": lambda: (root / "in.txt").read_text(),
    "read outside": lambda: (root.parent / "out.txt").read_text(),
    "read upwards": lambda: open(f"{root}/../out.txt").read(),
    "read a link": lambda: (root / "link").read_text(),
    "read /etc/passwd": lambda: open("/etc/passwd").read(),
    "write inside": lambda: (root / "new.txt").write_text("x"),
    "write scratch": lambda: (scratch / "new.txt").write_text("x"),
    "remove inside": lambda: (root / "in.txt").unlink(),
    "move out": lambda: (scratch / "new.txt").rename(root.parent / "moved.txt"),
    "link out": lambda: (scratch / "l").symlink_to(root.parent / "out.txt") or (scratch / "l").read_text(),
    "database inside": lambda: duckdb.connect().execute(f"FROM read_text('{root}/in.txt')").fetchall(),
    "database outside": lambda: duckdb.connect().execute(f"FROM read_text('{root.parent}/out.txt')").fetchall(),
    "program": lambda: __import__("subprocess").run(["true"], check=True),
    "shell": lambda: __import__("os").system("true"),
    "network": lambda: __import__("socket").create_connection(("127.0.0.1", 9), timeout=1),
    "import": lambda: __import__("colorsys"),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "passes")
    except Exception as error:
        print(name, type(error).__name__)
"""


def test_walls(tmp_path):
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    (root / "in.txt").write_text("in")
    (tmp_path / "out.txt").write_text("out")
    (root / "link").symlink_to(tmp_path / "out.txt")
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(root), str(scratch)], capture_output=True, text=True, check=True
    )
    found = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert found == {
        "read inside": "passes",
        "read outside": "PermissionError",
        "read upwards": "PermissionError",
        "read a link": "PermissionError",
        "read /etc/passwd": "PermissionError",
        "write inside": "PermissionError",
        "write scratch": "passes",
        "remove inside": "PermissionError",
        "move out": "PermissionError",
        "link out": "PermissionError",
        "database inside": "passes",
        "database outside": "PermissionException",
        "program": "PermissionError",
        "shell": "PermissionError",
        "network": "PermissionError",
        "import": "passes",
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.txt", "root", "scratch"]
    assert (root / "in.txt").read_text() == "in"
    assert not Path(root / "new.txt").exists()
