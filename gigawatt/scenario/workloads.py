"""Section `workloads`: what the fleet does. The first key of an item says its kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from gigawatt.scenario.fields import (
    AcceleratorId,
    AMonth,
    Gpus,
    ModelId,
    Section,
    Share,
    SourceId,
    Tokens,
    amount,
)

Precision = Literal["bf16", "fp8", "fp4", "int4"]

HOURS_COUNT = 24
TYPICAL = "typical"  # in place of hours: the catalogue's
SHARES_CLOSE_FRAC = 0.01  # shares are written to the per cent
WEST_H, EAST_H = -12.0, 14.0  # time zones


def _read_hours(written: Any) -> Any:
    """Read the demand by hour: 24 numbers, or the word for the catalogue's."""
    if written is None or written == TYPICAL:
        return written
    if not isinstance(written, list | tuple):
        message = f'"{written}" is no demand by hour; write {TYPICAL}, or a list of 24 numbers'
        raise ValueError(message)
    wrong = [item for item in written if isinstance(item, bool) or not isinstance(item, int | float) or not item >= 0.0]
    if wrong:
        message = f'"{wrong[0]}" is no demand of an hour; write numbers of at least 0'
        raise ValueError(message)
    if len(written) != HOURS_COUNT or not 0.0 < sum(written) < float("inf"):
        message = f"{len(written)} numbers are no demand by hour; write 24, not all of them 0"
        raise ValueError(message)
    return tuple(float(item) for item in written)


def _read_offset(written: Any) -> float:
    """Read how many hours local time is before UTC."""
    if isinstance(written, bool) or not isinstance(written, int | float) or not WEST_H <= written <= EAST_H:
        message = f'"{written}" hours from UTC are no time zone; write a number from {WEST_H:g} to {EAST_H:g}'
        raise ValueError(message)
    return float(written)


Hours = Annotated[
    tuple[float, ...] | str,
    BeforeValidator(_read_hours),
    WithJsonSchema({"type": ["array", "string"], "description": "24 numbers, or typical"}),
    Field(json_schema_extra={"written": "`typical`, or 24 numbers"}),
]


class TrainWork(Section):
    """A training run."""

    train: ModelId
    tokens: Tokens
    on: dict[AcceleratorId, Gpus]
    precision: Literal["bf16", "fp8", "mxfp8", "nvfp4", "fp4"] = "bf16"
    sequence: Tokens | None = None  # tokens per sequence
    batch: Tokens | None = None  # tokens per optimizer step
    start: AMonth
    deadline: AMonth | None = None
    software_date: float | None = None  # year of the software stack; the start of the run where not given
    stack: Literal["megatron", "fsdp", "jax", "deepspeed", "megascale", "eager"] = "megatron"
    source: SourceId = "assumption"
    note: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> TrainWork:
        """Refuse several kinds of accelerator in one synchronous job."""
        if len(self.on) != 1:
            message = "on: a training run uses one kind of accelerator; write for example {h100-sxm: 16 k}"
            raise ValueError(message)
        return self


class FinetuneWork(Section):
    """A stream of fine-tuning runs."""

    finetune: ModelId
    runs: amount("run/month", at_least=0.0)  # type: ignore[valid-type]
    tokens: Tokens  # per run
    on: AcceleratorId
    start: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""


class Region(Section):
    """A share of the users, and their time."""

    region: str
    share: Share
    utc_offset: Annotated[float, BeforeValidator(_read_offset)]  # hours that local time is before UTC


class ByHour(Section):
    """Demand that has a day: its hours, and where its users are."""

    @model_validator(mode="after")
    def _one_peak(self) -> ByHour:
        """Refuse a peak beside the hours that it follows from, and shares that are not the whole."""
        hours, regions = getattr(self, "hours", None), getattr(self, "regions", ())
        if getattr(self, "peak_to_mean", None) is not None and (hours is not None or regions):
            message = "peak_to_mean: follows from hours and regions; leave it out, or them"
            raise ValueError(message)
        total = sum(region.share.value for region in regions)
        if regions and abs(total - 1.0) > SHARES_CLOSE_FRAC:
            message = f"regions: the shares add up to {100.0 * total:.0f} %; make them 100 %"
            raise ValueError(message)
        return self

    @property
    def by_hour(self) -> bool:
        """Whether the peak follows from hours."""
        return getattr(self, "hours", None) is not None or bool(getattr(self, "regions", ()))


class Demand(ByHour):
    """An assistant's demand."""

    users: amount("user", at_least=0.0)  # type: ignore[valid-type]  # monthly active
    messages: amount("message/user/day", at_least=0.0)  # type: ignore[valid-type]
    input: Tokens  # per message
    output: Tokens
    cached: Share | None = None
    growth: amount("1/month", at_least=-0.5, at_most=1.0) | None = None  # type: ignore[valid-type]
    peak_to_mean: amount("1", at_least=1.0, at_most=20.0) | None = None  # type: ignore[valid-type]
    hours: Hours | None = None
    regions: tuple[Region, ...] = ()


class Agents(ByHour):
    """Coding agents: the AI engineer as a workload."""

    developers: amount("developer", at_least=0.0)  # type: ignore[valid-type]
    tasks: amount("task/developer/day", at_least=0.0)  # type: ignore[valid-type]
    turns: amount("1", at_least=1.0) | None = None  # type: ignore[valid-type]  # model calls per task
    input: Tokens  # per task, over all its turns
    output: Tokens
    cached: Share | None = None
    growth: amount("1/month", at_least=-0.5, at_most=1.0) | None = None  # type: ignore[valid-type]
    peak_to_mean: amount("1", at_least=1.0, at_most=20.0) | None = None  # type: ignore[valid-type]
    hours: Hours | None = None
    regions: tuple[Region, ...] = ()


class ServiceLevel(Section):
    """Latency at p99 and availability."""

    ttft_p99: amount("s", positive=True) | None = None  # type: ignore[valid-type]
    tpot_p99: amount("s", positive=True) | None = None  # type: ignore[valid-type]
    availability: Share | None = None


class ServeWork(Section):
    """A model served to users, to agents."""

    serve: ModelId
    label: str = ""
    on: AcceleratorId
    precision: Precision = "fp8"
    demand: Demand | None = None
    agents: Agents | None = None
    slo: ServiceLevel = ServiceLevel()
    start: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""

    @model_validator(mode="after")
    def _one_demand(self) -> ServeWork:
        """Exactly one of demand and agents."""
        if (self.demand is None) == (self.agents is None):
            message = "has neither or both of demand and agents; give exactly one"
            raise ValueError(message)
        return self


class ResearchWork(Section):
    """A share of the fleet kept for other work: research, ranking, recommendation, rental."""

    reserve: Share
    label: str = "research"
    start: AMonth | None = None
    source: SourceId = "assumption"
    note: str = ""


KINDS: dict[str, type[Section]] = {
    "train": TrainWork,
    "finetune": FinetuneWork,
    "serve": ServeWork,
    "reserve": ResearchWork,
}


def kind_of(item: Any) -> str | None:
    """Return the kind of a workload: the key of KINDS that it has; None when it has none or several."""
    if isinstance(item, dict):
        found = [kind for kind in KINDS if kind in item]
        return found[0] if len(found) == 1 else None
    return next((kind for kind, model in KINDS.items() if isinstance(item, model)), None)


Workload = Annotated[
    Annotated[TrainWork, Tag("train")]
    | Annotated[FinetuneWork, Tag("finetune")]
    | Annotated[ServeWork, Tag("serve")]
    | Annotated[ResearchWork, Tag("reserve")],
    Discriminator(
        kind_of,
        custom_error_type="workload_kind",
        custom_error_message="a workload says what it is by exactly one of the keys train, finetune, serve, reserve",
    ),
]
