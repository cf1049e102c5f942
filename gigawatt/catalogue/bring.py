"""A thing of one's own in place of a catalogue id: a model's `config.json`, or a YAML file of the catalogue's shape."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from gigawatt.catalogue.entry import Entry
from gigawatt.catalogue.huggingface import LARGEST_FILE_BYTES, read_config
from gigawatt.catalogue.store import Catalogue
from gigawatt.errors import CatalogueError, InputError

YAML_SUFFIXES = (".yaml", ".yml")


def bring(catalogue: Catalogue, kind: str, name_or_path: str) -> tuple[Catalogue, str]:
    """Return a catalogue that holds what is named, and its id.

    This is the only place that decides whether an argument is an id or a path. An id of the catalogue wins; what has a
    path separator, ends in `.json`, `.yaml` or `.yml`, or exists as a file or folder is read and laid over the
    catalogue; anything else is an unknown id.

    Parameters
    ----------
    catalogue : Catalogue
    kind : str
        "models" or "accelerators".
    name_or_path : str
        A catalogue id; for a model also a Hugging Face `config.json` or its folder; for both a YAML file of the
        catalogue's shape.

    Returns
    -------
    tuple of Catalogue and str
        The same catalogue for an id; else one with the thing added, and the id it has there.

    Raises
    ------
    CatalogueError
        If it is no path and no id; names the nearest.
    InputError
        If the file is missing or wrong.

    Examples
    --------
    >>> from gigawatt.catalogue import load
    >>> bring(load(), "models", "llama-3.1-8b")[1]
    'llama-3.1-8b'
    """
    shelf = catalogue.shelf(kind)
    if name_or_path in shelf:
        return catalogue, name_or_path
    path = Path(name_or_path)
    if not _is_path(name_or_path, path):
        shelf[name_or_path]  # raises CatalogueError that names the nearest
    if path.suffix in YAML_SUFFIXES:
        entry = _read_yaml(catalogue, kind, path)
    elif kind == "models":
        entry = read_config(path)
    else:
        message = f"{path}: is neither in the catalogue nor a YAML file of its shape; see `gigawatt catalogue {kind}`"
        raise InputError(message)
    return catalogue.with_entry(kind, entry), entry.id


def _is_path(text: str, path: Path) -> bool:
    """Return whether an argument means a file."""
    if os.sep in text or path.suffix in (".json", *YAML_SUFFIXES):
        return True
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _read_yaml(catalogue: Catalogue, kind: str, path: Path) -> Entry:
    """Read one entry from a YAML file of the catalogue's shape."""
    if not path.is_file():
        message = f"{path}: no such file"
        raise InputError(message)
    if path.stat().st_size > LARGEST_FILE_BYTES:
        message = f"{path}: is larger than {LARGEST_FILE_BYTES / 1e6:.0f} MB; a catalogue file has a few kB"
        raise InputError(message)
    try:
        shelf = catalogue.shelf(kind).beside(path)
        if len(shelf) != 1:
            message = f"{path}: holds {len(shelf)} entries; one is needed. Lay several over with --catalogue DIR"
            raise InputError(message)
        return cast("Entry", shelf[next(iter(shelf))])
    except CatalogueError as error:
        raise InputError(str(error)) from error
