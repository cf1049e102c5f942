"""Who goes first: one file for each rule. `POLICIES` is what users choose from; nothing compiled is loaded here.

A policy is an order of the waiting jobs (`key`, in the file of its name) and a few switches. To add one: write the
file, enter it in `POLICIES` with the next code, and dispatch the code in `kernel.order`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule for the order of jobs.

    Attributes
    ----------
    code : int
        What the kernel dispatches on.
    about : str
        One line.
    backfill : int
        0: nobody passes a blocked job; 1: who does not delay the first blocked one; 2: who delays none that was
        looked at.
    by_tenant : bool
        One queue for each tenant.
    ranks : bool
        A job may arrive that goes before those that wait.
    strict_pods : bool
        A job that fits into a pod waits for one.
    saves_power : bool
        No job starts that would take its site over its limit of power.
    """

    code: int
    about: str
    backfill: int = 0
    by_tenant: bool = False
    ranks: bool = True
    strict_pods: bool = False
    saves_power: bool = False


POLICIES = {
    "fifo": Policy(0, "In order of submission; the first blocked job blocks the rest.", ranks=False),
    "priority": Policy(1, "Higher classes first, in order of submission within; may preempt."),
    "fair-share": Policy(2, "The tenant that used least of its share lately goes first.", by_tenant=True),
    "shortest": Policy(3, "Shortest stated running time first."),
    "smallest": Policy(4, "Fewest accelerators first."),
    "easy-backfill": Policy(5, "By priority; others pass if they do not delay the first blocked job.", backfill=1),
    "conservative-backfill": Policy(6, "By priority; others pass if they delay no job before them.", backfill=2),
    "gang-topology": Policy(
        7, "Like easy-backfill; a job that fits into a pod waits for one.", backfill=1, strict_pods=True
    ),
    "energy-aware": Policy(8, "Like easy-backfill; no start over the power limit.", backfill=1, saves_power=True),
}
