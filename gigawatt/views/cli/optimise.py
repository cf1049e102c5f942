"""The best purchases and placements of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigawatt.views.cli.shell import AsJson, Overlays, Quiet, Settings, put, put_json, resolved, say_aside, waiting

if TYPE_CHECKING:
    from gigawatt.planning.optimise import OptimiseAnswer, Question
    from gigawatt.scenario.resolve import Resolved

EXAMPLE = "Example: gigawatt optimise coreweave-2025 --goal npv --out runs/coreweave-best"


def run(
    scenario: Annotated[str, typer.Argument(help="Shipped scenario, scenario file, or - for standard input.")],
    settings: Settings = None,
    goal: Annotated[str, typer.Option(help="npv, compute, tokens, time, cost or carbon.")] = "npv",
    by: Annotated[
        str | None,
        typer.Option(metavar="MONTH", help="Until when compute or tokens count; the plan's end if not given."),
    ] = None,
    about: Annotated[
        str,
        typer.Option(
            "--for", metavar="NAME", help="Training run or pool, by label or model; the largest if not given."
        ),
    ] = "",
    gap: Annotated[str, typer.Option(help="How close to the proven bound is good enough.")] = "0.5%",
    step: Annotated[
        str, typer.Option(help="Length of a period: month or quarter; month if not given, up to ten years.")
    ] = "",
    time_limit: Annotated[float, typer.Option(min=1.0, help="Seconds of search at most.")] = 120.0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Make the plan of the optimum and write it as a run.")
    ] = None,
    overlays: Overlays = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the best purchases and placements, with a proven bound, what binds, and what one more of it is worth."""
    from gigawatt.planning.optimise import Question, best_plan

    question = Question(
        goal=goal,
        by=_month(by),
        about=about,
        gap_frac=_share("--gap", gap),
        step=step,
        time_limit_s=time_limit,
    )
    asked = resolved(scenario, settings, overlays)
    with _watching(question, quiet) as tell:
        answer = best_plan(asked, question, tell)
    report = _write(answer, out) if out else None
    if as_json:
        put_json(_document(answer, question, asked))
        return
    from gigawatt.views.optimum import render

    put(render(answer, report))
    if answer.status != "proven":
        say_aside(f"the search {_ended(answer.status)}; the bound is proven all the same", quiet)


def _ended(status: str) -> str:
    """Say how a search ended before its time."""
    return "was stopped" if status == "stopped" else "ran out of time"


def _month(text: str | None) -> Any:
    """Read a month; raise InputError that names the option."""
    from gigawatt.errors import InputError
    from gigawatt.records import Month

    if text is None:
        return None
    try:
        return Month.parse(text)
    except ValueError as error:
        message = f"--by: {error}"
        raise InputError(message) from error


def _share(option: str, text: str) -> float:
    """Read a share, 0.005 or 0.5%."""
    from gigawatt.views.cli.shell import quantity

    return quantity(option, text, "1", 0.0)


def _write(answer: OptimiseAnswer, folder: Path) -> Path:
    """Make the plan of the optimum and write it as any run, with the answer beside it."""
    from gigawatt.planning.document import clean, dumps
    from gigawatt.planning.optimise import record_of
    from gigawatt.planning.pipeline import make_plan
    from gigawatt.planning.run_folders import recorded
    from gigawatt.planning.store import save_run, write_atomically
    from gigawatt.views.report.html import write_report
    from gigawatt.views.report.xlsx import write_xlsx

    made = make_plan(answer.resolved)
    with recorded(folder, "optimise", made.scenario_id, inputs=made.inputs, seed=made.seed):
        save_run(made, folder)
        write_atomically(folder / "optimum.json", dumps(clean(record_of(answer))))
        write_report(made, folder / "report.html")
        write_xlsx(made, folder / "plan.xlsx")
    return folder / "report.html"


def _document(answer: OptimiseAnswer, question: Question, asked: Resolved) -> Any:
    """Return the document of the contract."""
    from gigawatt.planning.document import envelope, package_version
    from gigawatt.planning.optimise import record_of

    inputs = {
        "scenario": asked.scenario.scenario,
        "goal": question.goal,
        "by": str(question.by) if question.by else None,
        "for": question.about,
        "gap_pct": 100.0 * question.gap_frac,
        "step": answer.step,
        "time_limit_s": question.time_limit_s,
    }
    provenance = [
        {"path": item.path, "value": item.value, "kind": item.kind, "source": item.source, "as_of": item.as_of}
        for item in asked.provenance
    ]
    return envelope("optimise", package_version(), inputs, record_of(answer), provenance)


@contextmanager
def _watching(question: Question, quiet: bool) -> Iterator[Any]:
    """Give a function that shows the progress of a search on a terminal; Ctrl-C then ends it with what it has found."""
    import signal
    from threading import current_thread, main_thread

    words, stop, heard = ["how fast each accelerator does the work"], [False], [False]

    def tell(progress: Any) -> bool:
        heard[0] = True
        left_s = max(question.time_limit_s - progress.elapsed_s, 0.0)
        found = f"gap {100.0 * progress.gap_frac:.2f} %" if progress.gap_frac < 10.0 else "nothing found yet"
        words[0] = f"{found}, {100.0 * question.gap_frac:.2f} % wanted, at most {left_s:.0f} s more"
        return stop[0]

    def stopped(*_: object) -> None:
        if stop[0] or not heard[0]:
            raise KeyboardInterrupt  # a second time, or before the search: at once
        stop[0] = True

    before = signal.signal(signal.SIGINT, stopped) if current_thread() is main_thread() else None
    try:
        with waiting(lambda: words[0], quiet):
            yield tell
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
