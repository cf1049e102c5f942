"""What an accelerator may be asked to do: number formats of training, power caps. Each answer says what it can."""

from __future__ import annotations

from collections.abc import Iterable

from gigawatt.catalogue.schema import Accelerator
from gigawatt.errors import nearest

# Number format of a training job -> matrix unit at whose peak it runs.
UNIT_OF_FORMAT = {"bf16": "bf16", "fp8": "fp8", "mxfp8": "fp8", "nvfp4": "fp4", "fp4": "fp4"}
# Generations whose matrix units take a scale for every 32 values, as mxfp8 needs (Open Compute Project, "OCP
# Microscaling Formats (MX) Specification," version 1.0, 2023): NVIDIA's since Blackwell (NVIDIA, "Blackwell
# Architecture Technical Brief," 2024), AMD's since CDNA 4 (AMD, "AMD CDNA 4 Architecture," 2025).
MICROSCALING_GENERATIONS = ("blackwell", "rubin", "cdna4")
NVFP4_VENDOR = "NVIDIA"  # whose format of 4 bits with a scale for every 16 values it is
# Least cap over the rated power. Below about half of the rating the voltage is at its floor, and how fast an
# accelerator then runs has not been published for data-centre parts: ASSUMPTION.
LOWEST_CAP_FRAC = 0.5


def training_formats(entry: Accelerator) -> tuple[str, ...]:
    """Return the number formats in which an accelerator can train.

    Parameters
    ----------
    entry : Accelerator
        Of the catalogue.

    Returns
    -------
    tuple of str
        Keys of `UNIT_OF_FORMAT`.
    """
    return tuple(name for name in UNIT_OF_FORMAT if not _lacking(entry, name))


def _lacking(entry: Accelerator, number_format: str) -> str:
    """Return what an accelerator lacks for a known number format; empty where nothing."""
    unit = UNIT_OF_FORMAT[number_format]
    if unit not in entry.dense_flop_per_s:
        return f"it has no {unit} matrix unit"
    if number_format == "mxfp8" and not entry.generation.startswith(MICROSCALING_GENERATIONS):
        return f"its fp8 units take no scale for every 32 values, as those of {_listed(MICROSCALING_GENERATIONS)} do"
    if number_format == "nvfp4" and entry.vendor != NVFP4_VENDOR:
        return f"the format is {NVFP4_VENDOR}'s; 4-bit products in general are fp4"
    return ""


def format_fault(entry: Accelerator, number_format: str) -> tuple[str, str]:
    """Return why an accelerator cannot train in a number format, and what to write instead; empty where it can.

    Parameters
    ----------
    entry : Accelerator
        Of the catalogue.
    number_format : str
        As written.

    Returns
    -------
    tuple of str
        Problem and remedy, sentences without a full stop.
    """
    able = training_formats(entry)
    if number_format in able:
        return "", ""
    if number_format not in UNIT_OF_FORMAT:
        return f'"{number_format}" is no number format of training', nearest(number_format, UNIT_OF_FORMAT).rstrip(".")
    lacking = _lacking(entry, number_format)
    return f"{entry.id} cannot train in {number_format}: {lacking}", f"it can in {_listed(able)}"


def cap_range_w(entry: Accelerator) -> tuple[float, float]:
    """Return the least and the greatest power cap of an accelerator's package. [W]."""
    return LOWEST_CAP_FRAC * entry.tdp_w.value, entry.tdp_w.value


def cap_fault(entry: Accelerator, cap_w: float) -> tuple[str, str]:
    """Return why an accelerator does not take a power cap, and which it takes; empty where it does.

    Parameters
    ----------
    entry : Accelerator
        Of the catalogue.
    cap_w : float
        Power of the package. [W]

    Returns
    -------
    tuple of str
        Problem and remedy, sentences without a full stop.
    """
    lowest_w, rated_w = cap_range_w(entry)
    if lowest_w <= cap_w <= rated_w:
        return "", ""
    remedy = f"write one from {lowest_w:,.0f} W to {rated_w:,.0f} W"
    if cap_w > rated_w:
        return f"a cap of {cap_w:,.0f} W is above the rated power of {entry.id}, {rated_w:,.0f} W", remedy
    what = f"a cap of {cap_w:,.0f} W is below {LOWEST_CAP_FRAC:.0%} of the rated power of {entry.id}"
    return f"{what}, where its speed is not known", remedy


def _listed(names: Iterable[str]) -> str:
    """Join names with commas."""
    return ", ".join(names)
