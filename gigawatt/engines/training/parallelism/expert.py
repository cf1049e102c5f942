"""Expert parallelism: routed experts over ranks, tokens sent to them and back."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import moe_layers_count
from gigawatt.engines.hardware.collectives import Tiers, all_to_all_time_s, gather_time_s
from gigawatt.engines.hardware.constants import EXPERT_OVERLAP_FROM, Calibration
from gigawatt.engines.hardware.topology import ranks_inside
from gigawatt.engines.training.columns import DUALPIPE_CODE, FULL_RECOMPUTE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism.shares import Shares

TOKEN_BYTES = 2.0  # a token's activations travel in 16 bits, per value [B]
EXCHANGES_FORWARD = 2.0  # dispatch and combine [-]
EXCHANGES_BACKWARD = 2.0
# First year of dispatchers that send a token once to a domain and copy it there (DeepEP). Set from its release. [year]
DEDUPLICATED_FROM = 2025.2


def weights_share(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Routed experts are divided, all else is whole."""
    one = np.ones(1)
    return Shares(one, one / layout.expert, one, one)


def work_share(job: JobColumns, layout: LayoutColumns) -> Column:
    """With balanced routing every rank keeps as much work as it sends away."""
    return np.ones_like(layout.expert)


def tokens_per_rank(job: JobColumns, layout: LayoutColumns) -> Column:
    """Routed token copies that one rank computes for one micro-batch, with balanced routing [-]."""
    tokens = layout.micro_batch * job.sequence_tokens / layout.context
    return tokens / layout.tensor * layout.expert_tensor * job.model.top_k


def outside_copies_frac(top_k: Column, domains: Column) -> Column:
    r"""Return the copies that cross when a token goes once to each domain, over those that cross otherwise.

    Notes
    -----
    Of :math:`k` uniform choices among :math:`G` domains, :math:`G (1 - (1 - 1/G)^k)` are distinct on average.
    """
    domains = np.maximum(domains, 1.0)
    chosen = np.maximum(top_k, 1.0)
    return domains * (1.0 - (1.0 - 1.0 / domains) ** chosen) / chosen


def exposed_time_s(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> Column:
    """Exposed exchanges of one average layer and one micro-batch, forward, backward and recomputed [s]."""
    model = job.model
    tokens = layout.micro_batch * job.sequence_tokens / layout.context / layout.tensor
    sent = tokens * model.top_k * model.hidden * TOKEN_BYTES
    inside = ranks_inside(layout.expert, layout.expert_tensor, job.domain)
    slow = Tiers(
        job.tiers.up_bytes_per_s * np.asarray(calibration.all_to_all_fraction),
        job.tiers.up_latency_s,
        job.tiers.out_bytes_per_s * np.asarray(calibration.all_to_all_fraction),
        job.tiers.out_latency_s,
    )
    dualpipe = layout.schedule == DUALPIPE_CODE
    once = dualpipe | (job.software_date >= DEDUPLICATED_FROM)
    copies = np.where(once, outside_copies_frac(model.top_k, layout.expert / inside), 1.0)
    exchange = all_to_all_time_s(sent, layout.expert, inside, slow, copies)
    group_inside = ranks_inside(layout.expert_tensor, 1.0, job.domain)
    gather = gather_time_s(sent * layout.expert_tensor, layout.expert_tensor, group_inside, job.tiers)
    repeats = np.where(layout.recompute > FULL_RECOMPUTE_CODE, EXCHANGES_FORWARD, 0.0)
    passes = EXCHANGES_FORWARD + EXCHANGES_BACKWARD + repeats
    overlap = np.where(job.software_date >= EXPERT_OVERLAP_FROM, calibration.expert_overlap, 0.0)
    overlap = np.where(dualpipe, calibration.dualpipe_expert_overlap, overlap)
    moe_frac = moe_layers_count(model) / model.layers
    return moe_frac * passes * (exchange * (1.0 - overlap) + gather)
