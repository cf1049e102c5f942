"""Facts: accelerators, models, sites, prices and rates, each figure with its source."""

from gigawatt.catalogue.schema import KINDS
from gigawatt.catalogue.store import Catalogue, load

__all__ = ["KINDS", "Catalogue", "load"]
