"""Turn catalogue entries into the plain types that the engines calculate with.

The catalogue keeps a figure with its source; an engine wants a float in SI units. Only this file knows both.
"""

from __future__ import annotations

from dataclasses import fields, replace

from gigawatt.catalogue import schema
from gigawatt.catalogue.store import Catalogue
from gigawatt.engines.hardware.types import Accelerator, Efficiency, Fabric, Transformer
from gigawatt.records import Quantity

# Idle over loaded system power where an entry gives no idle figure. ASSUMPTION: an idle 8-GPU H100 server draws about
# 0.25-0.35 of its draw under training load, fans and host included.
IDLE_OF_SYSTEM_POWER_FRAC = 0.3
# Fabric figures where the catalogue holds no network of that kind. ASSUMPTIONS: achieved share of the line rate as
# measured with large all-reduce messages on NVLink and on 400 Gb/s InfiniBand or Ethernet; step latencies of the same.
SCALE_UP_EFFICIENCY_FRAC = 0.8
SCALE_UP_HOP_LATENCY_S = 1.5e-6
PCIE_EFFICIENCY_FRAC = 0.7
PCIE_HOP_LATENCY_S = 5e-6
SCALE_OUT_EFFICIENCY_FRAC = 0.8
SCALE_OUT_HOP_LATENCY_S = 5e-6
# The scale-up fabric of each generation: the start of the network's id in the catalogue.
SCALE_UP_OF_GENERATION = {
    "ampere": "nvlink3",
    "hopper": "nvlink4",
    "blackwell": "nvlink5",
    "rubin": "nvlink",
    "cdna": "infinity",
    "tpu": "ici",
    "trainium": "neuronlink",
    "gaudi": "gaudi",
}
# Below this rate per direction a scale-up link is PCI Express, not a dedicated fabric: PCIe 6.0 x16 is 128 GB/s.
SLOWEST_DEDICATED_LINK_BYTES_PER_S = 130e9
_SHARED_FIELDS = tuple(field.name for field in fields(Transformer) if field.name in schema.LanguageModel.model_fields)


def _network(catalogue: Catalogue, name: str, scope: str) -> schema.Network | None:
    """Find a network by id, else by the start of its id, within a scope."""
    if not name:
        return None
    shelf = catalogue.networks
    if name in shelf:
        return shelf[name]
    for network in shelf:
        if network.startswith(name) and shelf[network].scope == scope:
            return shelf[network]
    return None


def _fabric(network: schema.Network | None, bytes_per_s: float, efficiency_frac: float, latency_s: float) -> Fabric:
    """Join a link rate with what the catalogue, or else the default, says about its network."""
    if network is None:
        return Fabric(bytes_per_s, efficiency_frac, latency_s)
    return Fabric(bytes_per_s, network.efficiency_frac.value, network.hop_latency_s.value, network.in_network_reduction)


def _value(figure: Quantity | None) -> float | None:
    """Return a figure's central value, None where there is none."""
    return figure.value if figure else None


def _measured_fabric(fabric: Fabric, efficiency: Quantity | None, latency: Quantity | None) -> Fabric:
    """Put measured figures of a network in place of the catalogue's."""
    return replace(
        fabric,
        efficiency_frac=efficiency.value if efficiency else fabric.efficiency_frac,
        hop_latency_s=latency.value if latency else fabric.hop_latency_s,
    )


def with_profile(plain: Accelerator, profile: schema.EfficiencyProfile) -> Accelerator:
    """Lay what was measured over an accelerator; what the profile does not hold stays.

    Parameters
    ----------
    plain : Accelerator
        As the catalogue describes it.
    profile : schema.EfficiencyProfile
        Measured figures.

    Returns
    -------
    Accelerator
    """
    return replace(
        plain,
        scale_up=_measured_fabric(plain.scale_up, profile.scale_up_frac, profile.scale_up_hop_latency_s),
        scale_out=_measured_fabric(plain.scale_out, profile.scale_out_frac, profile.scale_out_hop_latency_s),
        efficiency=Efficiency(
            gemm_frac={precision: figure.value for precision, figure in profile.gemm_frac.items()},
            gemm_traffic_ratio={precision: figure.value for precision, figure in profile.gemm_traffic_ratio.items()},
            attention_frac=_value(profile.attention_frac),
            attention_training_frac=_value(profile.attention_training_frac),
            hbm_frac=_value(profile.hbm_frac),
            scale_up_frac=_value(profile.scale_up_frac),
            in_network_frac=_value(profile.in_network_frac),
        ),
    )


def profile_of(name: str, catalogue: Catalogue) -> schema.EfficiencyProfile | None:
    """Return the efficiency profile of an accelerator; the last one where several describe it."""
    shelf = catalogue.shelf("profiles")
    found: schema.EfficiencyProfile | None = None
    for each in shelf:
        if shelf[each].accelerator == name:
            found = shelf[each]
    return found


def profile_figures(name: str, catalogue: Catalogue) -> dict[str, Quantity]:
    """Return the measured figures that the engines take for an accelerator, by dotted path; none without a profile."""
    profile = profile_of(name, catalogue)
    found = profile.figures() if profile else {}
    shown_only = ("kernel_launch_s", "residual_frac")
    return {f"profiles.{name}.{path}": item for path, item in found.items() if not path.startswith(shown_only)}


def accelerator(entry: schema.Accelerator, catalogue: Catalogue, *, measured: bool = True) -> Accelerator:
    """Turn a catalogue accelerator into the engines' description.

    Parameters
    ----------
    entry : schema.Accelerator
        The catalogue's entry, every figure with its source.
    catalogue : Catalogue
        Where its networks, and its efficiency profile, are looked up.
    measured : bool
        Whether a profile, where the catalogue holds one, goes before the constants of its generation.

    Returns
    -------
    Accelerator
        Central values, SI units. Idle power falls back to `IDLE_OF_SYSTEM_POWER_FRAC` of system power, fabrics
        to the defaults at the head of this module.
    """
    link_bytes_per_s = entry.scale_up_bytes_per_s.value
    dedicated = link_bytes_per_s >= SLOWEST_DEDICATED_LINK_BYTES_PER_S
    family = next((name for key, name in SCALE_UP_OF_GENERATION.items() if entry.generation.startswith(key)), "")
    scale_up = _fabric(
        _network(catalogue, family if dedicated else "pcie", "scale-up"),
        link_bytes_per_s,
        SCALE_UP_EFFICIENCY_FRAC if dedicated else PCIE_EFFICIENCY_FRAC,
        SCALE_UP_HOP_LATENCY_S if dedicated else PCIE_HOP_LATENCY_S,
    )
    scale_out = _fabric(
        _network(catalogue, entry.network, "scale-out"),
        entry.scale_out_bytes_per_s.value,
        SCALE_OUT_EFFICIENCY_FRAC,
        SCALE_OUT_HOP_LATENCY_S,
    )
    idle_w = entry.idle_w.value if entry.idle_w else IDLE_OF_SYSTEM_POWER_FRAC * entry.system_w.value
    plain = Accelerator(
        name=entry.id,
        generation=entry.generation,
        dense_flop_per_s={precision: figure.value for precision, figure in entry.dense_flop_per_s.items()},
        hbm_bytes=entry.hbm_bytes.value,
        hbm_bytes_per_s=entry.hbm_bytes_per_s.value,
        scale_up_domain_count=round(entry.scale_up_domain_count.value),
        accelerators_per_node=entry.accelerators_per_node,
        scale_up=scale_up,
        scale_out=scale_out,
        tdp_w=entry.tdp_w.value,
        system_w=entry.system_w.value,
        idle_w=idle_w,
    )
    profile = profile_of(entry.id, catalogue) if measured else None
    return with_profile(plain, profile) if profile else plain


def transformer(entry: schema.LanguageModel) -> Transformer:
    """Turn a catalogue model into the engines' description.

    Parameters
    ----------
    entry : schema.LanguageModel
        The catalogue's entry.

    Returns
    -------
    Transformer
        The fields that both know, under the same names, with the published parameter counts.
    """
    shared = {name: getattr(entry, name) for name in _SHARED_FIELDS}
    shared |= {
        "name": entry.id,
        "total_parameters_count": entry.total_parameters_count.value,
        "active_parameters_count": entry.active_parameters_count.value,
    }
    return Transformer(**shared)
