"""The serving engine against published measurements."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gigawatt.catalogue.store import Catalogue, load
from gigawatt.engines.serving.batching import points
from gigawatt.engines.serving.constants import CALIBRATION, Calibration
from gigawatt.engines.serving.frontier import best_of, evaluate
from gigawatt.engines.serving.kvcache import cache
from gigawatt.engines.serving.uncertainty import interval_factor
from gigawatt.engines.serving.workload import shard
from gigawatt.errors import InputError, nearest
from gigawatt.validation.compare import Row, Summary, Validation, row_of, summarise
from gigawatt.validation.serving_rows import Measurement, read_measurements, read_rows

PUBLISHED = Path(__file__).parent / "published"
PUBLISHED_DATA = PUBLISHED / "serving.csv"
PUBLISHED_FLAGS = PUBLISHED / "serving_flags.csv"
FLAG_ACTIONS = ("fix", "exclude", "low", "power-capped", "not-slo-bound")
# Rows whose count was put right in the file's own terms are not doubted.
UNDOUBTED = "fix"


def _waves(batch: float, run_requests: float) -> tuple[list[float], list[float]]:
    """Batches that a finite run of equal requests goes through, and the share of requests in each.

    Equal requests that start together end together: full batches follow each other, then what is left.
    """
    if not run_requests < float("inf"):
        return [batch], [1.0]
    if run_requests <= batch:
        return [run_requests], [1.0]
    left = run_requests % batch
    return ([batch, left], [1.0 - left / run_requests, left / run_requests]) if left >= 1.0 else ([batch], [1.0])


def predict(measurement: Measurement, calibration: Calibration = CALIBRATION) -> dict[str, float]:
    """Predict what a measurement measured.

    Parameters
    ----------
    measurement : Measurement
        With inputs.
    calibration : Calibration, optional
        Fitted constants.

    Returns
    -------
    dict of str to float
        By quantity, in its unit, for the whole system under test; empty where nothing fits.

    Notes
    -----
    A stated replica runs at its allowed batch, or the largest that fits. Where the source states none, the best replica
    of the system is searched, under the scenario's latency limits.
    """
    inputs = measurement.inputs
    if inputs is None:
        return {}
    if measurement.replica is None or measurement.kind in ("server", "interactive"):
        found_all = evaluate(inputs, measurement.gpus_count, calibration, measurement.replica, measurement.most_stages)
        best = best_of(inputs, found_all)
        if best is None:
            return {}
        replica, found, place = best
        slowness = 1.0 / float(found.requests_per_s_B[place])
    else:
        replica = measurement.replica
        largest = cache(inputs, replica, shard(inputs.model, replica, inputs.precision)).largest_batch
        if largest < 1.0:
            return {}
        batches, shares = _waves(min(measurement.batch, largest), measurement.run_requests)
        found, place = points(inputs, replica, batches, calibration), 0
        slowness = sum(share / float(rate) for share, rate in zip(shares, found.requests_per_s_B, strict=True))
    copies = measurement.gpus_count / replica.gpus_count
    tokens_per_s = inputs.request.output_tokens * copies / slowness
    power_w = float(found.gpu_power_w_B[place]) * measurement.gpus_count
    return {
        "output_tokens_per_s": tokens_per_s,
        "itl_ms": float(found.gap_p50_s_B[place]) * 1e3,
        "power_w": power_w,
        "j_per_output_token": power_w / tokens_per_s,
    }


def read_flags(flags: Path) -> dict[str, str]:
    """Read which measurements are doubted.

    Parameters
    ----------
    flags : Path
        CSV with the columns id, action, reason.

    Returns
    -------
    dict of str to str
        "action: reason" by id.

    Raises
    ------
    InputError
        If the file cannot be read, or names an unknown action: file, line, field.
    """
    found = {}
    for line, row in read_rows(flags, ("id", "action", "reason")):
        action = row["action"].strip()
        if action not in FLAG_ACTIONS:
            message = f'{flags}:{line}: action: "{action}" is not known. {nearest(action, FLAG_ACTIONS)}'
            raise InputError(message)
        if action != UNDOUBTED:
            found[row["id"].strip()] = f"{action}: {row['reason'].strip()}"
    return found


def _labels(measurement: Measurement) -> str:
    """Labels a measurement is counted under."""
    inputs = measurement.inputs
    if inputs is None:
        return "skipped"
    family = "moe" if inputs.model.experts else "dense"
    return "/".join((measurement.kind, family, inputs.accelerator.generation, inputs.precision, inputs.model.name))


def _factor(measurement: Measurement, quantity: str) -> float:
    """Half-width of the range that the engine states, as a factor."""
    if measurement.inputs is None:
        return 1.0
    name = measurement.kind if quantity == "output_tokens_per_s" else quantity
    return interval_factor(measurement.inputs.accelerator, bool(measurement.inputs.model.experts), name)


def _rows(measurement: Measurement, flag: str, calibration: Calibration) -> Iterable[Row]:
    """Yield a row for each quantity measured."""
    predicted = predict(measurement, calibration)
    skipped = measurement.skipped or ("" if predicted else "does not fit by the memory model")
    labels = _labels(measurement)
    for quantity, measured in measurement.measured.items():
        value = predicted.get(quantity, float("nan"))
        factor = _factor(measurement, quantity)
        yield row_of(measurement.id, labels, quantity, measured, value, factor, flag=flag, skipped=skipped)


def _grouped(rows: Iterable[Row]) -> dict[str, Summary]:
    """Summarise by label for throughput, by kind and family, and by quantity."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.skipped:
            continue
        kind, family, *others = row.group.split("/")
        if row.quantity == "output_tokens_per_s":
            for name in (family, kind, f"{kind} {family}", *others):
                groups.setdefault(name, []).append(row)
        else:
            for name in (row.quantity, f"{row.quantity} {family}"):
                groups.setdefault(name, []).append(row)
    return {name: summarise(members) for name, members in sorted(groups.items())}


def validate_serving(
    data: Path | None = None,
    flags: Path | None = None,
    catalogue: Catalogue | None = None,
    calibration: Calibration = CALIBRATION,
) -> Validation:
    """Compare the serving engine with published measurements.

    Parameters
    ----------
    data : Path, optional
        CSV with the columns of `serving_rows.COLUMNS`; by default the measurements that ship.
    flags : Path, optional
        CSV of doubted rows; by default the one that ships.
    catalogue : Catalogue, optional
        By default the one that ships.
    calibration : Calibration, optional
        By default the fitted one.

    Returns
    -------
    Validation
        Rows of throughput, and of inter-token latency, power and energy where measured; statistics without and with the
        flagged rows; groups by kind, dense or mixture of experts, generation, precision, model and quantity.

    Raises
    ------
    InputError
        If a file is bad: file, line, field.
    """
    doubts = read_flags(flags or PUBLISHED_FLAGS)
    measurements = read_measurements(data or PUBLISHED_DATA, catalogue or load())
    rows = tuple(row for one in measurements for row in _rows(one, doubts.get(one.id, ""), calibration))
    trusted = [row for row in rows if not row.flag]
    return Validation(rows, summarise(trusted), _grouped(trusted), summarise(rows))
