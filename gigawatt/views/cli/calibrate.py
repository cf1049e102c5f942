"""An efficiency profile from timings of one's own hardware."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, put, put_json, say_aside

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue
    from gigawatt.planning.calibrate import Calibrated
    from gigawatt.planning.measurements import Measurements

EXAMPLE = (
    "Example: gigawatt calibrate --measure --device cuda --out h100.csv --accelerator h100-sxm --catalogue my-facts"
)


def run(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Timings: CSV of documented columns, output of nccl-tests or nvtx_gpu_proj_sum."),
    ] = None,
    accelerator: Annotated[
        str | None, typer.Option(help="Accelerator of the catalogue that was measured; fits a profile for it.")
    ] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Time kernels on this machine first.")] = False,
    device: Annotated[str, typer.Option(help="What to measure: cuda or cpu.")] = "cpu",
    quick: Annotated[bool, typer.Option("--quick", help="Few, small shapes: a trial in seconds.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="Where the timings go that are measured.")] = None,
    precision: Annotated[
        str, typer.Option(help="Precision of matrix products in PyTorch's NVTX ranges, which do not tell it.")
    ] = "bf16",
    causal: Annotated[
        bool | None, typer.Option("--causal/--no-causal", help="Attention in PyTorch's NVTX ranges; else left out.")
    ] = None,
    overlays: Overlays = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fit what your own hardware achieves, and write it into a catalogue folder, where every engine then uses it."""
    from gigawatt.planning.measurements import read_measurements

    paths = list(files or ())
    if measure != (out is not None):
        message = "--measure and --out CSV belong together: timings are kept, so that a profile can be traced to them"
        raise InputError(message)
    catalogue = _catalogue(overlays)
    if accelerator is not None:
        _ = catalogue.accelerators[accelerator]  # a wrong id is told before minutes of measuring
    if out is not None:
        if not _measured(device, quick, out, quiet):
            return
        paths.append(out)
    if not paths:
        message = "give files of timings, or --measure --out CSV to make one"
        raise InputError(message)
    if accelerator is None and not measure:
        message = "--accelerator says on what the timings were measured; gigawatt catalogue accelerators lists them"
        raise InputError(message)
    measurements = [read_measurements(path, precision, causal) for path in paths]
    found = None
    if accelerator is not None:
        from gigawatt.planning.calibrate import calibrate

        found = calibrate(catalogue, accelerator, measurements)
    written = _write(found, overlays) if found else None
    if as_json:
        _json(found, measurements, written)
    else:
        _show(found, measurements, written)


def _measured(device: str, quick: bool, out: Path, quiet: bool) -> bool:
    """Measure and keep the timings; false on every rank but the first, which alone reports."""
    from gigawatt.planning.measurements import write_text
    from gigawatt.planning.microbenchmarks import measure
    from gigawatt.planning.store import write_atomically

    first = os.environ.get("RANK", "0") == "0"
    if first:
        say_aside(f"measuring on {device}", quiet)
    timings, about = measure(device, quick, int(os.environ.get("WORLD_SIZE", "1")))
    if first:
        write_atomically(out, write_text(timings, about))
    return first


def _catalogue(overlays: list[Path] | None) -> Catalogue:
    """Load the catalogue; the folder that the profile goes to need not be there yet."""
    from gigawatt.catalogue import load

    folders = tuple(overlays or ())
    return load(folders if not folders or folders[-1].exists() else folders[:-1])


def _write(found: Calibrated, overlays: list[Path] | None) -> Path | None:
    """Write the profile into the last folder that was named."""
    from gigawatt.planning.calibrate import write_profile

    return write_profile(found, overlays[-1]) if overlays else None


def _counts(one: Measurements) -> dict[str, int]:
    """Count the timings of a file by kind."""
    kinds = [timing.kind for timing in one.timings]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _json(found: Calibrated | None, measurements: list[Measurements], written: Path | None) -> None:
    """Print the document."""
    from dataclasses import asdict

    from gigawatt.planning.document import envelope
    from gigawatt.planning.pipeline import package_version

    measured = [{"file": one.name, "sha256": one.digest, **one.about, "timings": _counts(one)} for one in measurements]
    result: dict[str, Any] = {
        "measured": measured,
        "fitted": [asdict(figure) for figure in found.fitted] if found else [],
        "comparisons": [asdict(each) for each in found.comparisons] if found else [],
        "notices": list(found.notices) if found else [],
        "profile": str(written) if written else None,
    }
    inputs = {"accelerator": found.accelerator if found else None, "files": [one.name for one in measurements]}
    provenance = [{"source": one.name, "sha256": one.digest, "kind": "measured"} for one in measurements]
    put_json(envelope("calibrate", package_version(), inputs, result, provenance))


def _show(found: Calibrated | None, measurements: list[Measurements], written: Path | None) -> None:
    """Print what was measured, what was fitted and how the engines' times compare."""
    from gigawatt.views.terminal import show_table

    rows = [
        (one.name, one.about.get("device", ""), ", ".join(f"{count} {kind}" for kind, count in _counts(one).items()))
        for one in measurements
    ]
    put(show_table(("file", "device", "timings"), rows, title="measured"))
    if found is None:
        return
    from gigawatt.planning.calibrate import in_words

    put(show_table(("figure", "value", "± std. error", "timings", "|error| of fit"), [
        (figure.name, *in_words(figure), str(figure.timings), f"{figure.residual_frac:.1%}") for figure in found.fitted
    ], title=f"fitted: {found.accelerator}"))  # fmt: skip
    put(show_table(("predicted against measured", "timings", "median |error| before", "after"), [
        (each.kind, str(each.timings), f"{each.before_pct:.1f} %", f"{each.after_pct:.1f} %")
        for each in found.comparisons
    ]))  # fmt: skip
    for notice in found.notices:
        put(f"note: {notice}")
    if written:
        put(f"written: {written}; used by every verb with --catalogue {written.parent.parent}")
    else:
        put("not written: name a folder with --catalogue DIR to keep this profile")
