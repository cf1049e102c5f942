"""Open a file of rows as a table that DuckDB streams: CSV, JSON lines, Parquet or plain lines, gzip or not.

What a file is, is told from its first bytes, never from its name alone.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gigawatt.errors import Fault, InputError

if TYPE_CHECKING:
    import duckdb

MOST_BYTES = 16 * 2**30  # of a file; a year of a cluster's jobs has some GiB at most
SNIFFED_BYTES = 2**16
MOST_LINE_BYTES = 2**20
MOST_COLUMNS = 500
SNIFFED_OBJECTS = 100
DELIMITERS = ("|", ",", "\t", ";")
SWF_FIELDS_COUNT = 18
_SIGNS = {
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"BZh": "a bzip2 file: unpack it first",
    b"\xfd7zXZ": "an xz file: unpack it first",
    b"7z\xbc\xaf": "a 7-zip archive: unpack it first",
    b"SQLite format 3": "an SQLite database: export the table of jobs as CSV",
    b"ARROW1": "an Arrow file: write it as Parquet",
    b"ORC": "an ORC file: write it as Parquet",
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself: fetch it with git lfs pull",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file as a table.

    Attributes
    ----------
    path : Path
    container : str
        "csv", "json", "parquet" or "lines".
    columns : tuple of str
        Names of the columns; of plain lines the one column "line".
    relation : str
        SQL of the table, rows in the file's order.
    first_line : int
        Line of the first row in a text; 0 where rows have no lines.
    """

    path: Path
    container: str
    columns: tuple[str, ...]
    relation: str
    first_line: int

    def place(self, row: int) -> str:
        """Return file and line of a row, or file and row where there are no lines."""
        return f"{self.path}:{row + self.first_line - 1}" if self.first_line else f"{self.path}: row {row}"


def quoted(text: str) -> str:
    """Return text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def named(column: str) -> str:
    """Return a column's name in SQL."""
    return '"' + column.replace('"', '""') + '"'


def refuse(path: Path | str, problem: str, line: int = 0, field: str = "", remedy: str = "") -> InputError:
    """Return an error about a file."""
    return InputError(str(Fault(str(path), line, field, problem, remedy)))


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection that fetches no extensions and keeps the order of rows."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "threads": "2",
        "preserve_insertion_order": "true",
    }
    return duckdb.connect(":memory:", config=config)


def open_source(path: Path, connection: duckdb.DuckDBPyConnection, clean: bool = False) -> Source:
    """Open a file of jobs or requests.

    Parameters
    ----------
    path : Path
    connection : DuckDBPyConnection
        In which its table will be read.
    clean : bool
        Whether rows that are no rows of the table are passed over.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the file is missing, no ordinary file, empty, huge, binary, cut short or not text in UTF-8.
    """
    if not path.is_file():
        raise refuse(path, "there is no such file.")
    size = path.stat().st_size
    if size == 0:
        raise refuse(path, "is empty.")
    if size > MOST_BYTES:
        limit = f"{MOST_BYTES / 2**30:.0f} GiB"
        raise refuse(
            path,
            f"has {size / 2**30:,.0f} GiB, more than {limit}.",
            remedy="Cut it by month, or to what is to be replayed.",
        )
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    if head.startswith(b"PAR1"):
        return _parquet(path, size, connection)
    compressed = head.startswith(b"\x1f\x8b")
    if compressed:
        head = _first_of_gzip(path)
    for sign, what in _SIGNS.items():
        if head.startswith(sign):
            raise refuse(path, f"is {what}.")
    return _text(path, _decoded(path, head), compressed, clean)


def _first_of_gzip(path: Path) -> bytes:
    """Return the first bytes inside a gzip file."""
    try:
        with gzip.open(path) as file:
            head = file.read(SNIFFED_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise refuse(path, f"cannot be unpacked as gzip: {error}.", remedy="It was cut off; fetch it again.") from error
    if not head:
        raise refuse(path, "is empty inside its gzip.")
    return head


def _decoded(path: Path, head: bytes) -> str:
    """Return the first bytes as text."""
    if b"\0" in head:
        raise refuse(path, "is binary, not text.", remedy="Give CSV, JSON lines, Parquet, SWF or the text of sacct.")
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 4 and len(head) >= SNIFFED_BYTES:  # the cut went through a character
            return head[: error.start].decode("utf-8-sig")
        line = head.count(b"\n", 0, error.start) + 1
        raise refuse(path, f"is no text in UTF-8: byte {head[error.start]:#04x}.", line) from error


def _pattern(path: Path) -> str:
    """Return a path as SQL text in which nothing stands for other files."""
    return quoted(re.sub(r"([*?\[])", r"[\1]", str(path)))


def _parquet(path: Path, size: int, connection: duckdb.DuckDBPyConnection) -> Source:
    """Open a Parquet file."""
    import duckdb

    with path.open("rb") as file:
        file.seek(max(size - 4, 0))
        if file.read() != b"PAR1":
            raise refuse(path, "is a Parquet file without its end.", remedy="It was cut off; fetch it again.")
    relation = f"read_parquet({_pattern(path)})"
    try:
        names = [str(row[0]) for row in connection.execute(f"describe select * from {relation}").fetchall()]
    except duckdb.Error as error:
        raise refuse(path, f"cannot be read as Parquet: {first_line(error)}.") from error
    return Source(path, "parquet", tuple(names), relation, 0)


def _text(path: Path, head: str, compressed: bool, clean: bool) -> Source:
    """Open a text: JSON lines, SWF, or a table with a header line."""
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    if not lines:
        raise refuse(path, "holds nothing but blank lines.")
    packing = ", compression='gzip'" if compressed else ", compression='none'"
    file = _pattern(path)
    by_line = (
        f"read_csv({file}, columns={{'line': 'VARCHAR'}}, header=false, auto_detect=false, delim='\x01', quote='', "
        f"escape='', null_padding=true, parallel=false, max_line_size={MOST_LINE_BYTES}{packing})"
    )
    if lines[0].startswith("{"):
        keys = _keys(path, lines)
        item = "case when json_valid(line) then line end"
        cells = ", ".join(f"({item}) ->> {quoted('$.' + named(key))} as {named(key)}" for key in keys)
        return Source(path, "json", keys, f"(select {cells} from {by_line})", 1)
    data = next((line for line in lines if not line.startswith(";")), "")
    if lines[0].startswith(";") or _is_swf(data):
        return Source(path, "lines", ("line",), f"(select line from {by_line})", 1)
    return _table(path, head, packing, clean)


def _is_swf(line: str) -> bool:
    """Whether a line has the fields of the standard workload format."""
    words = line.split()
    return len(words) == SWF_FIELDS_COUNT and all(re.fullmatch(r"-?\d+(\.\d*)?", word) for word in words)


def _keys(path: Path, lines: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of the first objects of JSON lines."""
    import json

    found: dict[str, None] = {}
    for number, line in enumerate(lines[:SNIFFED_OBJECTS], start=1):
        try:
            item = json.loads(line)
        except ValueError as error:
            if number > 1:  # a line that the sniffed bytes cut, or that reading the rows will name
                break
            problem = f"is no JSON object on one line: {error}."
            raise refuse(path, problem, 1, remedy="Write one object a line, keys as columns.") from error
        found |= dict.fromkeys(str(key) for key in item) if isinstance(item, dict) else {}
    return tuple(found)


def _table(path: Path, head: str, packing: str, clean: bool) -> Source:
    """Open a table whose first line names the columns."""
    first = head.splitlines()[0]
    if len(first) >= SNIFFED_BYTES // 2:
        raise refuse(path, "is no table: its first line does not end.", 1)
    delimiter = max(DELIMITERS, key=first.count)
    if delimiter not in first:
        remedy = "Separate columns by a comma, bar, tab or semicolon, and name them in the first line."
        raise refuse(path, f'is no table: its first line is "{first[:60]}".', 1, remedy=remedy)
    plain = delimiter == "|"  # sacct quotes nothing
    names = first.split("|") if plain else next(csv.reader([first], delimiter=delimiter))
    columns = [name.strip() or f"column{place}" for place, name in enumerate(names, start=1)]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise refuse(path, "stands twice in the header.", 1, twice[0], "Keep one.")
    if len(columns) > MOST_COLUMNS:
        raise refuse(path, f"has {len(columns):,} columns, more than {MOST_COLUMNS}.", 1)
    if all(re.fullmatch(r"-?[\d.]+", name) for name in columns):
        raise refuse(path, "starts with numbers, not with the names of its columns.", 1, remedy="Add a header line.")
    kinds = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
    quotes = "quote='', escape=''" if plain else "quote='\"', escape='\"'"
    reject = ", ignore_errors=true, store_rejects=true" if clean else ""
    relation = (
        f"read_csv({_pattern(path)}, columns={{{kinds}}}, header=false, skip=1, auto_detect=false, "
        f"delim={quoted(delimiter)}, {quotes}, null_padding=true, parallel=false, "
        f"max_line_size={MOST_LINE_BYTES}{packing}{reject})"
    )
    return Source(path, "csv", tuple(columns), relation, 2)


def first_line(error: Exception) -> str:
    """Return the first line of a message of DuckDB, without its class."""
    return re.sub(r"^[\w ]*Error: ", "", str(error).strip().splitlines()[0]).rstrip(".")


def row_fault(source: Source, error: Exception) -> InputError:
    """Return what DuckDB says of a file as an error with its line."""
    text = str(error)
    where = re.search(r"CSV Error on Line: (\d+)", text)
    line = int(where[1]) if where else 0
    counted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if counted:
        remedy = "Leave out columns of free text, which may hold the separator." if source.container == "csv" else ""
        return refuse(source.path, f"has {counted[2]} cells where the header has {counted[1]}.", line, remedy=remedy)
    if "unicode" in text.lower() or "utf-8" in text.lower():
        return refuse(source.path, "is no text in UTF-8.", line, remedy="Convert it, or pass clean=True.")
    if "quote" in text.lower():
        return refuse(source.path, "has a quote that does not close.", line, remedy="Close it; a cut-off file ends so.")
    if "gzip" in text.lower() or "miniz" in text.lower() or "decompress" in text.lower():
        return refuse(source.path, "ends inside its gzip.", remedy="It was cut off; fetch it again.")
    if "line size" in text.lower():
        return refuse(source.path, f"has a line of more than {MOST_LINE_BYTES:,} bytes.", line)
    return refuse(source.path, f"cannot be read: {first_line(error)}.", line)
