"""Read the report `nvtx_gpu_proj_sum` of Nsight Systems: NVTX ranges with the time that their work took on the GPU.

Kernel names tell no shapes, but names of ranges can: those that PyTorch's `emit_nvtx(record_shapes=True)` pushes around
its operators, and those that `gigawatt calibrate --measure` pushes around its own calls. Everything else is counted.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gigawatt.errors import InputError
from gigawatt.planning.measurements import (
    MOST_SIZE,
    MOST_TIMINGS,
    NEEDS,
    PROJECTED,
    SECONDS_PER,
    Faults,
    Measured,
    Timing,
    lines_of,
    read_time_s,
)

AGREEMENT_FRAC = 0.02  # between a total and its mean times its count, of which the mean is printed rounded
EXPORT = "nsys stats --report nvtx_gpu_proj_sum --format csv"
_UNIT = re.compile(r"^(.*\S) \((\S+)\)$")
_RULE = re.compile(r"-+")
_OPERATOR = re.compile(r"(aten::\w+)(?:,|$)")
_SIZES = re.compile(r", sizes = \[((?:\[[\d, ]*\](?:, )?)+)\]")
_OWN = re.compile(r"gigawatt (\w+)((?: [\w=]+)+)")
_PRODUCTS = {"aten::mm": 0, "aten::addmm": 1, "aten::bmm": 0}  # where the left matrix stands among the sizes
_ATTENTION = "aten::scaled_dot_product_attention"
_MATRIX, _BATCHED, _HEADED = 2, 3, 4  # dimensions
# Why a range is not used.
_FOREIGN = "of names without a known operator"
_HOLDER = "aten::matmul or aten::linear, which hold the aten::mm, aten::addmm or aten::bmm that is read"
_BATCH = "aten::bmm of several products at once"
_MASKED = "attention with a mask tensor, or of unlike sizes"
_UNSAID = "attention, whose range does not say whether it is causal: give --causal or --no-causal"
_UNREADABLE = "operators without sizes, or with sizes that are empty or cut off"


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table, with its cells by column."""

    line: int
    cells: dict[str, str]


def range_name(timing: Timing) -> str:
    """Name the NVTX range around a call that is timed; `read_ranges` reads it back.

    Parameters
    ----------
    timing : Timing
        Of a product, of attention or of a copy; its time is not looked at.

    Returns
    -------
    str

    Examples
    --------
    >>> range_name(Timing("gemm", 0.0, 0, "bf16", {"m": 128, "n": 256, "k": 512}))
    'gigawatt gemm bf16 m=128 n=256 k=512'
    """
    word = {"gemm": timing.precision, "attention": "training" if timing.training else "forward"}.get(timing.kind, "")
    sizes = " ".join(f"{name}={size}" for name, size in timing.sizes.items())
    return " ".join(part for part in ("gigawatt", timing.kind, word, sizes) if part)


def read_ranges(path: Path, precision: str = "bf16", causal: bool | None = None) -> Measured:
    """Read the ranges that carry shapes.

    Parameters
    ----------
    path : Path
        The report as CSV or as the plain table; what nsys prints around it does not matter.
    precision : str
        Of PyTorch's products: their ranges do not tell it.
    causal : bool, optional
        Whether PyTorch's attention is causal, which its ranges do not tell either; without it they are not used.

    Returns
    -------
    tuple
        Timings, one a shape: the median over its ranges; no remarks; what was used and left out, in words.

    Raises
    ------
    InputError
        If a row is cut short or contradicts itself, or no range carries a shape.
    """
    faults = Faults(str(path))
    left_out: Counter[str] = Counter()
    found: dict[tuple[object, ...], tuple[Timing, list[tuple[float, int]]]] = {}
    used = 0
    for row in _rows(path, faults):
        shape = _shape(row, precision, causal, faults)
        if isinstance(shape, str):
            left_out[shape] += 1
            continue
        timed = _time_s(row, faults) if shape else None
        if shape is None or timed is None:
            continue
        used += 1
        key = (shape.kind, shape.precision, *shape.sizes.items())
        found.setdefault(key, (shape, []))[1].append(timed)
        if len(found) > MOST_TIMINGS:
            faults.add(row.line, "", f"is past the {MOST_TIMINGS:,} shapes that are read.", "Profile fewer steps.")
            faults.close()
    faults.close()
    skipped = "; ".join(f"{count:,} {why}" for why, count in left_out.most_common())
    if not found:
        message = (
            f"{path}: holds no NVTX range that tells a shape{': left out ' + skipped if skipped else ''}; profile with "
            "torch.autograd.profiler.emit_nvtx(record_shapes=True), see docs/how-to/calibrate.md"
        )
        raise InputError(message)
    timings = [
        Timing(one.kind, _median_s(times), one.line, one.precision, one.sizes, one.training)
        for one, times in found.values()
    ]
    note = f"{path.name}: {used:,} NVTX ranges used, {len(timings):,} shapes; left out: {skipped or 'none'}"
    return timings, {}, (note,)


def _median_s(times: list[tuple[float, int]]) -> float:
    """Median of times that each stand for a number of ranges."""
    half = sum(count for _, count in times) / 2.0
    before = 0
    for time_s, count in sorted(times):
        before += count
        if before >= half:
            return time_s
    return times[-1][0]


# --- the table -----------------------------------------------------------------------------------------------


def _rows(path: Path, faults: Faults) -> Iterator[_Row]:
    """Yield the rows of every projection table of a file; a blank line ends a table."""
    header = ""
    names: list[str] = []
    spans: list[slice] | None = None
    for number, line in lines_of(path):
        if PROJECTED.search(line):
            header, spans = line, None
            names = [cell.strip() for cell in next(csv.reader([line]))] if "," in line else []
        elif not line.strip():
            header = ""
        elif header and not names:  # the plain table: a line of dashes tells where its columns stand
            spans = [slice(*found.span()) for found in _RULE.finditer(line)]
            names = [header[span].strip() for span in spans]
            if len(names) < 2 or set(line) - set("- "):
                faults.add(number, "", "is no line of dashes under the header.", f"Export with {EXPORT}.")
                faults.close()
        elif header:
            cells = _cells(line, number, spans, faults)
            if cells and len(cells) != len(names):
                problem = f"has {len(cells)} cells where the header has {len(names)}."
                faults.add(number, "", problem, f"A short last row means that the file was cut off: {EXPORT}.")
            elif cells:
                yield _Row(number, dict(zip(names, cells, strict=True)))


def _cells(line: str, number: int, spans: list[slice] | None, faults: Faults) -> list[str]:
    """Split a row; none and a fault where it is damaged."""
    if spans:
        return [line[span].strip() for span in spans if line[span].strip()]
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        faults.add(number, "", f"is no row of a CSV: {error}.", f"The file was cut off; write it again: {EXPORT}.")
        return []


def _timed(row: _Row, column: str, faults: Faults) -> float | None:
    """Time in a column, whatever its unit [s]; None where there is no such column."""
    for name, text in row.cells.items():
        found = _UNIT.match(name)
        if found and found[1] == column:
            if found[2] not in SECONDS_PER:
                faults.add(row.line, name, f'has the unit "{found[2]}".', "Export with --timeunit ns.")
                faults.close()
            return read_time_s(text.replace(",", ""), name, row.line, faults, SECONDS_PER[found[2]])
    return None


def _time_s(row: _Row, faults: Faults) -> tuple[float, int] | None:
    """Median time of one range and how many there are [s, 1]; None and a fault where the row contradicts itself."""
    instances = row.cells.get("Range Instances", "").replace(",", "")
    count = _size(instances)
    if not count:
        problem = f'"{instances}" is no number of ranges.'
        faults.add(row.line, "Range Instances", problem, f"Keep the columns of {EXPORT}.")
        return None
    total = _timed(row, "Total Proj Time", faults)
    mean, median = _timed(row, "Proj Avg", faults), _timed(row, "Proj Med", faults)
    if any(value is not None and value != value for value in (total, mean, median)):
        return None
    if total and mean and abs(mean * count / total - 1.0) > AGREEMENT_FRAC:
        problem = f"{mean:g} s times {count} is not the total of {total:g} s."
        faults.add(row.line, "Proj Avg", problem, "The row is damaged; write the file again.")
        return None
    time_s = median or mean or (total / count if total else None)
    return (time_s, count) if time_s else None


# --- names of ranges -----------------------------------------------------------------------------------------


def _shape(row: _Row, precision: str, causal: bool | None, faults: Faults) -> Timing | str | None:
    """Tell what a range times, without its time; or why it is not used; or None and a fault."""
    if "Range" not in row.cells:
        faults.add(row.line, "Range", "is missing in the header.", f"Keep the columns of {EXPORT}.")
        faults.close()
    name = row.cells["Range"].removeprefix(":")  # the default domain has no name before its colon
    if name.startswith("gigawatt "):
        return _own(name, row.line, faults)
    operator = _OPERATOR.match(name)
    if not operator or operator[1] not in (*_PRODUCTS, _ATTENTION, "aten::matmul", "aten::linear"):
        return _FOREIGN
    if operator[1] in ("aten::matmul", "aten::linear"):
        return _HOLDER
    listed = _SIZES.search(name)
    if not listed:
        return _UNREADABLE
    sizes = [[_size(size) for size in re.findall(r"\d+", one)] for one in re.findall(r"\[([\d, ]*)\]", listed[1])]
    if any(size == 0 for one in sizes for size in one):
        return _UNREADABLE
    if operator[1] == _ATTENTION:
        return _attention(sizes, causal, row.line)
    return _product(sizes[_PRODUCTS[operator[1]] :], precision, row.line)


def _size(text: str) -> int:
    """Return a whole number above 0; 0 for anything else."""
    short = text.isdecimal() and len(text) <= len(str(MOST_SIZE))
    return int(text) if short and int(text) <= MOST_SIZE else 0


def _product(sizes: list[list[int]], precision: str, line: int) -> Timing | str:
    """Read m, n, k from the sizes of two matrices."""
    if len(sizes) < 2 or len(sizes[0]) != len(sizes[1]) or len(sizes[0]) not in (_MATRIX, _BATCHED):
        return _UNREADABLE
    left, right = sizes[0], sizes[1]
    if len(left) == _BATCHED and (left[0] != 1 or right[0] != 1):
        return _BATCH
    if left[-1] != right[-2]:
        return _UNREADABLE
    return Timing("gemm", 0.0, line, precision, {"m": left[-2], "n": right[-1], "k": left[-1]})


def _attention(sizes: list[list[int]], causal: bool | None, line: int) -> Timing | str:
    """Read attention from the sizes of query, key, value and mask; forward alone is in its range."""
    if causal is None:
        return _UNSAID
    if len(sizes) < 3 or any(len(one) != _HEADED for one in sizes[:3]):
        return _UNREADABLE
    query, key, value = sizes[:3]
    if key != value or query[0] != key[0] or query[2:] != key[2:] or query[1] % key[1] or (sizes[3:] and sizes[3]):
        return _MASKED
    names = ("batch", "heads", "sequence", "head_dim")
    return Timing("attention", 0.0, line, "", dict(zip(names, query, strict=True)) | {"causal": int(causal)})


def _own(name: str, line: int, faults: Faults) -> Timing | None:
    """Read a name that `range_name` wrote; None and a fault for anything near it."""
    found = _OWN.fullmatch(name)
    kind, words = (found[1], found[2].split()) if found else ("", [])
    pairs: Mapping[str, str] = dict(word.split("=", 1) for word in words if "=" in word)
    rest = [word for word in words if "=" not in word]
    sizes = {key: _size(value) for key, value in pairs.items()}
    precision = rest[0] if kind == "gemm" and rest else ""
    timing = Timing(kind, 0.0, line, precision, sizes, kind == "attention" and rest == ["training"])
    whole = set(sizes) == set(NEEDS.get(kind, ())) - {"precision", "pass"}
    if not whole or 0 in [size for key, size in sizes.items() if key != "causal"] or range_name(timing) != name:
        shown = name[:80]
        remedy = "Leave names that start with gigawatt to gigawatt calibrate --measure."
        faults.add(line, "Range", f'"{shown}" is no name of a range of gigawatt.', remedy)
        return None
    return timing
