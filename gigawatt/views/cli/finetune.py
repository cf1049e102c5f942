"""One fine-tuning job: the smallest hardware, time, cost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, put, put_json, quantity, waiting
from gigawatt.views.cli.train_tables import DEFAULT_OPTIMIZER_BITS

EXAMPLE = "Example: gigawatt finetune --model llama-3.1-70b --method qlora --tokens 100M"


def run(
    model: Annotated[str, typer.Option(help="Model of the catalogue, or the path of a config.json.")],
    accelerator: Annotated[
        str | None, typer.Option(help="Accelerator of the catalogue; all that can be bought if not given.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="full (all weights), lora (adapters) or qlora (adapters on 4-bit weights).")
    ] = "lora",
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapters.")] = 16,
    targets: Annotated[
        str, typer.Option(help="Projections with adapters: query-value, attention, mlp or all.")
    ] = "all",
    optimizer_bits: Annotated[
        int, typer.Option(help="Of each of Adam's moments: 32, or 8 as in block-wise quantised Adam.")
    ] = 32,
    tokens: Annotated[str, typer.Option(help="Tokens to train on, all epochs together.")] = "1B",
    sequence: Annotated[str, typer.Option(help="Tokens per sequence.")] = "4096",
    batch: Annotated[str | None, typer.Option(help="Tokens per step; 128 sequences if not given.")] = None,
    document: Annotated[
        str | None, typer.Option(help="Mean tokens of an example, where short ones are packed into a sequence.")
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(min=1, help="Accelerators; the fewest that fit, and more, if not given.")
    ] = None,
    precision: Annotated[str, typer.Option(help="Of the products: bf16, fp8, mxfp8, nvfp4 or fp4.")] = "bf16",
    software_date: Annotated[float | None, typer.Option(help="Year of the software; today if not given.")] = None,
    reliability: Annotated[str, typer.Option(help="Failure rates of the catalogue.")] = "meta-llama3-h100",
    tariff: Annotated[str, typer.Option(help="Power price of the catalogue.")] = "us-industrial-average",
    pue: Annotated[float, typer.Option(min=1.0, max=3.0, help="Facility over IT energy.")] = 1.12,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the smallest hardware that fine-tunes a model, how long it takes, and what it costs."""
    from gigawatt.catalogue import load
    from gigawatt.planning.finetune import finetune

    with waiting("searching", quiet):
        answer = finetune(
            load(tuple(overlays or ())),
            model,
            accelerator,
            method=method,
            rank=rank,
            targets=targets,
            optimizer_bits=optimizer_bits,
            tokens=quantity("--tokens", tokens, "token", 1.0),
            sequence=round(quantity("--sequence", sequence, "token", 1.0)),
            batch_tokens=quantity("--batch", batch, "token", 1.0) if batch else None,
            document=round(quantity("--document", document, "token", 1.0)) if document else None,
            gpus=gpus,
            precision=precision,
            software_date=software_date,
            reliability=reliability,
            tariff=tariff,
            pue=pue,
        )
    if not as_json:
        _show(answer)
        return
    from gigawatt.planning.document import envelope
    from gigawatt.planning.finetune import finetune_record
    from gigawatt.planning.jobs import used_figures
    from gigawatt.planning.pipeline import package_version

    inputs = {
        "model": model, "accelerator": accelerator, "method": method, "rank": rank, "targets": targets,
        "optimizer_bits": optimizer_bits, "tokens": tokens, "sequence": sequence, "batch": batch,
        "document": document, "gpus": gpus, "precision": precision, "software_date": software_date,
        "reliability": reliability, "tariff": tariff, "pue": pue,
    }  # fmt: skip
    put_json(envelope("finetune", package_version(), inputs, finetune_record(answer), used_figures(answer.figures)))


def _show(answer: Any) -> None:
    """Print one row an accelerator, then where the memory of the cheapest goes."""
    from gigawatt.units import HOURS_PER_DAY, say
    from gigawatt.views.terminal import show_table

    rows = []
    for option in answer.options:
        cost = say(option.run.cost_usd, "USD") if option.priced else "no price"
        found, run, layout = option.estimate, option.run, option.estimate.step.layout
        rows.append((
            found.job.accelerator.name, f"{found.job.gpus_count:,}", f"{found.nodes_count:,}",
            f"TP{layout.tensor_parallel} DP{layout.data_parallel}" + (" sharded" if layout.zero_stage == 3 else ""),
            say(found.step.tokens_per_s, "1"), f"{found.step.memory.total_gib:.0f}",
            f"{run.days * HOURS_PER_DAY:,.1f}", f"{run.gpu_hours_h:,.0f}", cost,
        ))  # fmt: skip
    first = answer.options[0].estimate
    share = first.trainable_parameters_count / first.total_parameters_count
    bits = (
        ""
        if answer.tuning.optimizer_bits == DEFAULT_OPTIMIZER_BITS
        else f", Adam in {answer.tuning.optimizer_bits} bits"
    )
    title = (
        f"{first.job.model.name}, {answer.tuning.method}{bits}, {share:.2%} of the parameters trained; "
        f"{say(answer.options[0].run.tokens, 'token')}"
    )
    heads = ("accelerator", "GPUs", "nodes", "layout", "tok/s", "GiB", "hours", "GPU-h", "cost")
    put(show_table(heads, rows, title=title))
    memory = first.step.memory
    parts = ("weights", "gradients", "optimizer", "activations", "buffers", "total")
    shown = [(name, f"{getattr(memory, f'{name}_gib'):.1f}") for name in parts]
    put(show_table((f"memory of one {first.job.accelerator.name}", "GiB"), shown))
    if answer.refused:
        put(show_table(("not on", "because"), [(name, reason.split(": ", 1)[-1]) for name, reason in answer.refused]))
