"""Plan AI data centres: from dollars and megawatts to GPUs online, models trained, tokens served and cash earned.

>>> import gigawatt as gw
>>> plan = gw.plan("meta-2025")                         # doctest: +SKIP
>>> plan.metric("fleet.gpus_bought").value              # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gigawatt import catalogue, errors
    from gigawatt.planning.plan import Plan
    from gigawatt.planning.python import compare, load, optimise, serve, train
    from gigawatt.scenario.model import Scenario
    from gigawatt.views.notebook.fleet import simulate_fleet
    from gigawatt.views.notebook.plan import plan
    from gigawatt.views.notebook.study import study

# public name -> module that holds it; read when first asked for, so that importing gigawatt stays fast
_HOMES = {
    "Plan": "gigawatt.planning.plan",
    "Scenario": "gigawatt.scenario.model",
    "compare": "gigawatt.planning.python",
    "load": "gigawatt.planning.python",
    "optimise": "gigawatt.planning.python",
    "plan": "gigawatt.views.notebook.plan",
    "serve": "gigawatt.planning.python",
    "simulate_fleet": "gigawatt.views.notebook.fleet",
    "study": "gigawatt.views.notebook.study",
    "train": "gigawatt.planning.python",
}
__all__ = [
    "Plan",
    "Scenario",
    "catalogue",
    "compare",
    "errors",
    "load",
    "optimise",
    "plan",
    "serve",
    "simulate_fleet",
    "study",
    "train",
]


def __getattr__(name: str) -> Any:
    """Fetch a public name from its room."""
    if name in ("catalogue", "errors"):
        return import_module(f"gigawatt.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    message = f"module 'gigawatt' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
