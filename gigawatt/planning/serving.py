"""A serving pool: the frontier from the serving engine, accelerators for a demand, cost per million tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import CostModel, Tariff
from gigawatt.engines.hardware.power import capped_speed_frac
from gigawatt.engines.hardware.types import Accelerator
from gigawatt.engines.serving import frontier, query_energy, size, size_many
from gigawatt.engines.serving.batching import deployments, points
from gigawatt.engines.serving.checks import check_replica
from gigawatt.engines.serving.frontier import batches_to_try
from gigawatt.engines.serving.types import (
    Deployment,
    Frontier,
    QueryEnergy,
    Replica,
    Request,
    ServiceLevel,
    ServingInputs,
    Sizing,
    Speculation,
)
from gigawatt.errors import InfeasibleError, InputError, nearest
from gigawatt.planning import convert
from gigawatt.planning.figures import Figures
from gigawatt.planning.power_caps import checked_cap_w
from gigawatt.planning.training import EARLIEST_SOFTWARE, LATEST_SOFTWARE
from gigawatt.planning.unit_costs import gpu_hour_cost
from gigawatt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]

WEIGHT_ONLY = ("int4", "mxfp4")  # formats that any accelerator can hold weights in and calculates with in bf16
KV_PRECISIONS = ("fp8", "bf16")
# Share of drafted tokens that are kept where those before them were. ASSUMPTION, 0.5-0.85: DeepSeek-V3 reports 0.85 to
# 0.90 for its second token, published draft models less.
USUAL_ACCEPTANCE_FRAC = 0.7


@dataclass(frozen=True, slots=True)
class EngineTerms:
    """How the engine that serves is set up.

    Attributes
    ----------
    draft_tokens : int
        Tokens drafted in each step; 0: no speculative decoding. [-]
    acceptance_frac : float
        Probability that a drafted token is kept where all before it were. [-]
    draft_model : str
        Catalogue id of the model that drafts; empty: a layer of the served model's own.
    chunked_prefill : bool
        Whether prompts are read in chunks beside running answers.
    step_tokens : int
        Tokens of a step at most, of each rank of attention data parallelism. [-]
    kv_precision : str
        Of the KV cache, fp8 or bf16; empty: fp8 where the accelerator has it.
    """

    draft_tokens: int = 0
    acceptance_frac: float = USUAL_ACCEPTANCE_FRAC
    draft_model: str = ""
    chunked_prefill: bool = True
    step_tokens: int = 8192
    kv_precision: str = ""


@dataclass(frozen=True, slots=True)
class ServingPool:
    """A model on an accelerator under a service level.

    Attributes
    ----------
    inputs : ServingInputs
    frontier : Frontier
    deployment : Deployment
        The chosen point.
    usd_per_gpu_hour : float
        At the chosen point's power. [USD/h]
    usd_per_million_output_tokens : float
        When busy all the time; input tokens are paid by the output. [USD]
    pue : float
        Of the facility. [-]
    """

    inputs: ServingInputs
    frontier: Frontier
    deployment: Deployment
    usd_per_gpu_hour: float
    usd_per_million_output_tokens: float
    pue: float = 1.0

    @property
    def query(self) -> QueryEnergy:
        """Energy of the mean request at the chosen point, machines that stand by left out. [J]."""
        return query_energy(self.deployment, self.inputs.request.output_tokens, pue=self.pue)


def serving_inputs(
    catalogue: Catalogue,
    model: str,
    accelerator: str,
    request: Request,
    slo: ServiceLevel,
    *,
    precision: str,
    software_date: float,
    engine: str = "tensorrt-llm",
    power_cap_w: float = 0.0,
    terms: EngineTerms | None = None,
) -> ServingInputs:
    """Build the engine's inputs from catalogue ids; a power cap of 0 is none.

    Raises
    ------
    CatalogueError
        If an id is unknown.
    InputError
        If the accelerator cannot hold that precision, does not take the power cap, or the model has state-space layers.
    """
    entry = catalogue.accelerators[accelerator]
    if precision not in entry.dense_flop_per_s and precision not in WEIGHT_ONLY:
        have = ", ".join(sorted(entry.dense_flop_per_s))
        message = f"{accelerator} has no {precision} matrix unit; it has {have}"
        raise InputError(message)
    if not EARLIEST_SOFTWARE <= software_date <= LATEST_SOFTWARE:
        message = f"software date {software_date:g} is no year between {EARLIEST_SOFTWARE} and {LATEST_SOFTWARE}"
        raise InputError(message)
    if power_cap_w:
        checked_cap_w(entry, power_cap_w)
    if catalogue.models[model].state_space_layers:
        message = f"{model} has state-space layers, which the serving engine does not model"
        raise InputError(message)
    terms = terms or EngineTerms()
    if terms.kv_precision not in ("", *KV_PRECISIONS):
        message = f'KV cache in "{terms.kv_precision}" is not known. {nearest(terms.kv_precision, KV_PRECISIONS)}'
        raise InputError(message)
    usual_kv = "fp8" if "fp8" in entry.dense_flop_per_s else "bf16"
    return ServingInputs(
        model=convert.transformer(catalogue.models[model]),
        accelerator=slowed(convert.accelerator(entry, catalogue), power_cap_w),
        request=request,
        slo=slo,
        precision=precision,
        kv_precision=terms.kv_precision or usual_kv,
        software_date=software_date,
        engine=engine,
        speculation=_speculation(terms, catalogue),
        chunked_prefill=terms.chunked_prefill,
        step_tokens_count=terms.step_tokens,
    )


def _speculation(terms: EngineTerms, catalogue: Catalogue) -> Speculation | None:
    """Return what is drafted; None where nothing is."""
    if not terms.draft_tokens:
        return None
    draft = convert.transformer(catalogue.models[terms.draft_model]) if terms.draft_model else None
    return Speculation(terms.draft_tokens, terms.acceptance_frac, draft)


def slowed(chip: Accelerator, power_cap_w: float) -> Accelerator:
    r"""Return an accelerator under a power cap, as serving sees it.

    Parameters
    ----------
    chip : Accelerator
    power_cap_w : float
        Of the package; 0: none. [W]

    Returns
    -------
    Accelerator
        With the peaks of its products at :math:`f(P_{cap} / P)` of `capped_speed_frac`. Memory and links keep their
        rates, so reading a prompt slows with the cap and writing tokens, bound by memory, hardly does.

    Notes
    -----
    ASSUMPTION: a cap lowers the clock of the cores, not that of memory, and cores that wait for memory have slack.
    """
    if not power_cap_w:
        return chip
    speed = float(capped_speed_frac(power_cap_w, chip.tdp_w))
    return replace(chip, dense_flop_per_s={name: peak * speed for name, peak in chip.dense_flop_per_s.items()})


def _within(point: Deployment, power_cap_w: float) -> Deployment:
    """Return an operating point whose accelerators draw no more than a cap; its system saves the same watts."""
    if not power_cap_w or point.gpu_power_w <= power_cap_w:
        return point
    system_w = point.system_power_w - (point.gpu_power_w - power_cap_w)
    energy_j = point.j_per_output_token * system_w / point.system_power_w
    return replace(point, gpu_power_w=power_cap_w, system_power_w=system_w, j_per_output_token=energy_j)


def held_frontier(inputs: ServingInputs, replica: Replica, max_batch: int = 0) -> Frontier:
    """Return the trade of one replica between its throughput and its latency.

    Parameters
    ----------
    inputs : ServingInputs
    replica : Replica
    max_batch : int
        Running sequences at most; 0: what fits. [-]

    Returns
    -------
    Frontier
        Chosen is the most throughput within the service level.

    Raises
    ------
    InputError
        If the model cannot be spread so.
    """
    check_replica(inputs, replica, 1.0)
    _check_split(inputs, replica)
    batches = [float(batch) for batch in batches_to_try(inputs, replica)]
    if max_batch:
        batches = [batch for batch in batches if batch < max_batch] + [float(max_batch)][: bool(batches)]
        batches = [batch for batch in batches if batch <= max(batches_to_try(inputs, replica))]
    found = deployments(inputs, replica, points(inputs, replica, batches or [1.0]))
    within = [point for point in found if point.fits and point.meets_slo]
    if within:
        return Frontier(tuple(found), max(within, key=lambda point: point.requests_per_s))
    return Frontier(tuple(point for point in found if point.fits), None, found[0].reason)


def _check_split(inputs: ServingInputs, replica: Replica) -> None:
    """Refuse degrees that the model's heads or experts do not divide into."""
    model, tensor, experts = inputs.model, replica.tensor_parallel, replica.expert_parallel
    if not replica.attention_data_parallel and model.heads % tensor:
        message = f"{model.name}: {model.heads} heads do not divide into tensor parallel {tensor}"
        raise InputError(message)
    if model.experts and experts > 1 and model.experts % experts:
        message = f"{model.name}: {model.experts} experts do not divide into expert parallel {experts}"
        raise InputError(message)


def usd_per_million(deployment: Deployment, usd_per_gpu_hour: float) -> float:
    """Return the cost of a million output tokens at full load. [USD]."""
    tokens_per_hour = deployment.output_tokens_per_s_per_gpu * SECONDS_PER_HOUR
    return usd_per_gpu_hour / tokens_per_hour * 1e6 if tokens_per_hour else float("inf")


def serving_pool(
    inputs: ServingInputs,
    catalogue: Catalogue,
    *,
    costs: CostModel,
    tariff: Tariff,
    pue: float,
    figures: Figures,
    gpus_count: int | None = None,
    power_cap_w: float = 0.0,
    replica: Replica | None = None,
    max_batch: int = 0,
) -> ServingPool:
    """Choose the deployment that meets the service level at least cost.

    Parameters
    ----------
    inputs : ServingInputs
    catalogue, costs, tariff, pue, figures
        For the cost of an hour.
    gpus_count : int, optional
        Hold the replica to this many accelerators.
    power_cap_w : float
        Cap of the package that `inputs` were built with; 0: none. [W]
    replica : Replica, optional
        The one replica to evaluate, in place of a search.
    max_batch : int
        Running sequences of that replica at most; 0: what fits. [-]

    Returns
    -------
    ServingPool

    Raises
    ------
    InfeasibleError
        If no deployment fits and meets the service level; names what is short.
    """
    found = frontier(inputs, gpus_count) if replica is None else held_frontier(inputs, replica, max_batch)
    if found.chosen is None:
        message = (
            f"{inputs.model.name} on {inputs.accelerator.name}: {found.reason or 'nothing meets the service level'}"
        )
        raise InfeasibleError(message)
    prices: dict[str, Any] = {"costs": costs, "tariff": tariff, "pue": pue, "figures": figures}
    return pool_at(inputs, found, found.chosen, catalogue, **prices, power_cap_w=power_cap_w)


def pool_at(
    inputs: ServingInputs,
    found: Frontier,
    chosen: Deployment,
    catalogue: Catalogue,
    *,
    costs: CostModel,
    tariff: Tariff,
    pue: float,
    figures: Figures,
    power_cap_w: float = 0.0,
) -> ServingPool:
    """Return the pool of a point that was chosen, with the cost of an hour at its power.

    Parameters
    ----------
    inputs, catalogue, costs, tariff, pue, figures, power_cap_w
        As for `serving_pool`.
    found : Frontier
    chosen : Deployment

    Returns
    -------
    ServingPool
    """
    chosen = _within(chosen, power_cap_w)
    found = Frontier(tuple(_within(point, power_cap_w) for point in found.deployments), chosen, found.reason)
    rate = gpu_hour_cost(
        inputs.accelerator.name,
        catalogue,
        costs=costs,
        tariff=tariff,
        pue=pue,
        mean_it_w=chosen.system_power_w,
        figures=figures,
        power_cap_w=power_cap_w,
    ).total_usd
    return ServingPool(inputs, found, chosen, rate, usd_per_million(chosen, rate), pue)


def pool_size(pool: ServingPool, mean_requests_per_s: float, peak_to_mean: float, availability_frac: float) -> Sizing:
    """Return the accelerators that carry a demand at its peak, with spares for the availability."""
    return size(
        pool.deployment,
        peak_requests_per_s=mean_requests_per_s * peak_to_mean,
        mean_requests_per_s=mean_requests_per_s,
        availability_frac=availability_frac,
        idle_system_w=pool.inputs.accelerator.idle_w,
    )


def pool_sizes(
    pool: ServingPool, mean_requests_per_s_N: Floats, peak_to_mean: float, availability_frac: float
) -> tuple[Floats, Floats]:
    """Return accelerators and mean utilisation for many demands at once, as `pool_size` does for one; 0 for none."""
    return size_many(pool.deployment, mean_requests_per_s_N * peak_to_mean, mean_requests_per_s_N, availability_frac)
