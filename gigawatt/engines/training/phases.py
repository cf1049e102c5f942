"""Runs that change on the way: batch ramps, longer sequences, annealing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gigawatt.engines.hardware.constants import CALIBRATION, Calibration
from gigawatt.engines.training.run import run
from gigawatt.engines.training.search import search
from gigawatt.engines.training.step import estimate
from gigawatt.engines.training.types import Layout, RunEstimate, StepEstimate, TrainingJob
from gigawatt.errors import InfeasibleError, InputError


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run with one sequence length and one batch.

    Attributes
    ----------
    tokens : float
        Tokens of the phase. [token]
    sequence_tokens : int
        Tokens per sequence. [token]
    batch_sequences : int
        Sequences per optimizer step, over all ranks.
    gpus_count : int
        Accelerators; 0 for those of the job.
    layout : Layout, optional
        How it is spread; searched where not given.
    label : str
    """

    tokens: float
    sequence_tokens: int
    batch_sequences: int
    gpus_count: int = 0
    layout: Layout | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """A phase, predicted."""

    phase: Phase
    job: TrainingJob
    step: StepEstimate
    run: RunEstimate


@dataclass(frozen=True, slots=True)
class PhasedRun:
    """A run of phases, one after the other, without interruptions.

    Attributes
    ----------
    phases : tuple of PhaseRun
    total : RunEstimate
        Sums over the phases.
    model_flops : float
        Of the whole run. [FLOP]
    typical_step : StepEstimate
        Step of the phase that takes longest, for what needs one typical step.
    """

    phases: tuple[PhaseRun, ...]
    total: RunEstimate
    model_flops: float
    typical_step: StepEstimate


def _check(phases: Sequence[Phase]) -> None:
    """Raise where phases mean nothing; name every one."""
    faults = [] if phases else ["a run needs at least one phase"]
    for number, phase in enumerate(phases, start=1):
        name = phase.label or f"phase {number}"
        if not phase.tokens > 0.0:
            faults.append(f"{name}: {phase.tokens:g} tokens is not above 0")
        if phase.sequence_tokens < 1 or phase.batch_sequences < 1 or phase.gpus_count < 0:
            faults.append(
                f"{name}: sequence {phase.sequence_tokens}, batch {phase.batch_sequences} and accelerators "
                f"{phase.gpus_count} must not be below 1, 1 and 0"
            )
    if faults:
        raise InputError("; ".join(faults))


def batch_ramp(
    tokens: float, sequence_tokens: int, first_sequences: int, last_sequences: int, increment_sequences: int
) -> tuple[Phase, ...]:
    r"""Phases of a batch that grows by even increments over some tokens.

    Parameters
    ----------
    tokens : float
        Tokens over which the batch grows, the last batch not included. [token]
    sequence_tokens : int
        Tokens per sequence. [token]
    first_sequences, last_sequences, increment_sequences : int
        First and final batch, and what each step of the ramp adds. [sequence]

    Returns
    -------
    tuple of Phase
        One for each batch below the last, of equal tokens.

    Raises
    ------
    InputError
        If increments do not lead from the first to the last batch.

    Notes
    -----
    Megatron-LM's ``--rampup-batch-size start increment samples`` [1]_: each batch gets the same number of samples.

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM,"
       SC21, 2021; Megatron-LM repository, arguments of training.

    Examples
    --------
    >>> [phase.batch_sequences for phase in batch_ramp(12e9, 2048, 32, 128, 32)]
    [32, 64, 96]
    """
    if increment_sequences < 1 or first_sequences < 1 or first_sequences >= last_sequences:
        message = f"a ramp from {first_sequences} to {last_sequences} by {increment_sequences} sequences goes nowhere"
        raise InputError(message)
    if (last_sequences - first_sequences) % increment_sequences:
        message = (
            f"increments of {increment_sequences} do not lead from {first_sequences} to {last_sequences} sequences"
        )
        raise InputError(message)
    batches = range(first_sequences, last_sequences, increment_sequences)
    return tuple(
        Phase(tokens / len(batches), sequence_tokens, batch, label=f"ramp at {batch:,} sequences") for batch in batches
    )


def _step(
    job: TrainingJob, phase: Phase, fixed: Mapping[str, int | str] | None, calibration: Calibration
) -> StepEstimate:
    """Step of a phase: of its layout, else of the best one."""
    if phase.layout is not None:
        return estimate(job, phase.layout, calibration)
    found = search(job, 1, fixed, calibration)
    if found.best is None:
        message = f"{phase.label or 'a phase'} of {phase.sequence_tokens:,} tokens a sequence: {found.reason}"
        raise InfeasibleError(message)
    return found.best


def run_phases(
    job: TrainingJob,
    phases: Sequence[Phase],
    fixed: Mapping[str, int | str] | None = None,
    calibration: Calibration = CALIBRATION,
) -> PhasedRun:
    """Predict every phase of a run, and sum them.

    Parameters
    ----------
    job : TrainingJob
        Model, accelerators, precision, software; sequence and batch come from the phases.
    phases : sequence of Phase
        In their order.
    fixed : mapping of str to int or str, optional
        Fields of `Layout` to hold where a phase's layout is searched.
    calibration : Calibration
        Constants of training.

    Returns
    -------
    PhasedRun
        Without failures; goodput is the fleet engine's. A given layout that does not fit is not an error: the note of
        the phase's run says what is short.

    Raises
    ------
    InputError
        If a phase means nothing.
    InfeasibleError
        If no layout fits a phase.
    """
    _check(phases)
    done = []
    for phase in phases:
        own = replace(
            job,
            gpus_count=phase.gpus_count or job.gpus_count,
            sequence_tokens=phase.sequence_tokens,
            batch_sequences=phase.batch_sequences,
        )
        step = _step(own, phase, fixed, calibration)
        done.append(PhaseRun(phase, own, step, run(own, step, phase.tokens)))
    runs = [one.run for one in done]
    total = RunEstimate(
        tokens=sum(one.tokens for one in runs),
        days=sum(one.days for one in runs),
        gpu_hours_h=sum(one.gpu_hours_h for one in runs),
        it_energy_mwh=sum(one.it_energy_mwh for one in runs),
        steps_count=sum(one.steps_count for one in runs),
        notes=tuple(note for one in runs for note in one.notes),
    )
    longest = max(done, key=lambda one: one.run.days)
    flops = sum(one.step.model_flops * one.run.steps_count for one in done)
    return PhasedRun(tuple(done), total, flops, longest.step)
