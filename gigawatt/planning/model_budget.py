"""The best model that a fleet can train by a date, and the date by which it reaches a loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.abilities import UNIT_OF_FORMAT, training_formats
from gigawatt.engines.fleet import goodput
from gigawatt.engines.hardware.architecture import total_parameters_count
from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.training import StepEstimate, TrainingJob, search
from gigawatt.engines.training.scaling import (
    BESIROGLU,
    LAWS,
    LossLaw,
    Optimum,
    compute_optimal,
    flops_for_loss,
    loss_nats,
    overtraining_ratio,
    training_flops,
)
from gigawatt.errors import InfeasibleError, InputError, nearest
from gigawatt.planning import convert
from gigawatt.planning.figures import Figures
from gigawatt.planning.job_documents import step_record
from gigawatt.planning.jobs import DEFAULT_COSTS, DEFAULT_PUE, DEFAULT_RELIABILITY, DEFAULT_TARIFF, usual_software_date
from gigawatt.planning.training import ENGINE_PRECISIONS, batch_sequences, failure_model
from gigawatt.planning.unit_costs import gpu_hour_cost
from gigawatt.units import DAYS_PER_YEAR, HOURS_PER_DAY, MONTHS_PER_YEAR, SECONDS_PER_MONTH

# The family whose efficiency the training engine predicts: Llama 3 (arXiv:2407.21783, table 3). Hidden width over
# layers is 128, 102 and 130 for 8B, 70B and 405B; feed-forward width over hidden width 3.5, 3.5 and 3.25.
WIDTH_PER_LAYER = 120.0
FFN_PER_WIDTH = 3.5
HEAD_WIDTH = 128
KV_HEADS = 8
VOCABULARY = 128256
WIDTH_STEP = 1024  # hidden widths are multiples of it, so that heads divide over 8 accelerators
LAYER_STEP = 8  # layers are multiples of it, so that they divide over pipeline stages
SEQUENCE_TOKENS = 8192
ROUNDS = 4  # the size follows the budget, which follows the efficiency at that size; it settles in two or three
FIRST_MFU = 0.4  # to start the search for the size with; the answer does not depend on it
SMALLER = (0.5, 0.25, 0.125)  # shares of the best size that are shown beside it
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that the budget pays for.

    Attributes
    ----------
    parameters_count, tokens_count, loss_nats : float
    overtraining_ratio : float
        Tokens per parameter over those of the optimum.
    """

    parameters_count: float
    tokens_count: float
    loss_nats: float
    overtraining_ratio: float


@dataclass(frozen=True, slots=True)
class ModelBudget:
    """What a fleet trains in a time.

    Attributes
    ----------
    accelerator : str
    gpus_count : int
        Most accelerators online.
    days : float
    law : LossLaw
    flops : float
        By the law's convention, 6 N D, failures taken off. [FLOP]
    mfu, ettr_frac : float
        6 N D per second over peak, without failures; share of time that trains.
    step : StepEstimate or None
        The engine's step behind the MFU; None where that was given.
    best : Choice
    smaller : tuple of Choice
        Smaller models, trained longer on the same budget.
    laws : dict of str to Optimum
        The optimum by every law.
    cost_usd : float
    days_to_loss : float or None
        Until a wanted loss, by the best split for it; None where none was asked for.
    loss_optimum : Optimum or None
        The split that reaches it.
    figures : Figures
    """

    accelerator: str
    gpus_count: int
    days: float
    law: LossLaw
    flops: float
    mfu: float
    ettr_frac: float
    step: StepEstimate | None
    best: Choice
    smaller: tuple[Choice, ...]
    laws: dict[str, Optimum]
    cost_usd: float
    days_to_loss: float | None
    loss_optimum: Optimum | None
    figures: Figures


def dense_transformer(parameters_count: float) -> Transformer:
    """Return a dense model of about a size, in the proportions of Llama 3.

    Parameters
    ----------
    parameters_count : float
        Parameters wanted.

    Returns
    -------
    Transformer
        Of the width whose count is nearest.

    Examples
    --------
    >>> found = dense_transformer(405e9)
    >>> found.hidden, found.layers
    (15360, 128)
    """
    widths = range(WIDTH_STEP, 64 * WIDTH_STEP, WIDTH_STEP)
    family = [
        Transformer(
            name=f"dense-{width}",
            layers=LAYER_STEP * max(1, round(width / WIDTH_PER_LAYER / LAYER_STEP)),
            hidden=width,
            heads=width // HEAD_WIDTH,
            kv_heads=KV_HEADS,
            head_dim=HEAD_WIDTH,
            ffn_hidden=round(FFN_PER_WIDTH * width),
            vocabulary=VOCABULARY,
        )
        for width in widths
    ]
    return min(family, key=lambda model: abs(np.log(float(total_parameters_count(model)) / parameters_count)))


def months_flops(online: Sequence[float], flop_per_s: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the FLOPs done by the end of each month by a fleet that grows.

    Parameters
    ----------
    online : sequence of float
        Accelerators online by month.
    flop_per_s : float
        Of one accelerator, failures taken off. [FLOP/s]

    Returns
    -------
    array
        Cumulative, shape (T,). [FLOP]
    """
    return np.cumsum(np.asarray(online, dtype=np.float64)) * flop_per_s * SECONDS_PER_MONTH


def months_to_flops(online: Sequence[float], flop_per_s: float, flops: float) -> float:
    """Return the months until a growing fleet has done some FLOPs, the last month's fleet staying on after it.

    Parameters
    ----------
    online : sequence of float
        Accelerators online by month.
    flop_per_s : float
        Of one accelerator. [FLOP/s]
    flops : float
        [FLOP]

    Returns
    -------
    float
        [month]
    """
    done = months_flops(online, flop_per_s)
    month = int(np.searchsorted(done, flops))
    before = float(done[month - 1]) if month else 0.0
    each = float(online[min(month, len(online) - 1)]) * flop_per_s * SECONDS_PER_MONTH
    if each <= 0.0:
        message = "the fleet ends with no accelerators online, and has not done the work by then"
        raise InfeasibleError(message)
    return month + (flops - before) / each


def _settled_rate(template: TrainingJob, gpu_seconds: float, rate: float, law: LossLaw) -> tuple[float, StepEstimate]:
    """Return 6 N D per second and accelerator at the size that the budget at this rate is best spent on; the step."""
    step: StepEstimate | None = None
    name = ""
    for _ in range(ROUNDS):
        job = replace(template, model=dense_transformer(compute_optimal(gpu_seconds * rate, law).parameters_count))
        if step is not None and job.model.name == name:
            break
        name, found = job.model.name, search(job, 1)
        if found.best is None:
            message = f"a model of {float(total_parameters_count(job.model)):.3g} parameters: {found.reason}"
            raise InfeasibleError(message)
        step = found.best
        rate = training_flops(float(total_parameters_count(job.model)), step.tokens_per_s_per_gpu)
    assert step is not None
    return rate, step


def _law(name: str) -> LossLaw:
    """Return a law that gives a loss."""
    law = LAWS.get(name)
    if not isinstance(law, LossLaw):
        known = [key for key, item in LAWS.items() if isinstance(item, LossLaw)]
        message = f'law: "{name}" is not one of {", ".join(known)}. {nearest(name, known)}'
        raise InputError(message)
    return law


def _choice(parameters_count: float, flops: float, law: LossLaw) -> Choice:
    """Return a model of given size on a whole budget."""
    tokens = flops / training_flops(parameters_count, 1.0)
    loss = loss_nats(parameters_count, tokens, law)
    return Choice(parameters_count, tokens, loss, overtraining_ratio(parameters_count, tokens, law))


def best_model(
    catalogue: Catalogue,
    accelerator: str,
    online: Sequence[float],
    *,
    days: float | None = None,
    loss: float | None = None,
    mfu: float | None = None,
    law: str = BESIROGLU.name,
    precision: str = "bf16",
    sequence: int = SEQUENCE_TOKENS,
    batch_tokens: float | None = None,
    software_date: float | None = None,
    reliability: str = DEFAULT_RELIABILITY,
    tariff: str = DEFAULT_TARIFF,
    pue: float = DEFAULT_PUE,
) -> ModelBudget:
    """Find the best dense model that a fleet trains in a time, and when it reaches a loss.

    Parameters
    ----------
    catalogue : Catalogue
    accelerator : str
        Catalogue id.
    online : sequence of float
        Accelerators online by month.
    days : float, optional
        Days of training from the start of the first month; all months of `online` where not given, and its last
        fleet beyond them.
    loss : float, optional
        Loss whose date is asked for. [nat/token]
    mfu : float, optional
        6 N D per second over peak; the training engine's on a dense model of the best size where not given.
    law : str
        besiroglu-2024 or hoffmann-2022.
    precision : str
        Of the products.
    sequence, batch_tokens : int, float, optional
        Of the engine's job.
    software_date, reliability, tariff, pue
        As in `planning.jobs.train`.

    Returns
    -------
    ModelBudget

    Raises
    ------
    CatalogueError, InputError
        If an id or a number is wrong.
    InfeasibleError
        If no model of the right size fits the fleet.

    Notes
    -----
    Size and efficiency depend on each other and are found by turns. The engine's job runs on the largest power of two
    of accelerators in the largest fleet: what other numbers lose by not dividing batch and model is not in it.
    """
    figures = Figures()
    entry = catalogue.accelerators[accelerator]
    unit = UNIT_OF_FORMAT[precision] if precision in training_formats(entry) else ""
    peak = entry.dense_flop_per_s.get(unit)
    most = max(online, default=0.0)
    if peak is None or most < 1.0 or (days is not None and not days > 0.0) or (mfu is not None and not 0.0 < mfu < 1.0):
        message = (
            f"{accelerator} needs {precision} products, at least one accelerator online (got {most:g}), days above 0"
            f" (got {days}) and an MFU between 0 and 1 (got {mfu})"
        )
        raise InputError(message)
    peak_flop_per_s = figures(f"accelerators.{accelerator}.dense_flop_per_s.{unit}", peak)
    chosen = _law(law)
    ettr = goodput(failure_model(catalogue.reliability[reliability], figures), int(most)).ettr_frac
    length = days if days is not None else len(online) * DAYS_PER_MONTH
    gpu_months = _gpu_months(online, length / DAYS_PER_MONTH)
    rate, step = (mfu or FIRST_MFU) * peak_flop_per_s, None
    if mfu is None:
        template = TrainingJob(
            model=dense_transformer(1.0),
            accelerator=convert.accelerator(entry, catalogue),
            gpus_count=1 << (int(most).bit_length() - 1),
            sequence_tokens=sequence,
            batch_sequences=batch_sequences(
                batch_tokens or figures("defaults.train_batch_tokens", catalogue.defaults.train_batch_tokens), sequence
            ),
            precision=ENGINE_PRECISIONS.get(precision, precision),  # type: ignore[arg-type]  # checked against the accelerator above
            software_date=software_date or usual_software_date(entry.available_from),
        )
        rate, step = _settled_rate(template, gpu_months * SECONDS_PER_MONTH * ettr, rate, chosen)
    flops = gpu_months * SECONDS_PER_MONTH * rate * ettr
    optimum = compute_optimal(flops, chosen)
    hour_usd = gpu_hour_cost(
        accelerator,
        catalogue,
        costs=catalogue.costs[DEFAULT_COSTS],
        tariff=catalogue.tariffs[tariff],
        pue=pue,
        mean_it_w=step.gpu_power_w if step else figures(f"accelerators.{accelerator}.system_w", entry.system_w),
        figures=figures,
    ).total_usd
    target = flops_for_loss(loss, chosen) if loss is not None else None
    return ModelBudget(
        accelerator=accelerator,
        gpus_count=int(most),
        days=length,
        law=chosen,
        flops=flops,
        mfu=rate / peak_flop_per_s,
        ettr_frac=ettr,
        step=step,
        best=_choice(optimum.parameters_count, flops, chosen),
        smaller=tuple(_choice(share * optimum.parameters_count, flops, chosen) for share in SMALLER),
        laws={name: compute_optimal(flops, item) for name, item in LAWS.items()},
        cost_usd=gpu_months * DAYS_PER_MONTH * HOURS_PER_DAY * hour_usd,
        days_to_loss=months_to_flops(online, rate * ettr, target.flops) * DAYS_PER_MONTH if target else None,
        loss_optimum=target,
        figures=figures,
    )


def _gpu_months(online: Sequence[float], months: float) -> float:
    """Return accelerator-months in a time, the last month's fleet staying on after the last month."""
    whole = np.minimum(np.maximum(months - np.arange(len(online)), 0.0), 1.0)
    return float(np.dot(online, whole)) + max(months - len(online), 0.0) * float(online[-1])


def budget_record(found: ModelBudget) -> dict[str, Any]:
    """Return the answer JSON-ready."""
    target = found.loss_optimum
    return {
        "accelerator": found.accelerator,
        "gpus": found.gpus_count,
        "days": found.days,
        "law": found.law.name,
        "flops": found.flops,
        "mfu": found.mfu,
        "ettr": found.ettr_frac,
        "cost_usd": found.cost_usd,
        "best": _choice_record(found.best),
        "alternatives": [_choice_record(choice) for choice in found.smaller],
        "laws": {
            name: {"parameters": best.parameters_count, "tokens": best.tokens_count, "loss_nats": best.loss_nats}
            for name, best in found.laws.items()
        },
        "step": step_record(found.step) if found.step else None,
        "loss_target": {
            "loss_nats": target.loss_nats,
            "flops": target.flops,
            "parameters": target.parameters_count,
            "tokens": target.tokens_count,
            "days": found.days_to_loss,
        }
        if target
        else None,
    }


def _choice_record(choice: Choice) -> dict[str, float]:
    """Return one model of the budget."""
    return {
        "parameters": choice.parameters_count,
        "tokens": choice.tokens_count,
        "tokens_per_parameter": choice.tokens_count / choice.parameters_count,
        "loss_nats": choice.loss_nats,
        "overtraining_ratio": choice.overtraining_ratio,
    }
