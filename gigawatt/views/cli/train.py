"""One training job."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gigawatt.errors import InfeasibleError
from gigawatt.views.cli.shell import AsJson, Overlays, put, put_json, quantity

EXAMPLE = "Example: gigawatt train --model llama-3.1-405b --accelerator h100-sxm --gpus 16384 --tokens 15.6T"


def run(
    model: Annotated[str, typer.Option(help="Model of the catalogue.")],
    accelerator: Annotated[str, typer.Option(help="Accelerator of the catalogue.")],
    gpus: Annotated[str, typer.Option(help="Accelerators, for example 16384.")],
    tokens: Annotated[
        str | None, typer.Option(help="Tokens to train on, for example 15T: adds days, cost, carbon.")
    ] = None,
    sequence: Annotated[str, typer.Option(help="Tokens per sequence.")] = "8192",
    batch: Annotated[str | None, typer.Option(help="Tokens per step, for example 16M.")] = None,
    precision: Annotated[str, typer.Option(help="bf16, fp8 or fp4.")] = "bf16",
    tp: Annotated[int | None, typer.Option(min=1, help="Tensor parallel.")] = None,
    pp: Annotated[int | None, typer.Option(min=1, help="Pipeline parallel.")] = None,
    cp: Annotated[int | None, typer.Option(min=1, help="Context parallel.")] = None,
    ep: Annotated[int | None, typer.Option(min=1, help="Expert parallel.")] = None,
    dp: Annotated[int | None, typer.Option(min=1, help="Data parallel, expert ranks included.")] = None,
    micro_batch: Annotated[int | None, typer.Option(min=1, help="Sequences per micro-batch.")] = None,
    virtual_stages: Annotated[int | None, typer.Option(min=1, help="Interleaved stages per rank.")] = None,
    recompute: Annotated[str | None, typer.Option(help="none, selective or full.")] = None,
    zero: Annotated[int | None, typer.Option(min=0, max=3, help="ZeRO stage; 3 is fully sharded.")] = None,
    software_date: Annotated[
        float | None, typer.Option(help="Year of the software, for example 2024.5; today if not given.")
    ] = None,
    reliability: Annotated[str, typer.Option(help="Failure rates of the catalogue.")] = "meta-llama3-h100",
    tariff: Annotated[str, typer.Option(help="Power price of the catalogue.")] = "us-industrial-average",
    pue: Annotated[float, typer.Option(min=1.0, max=3.0, help="Facility over IT energy.")] = 1.12,
    overlays: Overlays = None,
    as_json: AsJson = False,
) -> None:
    """Find the best parallelism for a training job, or predict the one given: time, MFU, memory, days, cost, carbon."""
    from gigawatt.catalogue import load
    from gigawatt.planning.jobs import train

    given: dict[str, int | str | None] = {
        "tensor_parallel": tp,
        "pipeline_parallel": pp,
        "context_parallel": cp,
        "expert_parallel": ep,
        "data_parallel": dp,
        "micro_batch": micro_batch,
        "virtual_stages": virtual_stages,
        "recompute": recompute,
        "zero_stage": zero,
    }
    answer = train(
        load(tuple(overlays or ())),
        model,
        accelerator,
        round(quantity("--gpus", gpus, "GPU", 1.0)),
        tokens=quantity("--tokens", tokens, "token", 1.0) if tokens else None,
        sequence=round(quantity("--sequence", sequence, "token", 1.0)),
        batch_tokens=quantity("--batch", batch, "token", 1.0) if batch else None,
        precision=precision,
        fixed={name: value for name, value in given.items() if value is not None},
        software_date=software_date,
        reliability=reliability,
        tariff=tariff,
        pue=pue,
    )
    if as_json:
        _json(answer, {"model": model, "accelerator": accelerator, "gpus": gpus, "tokens": tokens, **given})
    if answer.found.best is None:
        if not as_json and answer.found.alternatives:
            _show(answer)
        message = f"{model} does not fit on {gpus} {accelerator}: {answer.found.reason}"
        raise InfeasibleError(message)
    if not as_json:
        _show(answer)


def _json(answer: Any, inputs: dict[str, Any]) -> None:
    """Print the document."""
    from gigawatt.planning.document import envelope
    from gigawatt.planning.job_documents import run_record, search_record
    from gigawatt.planning.jobs import used_figures
    from gigawatt.planning.pipeline import package_version

    result = search_record(answer.found)
    if answer.run:
        result["run"] = run_record(answer.run)
    put_json(envelope("train", package_version(), inputs, result, used_figures(answer.figures)))


def _show(answer: Any) -> None:
    """Print layouts, where the time goes, and the run."""
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    job, found = answer.job, answer.found
    steps = ([found.best] if found.best else []) + [step for step in found.alternatives if step != found.best]
    heads = (
        "TP",
        "PP",
        "VPP",
        "CP",
        "EP",
        "DP",
        "micro",
        "recompute",
        "ZeRO",
        "step",
        "MFU",
        "TFLOP/s/GPU",
        "GiB",
        "fits",
    )
    rows = []
    for step in steps[:8]:
        layout = step.layout
        rows.append((
            str(layout.tensor_parallel), str(layout.pipeline_parallel), str(layout.virtual_stages),
            str(layout.context_parallel), str(layout.expert_parallel), str(layout.data_parallel),
            str(layout.micro_batch), layout.recompute, str(layout.zero_stage), say(step.step_time_s, "s"),
            f"{step.mfu:.1%}", f"{step.model_tflops_per_gpu:.0f}", f"{step.memory.total_gib:.1f}",
            "yes" if step.fits else "no",
        ))  # fmt: skip
    title = f"{job.model.name} on {job.gpus_count:,} {job.accelerator.name}, {job.precision}; {found.searched:,} tried"
    put(show_table(heads, rows, title=title))
    if not found.best:
        return
    best = found.best
    parts = sorted(best.breakdown_s.items(), key=lambda part: -part[1])
    shown = [
        (name.replace("_", " "), say(value, "s"), f"{value / best.step_time_s:.1%}")
        for name, value in parts
        if value > 0
    ]
    put(show_table(("where the time goes", "exposed", "share"), shown))
    if answer.run:
        run = answer.run
        put(show_table(("the whole run", "P10", "central", "P90"), [
            ("days", f"{run.low_days:.1f}", f"{run.days:.1f}", f"{run.high_days:.1f}"),
            ("GPU-hours", *(say(run.gpu_hours_h * factor, "1") for factor in _band(run))),
            ("cost", *(say(run.cost_usd * factor, "USD") for factor in _band(run))),
            ("energy at the meter", *(say(run.facility_energy_mwh * factor, "MWh") for factor in _band(run))),
            ("CO2", *(f"{say(run.co2_t * factor, '1')} t" for factor in _band(run))),
            ("effective training time", "", f"{run.goodput.ettr_frac:.1%}", ""),
            ("interruptions", "", f"{run.goodput.interruptions_per_day * run.days:.0f}", ""),
        ]))  # fmt: skip


def _band(run: Any) -> tuple[float, float, float]:
    """Return the step time's interval as factors."""
    return run.low_days / run.days, 1.0, run.high_days / run.days
