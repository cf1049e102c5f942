"""Where a metric comes from: formula, the metrics it is made of, the figures it draws on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from gigawatt.planning.metrics import MEASURES
from gigawatt.planning.plan import Explanation
from gigawatt.units import say

_MONEY = ("budget.*", "purchases.*")
_POWER = ("sites.*power*", "sites.*delay*", "plants.*", "sites.*pue*")
_PRICES = ("accelerators.*price_usd", "accelerators.*server_usd_per_gpu", "accelerators.*network_usd_per_gpu")
_RATES = ("finance.discount_rate", "finance.tax", "finance.useful_life.*", "finance.debt.*")
_IT_W = ("accelerators.*system_w", "fleet.power_cap.*")
_RUNNING = ("costs.*", "tariffs.*", "sites.*electricity*", *_IT_W)

# metric -> the metrics it is made of, and patterns of the paths of the figures that it draws on itself
_MADE_OF: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fleet.gpus_bought": (("finance.capex_usd", "finance.hardware_usd_per_gpu"), (*_MONEY, *_POWER)),
    "fleet.nvidia_gpus_bought": (("fleet.gpus_bought",), ("purchases.*",)),
    "fleet.gpus_owned": (("fleet.gpus_bought",), ("installed.*count", "purchases.retire_after")),
    "fleet.gpus_online": (("fleet.gpus_owned",), ("purchases.delivery", "purchases.commissioning", *_POWER)),
    "fleet.gpus_online_peak": (("fleet.gpus_online",), ("installed.*count",)),
    "fleet.h100_equivalents": (("fleet.gpus_owned",), ("installed.*count",)),
    "power.it_online_added_w": (("fleet.gpus_online",), ("installed.*count", *_IT_W)),
    "power.chip_tdp_online_added_w": (("fleet.gpus_online",), ("installed.*count", "accelerators.*tdp_w")),
    "power.facility_online_added_w": (("power.it_online_added_w",), _POWER),
    "power.chip_tdp_added_w": (("fleet.gpus_bought",), ("accelerators.*tdp_w",)),
    "power.nvidia_chip_tdp_added_w": (("fleet.nvidia_gpus_bought",), ("accelerators.*tdp_w",)),
    "power.it_added_w": (("fleet.gpus_bought",), _IT_W),
    "power.nvidia_it_added_w": (("fleet.nvidia_gpus_bought",), _IT_W),
    "power.facility_added_w": (("power.it_added_w",), _POWER),
    "power.it_online_w": (("fleet.gpus_online",), _IT_W),
    "power.pue": ((), ("plants.*", "sites.*pue*", "defaults.training_mean_load_frac")),
    "power.energy_mwh": (("fleet.gpus_online", "power.pue"), (*_IT_W, "defaults.*load_frac")),
    "power.wue_l_per_kwh": (("power.pue",), ("plants.*",)),
    "finance.capex_usd": ((), (*_MONEY, "costs.*construction*", *_POWER, *_PRICES)),
    "finance.hardware_usd_per_gpu": ((), (*_PRICES, "purchases.offer*")),
    "finance.revenue_usd": (("fleet.gpus_online",), ("revenue.*", "workloads.*")),
    "finance.npv_usd": (("finance.capex_usd", "finance.revenue_usd", "power.energy_mwh"), (*_RATES, *_RUNNING)),
    "finance.irr_pct": (("finance.capex_usd", "finance.revenue_usd", "power.energy_mwh"), (*_RATES, *_RUNNING)),
    "finance.break_even_ads_uplift_pct": (("finance.npv_usd",), ("revenue.*",)),
    "finance.payback_months": (("finance.capex_usd", "finance.revenue_usd"), ("revenue.*", *_RUNNING)),
    "finance.usd_per_gpu_hour": (("finance.capex_usd", "power.energy_mwh"), (*_RATES, *_RUNNING)),
    "finance.usd_per_million_output_tokens": (("finance.usd_per_gpu_hour",), ("workloads.*",)),
}


def explanations(values: Mapping[str, float], paths: Sequence[str]) -> dict[str, Explanation]:
    """Return how each metric is made.

    Parameters
    ----------
    values : mapping of str to float
        Every metric.
    paths : sequence of str
        Paths of the plan's origins.

    Returns
    -------
    dict of str to Explanation
        By metric name; the inputs are metrics that are explained in turn.
    """
    units = {measure.name: measure.unit for measure in MEASURES}
    found = {}
    for measure in MEASURES:
        others, patterns = _MADE_OF[measure.name]
        found[measure.name] = Explanation(
            metric=measure.name,
            formula=measure.formula,
            inputs=tuple((name, say(values[name], units[name])) for name in others),
            origins=tuple(sorted({path for path in paths if any(fnmatchcase(path, pattern) for pattern in patterns)})),
        )
    return found
