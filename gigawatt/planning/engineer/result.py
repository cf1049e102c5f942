"""The result for people: a policy file, a page of evidence, a record for machines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gigawatt.engines.policy import compile_policy
from gigawatt.engines.policy.describe import to_text
from gigawatt.engines.policy.tree import Tree
from gigawatt.planning.document import dumps, envelope, package_version
from gigawatt.planning.engineer.evidence import PROVEN_P, Evidence
from gigawatt.planning.engineer.evolve import EngineerAnswer
from gigawatt.planning.engineer.folder import EVIDENCE, POLICY, RESULT, Folder
from gigawatt.planning.engineer.measures import Measures
from gigawatt.planning.engineer.proof import Proof
from gigawatt.planning.engineer.targets import TARGETS, WAIT, features_of
from gigawatt.planning.engineer.words import in_words
from gigawatt.units import SECONDS_PER_HOUR

SLICES_SHOWN = 5  # of those where a policy loses


def policy_file(target: str, text: str) -> str:
    """Return a policy as a file that the simulator reads: one function named after its hook.

    Parameters
    ----------
    target : str
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(policy_file("scheduler", "-run_time_s"), end="")
    def queue(run_time_s):
        return -run_time_s
    """
    program = compile_policy(text, features_of(target))
    whole = Tree(TARGETS[target].hook, program.features, program.tree.body)
    return to_text(whole) + "\n"


def verdict(proof: Proof) -> str:
    """Say in a sentence what is proven, and what is not."""
    if proof.score.alarm:
        return f"ALARM: {proof.score.alarm}. A result that cannot be is a defect of the simulator; nothing is claimed."
    if proof.score.breaches:
        return f"Not better: {'; '.join(proof.score.breaches)}."
    best, built_in = proof.against[proof.reference], proof.against[proof.built_in]
    if proof.is_better_than(proof.reference):
        found = f"{change_words(best)} against {proof.reference}"
        return f"Better than every rule by hand, those of the books included: {found}."
    if proof.is_better_than(proof.built_in):
        return (
            f"Better than every rule that the simulator has: {change_words(built_in)} against {proof.built_in}. Not "
            f"proven better than {proof.reference}, a rule of the books: {change_words(best)}."
        )
    if built_in.p_value < PROVEN_P and built_in.change_frac < 0.0:
        return (
            f"Better than {proof.built_in}, the best rule of the simulator, by the paired test, but not surely beyond "
            f"these weeks: {change_words(built_in)}; the interval over weeks reaches above 0."
        )
    return (
        f"Not proven better: {change_words(built_in)} against {proof.built_in}, the best rule of the simulator; "
        f"p below {PROVEN_P} and an interval below 0 are asked for."
    )


def change_words(found: Evidence) -> str:
    """Say a change with its interval and test."""
    return (
        f"{100.0 * found.change_frac:+.1f} % [{100.0 * found.low_frac:+.1f}, {100.0 * found.high_frac:+.1f}], "
        f"p = {found.p_value:.2g}, better in {found.better_count} of {found.slices_count} slices and "
        f"{found.better_weeks_count} of {found.weeks_count} weeks"
    )


HEADINGS = ("rule", "mean wait h", "p99 h", "largest h", "longest h", "goodput %", "lost %", "change", "p")


def table_rows(proof: Proof) -> list[list[str]]:
    """Return the table of before and after: each rule by hand, then the policy."""
    order = sorted(proof.against, key=lambda name: -proof.against[name].before)
    rows = [[name, *_cells(proof.means[name]), *_changed(proof.against[name])] for name in order]
    return [*rows, ["policy", *_cells(proof.means["policy"]), "", ""]]


def _cells(row: Measures) -> list[str]:
    """Return the measures of a rule as cells."""
    waits = (row.mean_wait_s, row.tail_wait_s, row.largest_wait_s, row.longest_wait_s)
    return [
        *(
            f"{value / SECONDS_PER_HOUR:.3f}" if value < 36_000.0 else f"{value / SECONDS_PER_HOUR:.1f}"
            for value in waits
        ),
        f"{100.0 * row.goodput_frac:.2f}",
        f"{100.0 * row.lost_frac:.3f}",
    ]


def _changed(found: Evidence) -> list[str]:
    """Return a change as cells."""
    interval = f"[{100.0 * found.low_frac:+.1f}, {100.0 * found.high_frac:+.1f}]"
    return [f"{100.0 * found.change_frac:+.1f} % {interval}", f"{found.p_value:.2g}"]


def losses(proof: Proof) -> list[str]:
    """Say where a policy loses against the best rule by hand: measures, slices, other fleets and jobs."""
    mine, other = proof.means["policy"], proof.means[proof.reference]
    found = []
    for name, what in (
        ("tail_wait_s", "99th percentile of waits"), ("largest_wait_s", "wait of the largest jobs"),
        ("longest_wait_s", "longest wait"),
    ):  # fmt: skip
        here, there = getattr(mine, name), getattr(other, name)
        if here > there:
            found.append(
                f"{what}: {here / SECONDS_PER_HOUR:.2f} h, {there / SECONDS_PER_HOUR:.2f} h under {proof.reference}"
            )
    if mine.goodput_frac < other.goodput_frac:
        found.append(
            f"goodput: {100.0 * mine.goodput_frac:.3f} %, {100.0 * other.goodput_frac:.3f} % under {proof.reference}"
        )
    worse = sorted(((share, name) for name, share in proof.shares.items() if share > 0.0), reverse=True)
    found += [f"{name}: {100.0 * share:+.1f} %" for share, name in worse[:SLICES_SHOWN]]
    found += [
        f"{where}: {change_words(item)} against {proof.elsewhere_reference[where]}"
        for where, item in proof.elsewhere.items()
        if item.change_frac > 0.0
    ]
    return found or ["nowhere in what was tried"]


def page(answer: EngineerAnswer) -> str:
    """Return the evidence as a page in Markdown."""
    proof, target = answer.proof, TARGETS[answer.question.target]
    program = compile_policy(proof.text, features_of(answer.question.target))
    wanted = "mean wait" if target.wanted == WAIT else "share of held time that is lost"
    lines = [f"# A {answer.question.target} against the rules by hand", "", verdict(proof), ""]
    lines += ["```python", policy_file(answer.question.target, proof.text).rstrip(), "```", ""]
    lines += [
        "## What it does",
        "",
        "```text",
        in_words(program, features_of(answer.question.target), target),
        "```",
        "",
    ]
    lines += [
        "## Before and after, on the test weeks",
        "",
        f"Change is that of the {wanted}, with its 95 % interval.",
        "",
    ]
    lines += [_line(HEADINGS), _line(["---"] * len(HEADINGS)), *(_line(row) for row in table_rows(proof))]
    lines += ["", f"No schedule has a mean wait below {proof.least_wait_s / SECONDS_PER_HOUR:.3f} h there.", ""]
    lines += ["## Elsewhere", ""]
    lines += [
        f"- {where}: {change_words(item)} against {proof.elsewhere_reference[where]}"
        for where, item in proof.elsewhere.items()
    ]
    lines += ["", "## Where it loses", "", *(f"- {item}" for item in losses(proof)), ""]
    lines += [
        "## How it was measured",
        "",
        *(f"- {note}" for note in answer.notes),
        *(f"- {item}" for item in _search(answer)),
    ]
    return "\n".join([*lines, ""])


def _line(cells: list[str] | tuple[str, ...]) -> str:
    """Return a row of a table."""
    return "| " + " | ".join(cells) + " |"


def _search(answer: EngineerAnswer) -> list[str]:
    """Say what the search did."""
    found = [
        "draws of one week are kin: the interval draws weeks anew first, the test takes slices as they are",
        "all policies know each job's running time as stated, which is the true one here",
    ]
    now = answer.progress
    if now is None:
        return found
    words = (
        f"the search ended because {now.stopped}: {now.proposals:,} proposals, {now.rejections:,} rejected, "
        f"{now.alarms:,} alarms, {now.tokens:,} tokens; seed {answer.question.seed}"
    )
    best = answer.finalists[0]
    chosen = (
        f"chosen among {len(answer.finalists)} finalists on the select weeks, there "
        f"{100.0 * best.score.gain_frac:+.1f} % better than the best rule by hand (p = {best.p_value:.2g} by Holm)"
    )
    return [*found, words, chosen]


def record(answer: EngineerAnswer) -> dict[str, Any]:
    """Return the result as the document of the contract."""
    proof = answer.proof
    against = proof.elsewhere_reference
    result = {
        "target": answer.question.target,
        "bench": answer.key,
        "source": answer.source,
        "policy": policy_file(answer.question.target, proof.text),
        "verdict": verdict(proof),
        "better_than_built_in": proof.is_better_than(proof.built_in),
        "better_than_all": proof.is_better_than(proof.reference),
        "built_in": proof.built_in,
        "reference": proof.reference,
        "against": {name: asdict(item) for name, item in proof.against.items()},
        "measures": {name: asdict(item) for name, item in proof.means.items()},
        "score": asdict(proof.score),
        "limits": asdict(proof.limits),
        "least_wait_s": proof.least_wait_s,
        "elsewhere": {name: {"reference": against[name], **asdict(item)} for name, item in proof.elsewhere.items()},
        "loses": losses(proof),
        "notes": list(answer.notes),
        "search": asdict(answer.progress) if answer.progress else None,
        "finalists": [
            {"text": item.entry.text, "gain_frac": item.score.gain_frac, "p_value": item.p_value}
            for item in answer.finalists
        ],
    }  # fmt: skip
    return envelope("engineer", package_version(), asdict(answer.question), result, [])


def write(answer: EngineerAnswer, path: Path) -> list[Path]:
    """Write policy.py, evidence.md and result.json into a folder.

    Parameters
    ----------
    answer : EngineerAnswer
    path : Path

    Returns
    -------
    list of Path
    """
    folder, header = Folder(path), f"# {verdict(answer.proof)}\n# Evidence beside this file; bench {answer.key}.\n"
    return [
        folder.write(POLICY, header + policy_file(answer.question.target, answer.proof.text)),
        folder.write(EVIDENCE, page(answer)),
        folder.write(RESULT, dumps(record(answer))),
    ]
