"""A fleet event by event: its jobs, failures, repairs, checkpoints and power."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli import fleet_asked as read
from gigawatt.views.cli import shell
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, Settings, put_json, say_aside

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue
    from gigawatt.planning.fleet import Case, FleetAnswer

EXAMPLE = "Example: gigawatt fleet --model llama-3.1-405b --run-gpus 16384 --days 54 --out runs/llama"


def run(
    scenario: Annotated[
        str | None, typer.Argument(help="Scenario whose fleet and work are simulated, shipped or a file.")
    ] = None,
    accelerator: Annotated[str | None, typer.Option(help="Kind; h100-sxm if not given.")] = None,
    gpus: Annotated[str | None, typer.Option(help="How many there are, for example 100k.")] = None,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Jobs of a cluster: sacct, SWF, Philly, Helios, Acme, any table."),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="Format of the trace; told from the file if not given.")] = "",
    columns: Annotated[
        str | None,
        typer.Option("--column", "--columns", metavar="PART=NAME,...", help="Columns of a table of one's own."),
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Leave faulty rows out and count them.")] = False,
    quotas: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What each tenant of the trace may hold at once.")
    ] = None,
    workload: Annotated[
        str | None,
        typer.Option(metavar="CLUSTER", help="Jobs drawn from the statistics of a cluster of the catalogue."),
    ] = None,
    load: Annotated[
        str | None, typer.Option(help="GPUs that drawn jobs ask for over those there are, for example 90%.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model that is pre-trained, id or path.")] = None,
    run_gpus: Annotated[str | None, typer.Option(help="GPUs of that run; all but the spares if not given.")] = None,
    tokens: Annotated[str | None, typer.Option(help="Tokens of that run; until the end if not given.")] = None,
    layout: Annotated[
        str | None, typer.Option(metavar="NAME=N,...", help="Degrees of its layout to hold, tensor_parallel=8.")
    ] = None,
    days: Annotated[str | None, typer.Option(help="How long; 365, or the trace's span, if not given.")] = None,
    months: Annotated[
        str | None, typer.Option(help="Of a scenario: 2026-01..2026-12; its twelve fullest if not given.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Who goes first: fifo, priority, fair-share, easy-backfill and others.")
    ] = None,
    compare: Annotated[
        str | None, typer.Option(metavar="POLICY,POLICY", help="Several policies on the same jobs and failures.")
    ] = None,
    placement: Annotated[str | None, typer.Option(help="Where: best-fit, rack-aligned, spread.")] = None,
    no_quotas: Annotated[bool, typer.Option("--no-quotas", help="Nobody is held to a quota.")] = False,
    preemption: Annotated[bool, typer.Option("--preemption", help="Higher priority takes nodes from lower.")] = False,
    defragmentation: Annotated[
        bool, typer.Option("--defragmentation", help="Jobs are moved together where one waits for a pod or rack.")
    ] = False,
    spares: Annotated[str | None, typer.Option(help="Nodes kept free as hot spares, for example 2%.")] = None,
    recovery: Annotated[
        str | None, typer.Option(help="When a node of a training job fails: stall, replica, elastic.")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="Time that a checkpoint stalls a job, for example 20s.")
    ] = None,
    checkpoint_interval: Annotated[
        str | None, typer.Option(help="Between checkpoints, for example 30min; the best for each size if not given.")
    ] = None,
    tiers: Annotated[
        str | None,
        typer.Option(metavar="PLACES", help="Where checkpoints go, of the catalogue: gemini, byterobust and others."),
    ] = None,
    restart: Annotated[str | None, typer.Option(help="Time from a failure to running, for example 5min.")] = None,
    reliability: Annotated[
        str | None, typer.Option(help="Failure rates of the catalogue; none for a fleet that never fails.")
    ] = None,
    age: Annotated[
        str | None,
        typer.Option(help="Age of the nodes at the start, as 6 months: failures then follow age, by the catalogue."),
    ] = None,
    software_failures: Annotated[
        str | None,
        typer.Option(metavar="RATE", help="Of jobs, for each GPU held, as 0.0001/day; the catalogue's if not given."),
    ] = None,
    job_failures: Annotated[
        str | None, typer.Option(metavar="RATE", help="Of each job whatever its size, as 0.1/day; none if not given.")
    ] = None,
    confined_software: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Of software failures, those that take one replica alone; half if not given."
        ),
    ] = None,
    lemons_out: Annotated[
        str | None,
        typer.Option(
            metavar="COUNT:WINDOW[:TIME]", help="Nodes replaced after failures, as 3:30days:7days: 3 in 30 days, in 7."
        ),
    ] = None,
    stragglers: Annotated[
        str | None, typer.Option(metavar="SHARE:SPEED", help="Nodes that run slow until repaired, as 1%:80%.")
    ] = None,
    maintenance: Annotated[
        str | None,
        typer.Option(
            metavar="EVERY:LASTS[:NOTICE[:PODS]]", help="Rolling, pod by pod, as 90days:4h:12h:2 for two pods at once."
        ),
    ] = None,
    technicians: Annotated[int, typer.Option(min=0, help="Hands for repairs; 0 for as many as needed.")] = 0,
    power_cap: Annotated[str | None, typer.Option(help="IT power of each site, for example 150MW.")] = None,
    curtail: Annotated[
        str | None,
        typer.Option(metavar="DAY:HOURS:SHARE,...", help="Power held down, such as 30:4h:60%: day 30, 4 h, to 60 %."),
    ] = None,
    power_response: Annotated[
        str | None, typer.Option(help="Over a limit of power: throttle slows all jobs, preempt takes some off.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of jobs and failures.")] = 0,
    check: Annotated[bool, typer.Option("--check", help="Check every balance while it runs; slow.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.html, fleet.json and tables/*.parquet there.")
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Write the log of events as Parquet too.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report with its timeline there.")
    ] = None,
    settings: Settings = None,
    overlays: Overlays = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a fleet event by event: jobs, queues, failures, repairs, checkpoints, power."""
    if events and out is None:
        message = "--events writes events.parquet into a folder; say which with --out DIR"
        raise InputError(message)
    asked: dict[str, Any] = {
        "accelerator": accelerator, "gpus": read.count("--gpus", gpus), "trace": str(trace) if trace else None,
        "form": form or None, "columns": read.pairs("--column", columns), "clean": clean or None, "workload": workload,
        "quota_file": str(quotas) if quotas else None, "load_frac": read.number("--load", load, "1"), "model": model,
        "run_gpus": read.count("--run-gpus", run_gpus), "tokens": read.number("--tokens", tokens, "token"),
        "layout": read.pairs("--layout", layout), "days": read.days(days), "months": months,
        "policy": policy, "placement": placement, "quotas": not no_quotas, "preemption": preemption,
        "defragmentation": defragmentation, "tiers": tiers, "power_response": power_response,
        "checkpoint_interval_s": read.number("--checkpoint-interval", checkpoint_interval, "s", 1.0),
        "age_s": read.age_s(age), "maintenance": read.maintenance(maintenance), **read.lemons(lemons_out),
        "software_failures_per_gpu_day": read.rate("--software-failures", software_failures),
        "confined_software_frac": read.number("--confined-software", confined_software, "1"),
        "job_failures_per_day": read.rate("--job-failures", job_failures), **read.stragglers(stragglers),
        "spare_frac": read.number("--spares", spares, "1"), "recovery": recovery,
        "checkpoint_write_s": read.number("--checkpoint", checkpoint, "s", 1e-3),
        "restart_s": read.number("--restart", restart, "s"), "reliability": reliability,
        "technicians_count": technicians, "curtailments": read.curtailments(curtail), "seed": seed, "check": check,
        "power_cap_w": shell.power("--power-cap", power_cap, "MW") if power_cap else None,
    }  # fmt: skip
    asked = {name: value for name, value in asked.items() if value is not None}
    policies = [item.strip() for item in compare.split(",") if item.strip()] if compare else []
    if policies and policy:
        message = "--compare names its policies; leave --policy out"
        raise InputError(message)
    catalogue, case = _case(scenario, settings, overlays, asked | ({"policy": policies[0]} if policies else {}))
    from gigawatt.planning.fleet import answered, compared

    with shell.waiting("simulating the fleet", quiet=quiet):
        answers = compared(case, policies) if policies else (answered(case),)
    inputs = {"scenario": scenario, "compare": policies or None, **asked, "curtailments": curtail}
    inputs |= {"maintenance": maintenance} if maintenance else {}
    document = _document(answers, inputs)
    _write(answers, document, catalogue, out=out, events=events, report=report, quiet=quiet)
    for notice in document["result"]["notices"]:
        say_aside(f"warning: {notice}", quiet)
    if as_json:
        put_json(document)
    else:
        _show(document["result"])


def _case(
    scenario: str | None, settings: list[str] | None, overlays: list[Path] | None, asked: dict[str, Any]
) -> tuple[Catalogue, Case]:
    """Make what is simulated: of a scenario, or of accelerators of one kind."""
    from gigawatt.planning.fleet import Question, fleet_case

    if scenario is not None:
        from gigawatt.planning.fleet.of_plan import scenario_case

        found = shell.resolved(scenario, settings, overlays)
        return found.catalogue, scenario_case(found, Question(**asked))
    if settings or asked.get("months"):
        message = "--set and --months are of a scenario; name one, as in gigawatt fleet meta-2025"
        raise InputError(message)
    from gigawatt.catalogue import load as load_catalogue

    catalogue = load_catalogue(tuple(overlays or ()))
    try:
        return catalogue, fleet_case(catalogue, Question(**asked))
    except InputError as error:  # a faulty trace names what leaves its rows out as Python writes it
        raise InputError(str(error).replace("clean=True", "--clean")) from error


def _document(answers: tuple[FleetAnswer, ...], inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the contract's document."""
    from gigawatt.planning.document import envelope, package_version
    from gigawatt.planning.figures import used_figures
    from gigawatt.planning.fleet.record import comparison_record, fleet_record

    result = fleet_record(answers[0]) if len(answers) == 1 else comparison_record(answers)
    return envelope("fleet", package_version(), inputs, result, used_figures(answers[0].figures))


def _write(
    answers: tuple[FleetAnswer, ...],
    document: dict[str, Any],
    catalogue: Catalogue,
    *,
    out: Path | None,
    events: bool,
    report: Path | None,
    quiet: bool,
) -> None:
    """Write what is asked for: of several policies, into a folder for each."""
    from gigawatt.planning.document import package_version
    from gigawatt.planning.fleet.tables import write_events, write_fleet
    from gigawatt.planning.run_folders import recorded
    from gigawatt.views.report.fleet import write_fleet_report

    if report is not None:
        write_fleet_report(answers[0], report, package_version(), catalogue)
        say_aside(f"report: {report}", quiet)
    if out is None:
        return
    for answer in answers:
        folder = out if len(answers) == 1 else out / Path(answer.question.policy).stem
        with recorded(folder, "fleet", document["result"]["fleet"]["title"], inputs=document["inputs"]):
            write_fleet_report(answer, folder / "report.html", package_version(), catalogue)
            if events:
                write_events(answer, folder)
            write_fleet(answer, document, folder)
        say_aside(f"report: {folder / 'report.html'}", quiet)


def _show(result: dict[str, Any]) -> None:
    """Print the answer as tables."""
    from rich.text import Text

    from gigawatt.views import fleet_words as words
    from gigawatt.views.terminal import show_table

    if "compared" in result:
        records = result["compared"]
        shell.put(Text(f"{result['fleet']['title']}: {len(records)} policies on the same jobs and failures", "bold"))
        shell.put(show_table(*words.comparison(records)))
        return
    shell.put(Text(words.headline(result), "bold"))
    shell.put(Text(words.conditions(result), "dim"))
    shell.put(show_table(("figure", "value", "in detail"), words.figures(result)))
    for title, table in words.tables(result):
        shell.put(show_table(*table, title=title))
