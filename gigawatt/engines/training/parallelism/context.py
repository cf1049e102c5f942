"""Context parallelism: the tokens of a sequence over ranks, keys and values sent round a ring or gathered."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import key_width, value_width
from gigawatt.engines.hardware.collectives import gather_time_s, send_time_s
from gigawatt.engines.hardware.constants import Calibration
from gigawatt.engines.hardware.topology import crosses_domain, ranks_inside
from gigawatt.engines.training.columns import Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism.shares import Shares

KV_BYTES = 2.0  # keys and values travel in 16 bits [B]
BACKWARD_OVER_FORWARD = 2.0  # keys and values go round again, with their gradients; so if gathered [-]


def weights_share(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Every rank holds all weights."""
    one = np.ones(1)
    return Shares(one, one, one, one)


def work_share(job: JobColumns, layout: LayoutColumns) -> Column:
    """Share of a sequence's tokens, and of its causal attention when halves are paired from both ends."""
    return 1.0 / layout.context


def exposed_time_s(
    job: JobColumns, layout: LayoutColumns, calibration: Calibration, attention_s: Column, repeats_forward: Column
) -> Column:
    """Exposed exchange of keys and values of one layer and one micro-batch [s].

    Parameters
    ----------
    job, layout, calibration
        Columns and constants.
    attention_s : array
        Time of the attention core that hides the exchange. [s]
    repeats_forward : array
        Forward passes done again for recomputation. [-]

    Returns
    -------
    array
        Of a ring what attention does not hide: at least the share that overlap never reaches. Of an all-gather all of
        it. [s]

    Notes
    -----
    Llama 3 gathers keys and values of all ranks before attention, which then waits for them [1]_; backward they are
    gathered again and their gradients reduced and scattered. A rank takes in as many bytes as in a ring.

    References
    ----------
    .. [1] Llama team, "The Llama 3 Herd of Models," arXiv:2407.21783, 2024, section 3.3.2.
    """
    model = job.model
    tokens = layout.micro_batch * job.sequence_tokens / layout.context
    grouped = 2.0 * np.maximum(model.kv_heads / layout.tensor, np.minimum(model.kv_heads, 1.0)) * model.head_dim
    latent = model.heads / layout.tensor * (key_width(model) + value_width(model))
    message = tokens * np.where(model.kv_lora_rank > 0, latent, grouped) * KV_BYTES
    crosses = crosses_domain(layout.context, layout.tensor, job.domain)
    passes = 1.0 + BACKWARD_OVER_FORWARD + repeats_forward
    ring = passes * (layout.context - 1.0) * send_time_s(message, crosses, job.tiers)
    hidden = np.maximum(ring * (1.0 - calibration.context_overlap), ring - attention_s)
    inside = ranks_inside(layout.context, layout.tensor, job.domain)
    gathered = passes * gather_time_s(message * layout.context, layout.context, inside, job.tiers)
    return np.where(layout.context_exchange > 0, gathered, hidden)
