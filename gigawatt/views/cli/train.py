"""One training job."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.errors import InfeasibleError
from gigawatt.views.cli import shell
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, put_json, quantity, say_aside
from gigawatt.views.cli.train_flags import asked, read_flags
from gigawatt.views.cli.train_tables import show

if TYPE_CHECKING:
    from gigawatt.planning.jobs import TrainAnswer

EXAMPLE = "Example: gigawatt train --model llama-3.1-405b --accelerator h100-sxm --gpus 16384 --tokens 15.6T"


def run(
    accelerator: Annotated[str, typer.Option(help="Accelerator of the catalogue, or a YAML file of its shape.")],
    model: Annotated[
        str | None, typer.Option(help="Model of the catalogue, or the path of a Hugging Face config.json.")
    ] = None,
    gpus: Annotated[str | None, typer.Option(help="Accelerators, for example 16384.")] = None,
    tokens: Annotated[
        str | None, typer.Option(help="Tokens to train on, for example 15T: adds days, cost, carbon.")
    ] = None,
    sequence: Annotated[str | None, typer.Option(help="Tokens per sequence; 8192 if not given.")] = None,
    batch: Annotated[str | None, typer.Option(help="Tokens per step, for example 16M.")] = None,
    precision: Annotated[str | None, typer.Option(help="bf16, fp8, mxfp8, nvfp4 or fp4; bf16 if not given.")] = None,
    tp: Annotated[int | None, typer.Option(min=1, help="Tensor parallel.")] = None,
    pp: Annotated[int | None, typer.Option(min=1, help="Pipeline parallel.")] = None,
    cp: Annotated[int | None, typer.Option(min=1, help="Context parallel.")] = None,
    ep: Annotated[int | None, typer.Option(min=1, help="Expert parallel.")] = None,
    dp: Annotated[int | None, typer.Option(min=1, help="Data parallel, expert ranks included.")] = None,
    micro_batch: Annotated[int | None, typer.Option(min=1, help="Sequences per micro-batch.")] = None,
    virtual_stages: Annotated[int | None, typer.Option(min=1, help="Interleaved stages per rank.")] = None,
    recompute: Annotated[str | None, typer.Option(help="none, selective or full.")] = None,
    zero: Annotated[int | None, typer.Option(min=0, max=3, help="ZeRO stage; 3 is fully sharded.")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="Of the pipeline: 1f1b, dualpipe or zero-bubble; 1f1b if not given.")
    ] = None,
    allow: Annotated[
        str | None,
        typer.Option(help="Schedules to search beside 1f1b, for example dualpipe,zero-bubble; neither is calibrated."),
    ] = None,
    offload: Annotated[
        str | None, typer.Option(help="none, or optimizer: its states in host memory, updated there.")
    ] = None,
    optimizer_bits: Annotated[
        int | None, typer.Option(help="Bits of each of Adam's moments: 32 or 8; 32 if not given.")
    ] = None,
    context_exchange: Annotated[
        str | None,
        typer.Option(help="Keys and values of context parallel: ring, or all-gather as Llama 3; ring if not given."),
    ] = None,
    routing_spread: Annotated[
        str | None,
        typer.Option(
            help="How unevenly experts are loaded: forced (0, if not given), bias (0.02), auxiliary (0.2), or standard "
            "deviation over mean."
        ),
    ] = None,
    software_date: Annotated[
        float | None, typer.Option(help="Year of the software, for example 2024.5; today if not given.")
    ] = None,
    power_cap: Annotated[
        str | None,
        typer.Option(
            help="Cap of each accelerator, for example 1000W; best for the one with most tokens per joule, or from "
            "--megawatts."
        ),
    ] = None,
    megawatts: Annotated[
        str | None,
        typer.Option(help="IT power to fill with such jobs, for example 150: compares caps by what all of them train."),
    ] = None,
    reliability: Annotated[str, typer.Option(help="Failure rates of the catalogue.")] = "meta-llama3-h100",
    tariff: Annotated[str, typer.Option(help="Power price of the catalogue.")] = "us-industrial-average",
    pue: Annotated[float, typer.Option(min=1.0, max=3.0, help="Facility over IT energy.")] = 1.12,
    from_flags: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Launch flags to predict: a script, job file or JSON of a tool; - reads standard input. "
            "Options given beside it go before it.",
        ),
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option(
            help="Tool of --from-flags, told from the text if not given: megatron, nemo, torchtitan, deepspeed."
        ),
    ] = None,
    emit: Annotated[
        str | None,
        typer.Option(
            metavar="TOOL",
            help="Write the best layout as flags of megatron, nemo, torchtitan or deepspeed on standard output, the "
            "tables on standard error; only what the tool can express is searched.",
        ),
    ] = None,
    overlays: Overlays = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find the best parallelism for a training job, or predict the one given: time, MFU, memory, days, cost, carbon."""
    from gigawatt.catalogue import load
    from gigawatt.planning.jobs import train
    from gigawatt.planning.launch import tool_named

    for name in (tool, emit):
        if name is not None:
            tool_named(name)
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
        "schedule": schedule,
        "offload": offload,
        "optimizer_bits": optimizer_bits,
        "context_exchange": context_exchange,
    }
    flags = read_flags(from_flags, tool) if from_flags else None
    job = asked(
        load(tuple(overlays or ())),
        flags,
        model=model,
        gpus=round(quantity("--gpus", gpus, "GPU", 1.0)) if gpus else None,
        sequence=round(quantity("--sequence", sequence, "token", 1.0)) if sequence else None,
        batch_tokens=quantity("--batch", batch, "token", 1.0) if batch else None,
        precision=precision,
        fixed={name: value for name, value in given.items() if value is not None},
    )
    notes = job.pop("notes", ())
    with shell.waiting("searching", quiet):
        answer = train(
            accelerator=accelerator,
            tokens=quantity("--tokens", tokens, "token", 1.0) if tokens else None,
            allow=[name.strip() for name in allow.split(",") if name.strip()] if allow else (),
            routing_spread=routing_spread or 0.0,
            tool=flags.tool if flags else emit,
            software_date=software_date,
            power_cap=shell.power_cap(power_cap, best=True),
            it_w=shell.power("--megawatts", megawatts, "MW") if megawatts else None,
            reliability=reliability,
            tariff=tariff,
            pue=pue,
            **job,
        )
    inputs = {
        "model": job["model"], "accelerator": accelerator, "gpus": job["gpus"], "tokens": tokens,
        "precision": job["precision"], "power_cap": power_cap, "megawatts": megawatts, "allow": allow,
        "routing_spread": routing_spread, **given,
    }  # fmt: skip
    _put(answer, inputs, notes=notes, emit=emit, quiet=quiet, as_json=as_json)


def _put(
    answer: TrainAnswer, inputs: dict[str, Any], *, notes: tuple[str, ...], emit: str | None, quiet: bool, as_json: bool
) -> None:
    """Print the answer: a document, or tables and perhaps flags; raise InfeasibleError where nothing fits."""
    best = answer.found.best
    text = None
    if emit and best:
        from gigawatt.planning.launch import emit as flags_of

        text = flags_of(emit, answer.job, best.layout)
    if as_json:
        _json(answer, inputs, notes, {"tool": emit, "flags": text} if text else None)
    else:
        for note in notes:
            say_aside(f"note: {note}", quiet)
        if answer.found.alternatives and not (quiet and emit):
            show(answer, aside=emit is not None)
        sys.stdout.write(text or "")
    if best is None:
        message = f"{answer.job.model.name} does not fit on {inputs['gpus']} {answer.job.accelerator.name}: "
        raise InfeasibleError(message + answer.found.reason)


def _json(
    answer: TrainAnswer, inputs: dict[str, Any], notes: tuple[str, ...], emitted: dict[str, str | None] | None
) -> None:
    """Print the document."""
    from gigawatt.planning.document import envelope
    from gigawatt.planning.job_documents import caps_record, run_record, search_record
    from gigawatt.planning.jobs import used_figures
    from gigawatt.planning.pipeline import package_version

    result = search_record(answer.found)
    result["power_cap_w"] = answer.job.power_cap_w or None
    if answer.caps:
        result["power_caps"] = caps_record(answer.caps, answer.job.power_cap_w, answer.it_w)
    if answer.run:
        result["run"] = run_record(answer.run)
    if notes:
        result["notes"] = list(notes)
    if emitted:
        result["emit"] = emitted
    put_json(envelope("train", package_version(), inputs, result, used_figures(answer.figures)))
