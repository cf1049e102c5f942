"""The official SDK's own client talks to gigawatt mcp over stdio and over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

anyio = pytest.importorskip("anyio", reason="the MCP SDK is not installed (extra mcp)")
pytest.importorskip("mcp", reason="the MCP SDK is not installed (extra mcp)")

from mcp import Client  # noqa: E402 - after the skip
from mcp.client.stdio import StdioServerParameters  # noqa: E402

SERVER = ["-c", "from gigawatt.views.cli import main; main()", "mcp"]
ROOT = Path(__file__).parents[2]
LONGEST_S = 280.0  # of a call, on a machine that is busy
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def folder(tmp_path):
    """A working folder with a scenario that reaches out, a link that leads out, and a file that poses as a library."""
    working = tmp_path / "working"
    working.mkdir()
    secret = tmp_path / "secret.yaml"
    secret.write_text("scenario: secret-of-another\n")
    (working / "link.yaml").symlink_to(secret)
    (working / "reaches.yaml").write_text(f"scenario: reaches\nextends: {secret}\n")
    (working / "numpy.py").write_text(f"open({str(tmp_path / 'foreign')!r}, 'w')\n")
    return working


def asked(folder, ask, *options: str):
    """Start the server on a folder over stdio and ask it."""
    words = [*SERVER, "--folder", str(folder), "--time-limit", str(LONGEST_S), *options]
    server = StdioServerParameters(command=sys.executable, args=words, env={"PYTHONPATH": str(ROOT)})

    async def talk():
        async with Client(server, read_timeout_seconds=LONGEST_S) as client:
            return await ask(client)

    return anyio.run(talk)


def content(result):
    """Return what a tool found; fail with its words where it failed."""
    assert not result.is_error, result.content[0].text
    return result.structured_content


def test_a_client_lists_plans_optimises_and_explains(folder):
    async def ask(client):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        plan = content(await client.call_tool("plan", {"scenario": "meta-2025", "draws": 0}))
        run_id = plan["run_id"]
        months = content(await client.call_tool("dig", {"run_id": run_id, "path": "result.months", "count": 2}))
        best = content(
            await client.call_tool(
                "optimise", {"scenario": "meta-2025", "gap": "20%", "step": "quarter", "time_limit": 60}
            )
        )
        why = content(await client.call_tool("explain", {"figure": "fleet.gpus_bought", "scenario": run_id}))
        sql = "SELECT max(gpus_online) AS most FROM months"
        rows = content(await client.call_tool("runs", {"action": "query", "words": [sql], "of": [run_id]}))
        read = json.loads((await client.read_resource(f"run://{run_id}")).contents[0].text)
        return tools, plan, months, best, why, rows, read

    tools, plan, months, best, why, rows, read = asked(folder, ask)
    assert {"scenarios", "plan", "compare", "optimise", "train", "serve", "explain", "catalogue", "runs", "dig"} <= set(
        tools
    )
    assert tools["plan"].input_schema["required"] == ["scenario"]
    assert tools["plan"].input_schema["properties"]["draws"]["type"] == "integer"
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    bought = plan["summary"]["metrics"]["fleet.gpus_bought"]["value"]
    assert bought > 100_000
    assert [row["month"] for row in months["rows"]] == ["2025-01", "2025-02"]
    assert best["summary"]["status"] == "proven"
    assert why["summary"]["value"] == bought
    assert why["summary"]["origins"]
    assert rows["summary"]["rows"][0]["most"] > 100_000
    assert read["run_id"] == plan["run_id"]
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("tool", "given", "words"),
    [
        ("check", {"file": "/etc/passwd"}, "leads out of the working folder"),
        ("check", {"file": "../secret.yaml"}, "leads out of the working folder"),
        ("check", {"file": "link.yaml"}, "leads out of the working folder"),
        ("check", {"file": "-"}, "no standard input"),
        ("check", {"file": "reaches.yaml"}, "leads out of the working folder"),
        ("plan", {"scenario": "meta-2025", "overlays": [".."]}, "leads out of the working folder"),
        ("plan", {"scenario": "meta-2025", "draws": -1}, "greater than or equal to 0"),
        ("runs", {"action": "query", "words": ["SELECT * FROM read_text('/etc/passwd')"]}, "nothing else"),
        ("runs", {"action": "rm", "words": ["x"]}, "without --allow-writes"),
        ("dig", {"run_id": "plan-9"}, "no answer"),
    ],
)
def test_what_leads_out_is_refused(folder, tool, given, words):
    from gigawatt.views.cli import app
    from gigawatt.views.mcp.server import make_server

    verbs = {str(each.name): each.callback for each in app.registered_commands}
    scratch = folder.parent / "scratch"
    scratch.mkdir()

    async def ask():
        server = make_server(verbs, folder, scratch, time_limit_s=LONGEST_S, writes=False)
        async with Client(server) as client:
            return await client.call_tool(tool, given)

    result = anyio.run(ask)
    said = result.content[0].text
    assert words in said
    assert result.is_error or '"valid": false' in said or '"faults"' in said
    assert "secret-of-another" not in said
    assert not (folder.parent / "foreign").exists()


def test_a_call_that_takes_too_long_is_stopped(folder, tmp_path):
    from gigawatt.views.cli import app
    from gigawatt.views.mcp.server import make_server

    verbs = {str(each.name): each.callback for each in app.registered_commands}
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    async def ask():
        async with Client(make_server(verbs, folder, scratch, time_limit_s=2.0, writes=False)) as client:
            return await client.call_tool("plan", {"scenario": "meta-2025", "draws": 100_000})

    result = anyio.run(ask)
    assert result.is_error
    assert "took longer than 2 s and was stopped" in result.content[0].text


def test_streamable_http(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, *SERVER, "--folder", str(folder), "--http", str(port), "--quiet", "--allow-writes"],
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)

        async def ask():
            async with Client(f"http://127.0.0.1:{port}/mcp", read_timeout_seconds=LONGEST_S) as client:
                made = content(
                    await client.call_tool("plan", {"scenario": "sovereign-1mw", "draws": 0, "out": "runs/mine"})
                )
                return made, content(await client.call_tool("runs", {"action": "rm", "words": ["mine"]}))

        made, _ = anyio.run(ask)
    finally:
        server.terminate()
        server.wait(timeout=20)
    assert made["summary"]["metrics"]["fleet.gpus_bought"]["value"] == 432
    assert (folder / "runs").is_dir()
    assert not (folder / "runs" / "mine").exists()
