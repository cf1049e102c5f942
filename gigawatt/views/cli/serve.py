"""One serving deployment."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gigawatt.views.cli import shell
from gigawatt.views.cli.shell import AsJson, Overlays, put, put_json, quantity

EXAMPLE = "Example: gigawatt serve --model llama-3.1-70b --accelerator h100-sxm --tpot 50ms --requests 200/s"


def run(
    model: Annotated[str, typer.Option(help="Model of the catalogue, or the path of a config.json.")],
    accelerator: Annotated[str, typer.Option(help="Accelerator of the catalogue.")],
    input_tokens: Annotated[str, typer.Option("--input", help="Input tokens per request.")] = "1000",
    output_tokens: Annotated[str, typer.Option("--output", help="Output tokens per request.")] = "300",
    cached: Annotated[str, typer.Option(help="Share of the input found in the prefix cache.")] = "0 %",
    precision: Annotated[str, typer.Option(help="Of the weights: bf16, fp8, fp4 or int4.")] = "fp8",
    ttft: Annotated[str | None, typer.Option(help="Time to first token at p99, for example 2s.")] = None,
    tpot: Annotated[str | None, typer.Option(help="Time per output token at p99, for example 50ms.")] = None,
    requests: Annotated[
        str | None, typer.Option(help="Mean demand, for example 200/s: adds the accelerators needed.")
    ] = None,
    peak_to_mean: Annotated[float | None, typer.Option(min=1.0, help="Peak over mean demand.")] = None,
    availability: Annotated[str | None, typer.Option(help="Availability, for example '99.9 %'.")] = None,
    gpus: Annotated[int | None, typer.Option(min=1, help="Accelerators per replica.")] = None,
    software_date: Annotated[
        float | None, typer.Option(help="Year of the software; today, as far as it matters, if not given.")
    ] = None,
    engine: Annotated[str, typer.Option(help="tensorrt-llm or vllm.")] = "tensorrt-llm",
    power_cap: Annotated[str | None, typer.Option(help="Cap of each accelerator, for example 500W.")] = None,
    tariff: Annotated[str, typer.Option(help="Power price of the catalogue.")] = "us-industrial-average",
    pue: Annotated[float, typer.Option(min=1.0, max=3.0, help="Facility over IT energy.")] = 1.12,
    overlays: Overlays = None,
    as_json: AsJson = False,
) -> None:
    """Find the throughput-latency frontier of a model, and the accelerators that a demand needs."""
    from gigawatt.catalogue import load
    from gigawatt.planning.jobs import serve

    answer = serve(
        load(tuple(overlays or ())),
        model,
        accelerator,
        input_tokens=quantity("--input", input_tokens, "token", 1.0),
        output_tokens=quantity("--output", output_tokens, "token", 1.0),
        cached=quantity("--cached", cached, "1", 0.0),
        precision=precision,
        ttft_p99_s=quantity("--ttft", ttft, "s", 1e-6) if ttft else float("inf"),
        tpot_p99_s=quantity("--tpot", tpot, "s", 1e-6) if tpot else float("inf"),
        requests_per_s=quantity("--requests", requests.replace("/s", "").strip() + " 1/s", "1/s", 0.0)
        if requests
        else None,
        peak_to_mean=peak_to_mean,
        availability=quantity("--availability", availability, "1", 0.0) if availability else None,
        gpus=gpus,
        software_date=software_date,
        engine=engine,
        power_cap_w=float(shell.power_cap(power_cap) or 0.0),
        tariff=tariff,
        pue=pue,
    )
    if as_json:
        from gigawatt.planning.document import envelope
        from gigawatt.planning.job_documents import pool_record
        from gigawatt.planning.jobs import used_figures
        from gigawatt.planning.pipeline import package_version

        result = pool_record(answer.pool)
        if answer.sizing:
            result["gpus_needed"] = answer.sizing.gpus_count
            result["replicas"] = answer.sizing.replicas_count
            result["mean_utilisation"] = answer.sizing.mean_utilisation_frac
        inputs = {
            "model": model, "accelerator": accelerator, "input": input_tokens, "output": output_tokens,
            "power_cap": power_cap,
        }  # fmt: skip
        put_json(envelope("serve", package_version(), inputs, result, used_figures(answer.figures)))
        return
    _show(answer)


def _show(answer: Any) -> None:
    """Print the frontier and the size of the pool."""
    from gigawatt.planning.serving import usd_per_million
    from gigawatt.units import say
    from gigawatt.views.terminal import show_table

    pool = answer.pool
    rows = [
        (
            _replica(point.replica),
            f"{point.batch:.0f}",
            say(point.output_tokens_per_s_per_gpu, "1"),
            *(f"{value * 1000.0:.3g}" for value in (point.tpot_p50_s, point.tpot_p99_s, point.ttft_p99_s)),
            f"{usd_per_million(point, pool.usd_per_gpu_hour):.2f}",
            f"{point.j_per_output_token:.2f}",
            "yes" if point == pool.deployment else "",
        )
        for point in _thinned(pool.frontier.deployments, pool.deployment)
    ]
    heads = ("replica", "batch", "tok/s/GPU", "TPOT p50", "p99 ms", "TTFT p99", "USD/M", "J/tok", "chosen")
    title = f"{pool.inputs.model.name} on {pool.inputs.accelerator.name}, {pool.inputs.precision} weights; times in ms"
    put(show_table(heads, rows, title=title))
    if answer.sizing:
        size = answer.sizing
        put(show_table(("for the demand", ""), [
            ("accelerators", f"{size.gpus_count:,}"),
            ("replicas", f"{size.replicas_count:,}"),
            ("mean utilisation", f"{size.mean_utilisation_frac:.0%}"),
            ("mean IT power", say(size.mean_it_w, "W")),
        ]))  # fmt: skip


def _replica(replica: Any) -> str:
    """Return the degrees above one: "TP8 PP2"."""
    degrees = {"TP": replica.tensor_parallel, "PP": replica.pipeline_parallel, "EP": replica.expert_parallel}
    return " ".join(f"{name}{degree}" for name, degree in degrees.items() if degree > 1) or "1 GPU"


def _thinned(points: Any, chosen: Any) -> list[Any]:
    """Return at most a screenful of the frontier, by throughput, the chosen point among them."""
    fitting = sorted((point for point in points if point.fits), key=lambda point: -point.output_tokens_per_s_per_gpu)
    step = max(1, len(fitting) // 12)
    kept = fitting[::step]
    return kept if chosen in kept else sorted([*kept, chosen], key=lambda point: -point.output_tokens_per_s_per_gpu)
