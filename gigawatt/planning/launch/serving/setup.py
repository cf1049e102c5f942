"""How a model is served, whichever engine's flags say it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gigawatt.engines.serving.types import Deployment, Replica, ServingInputs
from gigawatt.errors import InputError
from gigawatt.planning.launch.words import whole

NORMAL_P99 = 2.33


@dataclass(frozen=True, slots=True)
class ServingSetup:
    """A replica and its engine.

    Attributes
    ----------
    model : str
        As the engine names it: catalogue id, path, or name on a hub.
    replica : Replica
    precision : str
        Of the weights; empty where the flags leave it to the checkpoint.
    kv_precision : str
        Of the KV cache; empty where the flags leave it to the engine.
    max_sequences : int or None
        Running sequences of the whole replica at most; None where the engine decides. [-]
    step_tokens : int or None
        Tokens of a step of the whole replica at most; None where the engine decides. [-]
    context_tokens : int or None
        Longest sequence; None where the model decides. [-]
    chunked_prefill, prefix_caching : bool
    draft_tokens : int
        Tokens drafted a step; 0: none. [-]
    draft_model : str
        Model that drafts; empty where the served model's own layer does.
    role : str
        prefill or decode where pools are apart; otherwise empty.
    """

    model: str
    replica: Replica = field(default_factory=Replica)
    precision: str = ""
    kv_precision: str = ""
    max_sequences: int | None = None
    step_tokens: int | None = None
    context_tokens: int | None = None
    chunked_prefill: bool = True
    prefix_caching: bool = True
    draft_tokens: int = 0
    draft_model: str = ""
    role: str = ""

    @property
    def attention_ranks(self) -> int:
        """Groups that each hold their own sequences: 1 without attention data parallelism."""
        return self.replica.tensor_parallel if self.replica.attention_data_parallel else 1


@dataclass(frozen=True, slots=True)
class ServingFlags:
    """What an engine's flags say.

    Attributes
    ----------
    tool : str
        Key of `gigawatt.planning.launch.serving.TOOLS`.
    setup : ServingSetup
    copies : int
        Replicas that the flags start.
    notes : tuple of str
        What was not understood or is predicted as something near it.
    """

    tool: str
    setup: ServingSetup
    copies: int = 1
    notes: tuple[str, ...] = field(default=())


def setup_of(inputs: ServingInputs, point: Deployment, model: str, draft_model: str = "") -> ServingSetup:
    """Return the set-up of an operating point.

    Parameters
    ----------
    inputs : ServingInputs
    point : Deployment
        Running sequences at most are the 99th percentile around its mean batch, a whole number for each rank.
    model : str
        As the engine names it.
    draft_model : str
        Likewise, where one drafts.

    Returns
    -------
    ServingSetup
    """
    ranks = point.replica.tensor_parallel if point.replica.attention_data_parallel else 1
    sequences = math.ceil(point.batch + NORMAL_P99 * math.sqrt(point.batch))
    return ServingSetup(
        model=model,
        replica=point.replica,
        precision=inputs.precision,
        kv_precision=inputs.kv_precision,
        max_sequences=ranks * math.ceil(sequences / ranks),
        step_tokens=ranks * inputs.step_tokens_count,
        chunked_prefill=inputs.chunked_prefill,
        draft_tokens=inputs.speculation.draft_tokens_count if inputs.speculation else 0,
        draft_model=draft_model,
    )


def refuse(tool: str, reasons: Mapping[str, bool]) -> None:
    """Raise InputError with everything that a tool's flags cannot say."""
    found = [reason for reason, holds in reasons.items() if holds]
    if found:
        message = f"{tool} cannot express {'; '.join(found)}"
        raise InputError(message)


def number(flags: dict[str, list[str]], names: tuple[str, ...], default: int | None = None) -> int | None:
    """Return the whole number of the first of some names of a flag that is given."""
    for name in names:
        if name in flags:
            return whole(flags, name)
    return default


def flag_text(flags: dict[str, list[str]], names: tuple[str, ...]) -> str:
    """Return the value of the first of some names of a flag that is given; empty where none is."""
    return next((" ".join(flags[name][:1]) for name in names if name in flags), "")


def precision_of(word: str, table: Mapping[str, str], flag: str) -> str:
    """Return the precision that a word of quantisation stands for; raise InputError where it stands for none."""
    if not word or word in ("none", "None", "auto", "null"):
        return ""
    if word not in table:
        message = f'{flag}: "{word}" is none of {", ".join(sorted(table))}'
        raise InputError(message)
    return table[word]
