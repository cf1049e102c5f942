"""Alpha-beta times of collectives over one or two tiers of network.

A group of n ranks has `inside` ranks in each scale-up domain and n / inside domains. Rates are achieved ones.
All-reduces come as rings, double binary trees and reductions in switches; the fastest for the message counts, as
libraries choose by their own such model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigawatt.engines.hardware.architecture import Numbers

# Bandwidth of a double binary tree over that of a ring: NCCL's own tuning model (src/graph/tuning.cc). [-]
TREE_BANDWIDTH_FRAC = 0.92


class Tiers(NamedTuple):
    """Achieved rates and latencies of both tiers; numbers or arrays [B/s], [s]."""

    up_bytes_per_s: Numbers
    up_latency_s: Numbers
    out_bytes_per_s: Numbers
    out_latency_s: Numbers


def ring_time_s(message_bytes: Numbers, ranks: Numbers, bytes_per_s: Numbers, hop_latency_s: Numbers) -> Numbers:
    r"""Time of a ring all-gather or reduce-scatter in one tier.

    Parameters
    ----------
    message_bytes : float or array
        Bytes of the whole, gathered message. [B]
    ranks : float or array
        Ranks of the ring, at least 1. [-]
    bytes_per_s : float or array
        Achieved rate of one direction. [B/s]
    hop_latency_s : float or array
        Latency of one step. [s]

    Returns
    -------
    float or array
        [s]

    Notes
    -----
    :math:`t = (n-1) (m / n b + \alpha)` [1]_.

    References
    ----------
    .. [1] R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective communication operations in MPICH,"
       Int. J. High Perform. Comput. Appl., vol. 19, no. 1, 2005.

    Examples
    --------
    >>> round(float(ring_time_s(1e9, 8, 360e9, 1e-6)) * 1e3, 3)
    2.438
    """
    ranks = np.asarray(ranks)
    return (ranks - 1.0) * (np.asarray(message_bytes) / (ranks * bytes_per_s) + hop_latency_s)


def gather_time_s(message_bytes: Numbers, ranks: Numbers, inside: Numbers, tiers: Tiers) -> Numbers:
    r"""Time of a hierarchical all-gather, or of its mirror, a reduce-scatter.

    Parameters
    ----------
    message_bytes : float or array
        Bytes of the whole message. [B]
    ranks, inside : float or array
        Ranks of the group; those of them that share a scale-up domain. [-]
    tiers : Tiers
        The network.

    Returns
    -------
    float or array
        Time until each rank holds the whole. [s]

    Notes
    -----
    Between domains each rank handles the share :math:`m / i` over its own port, as rail-wise rings do; the
    latency of that tier grows with the logarithm of the number of domains, as with trees.
    """
    outside = np.maximum(np.asarray(ranks) / inside, 1.0)
    across = np.asarray(message_bytes) / inside * (outside - 1.0) / outside / tiers.out_bytes_per_s
    within = ring_time_s(message_bytes, inside, tiers.up_bytes_per_s, tiers.up_latency_s)
    return within + across + np.log2(outside) * tiers.out_latency_s


def ring_across_s(shard_bytes: Numbers, domains: Numbers, tiers: Tiers) -> Numbers:
    r"""Time of a ring all-reduce between domains, each rank with its shard.

    Parameters
    ----------
    shard_bytes : float or array
        Bytes that one rank reduces with its peers in the other domains. [B]
    domains : float or array
        At least 1. [-]
    tiers : Tiers
        The network.

    Returns
    -------
    float or array
        :math:`2 (o-1) (m / o \beta + \alpha)` for :math:`o` domains. [s]
    """
    return 2.0 * ring_time_s(shard_bytes, domains, tiers.out_bytes_per_s, tiers.out_latency_s)


def tree_across_s(shard_bytes: Numbers, domains: Numbers, tiers: Tiers) -> Numbers:
    r"""Time of an all-reduce between domains over a double binary tree.

    Parameters are those of `ring_across_s`.

    Returns
    -------
    float or array
        [s]

    Notes
    -----
    Reduced up and sent down again, :math:`2 (m / 0.92 \beta + \alpha \log_2 o)`: a full message where a ring moves
    :math:`(o-1)/o`, but the logarithm of its steps [1]_.

    References
    ----------
    .. [1] P. Sanders, J. Speck, J. L. Träff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan,"
       Parallel Computing, vol. 35, no. 12, 2009.
    """
    domains = np.asarray(domains)
    moved = np.asarray(shard_bytes) / (TREE_BANDWIDTH_FRAC * np.asarray(tiers.out_bytes_per_s))
    return np.where(domains > 1, 2.0 * (moved + np.log2(domains) * tiers.out_latency_s), 0.0)


def all_reduce_time_s(
    message_bytes: Numbers,
    ranks: Numbers,
    inside: Numbers,
    tiers: Tiers,
    in_network_frac: Numbers = 0.0,
    in_network_out_frac: Numbers | None = None,
) -> Numbers:
    r"""Time of an all-reduce, by the fastest algorithm for the size.

    Parameters
    ----------
    message_bytes, ranks, inside, tiers
        As in `gather_time_s`.
    in_network_frac : float or array
        1 where switches of the domain reduce, 0 where they do not. [-]
    in_network_out_frac : float or array, optional
        The same of switches between domains; as inside where not given. [-]

    Returns
    -------
    float or array
        [s]

    Notes
    -----
    Inside a domain a ring each way, halved to the degree that switches reduce. Between domains the fastest of a ring,
    a double binary tree and, where switches reduce, one pass through them: :math:`m (o-1) / o \beta` and the latency of
    their levels, :math:`\alpha \log_2 o`.

    Examples
    --------
    >>> tiers = Tiers(360e9, 1e-6, 40e9, 5e-6)
    >>> round(float(all_reduce_time_s(1e9, 8, 8, tiers)) * 1e3, 3)
    4.875
    >>> [round(float(all_reduce_time_s(m, 512, 8, tiers)) * 1e6) for m in (1e5, 1e10)]  # a tree, a ring
    [75, 110779]
    """
    inside = np.asarray(inside)
    domains = np.maximum(np.asarray(ranks) / inside, 1.0)
    shard = np.asarray(message_bytes) / inside
    within = ring_time_s(message_bytes, inside, tiers.up_bytes_per_s, tiers.up_latency_s)
    out_frac = np.asarray(in_network_frac if in_network_out_frac is None else in_network_out_frac)
    across = np.minimum(ring_across_s(shard, domains, tiers), tree_across_s(shard, domains, tiers))
    once = shard * (domains - 1.0) / domains / tiers.out_bytes_per_s + np.log2(domains) * tiers.out_latency_s
    across = np.where(out_frac > 0, np.minimum(across, (2.0 - out_frac) * once), across)
    return np.asarray((2.0 - np.asarray(in_network_frac)) * within + across)


def all_to_all_time_s(
    sent_bytes: Numbers, ranks: Numbers, inside: Numbers, tiers: Tiers, outside_copies_frac: Numbers = 1.0
) -> Numbers:
    r"""Time of an all-to-all.

    Parameters
    ----------
    sent_bytes : float or array
        Bytes that one rank hands out, its own share included. [B]
    ranks, inside : float or array
        Ranks of the group; those of them that share a scale-up domain. [-]
    tiers : Tiers
        The network.
    outside_copies_frac : float or array
        Share of the copies for other domains that really crosses: below 1 where a token goes once to a domain
        and is copied there. [-]

    Returns
    -------
    float or array
        [s]

    Notes
    -----
    Of :math:`m` bytes :math:`(i-1)/n` stay in the domain and :math:`(n-i)/n` cross; both tiers work at once, so the
    slower one counts. Copies that arrive once and fan out inside use the scale-up tier too.

    Examples
    --------
    >>> tiers = Tiers(360e9, 0.0, 40e9, 0.0)
    >>> round(float(all_to_all_time_s(1e9, 64, 8, tiers)) * 1e3, 2)
    21.88
    """
    ranks, inside, sent = np.asarray(ranks), np.asarray(inside), np.asarray(sent_bytes)
    within = sent * (ranks - 1.0) / ranks / tiers.up_bytes_per_s
    across = sent * (ranks - inside) / ranks * outside_copies_frac / tiers.out_bytes_per_s
    latency = np.where(ranks > 1, np.where(ranks > inside, tiers.out_latency_s, tiers.up_latency_s), 0.0)
    return np.asarray(np.maximum(within, across) + latency)


def send_time_s(message_bytes: Numbers, crosses: Numbers, tiers: Tiers) -> Numbers:
    """Time of one point-to-point message; `crosses` says whether it leaves the scale-up domain [s]."""
    message = np.asarray(message_bytes)
    within = message / tiers.up_bytes_per_s + tiers.up_latency_s
    return np.where(crosses, message / tiers.out_bytes_per_s + tiers.out_latency_s, within)
