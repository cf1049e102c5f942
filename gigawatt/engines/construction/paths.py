"""What a building and a power path consist of: the tables of stages.

A stage is a kind of activity; its lead time is looked up by its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A kind of activity of a power path.

    Attributes
    ----------
    name : str
        Key of the lead times.
    after : tuple of str
        Stages it needs.
    ordered_ahead : bool
        Whether it may begin before clearing, by the head start of its source; else it needs the cleared land.
    each_block : bool
        Whether each block of power has one, one after the other, or one serves them all.
    """

    name: str
    after: tuple[str, ...] = ()
    ordered_ahead: bool = False
    each_block: bool = True


# Trades of a building in their order; each overlaps the next.
BUILDING_STAGES: dict[str, tuple[str, ...]] = {
    "new": (
        "earthworks",
        "foundations",
        "steel-and-roof",
        "mep-rough-in",
        "equipment-set",
        "commissioning-l1-l3",
        "commissioning-l4-l5",
    ),
    "retrofit": ("strip-out", "retrofit-fit-out", "retrofit-commissioning"),
}

# The stage for which equipment must be on site, and the stage after which racks may be set: power and cooling of the
# hall have been started (level 3), while the tests of the whole (levels 4 and 5) still run on load banks.
EQUIPMENT_NEEDED: dict[str, str] = {"new": "equipment-set", "retrofit": "retrofit-fit-out"}
RACKS_AFTER: dict[str, str] = {"new": "commissioning-l1-l3", "retrofit": "retrofit-fit-out"}

# Long-lead equipment: ordered for each building. A retrofit is bought from stock or diverted from other projects.
EQUIPMENT: dict[str, tuple[str, ...]] = {
    "new": ("switchgear", "generators", "chillers", "ups"),
    "retrofit": ("stock-equipment",),
}

POWER_PATHS: dict[str, tuple[Stage, ...]] = {
    "grid-new": (
        Stage("grid-study", ordered_ahead=True, each_block=False),
        Stage("grid-agreement", ("grid-study",), ordered_ahead=True, each_block=False),
        Stage("hv-transformer", ("grid-agreement",), ordered_ahead=True, each_block=False),
        Stage("hv-line", ("grid-agreement",), each_block=False),
        Stage("substation", ("grid-agreement",), each_block=False),
        Stage("grid-energise", ("hv-transformer", "hv-line", "substation")),
    ),
    "grid-existing": (
        Stage("substation-tie-in", ordered_ahead=True, each_block=False),
        Stage("grid-energise", ("substation-tie-in",)),
    ),
    "onsite-gas": (
        Stage("turbine-order", ordered_ahead=True, each_block=False),
        Stage("air-permit", ordered_ahead=True, each_block=False),
        Stage("turbine-pad", each_block=False),
        Stage("gas-lateral", each_block=False),
        Stage("turbine-erection", ("turbine-order", "air-permit", "turbine-pad", "gas-lateral")),
    ),
    "onsite-gas-reserved": (
        Stage("reserved-turbine", ordered_ahead=True, each_block=False),
        Stage("simple-cycle-pad", each_block=False),
        Stage("gas-tap", each_block=False),
        Stage("simple-cycle-erection", ("reserved-turbine", "simple-cycle-pad", "gas-tap")),
    ),
    "reciprocating": (
        Stage("reciprocating-order", ordered_ahead=True, each_block=False),
        Stage("engine-hall", each_block=False),
        Stage("gas-tap", each_block=False),
        Stage("reciprocating-erection", ("reciprocating-order", "engine-hall", "gas-tap")),
    ),
    "mobile-gas": (
        Stage("mobile-turbines", ordered_ahead=True, each_block=False),
        Stage("mobile-hook-up", ("mobile-turbines",)),
    ),
}

SITE_STAGES = ("site-control", "permits")  # before clearing
CAMPUS_STAGE = "site-works"  # clearing, roads, drainage, site utilities
BURN_IN = "burn-in"
RACKS = "racks"
START = "start-interval"


def required_leads(building_kind: str, power_paths: tuple[str, ...]) -> set[str]:
    """Names of the lead times that a campus needs.

    Parameters
    ----------
    building_kind : str
        Key of `BUILDING_STAGES`.
    power_paths : tuple of str
        Keys of `POWER_PATHS`.

    Returns
    -------
    set of str
        Keys that `CampusInputs.leads` must have.

    Examples
    --------
    >>> sorted(required_leads("retrofit", ("mobile-gas",)))[:3]
    ['burn-in', 'mobile-hook-up', 'mobile-turbines']
    """
    stages = {stage.name for path in power_paths for stage in POWER_PATHS[path]}
    site = set() if building_kind == "retrofit" else {CAMPUS_STAGE}
    return stages | site | {*BUILDING_STAGES[building_kind], *EQUIPMENT[building_kind], BURN_IN}
