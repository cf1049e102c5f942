"""Calls of a client: arguments that stay in the working folder, a process behind walls, a short answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from gigawatt.errors import InputError, RunNotFoundError, nearest
from gigawatt.views.mcp.shorten import shortened
from gigawatt.views.mcp.verbs import FOLDER_MADE, Parameter, words_of

MOST_DOCUMENT_BYTES = 64 << 20
MOST_WORDS = 4000  # characters of an error
MOST_RUNS = 32  # answers kept; the oldest goes first
RUNS = "runs"  # folder of runs below the working folder
UNCONFINED = {"sql", "figure"}  # arguments that name no file


@dataclass
class Desk:
    """What a server keeps: where it works, what it may, and the answers given so far.

    Attributes
    ----------
    root : Path
        The working folder.
    scratch : Path
        A folder of its own, for answers.
    time_limit_s : float
        Longest time of a call.
    writes : bool
        Whether clients may write and remove run folders in the working folder.
    workers : anyio.CapacityLimiter
        Calls at once.
    """

    root: Path
    scratch: Path
    time_limit_s: float
    writes: bool
    workers: anyio.CapacityLimiter
    kept: list[str] = field(default_factory=list)
    count: int = 0

    async def call(self, verb: str, parameters: list[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
        """Run a verb and return a short answer.

        Parameters
        ----------
        verb : str
        parameters : list of Parameter
        given : mapping of str to Any

        Returns
        -------
        dict
            run_id, summary, and how to see the rest.

        Raises
        ------
        InputError
            If an argument leads out of the working folder, or the verb refuses or takes too long.
        """
        values = {name: self._placed(name, value, verb) for name, value in given.items()}
        if verb == "runs" and values.get("action") == "rm" and not self.writes:
            message = "this server only reads; it was started without --allow-writes"
            raise InputError(message)
        self.count += 1
        run_id = f"{verb}-{self.count}"
        words = [verb, "--json"]
        out = values.pop("out", None)
        if verb in FOLDER_MADE:
            words.append(f"--out={out or self.scratch / run_id}")
        if verb == "study":
            words.append("--workers=1")  # processes of its own would stand outside the walls
        if verb == "runs" and values.get("action") == "rm":
            words.append("--yes")
        text = await self._run([*words, *words_of(parameters, values)], closed=verb == "runs")
        return self._answer(run_id, text)

    def dig(self, run_id: str, path: str = "", start: int = 0, count: int = 50) -> dict[str, Any]:
        """Return a part of an answer.

        Parameters
        ----------
        run_id : str
        path : str
            Dotted, such as result.months; the whole where empty.
        start, count : int
            Rows of a list.

        Returns
        -------
        dict

        Raises
        ------
        RunNotFoundError
            If there is no such answer.
        InputError
            If it has no such part.
        """
        if run_id not in self.kept:
            message = (
                f'there is no answer "{run_id}". {nearest(run_id, self.kept) if self.kept else "There is none yet."}'
            )
            raise RunNotFoundError(message)
        part: Any = json.loads((self.scratch / f"{run_id}.json").read_text(encoding="utf-8"))
        rest = path
        while rest:
            part, rest = _step(part, rest)
        if isinstance(part, list):
            rows = part[start : start + count]
            found: dict[str, Any] = {"rows": rows, "start": start, "of": len(part)}
            return {"run_id": run_id, "path": path, **shortened(found, path)}
        return {"run_id": run_id, "path": path, "part": shortened(part, path)}

    def _answer(self, run_id: str, text: bytes) -> dict[str, Any]:
        """Keep an answer and return it short."""
        document = json.loads(text)
        (self.scratch / f"{run_id}.json").write_bytes(text)
        self.kept.append(run_id)
        while len(self.kept) > MOST_RUNS:
            oldest = self.kept.pop(0)
            (self.scratch / f"{oldest}.json").unlink(missing_ok=True)
            shutil.rmtree(self.scratch / oldest, ignore_errors=True)
        short = shortened(document.get("result", document), "result")
        return {"run_id": run_id, "schema": document.get("schema", ""), "summary": short,
                "more": f"dig(run_id='{run_id}', path='result...') shows any part in full"}  # fmt: skip

    def _placed(self, name: str, value: Any, verb: str) -> Any:
        """Return a value that leads nowhere outside the working folder; the name of an answer becomes its folder."""
        if isinstance(value, list):
            return [self._placed(name, each, verb) for each in value]
        if not isinstance(value, str) or name in UNCONFINED:
            return value
        if value in self.kept and verb in ("explain", "compare", "runs"):
            return str(self.scratch / value)
        if verb == "runs" and name == "words" and " " in value.strip():
            return value  # a query: it has walls of its own
        path = value.partition("=")[2] if name == "settings" else value
        if path == "-":
            message = f"{name}: there is no standard input here"
            raise InputError(message)
        leads_out = path.startswith(("/", "~")) or ".." in Path(path).parts or "\0" in path
        if not leads_out and len(path) < os.pathconf("/", "PC_NAME_MAX") and (self.root / path).exists():
            leads_out = not (self.root / path).resolve().is_relative_to(self.root.resolve())
        if leads_out:
            message = f"{name}: {path} leads out of the working folder"
            raise InputError(message)
        return value

    async def _run(self, words: list[str], *, closed: bool) -> bytes:
        """Run a verb behind walls and return what it prints."""
        spare = self.scratch / "spare"
        spare.mkdir(exist_ok=True)
        writable = [self.scratch, *([self.root] if self.writes else [])]
        walls = {
            "readable": [str(self.root)],
            "writable": [str(path) for path in writable],
            "words": words,
            "closed": closed,
        }
        # -P: a module of that name in the working folder is not taken for a library's.
        command = [sys.executable, "-P", "-m", "gigawatt.views.mcp.walls", json.dumps(walls)]
        library = os.pathsep.join(filter(None, (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": library, "TMPDIR": str(spare), "NO_COLOR": "1"}
        async with self.workers:
            out, said, code = await self._process(command, environment)
        if code != 0 and not out.startswith(b"{"):  # check prints its faults as a document
            message = said.decode(errors="replace").strip()[:MOST_WORDS] or f"it ended with {code}"
            raise InputError(message)
        return out

    async def _process(self, command: list[str], environment: Mapping[str, str]) -> tuple[bytes, bytes, int]:
        """Run a process for a limited time and with limited output; it ends with the call."""
        out, said = bytearray(), bytearray()
        async with await anyio.open_process(
            command, stdin=subprocess.DEVNULL, cwd=self.root, env=environment
        ) as process:  # no standard input: it is the protocol's

            async def read(stream: Any, kept: bytearray, most: int) -> None:
                async for block in stream:
                    kept += block[: most - len(kept)]
                    if len(kept) >= most:
                        process.kill()

            try:
                with anyio.fail_after(self.time_limit_s):
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(read, process.stdout, out, MOST_DOCUMENT_BYTES)
                        tasks.start_soon(read, process.stderr, said, MOST_DOCUMENT_BYTES)
                        code = await process.wait()
            except TimeoutError as error:
                message = (
                    f"it took longer than {self.time_limit_s:g} s and was stopped; ask for less, "
                    "or start the server with a longer --time-limit"
                )
                raise InputError(message) from error
            finally:
                if process.returncode is None:
                    process.kill()
        if len(out) >= MOST_DOCUMENT_BYTES:
            message = f"the answer is longer than {MOST_DOCUMENT_BYTES >> 20} MiB"
            raise InputError(message)
        return bytes(out), bytes(said), code


def _step(part: Any, path: str) -> tuple[Any, str]:
    """Go one name along a path; names may have dots themselves, so the longest that fits counts."""
    names = path.split(".")
    for end in range(len(names), 0, -1):
        name = ".".join(names[:end])
        rest = ".".join(names[end:])
        if isinstance(part, dict) and name in part:
            return part[name], rest
        if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
            return part[int(name)], rest
    known = list(part) if isinstance(part, dict) else [f"0 to {len(part) - 1}"] if isinstance(part, list) else []
    message = f'there is no "{path}". {nearest(names[0], known) if known else "It has no parts."}'
    raise InputError(message)
