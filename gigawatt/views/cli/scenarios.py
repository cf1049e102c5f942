"""List the shipped scenarios."""

from __future__ import annotations

from gigawatt.views.cli.shell import AsJson, put, put_json

EXAMPLE = "Example: gigawatt scenarios"


def run(as_json: AsJson = False) -> None:
    """List the shipped scenarios, one line each."""
    from gigawatt.scenario.shipped import list_shipped

    shipped = list_shipped()
    if as_json:
        from gigawatt.planning.document import envelope
        from gigawatt.planning.pipeline import package_version

        rows = [{"scenario": item.id, "title": item.title, "question": item.question} for item in shipped]
        put_json(envelope("scenarios", package_version(), {}, {"scenarios": rows}, []))
        return
    from gigawatt.views.terminal import show_table

    put(show_table(("scenario", "question"), [(item.id, item.question or item.title) for item in shipped]))
