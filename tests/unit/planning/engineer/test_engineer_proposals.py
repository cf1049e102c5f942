"""The built-in search's proposals: always within the language, never twice, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.fleet.policies.written import HOOKS
from gigawatt.engines.policy import compile_policy, parse
from gigawatt.engines.policy.arithmetic import evaluate
from gigawatt.engines.policy.tree import Binary, Call, Choice, Compare, Name, Number
from gigawatt.planning.engineer.archive import Archive, Entry
from gigawatt.planning.engineer.proposals.genetic import LARGEST_PARTS, Genetic
from gigawatt.planning.engineer.proposals.trees import (
    CHANGES,
    Grower,
    as_expression,
    cross,
    is_test,
    paths,
    put_at,
    rounded,
    tidied,
    without_scale,
)
from gigawatt.planning.engineer.targets import TARGETS, features_of, names_by_hand
from gigawatt.planning.engineer.words import effects, in_words
from tests.unit.planning.engineer.test_engineer_score import LIMITS, scored

QUEUE = HOOKS["queue"]
SEEDS = tuple(TARGETS["scheduler"].books.values())


def archive_with(bench, *texts):
    """Return an archive of these policies."""
    archive = Archive(LIMITS)
    for at, text in enumerate(texts):
        parts = (3, 10, 20, 40)[at % 4]
        archive.offer(Entry(text, parts, scored(bench, parts), at))
    return archive


def test_it_begins_with_the_rules_of_the_books(bench):
    found = Genetic(QUEUE, SEEDS, 0).propose(0, 32, archive_with(bench))
    assert [item.text for item in found[: len(SEEDS)]] == list(SEEDS)
    assert len({item.text for item in found}) == 32


def test_every_child_passes_the_gate_is_new_and_short(bench):
    source = Genetic(QUEUE, SEEDS, 1)
    archive = archive_with(bench, *SEEDS[:4])
    texts = [item.text for batch in range(6) for item in source.propose(batch, 32, archive)]
    assert len(texts) == len(set(texts)) == 6 * 32
    for text in texts:
        program = compile_policy(text, QUEUE)
        assert text in SEEDS or not set(program.features) & {"submit_s", "hour_of_week_h"}
        assert program.features
        assert sum(1 for _ in paths(as_expression(program.tree.body))) <= LARGEST_PARTS


def test_the_same_seed_proposes_the_same_and_another_other(bench):
    archive = archive_with(bench, *SEEDS[:2])
    first, again, other = (
        [item.text for item in Genetic(QUEUE, SEEDS, seed).propose(3, 16, archive)] for seed in (5, 5, 6)
    )
    assert first == again != other


@pytest.mark.parametrize("change", [change for change, _ in CHANGES])
def test_changes_keep_tests_where_tests_must_stand(change):
    grower = Grower(QUEUE, np.random.default_rng(2))
    node = Choice(Compare(("<",), (Name("wait_s"), Number(5.0))), Name("job_gpus"), Number(1.0))
    for _ in range(60):
        node = change(node, grower)
        for _, part in paths(node):
            if isinstance(part, Choice):
                assert is_test(part.test)
                assert not is_test(part.chosen)
            if isinstance(part, Binary | Call):
                assert not any(is_test(inner) for _, inner in paths(part)[1:2])
        if len(paths(node)) > 80:
            node = Choice(Compare(("<",), (Name("wait_s"), Number(5.0))), Name("job_gpus"), Number(1.0))


def test_crossing_takes_a_part_of_the_other():
    grower = Grower(QUEUE, np.random.default_rng(0))
    other = Binary("+", Name("wait_s"), Name("priority"))
    children = [cross(Name("job_gpus"), other, grower) for _ in range(20)]
    assert {part.name for child in children for _, part in paths(child) if isinstance(part, Name)} >= {
        "wait_s",
        "priority",
    }


def test_a_part_is_put_where_the_path_leads():
    node = Binary("+", Name("a"), Binary("*", Name("b"), Name("c")))
    assert put_at(node, (1, 0), Number(2.0)) == Binary("+", Name("a"), Binary("*", Number(2.0), Name("c")))


def test_a_function_with_branches_becomes_one_expression_of_the_same_value():
    text = """def queue(wait_s, job_gpus):
    age = wait_s / 3600
    if job_gpus > 8:
        age = age * 2
    elif job_gpus > 4:
        return age
    return age + 1"""
    program = compile_policy(text, QUEUE)
    folded = as_expression(program.tree.body)
    from gigawatt.engines.policy.tree import Return, Tree

    tree = Tree("", (), (Return(folded),))
    for gpus in (2.0, 6.0, 16.0):
        here = {"wait_s": 7200.0, "job_gpus": gpus}
        assert evaluate(tree, here).value == evaluate(program.tree, here).value
    assert (
        as_expression(parse("def queue(wait_s):\n    for k in range(2):\n        a = k\n    return wait_s", QUEUE).body)
        is None
    )


def test_what_does_not_change_the_order_is_left_out():
    tree = parse("(-run_time_s + 3) * 2 - 7", QUEUE).body
    assert without_scale(as_expression(tree)) == as_expression(parse("-run_time_s", QUEUE).body)
    negative = as_expression(parse("run_time_s * -2", QUEUE).body)
    assert without_scale(negative) == negative


def test_constants_have_few_digits():
    assert tidied(Binary("+", Name("a"), Number(1234.5678))) == Binary("+", Name("a"), Number(1230.0))
    assert rounded(float("inf")) == 0.0


@pytest.mark.parametrize("target", TARGETS)
def test_the_rules_of_the_books_are_within_the_language(target):
    for text in TARGETS[target].books.values():
        assert compile_policy(text, features_of(target)).features
    assert len(set(names_by_hand(target))) == len(names_by_hand(target))


def test_words_say_which_way_a_score_goes():
    program = compile_policy("-run_time_s * job_gpus if wait_s < 1e5 else 1e9", QUEUE)
    found = effects(program, QUEUE)
    assert found["run_time_s"][0] == 0.0 < found["run_time_s"][1]
    assert found["wait_s"][1] == 0.0 < found["wait_s"][0]
    words = in_words(program, QUEUE, TARGETS["scheduler"])
    assert "run_time_s: the more, the lower the score, where it matters" in words
    assert "highest goes first" in words
