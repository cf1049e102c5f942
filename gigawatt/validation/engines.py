"""Every engine that can be validated, and the bound that `validate --strict` holds it to. One row an engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gigawatt.errors import InputError, nearest
from gigawatt.validation.compare import Validation


@dataclass(frozen=True, slots=True)
class Bound:
    """What an engine promises. [%]."""

    median_abs_error_pct: float
    p90_abs_error_pct: float


def _training(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.training import validate_training

    return validate_training(data, flags)


def _training_runs(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.training_runs import validate_training_runs

    return validate_training_runs()


def _serving(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.serving import validate_serving

    return validate_serving(data, flags)


def _facility(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.facility import validate_facility

    return validate_facility(data)


def _energy(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.energy import validate_energy

    return validate_energy()


def _construction(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.construction import validate_construction

    return validate_construction()


def _reliability(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.facility import validate_reliability

    return validate_reliability()


def _fleet(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.fleet import validate_fleet

    return validate_fleet()


def _finance(data: Path | None, flags: Path | None) -> Validation:
    from gigawatt.validation.finance import validate_finance

    return validate_finance()


ENGINES: dict[str, tuple[Callable[[Path | None, Path | None], Validation], Bound]] = {
    "training": (_training, Bound(6.0, 16.0)),
    "training-runs": (_training_runs, Bound(15.0, 20.0)),
    "serving": (_serving, Bound(10.0, 26.0)),
    "facility": (_facility, Bound(5.0, 15.0)),
    "energy": (_energy, Bound(2.0, 5.0)),
    "construction": (_construction, Bound(15.0, 45.0)),
    "reliability": (_reliability, Bound(5.0, 15.0)),
    "fleet": (_fleet, Bound(5.0, 15.0)),
    "finance": (_finance, Bound(10.0, 25.0)),
}


def validate(engine: str, data: Path | None = None, flags: Path | None = None) -> Validation:
    """Compare an engine's predictions with published measurements.

    Parameters
    ----------
    engine : str
        Key of `ENGINES`.
    data : Path, optional
        Measurements; what ships with the product where not given.
    flags : Path, optional
        Which rows to mend, fill or set aside; what ships with the product where not given.

    Returns
    -------
    Validation

    Raises
    ------
    InputError
        If the engine is unknown, or a file is missing or wrong.
    """
    if engine not in ENGINES:
        message = f'"{engine}" is no engine that can be validated. {nearest(engine, ENGINES)}'
        raise InputError(message)
    for path in (data, flags):
        if path is not None and not path.is_file():
            message = f"{path}: is not a file"
            raise InputError(message)
    return ENGINES[engine][0](data, flags)
