"""The search: proposals in batches, judged side by side, the good ones kept; the same for any number of judges."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from gigawatt.planning.engineer.archive import Archive, Entry
from gigawatt.planning.engineer.court import Verdict
from gigawatt.planning.engineer.folder import Folder
from gigawatt.planning.engineer.proposals import Proposal, Proposer
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.engineer.score import Score, score_of
from gigawatt.planning.engineer.target import AnySlice
from gigawatt.planning.engineer.targets import TARGETS

BATCH = 32  # proposals between two looks at the archive: enough for any number of judges
LLM_BATCH = 4  # of a language model: each answer is dear, and the next should know it
MOST_FAILURES = 8  # of a source in a row, after which it is given up
EARLY_FRAC = 0.25  # a policy that loses more than this against the best by hand on the first slice gets no others


class Judges(Protocol):
    """What the search needs of a court."""

    def texts(self, texts: Sequence[str], slices: Sequence[int]) -> list[Verdict]:
        """Judge policies."""


@dataclass(slots=True)
class Progress:
    """Where a search stands.

    Attributes
    ----------
    batch : int
        Next one.
    evaluations, tokens, proposals, rejections, alarms : int
        So far.
    elapsed_s : float
        [s]
    stopped : str
        Why it ended.
    best_frac : float
        Gain of the fittest so far over the best rule by hand, on the training slices. [-]
    """

    batch: int = 0
    evaluations: int = 0
    tokens: int = 0
    proposals: int = 0
    rejections: int = 0
    alarms: int = 0
    elapsed_s: float = 0.0
    stopped: str = ""
    best_frac: float = 0.0


Tell = Callable[[Progress], None]


@dataclass(slots=True)
class Search:
    """All that a search needs.

    Attributes
    ----------
    question : Question
    slices : sequence of slices
        Of the bench.
    training : list of int
        Places of those that it may see.
    judges : Judges
    proposer : Proposer
    archive : Archive
    folder : Folder
    progress : Progress
    first_by_hand : float
        What is wanted, of the best rule by hand on the first slice.
    """

    question: Question
    slices: Sequence[AnySlice]
    training: list[int]
    judges: Judges
    proposer: Proposer
    archive: Archive
    folder: Folder
    progress: Progress
    first_by_hand: float

    def run(self, tell: Tell) -> None:
        """Search until a budget is used up; each whole batch is written down, so that it can go on from there."""
        failures, began_s = 0, time.monotonic() - self.progress.elapsed_s
        while not self._spent():
            asked = self.question
            left = asked.budget_evaluations - self.progress.evaluations
            size = min(LLM_BATCH if asked.llm else BATCH, left)
            found = list(self.proposer.propose(self.progress.batch, size, self.archive))
            if not found:
                self.progress.stopped = "the source has no more proposals"
                break
            self._batch(found)
            self.progress.batch += 1
            self.progress.elapsed_s = time.monotonic() - began_s
            self.folder.save(self.state())
            tell(self.progress)
            failures = failures + len(found) if all(item.failure for item in found) else 0
            if failures >= MOST_FAILURES:
                self.progress.stopped = f"the source failed {failures} times in a row, at last: {found[-1].failure}"
                break
        self.folder.save(self.state())

    def _spent(self) -> bool:
        """Say whether a budget is used up, and which."""
        asked, now = self.question, self.progress
        if now.evaluations >= asked.budget_evaluations:
            now.stopped = f"{now.evaluations:,} policies were simulated"
        elif asked.budget_tokens and now.tokens >= asked.budget_tokens:
            now.stopped = f"{now.tokens:,} tokens were spent"
        elif asked.budget_s and now.elapsed_s >= asked.budget_s:
            now.stopped = f"{now.elapsed_s:,.0f} s have passed"
        else:
            now.stopped = ""
        return bool(now.stopped)

    def _batch(self, found: list[Proposal]) -> None:
        """Judge proposals, keep the good ones, log them all."""
        texts = [item.text for item in found if item.text]
        verdicts = iter(self._judged(texts))
        rows = []
        for item in found:
            self.progress.proposals += 1
            self.progress.tokens += item.tokens_count
            rows.append(self._row(item, next(verdicts) if item.text else None))
        self.folder.log(rows)
        best = self.archive.best()
        self.progress.best_frac = best[0].score.gain_frac if best else 0.0

    def _judged(self, texts: list[str]) -> list[tuple[Verdict, Score | None]]:
        """Judge texts on the first slice, and those that are not hopeless on the others too."""
        first = self.judges.texts(texts, self.training[:1])
        scored = [self._score(verdict, self.training[:1]) for verdict in first]
        hopeful = [at for at, score in enumerate(scored) if score is not None and self._is_hopeful(first[at])]
        rest = self.training[1:]
        if rest and hopeful:
            for at, more in zip(hopeful, self.judges.texts([texts[at] for at in hopeful], rest), strict=True):
                rejected = more.rejected
                first[at] = (
                    Verdict((), more.parts, rejected) if rejected else Verdict(first[at].rows + more.rows, more.parts)
                )
                scored[at] = self._score(first[at], self.training)
        return list(zip(first, scored, strict=True))

    def _is_hopeful(self, verdict: Verdict) -> bool:
        """Say whether a policy may still be good after one slice: not far worse there than the best rule by hand."""
        name = TARGETS[self.question.target].wanted
        return float(getattr(verdict.rows[0], name)) <= (1.0 + EARLY_FRAC) * self.first_by_hand

    def _score(self, verdict: Verdict, places: list[int]) -> Score | None:
        """Score a verdict."""
        if verdict.rejected:
            return None
        return score_of(self.question.target, verdict, self.archive.limits, [self.slices[at] for at in places])

    def _row(self, item: Proposal, judged: tuple[Verdict, Score | None] | None) -> dict[str, Any]:
        """Keep a policy where it is good, and say in a line of the log what became of it."""
        now = self.progress
        row: dict[str, Any] = {
            "number": now.proposals, "batch": now.batch, "source": item.source, "text": item.text,
            "tokens": item.tokens_count,
        }  # fmt: skip
        if judged is None:
            now.rejections += 1
            return {**row, "rejected": item.failure}
        now.evaluations += 1
        verdict, score = judged
        if score is None:
            now.rejections += 1
            return {**row, "rejected": verdict.rejected}
        whole = len(verdict.rows) == len(self.training)
        kept = whole and self.archive.offer(Entry(item.text, verdict.parts, score, now.proposals))
        now.alarms += bool(score.alarm)
        return {**row, "parts": verdict.parts, "slices": len(verdict.rows), "kept": kept, **asdict(score)}

    def state(self) -> dict[str, Any]:
        """Return where the search stands, as plain data."""
        return {
            **asdict(self.progress),
            "logged": self.progress.proposals,
            "archive": self.archive.record(),
        }
