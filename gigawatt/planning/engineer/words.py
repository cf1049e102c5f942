"""What a policy does, in words found by running it: which way each thing that it reads pushes its score."""

from __future__ import annotations

import math

import numpy as np

from gigawatt.engines.policy import Features, Program
from gigawatt.engines.policy.arithmetic import evaluate
from gigawatt.engines.policy.describe import describe
from gigawatt.engines.policy.features import Feature
from gigawatt.planning.engineer.target import Target

POINTS, STEPS = 80, 5  # situations drawn; values of one feature tried in each
LEAST_FRAC, MOST = (
    1e-3,
    1e7,
)  # of a feature's range that is drawn from: decades below its largest value; at most so large
ALWAYS, MOSTLY = 0.995, 0.7  # shares of steps in one direction
SEED = 7


def effects(program: Program, features: Features) -> dict[str, tuple[float, float]]:
    """Return how a score goes with each feature that a policy reads.

    Parameters
    ----------
    program : Program
    features : Features

    Returns
    -------
    dict of str to tuple of float
        Shares of steps in which the score rises, and falls, as the feature grows and all else stays. [-]

    Examples
    --------
    >>> from gigawatt.engines.policy import compile_policy
    >>> table = Features((Feature("wait_s", "s", "Time in the queue.", 0.0, 1e6),))
    >>> effects(compile_policy("-wait_s", table), table)
    {'wait_s': (0.0, 1.0)}
    """
    luck = np.random.default_rng(SEED)
    rows = [row for row in features.rows if row.name in program.features]
    found = {}
    for row in rows:
        rises = falls = 0
        for _ in range(POINTS):
            here = {other.name: _drawn(other, luck) for other in rows}
            scores = [evaluate(program.tree, {**here, row.name: value}).value for value in _ladder(row)]
            steps = np.diff(scores)
            rises, falls = rises + int((steps > 0.0).sum()), falls + int((steps < 0.0).sum())
        total = POINTS * (STEPS - 1)
        found[row.name] = (rises / total, falls / total)
    return found


def _span(row: Feature) -> tuple[float, float]:
    """Return the range of a feature that situations are drawn from."""
    most = min(row.most, MOST)
    return max(row.least, most * LEAST_FRAC), most


def _drawn(row: Feature, luck: np.random.Generator) -> float:
    """Draw a value, evenly by its logarithm."""
    low, high = _span(row)
    return math.exp(luck.uniform(math.log(low), math.log(high))) if high > low > 0.0 else row.least


def _ladder(row: Feature) -> list[float]:
    """Return rising values of a feature."""
    low, high = _span(row)
    return [float(value) for value in np.geomspace(low, high, STEPS)]


def in_words(program: Program, features: Features, target: Target) -> str:
    """Say what a policy does.

    Parameters
    ----------
    program : Program
    features : Features
    target : Target

    Returns
    -------
    str
        Several lines: what each feature does to the score, then size, meanings and the canonical text.
    """
    lines = [f"Decides {target.about}. {target.contract}", ""]
    for name, (rises, falls) in effects(program, features).items():
        lines.append(f"- {name}: {_direction(rises, falls)}")
    return "\n".join([*lines, "", describe(program, features)])


def _direction(rises: float, falls: float) -> str:
    """Say which way a score goes."""
    moved = rises + falls
    if moved == 0.0:
        return "makes no difference in the situations that were tried"
    share, way = (rises / moved, "up") if rises >= falls else (falls / moved, "down")
    still = "" if moved > ALWAYS else f", where it matters at all ({100.0 * moved:.0f} % of steps)"
    if share >= ALWAYS:
        return f"the more, the {'higher' if way == 'up' else 'lower'} the score{still}"
    if share >= MOSTLY:
        return f"mostly the more, the {'higher' if way == 'up' else 'lower'} ({100.0 * share:.0f} % of steps){still}"
    return f"now up, now down, by what else is the case{still}"
