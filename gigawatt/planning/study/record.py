"""A study as the document of the contract, as tables, and as a folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.planning.document import clean, dumps, envelope, package_version
from gigawatt.planning.store import write_atomically, write_table
from gigawatt.planning.study.answer import Driver, StudyAnswer

if TYPE_CHECKING:
    import pandas as pd


def study_record(answer: StudyAnswer) -> dict[str, Any]:
    """Return what a study found, JSON-ready.

    Parameters
    ----------
    answer : StudyAnswer

    Returns
    -------
    dict
        Keys as in the reference of JSON documents. Timings are left out, so that equal studies give equal documents.
    """
    return {
        "samples": answer.question.samples_count,
        "seed": answer.question.seed,
        "goal": answer.question.goal,
        "metrics": {
            band.name: {name: getattr(band, name) for name in ("label", "unit", "central", "p10", "p50", "p90", "mean")}
            for band in answer.bands
        },
        "above_zero_pct": 100.0 * answer.above_zero_share,
        "months": {
            fan.name: {
                name: list(getattr(fan, name)) if name != "unit" else fan.unit
                for name in ("unit", "months", "central", "p10", "p50", "p90")
            }
            for fan in answer.fans
        },
        "targets": [
            {
                **{name: value for name, value in asdict(target).items() if not name.endswith("_share")},
                "within_pct": 100.0 * target.within_share,
                "reached_pct": 100.0 * target.reached_share,
            }
            for target in answer.targets
        ],
        "tornado": [
            {
                "figure": swing.path,
                "unit": swing.unit,
                "p10": swing.low_value,
                "p90": swing.high_value,
                "goal_at_p10": swing.at_low,
                "goal_at_p90": swing.at_high,
            }
            for swing in answer.swings
        ],
        "figures": [_driver(driver) for driver in answer.drivers],
        "sobol": [
            {
                "figure": index.path,
                "first": index.first,
                "first_95_half": index.first_half,
                "total": index.total,
                "total_95_half": index.total_half,
            }
            for index in answer.indices
        ],
        "choices": [{"name": choice.name, **_regret(choice.regret)} for choice in answer.choices],
        "worth_of_knowing_all": answer.worth_of_all,
        "held": list(answer.held),
        "notes": list(answer.notes),
        "checks": {"statements_usd": answer.residual_usd, "balances_frac": answer.balance_frac},
    }


def _driver(driver: Driver) -> dict[str, Any]:
    """Return a figure, how it is spread and what hangs on it."""
    figure, quantity = driver.figure, driver.figure.quantity
    return {
        "figure": figure.path,
        "unit": quantity.unit,
        "value": quantity.value,
        "low": quantity.low,
        "high": quantity.high,
        "family": figure.family,
        "source": quantity.source,
        "rank_correlation": driver.rank_correlation,
        "worth_of_knowing": driver.worth,
    }


def _regret(regret: Any) -> dict[str, float]:
    """Return a choice's fate; shares in per cent."""
    return {
        "mean": regret.mean,
        "best_pct": 100.0 * regret.best_share,
        "regret_mean": regret.regret_mean,
        "regret_p90": regret.regret_p90,
    }


def study_document(answer: StudyAnswer) -> dict[str, Any]:
    """Return a study as the contract's document, `gigawatt/study/1`."""
    question, resolved = answer.question, answer.resolved
    inputs = {
        "scenario": resolved.scenario.scenario,
        "samples": question.samples_count,
        "seed": question.seed,
        "goal": question.goal,
        "sobol": question.sobol,
        "against": [choice.name for choice in answer.choices[1:]],
        "study": resolved.scenario.study.model_dump(mode="json", exclude_none=True),
    }
    provenance = [
        {"path": item.path, "value": item.value, "kind": item.kind, "source": item.source, "as_of": item.as_of}
        for item in resolved.provenance
    ]
    return envelope("study", package_version(), inputs, study_record(answer), provenance)


def tables_of(answer: StudyAnswer) -> dict[str, pd.DataFrame]:
    """Return bands, months and figures of a study as frames."""
    import pandas as pd

    record = clean(study_record(answer))
    months = [
        {"series": fan.name, "unit": fan.unit, "month": month, "central": central, "p10": p10, "p50": p50, "p90": p90}
        for fan in answer.fans
        for month, central, p10, p50, p90 in zip(fan.months, fan.central, fan.p10, fan.p50, fan.p90, strict=True)
    ]
    return {
        "metrics": pd.DataFrame([{"metric": name, **row} for name, row in record["metrics"].items()]),
        "months": pd.DataFrame(months),
        "figures": pd.DataFrame(record["figures"]),
        "tornado": pd.DataFrame(record["tornado"]),
        "targets": pd.DataFrame(record["targets"]),
    }


def save_study(answer: StudyAnswer, folder: Path) -> list[Path]:
    """Write a study: scenario.yaml, tables/*.parquet and, last, study.json; its parts lie there already.

    Parameters
    ----------
    answer : StudyAnswer
    folder : Path

    Returns
    -------
    list of Path
        Files written.
    """
    import duckdb  # heavy, and only needed here

    written = [folder / "scenario.yaml"]
    write_atomically(written[0], answer.resolved.text)
    tables = folder / "tables"
    with duckdb.connect() as connection:
        for name, frame in tables_of(answer).items():
            if not len(frame):
                continue
            path = tables / f"{name}.parquet"
            write_table(connection, frame, path)
            written.append(path)
    write_atomically(folder / "study.json", dumps(study_document(answer)))
    return [*written, folder / "study.json"]
