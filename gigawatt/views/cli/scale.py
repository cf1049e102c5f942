"""The best model that a fleet can train in a time."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, put, put_json, quantity, waiting

EXAMPLE = "Example: gigawatt scale --accelerator gb300-nvl72 --gpus 16384 --days 90 --loss 1.93"


def run(
    accelerator: Annotated[str, typer.Option(help="Accelerator of the catalogue.")],
    gpus: Annotated[str, typer.Option(help="Accelerators online; by month where there are several: 8k,16k,32k.")],
    days: Annotated[
        float | None, typer.Option(min=0.0, help="Days of training; the months of --gpus if not given.")
    ] = None,
    loss: Annotated[
        float | None, typer.Option(help="Loss in nat per token whose date is asked for, on the scale of --law.")
    ] = None,
    mfu: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="6 N D over peak; the training engine's if not given.")
    ] = None,
    law: Annotated[str, typer.Option(help="Scaling law: besiroglu-2024 or hoffmann-2022.")] = "besiroglu-2024",
    precision: Annotated[str, typer.Option(help="bf16, fp8, mxfp8, nvfp4 or fp4.")] = "bf16",
    sequence: Annotated[str, typer.Option(help="Tokens per sequence.")] = "8192",
    batch: Annotated[str | None, typer.Option(help="Tokens per step, for example 16M.")] = None,
    software_date: Annotated[float | None, typer.Option(help="Year of the software; today if not given.")] = None,
    reliability: Annotated[str, typer.Option(help="Failure rates of the catalogue.")] = "meta-llama3-h100",
    tariff: Annotated[str, typer.Option(help="Power price of the catalogue.")] = "us-industrial-average",
    pue: Annotated[float, typer.Option(min=1.0, max=3.0, help="Facility over IT energy.")] = 1.12,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the best dense model that a fleet trains in a time, by scaling laws, and when it reaches a loss."""
    from gigawatt.catalogue import load
    from gigawatt.planning.model_budget import best_model

    with waiting("searching", quiet):
        found = best_model(
            load(tuple(overlays or ())),
            accelerator,
            [quantity("--gpus", part, "GPU", 0.0) for part in gpus.split(",")],
            days=days,
            loss=loss,
            mfu=mfu,
            law=law,
            precision=precision,
            sequence=round(quantity("--sequence", sequence, "token", 1.0)),
            batch_tokens=quantity("--batch", batch, "token", 1.0) if batch else None,
            software_date=software_date,
            reliability=reliability,
            tariff=tariff,
            pue=pue,
        )
    if not as_json:
        _show(found)
        return
    from gigawatt.planning.document import envelope
    from gigawatt.planning.jobs import used_figures
    from gigawatt.planning.model_budget import budget_record
    from gigawatt.planning.pipeline import package_version

    inputs = {
        "accelerator": accelerator, "gpus": gpus, "days": days, "loss": loss, "mfu": mfu, "law": law,
        "precision": precision, "sequence": sequence, "batch": batch, "software_date": software_date,
        "reliability": reliability, "tariff": tariff, "pue": pue,
    }  # fmt: skip
    put_json(envelope("scale", package_version(), inputs, budget_record(found), used_figures(found.figures)))


def _show(found: Any) -> None:
    """Print what the budget is, the models it pays for, and when a loss is reached."""
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    title = f"{found.gpus_count:,} {found.accelerator} for {found.days:,.0f} days"
    put(show_table((title, ""), [
        ("training FLOPs (6 N D)", f"{found.flops:.3g}"),
        ("MFU (6 N D over peak)", f"{found.mfu:.1%}" + ("" if found.step else ", as given")),
        ("effective training time", f"{found.ettr_frac:.1%}"),
        ("cost", say(found.cost_usd, "USD")),
    ]))  # fmt: skip
    rows = [
        (
            say(choice.parameters_count, "1"), say(choice.tokens_count, "1"),
            f"{choice.tokens_count / choice.parameters_count:,.0f}", f"{choice.loss_nats:.3f}",
            f"{choice.overtraining_ratio:.1f}",
        )
        for choice in (found.best, *found.smaller)
    ]  # fmt: skip
    heads = ("parameters", "tokens", "tokens/parameter", "loss", "over-training")
    put(show_table(heads, rows, title=f"what that trains, by {found.law.name}"))
    laws = [(name, say(best.parameters_count, "1"), say(best.tokens_count, "1")) for name, best in found.laws.items()]
    put(show_table(("best split by", "parameters", "tokens"), laws))
    if found.loss_optimum:
        target = found.loss_optimum
        put(show_table((f"loss {target.loss_nats:.3f}", ""), [
            ("reached after", f"{found.days_to_loss:,.1f} days"),
            ("model", f"{say(target.parameters_count, '1')} on {say(target.tokens_count, 'token')}"),
            ("training FLOPs (6 N D)", f"{target.flops:.3g}"),
        ]))  # fmt: skip
