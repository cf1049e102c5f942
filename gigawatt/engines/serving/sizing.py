"""How many replicas a demand needs, with headroom for the peak and for failures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtri

from gigawatt.engines.serving.types import Deployment, QueryEnergy, Sizing
from gigawatt.errors import InfeasibleError, InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Share of a replica's capacity that is planned for at the peak. Arrivals are not even: ServeGen's 10-minute rates and
# Azure's conversation trace leave about a tenth of unevenness within the busiest period. ASSUMPTION, 0.8-0.95.
PEAK_UTILISATION_FRAC = 0.9
ROUNDING = 1e-9  # a demand that just fits needs no further replica
SKEWNESS_DIVISOR = 6.0  # of the skewness in Cornish and Fisher's expansion of a quantile


def enough_probability(installed_count: int, needed_count: int, unavailable_frac: float) -> float:
    """Return the probability that enough replicas are up.

    Parameters
    ----------
    installed_count, needed_count : int
        Replicas installed; replicas that must be up.
    unavailable_frac : float
        Share of time that a replica is down, independently of the others. [-]

    Returns
    -------
    float
        Upper tail of the binomial distribution, by the regularised incomplete beta function. [-]

    Examples
    --------
    >>> round(enough_probability(11, 10, 0.01), 5)  # 0.99**11 + 11 * 0.99**10 * 0.01
    0.99482
    """
    if needed_count <= 0:
        return 1.0
    if needed_count > installed_count:
        return 0.0
    return float(betainc(needed_count, installed_count - needed_count + 1, 1.0 - unavailable_frac))


def installed_replicas_count(needed_count: int, unavailable_frac: float, availability_frac: float) -> int:
    """Return the fewest replicas of which enough are up often enough.

    Parameters
    ----------
    needed_count : int
        Replicas that must be up.
    unavailable_frac : float
        Share of time that a replica is down. [-]
    availability_frac : float
        Share of time that enough must be up. [-]

    Returns
    -------
    int
        N + k.
    """
    low, high = needed_count, max(2 * needed_count, needed_count + 4)
    while enough_probability(high, needed_count, unavailable_frac) < availability_frac:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if enough_probability(middle, needed_count, unavailable_frac) >= availability_frac:
            high = middle
        else:
            low = middle + 1
    return low


def _check(
    deployment: Deployment,
    peak_requests_per_s: float,
    mean_requests_per_s: float,
    availability_frac: float,
    node_unavailable_frac: float,
) -> None:
    """Refuse demands, shares and deployments that cannot be sized."""
    if not 0.0 <= mean_requests_per_s <= peak_requests_per_s:
        message = (
            f"demand: mean {mean_requests_per_s} and peak {peak_requests_per_s} requests/s; need 0 <= mean <= peak"
        )
        raise InputError(message)
    if not 0.0 <= availability_frac < 1.0 or not 0.0 <= node_unavailable_frac < 1.0:
        message = (
            f"availability {availability_frac} and node unavailability {node_unavailable_frac} must be in 0..1, below 1"
        )
        raise InputError(message)
    if not deployment.fits or deployment.requests_per_s <= 0.0:
        message = f"the deployment serves nothing: {deployment.reason or 'no throughput'}"
        raise InfeasibleError(message)


def _unavailable_frac(gpus_count: int, node_unavailable_frac: float, gpus_per_node_count: int) -> float:
    """Return the share of time that a replica is down: any of its nodes is."""
    return 1.0 - (1.0 - node_unavailable_frac) ** math.ceil(gpus_count / gpus_per_node_count)


def size(
    deployment: Deployment,
    peak_requests_per_s: float,
    mean_requests_per_s: float,
    availability_frac: float = 0.999,
    node_unavailable_frac: float = 0.01,
    gpus_per_node_count: int = 8,
    idle_system_w: float | None = None,
) -> Sizing:
    r"""Size a pool for a demand.

    Parameters
    ----------
    deployment : Deployment
        The operating point of each replica.
    peak_requests_per_s, mean_requests_per_s : float
        Demand. [1/s]
    availability_frac : float
        Share of time at which the peak could be served. [-]
    node_unavailable_frac : float
        Share of time that a node is down. [-]
    gpus_per_node_count : int
        A replica on several nodes is down when any of them is.
    idle_system_w : float, optional
        System power per accelerator when idle; without it an idle accelerator is taken to draw what it draws at the
        operating point, which overstates the energy. [W]

    Returns
    -------
    Sizing
        Replicas and accelerators, mean utilisation and power.

    Raises
    ------
    InputError
        If a rate is negative, the mean exceeds the peak, or a share is outside its range.
    InfeasibleError
        If the deployment does not fit or serves nothing.

    Notes
    -----
    Needed: :math:`N = \lceil \lambda_{peak} / (0.9\,\lambda_{replica}) \rceil`. Installed: the least M with
    :math:`P(\mathrm{Bin}(M, 1-u) \ge N) \ge A`. Sized for the peak, powered for the mean.
    """
    _check(deployment, peak_requests_per_s, mean_requests_per_s, availability_frac, node_unavailable_frac)
    usable = deployment.requests_per_s * PEAK_UTILISATION_FRAC
    needed = math.ceil(peak_requests_per_s / usable - ROUNDING)
    gpus = deployment.replica.gpus_count
    unavailable = _unavailable_frac(gpus, node_unavailable_frac, gpus_per_node_count)
    replicas = installed_replicas_count(needed, unavailable, availability_frac) if needed else 0
    capacity = replicas * deployment.requests_per_s
    utilisation = mean_requests_per_s / capacity if capacity else 0.0
    idle_w = deployment.system_power_w if idle_system_w is None else min(idle_system_w, deployment.system_power_w)
    per_gpu_w = idle_w + (deployment.system_power_w - idle_w) * utilisation
    return Sizing(deployment, replicas, replicas * gpus, utilisation, per_gpu_w * replicas * gpus)


def _spares_many(needed_N: Floats, unavailable_frac: float, availability_frac: float) -> Floats:
    """Return what `installed_replicas_count` adds to counts of 1 or more, for many at once.

    Replicas that are down while so many are up follow the negative binomial distribution. Its quantile is guessed from
    its mean, deviation and skewness (Cornish and Fisher's expansion) and moved until it is the least that is enough.
    """
    if availability_frac <= 0.0:
        return np.zeros_like(needed_N)
    up_frac = 1.0 - unavailable_frac
    normal = float(ndtri(availability_frac))
    mean_N = needed_N * (unavailable_frac / up_frac)
    skewed = (normal * normal - 1.0) / SKEWNESS_DIVISOR * (1.0 + unavailable_frac) / up_frac
    spares_N = np.maximum(np.ceil(mean_N + normal * np.sqrt(mean_N / up_frac) + (skewed - 0.5)), 0.0)
    while (short_N := betainc(needed_N, spares_N + 1.0, up_frac) < availability_frac).any():
        spares_N += short_N
    while (spare_N := (spares_N > 0.0) & (betainc(needed_N, spares_N, up_frac) >= availability_frac)).any():
        spares_N -= spare_N
    return spares_N


def size_many(
    deployment: Deployment,
    peak_requests_per_s_N: Floats,
    mean_requests_per_s_N: Floats,
    availability_frac: float = 0.999,
    node_unavailable_frac: float = 0.01,
    gpus_per_node_count: int = 8,
) -> tuple[Floats, Floats]:
    """Size a pool for many demands at once: what `size` returns for each.

    Parameters
    ----------
    deployment : Deployment
        The operating point of each replica.
    peak_requests_per_s_N, mean_requests_per_s_N : Floats
        Demands, shape (N,). [1/s]
    availability_frac, node_unavailable_frac : float
        As in `size`. [-]
    gpus_per_node_count : int

    Returns
    -------
    gpus_count_N, mean_utilisation_frac_N : Floats
        0 where there is no demand. [-]

    Raises
    ------
    InputError, InfeasibleError
        As in `size`.
    """
    if not mean_requests_per_s_N.size:
        return np.zeros(0), np.zeros(0)
    busiest = int(peak_requests_per_s_N.argmax())
    peak, mean = float(peak_requests_per_s_N[busiest]), float(mean_requests_per_s_N[busiest])
    _check(deployment, peak, mean, availability_frac, node_unavailable_frac)
    usable = deployment.requests_per_s * PEAK_UTILISATION_FRAC
    needed_N = np.ceil(peak_requests_per_s_N / usable - ROUNDING)
    gpus = deployment.replica.gpus_count
    unavailable = _unavailable_frac(gpus, node_unavailable_frac, gpus_per_node_count)
    asked_N = needed_N > 0.0
    needed_N, replicas_N = needed_N[asked_N], np.zeros(len(needed_N))
    replicas_N[asked_N] = needed_N + _spares_many(needed_N, unavailable, availability_frac)
    capacity_N = replicas_N * deployment.requests_per_s
    load_N = np.divide(mean_requests_per_s_N, capacity_N, out=np.zeros(len(capacity_N)), where=asked_N)
    return replicas_N * gpus, load_N


def query_energy(
    deployment: Deployment, output_tokens: float, idle_reserve_frac: float = 0.0, pue: float = 1.0
) -> QueryEnergy:
    r"""Return what one request takes from the grid, by where it goes.

    Parameters
    ----------
    deployment : Deployment
        The operating point that serves it.
    output_tokens : float
        Of the request. [-]
    idle_reserve_frac : float
        Energy of machines that stand by over that of those that serve. [-]
    pue : float
        Energy of the facility over that of its machines. [-]

    Returns
    -------
    QueryEnergy
        Accelerators, the rest of their systems, reserve, facility.

    Raises
    ------
    InfeasibleError
        If the deployment serves nothing.

    Notes
    -----
    :math:`E = e\,O\,(1 + r)\,PUE`, with e the all-in energy per token: the accounting of Google's measurement of a
    median text prompt [1]_, which found 58 % in accelerators, 25 % in hosts, 10 % in reserve, 8 % in overhead.

    References
    ----------
    .. [1] C. Elsworth et al., "Measuring the environmental impact of delivering AI at Google Scale," arXiv:2508.15734,
       2025, section 3.
    """
    if deployment.output_tokens_per_s <= 0.0:
        message = f"the deployment serves nothing: {deployment.reason or 'no throughput'}"
        raise InfeasibleError(message)
    seconds = output_tokens * deployment.replica.gpus_count / deployment.output_tokens_per_s
    accelerators, system = seconds * deployment.gpu_power_w, seconds * deployment.system_power_w
    reserve = idle_reserve_frac * system
    return QueryEnergy(accelerators, system - accelerators, reserve, (pue - 1.0) * (system + reserve))
