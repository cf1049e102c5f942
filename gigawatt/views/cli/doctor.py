"""Say what is installed and what is missing."""

from __future__ import annotations

import os
import platform
import shutil

from gigawatt.views.cli.shell import AsJson, put, put_json

EXAMPLE = "Example: gigawatt doctor"
NEEDED = (
    "numpy",
    "scipy",
    "pandas",
    "pydantic",
    "numba",
    "duckdb",
    "rich",
    "typer",
    "jinja2",
    "xlsxwriter",
    "ruamel.yaml",
)
OPTIONAL = {"playwright": "browser tests", "hypothesis": "property tests"}


def run(as_json: AsJson = False) -> None:
    """Show versions, cores and extras, and what is missing."""
    from importlib.metadata import PackageNotFoundError, version

    from gigawatt.planning.pipeline import package_version

    rows = [("gigawatt", package_version(), ""), ("python", platform.python_version(), "")]
    rows.append(("cores", str(os.cpu_count() or 1), ""))
    for name in (*NEEDED, *OPTIONAL):
        try:
            rows.append((name, version(name), OPTIONAL.get(name, "")))
        except PackageNotFoundError:
            rows.append((name, "missing", OPTIONAL.get(name, "needed")))
    rows.append(("chromium", shutil.which("chromium") or "missing", "browser tests"))
    if as_json:
        from gigawatt.planning.document import envelope

        found = [{"name": name, "found": value, "for": use} for name, value, use in rows]
        put_json(envelope("doctor", package_version(), {}, {"components": found}, []))
        return
    from gigawatt.views.terminal import show_table

    put(show_table(("component", "found", "for"), rows))
