"""What policies are measured on: from a question to slices."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from gigawatt.catalogue import Catalogue
from gigawatt.engines.fleet.simulation import Jobs, Partition, Simulation
from gigawatt.planning.engineer.fleet_targets import FleetTarget
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.engineer.slices import (
    BEFORE_S,
    OTHER_SIZES,
    SPLITS,
    TRAIN_DRAWS,
    WEEK_S,
    Slice,
    asked_gpus,
    scaled_sizes,
    slice_of,
    split_of,
    weeks_of,
)
from gigawatt.planning.engineer.target import OWN, AnySlice
from gigawatt.planning.engineer.targets import TARGETS, names_by_hand
from gigawatt.scenario.resolve import Resolved
from gigawatt.units import SECONDS_PER_DAY

USUAL_WORKLOAD = "philly"  # where no work is named: the cluster whose jobs can be had as a trace, too
OTHER_WORKLOADS = ("acme-kalos", "philly")  # the first that is not the question's own: other people's jobs
OTHER_WEEKS, OTHER_DRAWS = 3, 2
ELSEWHERE = "elsewhere"
SEEDS_STEP = 1000  # between the seeds of two questions; draws lie in between


@dataclass(frozen=True, slots=True)
class Bench:
    """Slices, the same for every policy.

    Attributes
    ----------
    question : Question
    slices : tuple of slices
        Of a fleet or of requests.
    notes : tuple of str
        Where the work comes from and what was done to it.
    own : str
        Rule that the scenario's fleet is run by; empty where it says none.
    stamp : str
        Of what the question only names: a scenario's content.
    """

    question: Question
    slices: tuple[AnySlice, ...]
    notes: tuple[str, ...]
    own: str = ""
    stamp: str = ""

    @property
    def rivals(self) -> tuple[str, ...]:
        """The rules by hand: of the simulator, of the books, and the scenario's own where it is none of them."""
        names = names_by_hand(self.question.target)
        return (*names, OWN) if self.own == OWN else names

    @property
    def usual(self) -> str:
        """The rule that is taken where nothing is said."""
        return self.own or TARGETS[self.question.target].usual

    def of(self, split: str) -> list[int]:
        """Return the places of a split's slices."""
        return [at for at, item in enumerate(self.slices) if item.split == split]

    @property
    def key(self) -> str:
        """Short name of what is measured on: results with the same one can be compared."""
        text = json.dumps(self.question.bench_record(), sort_keys=True) + self.stamp
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def bench_of(
    catalogue: Catalogue, question: Question, *, proof: bool = True, resolved: Resolved | None = None
) -> Bench:
    """Return the slices that policies are measured on.

    Parameters
    ----------
    catalogue : Catalogue
    question : Question
    proof : bool
        Also the slices for the proof.
    resolved : Resolved, optional
        The scenario; read by its name where it is not given.

    Returns
    -------
    Bench

    Raises
    ------
    CatalogueError, InputError, ScenarioError
        If something is unknown or a file cannot be read.
    InfeasibleError
        If there is work for fewer than three weeks.
    """
    question.require_valid()
    question = question.filled()
    if question.scenario and resolved is None:
        from gigawatt.scenario.read import read
        from gigawatt.scenario.resolve import resolve

        resolved = resolve(read(question.scenario, question.settings))
    stamp = resolved.scenario.model_dump_json() if resolved else ""
    if not isinstance(TARGETS[question.target], FleetTarget):
        from gigawatt.planning.engineer.request_bench import request_slices

        slices, notes = request_slices(catalogue, question, resolved, proof=proof)
        return Bench(question, slices, notes, stamp=stamp)
    if resolved is not None:
        from gigawatt.planning.engineer.scenario_bench import scenario_slices

        found, notes, own = scenario_slices(resolved, question, proof=proof)
        return Bench(question, found, notes, own, stamp)
    return _fleet_bench(catalogue, question, proof=proof)


def _fleet_bench(catalogue: Catalogue, question: Question, *, proof: bool) -> Bench:
    """Return the slices of a fleet of one kind."""
    work = _trace(catalogue, question) if question.trace else _drawn(catalogue, question)
    splits = split_of(list(work.weeks))
    here = f"{_size(work.base):,} GPUs"
    found = []
    for week, split in splits.items():
        draws = range(min(TRAIN_DRAWS, question.draws) if split == SPLITS[0] else question.draws)
        if split != SPLITS[2] or proof:
            found += [_cut(work, split, here, week, draw) for draw in draws]
    if proof:
        tests = [week for week, split in splits.items() if split == SPLITS[2]]
        for frac in OTHER_SIZES:
            other = replace(work, base=_resized(work.base, frac))
            where = f"{_size(other.base):,} GPUs"
            found += [_cut(other, ELSEWHERE, where, week, min(1, question.draws - 1)) for week in tests]
        found += _elsewhere(catalogue, question)
    parts = [f"{name}: {', '.join(str(week) for week in splits if splits[week] == name)}" for name in SPLITS]
    slices = tuple(prepared(question.target, item) for item in found)
    return Bench(question, slices, (*work.notes, f"weeks of the trace, by time; {'; '.join(parts)}"))


def prepared(target: str, item: Slice) -> Slice:
    """Return a slice on which a target's policy matters."""
    found = TARGETS[target]
    assert isinstance(found, FleetTarget)
    return replace(item, simulation=found.prepare(item.simulation))


@dataclass(frozen=True, slots=True)
class _Work:
    """A fleet and the jobs that slices are cut from: one list to draw from, or one for each draw."""

    base: Simulation
    draws: tuple[Jobs, ...]
    weeks: tuple[int, ...]
    notes: tuple[str, ...]
    times: dict[int, int]  # by week: how many times as large the jobs are


def _cut(work: _Work, split: str, where: str, week: int, draw: int) -> Slice:
    """Cut a slice: a trace has one list of jobs, which is drawn from; a generator makes one for each draw."""
    times = work.times.get(week, 1)
    if len(work.draws) == 1:
        return slice_of(work.base, scaled_sizes(work.draws[0], times), split, where, week, draw)
    made = slice_of(work.base, work.draws[draw], split, where, week, 0)
    return replace(made, draw=draw, simulation=replace(made.simulation, seed=work.base.seed * SEEDS_STEP + draw))


def _fleet(catalogue: Catalogue, question: Question, **more: object) -> Simulation:
    """Return the fleet with its failures and some work."""
    from gigawatt.planning.fleet import Question as FleetQuestion
    from gigawatt.planning.fleet import fleet_case

    asked = FleetQuestion(
        accelerator=question.accelerator,
        gpus=question.gpus,
        reliability=question.reliability,
        quotas=False,
        preemption=question.target == "victim",
    )
    return fleet_case(catalogue, replace(asked, **more)).simulation  # type: ignore[arg-type]


def _trace(catalogue: Catalogue, question: Question) -> _Work:
    """Return the fleet and the jobs of a file, each week's so many times as large that it asks for the load wanted."""
    base = _fleet(catalogue, question, trace=question.trace, form=question.form, seed=question.seed)
    weeks = tuple(weeks_of(base.jobs))
    wanted = question.load_frac * question.gpus
    times = {week: max(round(wanted / asked_gpus(base.jobs, week)), 1) for week in weeks}
    loads = [asked_gpus(base.jobs, week) * times[week] / question.gpus for week in weeks]
    note = (
        f"jobs of {question.trace} with their times of submission and running; their sizes are multiplied week by "
        f"week, by {min(times.values())} to {max(times.values())}, so that each week asks for "
        f"{100.0 * min(loads):.0f} to {100.0 * max(loads):.0f} % of {question.gpus:,} GPUs"
    )
    return _Work(base, (base.jobs,), weeks, (note,), times)


def _drawn(catalogue: Catalogue, question: Question, seed_step: int = 0) -> _Work:
    """Return the fleet and jobs drawn from a cluster's statistics, anew for each draw."""
    workload = question.workload or USUAL_WORKLOAD
    days = (BEFORE_S + question.weeks * WEEK_S) / SECONDS_PER_DAY
    made = [
        _fleet(
            catalogue, question, workload=workload, days=days, load_frac=question.load_frac,
            seed=(question.seed + seed_step) * SEEDS_STEP + draw,
        )
        for draw in range(question.draws)
    ]  # fmt: skip
    base = replace(made[0], seed=question.seed)
    note = f"jobs drawn from the statistics of {workload}, for a load of {100.0 * question.load_frac:.0f} %"
    return _Work(base, tuple(item.jobs for item in made), tuple(range(question.weeks)), (note,), {})


def _elsewhere(catalogue: Catalogue, question: Question) -> list[Slice]:
    """Return weeks of other people's jobs."""
    own = "" if question.trace else question.workload or USUAL_WORKLOAD
    name = next(item for item in OTHER_WORKLOADS if item != own)
    asked = replace(question, trace="", form="", workload=name, weeks=OTHER_WEEKS, draws=OTHER_DRAWS)
    work = _drawn(catalogue, asked, seed_step=1)
    return [
        _cut(work, ELSEWHERE, f"jobs drawn as of {name}", week, draw)
        for week in range(OTHER_WEEKS)
        for draw in range(OTHER_DRAWS)
    ]


def _size(base: Simulation) -> int:
    """Accelerators of the fleet."""
    return sum(part.nodes_count * part.node_gpus_count for part in base.partitions)


def _resized(base: Simulation, frac: float) -> Simulation:
    """Return a fleet of another size."""
    part: Partition = base.partitions[0]
    return replace(base, partitions=(replace(part, nodes_count=max(round(part.nodes_count * frac), 1)),))
