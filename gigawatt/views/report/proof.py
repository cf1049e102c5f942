"""The proof in a plan's report: what the engines predict of published measurements, beside them."""

from __future__ import annotations

from typing import Any

from gigawatt.validation.compare import Summary
from gigawatt.validation.record import DRAWN, record
from gigawatt.views.figures.svg import Figure
from gigawatt.views.figures.validation import finding, scatter

COMPARED_WITH = {
    "training": "step time of published runs, A100 to GB300, dense and mixture of experts",
    "training-runs": "GPU-hours of whole published runs",
    "serving": "throughput, latency and power of MLPerf, TensorRT-LLM and ML.ENERGY",
    "facility": "PUE, water and watts per GPU: LBNL's map, Meta, Google, Frontier, cluster reports",
    "energy": "solar yields of PVWatts, an optimum found with PyPSA, LBNL's cost of waiting, a firm gas plant",
    "construction": "days to first power and to a gigawatt of campuses seen from space",
    "reliability": "interruptions and effective training time that operators published",
    "fleet": "kept time, failures, queues and power of ByteDance, Meta, Helios and Acme; another simulator",
    "finance": "Meta's depreciation, capex guides, cost models of a gigawatt, rental prices",
}
WORDS = "Step time, s"


def proof_pictures(wide_px: float, narrow_px: float) -> dict[str, Figure]:
    """Draw the training engine's predictions against the measurements, for a page and for a phone.

    Parameters
    ----------
    wide_px, narrow_px : float
        Of the pictures. [px]

    Returns
    -------
    dict of str to Figure
        "wide" and "narrow"; empty where the record is.
    """
    drawn = {
        name: scatter(DRAWN, record().rows, WORDS, width) for name, width in (("wide", wide_px), ("narrow", narrow_px))
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def proof_line() -> str:
    """Say how close the training engine comes, in one sentence."""
    errors = record().errors[DRAWN]
    return f"{finding(DRAWN, errors)} of what was measured, nine in ten within {errors.p90_abs_error_pct:.0f} %."


def proof_rows() -> list[dict[str, Any]]:
    """Return a line of words for each engine."""
    return [
        {"engine": engine.replace("-", " "), "with": COMPARED_WITH[engine], "cells": _cells(errors)}
        for engine, errors in record().errors.items()
    ]


def _cells(errors: Summary) -> list[str]:
    """Return an engine's errors as cells."""
    return [
        f"{errors.n:,}",
        f"{errors.median_abs_error_pct:.1f}",
        f"{errors.p90_abs_error_pct:.0f}",
        f"{errors.within_25_pct:.0f}",
        f"{errors.interval_coverage_pct:.0f}",
    ]
