"""Uncertainty: the plan of a scenario under draws of its figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, Settings, put, put_json, resolved, waiting

if TYPE_CHECKING:
    from gigawatt.scenario.resolve import Resolved

EXAMPLE = "Example: gigawatt study meta-2025 --samples 4096 --sobol --out runs/meta-study"


def run(
    scenario: Annotated[str, typer.Argument(help="Shipped scenario, scenario file, or - for standard input.")],
    settings: Settings = None,
    samples: Annotated[int, typer.Option(help="Draws; powers of two are balanced.")] = 1024,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    goal: Annotated[
        str, typer.Option(metavar="METRIC", help="Metric that tornado, indices, regret and worth are about.")
    ] = "finance.npv_usd",
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'SCENARIO [PATH=VALUE ...]'",
            help="Another plan under the same draws, for regret; a scenario with settings of its own.",
        ),
    ] = None,
    sobol: Annotated[
        bool, typer.Option("--sobol", help="Also indices of variance of the most telling figures.")
    ] = False,
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core if not given.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the draws; write study.json and report.html.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the draws of the same study in --out.")] = False,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Study how sure a plan is: P10 to P90, chances of what was announced, what drives it, regret, worth of knowing."""
    from dataclasses import asdict

    from gigawatt.planning.run_folders import recorded
    from gigawatt.planning.study import Question, run_study

    if resume and out is None:
        message = "--resume: name the folder of the study with --out"
        raise InputError(message)
    question = Question(samples, seed, goal, sobol, executor, workers)
    asked = resolved(scenario, settings, overlays)
    others = _others(against or [], overlays)
    told = {"question": asdict(question), "scenario": asked.scenario.model_dump(mode="json"), "against": against or []}
    with recorded(out, "study", asked.scenario.scenario, inputs=told, seed=seed):
        with _watching(quiet) as tell:
            answer = run_study(asked, question, against=others, folder=out, resume=resume, progress=tell)
        report = _write(answer, out) if out else None
    if as_json:
        from gigawatt.planning.study.record import study_document

        put_json(study_document(answer))
        return
    from gigawatt.views.study import render
    from gigawatt.views.terminal import console

    put(render(answer, console().width, report))


def _others(written: list[str], overlays: list[Path] | None) -> dict[str, Resolved]:
    """Read the plans to compare with: a scenario, and settings after it."""
    found = {}
    for text in written:
        words = text.split()
        if not words or "=" in words[0]:
            message = "--against: name a scenario, as in --against 'meta-2025 budget.0.capex=70 B USD'"
            raise InputError(message)
        settings: list[str] = []
        for word in words[1:]:
            if "=" in word or not settings:
                settings.append(word)
            else:  # a unit after its number
                settings[-1] += f" {word}"
        found[text] = resolved(words[0], settings, overlays)
    return found


def _write(answer: Any, folder: Path) -> Path:
    """Write what a study found beside its draws."""
    from gigawatt.planning.study.record import save_study
    from gigawatt.views.report.study import write_study

    save_study(answer, folder)
    return write_study(answer, folder / "report.html")


@contextmanager
def _watching(quiet: bool) -> Iterator[Any]:
    """Give a function that is told of parts done, and say on a terminal how long the rest takes."""
    from time import perf_counter

    begin, words = perf_counter(), ["makes the plan ready"]

    def tell(done: int, parts: int) -> None:
        passed_s = perf_counter() - begin
        left = f", about {passed_s / done * (parts - done):.0f} s more" if done and done < parts else ""
        words[0] = f"{100.0 * done / parts:.0f} % of the draws{left}"

    with waiting(lambda: words[0], quiet):
        yield tell
