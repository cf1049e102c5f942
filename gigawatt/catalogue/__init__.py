"""Facts: accelerators, models, sites, prices and rates, each figure with its source.

>>> from gigawatt import catalogue
>>> catalogue.accelerators["h100-sxm"].tdp_w.value
700.0
"""

from typing import Any

from gigawatt.catalogue.schema import KINDS
from gigawatt.catalogue.store import Catalogue, load

__all__ = ["KINDS", "Catalogue", "load"]


def __getattr__(name: str) -> Any:
    """Let `catalogue.accelerators` stand for the shelf of the shipped catalogue."""
    if name in KINDS:
        return load().shelf(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
