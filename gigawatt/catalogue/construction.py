"""How long it takes to build, with how many people, and what a builder's price consists of."""

from __future__ import annotations

from gigawatt.catalogue.entry import Entry
from gigawatt.records import Quantity


class Construction(Entry):
    """Lead times and costs of building a campus; of a lead time `value` is the median, `high` the 90th percentile."""

    lead_days: dict[str, Quantity]  # by kind of activity, keys as in engines/construction/paths.py
    head_start_days: dict[str, Quantity]  # by power path: how long before clearing its first step is taken
    power_block_mw: dict[str, Quantity]  # by power path: what is energised at a time
    equipment_head_start_days: Quantity  # how long before clearing long-lead equipment is ordered
    overlap_frac: Quantity  # of successive trades in one building, of the shorter one
    start_interval_days: Quantity  # from one building's start to the next, of `interval_building_mw` each
    interval_building_mw: Quantity
    crew_per_100_mw_count: dict[str, Quantity]  # people on site per 100 facility MW of building, by kind of activity
    crew_cap_count: Quantity  # most people on one site
    rack_kw: Quantity  # facility power per rack
    racks_per_day: Quantity  # set, cabled and filled; `low` is what nine of ten campuses exceed
    site_correlation_frac: Quantity  # variance of log durations that all activities of a site share
    construction_usd_per_w: Quantity  # builder's price per CRITICAL watt, without land, soft costs, owner's equipment
    cost_share_frac: dict[str, Quantity]  # of the builder's price, by building block
    soft_cost_frac: Quantity  # design, permits, management, insurance, contingency; over the builder's price
    owner_furnished_frac: Quantity  # equipment bought by the owner and installed by the builder; over the same
    land_usd_per_m2: Quantity
