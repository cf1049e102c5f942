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
from gigawatt.planning.engineer.proof import Proof
from gigawatt.planning.engineer.target import Target
from gigawatt.planning.engineer.targets import TARGETS, features_of
from gigawatt.planning.engineer.words import in_words

SLICES_SHOWN = 5  # of those where a policy loses
MORE_IS_BETTER = {"hit_frac"}  # of measures without a guard


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
    """Say what is proven, what is not, and where little is at stake."""
    wanted = TARGETS[proof.target].column(TARGETS[proof.target].wanted)
    before = proof.against[proof.reference].before
    little = f" Little is at stake: {wanted.what} is {wanted.said(before)} under {proof.reference}."
    twins = [name for name, share in proof.against.items() if share.before == share.after and not share.better_count]
    same = f" It does there as {twins[0]} does." if twins else ""
    return _claim(proof) + same + (little if before < wanted.little else "")


def _claim(proof: Proof) -> str:
    """Say in a sentence what is proven, and what is not."""
    spans = TARGETS[proof.target].spans
    if proof.score.alarm:
        return f"ALARM: {proof.score.alarm}. A result that cannot be is a defect of the simulator; nothing is claimed."
    if proof.score.breaches:
        return f"Not better: {'; '.join(proof.score.breaches)}."
    best, built_in = proof.against[proof.reference], proof.against[proof.built_in]
    if not best.before:
        return "Nothing to win."
    if proof.is_better_than(proof.reference):
        found = f"{change_words(best, spans)} against {proof.reference}"
        return f"Better than every rule by hand, those of the books included: {found}."
    if proof.is_better_than(proof.built_in):
        return (
            f"Better than every rule that the simulator has: {change_words(built_in, spans)} against {proof.built_in}. "
            f"Not proven better than {proof.reference}, another rule by hand: {change_words(best, spans)}."
        )
    if built_in.p_value < PROVEN_P and built_in.change_frac < 0.0:
        return (
            f"Better than {proof.built_in}, the best rule of the simulator, by the paired test, but not surely beyond "
            f"these {spans}: {change_words(built_in, spans)}; the interval over {spans} reaches above 0."
        )
    return (
        f"Not proven better: {change_words(built_in, spans)} against {proof.built_in}, the best rule of the simulator; "
        f"p below {PROVEN_P} and an interval below 0 are asked for."
    )


def change_words(found: Evidence, spans: str = "weeks") -> str:
    """Say a change with its interval and test."""
    return (
        f"{100.0 * found.change_frac:+.1f} % [{100.0 * found.low_frac:+.1f}, {100.0 * found.high_frac:+.1f}], "
        f"p = {found.p_value:.2g}, better in {found.better_count} of {found.slices_count} slices and "
        f"{found.better_weeks_count} of {found.weeks_count} {spans}"
    )


def headings(target: Target, *, all_columns: bool = True) -> list[str]:
    """Return the heads of the table of before and after."""
    return ["rule", *(item.heading for item in target.columns if item.shown or all_columns), "change", "p"]


def table_rows(proof: Proof, *, all_columns: bool = True) -> list[list[str]]:
    """Return the table of before and after: each rule by hand, then the policy."""
    columns = [item for item in TARGETS[proof.target].columns if item.shown or all_columns]
    order = sorted(proof.against, key=lambda name: -proof.against[name].before)
    rows = [
        [name, *(item.figure(float(getattr(means, item.name))) for item in columns)]
        for name, means in [*((name, proof.means[name]) for name in order), ("policy", proof.means["policy"])]
    ]
    changes = [*(_changed(proof.against[name]) for name in order), ["", ""]]
    return [row + change for row, change in zip(rows, changes, strict=True)]


def _changed(found: Evidence) -> list[str]:
    """Return a change as cells."""
    interval = f"[{100.0 * found.low_frac:+.1f}, {100.0 * found.high_frac:+.1f}]"
    return [f"{100.0 * found.change_frac:+.1f} % {interval}", f"{found.p_value:.2g}"]


def losses(proof: Proof) -> list[str]:
    """Say where a policy loses against the best rule by hand: measures, slices, other fleets and jobs."""
    target = TARGETS[proof.target]
    mine, other, found = proof.means["policy"], proof.means[proof.reference], []
    better_high = {guard.name for guard in target.guards if guard.more} | MORE_IS_BETTER
    for column in target.columns:
        here, there = float(getattr(mine, column.name)), float(getattr(other, column.name))
        worse = (here < there) if column.name in better_high else (here > there)
        if worse and column.said(here) != column.said(there):
            found.append(f"{column.what}: {column.said(here)}, {column.said(there)} under {proof.reference}")
    shares = sorted(((share, name) for name, share in proof.shares.items() if share > 0.0), reverse=True)
    found += [f"{name}: {100.0 * share:+.1f} %" for share, name in shares[:SLICES_SHOWN]]
    found += [
        f"{where}: {change_words(item, target.spans)} against {proof.elsewhere_reference[where]}"
        for where, item in proof.elsewhere.items()
        if item.change_frac > 0.0
    ]
    return found or ["nowhere in what was tried"]


def page(answer: EngineerAnswer) -> str:
    """Return the evidence as a page in Markdown."""
    proof, target = answer.proof, TARGETS[answer.question.target]
    program = compile_policy(proof.text, features_of(answer.question.target))
    wanted = target.column(target.wanted)
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
        f"## Before and after, on the test {target.spans}",
        "",
        f"Change is that of {wanted.what}, with its 95 % interval.",
        "",
    ]
    heads = headings(target)
    lines += [_line(heads), _line(["---"] * len(heads)), *(_line(row) for row in table_rows(proof))]
    lines += ["", *([target.bound.format(wanted.said(proof.least)), ""] if target.bound else [])]
    lines += ["## Elsewhere", ""]
    lines += [
        f"- {where}: {change_words(item, target.spans)} against {proof.elsewhere_reference[where]}"
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
    target = TARGETS[answer.question.target]
    found = [
        f"draws of one of the {target.spans} are kin: the interval draws {target.spans} anew first, the test takes "
        "slices as they are",
        *target.notes,
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
        f"chosen among {len(answer.finalists)} finalists on the select {target.spans}, there "
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
        "least": proof.least,
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
