"""The best build-out under budget, supply and power: a mixed-integer programme, its bound, and what its limits cost."""

from gigawatt.engines.buildout.optimise.program import Progress, Tell
from gigawatt.engines.buildout.optimise.results import Choice, Clash, Optimum, Price, Switch
from gigawatt.engines.buildout.optimise.solve import evaluate, optimise
from gigawatt.engines.buildout.optimise.types import (
    CloudOption,
    Goal,
    HallOption,
    Limit,
    OptimiseInputs,
    PoolNeed,
    RunNeed,
    Way,
)

__all__ = [
    "Choice",
    "Clash",
    "CloudOption",
    "Goal",
    "HallOption",
    "Limit",
    "OptimiseInputs",
    "Optimum",
    "PoolNeed",
    "Price",
    "Progress",
    "RunNeed",
    "Switch",
    "Tell",
    "Way",
    "evaluate",
    "optimise",
]
