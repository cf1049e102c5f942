"""JSON of `gigawatt fleet`, with the keys of the contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gigawatt.engines.fleet.results import JOB_ENDS
from gigawatt.engines.fleet.simulation import MODES
from gigawatt.planning.fleet import measures
from gigawatt.planning.fleet.answer import FleetAnswer
from gigawatt.planning.fleet.work import BY_KIND
from gigawatt.planning.job_defaults import DEFAULT_RELIABILITY
from gigawatt.units import (
    JOULES_PER_MWH,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    SECONDS_PER_MONTH,
    WATTS_PER_MEGAWATT,
)

P99 = 99.0


def fleet_record(answer: FleetAnswer) -> dict[str, Any]:
    """Return an answer as the contract's result.

    Parameters
    ----------
    answer : FleetAnswer

    Returns
    -------
    dict
        Statistics are of the time after the warm-up. Accelerator-hours sum to capacity, in six states and in eleven.
    """
    sim, result = answer.simulation, answer.result
    hours = measures.ledger_hours(answer)
    capacity, held = result.capacity_gpu_s / SECONDS_PER_HOUR, measures.held_hours(answer)
    sizes = measures.by_size(answer)
    waits = measures.waits_s(answer)[measures.counted(answer) & (result.state_N != JOB_ENDS.index("rejected"))]
    return {
        "fleet": {
            "title": answer.title, "gpus": answer.gpus_count, "days": sim.duration_s / SECONDS_PER_DAY,
            "warm_up_days": sim.warm_up_s / SECONDS_PER_DAY, "policy": answer.question.policy,
            "placement": sim.rules.placement, "start": str(answer.start) if answer.start else None,
            "terms": terms_record(answer),
            "partitions": [
                {"name": part.name, "site": part.site, "accelerator": kind,
                 "gpus": part.nodes_count * part.node_gpus_count, "nodes": part.nodes_count,
                 "node_gpus": part.node_gpus_count}
                for part, kind in zip(sim.partitions, answer.kinds, strict=True)
            ],
        },
        "events": result.events_count,
        "wall_s": answer.wall_s,
        "events_per_s": result.events_count / max(answer.wall_s, 1e-9),
        "jobs": measures.job_counts(answer),
        "utilisation": held / capacity if capacity else None,
        "goodput": hours["useful"] / held if held else None,
        "useful_share": hours["useful"] / capacity if capacity else None,
        "ettr_by_size": dict(zip(sizes.labels, sizes.ettr_frac, strict=True)),
        "mttf_h_by_size": dict(zip(sizes.labels, sizes.mttf_h, strict=True)),
        "jobs_by_size": dict(zip(sizes.labels, sizes.jobs_count, strict=True)),
        "gpu_hours_by_size": dict(zip(sizes.labels, sizes.gpu_hours_h, strict=True)),
        "interruptions_per_day": measures.interruptions_per_day(answer),
        "interruptions_by_cause": [
            {"cause": row.name, "interruptions": row.stops_count, "failures": row.failures_count,
             "unexpected": row.unexpected}
            for row in measures.stops_by_cause(answer)
        ],
        "queue_delay_s": {
            "mean": float(waits.mean()) if waits.size else None,
            **measures.percentiles(waits),
            "by_size": dict(zip(sizes.labels, sizes.wait_s, strict=True)),
        },
        "gpu_hours": {
            name: sum(hours[state] for state in states) for name, states in measures.GPU_HOURS.items()
        },
        "gpu_hours_by_state": hours,
        "capacity_gpu_hours": capacity,
        "power_mw": power_record(answer),
        "energy_mwh": result.energy_j / JOULES_PER_MWH,
        "sites": sites_record(answer),
        "runs": runs_record(answer),
        "residual_frac": result.residual_frac,
        "seed": sim.seed,
        "notices": list(answer.notices),
    }  # fmt: skip


def terms_record(answer: FleetAnswer) -> dict[str, Any]:
    """Return what failures, checkpoints and upkeep follow, as asked or as the scenario says."""
    asked, sim = answer.question, answer.simulation
    confined = [kind.confined_software_frac for kind in sim.classes if kind.mode == "replica"]
    return {
        "reliability": asked.reliability or DEFAULT_RELIABILITY,
        "age_months": asked.age_s / SECONDS_PER_MONTH if asked.age_s >= 0.0 else None,
        "checkpoint_tiers": asked.tiers or None,
        "recovery": asked.recovery or MODES[0],
        "confined_software_pct": 100.0 * max(confined) if confined else None,
        "spares_pct": 100.0 * sim.rules.spare_frac,
        "preemption": sim.rules.preemption,
        "defragmentation": sim.rules.defragmentation,
        "lemons_out_after": sim.hazards.lemon_removed_after_count or None,
        "stragglers_pct": 100.0 * sim.hazards.straggler_frac,
        "maintenance_days": sim.maintenance.interval_s / SECONDS_PER_DAY or None,
        "power_response": sim.rules.power_response,
    }


def power_record(answer: FleetAnswer) -> dict[str, float]:
    """Return IT power: mean and p99 of hours, the most at an instant, the greatest step at one taken as in a second."""
    power_w_H = measures.power_w(answer)[measures.warm_hours(answer) :]
    result = answer.result
    return {
        "mean": _mw(float(power_w_H.mean())) if power_w_H.size else 0.0,
        "p99": _mw(float(np.percentile(power_w_H, P99))) if power_w_H.size else 0.0,
        "max": _mw(result.power_max_w),
        "max_ramp_mw_per_s": _mw(result.ramp_max_w),
    }


def sites_record(answer: FleetAnswer) -> list[dict[str, Any]]:
    """Return IT power and energy by site."""
    rows = []
    for site in dict.fromkeys(part.site for part in answer.simulation.partitions):
        power_w_H = measures.hourly_it_w(answer, site)[measures.warm_hours(answer) :]
        rows.append(
            {
                "site": site, "it_mean_mw": _mw(float(power_w_H.mean())),
                "it_peak_hour_mw": _mw(float(power_w_H.max())),
                "energy_mwh": float(power_w_H.sum()) / WATTS_PER_MEGAWATT,
            }
        )  # fmt: skip
    return rows


def runs_record(answer: FleetAnswer) -> list[dict[str, Any]]:
    """Return the training runs that were known beforehand."""
    sim, result = answer.simulation, answer.result
    walls, waits = measures.walls_s(answer), measures.waits_s(answer)
    rows = []
    for number, run in enumerate(answer.runs):
        for job in np.flatnonzero(sim.jobs.class_N == BY_KIND + number):
            wall, stops = float(walls[job]), int(result.interruptions_N[job])
            useful = float(result.useful_s_N[job])
            rows.append(
                {
                    "label": run.label, "gpus": int(sim.jobs.gpus_N[job]), "accelerator": run.kind,
                    "state": JOB_ENDS[result.state_N[job]], "wait_s": float(waits[job]),
                    "days": wall / SECONDS_PER_DAY, "useful_days": useful / SECONDS_PER_DAY,
                    "ettr": useful / wall if wall else None, "interruptions": stops,
                    "mttf_h": float(result.held_s_N[job]) / stops / SECONDS_PER_HOUR if stops else None,
                    "tokens": useful * run.tokens_per_s,
                }
            )  # fmt: skip
    return rows


def comparison_record(answers: Sequence[FleetAnswer]) -> dict[str, Any]:
    """Return the first answer's result with all of them beside each other, by policy."""
    records = {answer.question.policy: fleet_record(answer) for answer in answers}
    return {**next(iter(records.values())), "compared": records}


def _mw(watts: float) -> float:
    """Megawatts."""
    return watts / WATTS_PER_MEGAWATT
