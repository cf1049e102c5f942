"""The server: a tool a verb, resources for the catalogue, answers and schemas; over stdio or streamable HTTP."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gigawatt.errors import GigawattError, InputError
from gigawatt.planning.document import package_version
from gigawatt.views.mcp.verbs import TOOLS, Parameter, parameters_of, tool_function

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from gigawatt.views.mcp.calls import Desk

INSTRUCTIONS = (
    "gigawatt plans AI data centres: from dollars and megawatts to GPUs online, models trained, tokens served, cash. "
    "Every figure has a source. Start with `scenarios` and `plan`; each answer is short and has a run_id: `dig` shows "
    "any part of it in full, `explain` says where a figure comes from, `runs` asks tables with SQL. Quantities are "
    "text with units ('70 B USD', '1 GW'); fields are set as in settings=['budget.0.capex=70 B USD']. Paths are "
    "relative to the working folder."
)
RUN_ID = Annotated[str, Field(description="run_id of an answer.")]


def make_server(
    verbs: Mapping[str, Callable[..., Any]], root: Path, scratch: Path, *, time_limit_s: float, writes: bool
) -> MCPServer:
    """Make the server.

    Parameters
    ----------
    verbs : mapping of str to function
        The verbs of the command line.
    root : Path
        Working folder: nothing outside it is read.
    scratch : Path
        Folder for answers.
    time_limit_s : float
        Longest time of a call.
    writes : bool
        Whether run folders may be written and removed in the working folder.

    Returns
    -------
    MCPServer

    Raises
    ------
    InputError
        If the SDK is not installed, or the folder does not exist.
    """
    try:
        import anyio
        from mcp.server.mcpserver import MCPServer
        from mcp_types import ToolAnnotations
    except ImportError as error:
        message = "the MCP SDK is not installed; install gigawatt with its extra: pip install 'gigawatt[mcp]'"
        raise InputError(message) from error
    from gigawatt.views.mcp.calls import Desk

    if not root.is_dir():
        message = f"{root}: is no folder"
        raise InputError(message)
    desk = Desk(root.resolve(), scratch.resolve(), time_limit_s, writes, anyio.CapacityLimiter(os.cpu_count() or 1))
    server: MCPServer = MCPServer("gigawatt", instructions=INSTRUCTIONS, version=package_version(), log_level="WARNING")
    schemas: dict[str, list[Parameter]] = {}
    for verb in TOOLS:
        schemas[verb] = parameters_of(verb, verbs[verb], writes=writes)
        server.add_tool(
            tool_function(schemas[verb], _caller(desk, verb, schemas[verb])),
            name=verb,
            description=(verbs[verb].__doc__ or verb).strip(),
            annotations=ToolAnnotations(read_only_hint=not writes, open_world_hint=False),
        )
    _add_dig(server, desk)
    _add_resources(server, desk, schemas)
    return server


def serve(
    verbs: Mapping[str, Callable[..., Any]],
    root: Path,
    *,
    port: int | None,
    host: str,
    time_limit_s: float,
    writes: bool,
) -> None:
    """Serve until the client leaves or the process is stopped.

    Parameters
    ----------
    verbs : mapping of str to function
    root : Path
    port : int or None
        Of streamable HTTP; stdio where None.
    host : str
    time_limit_s : float
    writes : bool
    """
    with tempfile.TemporaryDirectory(prefix="gigawatt-mcp-") as scratch:
        server = make_server(verbs, root, Path(scratch), time_limit_s=time_limit_s, writes=writes)
        if port is None:
            server.run("stdio")
        else:
            server.run("streamable-http", host=host, port=port)


def _caller(desk: Desk, verb: str, parameters: list[Parameter]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that a verb's tool calls; errors become sentences for the client."""
    from mcp.server.mcpserver.exceptions import ToolError

    async def call(given: dict[str, Any]) -> dict[str, Any]:
        try:
            return await desk.call(verb, parameters, given)
        except GigawattError as error:
            raise ToolError(str(error)) from error

    return call


def _add_dig(server: MCPServer, desk: Desk) -> None:
    """Add the tool that shows a part of an answer in full."""
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp_types import ToolAnnotations

    def dig(
        run_id: RUN_ID,
        path: Annotated[
            str, Field(description="Dotted path into the answer, as in result.months; empty for its head.")
        ] = "",
        start: Annotated[int, Field(ge=0, description="First row of a list.")] = 0,
        count: Annotated[int, Field(ge=1, le=500, description="Rows of a list.")] = 50,
    ) -> dict[str, Any]:
        try:
            return desk.dig(run_id, path, start, count)
        except GigawattError as error:
            raise ToolError(str(error)) from error

    server.add_tool(
        dig,
        name="dig",
        description="Show a part of an earlier answer in full: a key, a table, rows of it.",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _add_resources(server: MCPServer, desk: Desk, schemas: Mapping[str, list[Parameter]]) -> None:
    """Add catalogue://, run:// and schema://."""

    async def catalogued(given: dict[str, Any]) -> str:
        return json.dumps(await desk.call("catalogue", schemas["catalogue"], given), ensure_ascii=False)

    @server.resource("catalogue://{kind}", mime_type="application/json", description="The entries of a kind.")
    async def kind_of(kind: str) -> str:
        return await catalogued({"kind": kind})

    @server.resource(
        "catalogue://{kind}/{name}", mime_type="application/json", description="One entry, each figure with its source."
    )
    async def entry_of(kind: str, name: str) -> str:
        return await catalogued({"kind": kind, "name": name})

    @server.resource("run://{run_id}", mime_type="application/json", description="An earlier answer, shortened.")
    def run_of(run_id: str) -> str:
        return json.dumps(desk.dig(run_id), ensure_ascii=False)

    @server.resource("schema://scenario", mime_type="application/json", description="JSON schema of a scenario file.")
    def scenario_schema() -> str:
        from gigawatt.scenario.model import Scenario

        return json.dumps(Scenario.model_json_schema())
