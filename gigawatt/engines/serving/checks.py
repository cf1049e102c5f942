"""Refuse inputs of the serving engine that mean nothing, with the field, the value and what is allowed."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.serving.constants import BYTES_PER_PARAMETER, CALIBRATION
from gigawatt.engines.serving.types import Replica, ServingInputs
from gigawatt.errors import InputError, nearest


def check(inputs: ServingInputs) -> None:
    """Refuse inputs that mean nothing.

    Parameters
    ----------
    inputs : ServingInputs
        Token counts, precisions and engine.

    Raises
    ------
    InputError
        Naming the field, the value and what is allowed.
    """
    for name in ("precision", "kv_precision"):
        value = getattr(inputs, name)
        if value not in BYTES_PER_PARAMETER:
            message = f'serving.{name}: "{value}" is not known. {nearest(value, BYTES_PER_PARAMETER)}'
            raise InputError(message)
    if inputs.engine not in CALIBRATION.layer_launch_s:
        message = (
            f'serving.engine: "{inputs.engine}" is not known. {nearest(inputs.engine, CALIBRATION.layer_launch_s)}'
        )
        raise InputError(message)
    request, slo = inputs.request, inputs.slo
    if not 0 < request.input_tokens < np.inf or not 0 < request.output_tokens < np.inf:
        message = (
            f"serving.request: {request.input_tokens} input and {request.output_tokens} output tokens; "
            "both must be > 0 and finite"
        )
        raise InputError(message)
    if not 0.0 <= (inputs.reserved_output_frac or 0.0) <= 1.0:
        message = f"serving.reserved_output_frac: {inputs.reserved_output_frac} is outside 0..1"
        raise InputError(message)
    for name in ("length_cv", "output_cv"):
        if not getattr(request, name) >= 0.0:
            message = f"serving.request.{name}: {getattr(request, name)} is negative"
            raise InputError(message)
    drafted = inputs.speculation
    if drafted is not None and not (drafted.draft_tokens_count >= 1 and 0.0 <= drafted.acceptance_frac <= 1.0):
        message = (
            f"serving.speculation: {drafted.draft_tokens_count} drafted tokens kept with probability "
            f"{drafted.acceptance_frac}; need at least 1, and 0..1"
        )
        raise InputError(message)
    if inputs.step_tokens_count < 1:
        message = f"serving.step_tokens_count: {inputs.step_tokens_count}; at least 1 is needed"
        raise InputError(message)
    if not 0.0 <= request.cached_frac <= 1.0:
        message = f"serving.request.cached_frac: {request.cached_frac} is outside 0..1"
        raise InputError(message)
    if not slo.ttft_p99_s > 0.0 or not slo.tpot_p99_s > 0.0:
        message = f"serving.slo: TTFT {slo.ttft_p99_s} s and TPOT {slo.tpot_p99_s} s; both must be > 0"
        raise InputError(message)


def check_replica(inputs: ServingInputs, replica: Replica, batch: float) -> None:
    """Refuse a replica or a batch that means nothing.

    Parameters
    ----------
    inputs : ServingInputs
        Its model's layers.
    replica : Replica
        Degrees of parallelism.
    batch : float
        Running sequences. [-]

    Raises
    ------
    InputError
        Naming the degree or the batch.
    """
    degrees = (replica.tensor_parallel, replica.pipeline_parallel, replica.expert_parallel)
    if min(degrees) < 1 or replica.pipeline_parallel > inputs.model.layers or degrees[2] > degrees[0]:
        message = (
            f"serving replica: tensor {degrees[0]}, pipeline {degrees[1]}, expert {degrees[2]} parallel; "
            f"each is at least 1, pipeline at most {inputs.model.layers} layers, expert at most tensor"
        )
        raise InputError(message)
    if not 0.0 < batch < np.inf:
        message = f"serving batch: {batch} is not a positive number"
        raise InputError(message)
