"""From timings of one's own hardware to an efficiency profile that the catalogue holds and the engines use."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from gigawatt.catalogue import Catalogue, load, schema
from gigawatt.engines.hardware import fit, fit_fabric
from gigawatt.engines.hardware.attention import FUSED_TRAINING_OVER_FORWARD
from gigawatt.engines.hardware.efficiency import SAME_RATE, in_network_frac
from gigawatt.engines.hardware.gemm import OPERAND_BYTES
from gigawatt.engines.hardware.types import Accelerator
from gigawatt.engines.training.columns import peak_flop_per_s
from gigawatt.errors import InputError, nearest
from gigawatt.planning.convert import accelerator as engine_accelerator
from gigawatt.planning.kernel_times import (
    Comparison,
    attention_flops,
    compared,
    gemm_flops,
    kept_precision,
    moved_bytes,
    ranks_inside_domain,
)
from gigawatt.planning.measurements import COLLECTIVES, Faults, Measurements, Timing
from gigawatt.planning.store import write_atomically
from gigawatt.units import say, three_digits

MOST_OF_PEAK = 1.1  # a clock above the datasheet's gives a few per cent; more is a wrong unit or shape
UNSURE_FRAC = 0.15  # a standard error above this share of a figure is told
EXTRAPOLATED_RATIO = 1.25  # endless over fastest timed product; 8,192 cubes on an H100 leave about 1.2
DIGITS = 5
MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Fitted:
    """One figure of a profile: its name there, value, standard error, and the timings behind it."""

    name: str
    value: float
    standard_error: float
    unit: str
    timings: int
    residual_frac: float


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration found."""

    accelerator: str
    profile: schema.EfficiencyProfile
    text: str
    fitted: tuple[Fitted, ...]
    comparisons: tuple[Comparison, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Timings that are fitted together, with the files that they come from."""

    timings: tuple[Timing, ...]
    source: str

    def sizes(self, column: str) -> Any:
        """Return a column of sizes."""
        return np.array([timing.sizes[column] for timing in self.timings], dtype=np.float64)

    @property
    def time_s(self) -> Any:
        """Return the measured times."""
        return np.array([timing.time_s for timing in self.timings])

    @property
    def reduces(self) -> Any:
        """Whether each collective is an all-reduce."""
        return np.array([timing.kind == "all_reduce" for timing in self.timings], dtype=np.float64)


def calibrate(catalogue: Catalogue, accelerator: str, measurements: Sequence[Measurements]) -> Calibrated:
    """Fit an efficiency profile to timings.

    Parameters
    ----------
    catalogue : Catalogue
    accelerator : str
        Id of the accelerator on which they were measured.
    measurements : sequence of Measurements
        One file each; the profile holds what these files tell, and nothing of an earlier profile.

    Returns
    -------
    Calibrated

    Raises
    ------
    CatalogueError
        If the accelerator is unknown.
    InputError
        If a timing cannot be of this accelerator, or timings are too few or too alike to fit.
    """
    entry = catalogue.accelerators[accelerator]
    plain = engine_accelerator(entry, catalogue, measured=False)
    for one in measurements:
        _check(one, plain)
    fitted: list[tuple[str, Fitted]] = []
    for precision in sorted({kept_precision(t) for one in measurements for t in one.timings if t.kind == "gemm"}):
        group = _group(measurements, lambda t, p=precision: t.kind == "gemm" and kept_precision(t) == p)  # type: ignore[misc]
        fitted += _of_gemm(group, precision, plain)
    for name, training in (("attention_frac", False), ("attention_training_frac", True)):
        group = _group(measurements, lambda t, w=training: t.kind == "attention" and t.training == w)  # type: ignore[misc]
        fitted += _of_attention(group, name, plain)
    fitted += _of_memory(_group(measurements, lambda t: t.kind == "memory_copy"), plain)
    fitted += _of_collectives(measurements, plain)
    if not fitted:
        message = "there is no timing to fit"
        raise InputError(message)
    written = _written(entry.name, accelerator, measurements, fitted)
    profile = schema.EfficiencyProfile.model_validate({"id": accelerator, **written})
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(written, text)
    timings = [timing for one in measurements for timing in one.timings]
    found = tuple(figure for _, figure in fitted)
    notices = _notices(measurements, plain, found)
    comparisons = compared(timings, plain, profile)
    return Calibrated(accelerator, profile, text.getvalue(), found, comparisons, notices)


def write_profile(calibrated: Calibrated, folder: Path) -> Path:
    """Write a profile into an overlay of the catalogue, atomically, and return its path.

    Parameters
    ----------
    calibrated : Calibrated
    folder : Path
        The overlay, made if missing; the file is `profiles/<accelerator>.yaml` in it.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = folder / "profiles" / f"{calibrated.accelerator}.yaml"
    write_atomically(path, calibrated.text)
    load.cache_clear()  # a catalogue loaded before does not hold the profile
    return path


def _group(measurements: Sequence[Measurements], chosen: Callable[[Timing], bool]) -> _Group:
    """Gather timings over files."""
    files = {one.name: tuple(timing for timing in one.timings if chosen(timing)) for one in measurements}
    source = ", ".join(name for name, timings in files.items() if timings)
    return _Group(tuple(timing for timings in files.values() for timing in timings), source)


def _check(measurements: Measurements, plain: Accelerator) -> None:
    """Raise InputError for timings of a precision that the accelerator lacks, or faster than it can be."""
    faults = Faults(measurements.name)
    known = [name for name in [*OPERAND_BYTES] if _peak(plain, name)]
    for timing in measurements.timings:
        sizes = timing.sizes
        if timing.kind == "gemm" and timing.precision not in known:
            problem = f'"{timing.precision}" is no precision of {plain.name} that can be calibrated.'
            faults.add(timing.line, "precision", problem, nearest(timing.precision, known))
            continue
        if timing.kind == "gemm":
            rate, peak, unit = gemm_flops(timing), _peak(plain, timing.precision), "FLOP/s"
        elif timing.kind == "attention":
            rate, peak, unit = attention_flops(timing), max(plain.dense_flop_per_s.values()), "FLOP/s"
        elif timing.kind == "memory_copy":
            rate, peak, unit = moved_bytes(timing), plain.hbm_bytes_per_s, "bytes/s"
        else:
            rate = sizes["bytes"] * (sizes["ranks"] - 1) / sizes["ranks"]
            peak, unit = max(plain.scale_up.bytes_per_s, plain.scale_out.bytes_per_s), "bytes/s"
        if rate / timing.time_s > MOST_OF_PEAK * peak:
            problem = (
                f"{timing.time_s:g} s means {say(rate / timing.time_s, unit)}, and {plain.name} has {say(peak, unit)}."
            )
            remedy = "Give seconds of one call; copies must be larger than every cache."
            faults.add(timing.line, "time_s", problem, remedy)
    faults.close()


def _peak(plain: Accelerator, precision: str) -> float:
    """Dense peak of a precision that the accelerator has; 0 otherwise."""
    name = {"mxfp8": "fp8"}.get(precision, SAME_RATE.get(precision, precision))
    return plain.dense_flop_per_s.get(name, 0.0)


def _named(what: str, call: Callable[[], Any]) -> Any:
    """Call a fit and say in its error what was fitted."""
    try:
        return call()
    except InputError as error:
        message = f"{what}: {error}"
        raise InputError(message) from error


def _figure(name: str, estimate: fit.Estimate, unit: str, group: _Group, residual_frac: float) -> tuple[str, Fitted]:
    """Return a fitted figure with its source."""
    count = len(group.timings)
    return group.source, Fitted(name, estimate.value, estimate.standard_error, unit, count, residual_frac)


def _of_gemm(group: _Group, precision: str, plain: Accelerator) -> list[tuple[str, Fitted]]:
    """Fit products of one precision."""
    peak, operand_bytes = _peak(plain, precision), OPERAND_BYTES[precision]
    rows, inner, outer = (group.sizes(name) for name in "mkn")
    found = _named(
        f"gemm in {precision}",
        lambda: fit.fit_gemm(rows, inner, outer, group.time_s, peak, plain.hbm_bytes_per_s, operand_bytes),
    )
    residual = found.median_error_frac
    return [
        _figure(f"gemm_frac.{precision}", found.share_frac, "1", group, residual),
        _figure(f"gemm_traffic_ratio.{precision}", found.traffic_ratio, "1", group, residual),
        _figure(f"kernel_launch_s.gemm-{precision}", found.launch_s, "s", group, residual),
    ]


def _of_attention(group: _Group, name: str, plain: Accelerator) -> list[tuple[str, Fitted]]:
    """Fit attention, forward or forward and backward."""
    if not group.timings:
        return []
    times = FUSED_TRAINING_OVER_FORWARD if name == "attention_training_frac" else 1.0
    flops = times * np.array([attention_flops(timing) for timing in group.timings])
    peak, _ = peak_flop_per_s(plain, "bf16")
    width = group.sizes("head_dim")
    found = _named(name.removesuffix("_frac"), lambda: fit.fit_attention(flops, width, group.time_s, peak))
    launch = f"kernel_launch_s.{name.removesuffix('_frac').replace('_', '-')}"
    return [
        _figure(name, found.share_frac, "1", group, found.median_error_frac),
        _figure(launch, found.launch_s, "s", group, found.median_error_frac),
    ]


def _of_memory(group: _Group, plain: Accelerator) -> list[tuple[str, Fitted]]:
    """Fit copies."""
    if not group.timings:
        return []
    moved = np.array([moved_bytes(timing) for timing in group.timings])
    found = _named("memory_copy", lambda: fit.fit_memory(moved, group.time_s, plain.hbm_bytes_per_s))
    return [
        _figure("hbm_frac", found.share_frac, "1", group, found.median_error_frac),
        _figure("kernel_launch_s.memory-copy", found.launch_s, "s", group, found.median_error_frac),
    ]


def _of_collectives(measurements: Sequence[Measurements], plain: Accelerator) -> list[tuple[str, Fitted]]:
    """Fit the scale-up fabric, then, with it, the scale-out network."""
    domain = plain.scale_up_domain_count

    def of(crosses: bool) -> _Group:
        return _group(measurements, lambda t: t.kind in COLLECTIVES and (t.sizes["ranks"] > domain) == crosses)

    inner, outer = of(False), of(True)
    reduction = in_network_frac(plain)
    rate, latency_s = plain.scale_up.bytes_per_s * plain.scale_up.efficiency_frac, plain.scale_up.hop_latency_s
    fitted: list[tuple[str, Fitted]] = []
    if inner.timings:
        sizes = inner.sizes("bytes"), inner.sizes("ranks"), inner.reduces, inner.time_s
        found = _named(
            "collectives in a scale-up domain",
            lambda: fit_fabric.fit_scale_up(*sizes, plain.scale_up.bytes_per_s, reduction),
        )
        rate, latency_s = plain.scale_up.bytes_per_s * found.efficiency_frac.value, found.hop_latency_s.value
        fitted += _fabric_figures("scale_up", found, inner)
        if found.in_network_frac:
            reduction = found.in_network_frac.value
            fitted.append(_figure("in_network_frac", found.in_network_frac, "1", inner, found.median_error_frac))
    if outer.timings:
        sizes = outer.sizes("bytes"), outer.sizes("ranks"), outer.reduces, outer.time_s
        inside = ranks_inside_domain(sizes[1], plain)
        found = _named(
            "collectives between domains",
            lambda: fit_fabric.fit_scale_out(
                *sizes[:2], inside, *sizes[2:], plain.scale_out.bytes_per_s, (rate, latency_s, reduction)
            ),
        )
        fitted += _fabric_figures("scale_out", found, outer)
    return fitted


def _fabric_figures(tier: str, found: fit_fabric.FabricFit, group: _Group) -> list[tuple[str, Fitted]]:
    """Return the figures of a tier."""
    return [
        _figure(f"{tier}_frac", found.efficiency_frac, "1", group, found.median_error_frac),
        _figure(f"{tier}_hop_latency_s", found.hop_latency_s, "s", group, found.median_error_frac),
    ]


def _written(
    name: str, accelerator: str, measurements: Sequence[Measurements], fitted: Sequence[tuple[str, Fitted]]
) -> dict[str, Any]:
    """Return the profile as the catalogue's YAML has it: one standard error to either side as the range."""
    abouts = [one.about for one in measurements]
    document: dict[str, Any] = {
        "name": f"{name}, measured",
        "accelerator": accelerator,
        **{key: "; ".join(dict.fromkeys(a[key] for a in abouts if a.get(key))) for key in ("device", "software")},
        "measured_on": max((a["date"] for a in abouts if a.get("date")), default=""),
        "measurements": [f"{one.name} sha256 {one.digest[:16]}" for one in measurements],
    }
    document["defaults"] = {"source": measurements[0].name, "kind": "measured", "as_of": document["measured_on"]}
    residuals: dict[str, Any] = {}
    for source, figure in fitted:
        path, _, key = figure.name.partition(".")
        low, high = max(figure.value - figure.standard_error, 0.0), figure.value + figure.standard_error
        item = {
            "value": _number(figure.value, figure.unit),
            "low": _number(low, figure.unit),
            "high": _number(high, figure.unit),
            "source": source,
            "note": f"{figure.timings} timings; range of one standard error",
        }
        if key:
            document.setdefault(path, {})[key] = item
        else:
            document[path] = item
        residuals.setdefault(figure.name, {"value": _number(figure.residual_frac, "1"), "source": source})
    return document | {"residual_frac": residuals}


def _number(value: float, unit: str) -> float | str:
    """Return a number as the catalogue is written: a share bare, a time with its unit."""
    return f"{value * MICROSECONDS:.{DIGITS}g} us" if unit == "s" else float(f"{value:.{DIGITS}g}")


def _notices(measurements: Sequence[Measurements], plain: Accelerator, fitted: Sequence[Fitted]) -> tuple[str, ...]:
    """Say what of the files was left out and which figures the timings hardly support."""
    said = [note for one in measurements for note in one.notes]
    for figure in fitted:
        if figure.value > 0.0 and figure.unit == "1" and figure.standard_error > UNSURE_FRAC * figure.value:
            said.append(f"{figure.name}: a standard error of {figure.standard_error / figure.value:.0%}: add timings.")
        precision = figure.name.removeprefix("gemm_frac.")
        if precision == figure.name:
            continue
        timings = [
            t for one in measurements for t in one.timings if t.kind == "gemm" and kept_precision(t) == precision
        ]
        best = max(gemm_flops(t) / t.time_s for t in timings) / _peak(plain, precision)
        if figure.value > EXTRAPOLATED_RATIO * best:
            said.append(
                f"{figure.name}: the fastest product achieved {best:.2f} of peak, the fit says {figure.value:.2f} of "
                "an endless one: add larger products."
            )
    return tuple(said)


def in_words(figure: Fitted) -> tuple[str, str]:
    """Return a fitted value and its standard error as people read them."""
    if figure.unit == "1":
        return f"{figure.value:.3f}", f"{figure.standard_error:.3f}"
    return say(figure.value, figure.unit), f"{three_digits(figure.standard_error * MICROSECONDS)} us"
