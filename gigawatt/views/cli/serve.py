"""One serving deployment, the accelerators that a demand needs, or the replay of a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gigawatt.views.cli import shell
from gigawatt.views.cli.serve_asked import answer_of, asked, put_answer
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet

EXAMPLE = "Example: gigawatt serve --model llama-3.1-70b --accelerator h100-sxm --tpot 50ms --requests 200/s"


def run(
    accelerator: Annotated[str, typer.Option(help="Accelerator of the catalogue.")],
    model: Annotated[
        str | None, typer.Option(help="Model of the catalogue, or the path of a config.json; or --from-flags says it.")
    ] = None,
    input_tokens: Annotated[
        str | None,
        typer.Option("--input", help="Input tokens per request; with --developers per task."),
    ] = None,
    output_tokens: Annotated[str | None, typer.Option("--output", help="Output tokens, likewise.")] = None,
    cached: Annotated[str | None, typer.Option(help="Share of the input found in the prefix cache.")] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="Of the weights: bf16, fp8, fp4 or int4; several apart by commas are compared; fp8 if not given."
        ),
    ] = None,
    ttft: Annotated[str | None, typer.Option(help="Time to first token at p99, for example 2s.")] = None,
    tpot: Annotated[str | None, typer.Option(help="Time per output token at p99, for example 50ms.")] = None,
    requests: Annotated[str | None, typer.Option(help="Mean demand, for example 200/s.")] = None,
    users: Annotated[str | None, typer.Option(help="Users, with --messages.")] = None,
    messages: Annotated[float | None, typer.Option(min=0.0, help="Messages a user and day.")] = None,
    developers: Annotated[str | None, typer.Option(help="Developers whose tasks agents do, with --tasks.")] = None,
    tasks: Annotated[float | None, typer.Option(min=0.0, help="Tasks a developer and day.")] = None,
    turns: Annotated[float | None, typer.Option(min=1.0, help="Calls of the model per task.")] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            help="Demand by local hour: 24 numbers apart by commas, or typical. The peak follows from it.",
        ),
    ] = None,
    regions: Annotated[
        str | None,
        typer.Option(help="Users by time zone, as america:50%:-6,europe:30%:1,india:20%:5.5."),
    ] = None,
    peak_to_mean: Annotated[float | None, typer.Option(min=1.0, help="Peak over mean demand.")] = None,
    availability: Annotated[str | None, typer.Option(help="Availability, for example '99.9 %'.")] = None,
    gpus: Annotated[int | None, typer.Option(min=1, help="Accelerators per replica.")] = None,
    tp: Annotated[int | None, typer.Option(min=1, help="Tensor parallel.")] = None,
    pp: Annotated[int | None, typer.Option(min=1, help="Pipeline parallel.")] = None,
    ep: Annotated[int | None, typer.Option(min=1, help="Expert parallel.")] = None,
    attention_dp: Annotated[bool, typer.Option("--attention-dp", help="Attention data parallel over --tp.")] = False,
    max_sequences: Annotated[int | None, typer.Option(min=1, help="Running sequences of a replica at most.")] = None,
    engine: Annotated[str | None, typer.Option(help="tensorrt-llm or vllm.")] = None,
    software_date: Annotated[
        float | None,
        typer.Option(help="Year of the software; today, as far as it matters, if not given."),
    ] = None,
    kv_precision: Annotated[str | None, typer.Option(help="Of the KV cache: fp8 or bf16.")] = None,
    draft_tokens: Annotated[int | None, typer.Option(min=1, help="Tokens drafted a step.")] = None,
    acceptance: Annotated[str | None, typer.Option(help="Share of drafted tokens kept; 70 % if not given.")] = None,
    draft_model: Annotated[
        str | None, typer.Option(help="Model that drafts; a layer of the model's own if not given.")
    ] = None,
    step_tokens: Annotated[int | None, typer.Option(min=1, help="Tokens of a step at most; 8192 if not given.")] = None,
    whole_prompts: Annotated[bool, typer.Option("--whole-prompts", help="Read prompts whole, not in chunks.")] = False,
    power_cap: Annotated[str | None, typer.Option(help="Cap of each accelerator, for example 500W.")] = None,
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="CSV, JSON lines or Parquet of requests, gzip or not; or synthetic, with --requests and --duration.",
        ),
    ] = None,
    trace_format: Annotated[
        str | None,
        typer.Option("--format", help="azure, mooncake, burstgpt, servegen or table; told from the file."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns of a table, as arrival=ts,input=prompt,output=answer; also arrival_ms, blocks.",
        ),
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Leave faulty rows out and count them.")] = False,
    workload: Annotated[str | None, typer.Option(help="Of a table of rates that has several.")] = None,
    duration: Annotated[str, typer.Option(help="Of a synthetic trace, for example 1h.")] = "1h",
    burstiness: Annotated[float, typer.Option(help="Variation of the gaps of a synthetic trace; 1 is Poisson.")] = 1.0,
    replicas: Annotated[
        int | None, typer.Option(min=1, help="The fewest within --ttft and --tpot if not given.")
    ] = None,
    pools_apart: Annotated[
        bool,
        typer.Option("--pools-apart", help="Prompts and answers in pools of their own, each with its own replica."),
    ] = False,
    prefill_replicas: Annotated[int, typer.Option(min=0, help="Pools apart: replicas that read prompts.")] = 0,
    decode_replicas: Annotated[int, typer.Option(min=0, help="Pools apart: replicas that write answers.")] = 0,
    routing: Annotated[str, typer.Option(help="round-robin, least-loaded or prefix-aware.")] = "least-loaded",
    router: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A rule of your own in place of it: an expression or a function of features."
        ),
    ] = None,
    prefix_cache: Annotated[
        str | None,
        typer.Option(help="Of each replica: a share of its KV cache as '50 %', or tokens beside it as 20M."),
    ] = None,
    rate_scale: Annotated[float, typer.Option(help="How many times faster requests arrive.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write requests.parquet, replay.json, latencies.svg."),
    ] = None,
    from_flags: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Launch flags to predict; - reads standard input. Options beside it go before it.",
        ),
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option(help="Of --from-flags: vllm, sglang, tensorrt-llm; told from the text."),
    ] = None,
    emit: Annotated[
        str | None,
        typer.Option(
            metavar="TOOL",
            help="Write the chosen replica as flags of vllm, sglang or tensorrt-llm on standard output, the tables on "
            "standard error.",
        ),
    ] = None,
    tariff: Annotated[str, typer.Option(help="Power price of the catalogue.")] = "us-industrial-average",
    pue: Annotated[float, typer.Option(min=1.0, max=3.0, help="Facility over IT energy.")] = 1.12,
    overlays: Overlays = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find the throughput-latency frontier of a model, size a demand, or replay a trace of requests."""
    given: dict[str, Any] = {name: value for name, value in locals().items() if name not in ("quiet", "as_json")}
    question = asked(given)
    with shell.waiting("replaying" if trace else "searching", quiet):
        answer = answer_of(question)
    put_answer(answer, question, given, quiet=quiet, as_json=as_json)
