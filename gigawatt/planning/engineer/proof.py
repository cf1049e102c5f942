"""Choosing among what a search has found, and proving one policy on weeks that nobody has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.engineer.archive import Archive, Entry
from gigawatt.planning.engineer.bench import Bench
from gigawatt.planning.engineer.court import Court, Verdict
from gigawatt.planning.engineer.evidence import PROVEN_P, Evidence, holm, p_value, paired
from gigawatt.planning.engineer.measures import mean_of
from gigawatt.planning.engineer.score import Limits, Score, best_by_hand, limits_of, score_of
from gigawatt.planning.engineer.targets import TARGETS

FINALISTS = 12  # of the archive go to the select weeks
SELECT, TEST, ELSEWHERE = "select", "test", "elsewhere"


@dataclass(frozen=True, slots=True)
class Finalist:
    """A policy on the select weeks.

    Attributes
    ----------
    entry : Entry
    score : Score
        On the select slices.
    p_value : float
        That it is no better there than the best rule by hand, corrected for the number of finalists (Holm).
    """

    entry: Entry
    score: Score
    p_value: float


@dataclass(frozen=True, slots=True)
class Proof:
    """One policy against every rule by hand, on the test slices.

    Attributes
    ----------
    target : str
    text : str
    parts : int
    reference : str
        The rule by hand that turns out best on the test slices, those of the books included: known afterwards only, so
        the hardest to beat.
    built_in : str
        The best of those that the simulator has.
    score : Score
        Against it and the limits that follow from the rules by hand there.
    limits : Limits
    against : dict of str to Evidence
        By rule.
    means : dict of str to measures
        By rule, and "policy".
    elsewhere : dict of str to Evidence
        By fleet and work that are not the search's: against the best rule by hand there.
    elsewhere_reference : dict of str to str
        Which that is.
    least : float
        Mean over the test slices of what is proven that no policy can undercut; 0 where nothing is.
    shares : dict of str to float
        Relative change of what is wanted, by test slice, against the reference. [-]
    """

    target: str
    text: str
    parts: int
    reference: str
    built_in: str
    score: Score
    limits: Limits
    against: dict[str, Evidence]
    means: dict[str, Any]
    elsewhere: dict[str, Evidence]
    elsewhere_reference: dict[str, str]
    least: float
    shares: dict[str, float]

    def is_better_than(self, rule: str) -> bool:
        """Whether it may be called better than a rule by hand."""
        found = self.against[rule]
        sound = not self.score.alarm and not self.score.breaches
        return sound and found.p_value < PROVEN_P and found.high_frac < 0.0


def rivals_on(bench: Bench, court: Court, places: Sequence[int]) -> dict[str, Verdict]:
    """Return the verdicts of all rules by hand on some slices.

    Raises
    ------
    InfeasibleError
        If the simulator takes none of them.
    """
    found = dict(zip(bench.rivals, court.rivals(bench.rivals, places), strict=True))
    usual = found[bench.usual]
    if usual.rejected:
        message = f"engineer: the rule by hand that is usual does not run: {usual.rejected}"
        raise InfeasibleError(message)
    return {name: verdict for name, verdict in found.items() if not verdict.rejected}


def finalists(bench: Bench, court: Court, archive: Archive) -> list[Finalist]:
    """Return the best of an archive on the select weeks, best first; those with breaches or alarms come last.

    Parameters
    ----------
    bench : Bench
    court : Court
    archive : Archive

    Returns
    -------
    list of Finalist
        Empty where the archive is.
    """
    places, target = bench.of(SELECT), bench.question.target
    rivals = rivals_on(bench, court, places)
    slices = [bench.slices[at] for at in places]
    limits = limits_of(target, rivals, slices, bench.usual)
    before = _wanted(target, rivals[limits.reference])
    kept = []
    for entry, verdict in _judged(court, archive.best(FINALISTS), places):
        score = score_of(target, verdict, limits, slices)
        kept.append((entry, score, p_value(before, _wanted(target, verdict))))
    corrected = holm([p for _, _, p in kept])
    made = [Finalist(entry, score, p) for (entry, score, _), p in zip(kept, corrected, strict=True)]
    return sorted(made, key=lambda item: (bool(item.score.alarm or item.score.breaches), -item.score.fitness))


def _judged(court: Court, entries: list[Entry], places: Sequence[int]) -> list[tuple[Entry, Verdict]]:
    """Judge entries; those that are rejected fall out."""
    verdicts = court.texts([entry.text for entry in entries], places)
    return [(entry, found) for entry, found in zip(entries, verdicts, strict=True) if not found.rejected]


def prove(bench: Bench, court: Court, text: str) -> Proof:
    """Hold one policy against every rule by hand, on the test weeks and elsewhere.

    Parameters
    ----------
    bench : Bench
        With the slices for the proof.
    court : Court
    text : str

    Returns
    -------
    Proof

    Raises
    ------
    InputError
        If the policy is rejected: by the gate, or over its bounds of time and memory.
    """
    target, places = bench.question.target, bench.of(TEST)
    verdict = court.texts([text], places)[0]
    if verdict.rejected:
        raise InputError(verdict.rejected)
    rivals = rivals_on(bench, court, places)
    slices = [bench.slices[at] for at in places]
    limits = limits_of(target, rivals, slices, bench.usual)
    weeks, names = [item.week for item in slices], [item.name for item in slices]
    after = _wanted(target, verdict)
    before = _wanted(target, rivals[limits.reference])
    means = {name: mean_of(list(found.rows)) for name, found in rivals.items()}
    elsewhere, references = _elsewhere(bench, court, text)
    return Proof(
        target=target,
        text=text,
        parts=verdict.parts,
        reference=limits.reference,
        built_in=best_by_hand(target, {name: rivals[name] for name in TARGETS[target].rivals if name in rivals}),
        score=score_of(target, verdict, limits, slices),
        limits=limits,
        against={name: paired(_wanted(target, found), after, weeks, names) for name, found in rivals.items()},
        means={**means, "policy": mean_of(list(verdict.rows))},
        elsewhere=elsewhere,
        elsewhere_reference=references,
        least=sum(TARGETS[target].least(item) for item in slices) / len(slices),
        shares={
            name: (b - a) / max(a, 1e-12) for name, a, b in zip(names, before, after, strict=True)
        },
    )  # fmt: skip


def _elsewhere(bench: Bench, court: Court, text: str) -> tuple[dict[str, Evidence], dict[str, str]]:
    """Compare on other fleets and other people's jobs."""
    target, places = bench.question.target, bench.of(ELSEWHERE)
    if not places:
        return {}, {}
    verdict = court.texts([text], places)[0]
    rivals = rivals_on(bench, court, places)
    found, references = {}, {}
    for where in dict.fromkeys(bench.slices[at].where for at in places):
        chosen = [row for row, at in enumerate(places) if bench.slices[at].where == where]
        here = {name: Verdict(tuple(item.rows[row] for row in chosen)) for name, item in rivals.items()}
        best = best_by_hand(target, here)
        slices = [bench.slices[places[row]] for row in chosen]
        rows = () if verdict.rejected else tuple(verdict.rows[row] for row in chosen)
        after = _wanted(target, Verdict(rows)) if rows else [float("inf")] * len(chosen)
        found[where] = paired(
            _wanted(target, here[best]), after, [item.week for item in slices], [item.name for item in slices]
        )
        references[where] = best
    return found, references


def _wanted(target: str, verdict: Verdict) -> list[float]:
    """Return what shall be small, by slice."""
    return [float(getattr(row, TARGETS[target].wanted)) for row in verdict.rows]
