"""The verbs as tools over the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gigawatt.views.cli.shell import Quiet, say_aside

EXAMPLE = "Example: gigawatt mcp --folder plans"


def run(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Working folder; nothing else is read.")
    ] = Path(),
    allow_writes: Annotated[
        bool, typer.Option("--allow-writes", help="Let clients write and remove run folders in it.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option("--http", metavar="PORT", min=1, max=65535, help="Streamable HTTP; stdio if not given."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address of --http.")] = "127.0.0.1",
    time_limit: Annotated[float, typer.Option(min=1.0, help="Seconds after which a call is stopped.")] = 300.0,
    quiet: Quiet = False,
) -> None:
    """Serve the verbs as tools to any client of the Model Context Protocol; read-only unless told otherwise."""
    from gigawatt.views.cli import app
    from gigawatt.views.mcp.server import serve

    verbs = {str(each.name): each.callback for each in app.registered_commands if each.callback}
    if port is not None:
        say_aside(f"serving http://{host}:{port}/mcp", quiet)
    serve(verbs, folder, port=port, host=host, time_limit_s=time_limit, writes=allow_writes)
