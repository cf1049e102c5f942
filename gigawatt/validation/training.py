"""The training engine against published measurements."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gigawatt.catalogue.store import Catalogue, load
from gigawatt.engines.hardware.constants import CALIBRATION, Calibration, interval_factor
from gigawatt.engines.training.columns import Column, job_columns, layout_columns
from gigawatt.engines.training.step import breakdown
from gigawatt.errors import InputError, nearest
from gigawatt.validation.compare import Row, Summary, Validation, summarise
from gigawatt.validation.training_rows import Measurement, read_measurements
from gigawatt.validation.training_table import PUBLISHED, read_table

PUBLISHED_DATA = PUBLISHED / "training.csv"
PUBLISHED_FLAGS = PUBLISHED / "training_flags.csv"
FLAG_ACTIONS = ("fix", "fill", "basis", "exclude", "low", "early", "mode")


def read_flags(flags: Path) -> dict[str, dict[str, str]]:
    """Read what to do with which row.

    Parameters
    ----------
    flags : Path
        CSV with the columns id, action, reason.

    Returns
    -------
    dict of str to dict of str to str
        By id: action and reason.

    Raises
    ------
    InputError
        If the file cannot be read, or names an unknown action: file, line, field.
    """
    found: dict[str, dict[str, str]] = {}
    for line, row in read_table(flags, ("id", "action", "reason")):
        if row["action"] not in FLAG_ACTIONS:
            message = f'{flags}:{line}: action: "{row["action"]}" is not known. {nearest(row["action"], FLAG_ACTIONS)}'
            raise InputError(message)
        found.setdefault(row["id"], {})[row["action"]] = row["reason"]
    return found


def predicted_step_s(measurements: Iterable[Measurement], calibration: Calibration = CALIBRATION) -> Column:
    """Step time of measurements in one pass; shape (N,) [s].

    Parameters
    ----------
    measurements : iterable of Measurement
        With job and layout.
    calibration : Calibration
        Constants.
    """
    chosen = list(measurements)
    if not chosen:
        return np.zeros(0)
    jobs = job_columns([one.job for one in chosen if one.job], calibration)
    layouts = layout_columns([one.layout for one in chosen if one.layout])
    return np.asarray(breakdown(jobs, layouts, calibration).total)


def _row(one: Measurement, predicted_s: float) -> Row:
    """Compare one measurement with its prediction."""
    chip = one.job.accelerator if one.job else None
    factor = interval_factor(one.labels.startswith("moe"), *((chip.name, chip.generation) if chip else ()))
    error_pct = 100.0 * (predicted_s / one.step_time_s - 1.0) if one.step_time_s and not one.skipped else float("nan")
    return Row(
        id=one.id,
        group=one.labels,
        quantity="step_time_s",
        measured=one.step_time_s,
        predicted=predicted_s,
        error_pct=error_pct,
        low=predicted_s / factor,
        high=predicted_s * factor,
        flag=one.flag,
        skipped=one.skipped,
    )


def _grouped(rows: Iterable[Row]) -> dict[str, Summary]:
    """Summarise by each label and by the three together."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if not row.skipped:
            for name in (*row.group.split("/"), row.group.replace("/", " ")):
                groups.setdefault(name, []).append(row)
    return {name: summarise(members) for name, members in sorted(groups.items())}


def validate_training(
    data: Path | None = None,
    flags: Path | None = None,
    catalogue: Catalogue | None = None,
    calibration: Calibration = CALIBRATION,
) -> Validation:
    """Compare predicted with published step times.

    Parameters
    ----------
    data : Path, optional
        CSV of published steps; by default the one that ships.
    flags : Path, optional
        CSV of rows to mend, fill, set aside or doubt; by default the one that ships.
    catalogue : Catalogue, optional
        By default the one that ships.
    calibration : Calibration
        Constants; the calibrated ones by default.

    Returns
    -------
    Validation
        Step times; statistics without and with doubted rows; groups dense, moe, each generation and precision.

    Raises
    ------
    InputError
        If a file is bad: file, line, field.

    Examples
    --------
    >>> validation = validate_training()
    >>> validation.summary.n > 300, validation.groups["dense"].median_abs_error_pct < 10.0
    (True, True)
    """
    measurements = read_measurements(data or PUBLISHED_DATA, read_flags(flags or PUBLISHED_FLAGS), catalogue or load())
    scored = [one for one in measurements if not one.skipped]
    predicted = dict(zip(map(id, scored), predicted_step_s(scored, calibration), strict=True))
    rows = tuple(_row(one, float(predicted.get(id(one), float("nan")))) for one in measurements)
    trusted = [row for row in rows if not row.flag]
    return Validation(rows, summarise(trusted), _grouped(trusted), summarise(rows))
