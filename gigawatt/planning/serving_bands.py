"""How far to trust a serving prediction: its 80 % interval, wider for generations without measurements."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.engines.serving.types import ServiceLevel
from gigawatt.engines.serving.uncertainty import interval_factor, is_calibrated
from gigawatt.planning.serving import ServingPool

# Below this limit on the time per token errors are those of MLPerf's interactive rows (30 to 80 ms), above those of its
# server rows (80 to 200 ms). [s]
INTERACTIVE_S = 0.08


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity of the chosen point with the ends of its 80 % interval."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Bands:
    """What is stated of the chosen point.

    Attributes
    ----------
    is_calibrated : bool
        Whether the generation has published measurements that the constants were fitted to.
    output_tokens_per_s_per_gpu, usd_per_million_output_tokens, gpu_power_w, j_per_output_token : Band
        [1/s], [USD], [W], [J]
    """

    is_calibrated: bool
    output_tokens_per_s_per_gpu: Band
    usd_per_million_output_tokens: Band
    gpu_power_w: Band
    j_per_output_token: Band


def load_of(slo: ServiceLevel) -> str:
    """Return the kind of measurement whose errors a prediction under these limits has.

    Examples
    --------
    >>> load_of(ServiceLevel()), load_of(ServiceLevel(2.0, 0.2)), load_of(ServiceLevel(0.45, 0.04))
    ('offline', 'server', 'interactive')
    """
    if min(slo.ttft_p99_s, slo.tpot_p99_s) == float("inf"):
        return "offline"
    return "interactive" if slo.tpot_p99_s <= INTERACTIVE_S else "server"


def bands_of(pool: ServingPool) -> Bands:
    """Return the intervals of a pool's chosen point.

    Parameters
    ----------
    pool : ServingPool

    Returns
    -------
    Bands
        Eight of ten measurements lie within, as the errors on rows left out of the fit say; of a generation never
        seen, as the errors on generations do whose constants are taken away.
    """
    chip, mixture, point = pool.inputs.accelerator, bool(pool.inputs.model.experts), pool.deployment

    def band(middle: float, quantity: str) -> Band:
        factor = interval_factor(chip, mixture, quantity)
        return Band(middle / factor, middle, middle * factor)

    load = load_of(pool.inputs.slo)
    return Bands(
        is_calibrated=is_calibrated(chip),
        output_tokens_per_s_per_gpu=band(point.output_tokens_per_s_per_gpu, load),
        usd_per_million_output_tokens=band(pool.usd_per_million_output_tokens, load),
        gpu_power_w=band(point.gpu_power_w, "power_w"),
        j_per_output_token=band(point.j_per_output_token, "j_per_output_token"),
    )
