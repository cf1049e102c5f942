"""The plan, in the order in which it is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.planning import tables
from gigawatt.planning.consistency import case_of, check_claims
from gigawatt.planning.document import package_version as package_version
from gigawatt.planning.economics import finance_document
from gigawatt.planning.explain import explanations
from gigawatt.planning.figures import Figures
from gigawatt.planning.metrics import MEASURES, measure_all, window_of
from gigawatt.planning.outcome import Outcome, Prepared, settled
from gigawatt.planning.plan import Balance, ClaimCheck, Metric, Notice, Origin, Plan, Reference
from gigawatt.planning.short_of_power import short_of_power
from gigawatt.planning.site_years import site_years
from gigawatt.planning.uncertainty import bands
from gigawatt.planning.wiring.site_build import first_power
from gigawatt.records import Quantity
from gigawatt.scenario.model import Scenario
from gigawatt.scenario.resolve import Resolved, in_words

ROUNDING_FRAC = 1e-9  # money below this share of the whole is rounding
DRAWS_COUNT = 64  # enough for P10 and P90 within a few percent; more with `draws_count`


class Stopwatch:
    """Wall time by stage."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps_s: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Close a stage."""
        now = time.perf_counter()
        self.laps_s[name] = now - self._last
        self._last = now


def make_plan(
    resolved: Resolved,
    *,
    draws_count: int = DRAWS_COUNT,
    seed: int = 0,
    progress: Callable[[int, int], Any] | None = None,
) -> Plan:
    """Plan a scenario.

    Parameters
    ----------
    resolved : Resolved
        Scenario with every default filled, and its catalogue.
    draws_count : int
        Draws for the 80 % bands; 0 for none.
    seed : int
        Of the draws.
    progress : function, optional
        Told draws done and draws in all.

    Returns
    -------
    Plan
        Frozen, complete: views compute nothing.
    """
    if resolved.scenario.purchases.rule == "optimise":
        from gigawatt.planning.optimise import optimised  # with its solver: only where a scenario asks for it

        resolved = optimised(resolved)
    scenario, catalogue = resolved.scenario, resolved.catalogue
    watch, figures = Stopwatch(), Figures()
    prepared, outcome = settled(scenario, catalogue, figures)
    watch.lap("sites, work, build-out, operations, finance")
    values = {name: measure(outcome) for name, measure in measure_all(prepared).items()}
    drawn = measure_all(prepared, drawn_only=True)
    found_bands = bands(prepared, figures.used, drawn, draws_count=draws_count, seed=seed, progress=progress)
    watch.lap("uncertainty")
    rings, manhattan_km2 = manhattan(catalogue)
    claims = check_claims(case_of(prepared, outcome, values, found_bands, manhattan_km2))
    frames = tables.all_tables(prepared, outcome, manhattan_km2)
    watch.lap("consistency, tables")
    origins = _origins(figures.used, resolved)
    return Plan(
        scenario_id=scenario.scenario,
        title=scenario.title,
        question=scenario.question,
        as_of=scenario.as_of,
        scenario_text=resolved.text,
        inputs=scenario.model_dump(mode="json", exclude_none=True),
        metrics=_metrics(values, found_bands),
        tables=frames,
        claims=claims,
        gigawatts={
            "chip_tdp_w": values["power.chip_tdp_online_added_w"],
            "it_w": values["power.it_online_added_w"],
            "facility_w": values["power.facility_online_added_w"],
        },
        split_usd=_split(outcome),
        finance=finance_document(prepared, outcome),
        checks=balances(outcome),
        notices=(
            *_warned(resolved),
            *_build_schedules(prepared),
            *prepared.work.notices,
            *short_of_power(prepared, outcome),
            *_finance_notices(prepared, outcome),
        ),
        origins=origins,
        references=_references(catalogue, _cited(scenario, origins, claims)),
        explanations=explanations(values, [origin.path for origin in origins]),
        facts=tuple((item.text, item.source) for item in scenario.facts),
        assumptions=tuple((item.text, item.source) for item in scenario.assumptions),
        outlines={"manhattan": rings},
        frontiers=_frontiers(prepared),
        site_years=site_years(outcome.sites, outcome.built.online_count_SKT.sum(axis=(1, 2))),
        timings_s=watch.laps_s,
        seed=seed,
        version=package_version(),
        window_end=str(scenario.horizon.start.plus(window_of(prepared).last)),
        fleet=prepared.work.fleet,
    )


def manhattan(catalogue: Catalogue) -> tuple[list[list[tuple[float, float]]], float]:
    """Return Manhattan's outline, longitude and latitude, and its area in km2."""
    outline = catalogue.outline("manhattan")
    return outline.rings, outline.area_km2


def _build_schedules(prepared: Prepared) -> tuple[Notice, ...]:
    """Say of each site whose power follows a build schedule when it comes."""
    axis = prepared.scenario.horizon.axis
    found = []
    for number, site in enumerate(prepared.sites):
        if site.built_w_QX is not None:
            early, middle, late = first_power(site.built_w_QX, axis)
            message = f"{site.use.site}: first power by the build schedule in {middle}, P10 to P90 {early} to {late}"
            found.append(Notice("build-schedule", message, f"sites.{number}"))
    return tuple(found)


def _warned(resolved: Resolved) -> tuple[Notice, ...]:
    """Return the resolver's warnings as notices."""
    return tuple(Notice(warning.code, warning.message, warning.path) for warning in resolved.warnings)


def _metrics(values: Mapping[str, float], found_bands: Mapping[str, tuple[float, float]]) -> tuple[Metric, ...]:
    """Return every measure with its band."""
    found = []
    for measure in MEASURES:
        value = values[measure.name]
        low, high = found_bands.get(measure.name, (value, value))
        found.append(
            Metric(
                name=measure.name,
                label=measure.label,
                value=value,
                unit=measure.unit,
                p10=low,
                p90=high,
                better=measure.better,
                note=measure.formula,
                headline=measure.headline,
            )
        )
    return tuple(found)


def _split(outcome: Outcome) -> dict[str, float]:
    """Return the capex by class, and what the budget left."""
    split = {name: float(spend.sum()) for name, spend in outcome.built.spend_usd.items()}
    left = float(outcome.built.unspent_usd_T[-1])
    return {**split, "unspent": left if abs(left) > ROUNDING_FRAC * sum(split.values()) else 0.0}


def _finance_notices(prepared: Prepared, outcome: Outcome) -> tuple[Notice, ...]:
    """Return what a reader of the finance figures must know."""
    found = []
    if len(outcome.finance.irr_frac_per_year) > 1:
        found.append(Notice("irr-not-unique", outcome.finance.irr_note, "finance"))
    watched = outcome.finance.covenants
    if watched is not None and watched.broken_T.any():
        labels = prepared.scenario.horizon.axis.labels()
        broken = [labels[month] for month in np.flatnonzero(watched.broken_T)]
        message = f"a covenant of the debt is broken in {len(broken)} months, first in {broken[0]}"
        found.append(Notice("covenant-broken", message, "finance.debt"))
    return tuple(found)


def balances(outcome: Outcome) -> tuple[Balance, ...]:
    """Return the conservation laws with both sides.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    tuple of Balance
        Money, accelerators, energy; each must hold to 1e-9 relative.
    """
    built, operations, statement = outcome.built, outcome.operations, outcome.finance.statement_usd
    ordered, delivered = built.ordered_count_KT.sum(), built.delivered_count_KT.sum()
    installed, retired = outcome.inputs.installed_count_K.sum(), built.retired_count_KT.sum()
    online, waiting = built.online_count_SKT[:, :, -1].sum(), built.waiting_count_KT[:, -1].sum()
    capex = sum(spend.sum() for spend in built.spend_usd.values())
    energy_in = operations.total_mwh_ST.sum()
    parts = operations.it_mwh_ST.sum() + operations.cooling_mwh_ST.sum() + operations.losses_mwh_ST.sum()
    metered = (operations.facility_w_ST / 1e6).sum() * _hours_of(operations.it_mwh_ST, operations.it_w_ST)
    cash_in = (statement["revenue"] + statement["debt_drawn"]).sum()
    cash_out = sum(
        statement[name].sum()
        for name in ("opex", "lease_paid", "tax", "capex", "interest_paid", "debt_repaid", "equity_cash_flow")
    )
    allocation = outcome.allocation
    used = (
        allocation.training_KT
        + allocation.tuning_KT
        + allocation.serving_KT
        + allocation.reserved_KT
        + allocation.free_KT
    )
    rows = (
        ("GPUs bought = delivered + in delivery", ordered, delivered + built.in_delivery_count_KT[:, -1].sum(), "GPU"),
        ("GPUs installed + delivered = online + waiting + retired",
         installed + delivered, online + waiting + retired, "GPU"),
        ("GPUs online = training + tuning + serving + reserved + free, summed over months",
         built.online_count_SKT.sum(), used.sum(), "GPU"),
        ("Budget = spent + left", built.budget_usd_T.sum(), capex + built.unspent_usd_T[-1], "USD"),
        ("Capex of the build-out = capex in the cash flow", capex, statement["capex"].sum(), "USD"),
        ("Money in (revenue + debt) = money out (opex, tax, capex, debt service, owners)", cash_in, cash_out, "USD"),
        ("Energy at the meter = IT + cooling + losses", metered, parts, "MWh"),
        ("Energy billed = energy at the meter", energy_in, metered, "MWh"),
    )  # fmt: skip
    return tuple(Balance(name, float(left), float(right), unit) for name, left, right, unit in rows)


def _hours_of(energy_mwh: np.ndarray, power_w: np.ndarray) -> float:
    """Return the hours of a month, from the IT energy and the IT power."""
    total_mw = power_w.sum() / 1e6
    return float(energy_mwh.sum() / total_mw) if total_mw else 0.0


# starts of the paths of figures that come from the catalogue rather than from the scenario
_CATALOGUE_PATHS = (
    "accelerators.", "checkpoints.", "costs.", "defaults.", "plants.", "reliability.", "repairs.", "sites.", "tariffs.",
    "taxes.",
)  # fmt: skip


def _origins(used: Mapping[str, Quantity], resolved: Resolved) -> tuple[Origin, ...]:
    """Return where each figure comes from: the scenario's numbers and defaults, then the catalogue's that were used."""
    found = [
        Origin(item.path, item.value, item.kind, item.source, item.as_of, item.note) for item in resolved.provenance
    ]
    for path, quantity in sorted(used.items()):
        if path.startswith(_CATALOGUE_PATHS) and quantity.source:
            note = " ".join(part for part in (quantity.note, quantity.page) if part)
            found.append(Origin(path, in_words(quantity), quantity.kind, quantity.source, quantity.as_of, note))
    return tuple(found)


def _cited(scenario: Scenario, origins: tuple[Origin, ...], claims: tuple[ClaimCheck, ...]) -> list[str]:
    """Return the ids of every source that a reader meets, in order."""
    told = [item.source for item in (*scenario.facts, *scenario.assumptions)]
    return [origin.source for origin in origins] + [claim.source for claim in claims] + told


def _references(catalogue: Catalogue, ids: list[str]) -> tuple[Reference, ...]:
    """Return the bibliography entries used, in order of first use."""
    known = catalogue.sources()
    return tuple(
        Reference(name, known[name].title, known[name].publisher, known[name].url, known[name].date)
        for name in dict.fromkeys(ids)
        if name in known
    )


def _frontiers(prepared: Prepared) -> dict[str, list[dict[str, Any]]]:
    """Return the serving frontier of each pool, JSON-ready."""
    found = {}
    for pool in prepared.work.pools:
        chosen = pool.pool.deployment
        found[pool.label] = [
            {
                "output_tokens_per_s_per_gpu": point.output_tokens_per_s_per_gpu,
                "tpot_p99_s": point.tpot_p99_s,
                "ttft_p99_s": point.ttft_p99_s,
                "j_per_output_token": point.j_per_output_token,
                "batch": point.batch,
                "replica": f"TP{point.replica.tensor_parallel} PP{point.replica.pipeline_parallel} "
                f"EP{point.replica.expert_parallel}",
                "meets_slo": point.meets_slo,
                "chosen": point == chosen,
            }
            for point in pool.pool.frontier.deployments
            if point.fits
        ]
    return found
