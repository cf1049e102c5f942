"""Data parallelism, with ZeRO sharding of optimizer state, gradients and parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigawatt.engines.hardware.collectives import all_reduce_time_s, gather_time_s
from gigawatt.engines.hardware.constants import Calibration
from gigawatt.engines.hardware.topology import ranks_inside
from gigawatt.engines.training.columns import FULL_RECOMPUTE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism.shares import Shares

PARAMETER_BYTES = 2.0  # parameters are gathered in 16 bits [B]
GRADIENT_BYTES = 2.0  # gradients are reduced in 16 bits, as the published recipes do [B]


def trunk_ranks(layout: LayoutColumns) -> Column:
    """Ranks that share the gradients of everything but routed experts [-]."""
    return layout.data * layout.context


def expert_ranks(layout: LayoutColumns) -> Column:
    """Ranks that share the gradients of an expert [-]."""
    ranks = layout.tensor * layout.context * layout.data / (layout.expert * layout.expert_tensor)
    return np.asarray(np.maximum(ranks, 1.0))


def _sharded(layout: LayoutColumns, ranks: Column) -> Column:
    """Ranks over which state is sharded: all, or one of as many equal parts as the sharding group leaves of the trunk.

    Experts have ranks of their own and are sharded in the same number of parts.
    """
    group = np.where(layout.shard_group > 0, layout.shard_group, trunk_ranks(layout))
    parts = np.maximum(trunk_ranks(layout) / group, 1.0)
    return np.asarray(np.maximum(ranks / parts, 1.0))


def optimizer_share(layout: LayoutColumns) -> Shares:
    """Share of optimizer state on one rank: all of it at ZeRO stage 0, else one over the sharding ranks."""
    on = layout.zero_stage > 0
    trunk = np.where(on, 1.0 / _sharded(layout, trunk_ranks(layout)), 1.0)
    experts = np.where(on, 1.0 / _sharded(layout, expert_ranks(layout)), 1.0)
    return Shares(trunk, experts, trunk, trunk)


def gradient_share(layout: LayoutColumns) -> Shares:
    """Share of gradients: sharded at ZeRO stage 3, and at 2 without a pipeline.

    Under a pipeline PyTorch adds whole gradients up and reduces them after the last micro-batch.
    """
    on = (layout.zero_stage > 2) | ((layout.zero_stage > 1) & (layout.pipeline <= 1))
    return Shares(*(np.where(on, share, 1.0) for share in optimizer_share(layout)))


def weights_share(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Share of weights: sharded at ZeRO stage 3."""
    on = layout.zero_stage > 2
    return Shares(*(np.where(on, share, 1.0) for share in optimizer_share(layout)))


def work_share(job: JobColumns, layout: LayoutColumns) -> Column:
    """Share of the batch's sequences."""
    return 1.0 / layout.data


def exposed_time_s(
    job: JobColumns,
    layout: LayoutColumns,
    calibration: Calibration,
    trunk_parameters: Column,
    expert_parameters: Column,
    micro_batches: Column,
    micro_batch_s: Column,
) -> Column:
    """Exposed gradient reduction and parameter gathering over the whole step.

    Parameters
    ----------
    job, layout, calibration
        Columns and constants.
    trunk_parameters, expert_parameters : array
        Parameters of a rank, before ZeRO: without and of the routed experts. [-]
    micro_batches : array
        Per step. [-]
    micro_batch_s : array
        Time of one micro-batch on the fullest stage, which can hide traffic. [s]

    Returns
    -------
    array
        [s]

    Notes
    -----
    Stage 0 reduces gradients on all ranks, stage 1 reduces and scatters them and gathers parameters, once a step beside
    the last backward and the next forward micro-batch. Stage 2 scatters gradients of every micro-batch, since a rank
    keeps no whole ones to add up; under a pipeline it works as stage 1. Stage 3 gathers twice and reduces once for
    every micro-batch; DeepSpeed gathers once more to recompute a layer. Outside the sharding group the gradients of the
    shards are reduced once more.
    """
    stage = layout.zero_stage
    window = calibration.data_window * micro_batch_s
    traffic = _traffic(job, layout, trunk_parameters, expert_parameters)

    def beside(time_s: Column) -> Column:
        return np.asarray(np.maximum(time_s * (1.0 - calibration.data_overlap), time_s - window))

    exposed = beside(traffic.whole_s(PARAMETER_BYTES + GRADIENT_BYTES))
    if np.any(stage == 0):
        reduced = _all_reduce_s(job, layout, trunk_parameters, expert_parameters)
        exposed = np.where(stage == 0, beside(reduced), exposed)
    if np.any(stage == 2):
        again = np.where(layout.pipeline > 1, 0.0, np.maximum(micro_batches - 1.0, 0.0))
        exposed = exposed + np.where(stage == 2, again * beside(traffic.whole_s(GRADIENT_BYTES)), 0.0)
    if not np.any(stage > 2):
        return np.asarray(exposed)
    again = np.where(layout.recompute > FULL_RECOMPUTE_CODE, job.gathers_to_recompute, 0.0)
    sent = (2.0 + again) * PARAMETER_BYTES + GRADIENT_BYTES
    within, across = traffic.within_s(sent), traffic.across_s(sent)
    missed = within * (1.0 - calibration.sharded_overlap_inside) + across * (1.0 - calibration.sharded_overlap)
    return np.where(stage > 2, micro_batches * np.maximum(missed, within + across - window), exposed)


class _Traffic(NamedTuple):
    """Time of gathering or reducing a rank's parameters once: by byte of a parameter, and fixed [s]."""

    within_each: Column  # inside scale-up domains, for each byte sent of a parameter
    within_fixed: Column
    across_each: Column  # between them
    across_fixed: Column

    def within_s(self, sent_bytes: Column | float) -> Column:
        """Time inside scale-up domains for so many bytes of each parameter [s]."""
        return self.within_fixed + sent_bytes * self.within_each

    def across_s(self, sent_bytes: Column | float) -> Column:
        """Time between scale-up domains for so many bytes of each parameter [s]."""
        return self.across_fixed + sent_bytes * self.across_each

    def whole_s(self, sent_bytes: Column | float) -> Column:
        """Time for so many bytes of each parameter [s]."""
        return self.within_s(sent_bytes) + self.across_s(sent_bytes)


def _groups(
    layout: LayoutColumns, trunk_parameters: Column, expert_parameters: Column
) -> list[tuple[Column, Column, Column]]:
    """Parameters of a rank, ranks that share them, and their distance: the trunk, and experts where there are any."""
    groups = [(trunk_parameters, trunk_ranks(layout), layout.tensor)]
    if np.any(expert_parameters > 0):
        groups.append((expert_parameters, expert_ranks(layout), layout.expert * layout.expert_tensor))
    return groups


def _traffic(job: JobColumns, layout: LayoutColumns, trunk_parameters: Column, expert_parameters: Column) -> _Traffic:
    """Work out the traffic of a rank's parameters; collectives are lines in the bytes sent."""
    swift = job.tiers._replace(up_latency_s=np.zeros(1), out_latency_s=np.zeros(1))
    total = [np.zeros(1)] * 4
    for parameters, ranks, stride in _groups(layout, trunk_parameters, expert_parameters):
        group = _sharded(layout, ranks)
        inside = ranks_inside(group, stride, job.domain)
        near_each = gather_time_s(parameters, inside, inside, swift)
        whole_each = gather_time_s(parameters, group, inside, swift)
        near_fixed = gather_time_s(0.0, inside, inside, job.tiers)
        whole_fixed = gather_time_s(0.0, group, inside, job.tiers)
        replicas = ranks / group
        outer = ranks_inside(replicas, stride * group, job.domain)
        shard = parameters / group * GRADIENT_BYTES
        beyond = 2.0 * gather_time_s(shard, replicas, outer, job.tiers)
        own = (near_each, near_fixed, whole_each - near_each, whole_fixed - near_fixed + beyond)
        some = parameters > 0  # no message, no latency
        total = [before + np.where(some, part, 0.0) for before, part in zip(total, own, strict=True)]
    return _Traffic(*total)


def _all_reduce_s(
    job: JobColumns, layout: LayoutColumns, trunk_parameters: Column, expert_parameters: Column
) -> Column:
    """Time of reducing a rank's gradients on all ranks, by the fastest algorithm and in switches where they do [s]."""
    total = np.zeros(1)
    for parameters, ranks, stride in _groups(layout, trunk_parameters, expert_parameters):
        inside = ranks_inside(ranks, stride, job.domain)
        fractions = job.in_network_frac, job.in_network_out_frac
        reduced = all_reduce_time_s(parameters * GRADIENT_BYTES, ranks, inside, job.tiers, *fractions)
        total = total + np.where(parameters > 0, reduced, 0.0)
    return total
