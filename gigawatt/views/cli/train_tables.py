"""What `train` shows: layouts, where the time goes, the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from gigawatt.planning.jobs import TrainAnswer

LAYOUTS_SHOWN = 8
DEFAULT_OPTIMIZER_BITS = 32  # not worth a mark
HEADS = ("layout", "micro", "recompute", "step", "MFU", "TFLOP/s", "GiB", "fits")


def show(answer: TrainAnswer, *, aside: bool) -> None:
    """Print the tables on standard output, or on standard error where that is for something else."""
    from gigawatt.views.terminal import console

    screen = console()
    screen.stderr = aside
    for table in _tables(answer):
        screen.print(table)


def _tables(answer: TrainAnswer) -> Iterator[Table]:
    """Make the tables of an answer."""
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    job, found = answer.job, answer.found
    steps = ([found.best] if found.best else []) + [step for step in found.alternatives if step != found.best]
    cap = f" at {job.power_cap_w:,.0f} W" if job.power_cap_w else ""
    chips = f"{job.gpus_count:,} {job.accelerator.name}{cap}"
    title = f"{job.model.name} on {chips}, {job.precision}; {_tried(answer)}"
    yield show_table(HEADS, [_row(step) for step in steps[:LAYOUTS_SHOWN]], title=title)
    if not found.best:
        return
    best = found.best
    parts = sorted(best.breakdown_s.items(), key=lambda part: -part[1])
    shown = [
        (name.replace("_", " "), say(value, "s"), f"{value / best.step_time_s:.1%}")
        for name, value in parts
        if value > 0
    ]
    yield show_table(("where the time goes", "exposed", "share"), shown)
    if answer.caps:
        yield _caps(answer)
    if answer.run:
        run = answer.run
        yield show_table(("the whole run", "P10", "central", "P90"), [
            ("days", f"{run.low_days:.1f}", f"{run.days:.1f}", f"{run.high_days:.1f}"),
            ("GPU-hours", *(say(run.gpu_hours_h * factor, "1") for factor in _band(run))),
            ("cost", *(say(run.cost_usd * factor, "USD") for factor in _band(run))),
            ("energy at the meter", *(say(run.facility_energy_mwh * factor, "MWh") for factor in _band(run))),
            ("CO2", *(f"{say(run.co2_t * factor, '1')} t" for factor in _band(run))),
            ("effective training time", "", f"{run.goodput.ettr_frac:.1%}", ""),
            ("interruptions", "", f"{run.goodput.interruptions_per_day * run.days:.0f}", ""),
        ])  # fmt: skip


def _tried(answer: TrainAnswer) -> str:
    """Say how many layouts were tried, and of which schedules and ZeRO stages."""
    found = answer.found
    said = f"{found.searched:,} tried"
    if found.searched < 2:  # given whole, not searched
        return said
    return f"{said}, of {', '.join(found.schedules)} and ZeRO {', '.join(map(str, found.zero_stages))}"


def _caps(answer: TrainAnswer) -> Table:
    """Return the job under each power cap, the one taken marked."""
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    own = answer.job.power_cap_w or answer.caps[-1].cap_w
    rows = [
        (
            f"{'> ' if point.cap_w == own else ''}{point.cap_w:,.0f} W",
            say(point.step.step_time_s, "s"),
            f"{point.step.mfu:.1%}",
            f"{point.provisioned_w:,.0f}",
            f"{point.tokens_per_j:.3g}",
            f"{point.gpus_count:,}",
            say(point.cluster_tokens_per_s, "1"),
        )
        for point in answer.caps
    ]
    within = f" in {say(answer.it_w, 'W')} of IT power" if answer.it_w is not None else ""
    heads = ("power cap", "step", "MFU", "W a GPU", "tokens/J", "GPUs", "tokens/s in all")
    return show_table(heads, rows, title=f"power caps{within}")


def _row(step: Any) -> tuple[str, ...]:
    """Return one layout's cells."""
    from gigawatt.units import say

    layout = step.layout
    degrees = {
        "TP": layout.tensor_parallel,
        "PP": layout.pipeline_parallel,
        "VPP": layout.virtual_stages,
        "CP": layout.context_parallel,
        "EP": layout.expert_parallel,
    }
    shown = [f"{name}{degree}" for name, degree in degrees.items() if degree > 1]
    marks = {
        layout.schedule: layout.schedule != "1f1b",
        "offload": layout.offload != "none",
        f"Adam{layout.optimizer_bits}": layout.optimizer_bits != DEFAULT_OPTIMIZER_BITS,
        layout.context_exchange: layout.context_parallel > 1 and layout.context_exchange != "ring",
    }
    told = [mark for mark, there in marks.items() if there]
    return (
        " ".join([*shown, f"DP{layout.data_parallel}", f"ZeRO{layout.zero_stage}", *told]),
        str(layout.micro_batch),
        layout.recompute,
        say(step.step_time_s, "s"),
        f"{step.mfu:.1%}",
        f"{step.model_tflops_per_gpu:.0f}",
        f"{step.memory.total_gib:.1f}",
        "yes" if step.fits else "no",
    )


def _band(run: Any) -> tuple[float, float, float]:
    """Return the step time's interval as factors."""
    return run.low_days / run.days, 1.0, run.high_days / run.days
