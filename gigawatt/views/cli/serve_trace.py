"""The trace that `serve` replays, and what it writes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.errors import InputError

if TYPE_CHECKING:
    from gigawatt.planning.replay import ReplayAnswer
    from gigawatt.planning.requests import RequestTrace

DRAWN = "synthetic"  # in place of a file: requests that are drawn


def columns_of(written: str | None) -> dict[str, str]:
    """Read "arrival=ts,input=prompt,output=answer"."""
    parts = {}
    for item in (written or "").split(","):
        if not item.strip():
            continue
        part, equals, column = item.partition("=")
        if not equals or not column.strip():
            message = f'--columns: "{item.strip()}" is not PART=COLUMN, as in arrival=timestamp'
            raise InputError(message)
        parts[part.strip()] = column.strip()
    return parts


def trace_of(
    path: str,
    *,
    form: str,
    columns: str | None,
    clean: bool,
    workload: str,
    seed: int,
    lengths: tuple[float | None, float | None],
    drawn: dict[str, Any],
) -> RequestTrace:
    """Read the trace, or draw it where its path is the word "synthetic"."""
    from gigawatt.planning.requests import USUAL_LENGTHS, Lengths, read_requests, synthetic

    parts = columns_of(columns)
    means = Lengths(lengths[0] or USUAL_LENGTHS.input_tokens, lengths[1] or USUAL_LENGTHS.output_tokens)
    if path == DRAWN and not Path(path).exists():
        if drawn["requests_per_s"] is None:
            message = "--trace synthetic needs a rate: --requests 5/s"
            raise InputError(message)
        return synthetic(lengths=means, seed=seed, **drawn)
    return read_requests(Path(path), form, parts, clean, lengths=means, workload=workload, seed=seed)


def hours_of(written: str | None) -> list[float] | str | None:
    """Read 24 numbers apart by commas, or the word "typical"."""
    if written is None or "," not in written:
        return written
    try:
        return [float(item) for item in written.split(",")]
    except ValueError as error:
        message = f"--hours: {error}; give 24 numbers apart by commas, or typical"
        raise InputError(message) from error


def regions_of(written: str | None) -> dict[str, Any] | None:
    """Read "america:50%:-6,europe:30%:+1,india:20%:5.5"."""
    if not written:
        return None
    from gigawatt.planning.demand import Region
    from gigawatt.views.cli.shell import quantity

    found = {}
    for item in written.split(","):
        name, *rest = [part.strip() for part in item.split(":")]
        if len(rest) != 2:
            message = f'--regions: "{item.strip()}" is not NAME:SHARE:HOURS, as in europe:30%:+1'
            raise InputError(message)
        try:
            offset = float(rest[1])
        except ValueError as error:
            message = f'--regions: {name}: "{rest[1]}" is no number of hours from UTC'
            raise InputError(message) from error
        found[name] = Region(quantity("--regions", rest[0], "1", 0.0), offset)
    return found


def replica_of(tp: int | None, pp: int | None, ep: int | None, attention_dp: bool) -> dict[str, int] | None:
    """Return the degrees of the replica that is held; None where none is."""
    if tp is None and pp is None and ep is None and not attention_dp:
        return None
    return {
        "tensor_parallel": tp or 1,
        "pipeline_parallel": pp or 1,
        "expert_parallel": ep or 1,
        "attention_data_parallel": attention_dp,
    }


def write_out(found: ReplayAnswer, folder: Path, document: str) -> list[Path]:
    """Write requests.parquet, replay.json and latencies.svg."""
    from gigawatt.planning.replay_documents import write_replay
    from gigawatt.planning.store import write_atomically
    from gigawatt.views.figures.latencies import latencies

    written = write_replay(found, folder, document)
    figure = latencies(found)
    if figure is not None:
        write_atomically(folder / "latencies.svg", figure.standalone)
        written.append(folder / "latencies.svg")
    return written
