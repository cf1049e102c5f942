"""Launch flags of other tools, into `train` and out of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.errors import InputError

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue
    from gigawatt.planning.launch.flags import LaunchFlags

LARGEST_FILE_BYTES = 5_000_000
DEFAULT_SEQUENCE_TOKENS = 8192


def read_flags(source: str, tool: str | None) -> LaunchFlags:
    """Read launch flags from a file, or from standard input for "-"."""
    from gigawatt.planning.launch import read

    return read(text_of(source), tool or "")


def text_of(source: str) -> str:
    """Read the text of a file, or standard input for "-"."""
    try:
        if source == "-":
            text = sys.stdin.read(LARGEST_FILE_BYTES + 1)
        else:
            path = Path(source)
            if path.stat().st_size > LARGEST_FILE_BYTES:
                message = f"{source}: is larger than {LARGEST_FILE_BYTES / 1e6:.0f} MB; launch flags have a few kB"
                raise InputError(message)
            text = path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"--from-flags {source}: {error.strerror or error}"
        raise InputError(message) from error
    except UnicodeDecodeError as error:
        message = f"--from-flags {source}: is not text: {error}"
        raise InputError(message) from error
    return text


def asked(
    catalogue: Catalogue,
    flags: LaunchFlags | None,
    *,
    model: str | None,
    gpus: int | None,
    sequence: int | None,
    batch_tokens: float | None,
    precision: str | None,
    fixed: Mapping[str, int | str],
) -> dict[str, Any]:
    """Return the arguments of `jobs.train`: from the flags, where they are not given on the command line."""
    from gigawatt.planning.launch.question import question

    if flags is None:
        missing = [option for option, value in (("--model", model), ("--gpus", gpus)) if value is None]
        if missing:
            message = f"{' and '.join(missing)}: needed, unless --from-flags says it"
            raise InputError(message)
        return {
            "catalogue": catalogue,
            "model": model,
            "gpus": gpus,
            "sequence": sequence or DEFAULT_SEQUENCE_TOKENS,
            "batch_tokens": batch_tokens,
            "precision": precision or "bf16",
            "fixed": fixed,
        }
    found = question(flags, catalogue, model=model, gpus_count=gpus, fixed=fixed)
    return {
        "catalogue": found.catalogue,
        "model": found.model,
        "gpus": found.gpus_count,
        "sequence": sequence or found.sequence_tokens or DEFAULT_SEQUENCE_TOKENS,
        "batch_tokens": batch_tokens,
        "batch_sequences": None if batch_tokens else found.batch_sequences,
        "precision": precision or found.precision or "bf16",
        "fixed": found.fixed,
        "notes": found.notes,
    }
