"""What one rank holds of the model's weights, by kind of weight."""

from __future__ import annotations

from typing import NamedTuple

from gigawatt.engines.training.columns import Column


class Shares(NamedTuple):
    """Share of each kind of weight that one rank of a parallel dimension holds [-]."""

    trunk: Column  # attention, dense feed-forward, shared experts
    experts: Column  # routed experts
    norms: Column  # norms and routers, which tensor parallelism does not divide
    tables: Column  # input embedding and output head
