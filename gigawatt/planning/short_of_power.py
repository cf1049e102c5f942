"""What a plan that is short of megawatts could do: the power cap that brings most from them."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.hardware.types import Accelerator
from gigawatt.planning import convert
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.planning.plan import Notice
from gigawatt.planning.power_caps import CapGain, best_gain

LEAST_GAIN_FRAC = 0.02  # throughput that a cap must bring to be told of: less is no more than the model knows
LEAST_SHARE_FRAC = 0.10  # of the IT power online at the end; kinds with less are not worth a word


def short_of_power(prepared: Prepared, outcome: Outcome) -> tuple[Notice, ...]:
    """Name the power cap that would bring most, where power limits growth.

    Parameters
    ----------
    prepared : Prepared
    outcome : Outcome

    Returns
    -------
    tuple of Notice
        One, or none: where power never limits, or no cap would bring `LEAST_GAIN_FRAC` on a kind that has none.
    """
    limits = outcome.built.limit_T
    months_count = limits.count("power")
    if not months_count:
        return ()
    online_K = outcome.built.online_count_SKT.sum(axis=0)[:, _last(limits)]
    it_w_K = online_K * outcome.inputs.system_w_K
    capped = prepared.scenario.fleet.power_cap or {}
    said, settings = [], []
    for k in np.argsort(-it_w_K, kind="stable").tolist():
        kind = outcome.inputs.kinds[k]
        if kind in capped or it_w_K[k] < LEAST_SHARE_FRAC * it_w_K.sum():
            continue
        gain = _gain(kind, prepared)
        if gain.gain_frac >= LEAST_GAIN_FRAC:
            said.append(_words(kind, gain))
            settings.append(f"{kind}: {gain.cap_w:.0f} W")
    if not said:
        return ()
    message = (
        f"Power limits growth in {months_count} of {len(limits)} months. From the same megawatts "
        f"{' and '.join(said)}. Try fleet: {{power_cap: {{{', '.join(settings)}}}}}"
    )
    return (Notice("short-of-power", message, "fleet.power_cap"),)


def _last(limits: tuple[str, ...]) -> int:
    """Return the last month that power limits."""
    return len(limits) - 1 - limits[::-1].index("power")


def _gain(kind: str, prepared: Prepared) -> CapGain:
    """Return what a cap brings to a kind: to the largest training run on it, to products alone where there is none."""
    chip: Accelerator = convert.accelerator(prepared.catalogue.accelerators[kind], prepared.catalogue)
    runs = [scheduled.run for scheduled in prepared.work.runs if scheduled.kind == kind]
    largest = max(runs, key=lambda run: run.gpu_hours_h, default=None)
    return best_gain(chip, (largest.job, largest.step.layout) if largest else None)


def _words(kind: str, gain: CapGain) -> str:
    """Say what a cap brings."""
    return (
        f"capping {kind} at {gain.cap_w:,.0f} W would bring {gain.gain_frac:.0%} more throughput, by "
        f"{gain.more_gpus_frac:.0%} more accelerators that are each {gain.slower_frac:.0%} slower"
    )
