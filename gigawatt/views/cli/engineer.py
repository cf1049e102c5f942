"""The AI engineer: writes policies, proves them, reviews other people's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.views.cli import shell
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, Settings, put, put_json, quantity, say_aside

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue
    from gigawatt.planning.engineer import Question
    from gigawatt.scenario.resolve import Resolved

EXAMPLE = "Example: gigawatt engineer evolve --target scheduler --trace jobs.parquet --gpus 10k --out runs/first"
ACTIONS = ("evolve", "review", "leaderboard")
KEY_VARIABLE = "OPENAI_API_KEY"
RESULTS = Path("runs")


def run(
    action: Annotated[
        str,
        typer.Argument(help="evolve a policy, review one that someone wrote, or show the leaderboard of a folder."),
    ],
    path: Annotated[
        Path | None, typer.Argument(help="Policy to review; folder of the leaderboard, runs if not given.")
    ] = None,
    target: Annotated[
        str, typer.Option(help="What the policy decides: scheduler, placement, victim, checkpoint, power, router.")
    ] = "scheduler",
    scenario: Annotated[
        str | None,
        typer.Option(help="Fleet, work and rules, shipped or a file; a week each of its months is simulated."),
    ] = None,
    months: Annotated[
        str | None, typer.Option(help="Of a scenario: 2026-01..2026-12; its twelve fullest if not given.")
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Jobs: sacct, SWF, Philly, Helios, Acme, any table; for a router requests, as serve reads them.",
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="Format of the trace; told from the file if not given.")] = "",
    workload: Annotated[
        str,
        typer.Option(metavar="CLUSTER", help="Jobs drawn from a cluster's statistics; philly, or as the scenario's."),
    ] = "",
    accelerator: Annotated[
        str, typer.Option(help="Kind; h100-sxm if not given. A scenario has its own.", show_default=False)
    ] = "",
    gpus: Annotated[
        str | None, typer.Option(help="How many there are, for example 10k; 10k, or 16 replicas, if not given.")
    ] = None,
    serves: Annotated[
        str, typer.Option(metavar="MODEL", help="Of a router: what is served; llama-3.1-70b, or the scenario's.")
    ] = "",
    load: Annotated[
        str | None,
        typer.Option(help="What is asked for over what there is; 70%, of a scenario 100% of what it keeps for jobs."),
    ] = None,
    weeks: Annotated[int, typer.Option(help="Of drawn work; a trace of jobs has its own.")] = 9,
    draws: Annotated[int, typer.Option(help="Times that each week is drawn anew, with other failures.")] = 5,
    reliability: Annotated[
        str, typer.Option(help="Failure rates of the catalogue; none for a fleet that never fails.")
    ] = "",
    budget: Annotated[int, typer.Option(min=1, help="Policies to simulate at most.")] = 1500,
    tokens: Annotated[int, typer.Option(min=0, help="Tokens of a language model at most; 0 for any number.")] = 0,
    time_limit: Annotated[
        float, typer.Option(min=0.0, help="Seconds of search at most; 0 for any. The proof comes after.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of draws, failures and search.")] = 0,
    workers: Annotated[
        int, typer.Option(min=0, help="Judges at once; the answer does not depend on it. 0 for one a core.")
    ] = 0,
    llm: Annotated[
        str,
        typer.Option(metavar="URL", help="OpenAI-compatible endpoint that proposes, such as http://localhost:8000/v1."),
    ] = "",
    model: Annotated[str, typer.Option(metavar="NAME", help="Its model. The key is taken from OPENAI_API_KEY.")] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder; runs/engineer-TARGET if not given.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in the run folder.")] = False,
    settings: Settings = None,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write policies for a fleet or for what it serves and prove them on weeks that the search has not seen."""
    from gigawatt.errors import InputError, nearest

    if action not in ACTIONS:
        message = f'"{action}" is nothing the engineer does. {nearest(action, ACTIONS)}'
        raise InputError(message)
    if action == "leaderboard":
        _places(path or RESULTS, as_json)
        return
    if (action == "review") != (path is not None):
        message = "gigawatt engineer review FILE takes a file with a policy, evolve takes none"
        raise InputError(message)
    from gigawatt.planning.engineer import Question

    question = Question(
        target=target, scenario=scenario or "", settings=tuple(settings or ()), months=months or "",
        trace=str(trace) if trace else "", form=form, workload=workload, accelerator=accelerator,
        gpus=round(quantity("--gpus", gpus, "GPU", 1.0)) if gpus else 0, serves=serves,
        load_frac=quantity("--load", load, "1", 0.01) if load else 0.0, weeks=weeks, draws=draws,
        reliability=reliability, budget_evaluations=budget, budget_tokens=tokens, budget_s=time_limit, seed=seed,
        workers=workers, llm=llm, model=model,
    )  # fmt: skip
    question.require_valid()
    catalogue, resolved = _found(question, overlays)
    _answer(catalogue, question, resolved, action, path, out, resume, as_json, quiet)


def _found(question: Question, overlays: list[Path] | None) -> tuple[Catalogue, Resolved | None]:
    """Return the catalogue, and the scenario where one is asked for."""
    if question.scenario:
        resolved = shell.resolved(question.scenario, list(question.settings), overlays)
        return resolved.catalogue, resolved
    from gigawatt.catalogue import load as load_catalogue

    return load_catalogue(tuple(overlays or ())), None


def _answer(
    catalogue: Catalogue, question: Question, resolved: Resolved | None, action: str, path: Path | None,
    out: Path | None, resume: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Search or review, write the result, say it."""
    from gigawatt.planning.engineer import evolve, review
    from gigawatt.planning.engineer.result import record, write
    from gigawatt.views.engineer import render

    folder = out
    if action == "evolve":
        folder = out or RESULTS / f"engineer-{question.target}"
        say_aside(f"searching; {folder} has every proposal. Ctrl-C stops, --resume goes on", quiet)
        answer = evolve(
            catalogue, question, folder, _teller(quiet), resume=resume, secret=os.environ.get(KEY_VARIABLE, ""),
            resolved=resolved,
        )  # fmt: skip
    else:
        assert path is not None
        say_aside("judging on the slices of the proof", quiet)
        answer = review(catalogue, question, path, resolved=resolved)
    if folder is not None:
        write(answer, folder)
    if as_json:
        put_json(record(answer))
        return
    put(render(answer, folder))


def _teller(quiet: bool) -> Any:
    """Return a function that says on standard error how a search stands, ever more rarely."""
    told = [0]

    def tell(now: Any) -> None:
        if now.evaluations >= 1.2 * told[0]:
            told[0] = now.evaluations
            say_aside(
                f"{now.elapsed_s:6.0f} s  {now.evaluations:6,} simulated, {now.rejections:,} rejected, best "
                f"{100.0 * now.best_frac:+.1f} % better than the best rule by hand on the training slices",
                quiet,
            )

    return tell


def _places(path: Path, as_json: bool) -> None:
    """Say the leaderboard of a folder."""
    from dataclasses import asdict

    from gigawatt.planning.document import envelope, package_version
    from gigawatt.planning.engineer.leaderboard import leaderboard

    places = leaderboard(path)
    if as_json:
        result = {"places": [asdict(item) for item in places]}
        put_json(envelope("engineer", package_version(), {"folder": str(path)}, result, []))
        return
    from gigawatt.views.engineer import render_places

    put(render_places(places))
