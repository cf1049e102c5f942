"""A whole training run from one step."""

from __future__ import annotations

from gigawatt.engines.training.types import RunEstimate, StepEstimate, TrainingJob
from gigawatt.errors import InputError
from gigawatt.units import JOULES_PER_MWH, SECONDS_PER_DAY, SECONDS_PER_HOUR


def run(job: TrainingJob, step: StepEstimate, tokens: float) -> RunEstimate:
    r"""Extend one step to a run of so many tokens, without interruptions.

    Parameters
    ----------
    job : TrainingJob
        The job.
    step : StepEstimate
        Its step, from `estimate` or `search`.
    tokens : float
        Tokens to train on. [token]

    Returns
    -------
    RunEstimate
        Days, accelerator-hours and IT energy of uninterrupted training; goodput is the fleet engine's.

    Raises
    ------
    InputError
        If `tokens` is not positive.

    Notes
    -----
    Steps are :math:`tokens / (batch \cdot sequence)`; time is steps times step time, energy is time times accelerators
    times mean power.
    """
    if not tokens > 0.0:
        message = f"tokens: {tokens} is not a positive number of training tokens"
        raise InputError(message)
    steps = tokens / (job.batch_sequences * job.sequence_tokens)
    seconds = steps * step.step_time_s
    gpu_seconds = seconds * job.gpus_count
    notes = () if step.fits else (f"the layout does not fit: {step.reason}",)
    return RunEstimate(
        tokens=tokens,
        days=seconds / SECONDS_PER_DAY,
        gpu_hours_h=gpu_seconds / SECONDS_PER_HOUR,
        it_energy_mwh=gpu_seconds * step.gpu_power_w / JOULES_PER_MWH,
        steps_count=steps,
        notes=notes,
    )
