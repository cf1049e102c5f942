"""The Python interface: what `import gigawatt` offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.catalogue import load as _load_catalogue
from gigawatt.planning import jobs
from gigawatt.planning.compare import Comparison
from gigawatt.planning.compare import compare as _compare
from gigawatt.planning.document import plan_document
from gigawatt.planning.pipeline import DRAWS_COUNT, make_plan
from gigawatt.planning.plan import Plan
from gigawatt.scenario.read import read
from gigawatt.scenario.resolve import Resolved, resolve

if TYPE_CHECKING:
    from gigawatt.planning.optimise import OptimiseAnswer
    from gigawatt.planning.study import StudyAnswer


def load(path_or_name: str, settings: Sequence[str] = ()) -> Resolved:
    """Read a scenario and fill its defaults.

    Parameters
    ----------
    path_or_name : str
        File, or the name of a shipped scenario.
    settings : sequence of str
        Overrides, "budget.0.capex=70 B USD".

    Returns
    -------
    Resolved

    Raises
    ------
    ScenarioError
        With every fault found.
    """
    return resolve(read(str(path_or_name), tuple(settings)))


def plan(
    scenario: str | Resolved, settings: Sequence[str] = (), *, draws_count: int = DRAWS_COUNT, seed: int = 0
) -> Plan:
    """Plan a scenario.

    Parameters
    ----------
    scenario : str or Resolved
        File, shipped name, or what `load` returned.
    settings : sequence of str
        Overrides, where a file or name is given.
    draws_count, seed : int
        Of the uncertainty draws.

    Returns
    -------
    Plan
    """
    resolved = load(scenario, settings) if isinstance(scenario, str) else scenario
    return make_plan(resolved, draws_count=draws_count, seed=seed)


def compare(*plans: Plan | str) -> Comparison:
    """Compare plans or scenarios with the first.

    Parameters
    ----------
    *plans : Plan or str
        Finished plans, files or shipped names.

    Returns
    -------
    Comparison
    """
    return _compare([plan_document(plan(item) if isinstance(item, str) else item) for item in plans])


def optimise(scenario: str | Resolved, settings: Sequence[str] = (), **question: Any) -> OptimiseAnswer:
    """Find the best purchases and placements of a scenario.

    Parameters
    ----------
    scenario : str or Resolved
        File, shipped name, or what `load` returned.
    settings : sequence of str
        Overrides, where a file or name is given.
    **question : Any
        Fields of `gigawatt.planning.optimise.Question`: goal, by, about, gap_frac, step, time_limit_s.

    Returns
    -------
    OptimiseAnswer
        `plan(answer.resolved)` makes its plan.
    """
    from gigawatt.planning.optimise import Question, best_plan

    resolved = load(scenario, settings) if isinstance(scenario, str) else scenario
    return best_plan(resolved, Question(**question))


def study(
    scenario: str | Resolved,
    settings: Sequence[str] = (),
    *,
    against: Mapping[str, str | Resolved] | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    **question: Any,
) -> StudyAnswer:
    """Study how sure the plan of a scenario is.

    Parameters
    ----------
    scenario : str or Resolved
        File, shipped name, or what `load` returned.
    settings : sequence of str
        Overrides, where a file or name is given.
    against : mapping of str to (str or Resolved), optional
        Other scenarios by the name they shall have, under the same draws.
    folder : str or Path, optional
        Where the draws are kept.
    resume : bool
        Whether draws of the same study that lie there are kept.
    **question : Any
        Fields of `gigawatt.planning.study.Question`: samples_count, seed, goal, sobol, executor, workers_count.

    Returns
    -------
    StudyAnswer
        With more than one worker a script needs the line `if __name__ == "__main__":`.
    """
    from gigawatt.planning.study import Question, run_study

    def loaded(item: str | Resolved, settings: Sequence[str] = ()) -> Resolved:
        return load(item, settings) if isinstance(item, str) else item

    return run_study(
        loaded(scenario, settings),
        Question(**question),
        against={name: loaded(item) for name, item in (against or {}).items()},
        folder=Path(folder) if folder else None,
        resume=resume,
    )


def train(model: str, accelerator: str, gpus: int, **options: Any) -> jobs.TrainAnswer:
    """Find how to train a model; options as in `gigawatt.planning.jobs.train`."""
    return jobs.train(_load_catalogue(), model, accelerator, gpus, **options)


def serve(model: str, accelerator: str, **options: Any) -> jobs.ServeAnswer:
    """Find how to serve a model; options as in `gigawatt.planning.jobs.serve`."""
    return jobs.serve(_load_catalogue(), model, accelerator, **options)
