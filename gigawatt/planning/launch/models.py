"""Names of models as launch flags and measurements write them, as ids of the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

from gigawatt.catalogue import Catalogue
from gigawatt.errors import InputError, nearest


def catalogue_model(name: str, catalogue: Catalogue) -> str:
    """Return the catalogue id, or the path, that a model's name stands for.

    Parameters
    ----------
    name : str
        "meta-llama/Llama-3.1-70B-Instruct", a path, or an id.
    catalogue : Catalogue

    Returns
    -------
    str
        The longest id that the last part of the name holds as whole words.

    Raises
    ------
    InputError
        If it holds none.

    Examples
    --------
    >>> from gigawatt.catalogue import load
    >>> catalogue_model("meta-llama/Llama-3.1-70B-Instruct", load())
    'llama-3.1-70b'
    """
    if name in catalogue.models or Path(name).exists():
        return name
    last = name.rstrip("/").rsplit("/", 1)[-1].lower().replace("_", "-")
    held = [known for known in catalogue.models if re.search(rf"(?<![a-z0-9.]){re.escape(known)}(?![a-z0-9.])", last)]
    if not held:
        message = f'"{name}" is no model of the catalogue. {nearest(last, catalogue.models)}'
        raise InputError(message)
    return max(held, key=len)
