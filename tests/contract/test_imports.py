"""The house reads downwards: import-linter's contracts in pyproject.toml hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]

# A rule that the tree breaks: units may import errors, and does.
BROKEN = "[importlinter]\nroot_package = gigawatt\n[importlinter:contract:1]\nname = one\ntype = forbidden\n"
BROKEN += "source_modules = gigawatt.units\nforbidden_modules = gigawatt.errors\n"


def test_the_import_directions_hold():
    done = subprocess.run(LINT, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_forbidden_import_is_seen(tmp_path):
    rules = tmp_path / "rules.ini"
    rules.write_text(BROKEN)
    done = subprocess.run([*LINT, str(rules)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "gigawatt.units is not allowed to import gigawatt.errors" in done.stdout
