"""What the catalogue says of the task that a published serving measurement ran."""

from __future__ import annotations

from gigawatt.catalogue.benchmarks import ServingTask
from gigawatt.catalogue.store import Catalogue
from gigawatt.engines.serving.types import DEFAULT_LENGTH_CV
from gigawatt.records import Quantity


def find_task(model: str, source: str, catalogue: Catalogue) -> ServingTask | None:
    """Return the task that a row's model names, else the one in the brackets of its source.

    Parameters
    ----------
    model, source : str
        As the row has them: "llama2-70b", "ML.ENERGY leaderboard (gpqa)".
    catalogue : Catalogue
        Its benchmarks.

    Returns
    -------
    ServingTask or None
        None where the catalogue has neither.

    Examples
    --------
    >>> from gigawatt.catalogue.store import load
    >>> find_task("Qwen/Qwen3-32B", "ML.ENERGY leaderboard (gpqa)", load()).id
    'gpqa'
    """
    for name in (model, source.partition("(")[2].rstrip(")")):
        if name in catalogue.benchmarks:
            return catalogue.benchmarks[name]
    return None


def _value(figure: Quantity | None, default: float) -> float:
    """Return a figure's value; the default where there is none."""
    return default if figure is None else figure.value


def spreads(task: ServingTask | None) -> tuple[float, float]:
    """Return the variation coefficients of prompts, as waiting feels it, and of answers.

    Parameters
    ----------
    task : ServingTask or None
        The engine's default for prompts and equal answers where it says nothing. [-]

    Returns
    -------
    tuple of float
        [-]
    """
    if task is None:
        return DEFAULT_LENGTH_CV, 0.0
    prompts = _value(task.queue_spread_ratio, _value(task.input_spread_ratio, DEFAULT_LENGTH_CV))
    return prompts, _value(task.output_spread_ratio, 0.0)


def submitted_ranks(task: ServingTask | None, source: str, accelerator: str) -> int | None:
    """Return the tensor parallelism that the published configurations of a row's round state under latency limits.

    Parameters
    ----------
    task : ServingTask or None
        With the round and its configurations.
    source : str
        Of the row; starts with the round.
    accelerator : str
        Id in the catalogue.

    Returns
    -------
    int or None
        None where they state none. [-]
    """
    if task is None or not task.limited_round or not source.startswith(task.limited_round):
        return None
    ranks = task.limited_tensor_count.get(accelerator)
    return None if ranks is None else int(ranks.value)


def most_stages(task: ServingTask | None, source: str) -> int | None:
    """Return the pipeline stages that submissions of a row's round had at most; None where that is not known."""
    stages = {} if task is None else task.most_stages_count
    return next((int(count.value) for round_of, count in stages.items() if source.startswith(round_of)), None)
