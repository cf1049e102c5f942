"""Read a model that is not in the catalogue from its Hugging Face `config.json`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from gigawatt.catalogue.architectures import FAMILIES
from gigawatt.catalogue.config_fields import Fields
from gigawatt.catalogue.parameters import Embeddings, parameters_count
from gigawatt.catalogue.schema import LanguageModel
from gigawatt.errors import CatalogueError, InputError, nearest
from gigawatt.records import Quantity

LARGEST_FILE_BYTES = 5_000_000  # configurations are a few kB; anything larger is another file
CONFIG = "config.json"
# Which vocabulary matrices the publisher of a family counts as active, where not both.
ACTIVE_EMBEDDINGS: dict[str, Embeddings] = {"gpt_oss": "output"}


def read_config(path: Path, name: str | None = None) -> LanguageModel:
    """Read a Hugging Face configuration as a catalogue model.

    Parameters
    ----------
    path : Path
        A `config.json`, or a folder that holds one. Nothing is downloaded.
    name : str, optional
        Name and, made kebab-case, id; the folder's or file's name where not given.

    Returns
    -------
    LanguageModel
        The architecture, with total and active parameters counted from it (kind `derived`).

    Raises
    ------
    InputError
        If the file is missing, too large, no JSON object, of an unknown `model_type`, or lacks a key or has one of
        the wrong type: every such fault at once, each with its key.

    Examples
    --------
    >>> import tempfile
    >>> keys = {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "vocab_size": 50257}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "config.json"
    ...     _ = path.write_text(json.dumps(keys))
    ...     model = read_config(path, "GPT-2 small")
    >>> model.id, int(model.total_parameters_count.value)
    ('gpt-2-small', 124439808)
    """
    file = path / CONFIG if path.is_dir() else path
    data = _read_json(file)
    family = data.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        wrong = f'model_type "{family}" is not a known family' if isinstance(family, str) else "model_type is missing"
        hint = nearest(family, FAMILIES) if isinstance(family, str) else ""
        message = f"{file}: {wrong}. {hint} Known families: {', '.join(sorted(FAMILIES))}.".replace("  ", " ")
        raise InputError(message)
    fields = Fields(data)
    mapped = FAMILIES[family](fields)
    _check(fields, mapped)
    if fields.faults:
        message = "\n".join(f"{file}: {fault} ({family})" for fault in fields.faults)
        raise InputError(message)
    shown = name or (file.parent.resolve().name if file.name == CONFIG else file.stem)
    return _model(file, family, shown, mapped)


def _read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object; raise InputError that says what the file is instead."""
    try:
        size_bytes = file.stat().st_size
        if size_bytes > LARGEST_FILE_BYTES:
            message = (
                f"{file}: has {size_bytes / 1e6:.0f} MB; a configuration has a few kB, at most "
                f"{LARGEST_FILE_BYTES / 1e6:.0f} MB are read"
            )
            raise InputError(message)
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = (
            f"{file}: {error.strerror or error}. Give a catalogue id, or the path of a model's {CONFIG} or its folder; "
            "nothing is downloaded"
        )
        raise InputError(message) from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        message = f"{file}: is not JSON: {error}"
        raise InputError(message) from error
    if not isinstance(data, dict):
        message = f"{file}: holds a JSON {type(data).__name__}, not an object"
        raise InputError(message)
    return data


def _check(fields: Fields, mapped: dict[str, Any]) -> None:
    """Note what does not fit together."""
    heads, kv_heads = mapped["heads"], mapped["kv_heads"]
    if heads % kv_heads:
        fields.fault("num_key_value_heads", f"{heads} heads do not share {kv_heads} key-value heads evenly")
    if mapped.get("windowed_layers", 0) > mapped["layers"]:
        fields.fault("layer_types", f"{mapped['windowed_layers']} windowed layers are more than {mapped['layers']}")
    if mapped.get("dense_layers", 0) not in range(mapped["layers"] + 1):
        fields.fault("dense layers", f"{mapped['dense_layers']} is not between 0 and {mapped['layers']} layers")
    if mapped.get("top_k", 0) > mapped.get("experts", 0):
        fields.fault("num_experts_per_tok", f"{mapped['top_k']} is more than the {mapped['experts']} experts")


def _model(file: Path, family: str, name: str, mapped: dict[str, Any]) -> LanguageModel:
    """Build the entry and count its parameters."""
    source = str(file)
    unknown = Quantity(value=0.0, source=source, kind="derived")
    entry = LanguageModel(
        id=slug(name),
        name=name,
        developer="",
        note=f"read from {file.name} ({family}); parameters counted from the architecture",
        total_parameters_count=unknown,
        active_parameters_count=unknown,
        **mapped,
    )
    try:
        total, active = parameters_count(entry, active_embeddings=ACTIVE_EMBEDDINGS.get(family, "all"))
    except CatalogueError as error:
        message = f"{file}: {error}"
        raise InputError(message) from error
    note = f"counted from the architecture in {file.name}"
    counted = {
        f"{which}_parameters_count": Quantity(value=float(count), source=source, kind="derived", note=note)
        for which, count in (("total", total), ("active", active))
    }
    return entry.model_copy(update=counted)


def slug(name: str) -> str:
    """Return a kebab-case id for a name; dots stay.

    Examples
    --------
    >>> slug("Llama-3.1 8B_instruct")
    'llama-3.1-8b-instruct'
    """
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "model"
