"""Read a scenario: a shipped name, a file in YAML or TOML, or standard input, with every fault at once."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from gigawatt.catalogue import Catalogue, load
from gigawatt.errors import Fault, ScenarioError, nearest
from gigawatt.scenario.across import capabilities, spanning, unknown_ids
from gigawatt.scenario.faults import Problem, read_parts
from gigawatt.scenario.merge import OVERRIDE, lay_over, override
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.written import MAX_BYTES, Written, decode, dotted, from_toml, from_yaml

TEMPLATES = Path(__file__).parent / "templates"
STDIN = "-"
SUFFIXES = (".yaml", ".yml", ".json", ".toml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario as read.

    Attributes
    ----------
    scenario : Scenario
        Validated; what is not written is None.
    origins : mapping
        Dotted path to "file:line", or "--set".
    files : tuple of Path
        The file and those it extends, nearest first.
    text : str
        The merged scenario as YAML.
    catalogue : Catalogue
        The facts it was checked against.
    """

    scenario: Scenario
    origins: Mapping[str, str]
    files: tuple[Path, ...]
    text: str
    catalogue: Catalogue

    def origin(self, path: str) -> str:
        """Return where a field was set, or the nearest part that holds it; empty where it was not written."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            if found := self.origins.get(".".join(parts[:length])):
                return found
        return ""


def read(path_or_name: str | Path, overrides: Sequence[str] = (), overlays: Sequence[Path] = ()) -> Loaded:
    """Read a scenario.

    Parameters
    ----------
    path_or_name : str or Path
        Id of a shipped scenario, path of a file (.yaml, .yml, .json, .toml), or "-" for standard input.
    overrides : sequence of str
        Settings "path=value", applied in order.
    overlays : sequence of Path
        Folders of your own laid over the catalogue.

    Returns
    -------
    Loaded

    Raises
    ------
    ScenarioError
        With every fault found, in file order.
    CatalogueError
        If an overlay is no folder or holds a wrong file.

    Examples
    --------
    >>> read("meta-2025", ["finance.tax=21 %"]).scenario.finance.tax.value
    0.21
    """
    name = str(path_or_name)
    if name == STDIN:
        return read_text(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>", overrides, overlays, Path.cwd())
    path = locate(name, Path.cwd())
    return _finish(*_chain(_read_file(path, _label(path, name)), path.parent, (path,)), overrides, overlays)


def read_text(
    text: str | bytes,
    name: str = "scenario.yaml",
    overrides: Sequence[str] = (),
    overlays: Sequence[Path] = (),
    folder: Path | None = None,
) -> Loaded:
    """Read a scenario from text, as an editor or a web page holds it.

    Parameters
    ----------
    text : str or bytes
        The scenario; TOML if the name ends in .toml.
    name : str
        File name for messages.
    overrides, overlays
        As for `read`.
    folder : Path, optional
        Where `extends` may look for files; only shipped scenarios where not given.

    Returns
    -------
    Loaded

    Raises
    ------
    ScenarioError
        With every fault found.
    """
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return _finish(*_chain(_parse(content, name), folder, ()), overrides, overlays)


def shipped_ids() -> list[str]:
    """Return the ids of the scenarios that ship."""
    return sorted(path.stem for path in TEMPLATES.glob("*.yaml"))


def locate(name: str, folder: Path | None) -> Path:
    """Return the file of a shipped id or a path; raise ScenarioError with the nearest name otherwise."""
    shipped = shipped_ids()
    if name in shipped:
        return TEMPLATES / f"{name}.yaml"
    if folder is None:
        raise ScenarioError([Fault(name, 0, "", "is not a shipped scenario.", nearest(name, shipped))])
    path = folder / Path(name).expanduser()
    if path.is_dir():
        raise ScenarioError([Fault(name, 0, "", "is a folder, not a scenario file.", "Name the file in it.")])
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a name that the file system refuses
        exists = False
    if exists:
        return path
    around = (
        [each.name for each in path.parent.glob("[!.]*") if each.suffix in SUFFIXES and each.stem != "pyproject"]
        if path.parent.is_dir()
        else []
    )
    problem = "is neither a file nor a shipped scenario."
    raise ScenarioError([Fault(name, 0, "", problem, nearest(Path(name).name, [*shipped, *around]))])


def _label(path: Path, name: str) -> str:
    """Return the file name for messages: as the user named it."""
    return path.name if path.parent == TEMPLATES else name


def _read_file(path: Path, label: str) -> Written:
    """Read one file, no more of it than a scenario may have."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Written(faults=[Fault(label, 0, "", f"cannot be read: {error.strerror}.", "")])
    return _parse(content, label)


def _parse(content: bytes, label: str) -> Written:
    """Turn the bytes of a file into data with places."""
    text = decode(content, label)
    if isinstance(text, Fault):
        return Written(faults=[text])
    written = from_toml(text, label) if label.endswith(".toml") else from_yaml(text, label)
    if not isinstance(written.data, dict) and not written.faults:
        what = "a list" if isinstance(written.data, list) else f'"{str(written.data)[:40]}"'
        remedy = 'Write "scenario: my-build-out" and the other sections, one below the other.'
        written.faults.append(Fault(label, 1, "", f"holds {what}; a scenario is a mapping of sections.", remedy))
    return written


def _chain(written: Written, folder: Path | None, files: tuple[Path, ...]) -> tuple[Written, tuple[Path, ...]]:
    """Follow `extends` to the root and lay each scenario over the one it builds on."""
    if not isinstance(written.data, dict) or _is_endless(written):
        raise ScenarioError(written.faults)
    if "extends" not in written.data:
        return written, files
    parent_name = written.data.pop("extends")
    place = written.fault(("extends",), "", "")
    if not isinstance(parent_name, str):
        written.is_whole = False
        written.faults.append(written.fault(("extends",), "is not a name.", "Write a shipped scenario or a file."))
        return written, files
    try:
        parent_path = locate(parent_name, folder)
    except ScenarioError as error:
        written.is_whole = False
        found = error.faults[0]
        problem = f'"{parent_name}" {found.problem}'
        written.faults.append(Fault(place.file, place.line, "extends", problem, found.remedy))
        return written, files
    if parent_path.resolve() in [each.resolve() for each in files]:
        written.is_whole = False
        problem = f'"{parent_name}" builds on this file in turn.'
        written.faults.append(Fault(place.file, place.line, "extends", problem, "Break the circle."))
        return written, files
    parent = _read_file(parent_path, _label(parent_path, parent_name))
    below, all_files = _chain(parent, parent_path.parent, (*files, parent_path))
    return lay_over(below, written), all_files


def _is_endless(written: Written) -> bool:
    """Whether aliases made the file larger than anyone can read: nothing else in it is worth a word."""
    return not written.is_whole


def _finish(written: Written, files: tuple[Path, ...], overrides: Sequence[str], overlays: Sequence[Path]) -> Loaded:
    """Apply the settings, check everything, and return the scenario or raise every fault."""
    for setting in overrides:
        override(written, setting)
    catalogue = load(tuple(Path(folder) for folder in overlays))
    parts, problems = read_parts(written.data)
    problems += [*unknown_ids(written.data, catalogue), *spanning(parts), *capabilities(parts, catalogue)]
    told = {fault.field for fault in written.faults if fault.field}
    faults = written.faults + [
        _fault(problem, written)
        for problem in problems
        if dotted(problem.path) not in told and (problem.path or written.is_whole)
    ]
    if faults:
        raise ScenarioError(_in_order(faults, written))
    return Loaded(
        scenario=Scenario.model_validate(written.data),
        origins={dotted(path): f"{file}:{line}" if line else file for path, (file, line) in written.places.items()},
        files=files,
        text=to_yaml(written.data),
        catalogue=catalogue,
    )


def _fault(problem: Problem, written: Written) -> Fault:
    """Give a problem its file and line; a missing field has those of the part that lacks it."""
    file, line = written.place(problem.path)
    if not problem.path:
        line = max(line, 1)
    return Fault(file, line, dotted(problem.path), problem.problem, problem.remedy)


def _in_order(faults: Sequence[Fault], written: Written) -> list[Fault]:
    """Sort by file and line, settings last, each fault once."""
    main = written.place(())[0]
    order = {main: 0, OVERRIDE: 2}
    return sorted(dict.fromkeys(faults), key=lambda fault: (order.get(fault.file, 1), fault.file, fault.line))


def to_yaml(data: Any) -> str:
    """Write plain data as YAML.

    Parameters
    ----------
    data : Any
        Mappings, lists and scalars.

    Returns
    -------
    str
        Block style, in the order of the data.
    """
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def content_hash(scenario: Scenario) -> str:
    """Return a hash of what a scenario means: the same for any order of keys and any spelling of units.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    plain = json.dumps(scenario.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
