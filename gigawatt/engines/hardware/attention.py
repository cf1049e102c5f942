"""Time of the attention core: scores, softmax, weighted values."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import Architecture, Numbers, attention_core_flops_per_token, key_width

FUSED_TRAINING_OVER_FORWARD = (
    3.5  # a fused backward pass recomputes the scores: 2.5 forward passes, FlashAttention-2 [-]
)
UNFUSED_TRAINING_OVER_FORWARD = 3.0  # backward of two products is four [-]
REFERENCE_HEAD_DIM = 128.0  # head width at which the achieved share of peak is stated [-]
HEAD_DIM_HALF_LOSS = 64.0  # width that doubles the time against an endless one: 64 runs 1.33 times slower than 128 [-]
UNFUSED_SCORE_BYTES_FORWARD = (
    14.0  # of one score: product out, mask, softmax and dropout in and out, in again, 16 bit [B]
)
UNFUSED_SCORE_BYTES_BACKWARD = 16.0  # [B]


def fused_core_time_s(
    model: Architecture, tokens: Numbers, sequence_tokens: Numbers, tensor: Numbers, flop_per_s: Numbers
) -> Numbers:
    r"""Forward time of fused attention of one layer on one tensor-parallel rank.

    Parameters
    ----------
    model : Architecture
        The model.
    tokens : float or array
        Query tokens on this rank. [-]
    sequence_tokens : float or array
        Length of a sequence over all context-parallel ranks, which share it evenly. [-]
    tensor : float or array
        Ranks that share the heads. [-]
    flop_per_s : float or array
        Achieved rate at a head width of `REFERENCE_HEAD_DIM`, counting causal FLOPs. [FLOP/s]

    Returns
    -------
    float or array
        [s]

    Notes
    -----
    Training takes `FUSED_TRAINING_OVER_FORWARD` times as long [1]_. Narrow heads spend more time in softmax per
    FLOP: the time is scaled by :math:`(1 + c/d) / (1 + c/128)`.

    References
    ----------
    .. [1] T. Dao, "FlashAttention-2," arXiv:2307.08691, 2023, section 3.1.
    """
    flops = np.asarray(tokens) * attention_core_flops_per_token(model, sequence_tokens) / tensor
    narrow = (1.0 + HEAD_DIM_HALF_LOSS / np.asarray(key_width(model))) / (1.0 + HEAD_DIM_HALF_LOSS / REFERENCE_HEAD_DIM)
    return flops * narrow / flop_per_s


def unfused_core_time_s(
    model: Architecture,
    tokens: Numbers,
    sequence_tokens: Numbers,
    tensor: Numbers,
    flop_per_s: Numbers,
    hbm_bytes_per_s: Numbers,
) -> tuple[Numbers, Numbers]:
    """Forward and backward time of attention that writes its scores to memory, as before FlashAttention.

    Parameters are those of `fused_core_time_s`, with the achieved rate of a matrix product and memory bandwidth.
    The causal half that is masked is calculated all the same.

    Returns
    -------
    tuple of float or array
        Forward, backward. [s]
    """
    scores = np.asarray(tokens) * sequence_tokens * np.asarray(model.heads) / tensor
    flops = 2.0 * np.asarray(tokens) * attention_core_flops_per_token(model, sequence_tokens) / tensor
    forward = flops / flop_per_s + scores * UNFUSED_SCORE_BYTES_FORWARD / hbm_bytes_per_s
    backward = (UNFUSED_TRAINING_OVER_FORWARD - 1.0) * flops / flop_per_s
    return forward, backward + scores * UNFUSED_SCORE_BYTES_BACKWARD / hbm_bytes_per_s
