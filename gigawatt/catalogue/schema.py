"""What the catalogue holds: one frozen pydantic model per kind of thing; `entry` says how a figure is written."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from gigawatt.catalogue.benchmarks import ServingTask
from gigawatt.catalogue.construction import Construction
from gigawatt.catalogue.entry import Entry, Text
from gigawatt.catalogue.failures import Checkpointing, Reliability, Repair
from gigawatt.catalogue.supply import GridArea, SupplyKind
from gigawatt.catalogue.workloads import ClusterWorkload
from gigawatt.records import Quantity


class Source(BaseModel):
    """An entry of the bibliography."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    publisher: str
    url: str
    date: Text = ""
    licence: str = ""
    accessed: Text = ""
    note: str = ""


class Accelerator(Entry):
    """A GPU or other AI chip, counted as the vendor's unit of sale per package (GB200 counts 2 per superchip)."""

    vendor: str
    generation: str  # key of the engines' efficiency tables: ampere, hopper, blackwell, cdna3, tpu-v5, ...
    available_from: Text  # first month of volume delivery
    dense_flop_per_s: dict[str, Quantity]  # by precision: fp32, tf32, bf16, fp8, fp4, int8; dense, never sparse
    hbm_bytes: Quantity
    hbm_bytes_per_s: Quantity
    scale_up_domain_count: Quantity  # accelerators that share the scale-up fabric
    scale_up_bytes_per_s: Quantity  # per accelerator, ONE direction
    scale_out_bytes_per_s: Quantity  # per accelerator, ONE direction
    accelerators_per_node: int = 8
    network: str = ""  # id of the usual scale-out network
    tdp_w: Quantity  # chip or package rating
    system_w: Quantity  # all-in IT power per accelerator: server, its share of network, storage and CPU nodes
    idle_w: Quantity | None = None  # system power per accelerator when idle
    price_usd: Quantity | None = None  # accelerator alone, as bought in volume at `as_of`
    server_usd_per_gpu: Quantity | None = None  # rest of the server or rack per accelerator
    network_usd_per_gpu: Quantity | None = None  # scale-out network and storage per accelerator
    price_history_usd: dict[str, Quantity] = {}  # by year


class Network(Entry):
    """A fabric: latency and achieved share of the line rate."""

    scope: Literal["scale-up", "scale-out"]
    hop_latency_s: Quantity
    efficiency_frac: Quantity  # large-message achieved share of one-direction peak
    in_network_reduction: bool = False


class LanguageModel(Entry):
    """A transformer language model: the architecture down to heads, experts and vocabulary."""

    developer: str
    released: Text = ""
    licence: str = ""
    open_weights: bool = False
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int  # of queries and keys; with latent attention the part without position
    ffn_hidden: int  # of the dense feed-forward layers
    vocabulary: int
    gated_mlp: bool = True
    tied_embeddings: bool = False
    learned_positions: int = 0  # rows of a learned position table; 0 for rotary
    attention_bias: bool = False  # on the query, key and value projections
    attention_output_bias: bool = False  # on the output projection
    mlp_bias: bool = False  # on every feed-forward matrix and the router
    qk_norm: bool = False
    qk_norm_full_width: bool = False  # the norm of queries and keys spans all heads (OLMo 2), not each head alone
    norm_has_bias: bool = False  # LayerNorm with bias (GPT) rather than RMSNorm
    norms_per_layer: int = 2
    # mixture of experts; experts = 0 for a dense model
    experts: int = 0
    top_k: int = 0
    expert_ffn_hidden: int = 0
    shared_expert_ffn_hidden: int = 0  # total width of the shared experts
    shared_expert_gate: bool = False  # one gate value per token on the shared experts (Qwen2-MoE)
    dense_layers: int = 0  # layers with a dense feed-forward in a mixture-of-experts model
    # multi-head latent attention; kv_lora_rank = 0 for ordinary attention
    q_lora_rank: int = 0
    kv_lora_rank: int = 0
    rope_head_dim: int = 0
    value_head_dim: int = 0
    # windowed attention: `windowed_layers` of the layers see only `attention_window` tokens
    attention_window: int = 0
    windowed_layers: int = 0
    chunked_attention: bool = False  # the window is a fixed chunk (Llama 4), not sliding
    attention_sink: bool = False  # one learned sink per head in the softmax (gpt-oss)
    mtp_layers: int = 0  # multi-token prediction layers
    state_space_layers: int = 0  # layers that are Mamba or another state-space mixer instead of attention
    embedding_norm: bool = False  # a norm after the embedding (BLOOM)
    vision_parameters: int = 0  # vision tower and its projection, which no text token passes
    max_context: int = 0
    total_parameters_count: Quantity  # as published
    active_parameters_count: Quantity  # as published; equal to the total for dense models
    training_tokens: Quantity | None = None  # as published
    training_gpu_hours_h: Quantity | None = None  # as published, summed over accelerators
    training_accelerator: str = ""  # id of the accelerator it was trained on


class Site(Entry):
    """A real place: where, how much power by when, how large, what weather and tariff."""

    operator: str
    place: str
    latitude: float
    longitude: float
    status: Literal["operating", "under-construction", "announced"]
    facility_mw: dict[str, Quantity]  # energised facility power by month, "2025-02": ...
    planned_mw: Quantity | None = None  # facility power when complete
    site_m2: Quantity | None = None
    building_m2: Quantity | None = None
    capex_usd: Quantity | None = None  # as announced
    weather: str  # station id
    tariff: str  # tariff id
    plant: str  # cooling plant id
    grid: str = ""  # balancing authority, for carbon
    leased: bool = False  # shell and power are rented: rent instead of construction capex
    first_power_after_clearing_days: Quantity | None = None
    # For the build schedule: day of clearing, key of the construction engine's power paths, buildings of equal power.
    cleared: Text = ""
    power_path: str = ""
    buildings_count: Quantity | None = None


class Tariff(Entry):
    """A power price."""

    region: str
    energy_usd_per_mwh: Quantity  # all-in average, delivered
    demand_usd_per_mw_year: Quantity | None = None  # where billed apart
    carbon_kg_per_mwh: Quantity


class ChainStage(BaseModel):
    """A stage of a power chain: its name, spare units and rating over the IT rating."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    redundancy: str = ""
    rating_ratio: float = 1.0


class Plant(Entry):
    """A cooling and power plant design."""

    cooling: Literal[
        "air-chilled",
        "air-economiser",
        "evaporative",
        "liquid-adiabatic",
        "liquid-dry",
        "liquid-dry-air-chilled",
        "liquid-tower",
        "water-economiser",
    ]
    liquid_frac: Quantity  # share of IT heat taken by liquid
    liquid_supply_c: Quantity | None = None  # facility water temperature to the racks
    air_supply_c: Quantity | None = None
    # Meter to rack at 50-75 % load; with a named chain it scales the stages' losses, without it they hold as they are.
    power_chain_efficiency_frac: Quantity | None = None
    power_chain: str | tuple[ChainStage | str, ...] = ""  # a named chain, or its stages from the meter to the rack
    redundancy: str = "N"  # spare units behind the trunk: none, N, N+1, 2N, 4-to-make-3, 5-to-make-4, block-redundant
    overhead_frac: Quantity  # lighting, offices and other, of IT power
    it_density_w_per_m2: Quantity | None = None  # IT watts per building square metre
    dew_point_limit_c: Quantity | None = None  # highest dew point of the air at the servers
    dew_point_floor_c: Quantity | None = None  # lowest; halls with pads humidify below it
    cycles_of_concentration: Quantity | None = None  # salinity of tower or pad water over that of the make-up
    heat_reuse_frac: Quantity | None = None  # share of the liquid's heat given to others
    heat_reuse_c: Quantity | None = None  # temperature at which they take it
    heat_reuse_below_c: Quantity | None = None  # they take it in hours colder than this

    @model_validator(mode="after")
    def _has_a_chain(self) -> Plant:
        """Refuse a plant that says nothing of its power chain."""
        if self.power_chain_efficiency_frac is None and not self.power_chain:
            message = "power_chain: give a chain, or power_chain_efficiency_frac"
            raise ValueError(message)
        return self


class CostModel(Entry):
    """Construction and operating costs, lives and lead times of a region or source."""

    construction_usd_per_w: Quantity  # shell, electrical and mechanical, per facility watt
    construction_months: Quantity  # groundbreaking to energised
    land_usd_per_m2: Quantity | None = None
    maintenance_frac: Quantity  # of IT capex a year
    staff_usd_per_mw_year: Quantity
    facility_opex_usd_per_mw_year: Quantity | None = None
    lease_usd_per_mw_year: Quantity  # powered shell, rented, per facility MW
    spares_frac: Quantity  # accelerators bought beyond those in service


class EfficiencyProfile(Entry):
    """What was measured on accelerators of one's own; the engines put it before their generation's constants."""

    accelerator: str  # id of the accelerator it describes
    device: str = ""  # what the machine calls it
    software: str = ""
    measured_on: Text = ""
    measurements: tuple[str, ...] = ()  # the files, each with the start of its SHA-256
    gemm_frac: dict[str, Quantity] = {}  # by precision: share of dense peak of an endless product
    gemm_traffic_ratio: dict[str, Quantity] = {}  # by precision: exposed over least memory traffic of products
    kernel_launch_s: dict[str, Quantity] = {}  # by kind of kernel: time of an empty one; shown, not used by the engines
    attention_frac: Quantity | None = None  # share of bf16 peak, forward, head width 128, causal FLOPs
    attention_training_frac: Quantity | None = None  # the same of forward and backward together
    hbm_frac: Quantity | None = None  # share of memory bandwidth of a large copy
    scale_up_frac: Quantity | None = None  # share of the line rate that large messages achieve
    scale_up_hop_latency_s: Quantity | None = None
    in_network_frac: Quantity | None = None  # how far switches halve an all-reduce
    scale_out_frac: Quantity | None = None
    scale_out_hop_latency_s: Quantity | None = None
    residual_frac: dict[str, Quantity] = {}  # by what was fitted: median absolute relative error of the fit

    @model_validator(mode="after")
    def _possible(self) -> EfficiencyProfile:
        """Refuse what no machine can achieve: a share of nothing or of more than all, a negative time or traffic."""
        for path, figure in self.figures().items():
            field = path.split(".")[0]
            bounded = field.endswith("_frac") and field != "residual_frac"
            if figure.value < 0.0 or (bounded and figure.value > 1.0):
                message = f"{path}: {figure.value:g} is not from 0{' to 1' if bounded else ''}"
                raise ValueError(message)
            if bounded and field != "in_network_frac" and figure.value == 0.0:
                message = f"{path}: 0 says that nothing is ever achieved"
                raise ValueError(message)
        return self


class Claim(Entry):
    """A published corporate or market figure: what was announced, guided, reported or estimated."""

    entity: str
    item: str
    period: Text
    value: Quantity  # bare number in `unit`
    unit: str


class TaxLaw(Entry):
    """A law on income tax: what may be deducted when. A year takes the bonus of the latest year not after it."""

    enacted: Text
    rate_frac: Quantity
    loss_use_frac: Quantity  # most of a year's income that earlier losses may cover
    bonus_frac: dict[str, Quantity]  # year of entering service -> share of the cost of equipment deducted at once


class Defaults(Entry):
    """What a plan takes where the scenario says nothing."""

    delivery_months: Quantity  # order to delivery of accelerators
    commissioning_months: Quantity  # delivery to online where power is there
    retirement_months: Quantity  # age at which accelerators leave
    power_lookahead_months: Quantity  # how long before power is there accelerators may be ordered
    other_capex_frac: Quantity  # of a capex budget: neither AI hardware nor buildings for it
    price_change_per_year: Quantity  # of accelerator prices, -0.2 is a fall of 20 %
    train_sequence_tokens: Quantity
    train_batch_tokens: Quantity
    cached_frac: Quantity  # of serving input found in the prefix cache
    peak_to_mean_ratio: Quantity  # of serving demand
    demand_hours_ratio: dict[str, Quantity]  # serving demand by local hour over the day's mean, "00" to "23"
    agent_turns_count: Quantity  # model calls per task of a coding agent
    agent_task_input_tokens: Quantity  # over all turns of a task
    agent_task_output_tokens: Quantity
    agent_cached_frac: Quantity  # of an agent's input found in the prefix cache
    availability_frac: Quantity  # of serving
    discount_rate_frac: Quantity
    tax_frac: Quantity
    resale_decline_frac: Quantity  # of the market value of accelerators a year
    rental_reversion_per_year: Quantity  # at which the price of rented accelerators returns to its level
    rental_variance_per_year: Quantity  # of the logarithm of that price, jumps apart
    rental_jumps_per_year: Quantity
    rental_jump_frac: Quantity  # standard deviation of a jump of the logarithm
    guide_drift_own_cash: dict[
        str, Quantity
    ]  # outcome over guide of capex: its logarithm over firms that pay themselves
    guide_drift_all: dict[str, Quantity]  # the same, firms that build on contract included
    server_life_years: Quantity
    network_life_years: Quantity
    building_life_years: Quantity
    other_life_years: Quantity
    revenue_ramp_months: Quantity
    training_mean_load_frac: Quantity  # mean over rated system power of an accelerator that trains
    idle_load_frac: Quantity  # the same of one that waits
    confined_software_frac: Quantity  # of software failures that come with nodes: those that stop one replica alone


KINDS: dict[str, type[Entry]] = {
    "accelerators": Accelerator,
    "networks": Network,
    "models": LanguageModel,
    "sites": Site,
    "tariffs": Tariff,
    "plants": Plant,
    "reliability": Reliability,
    "repairs": Repair,
    "checkpoints": Checkpointing,
    "workloads": ClusterWorkload,
    "costs": CostModel,
    "taxes": TaxLaw,
    "construction": Construction,
    "supply": SupplyKind,
    "grids": GridArea,
    "profiles": EfficiencyProfile,
    "claims": Claim,
    "benchmarks": ServingTask,
    "defaults": Defaults,
}
