"""All that the engineer can write."""

from __future__ import annotations

from gigawatt.engines.policy import Features
from gigawatt.planning.engineer.fleet_targets import FLEET_TARGETS
from gigawatt.planning.engineer.router_target import ROUTER
from gigawatt.planning.engineer.target import Target

TARGETS: dict[str, Target] = {item.name: item for item in (*FLEET_TARGETS, ROUTER)}


def names_by_hand(target: str) -> tuple[str, ...]:
    """Return the rules by hand: those of the simulator, then those of the books."""
    return (*TARGETS[target].rivals, *TARGETS[target].books)


def features_of(target: str) -> Features:
    """Return what policies of a target can read."""
    return TARGETS[target].features
