"""Proposals by a language model: it is told the contract, what it may read, the best so far and where that is weak."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gigawatt.engines.policy import Features, compile_policy
from gigawatt.engines.policy.describe import to_text
from gigawatt.errors import InputError
from gigawatt.planning.engineer.archive import Archive, Entry
from gigawatt.planning.engineer.proposals import Proposal
from gigawatt.planning.engineer.proposals.chat import Chat
from gigawatt.planning.engineer.score import Limits
from gigawatt.planning.engineer.target import Target
from gigawatt.planning.engineer.targets import TARGETS

SHOWN_BEST = 4  # programs in the prompt
FENCE = re.compile(r"```[a-zA-Z0-9]*[ \t]*\n(.*?)```", re.DOTALL)
ROLE = "You improve the rules by which {} is run. You answer with one policy in a fenced code block and nothing else."
LANGUAGE = """A policy is a small part of Python: one expression over the features, or one function whose parameters are
features. There are numbers, + - * / // % **, comparisons, and/or/not, a if test else b, assignments to local names,
if/elif/else, for i in range(n) with a whole number n, return, and the functions abs, clip(x, least, most), exp, floor,
log, max, min, sqrt. There is nothing else: no imports, attributes, strings, lists or calls of other functions."""


class LanguageModel:
    """Proposals by an endpoint.

    Parameters
    ----------
    chat : Chat
    target : Target
    features : Features
    seen : sequence of str
        Texts that were tried before.
    """

    def __init__(self, chat: Chat, target: Target, features: Features, seen: Sequence[str] = ()) -> None:
        self.chat, self.target, self.features = chat, target, features
        self.seen = set(seen)
        self.last = ""  # what was wrong with the last answer

    def propose(self, batch: int, count: int, archive: Archive) -> Sequence[Proposal]:
        """Return one policy for each answer; in the first batch also what there is to begin with."""
        found = [Proposal(text, "to begin with") for text in self._seeds()] if batch == 0 else []
        while len(found) < count:
            found.append(self._one(archive))
        return found[: max(count, 1)]

    def _seeds(self) -> list[str]:
        """Return the policies to begin with that the table allows and that are new."""
        fresh = []
        for text in (*self.target.books.values(), *self.target.seeds):
            try:
                compile_policy(text, self.features)
            except InputError:
                continue
            if text not in self.seen:
                self.seen.add(text)
                fresh.append(text)
        return fresh

    def _one(self, archive: Archive) -> Proposal:
        """Ask once."""
        words = prompt(self.target, self.features, archive.best(SHOWN_BEST), archive.limits, self.last)
        reply = self.chat.ask(
            [{"role": "system", "content": ROLE.format(self.target.setting)}, {"role": "user", "content": words}]
        )
        if reply.failure:
            return Proposal("", self.chat.model, reply.failure, reply.tokens_count)
        text = code_in(reply.text)
        self.last = ""
        try:
            spelling = to_text(compile_policy(text, self.features).tree)
        except InputError as error:
            self.last = str(error)
            return Proposal(text, self.chat.model, tokens_count=reply.tokens_count)  # the judge says no, and why
        if spelling in self.seen:
            self.last = "The last answer was a policy that has been tried. Write another one."
            return Proposal("", self.chat.model, "the model proposed what has been tried", reply.tokens_count)
        self.seen.add(spelling)
        return Proposal(text, self.chat.model, tokens_count=reply.tokens_count)


def code_in(answer: str) -> str:
    r"""Return the code of an answer: its last fenced block, or all of it.

    Examples
    --------
    >>> code_in("Shortest first:\n```python\n-run_time_s\n```")
    '-run_time_s'
    """
    blocks = FENCE.findall(answer)
    return str(blocks[-1] if blocks else answer).strip()


def prompt(target: Target, features: Features, best: Sequence[Entry], limits: Limits, last: str = "") -> str:
    """Write what the model is told.

    Parameters
    ----------
    target : Target
    features : Features
    best : sequence of Entry
        Best first.
    limits : Limits
    last : str
        What was wrong with its last answer.

    Returns
    -------
    str
    """
    parts = [
        f"Write a policy that decides {target.about}.\n{target.contract}",
        LANGUAGE,
        "Features:\n" + "\n".join(f"- {row.name} [{row.unit}]: {row.meaning}" for row in features.rows),
        _aim(target, limits),
    ]
    if best:
        parts.append("The best so far, and where they are weak:\n" + "\n".join(_shown(entry, limits) for entry in best))
    if last:
        parts.append(f"Your last answer was rejected. {last}")
    parts.append("Answer with one policy that is better than these and different from them, in a fenced code block.")
    return "\n\n".join(parts)


def _aim(target: Target, limits: Limits) -> str:
    """Say what is wanted and what is guarded."""
    wanted = target.column(target.wanted)
    keep = [
        f"{target.column(guard.name).what} {'above' if guard.more else 'below'} "
        f"{target.column(guard.name).said(limits.guards[guard.name])}"
        for guard in target.guards
    ]
    return (
        f"Make {wanted.what} small; the best rule by hand ({limits.reference}) has {wanted.said(limits.wanted)}. Keep "
        f"{', '.join(keep)}. Short policies are preferred."
    )


def _shown(entry: Entry, limits: Limits) -> str:
    """Show one policy with what was measured."""
    means, score, target = entry.score.means, entry.score, TARGETS[limits.target]
    weak = "; ".join(score.breaches) or "keeps all limits"
    said = [f"{item.what} {item.said(float(getattr(means, item.name)))}" for item in target.columns]
    gain = f"{100.0 * score.gain_frac:+.1f} % against {limits.reference}"
    return f"```\n{entry.text}\n```\n{gain}; {', '.join(said)}; {weak}"
