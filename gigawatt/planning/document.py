"""JSON documents of the contracts: plain dicts and lists, keys with units, no NaN."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from gigawatt.planning.plan import Plan


def package_version() -> str:
    """Return the version of gigawatt that runs."""
    try:
        return version("gigawatt")
    except PackageNotFoundError:
        return "0+unknown"


def clean(value: Any) -> Any:
    """Return a value that JSON can hold: numpy scalars become plain, NaN and infinity become null.

    Parameters
    ----------
    value : Any
        Numbers, text, mappings and sequences, nested.

    Returns
    -------
    Any
        The same of dict, list, str, float, int, bool and None.
    """
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return clean(value.tolist())
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as a list of rows."""
    columns = {str(name): clean(frame[name].tolist()) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def envelope(verb: str, version: str, inputs: Any, result: Any, provenance: Any) -> dict[str, Any]:
    """Return the document that every verb prints with `--json`."""
    return {
        "schema": f"gigawatt/{verb}/1",
        "gigawatt": version,
        "inputs": clean(inputs),
        "result": clean(result),
        "provenance": clean(provenance),
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as the contract's document.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    dict
        `gigawatt/plan/1`. Timings are left out, so that equal plans give equal documents.
    """
    metrics = {
        metric.name: {
            "label": metric.label,
            "value": metric.value,
            "unit": metric.unit,
            "p10": metric.p10,
            "p90": metric.p90,
            "formula": metric.note,
        }
        for metric in plan.metrics
    }
    result = {
        "metrics": metrics,
        "months": records(plan.tables["months"]),
        "training": records(plan.tables["training"]),
        "serving": records(plan.tables["demand"]),
        "sites": records(plan.tables["sites"]),
        "finance": plan.finance,
        "split_usd": plan.split_usd,
        "gigawatts": plan.gigawatts,
        "claims": [asdict(claim) for claim in plan.claims],
        "checks": [{**asdict(check), "residual": check.residual, "holds": check.holds} for check in plan.checks],
        "notices": [asdict(notice) for notice in plan.notices],
        "fleet": fleet_summary(plan),
        "seed": plan.seed,
    }
    provenance = [asdict(origin) for origin in plan.origins]
    return envelope("plan", plan.version, {"scenario": plan.scenario_id, **plan.inputs}, result, provenance)


def fleet_summary(plan: Plan) -> dict[str, Any]:
    """Return how kept time and power were found, and what the simulator found where it was asked; no timings."""
    if plan.fleet is None:
        return {"method": "analytic"}
    from gigawatt.planning.fleet.record import fleet_record

    timed = ("wall_s", "events_per_s")
    found = {name: value for name, value in fleet_record(plan.fleet).items() if name not in timed}
    return {"method": "simulated", **found}


def dumps(document: Any) -> str:
    """Return a document as text, keys in their order, no NaN."""
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
