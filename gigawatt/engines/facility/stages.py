"""Stages of power chains, the chains built of them, and the spare units they may have.

A stage's three terms are losses at full load over its rating. Laws and makers publish efficiencies at a few loads; the
terms are set to meet them and are estimates in so far. Where nothing is published the whole figure is an estimate and
its range stands beside it. `tests/unit/facility/test_power_chain.py` holds the published ends.
"""

from __future__ import annotations

from gigawatt.engines.facility.losses import Redundancy, Stage

STAGES: dict[str, Stage] = {
    # Peak efficiency 99.77 %: what Regulation (EU) 548/2014, tier 2, asks of power transformers of 100 MVA and more.
    "hv-transformer": Stage("hv-transformer", 0.0006, 0.0, 0.0023, indoor=False, trunk=True),
    # Medium-voltage cable and switchgear, 0.3 % at full load. Estimate, 0.1 to 0.5 %
    "mv-distribution": Stage("mv-distribution", 0.0, 0.0, 0.003, indoor=False, trunk=True),
    # 99.53 % at half load: the least that 10 CFR 431.196 allows of a liquid-immersed 2,500 kVA unit.
    "lv-transformer": Stage("lv-transformer", 0.0012, 0.0, 0.0046, indoor=False),
    # Double conversion: 95.9 % at 50 %, 96.4 % at 75 %, 93.9 % at 25 % load. Estimate, 94 to 97 % from half load up;
    # LBNL, 2024 United States Data Center Energy Usage Report, table 4.3: 90-99 % for UPS of hyperscale and AI halls.
    "ups-double-conversion": Stage("ups-double-conversion", 0.012, 0.015, 0.008, indoor=True),
    # Through the bypass with the inverter waiting: 98.6-98.8 % at half load and above. Schneider Electric, Galaxy VX
    # operation manual 990-5452: a third of the losses of double conversion.
    "ups-eco": Stage("ups-eco", 0.004, 0.004, 0.004, indoor=True),
    # Busway and tap-off or PDU without a transformer: 0.9 % at full load. Estimate, 0.5 to 1.5 %
    "busway-480v": Stage("busway-480v", 0.001, 0.0, 0.008, indoor=True),
    # Rectifier from low voltage to 800 V DC, before the racks: 98.1 % from half load up. Estimate, 97.5 to 98.5 %
    "rectifier-800v": Stage("rectifier-800v", 0.003, 0.009, 0.008, indoor=True),
    # The same copper carries more power at 800 V: less than half the loss of 480 V busway. Estimate,
    # 0.2 to 0.6 % at full load
    "busway-800v": Stage("busway-800v", 0.0002, 0.0, 0.003, indoor=True),
    # Batteries at the busway or row in float, with the switch in their path: 0.3 % at full load. Estimate, 0.1 to 0.5 %
    "row-battery": Stage("row-battery", 0.001, 0.0, 0.002, indoor=True),
    # The stages of the generic chain: somewhat older machines, whose losses a plant's stated efficiency scales.
    "generic-hv-transformer": Stage("generic-hv-transformer", 0.001, 0.0, 0.004, indoor=False, trunk=True),
    "generic-lv-transformer": Stage("generic-lv-transformer", 0.002, 0.0, 0.010, indoor=False),
}

# From the meter to the rack. Batteries inside a rack are behind the boundary of the PUE.
CHAINS: dict[str, tuple[str, ...]] = {
    "generic": (
        "generic-hv-transformer", "mv-distribution", "generic-lv-transformer", "ups-double-conversion", "busway-480v",
    ),
    "double-conversion-480v": (
        "hv-transformer", "mv-distribution", "lv-transformer", "ups-double-conversion", "busway-480v",
    ),
    "eco-ups-480v": ("hv-transformer", "mv-distribution", "lv-transformer", "ups-eco", "busway-480v"),
    "rack-battery-480v": ("hv-transformer", "mv-distribution", "lv-transformer", "busway-480v"),
    "dc-800v": ("hv-transformer", "mv-distribution", "lv-transformer", "rectifier-800v", "busway-800v"),
}  # fmt: skip

# Inside the rack: IT by the boundary of the PUE, so these losses are part of the IT power, not of the overhead.
RACK_STAGES: dict[str, Stage] = {
    # AC to 50 V: 97.6 % at half load. 80 PLUS Titanium asks for 96 % there, Open Rack V3 for a peak of 97.5 %; the
    # rectifiers of Frontier are at 96 % (Scientific Data 11:1077, 2024).
    "power-shelf": Stage("power-shelf", 0.005, 0.008, 0.012, indoor=True),
    # Battery shelf of the rack in float, on its 50 V bar. Estimate, 0.1 to 0.4 % at full load
    "battery-shelf": Stage("battery-shelf", 0.001, 0.0, 0.001, indoor=True),
    # 800 V DC to 50 V or 12 V: 98.1 % at half load. Frontier's are at 98 % (the same). Estimate, 97.5 to 98.5 %
    "dc-converter": Stage("dc-converter", 0.003, 0.008, 0.009, indoor=True),
    # From the bar to the core of the chip, two steps: 90 % at full load. Estimate, 86 to 93 %. A rating is taken
    # at the input, so for accelerators this loss is inside the chip's rated power.
    "board": Stage("board", 0.01, 0.06, 0.04, indoor=True),
}
RACK_CHAINS: dict[str, tuple[str, ...]] = {
    "generic": ("power-shelf", "board"),
    "double-conversion-480v": ("power-shelf", "board"),
    "eco-ups-480v": ("power-shelf", "board"),
    "rack-battery-480v": ("power-shelf", "battery-shelf", "board"),
    "dc-800v": ("dc-converter", "board"),
}

# Blocks of four plus one, as halls of a few tens of megawatts are built; "none" is what training halls have.
REDUNDANCY: dict[str, Redundancy] = {
    "none": Redundancy(1, 1),
    "N": Redundancy(1, 1),
    "N+1": Redundancy(4, 5),
    "2N": Redundancy(1, 2),
    "4-to-make-3": Redundancy(3, 4),
    "5-to-make-4": Redundancy(4, 5),
    "block-redundant": Redundancy(5, 6, shared=False),  # one catcher, idle until another unit fails
}
