"""How far predictions of the serving engine lie from measurements that its constants were not fitted to."""

from __future__ import annotations

from collections.abc import Mapping

from gigawatt.engines.hardware.types import Accelerator
from gigawatt.errors import InputError, nearest

# Half-width of the stated 80 % interval as a factor, by quantity: of a dense model, of a mixture of experts. The 80th
# percentile of the absolute logarithm of the error on rows left out, in ten folds by accelerator and model
# (`tools/fit_serving.py --folds 10`; docs/methods/serving.md).
INTERVAL_FACTOR: Mapping[str, tuple[float, float]] = {
    "max-load": (1.13, 1.18),
    # of mixtures the pooled figure: their few rows are of one model
    "offline": (1.12, 1.13),
    "server": (1.21, 1.19),
    "interactive": (1.23, 1.23),
    "steady": (1.14, 1.26),
    "itl_ms": (1.15, 1.23),
    "power_w": (1.10, 1.25),
    "j_per_output_token": (1.16, 1.33),
}
# The same, at least, of an accelerator of a generation without rows, whose constants are those of "other": its rows as
# if they had never been seen.
UNCALIBRATED_FACTOR: Mapping[str, float] = {
    "max-load": 1.40,
    "offline": 1.42,
    "server": 1.42,
    "interactive": 1.42,
    "steady": 1.40,
    "itl_ms": 1.40,
    "power_w": 1.25,
    "j_per_output_token": 1.40,
}
# Generations with published rows; Blackwell Ultra counts as Blackwell, whose cores it has. Rubin, CDNA 4, TPU,
# Trainium, Gaudi and others have none.
FITTED_GENERATIONS = frozenset({"ampere", "hopper", "blackwell", "blackwell-ultra", "cdna3", "ada"})
# Announced accelerators that the catalogue enters under an earlier generation, whose constants stand in.
NOT_MEASURED = frozenset({"vera-rubin-nvl144"})


def is_calibrated(accelerator: Accelerator) -> bool:
    """Whether any accelerator of its generation has published rows that the constants were fitted to.

    Parameters
    ----------
    accelerator : Accelerator
        Its generation decides.

    Returns
    -------
    bool
    """
    return accelerator.generation in FITTED_GENERATIONS and accelerator.name not in NOT_MEASURED


def interval_factor(accelerator: Accelerator, mixture: bool, quantity: str = "server") -> float:
    """Return the half-width of the stated 80 % interval of a prediction, as a factor.

    Parameters
    ----------
    accelerator : Accelerator
        One of a generation without rows has a wider interval.
    mixture : bool
        Whether the model is a mixture of experts.
    quantity : str
        Throughput at full load (max-load, offline), under latency limits (server, interactive) or of a fixed batch
        (steady); gap between tokens, power, energy per token.

    Returns
    -------
    float
        Eight of ten measurements lie between the prediction over it and the prediction times it.

    Raises
    ------
    InputError
        If the quantity is not known.
    """
    if quantity not in INTERVAL_FACTOR:
        message = f'serving interval: "{quantity}" is not known. {nearest(quantity, INTERVAL_FACTOR)}'
        raise InputError(message)
    factor = INTERVAL_FACTOR[quantity][int(mixture)]
    return factor if is_calibrated(accelerator) else max(factor, UNCALIBRATED_FACTOR[quantity])
