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
# Expected largest of n normal values: the normal quantile of (n - 3/8) / (n + 1/4), G. Blom, "Statistical Estimates and
# Transformed Beta-Variables," 1958, with Tukey's lambda for the quantile, 4.91 (p^0.14 - (1-p)^0.14). [-]
BLOM_ABOVE, BLOM_BELOW = 3.0 / 8.0, 1.0 / 4.0
TUKEY_FACTOR, TUKEY_EXPONENT = 4.91, 0.14


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


def largest_of(count: Column) -> Column:
    """Return the expected largest of so many independent normal values, in standard deviations [-].

    Examples
    --------
    >>> [round(float(largest_of(np.float64(count))), 2) for count in (1, 2, 8, 64)]  # exactly 0, 0.56, 1.42, 2.37
    [0.0, 0.59, 1.43, 2.34]
    """
    place = (count - BLOM_ABOVE) / (count + BLOM_BELOW)
    return np.asarray(TUKEY_FACTOR * (place**TUKEY_EXPONENT - (1.0 - place) ** TUKEY_EXPONENT))


def imbalance(job: JobColumns, layout: LayoutColumns) -> Column:
    r"""Load of the busiest expert-parallel rank over the mean, which all ranks of the group wait for.

    Parameters
    ----------
    job, layout : JobColumns, LayoutColumns
        Columns.

    Returns
    -------
    array
        At least 1, at most the ranks of the group. [-]

    Notes
    -----
    With :math:`c` token copies and :math:`q` experts a rank, :math:`e` ranks, and a spread :math:`\sigma` of the load
    of an expert beyond chance, :math:`1 + z_e \sqrt{(1 - 1/e)(1/c + \sigma^2 / q)}`: copies fall like throws of a die,
    and experts that a rank holds together even out. :math:`z_e` is the expected largest of :math:`e` normal values.
    """
    ranks = layout.expert
    copies = np.maximum(tokens_per_rank(job, layout), 1.0)
    experts = np.maximum(job.model.experts / ranks, 1.0)
    spread = np.sqrt((1.0 - 1.0 / ranks) * (1.0 / copies + job.routing_spread_frac**2 / experts))
    return np.asarray(np.minimum(1.0 + largest_of(ranks) * spread, ranks))


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
    sent = tokens * model.top_k * model.hidden * TOKEN_BYTES * imbalance(job, layout)
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
