"""The engineer's work from a question to a proven policy, and the review of a policy of someone else's."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from gigawatt.catalogue import Catalogue
from gigawatt.engines.policy import Features, compile_policy
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.engineer.archive import Archive
from gigawatt.planning.engineer.bench import bench_of
from gigawatt.planning.engineer.court import Court, Verdict
from gigawatt.planning.engineer.folder import Folder
from gigawatt.planning.engineer.proof import Finalist, Proof, finalists, prove, rivals_on
from gigawatt.planning.engineer.proposals import Proposer
from gigawatt.planning.engineer.proposals.genetic import Genetic
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.engineer.router_target import ROUTER
from gigawatt.planning.engineer.score import limits_of
from gigawatt.planning.engineer.search import Progress, Search, Tell
from gigawatt.planning.engineer.targets import TARGETS, features_of
from gigawatt.scenario.resolve import Resolved

TRAIN = "train"


@dataclass(frozen=True, slots=True)
class EngineerAnswer:
    """What came out.

    Attributes
    ----------
    question : Question
    key : str
        Of the bench.
    notes : tuple of str
    progress : Progress or None
        Of the search; none for a review.
    finalists : tuple of Finalist
    proof : Proof
    source : str
        File of a review; "search" otherwise.
    """

    question: Question
    key: str
    notes: tuple[str, ...]
    progress: Progress | None
    finalists: tuple[Finalist, ...]
    proof: Proof
    source: str


def evolve(
    catalogue: Catalogue,
    question: Question,
    path: Path,
    tell: Tell,
    *,
    resume: bool = False,
    secret: str = "",
    resolved: Resolved | None = None,
) -> EngineerAnswer:
    """Search for a policy, choose the best on the select weeks, and prove it on the test weeks.

    Parameters
    ----------
    catalogue : Catalogue
    question : Question
    path : Path
        Run folder.
    tell : callable
        Is told how the search stands after each batch.
    resume : bool
        Go on with the search that is in the folder.
    secret : str
        Key of the endpoint; it is given to no judge and written nowhere.
    resolved : Resolved, optional
        The scenario that is asked for; read by its name where it is not given.

    Returns
    -------
    EngineerAnswer

    Raises
    ------
    CatalogueError, InputError, RunNotFoundError
        If something asked is wrong, or the folder holds another search.
    InfeasibleError
        If nothing that was found runs on the select weeks.
    """
    question.require_valid()
    question = question.filled()
    folder = Folder(path)
    state = folder.open(question, resume=resume)
    bench = bench_of(catalogue, question, resolved=resolved)
    with Court(bench, question.workers) as court:
        places = bench.of(TRAIN)
        rivals = rivals_on(bench, court, places)
        archive = Archive(limits_of(question.target, rivals, [bench.slices[at] for at in places], bench.usual))
        progress = Progress()
        if state:
            archive.restore(state["archive"])
            progress = Progress(**{item.name: state[item.name] for item in fields(Progress)})
        proposer = proposer_of(question, features_of(question.target), secret, folder.logged_texts() if state else [])
        search = Search(
            question, bench.slices, places, court, proposer, archive, folder, progress,
            _first(question.target, rivals[archive.limits.reference]),
        )  # fmt: skip
        search.run(tell)
        found = finalists(bench, court, archive)
        if not found:
            message = (
                f"engineer: no policy was found that runs; {progress.stopped}. The reasons are in {path / 'log.jsonl'}"
            )
            raise InfeasibleError(message)
        proof = prove(bench, court, found[0].entry.text)
        notes = (*bench.notes, *_not_barred(court))
    return EngineerAnswer(question, bench.key, notes, progress, tuple(found), proof, "search")


def review(catalogue: Catalogue, question: Question, path: Path, *, resolved: Resolved | None = None) -> EngineerAnswer:
    """Prove a policy that someone wrote.

    Parameters
    ----------
    catalogue : Catalogue
    question : Question
        What it is measured on.
    path : Path
        File with the policy.
    resolved : Resolved, optional
        As of a search.

    Returns
    -------
    EngineerAnswer

    Raises
    ------
    InputError
        If the file cannot be read, or the policy is rejected.
    """
    question.require_valid()
    question = question.filled()
    text = text_of(path, question.target)
    bench = bench_of(catalogue, question, resolved=resolved)
    bench = replace(bench, slices=tuple(item for item in bench.slices if item.split not in (TRAIN, "select")))
    with Court(bench, question.workers) as court:
        proof = prove(bench, court, text)
        notes = (*bench.notes, *_not_barred(court))
    return EngineerAnswer(question, bench.key, notes, None, (), proof, str(path))


def text_of(path: Path, target: str) -> str:
    """Return the text of a policy for a target from a file, past the gate.

    Raises
    ------
    InputError
        If there is none, or the gate rejects it.
    """
    from gigawatt.planning.policies import read_policy
    from gigawatt.planning.routers import read_router

    program = read_router(path) if target == ROUTER.name else getattr(read_policy(path), TARGETS[target].hook)
    if program is None:
        message = f"{path}: has no policy for {TARGETS[target].hook}, which is what a {target} needs"
        raise InputError(message)
    compile_policy(program.source, features_of(target))
    return str(program.source)


def proposer_of(question: Question, features: Features, secret: str, seen: list[str]) -> Proposer:
    """Return the source of proposals that is asked for."""
    target = TARGETS[question.target]
    if question.llm:
        from gigawatt.planning.engineer.proposals.chat import Chat
        from gigawatt.planning.engineer.proposals.llm import LanguageModel

        return LanguageModel(Chat(question.llm, question.model, secret), target, features, seen)
    source = Genetic(features, (*target.books.values(), *target.seeds), question.seed, orders=target.orders)
    source.remember(seen)
    return source


def _first(target: str, verdict: Verdict) -> float:
    """Return what is wanted, on the first slice."""
    return float(getattr(verdict.rows[0], TARGETS[target].wanted))


def _not_barred(court: Court) -> tuple[str, ...]:
    """Say what the system did not bar the judges from."""
    return tuple(f"the judge's bound could not be set: {item}" for item in court.barred)


__all__ = ["EngineerAnswer", "evolve", "review", "text_of"]
