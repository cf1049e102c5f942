"""Speculative decoding and multi-token prediction: what is drafted, by what, and how much of it is kept."""

from __future__ import annotations

from dataclasses import replace

from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.serving.types import Replica, ServingInputs, Speculation


def tokens_per_step(speculation: Speculation | None) -> float:
    r"""Return the tokens that a sequence gains in a step.

    Parameters
    ----------
    speculation : Speculation or None
        None: plain decoding.

    Returns
    -------
    float
        From 1 to one more than are drafted. [-]

    Notes
    -----
    :math:`(1 - a^{g+1}) / (1 - a)` for g drafted tokens of which each is kept with probability a where all before it
    were; the served model adds one of its own [1]_.

    References
    ----------
    .. [1] Y. Leviathan, M. Kalman, Y. Matias, "Fast Inference from Transformers via Speculative Decoding," ICML 2023,
       equation 1.

    Examples
    --------
    >>> tokens_per_step(Speculation(draft_tokens_count=1, acceptance_frac=0.85))  # DeepSeek-V3: 1.85 with one layer
    1.85
    >>> tokens_per_step(Speculation(draft_tokens_count=3, acceptance_frac=1.0))
    4.0
    """
    if speculation is None:
        return 1.0
    kept, total = 1.0, 1.0
    for _ in range(speculation.draft_tokens_count):
        kept *= speculation.acceptance_frac
        total += kept
    return total


def verified_tokens(speculation: Speculation | None) -> float:
    """Return the tokens of a sequence that a step of the served model puts through its products [-]."""
    return 1.0 if speculation is None else 1.0 + speculation.draft_tokens_count


def draft_model(model: Transformer, speculation: Speculation) -> Transformer:
    """Return what drafts: the draft model, else one layer of the served model with its output table.

    Parameters
    ----------
    model : Transformer
        Served.
    speculation : Speculation
        With or without a draft model of its own.

    Returns
    -------
    Transformer
        A layer for multi-token prediction is one of the kind that the served model has most of.

    Examples
    --------
    >>> llama = Transformer("llama-3.1-70b", 80, 8192, 64, 8, 128, 28672, 128256)
    >>> draft_model(llama, Speculation(1, 0.8)).layers
    1
    """
    if speculation.draft is not None:
        return speculation.draft
    return replace(model, name=f"{model.name}-mtp", layers=1, dense_layers=0, windowed_layers=0)


def draft_inputs(inputs: ServingInputs, speculation: Speculation) -> ServingInputs:
    """Return the inputs of what drafts, on the same accelerator for the same requests."""
    return replace(inputs, model=draft_model(inputs.model, speculation), speculation=None)


def draft_replica(model: Transformer, replica: Replica) -> Replica:
    """Return how the draft is spread: over the ranks of one stage, which waits for it."""
    experts = replica.expert_parallel if model.experts else 1
    data_parallel = replica.attention_data_parallel and bool(model.experts)
    return Replica(replica.tensor_parallel, 1, experts, data_parallel)
