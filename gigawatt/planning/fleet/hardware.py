"""The hardware of a fleet: accelerators of the catalogue as partitions of equal nodes, and what fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.failures import Reliability
from gigawatt.catalogue.schema import Accelerator
from gigawatt.engines.fleet.simulation import Hazards, Partition
from gigawatt.planning.convert import IDLE_OF_SYSTEM_POWER_FRAC
from gigawatt.planning.figures import Figures
from gigawatt.planning.fleet.question import Question
from gigawatt.planning.wiring.hazards import hazards

LARGEST_RACK_GPUS = 144  # scale-up domains beyond it (TPU pods) are wired over many racks, which fail apart
POD_GPUS = 3072  # ASSUMPTION: of one set of leaf switches, as in the Llama 3 cluster (Grattafiori et al., 2024)
POWER_ZONE_GPUS = 12288  # ASSUMPTION: four such pods to a power feed and a cooling loop
NEVER = "none"  # in place of a reliability entry: nothing fails


@dataclass(frozen=True, slots=True)
class GpuWatts:
    """All-in IT power of an accelerator with its share of server, network and storage.

    Attributes
    ----------
    idle_w, full_w : float
        Waiting; at the rating. [W]
    """

    idle_w: float
    full_w: float

    def load_frac(self, mean_w: float) -> float:
        """Return where a mean power lies between idle and full. [-]."""
        return min(max((mean_w - self.idle_w) / (self.full_w - self.idle_w), 0.0), 1.0)


def gpu_watts(entry: Accelerator, figures: Figures) -> GpuWatts:
    """Return what an accelerator draws, idle and at its rating."""
    full_w = figures(f"accelerators.{entry.id}.system_w", entry.system_w)
    if entry.idle_w is None:
        return GpuWatts(IDLE_OF_SYSTEM_POWER_FRAC * full_w, full_w)
    return GpuWatts(figures(f"accelerators.{entry.id}.idle_w", entry.idle_w), full_w)


def node_gpus(entries: Sequence[Accelerator], reliability: Reliability | None) -> int:
    """Return the accelerators of a node: the accelerator's own, or where kinds differ those of the failure rate.

    The simulator has one failure rate a node for the whole fleet; kinds with nodes of different sizes are therefore
    counted in nodes of the size that the rate is stated for.
    """
    sizes = {entry.accelerators_per_node for entry in entries}
    if len(sizes) == 1:
        return sizes.pop()
    return reliability.node_gpus if reliability else min(sizes)


def partition(
    entry: Accelerator, gpus: int, figures: Figures, *, site: str, node_gpus_count: int, name: str = ""
) -> Partition:
    """Return accelerators of one kind at one site.

    Parameters
    ----------
    entry : Accelerator
    gpus : int
        Rounded up to whole nodes.
    figures : Figures
    site : str
    node_gpus_count : int
        From `node_gpus`.
    name : str
        The accelerator's id where empty.

    Returns
    -------
    Partition
        A job that restarts or writes a checkpoint leaves its accelerators at idle power.
    """
    watts = gpu_watts(entry, figures)
    domain = int(entry.scale_up_domain_count.value)
    rack = domain // node_gpus_count if domain <= LARGEST_RACK_GPUS else 1
    return Partition(
        name=name or entry.id,
        site=site,
        nodes_count=max(-(-gpus // node_gpus_count), 1),
        node_gpus_count=node_gpus_count,
        rack_nodes_count=max(rack, 1),
        pod_nodes_count=max(POD_GPUS // node_gpus_count, 1),
        power_zone_nodes_count=max(POWER_ZONE_GPUS // node_gpus_count, 1),
        idle_w=watts.idle_w,
        busy_w=watts.full_w,
        stalled_w=watts.idle_w,
    )


def fleet_hazards(
    catalogue: Catalogue,
    entry: Reliability | None,
    node_gpus_count: int,
    asked: Question,
    figures: Figures,
    *,
    many: bool = False,
) -> Hazards:
    """Return what fails and how it is mended, at the rate of nodes of this size.

    Parameters
    ----------
    catalogue : Catalogue
    entry : Reliability or None
        None: no node fails.
    node_gpus_count : int
        Of the fleet's nodes; the rate is stated for nodes of `entry.node_gpus`.
    asked : Question
    figures : Figures
    many : bool
        Whether jobs stand for many: what stops jobs and leaves nodes healthy then strikes nodes, not jobs.

    Returns
    -------
    Hazards
    """
    found = Hazards(())
    if entry is not None:
        found = hazards(
            catalogue, entry, figures, technicians_count=asked.technicians_count, ageing=asked.age_s >= 0.0,
            of_jobs=many and asked.software_failures_per_gpu_day < 0.0,
        )  # fmt: skip
    ratio = node_gpus_count / entry.node_gpus if entry else 1.0
    scaled = (replace(part, failures_per_node_day=part.failures_per_node_day * ratio) for part in found.components)
    return replace(
        found,
        components=tuple(scaled),
        lemon_removed_after_count=asked.lemons_out_after_count,
        lemon_window_s=asked.lemon_window_s,
        replacement_s=asked.replacement_s,
        straggler_frac=asked.straggler_frac,
        straggler_speed_frac=asked.straggler_speed_frac,
    )
