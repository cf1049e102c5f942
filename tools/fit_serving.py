"""Fit the serving engine's constants to published measurements.

    python tools/fit_serving.py serving.csv [--overlay FOLDER] [--rounds N] [--folds N] [--leave-out accelerator|model]

Robust least squares on the logarithm of predicted over measured: throughput, inter-token latency and power, flagged
rows left out, near-duplicate MLPerf submissions merged to their median. Where a source does not state its parallelism
the best replica is searched again in each round and held within it. `--folds` fits again without each of N sets of
accelerator and model, `--leave-out` without each accelerator or model in turn, by one Gauss-Newton step from the full
fit; both report the errors on what was left out, and the factor that holds 80 % of them. What a generation never seen
costs is reported too: its rows with the constants of "other", and without a fit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, lsq_linear

from gigawatt.catalogue.store import load
from gigawatt.engines.serving.constants import CALIBRATION, Calibration, family
from gigawatt.engines.serving.frontier import best_of, evaluate
from gigawatt.validation.serving import PUBLISHED_FLAGS, predict, read_flags
from gigawatt.validation.serving_rows import Measurement, read_measurements

# (field, key or "", low, high): what is fitted and its plausible range.
SPEED = (
    ("bandwidth_frac", "hopper", 0.75, 0.95),
    ("bandwidth_frac", "blackwell", 0.6, 0.95),
    ("bandwidth_frac", "cdna", 0.4, 0.8),
    ("bandwidth_frac", "gddr", 0.6, 0.92),
    ("matrix_frac", "hopper-fp8", 0.5, 0.95),
    ("matrix_frac", "hopper", 0.5, 0.95),
    ("matrix_frac", "blackwell", 0.4, 0.9),
    ("matrix_frac", "blackwell-bf16", 0.4, 0.8),
    ("matrix_frac", "blackwell-fp4", 0.4, 0.8),
    ("matrix_frac", "cdna", 0.3, 0.8),
    ("matrix_frac", "gddr", 0.4, 0.95),
    ("grouped_matrix_frac", "", 0.25, 0.9),
    ("expert_half_width", "", 50.0, 2000.0),
    ("scale_up_frac", "", 0.3, 0.8),
    ("pcie_frac", "", 0.15, 0.6),
    ("layer_launch_s", "tensorrt-llm", 20e-6, 130e-6),
    ("layer_launch_s", "vllm", 20e-6, 120e-6),
    ("sequence_host_s", "tensorrt-llm", 1e-6, 25e-6),
    ("sequence_host_s", "vllm", 10e-6, 70e-6),
    ("request_host_s", "", 0.1e-3, 1.5e-3),
    ("elementwise_bytes", "", 20.0, 160.0),
    ("attention_dp_imbalance", "", 1.0, 4.0),
    ("expert_imbalance", "", 1.0, 2.5),
    ("quantised_expert_slowdown", "", 1.0, 3.0),
    ("software_gain_per_year", "", 0.0, 0.15),
)
POWER = (
    ("power_floor", "hopper", 0.1, 0.6),
    ("power_floor", "blackwell", 0.1, 0.7),
    ("power_memory", "hopper", 0.0, 0.9),
    ("power_memory", "blackwell", 0.0, 0.9),
    ("power_compute", "hopper", 0.1, 1.5),
    ("power_compute", "blackwell", 0.1, 1.5),
    ("power_quantised_experts", "", 0.0, 0.3),
)
# Relative step of the differences that slopes are taken by: wide enough to step over the grid of batches.
SLOPE_STEP = 0.02
# Families of generations with rows of their own, and the model whose rows are reported apart.
GENERATIONS = ("hopper", "blackwell", "cdna", "gddr")
APART = "deepseek-r1"
Parameter = tuple[str, str, float, float]
QUANTITIES = ("output_tokens_per_s", "itl_ms", "power_w")
# Latency and throughput of one row say nearly the same; together they weigh as one and a half rows.
WEIGHTS = {"output_tokens_per_s": 1.0, "itl_ms": 0.5, "power_w": 1.0}
# Residuals beyond this count linearly rather than squared.
ROBUST_SCALE = 0.15
# Residual where nothing fits or meets the limits.
MISSING = -0.5
# A range that starts at zero starts at this share of its end, since logarithms are fitted.
SMALLEST_SHARE = 1e-3
Floats = NDArray[np.float64]


def get(calibration: Calibration, parameters: Sequence[Parameter]) -> Floats:
    """Read parameters out of a calibration."""
    values = []
    for name, key, _, _ in parameters:
        value = getattr(calibration, name)
        values.append(value[key] if key else value)
    return np.array(values)


def put(calibration: Calibration, parameters: Sequence[Parameter], values: Iterable[float]) -> Calibration:
    """Return a calibration with parameters set."""
    changed: dict[str, object] = {}
    for (name, key, _, _), value in zip(parameters, values, strict=True):
        if key:
            changed[name] = {**changed.get(name, getattr(calibration, name)), key: float(value)}  # type: ignore[dict-item]
        else:
            changed[name] = float(value)
    return replace(calibration, **changed)  # type: ignore[arg-type]


def merge(rows: list[Measurement], flags: dict[str, str]) -> list[Measurement]:
    """Merge submissions of one system in one scenario to the median; leave out flagged and unpredictable rows."""
    groups: dict[tuple[object, ...], list[Measurement]] = {}
    for row in rows:
        if row.inputs is None or row.id in flags:
            continue
        source = row.source.split(" (")[0]
        alike = (
            source,
            row.inputs.accelerator.name,
            row.gpus_count,
            row.inputs.model.name,
            row.kind,
            row.inputs.engine,
        )
        key = alike if row.replica is None else (row.id,)
        groups.setdefault(key, []).append(row)
    merged = []
    for members in groups.values():
        middle = median(row.measured["output_tokens_per_s"] for row in members)
        nearest = min(members, key=lambda row: abs(row.measured["output_tokens_per_s"] - middle))
        merged.append(replace(nearest, measured={**nearest.measured, "output_tokens_per_s": middle}))
    return merged


def hold(row: Measurement, calibration: Calibration) -> Measurement:
    """Hold a row without parallelism to the best replica under a calibration."""
    if row.replica is not None or row.inputs is None:
        return row
    best = best_of(row.inputs, evaluate(row.inputs, row.gpus_count, calibration, None, row.most_stages))
    return row if best is None else replace(row, replica=best[0])


def residuals(rows: Sequence[Measurement], calibration: Calibration, quantities: Sequence[str]) -> Floats:
    """Logarithm of predicted over measured, weighted."""
    found = []
    for row in rows:
        predicted = predict(row, calibration)
        for name in quantities:
            if name in row.measured:
                value = predicted.get(name)
                error = np.log(value / row.measured[name]) if value else MISSING
                found.append(WEIGHTS[name] * error)
    return np.array(found)


def fit(
    rows: Sequence[Measurement],
    start: Calibration,
    parameters: Sequence[Parameter],
    quantities: Sequence[str],
    rounds: int = 2,
    evaluations: int = 14,
) -> Calibration:
    """Fit parameters within their ranges, from a starting calibration."""
    low = np.log([max(low, SMALLEST_SHARE * high) for _, _, low, high in parameters])
    high = np.log([high for _, _, _, high in parameters])
    calibration = start
    for _ in range(rounds):
        held = [hold(row, calibration) for row in rows]
        first = np.clip(np.log(np.maximum(get(calibration, parameters), 1e-9)), low + 1e-6, high - 1e-6)
        base = calibration

        def cost(logs: Floats, held: list[Measurement] = held, base: Calibration = base) -> Floats:
            return residuals(held, put(base, parameters, np.exp(logs)), quantities)

        solved = least_squares(
            cost, first, bounds=(low, high), loss="soft_l1", f_scale=ROBUST_SCALE, max_nfev=evaluations, diff_step=1e-3
        )
        calibration = put(calibration, parameters, np.exp(solved.x))
        print(f"cost {solved.cost:.4f} after {solved.nfev} evaluations", file=sys.stderr)
    return calibration


def report(title: str, errors: dict[str, list[float]]) -> None:
    """Print median and 90th percentile of absolute errors, bias, and the factor that holds 80 % of the rows."""
    print(title)
    for name, values in sorted(errors.items()):
        logs = np.array(values)
        error_pct = 100.0 * (np.exp(logs) - 1.0)
        size = np.abs(error_pct)
        print(
            f"  {name:34s} n={len(values):4d} median {np.median(size):5.1f} % p90 {np.quantile(size, 0.9):5.1f} % "
            f"bias {np.median(error_pct):+5.1f} %  80 % within a factor {np.exp(np.quantile(np.abs(logs), 0.8)):.3f}"
        )


def collect(rows: Sequence[Measurement], calibration: Calibration, errors: dict[str, list[float]]) -> None:
    """Add logarithmic errors of rows, by kind and quantity; DeepSeek-R1 in MLPerf apart."""
    for row in rows:
        if row.inputs is None:
            continue
        kind, family = row.kind, "moe" if row.inputs.model.experts else "dense"
        names = (f"{kind} {family}", kind)
        if row.inputs.model.name == APART:
            names = (f"{kind} {APART}",)
        predicted = predict(row, calibration)
        for name, measured in row.measured.items():
            if predicted.get(name):
                labels = names if name == "output_tokens_per_s" else (f"{name} {family}", name)
                for label in labels:
                    errors.setdefault(label, []).append(float(np.log(predicted[name] / measured)))


@dataclass(frozen=True)
class Slopes:
    """Residuals of rows at a fit and their slopes over the logarithms of the parameters, with the row of each."""

    rows: Sequence[Measurement]
    parameters: Sequence[Parameter]
    owners: NDArray[np.int64]
    residuals: Floats
    slopes: Floats


def slopes(
    rows: Sequence[Measurement], fitted: Calibration, parameters: Sequence[Parameter], quantities: Sequence[str]
) -> Slopes:
    """Take the slopes of all residuals at a fit, by differences."""
    held = [hold(row, fitted) for row in rows]
    owners = [place for place, row in enumerate(held) for name in quantities if name in row.measured]
    base, values = residuals(held, fitted, quantities), get(fitted, parameters)
    columns = []
    for place in range(len(parameters)):
        moved = values.copy()
        moved[place] *= 1.0 + SLOPE_STEP
        columns.append((residuals(held, put(fitted, parameters, moved), quantities) - base) / np.log1p(SLOPE_STEP))
    return Slopes(rows, parameters, np.array(owners), base, np.column_stack(columns))


def step_without(left: Callable[[Measurement], bool], fitted: Calibration, found: Slopes) -> Calibration:
    """Fit again without some rows: one robust Gauss-Newton step within the ranges."""
    kept = np.array([not left(found.rows[owner]) for owner in found.owners])
    weight = (1.0 + (found.residuals / ROBUST_SCALE) ** 2) ** -0.25
    now = np.log(np.maximum(get(fitted, found.parameters), 1e-9))
    low = np.log([max(low, SMALLEST_SHARE * high) for _, _, low, high in found.parameters]) - now
    high = np.log([high for _, _, _, high in found.parameters]) - now
    a, b = found.slopes * weight[:, None], -found.residuals * weight
    # the full fit is not exactly a stationary point of the weighted linear problem: take out its own step
    full = lsq_linear(a, b, (np.minimum(low, -1e-9), np.maximum(high, 1e-9))).x
    part = lsq_linear(a[kept], b[kept], (np.minimum(low, -1e-9), np.maximum(high, 1e-9))).x
    return put(fitted, found.parameters, np.exp(now + np.clip(part - full, low, high)))


def without(
    left: Callable[[Measurement], bool],
    everything: Sequence[Measurement],
    fitted: Calibration,
    found: tuple[Slopes, Slopes],
    errors: dict[str, list[float]],
) -> None:
    """Fit again without some rows and collect the errors on them."""
    again = step_without(left, step_without(left, fitted, found[0]), found[1])
    collect([row for row in everything if left(row)], again, errors)


def pair_of(row: Measurement) -> str:
    """Accelerator and model of a row."""
    return f"{row.inputs.accelerator.name}+{row.inputs.model.name}" if row.inputs else ""


def accelerator_of(row: Measurement) -> str:
    """Accelerator of a row."""
    return row.inputs.accelerator.name if row.inputs else ""


def model_of(row: Measurement) -> str:
    """Model of a row."""
    return row.inputs.model.name if row.inputs else ""


def unseen(calibration: Calibration, generation: str) -> Calibration:
    """Return a calibration that knows nothing of a generation: its rows of the tables are those of "other"."""
    changed: dict[str, object] = {}
    for name in ("bandwidth_frac", "matrix_frac"):
        table = getattr(calibration, name)
        changed[name] = {
            key: table["other"] if key.split("-")[0] == generation else value for key, value in table.items()
        }
    return replace(calibration, **changed)  # type: ignore[arg-type]


def left_out(
    options: argparse.Namespace, rows: list[Measurement], everything: list[Measurement], fitted: Calibration
) -> None:
    """Report the errors on rows that were left out of the fit."""
    sets: list[tuple[str, list[frozenset[str]], Callable[[Measurement], str]]] = []
    if options.folds:
        pairs = sorted({pair_of(row) for row in everything} - {""})
        folds = [frozenset(pairs[fold :: options.folds]) for fold in range(options.folds)]
        sets.append((f"{options.folds} folds by accelerator and model", folds, pair_of))
    for what in options.leave_out:
        name_of = accelerator_of if what == "accelerator" else model_of
        sets.append((f"each {what} left out", [frozenset({name}) for name in {name_of(row) for row in rows}], name_of))
    if sets:
        steady = [row for row in rows if "power_w" in row.measured]
        found = (
            slopes(rows, fitted, SPEED, ("output_tokens_per_s", "itl_ms")),
            slopes(steady, fitted, POWER, ("power_w",)),
        )
    errors: dict[str, list[float]]
    for title, groups, name_of in sets:
        errors = {}
        for group in groups:
            without(lambda row, group=group, name_of=name_of: name_of(row) in group, everything, fitted, found, errors)  # type: ignore[misc]
        report(title, errors)
    errors = {}
    for generation in GENERATIONS:
        collect(
            [row for row in everything if row.inputs and family(row.inputs.accelerator) == generation],
            unseen(fitted, generation),
            errors,
        )
    report("each generation as if never seen", errors)


def main() -> None:
    """Run the fit and print the constants and the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--flags", type=Path, default=PUBLISHED_FLAGS)
    parser.add_argument("--overlay", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--leave-out", nargs="*", default=[], choices=["accelerator", "model"])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    catalogue = load((options.overlay,) if options.overlay else ())
    flags = read_flags(options.flags)
    everything = [row for row in read_measurements(options.data, catalogue) if row.id not in flags]
    rows = merge(everything, flags)
    steady = [row for row in rows if "power_w" in row.measured]
    fitted = CALIBRATION
    if options.rounds:
        fitted = fit(rows, CALIBRATION, SPEED, ("output_tokens_per_s", "itl_ms"), options.rounds)
        fitted = fit(steady, fitted, POWER, ("power_w",), 1, 30)
    for parameter, value in zip((*SPEED, *POWER), get(fitted, (*SPEED, *POWER)), strict=True):
        print(f"  {parameter[0]:28s} {parameter[1]:14s} {value:.6g}   range {parameter[2]:g}..{parameter[3]:g}")
    print({field.name: getattr(fitted, field.name) for field in fields(fitted)})
    inside: dict[str, list[float]] = {}
    collect(everything, fitted, inside)
    report("in sample", inside)
    left_out(options, rows, everything, fitted)


if __name__ == "__main__":
    main()
