"""Fit bandwidth and latency of a network to timings of collectives.

Shape letter: `N` timings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gigawatt.engines.hardware.collectives import TREE_BANDWIDTH_FRAC
from gigawatt.engines.hardware.fit import Estimate, Floats, Solution, columns, share_of_peak, solve

# A message 16 times smaller counts half. Libraries change protocol between bytes and gigabytes, so that no one line
# fits all sizes; the engines exchange megabytes to gigabytes, and there the line must be right. ESTIMATE: on 16 H100
# over TCP (all-reduce of 8 B to 8 GiB) equal weights miss the bandwidth by a third, these by a twentieth. [-]
MESSAGE_WEIGHT_POWER = 0.25
# Messages from this size on count in the stated error. [B]
LARGE_MESSAGE_BYTES = 2.0**20
# Rounds of fitting an all-reduce and choosing its algorithm by size anew; more change nothing. [-]
ALGORITHM_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class FabricFit:
    """What timings of collectives say about one tier of network.

    Attributes
    ----------
    efficiency_frac : Estimate
        Share of the line rate that large messages achieve. [-]
    hop_latency_s : Estimate
        Latency of one step. [s]
    in_network_frac : Estimate, optional
        How far switches halve an all-reduce; None where timings of one kind alone cannot tell. [-]
    median_error_frac : float
        Median of the absolute relative error of the fit, of messages from 1 MiB on where there are such. [-]
    """

    efficiency_frac: Estimate
    hop_latency_s: Estimate
    in_network_frac: Estimate | None
    median_error_frac: float


def fit_scale_up(
    message_bytes: ArrayLike,
    ranks: ArrayLike,
    reduces: ArrayLike,
    time_s: ArrayLike,
    line_bytes_per_s: float,
    in_network_frac: float,
) -> FabricFit:
    r"""Fit bandwidth and latency of the scale-up fabric to collectives inside one domain.

    Parameters
    ----------
    message_bytes : array, shape (N,)
        Bytes of the whole message: of an all-reduce what a rank holds, of an all-gather what it ends with. [B]
    ranks : array, shape (N,)
        At least 2. [-]
    reduces : array of bool, shape (N,)
        True for an all-reduce, false for an all-gather or reduce-scatter.
    time_s : array, shape (N,)
        Measured. [s]
    line_bytes_per_s : float
        Line rate, one direction. [B/s]
    in_network_frac : float
        How far switches halve an all-reduce, for timings that cannot tell. [-]

    Returns
    -------
    FabricFit
        Also the degree of reduction in the network, where both kinds of collective were measured.

    Raises
    ------
    InputError
        If the timings are too few or too alike.

    Notes
    -----
    :math:`t = g (n-1) (m / n \beta + \alpha)`, with :math:`g = 1` for a gather and :math:`2 - f` for an all-reduce, as
    in `ring_time_s` and `all_reduce_time_s`.
    """
    message_N, ranks_N, reduces_N, time_N = columns(message_bytes, ranks, reduces, time_s)
    both = bool(np.any(reduces_N > 0) and np.any(reduces_N == 0))
    factor_N = np.ones_like(time_N) if both else np.where(reduces_N > 0, 2.0 - in_network_frac, 1.0)
    design_NP = (factor_N * (ranks_N - 1.0))[:, None] * np.column_stack([message_N / ranks_N, np.ones_like(time_N)])
    least_P = np.array([1.0 / line_bytes_per_s, 0.0])
    marked_N = reduces_N if both else None
    found = solve(design_NP, time_N, least_P, free_factor_N=marked_N, weight_N=_weight(message_N))
    in_network = Estimate(2.0 - found.factor.value, found.factor.standard_error) if both else None
    return _fabric(found, message_N, line_bytes_per_s, in_network)


def fit_scale_out(
    message_bytes: ArrayLike,
    ranks: ArrayLike,
    inside: ArrayLike,
    reduces: ArrayLike,
    time_s: ArrayLike,
    line_bytes_per_s: float,
    within: tuple[float, float, float],
) -> FabricFit:
    r"""Fit bandwidth and latency of the scale-out network to collectives over several domains.

    Parameters
    ----------
    message_bytes, ranks, reduces, time_s
        As in `fit_scale_up`.
    inside : array, shape (N,)
        Ranks of the group that share a domain. [-]
    line_bytes_per_s : float
        Line rate per accelerator, one direction. [B/s]
    within : tuple of float
        Achieved rate [B/s] and step latency [s] of the scale-up fabric, and its degree of in-network reduction [-].

    Returns
    -------
    FabricFit

    Raises
    ------
    InputError
        If the timings are too few or too alike.

    Notes
    -----
    The time inside the domain is held. Between :math:`o` domains of :math:`i` ranks a gather, or an all-reduce in
    switches, takes :math:`g [m (o-1) / (i o \beta) + \alpha \log_2 o]`, as in `gather_time_s`; another all-reduce is a
    ring or a tree, whichever the fit so far finds faster for its size, as in `all_reduce_time_s`.
    """
    message_N, ranks_N, inside_N, reduces_N, time_N = columns(message_bytes, ranks, inside, reduces, time_s)
    up_bytes_per_s, up_latency_s, in_network_frac = within
    factor_N = np.where(reduces_N > 0, 2.0 - in_network_frac, 1.0)
    outside_N = ranks_N / inside_N
    fixed_N = factor_N * (inside_N - 1.0) * (message_N / (inside_N * up_bytes_per_s) + up_latency_s)
    shard_N = message_N / inside_N
    part_N = (outside_N - 1.0) / outside_N
    hops_N = np.log2(outside_N)
    once_NP = factor_N[:, None] * np.column_stack([shard_N * part_N, hops_N])
    ring_NP = 2.0 * np.column_stack([shard_N * part_N, outside_N - 1.0])
    tree_NP = 2.0 * np.column_stack([shard_N / TREE_BANDWIDTH_FRAC, hops_N])
    by_size_N = (reduces_N > 0) & (in_network_frac <= 0.0)
    least_P = np.array([1.0 / line_bytes_per_s, 0.0])
    design_NP = np.where(by_size_N[:, None], tree_NP, once_NP)
    for _ in range(ALGORITHM_ROUNDS):
        found = solve(design_NP, time_N, least_P, fixed_N=fixed_N, weight_N=_weight(message_N))
        if not by_size_N.any():
            break
        ring_N = by_size_N & (ring_NP @ found.values_P < tree_NP @ found.values_P)
        design_NP = np.where(ring_N[:, None], ring_NP, np.where(by_size_N[:, None], tree_NP, once_NP))
    return _fabric(found, message_N, line_bytes_per_s, None)


def _weight(message_N: Floats) -> Floats:
    """Weight of each message."""
    return np.asarray((message_N / message_N.max()) ** MESSAGE_WEIGHT_POWER)


def _fabric(found: Solution, message_N: Floats, line_bytes_per_s: float, in_network: Estimate | None) -> FabricFit:
    """Name the unknowns of a tier."""
    efficiency = share_of_peak(found.values_P[0], found.errors_P[0], line_bytes_per_s)
    latency = Estimate(float(found.values_P[1]), float(found.errors_P[1]))
    large = message_N >= min(LARGE_MESSAGE_BYTES, message_N.max())
    return FabricFit(efficiency, latency, in_network, float(np.median(np.abs(found.error_frac_N[large]))))
