"""A study, step by step: plans made ready, draws made in parts, what they say, what drives it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gigawatt.errors import EngineError, InputError
from gigawatt.planning.document import dumps, package_version
from gigawatt.planning.executors import Workers, cores_count, run_parts
from gigawatt.planning.parts import Progress, Work
from gigawatt.planning.store import write_atomically
from gigawatt.planning.study.answer import Driver, StudyAnswer
from gigawatt.planning.study.ask import SOBOL_FIGURES_COUNT, SOBOL_SAMPLES_COUNT, Question
from gigawatt.planning.study.drivers import Index, Swing, saltelli_shares, sobol_indices, tornado, tornado_points
from gigawatt.planning.study.findings import (
    bands_and_fans_of,
    choices_of,
    claims_of,
    drivers_of,
    goals_of,
    targets_of,
    worth_of_all,
)
from gigawatt.planning.study.outputs import Reader
from gigawatt.planning.study.results import Results
from gigawatt.planning.study.sampling import Sampling, sampling_of
from gigawatt.planning.study.studied import Studied, studied
from gigawatt.planning.study.work import Draws, Points, metric_at, part_draws_count, parts_count
from gigawatt.scenario.resolve import Resolved

CENT_USD = 0.01  # what the statements of a draw may miss by
BALANCE_FRAC = 1e-9  # what its balances may miss by, relative
POINTS_AT_ONCE = 16  # of the tornado, worked out here whenever a part of the draws is done elsewhere
WORKED_WITH = ("gigawatt.planning.study.work", "scipy.stats", "duckdb")  # modules that take a worker seconds to import
KEY_FILE = "study.key.json"  # what the parts in a folder are parts of


def run_study(
    resolved: Resolved,
    question: Question,
    *,
    against: Mapping[str, Resolved] | None = None,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> StudyAnswer:
    """Study a scenario: its plan under draws of its figures, alone or against others.

    Parameters
    ----------
    resolved : Resolved
        Scenario with every default filled, and its catalogue.
    question : Question
    against : mapping of str to Resolved, optional
        Other scenarios by name, under the same draws.
    folder : Path, optional
        Where the parts are kept; a temporary one that is removed where not given.
    resume : bool
        Whether parts of the same study that lie in the folder are kept.
    progress : function, optional
        Told parts done and parts in all.

    Returns
    -------
    StudyAnswer

    Raises
    ------
    InputError
        If the section `study` of a scenario is wrong, or the folder holds another study.
    EngineError
        If the statements of a draw miss by a cent, or a balance does not hold.
    """
    begin = time.perf_counter()
    count = parts_count(question.samples_count)
    with (
        tempfile.TemporaryDirectory(prefix="gigawatt-study-") as spare,
        Workers(question.workers_count or cores_count(), WORKED_WITH) as crew,
    ):
        if question.executor == "local" and min(crew.count, count) > 1 and not resume:
            crew.get_ready(min(crew.count, count))
        plans = (studied(resolved), *(studied(other, name) for name, other in (against or {}).items()))
        sampling = sampling_of(plans, question.seed)
        ready = time.perf_counter()
        place = folder or Path(spare)
        _prepare_folder(place, _key(plans, sampling, question), resume=resume)
        run = partial(run_parts, executor=question.executor, workers=question.workers_count, crew=crew)
        aside = Aside(plans[0], question.goal)

        def tell(done_count: int, parts: int) -> None:
            if progress is not None:
                progress(done_count, parts)
            aside.some()  # while others draw

        run(Draws(plans, sampling, question.samples_count), count, place, progress=tell)
        drawn = time.perf_counter()
        found = _found(resolved, plans, question, place, aside.swings(), partial(run, progress=progress))
    laps = {"made ready": ready - begin, "draws": drawn - ready, "read": time.perf_counter() - drawn}
    return StudyAnswer(resolved=resolved, question=question, folder=folder, timings_s=laps, **found)


class Aside:
    """The tornado, worked out a few points at a time while this process waits for others that draw.

    Parameters
    ----------
    plan : Studied
    goal : str
        Metric.
    """

    def __init__(self, plan: Studied, goal: str) -> None:
        self._plan, self._goal = plan, goal
        self._points = tornado_points(plan.uncertain)
        self._found: list[float] = []

    def some(self, points_count: int = POINTS_AT_ONCE) -> None:
        """Work out the next points."""
        first = len(self._found)
        self._found += metric_at(self._plan, self._goal, self._points[first : first + points_count])

    def swings(self) -> tuple[Swing, ...]:
        """Return the tornado, having worked out what is left of it."""
        self.some(len(self._points))
        return tornado(self._plan.uncertain, self._found)


def _key(plans: Sequence[Studied], sampling: Sampling, question: Question) -> str:
    """Return what tells one study from another: figures, spreads, draws, version."""
    told = {
        "gigawatt": package_version(),
        "samples": question.samples_count,
        "in a part": part_draws_count(question.samples_count),
        "seed": question.seed,
        "goal": question.goal,
        "dimensions": [sampling.paths, sampling.months, sampling.copula.rank_DD.tolist()],
        "plans": [
            {
                "scenario": plan.prepared.scenario.model_dump(mode="json", exclude_none=True),
                "figures": [[figure.path, figure.family, asdict(figure.quantity)] for figure in plan.uncertain],
            }
            for plan in plans
        ],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _prepare_folder(folder: Path, key: str, *, resume: bool) -> None:
    """Keep the parts of the same study where asked, remove what is left of another run where not."""
    file = folder / KEY_FILE
    if resume and file.is_file():
        known = json.loads(file.read_text(encoding="utf-8")).get("key", "")
        if known != key:
            message = (
                f"{folder}: holds the parts of another study; leave out --resume to start anew, or name another folder"
            )
            raise InputError(message)
        return
    for name in ("parts", "sobol"):
        shutil.rmtree(folder / name, ignore_errors=True)
    write_atomically(file, dumps({"key": key}))


def _found(
    resolved: Resolved,
    plans: Sequence[Studied],
    question: Question,
    folder: Path,
    swings: tuple[Swing, ...],
    run: Callable[[Work, int, Path], None],
) -> dict[str, Any]:
    """Read what the draws say and find what drives it."""
    plan, reader = plans[0], Reader.of(plans[0])
    prepared, outcome = plan.at({})
    central = reader.scalars(prepared, outcome)
    central |= dict(zip(reader.series_columns(), reader.series(prepared, outcome).tolist(), strict=True))
    with Results(folder) as results:
        goals = goals_of(plans, question)
        columns = results.values(["residual_usd", "balance_frac", *goals, *claims_of(plan, central)])
        residual_usd, balance_frac = (float(columns[name].max()) for name in ("residual_usd", "balance_frac"))
        if not (residual_usd < CENT_USD and balance_frac < BALANCE_FRAC):
            message = f"study: in a draw the statements miss by {residual_usd:g} USD and a balance by {balance_frac:g}"
            raise EngineError(message)
        choices, value_NP = choices_of(plans, question, columns)
        drivers = drivers_of(results, plan, question, columns[goals[0]], value_NP)
        bands, fans = bands_and_fans_of(results, reader, central)
        found: dict[str, Any] = {
            "bands": bands,
            "fans": fans,
            "targets": targets_of(plan, central, columns),
            "swings": swings,
            "drivers": drivers,
            "choices": choices,
            "worth_of_all": worth_of_all(value_NP),
            "above_zero_share": float(np.mean(columns[goals[0]] > 0.0)),
            "held": plan.held,
            "residual_usd": residual_usd,
            "balance_frac": balance_frac,
        }
    indices = _indices(plan, drivers, swings, question, folder, run) if question.sobol else ()
    return {**found, "indices": indices, "notes": _notes(resolved, plan, question)}


def telling(drivers: Sequence[Driver], swings: Sequence[Swing], count: int) -> tuple[str, ...]:
    """Return the figures that a goal hangs on most, by rank correlation or by their swing, whichever says more."""
    widest = max((swing.width for swing in swings), default=0.0) or 1.0
    score = {swing.path: swing.width / widest for swing in swings}
    ranks = {driver.figure.path: abs(driver.rank_correlation) for driver in drivers if driver.figure.path in score}
    strongest = max((rank for rank in ranks.values() if rank == rank), default=0.0) or 1.0
    for path, rank in ranks.items():
        if rank == rank:
            score[path] = max(score[path], rank / strongest)
    return tuple(sorted(score, key=lambda path: (-score[path], path))[:count])


def _indices(
    plan: Studied,
    drivers: Sequence[Driver],
    swings: Sequence[Swing],
    question: Question,
    folder: Path,
    run: Callable[[Work, int, Path], None],
) -> tuple[Index, ...]:
    """Run Saltelli's design on the most telling figures and return their indices of variance."""
    paths = telling(drivers, swings, SOBOL_FIGURES_COUNT)
    if not paths:
        return ()
    shares_ND = saltelli_shares(paths, SOBOL_SAMPLES_COUNT, question.seed)
    points = Points(plan, paths, shares_ND, question.goal)
    place = folder / "sobol"
    run(points, points.parts_count, place)
    with Results(place, order="point") as results:
        values_N = results.values(["value"])["value"]
    return sobol_indices(paths, np.asarray(values_N), question.seed)


def _notes(resolved: Resolved, plan: Studied, question: Question) -> tuple[str, ...]:
    """Say what a reader must know."""
    notes = []
    count = question.samples_count
    if count & (count - 1):
        below = 1 << (count.bit_length() - 1)
        notes.append(f"{count:,} draws are no power of two; the sequence is balanced at {below:,} and at {2 * below:,}")
    notes.append(
        "layouts, deployments and weather years are those of the central plan: training and serving move within the "
        "bands that their engines state, sites by what their year answers to their plant"
    )
    if plan.held:
        notes.append(
            f"{len(plan.held)} figures with a range move in no draw: they would need a new search, or price an hour of "
            "work in the tables only; study.json lists them under held"
        )
    if question.sobol and resolved.scenario.study.correlations:
        notes.append("indices of variance take figures as independent; the correlations stand aside there")
    return tuple(notes)
