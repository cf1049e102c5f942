"""The command line: one file per verb, heavy imports inside the verbs, errors as sentences."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from typing import Annotated

import typer

from gigawatt.errors import GigawattError
from gigawatt.views.cli import (
    calibrate,
    catalogue,
    check,
    compare,
    doctor,
    engineer,
    explain,
    export,
    facility,
    finetune,
    fleet,
    init,
    mcp,
    optimise,
    plan,
    report,
    runs,
    scale,
    scenarios,
    serve,
    study,
    train,
    validate,
)

# A verb runs for seconds and makes few cycles: looking for them at Python's usual rate takes a fifth of a plan's time.
OBJECTS_BEFORE_COLLECTION = 1_000_000

app = typer.Typer(
    name="gigawatt",
    help="Plan AI data centres: from dollars and megawatts to GPUs online, models trained, tokens served, cash earned.",
    epilog="Start with: gigawatt plan meta-2025",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    scenarios,
    init,
    check,
    plan,
    compare,
    optimise,
    study,
    train,
    serve,
    finetune,
    scale,
    fleet,
    engineer,
    facility,
    validate,
    calibrate,
    catalogue,
    explain,
    runs,
    report,
    export,
    doctor,
    mcp,
):
    app.command(verb.__name__.rsplit(".", 1)[-1], epilog=verb.EXAMPLE)(verb.run)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a defect.")] = False,
) -> None:
    """Show the help when no verb is given."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(version_of("gigawatt"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def _interrupt_behind(end: BaseException | None) -> KeyboardInterrupt | None:
    """Return the Ctrl-C that Typer has turned into an exit; None where there was none."""
    while end is not None and not isinstance(end, KeyboardInterrupt):
        end = end.__cause__ or end.__context__
    return end


def _say_stopped(stop: KeyboardInterrupt) -> None:
    """Say in a line that someone stopped it, and what is kept."""
    sys.stderr.write(f"stopped: {stop}\n" if str(stop) else "stopped\n")


def main() -> None:
    """Run the command line; every error becomes a sentence and an exit code."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's "end now" is a Ctrl-C
    try:
        app()
    except GigawattError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except SystemExit as end:
        if (stop := _interrupt_behind(end)) is not None:
            _say_stopped(stop)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; keep the exit quiet
        sys.exit(0)
    except KeyboardInterrupt as stop:
        _say_stopped(stop)
        sys.exit(130)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        sys.stderr.write(
            f"gigawatt has a defect: {type(error).__name__}: {error}\n"
            "Please report it with the command you typed; --debug before the verb shows the traceback.\n"
        )
        sys.exit(1)
