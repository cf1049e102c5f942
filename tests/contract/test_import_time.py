"""Starting is quick because the heavy libraries wait until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"duckdb", "jinja2", "matplotlib", "numba", "pandas", "scipy", "xlsxwriter"}
REPORT = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
HELP = (
    "import sys\n"
    "sys.argv = ['gigawatt', '--help']\n"
    "from gigawatt.views.cli import main\n"
    "try:\n    main()\nexcept SystemExit:\n    pass\n"
)


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter and return the top-level modules it leaves loaded."""
    done = subprocess.run([sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code", ["import gigawatt", "import gigawatt; dir(gigawatt)", HELP], ids=["import", "dir", "help"]
)
def test_nothing_heavy_is_loaded(code):
    loaded = modules_after(code)
    assert "gigawatt" in loaded
    assert not loaded & HEAVY


def test_a_bare_import_loads_no_third_party_package():
    bare = modules_after("pass")
    added = {name for name in modules_after("import gigawatt") - bare if name not in sys.stdlib_module_names}
    assert added == {"gigawatt"}


def test_a_heavy_library_would_be_seen():
    assert "pandas" in modules_after("import pandas")
