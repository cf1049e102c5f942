"""Fit the training engine's constants to published steps, and say how well they hold on families left out.

Usage: python tools/fit_training.py DATA.csv [--flags FLAGS.csv] [--left-out family|accelerator]

Least squares with a soft loss on the logarithm of predicted over measured step time. Doubted rows are left out.
A family is the rows of one source, model and system; families are left out whole, in `FOLDS` groups, the constants
fitted anew on the rest. An accelerator model is left out with all its rows; the constants start from the middle of
their ranges then, so that those of a generation without other rows fall back to that middle, which no row has moved.
Every constant is held to its plausible range.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from gigawatt.catalogue.store import load
from gigawatt.engines.hardware.constants import CALIBRATION, FITTED_ACCELERATORS, Calibration, interval_factor
from gigawatt.validation.training import PUBLISHED_FLAGS, predicted_step_s, read_flags
from gigawatt.validation.training_rows import Measurement, read_measurements

FOLDS = 12
SOFT_SCALE = 0.035  # log error beyond which a row pulls less: below the median error, so that medians are centred
FAMILY_EXPONENT = -0.06  # weight of a row over the number of rows of its family
PRIOR_WEIGHT = 0.02  # pull to the start, per constant, over its range: keeps what the rows do not tell in place


@dataclass(frozen=True)
class Free:
    """A constant that is fitted: field of `Calibration`, key where the field is a table, plausible range."""

    field: str
    low: float
    high: float
    key: str = ""

    def read(self, calibration: Calibration) -> float:
        """Return its value."""
        value = getattr(calibration, self.field)
        return float(value[self.key] if self.key else value)

    def write(self, calibration: Calibration, value: float) -> Calibration:
        """Return constants with another value."""
        if not self.key:
            return replace(calibration, **{self.field: value})
        return replace(calibration, **{self.field: {**getattr(calibration, self.field), self.key: value}})


FREE = (
    Free("gemm_fraction", 0.70, 0.95, "ampere.bf16"),
    Free("gemm_fraction", 0.65, 0.90, "hopper.bf16"),
    Free("gemm_fraction", 0.50, 0.90, "hopper.fp8"),
    Free("gemm_fraction", 0.50, 0.80, "blackwell.bf16"),
    Free("gemm_fraction", 0.45, 0.75, "blackwell.fp8"),
    Free("gemm_fraction", 0.35, 0.65, "blackwell.fp4"),
    Free("attention_fraction", 0.15, 0.60, "ampere"),
    Free("attention_fraction", 0.25, 0.60, "hopper"),
    Free("attention_fraction", 0.25, 0.60, "blackwell"),
    Free("gemm_traffic_factor", 0.4, 3.0),
    Free("elementwise_factor", 0.6, 1.6),
    Free("tensor_overlap", 0.5, 0.95),
    Free("data_overlap", 0.4, 1.0),
    Free("sharded_overlap", 0.0, 0.9),
    Free("blackwell_ultra_factor", 1.0, 1.35),
    Free("straggler_per_doubling", 0.0, 0.015),
    Free("moe_launch_s", 0.5e-3, 10e-3),
    Free("graph_launch_factor", 0.0, 1.0),
    Free("yearly_slower", 1.0, 1.08),
    Free("all_to_all_fraction", 0.3, 0.9),
    Free("expert_overlap", 0.2, 0.8),
    Free("stack_factor", 1.0, 1.3, "deepspeed"),
    Free("unfused_sink_factor", 2.0, 20.0),
)


def fit(measurements: Sequence[Measurement], start: Calibration = CALIBRATION) -> Calibration:
    """Fit all free constants to the measurements."""
    measured = np.log([one.step_time_s for one in measurements])
    low = np.array([free.low for free in FREE])
    high = np.array([free.high for free in FREE])
    first = np.clip([free.read(start) for free in FREE], low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    first = (first - low) / (high - low)
    families = [one.family for one in measurements]
    weight = np.array([families.count(one.family) for one in measurements], dtype=float) ** FAMILY_EXPONENT

    def calibration(point: NDArray[np.float64]) -> Calibration:
        found = start
        for free, value in zip(FREE, low + point * (high - low), strict=True):
            found = free.write(found, float(value))
        return found

    def residuals(point: NDArray[np.float64]) -> NDArray[np.float64]:
        errors = np.log(predicted_step_s(measurements, calibration(point))) - measured
        return np.concatenate([errors * weight / SOFT_SCALE, PRIOR_WEIGHT / SOFT_SCALE * (point - first)])

    found = least_squares(residuals, first, bounds=(0.0, 1.0), loss="soft_l1", max_nfev=60)
    return calibration(found.x)


def log_errors(measurements: Sequence[Measurement], calibration: Calibration) -> NDArray[np.float64]:
    """Logarithm of predicted over measured."""
    return np.log(predicted_step_s(measurements, calibration) / [one.step_time_s for one in measurements])


def priors() -> Calibration:
    """Constants as they stand without any row: the middle of each range."""
    found = CALIBRATION
    for free in FREE:
        found = free.write(found, 0.5 * (free.low + free.high))
    return found


def family_folds(measurements: Sequence[Measurement]) -> list[int]:
    """Fold of each row: families in `FOLDS` groups."""
    families = sorted({one.family for one in measurements})
    order = np.random.default_rng(0).permutation(len(families))
    fold_of = {families[place]: rank % FOLDS for rank, place in enumerate(order)}
    return [fold_of[one.family] for one in measurements]


def accelerator_folds(measurements: Sequence[Measurement]) -> list[int]:
    """Fold of each row: one for each accelerator model."""
    names = [one.job.accelerator.name if one.job else "" for one in measurements]
    models = sorted(set(names))
    return [models.index(name) for name in names]


LEFT_OUT: dict[str, tuple[Callable[[Sequence[Measurement]], list[int]], Callable[[], Calibration]]] = {
    "family": (family_folds, lambda: CALIBRATION),
    "accelerator": (accelerator_folds, priors),
}


def left_out_errors(measurements: Sequence[Measurement], what: str = "family") -> NDArray[np.float64]:
    """Log errors of each row under constants fitted without its family, or without its accelerator."""
    split, start = LEFT_OUT[what]
    fold_of = np.array(split(measurements))
    errors = np.full(len(measurements), np.nan)
    for fold in sorted(set(fold_of)):
        out = fold_of == fold
        kept = [one for one, left in zip(measurements, out, strict=True) if not left]
        held = [one for one, left in zip(measurements, out, strict=True) if left]
        errors[out] = log_errors(held, fit(kept, start()))
    return errors


def covered_frac(measurements: Sequence[Measurement], errors: NDArray[np.float64], seen: bool) -> dict[str, float]:
    """Share of the rows in the stated 80 % interval; `seen`: that of an accelerator with rows of its own."""
    kinds = np.array([one.labels.split("/")[0] for one in measurements])
    name = FITTED_ACCELERATORS[0] if seen else ""
    return {
        kind: float(np.mean(np.abs(errors[kinds == kind]) <= np.log(interval_factor(kind == "moe", name))))
        for kind in sorted(set(kinds))
    }


def report(title: str, measurements: Sequence[Measurement], errors: NDArray[np.float64]) -> None:
    """Print median, mean and P90 of the absolute error for dense and mixture-of-experts rows and by group."""
    print(title)
    off = 100.0 * np.abs(np.expm1(errors))
    kinds = [one.labels.split("/")[0] for one in measurements]
    groups = {kind: np.array([one == kind for one in kinds]) for kind in sorted(set(kinds))}
    groups |= {
        label: np.array([one.labels == label for one in measurements])
        for label in sorted({one.labels for one in measurements})
    }
    for name, chosen in groups.items():
        median, p80, p90 = np.quantile(off[chosen], [0.5, 0.8, 0.9])
        bias = 100.0 * np.expm1(np.median(errors[chosen]))
        print(
            f"  {name:32s} n {chosen.sum():4d}  median {median:5.1f}"
            f"  P80 {p80:5.1f}  P90 {p90:5.1f}  bias {bias:+5.1f} %"
        )


def main() -> None:
    """Fit, print constants and errors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--flags", type=Path, default=PUBLISHED_FLAGS)
    parser.add_argument(
        "--left-out", choices=sorted(LEFT_OUT), action="append", default=[], help="also fit without each (minutes)"
    )
    arguments = parser.parse_args()
    rows = read_measurements(arguments.data, read_flags(arguments.flags), load())
    rows = [one for one in rows if not one.skipped and not one.flag]
    report("shipped constants", rows, log_errors(rows, CALIBRATION))
    fitted = fit(rows)
    report("fitted here, in sample", rows, log_errors(rows, fitted))
    for free in FREE:
        name = f"{free.field}.{free.key}" if free.key else free.field
        print(f"  {name} = {free.read(fitted):.5g}  ({free.low:g} to {free.high:g})")
    for what in arguments.left_out:
        errors = left_out_errors(rows, what)
        report(f"each {what} left out", rows, errors)
        for kind, share in covered_frac(rows, errors, seen=what != "accelerator").items():
            print(f"  80 % interval holds {100.0 * share:.0f} % of the {kind} rows")
        if what == "accelerator":
            names = [one.job.accelerator.name if one.job else "" for one in rows]
            report("by accelerator", [replace(one, labels=name) for one, name in zip(rows, names, strict=True)], errors)


if __name__ == "__main__":
    main()
