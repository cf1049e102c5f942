"""Read the tables that nccl-tests and rccl-tests print: all_reduce_perf, all_gather_perf, reduce_scatter_perf.

The size column is the whole message: what a rank holds of an all-reduce, the gathered message of an all-gather, the
scattered one of a reduce-scatter; times are microseconds out of place (nccl-tests, doc/PERFORMANCE.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from gigawatt.planning.measurements import COLLECTIVES, MOST_TIMINGS, Faults, Timing, lines_of, read_time_s

SECONDS_PER_MICROSECOND = 1e-6
BYTES_PER_GB = 1e9
# Columns are printed with two decimals: ratios of them are checked where the rate is large enough to have digits.
CHECKED_FROM_GB_PER_S = 5.0
AGREEMENT_FRAC = 0.03
_PREFIX = re.compile(r"^(?:\[[\d,]+\]<std(?:out|err)>:|\d+:\s)\s*")  # of mpirun --tag-output and srun --label
_STARTING = re.compile(r"Collective test starting: (\w+)_perf")
_RANK = re.compile(r"#\s*Rank\s+(\d+)\s+Group\s+(\d+)\s+Pid\s+\d+\s+on\s+(\S+)\s+device\s+\d+\s+\[\S+\]\s*(.*)")
_SUMMARY = re.compile(r"#\s*Avg bus bandwidth")
_VERSION = re.compile(r"((?:nccl|rccl)-tests version .*|(?:NCCL|RCCL) version .*)")


@dataclass(slots=True)
class _Table:
    """One run of a program: its name, its ranks, its columns and rows."""

    kind: str = ""
    group_of_rank: dict[int, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)

    def ranks(self) -> int:
        """Ranks of one communicator; lines between the first and the last may have been left out."""
        if len(set(self.group_of_rank.values())) > 1:
            return sum(group == 0 for group in self.group_of_rank.values())
        return max(self.group_of_rank, default=-1) + 1


def read_tables(path: Path) -> tuple[list[Timing], dict[str, str]]:
    """Read every table of a file.

    Parameters
    ----------
    path : Path
        What the program printed, from its first line to its summary; other lines between do not matter.

    Returns
    -------
    tuple
        Timings, and device and software as the output names them.

    Raises
    ------
    InputError
        If a table is cut short, names no ranks, is of another collective, or contradicts itself.
    """
    faults = Faults(str(path))
    table = _Table()
    timings: list[Timing] = []
    about: dict[str, str] = {}
    number = 0
    for number, raw in lines_of(path):
        line = _PREFIX.sub("", raw.strip())
        if found := _STARTING.search(line):
            if table.rows:
                break  # the table before has no summary
            table = _Table(kind=found[1])
        elif found := _RANK.search(line):
            if found[1] == "0" and found[2] == "0" and table.group_of_rank:
                table = _Table(kind=table.kind)
            table.group_of_rank[int(found[1])] = int(found[2])
            about["device"] = found[4].strip()
        elif found := _VERSION.search(line):
            about["software"] = found[1].strip()
        elif {"size", "time", "algbw", "busbw"} <= set(line.replace("#", " ").split()):
            table.names = line.lstrip("# ").split()
        elif _SUMMARY.search(line):
            timings += _timings(table, number, path, faults)
            table = _Table(kind=table.kind, group_of_rank=table.group_of_rank)
        elif table.names and line.split() and line.split()[0].isdigit():
            table.rows.append((number, line.split()))
            if len(table.rows) > MOST_TIMINGS:
                faults.add(number, "", f"is past the {MOST_TIMINGS:,} timings that are read.", "Split the file.")
                faults.close()
    if table.rows or not timings:
        remedy = "Keep the whole output, from the ranks to the summary; run the program again if it was stopped."
        faults.add(number, "", 'is where a table ends without its line "# Avg bus bandwidth".', remedy)
    faults.close()
    return timings, about


def _timings(table: _Table, number: int, path: Path, faults: Faults) -> list[Timing]:
    """Check one whole table and return its rows."""
    ranks = table.ranks()
    if ranks < 2:
        remedy = "Keep the lines that start with # Rank, and run on at least 2."
        faults.add(number, "ranks", f"ends a table that names {ranks} ranks.", remedy)
        return []
    kind = table.kind or _kind_of_name(path.name) or _kind_of_rows(table)
    if kind not in COLLECTIVES:
        remedy = "Used are all_reduce_perf, all_gather_perf and reduce_scatter_perf; an old version does not print its "
        remedy += "name: then put it into the file's name."
        faults.add(number, "", f"ends a table of {kind or 'a collective that it does not name'}.", remedy)
        return []
    found = []
    for line, cells in table.rows:
        if len(cells) != len(table.names):
            problem = f"has {len(cells)} cells where the header has {len(table.names)}."
            faults.add(line, "", problem, "The output was cut off or mixed with another; run it again.")
            continue
        row = dict(zip(reversed(table.names), reversed(cells), strict=False))  # names repeat: this keeps out of place
        timing = _checked_row(row, line, kind, ranks, faults)
        found += [timing] if timing else []
    return found


def _checked_row(row: dict[str, str], line: int, kind: str, ranks: int, faults: Faults) -> Timing | None:
    """Return one row; None where it is empty or contradicts itself."""
    size = int(row["size"])
    if size == 0:
        return None
    if row.get("#wrong", "0") not in ("0", "N/A"):
        faults.add(line, "#wrong", f"{row['#wrong']} results were wrong.", "Mend the machine before you measure it.")
        return None
    time_s = read_time_s(row["time"], "time", line, faults, SECONDS_PER_MICROSECOND)
    if time_s != time_s:
        return None
    try:
        algorithm, bus = float(row["algbw"]), float(row["busbw"])
    except ValueError:
        faults.add(line, "algbw", f'"{row["algbw"]}" or "{row["busbw"]}" is no number.', "Run it again.")
        return None
    if algorithm >= CHECKED_FROM_GB_PER_S:
        factor = (2.0 if kind == "all_reduce" else 1.0) * (ranks - 1) / ranks
        if abs(size / time_s / BYTES_PER_GB / algorithm - 1.0) > AGREEMENT_FRAC:
            faults.add(line, "algbw", f"{algorithm:g} GB/s is not size over time.", "The row is damaged; run it again.")
            return None
        if abs(bus / algorithm / factor - 1.0) > AGREEMENT_FRAC:
            problem = f"{bus:g} GB/s does not fit {kind} over {ranks} ranks."
            faults.add(line, "busbw", problem, "Keep one run's ranks and table together.")
            return None
    return Timing(kind, time_s, line, sizes={"bytes": size, "ranks": ranks})


def _kind_of_name(name: str) -> str:
    """Return the collective that a file's name holds."""
    plain = name.lower().replace("-", "_")
    spellings = {kind: (kind, kind.replace("_", "")) for kind in COLLECTIVES}
    return next((kind for kind, ways in spellings.items() if any(way in plain for way in ways)), "")


def _kind_of_rows(table: _Table) -> str:
    """Tell an all-reduce from a reduce-scatter by the bus bandwidth, where the table has an operation and no name."""
    for _, cells in reversed(table.rows):
        row = dict(zip(reversed(table.names), reversed(cells), strict=False))
        try:
            rates = float(row["algbw"]), float(row["busbw"])
        except (KeyError, ValueError):
            continue
        if rates[0] >= CHECKED_FROM_GB_PER_S and row.get("redop", "none") != "none" and row.get("root", "-1") == "-1":
            return "all_reduce" if rates[1] > rates[0] * (1.0 - AGREEMENT_FRAC) else "reduce_scatter"
    return ""
