"""Where the ranks of a group lie: how many of them share a scale-up domain."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.architecture import Numbers


def ranks_inside(group: Numbers, stride: Numbers, domain: Numbers) -> Numbers:
    """Ranks of a group that share a scale-up domain.

    Parameters
    ----------
    group : float or array
        Ranks in the group. [-]
    stride : float or array
        Distance between neighbours of the group in rank order: the product of the degrees placed before it. [-]
    domain : float or array
        Accelerators of a scale-up domain. [-]

    Returns
    -------
    float or array
        At least 1, at most the group. [-]

    Examples
    --------
    >>> float(ranks_inside(64, 1, 8)), float(ranks_inside(64, 4, 8)), float(ranks_inside(4, 8, 8))
    (8.0, 2.0, 1.0)
    """
    room = np.floor(np.asarray(domain, dtype=np.float64) / stride)
    return np.minimum(np.maximum(room, 1.0), group)


def crosses_domain(group: Numbers, stride: Numbers, domain: Numbers) -> Numbers:
    """Whether neighbours of the group at the end of a domain are in different domains: true if any two are."""
    return np.asarray(np.asarray(group) * np.asarray(stride) > domain)
