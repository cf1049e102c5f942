"""What a file says, and where: plain data together with file and line of every value.

YAML is read as a tree of nodes, so that each key keeps its line and a key given twice is seen; TOML goes through the
standard library, its lines found as well as its text allows.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gigawatt.errors import Fault

Path_ = tuple[str | int, ...]

MAX_BYTES = 1_000_000  # a scenario is some kilobytes; more is not a scenario
MAX_NODES = 50_000  # after aliases are followed
MAX_DEPTH = 40

_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}
_KINDS: dict[type[Node], str] = {MappingNode: "tag:yaml.org,2002:map", SequenceNode: "tag:yaml.org,2002:seq"}

# what the YAML reader says -> what the writer should do
_SYNTAX_REMEDIES = (
    ("\\t", "Indent with spaces, not tabs."),
    ("chomping or indentation", 'Put a value that starts with ">" or "|" in quotes.'),
    ("mapping values are not allowed", 'Put text that holds ": " in quotes, and check the indentation.'),
    ("expected ':'", 'Write "name: value", with a space after the colon.'),
    ("undefined alias", 'Put text that starts with "*" in quotes.'),
    ("cannot start any token", 'Put text that starts with "%", "@" or "`" in quotes.'),
    ("comment or a line break", 'Put a value that starts with ">" or "|" in quotes.'),
    ("another document", 'Keep one scenario in a file; remove the line "---".'),
    ("',' or", "Close the bracket, and put a comma between its parts."),
    ("<block end>", "Check the indentation of this line and the one before it."),
    ("end of stream", "Close the quotation mark."),
)


def dotted(path: Path_) -> str:
    """Return a path as people write it: "sites.0.power"."""
    return ".".join(str(part) for part in path)


@dataclass(slots=True)
class Written:
    """Plain data with the place of each value.

    Attributes
    ----------
    data : Any
        Mappings with text keys, lists, text, numbers, truth values, dates, None.
    places : dict
        Path to (file, line); line 0 where none is known.
    faults : list of Fault
        What was wrong with the text itself.
    """

    data: Any = None
    places: dict[Path_, tuple[str, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    is_whole: bool = True  # False where a part could not be followed: what is missing then says nothing

    def place(self, path: Path_) -> tuple[str, int]:
        """Return file and line of a path, or of what holds it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return "", 0

    def fault(self, path: Path_, problem: str, remedy: str = "") -> Fault:
        """Return a fault at a path."""
        file, line = self.place(path)
        return Fault(file, line, dotted(path), problem, remedy)


def decode(content: bytes, file: str) -> str | Fault:
    """Return the text of a file, or the fault that keeps it from being one."""
    if len(content) > MAX_BYTES:
        return Fault(file, 0, "", "is larger than 1 MB.", "A scenario is a few kilobytes; is this the right file?")
    if b"\0" in content:
        return Fault(file, 0, "", "is not a text file.", "A scenario is written in YAML or TOML.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return Fault(file, line, "", "is not UTF-8 text.", "Save the file as UTF-8.")
    if not text.strip():
        return Fault(file, 1, "", "is empty.", 'Begin with "gigawatt init NAME", which writes a scenario to edit.')
    return text


def from_yaml(text: str, file: str) -> Written:
    """Read YAML 1.2 with the line of every key.

    Parameters
    ----------
    text : str
        The whole file.
    file : str
        Name for messages.

    Returns
    -------
    Written
        With faults for wrong syntax, keys given twice, tags, aliases that explode.
    """
    written = Written()
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        written.faults.append(_syntax_fault(error, text, file))
        return written
    except YAMLError:
        bad = next((n for n, row in enumerate(text.splitlines(), 1) if not row.replace("\t", " ").isprintable()), 1)
        written.faults.append(Fault(file, bad, "", "holds a control character.", "Remove it."))
        return written
    except RecursionError:
        written.faults.append(Fault(file, 0, "", "is nested too deeply.", "A scenario has a handful of levels."))
        return written
    builder = _Builder(yaml, file, written)
    written.data = None if root is None else builder.build(root, (), 0)
    if root is None:
        written.faults.append(Fault(file, 1, "", "holds nothing but comments.", "Write at least one section."))
    return written


def _syntax_fault(error: MarkedYAMLError, text: str, file: str) -> Fault:
    """Turn the YAML reader's complaint into a fault with a remedy."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    problem = " ".join(str(error.problem or error.context or error).split())
    rows = text.splitlines()
    if 0 < line <= len(rows) and "\t" in re.match(r"\s*", rows[line - 1]).group():  # type: ignore[union-attr]
        return Fault(file, line, "", "is indented with a tab.", "Indent with spaces.")
    remedy = next((advice for sign, advice in _SYNTAX_REMEDIES if sign in problem), "Check this line's punctuation.")
    return Fault(file, line, "", f"cannot be read as YAML: {problem}.", remedy)


class _Builder:
    """Turns a tree of YAML nodes into plain data."""

    def __init__(self, yaml: YAML, file: str, written: Written) -> None:
        self._constructor = yaml.constructor
        self._file = file
        self._written = written
        self._left = MAX_NODES
        self._open: set[int] = set()

    def build(self, node: Node, path: Path_, depth: int) -> Any:
        """Return the data of a node, and note its place."""
        line = node.start_mark.line + 1 if node.start_mark else 0
        line = self._written.places.setdefault(path, (self._file, line))[1]  # an alias stands where it is used
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH or id(node) in self._open:
            if self._left >= 0 or self._left == -1:
                self._fault(path, line, "repeats or nests itself without end.", "Write the parts out, without aliases.")
            self._written.is_whole = False
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, path, line)
        if node.tag != _KINDS[type(node)]:
            self._fault(path, line, f'has the tag "{node.tag}", which has no meaning here.', "Remove it.")
            return None
        self._open.add(id(node))
        if isinstance(node, MappingNode):
            data: Any = self._mapping(node, path, depth)
        else:
            data = [self.build(item, (*path, number), depth + 1) for number, item in enumerate(node.value)]
        self._open.discard(id(node))
        return data

    def _fault(self, path: Path_, line: int, problem: str, remedy: str) -> None:
        self._written.faults.append(Fault(self._file, line, dotted(path), problem, remedy))

    def _scalar(self, node: ScalarNode, path: Path_, line: int) -> Any:
        """Return text, number, truth value, date or None."""
        if node.tag not in _PLAIN_TAGS:
            self._fault(path, line, f'has the tag "{node.tag}", which has no meaning here.', "Remove it.")
            return None
        try:
            return self._constructor.construct_object(node, deep=True)
        except (ValueError, OverflowError, YAMLError):
            return str(node.value)  # an impossible date or number: the field says what it wants

    def _mapping(self, node: MappingNode, path: Path_, depth: int) -> dict[str, Any]:
        """Return a mapping with text keys; refuse a key given twice."""
        data: dict[str, Any] = {}
        first_line: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._fault(path, line, "has a list or mapping as a name.", "Write names as plain text.")
                continue
            key = str(key_node.value)
            if key.endswith(":") and isinstance(value_node, ScalarNode) and value_node.value == "":
                key = key[:-1]  # "{capex:}" is read as a name that ends in a colon
            if key == "<<":
                self._fault(path, line, 'has "<<".', "Write the fields out, or build on a scenario with extends.")
                continue
            if key in data:
                problem = f"is given twice; the first is on line {first_line[key]}."
                self._fault((*path, key), line, problem, "Keep one of them.")
                continue
            first_line[key] = line
            self._written.places[(*path, key)] = (self._file, line)
            data[key] = self.build(value_node, (*path, key), depth + 1)
        return data


def from_toml(text: str, file: str) -> Written:
    """Read TOML; lines are those of the keys as far as the text shows them.

    Parameters
    ----------
    text : str
        The whole file.
    file : str
        Name for messages.

    Returns
    -------
    Written
    """
    written = Written()
    try:
        written.data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at line (\d+), column \d+\)$", str(error))
        problem, line = (found[1], int(found[2])) if found else (str(error), 0)
        written.faults.append(Fault(file, line, "", f"cannot be read as TOML: {problem}.", "Check this line."))
        return written
    except (RecursionError, ValueError):
        written.faults.append(Fault(file, 0, "", "cannot be read as TOML.", "Check its brackets and numbers."))
        return written
    written.places = {(): (file, 1), **{path: (file, line) for path, line in _toml_lines(text)}}
    return written


def _toml_lines(text: str) -> Iterator[tuple[Path_, int]]:
    """Yield path and line of each table and key that stands at the start of a line."""
    table: Path_ = ()
    counts: dict[Path_, int] = {}
    for line, row in enumerate(text.splitlines(), 1):
        if header := re.match(r"^\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}", row):
            table = ()
            parts = [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", header[2])]
            for part in parts:
                table = (*table, part)
                if table in counts and (part is not parts[-1] or header[1] == "["):
                    table = (*table, counts[table])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield table, line
        elif key := re.match(r"^\s*(\"[^\"]*\"|'[^']*'|[\w-]+)\s*=", row):
            yield (*table, key[1].strip("\"'")), line
