"""The search: the same for any number of judges, resumable, within its budgets, and its result proven elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gigawatt.errors import InputError, RunNotFoundError
from gigawatt.planning.engineer import leaderboard
from gigawatt.planning.engineer.archive import Archive
from gigawatt.planning.engineer.court import Verdict
from gigawatt.planning.engineer.evolve import EngineerAnswer
from gigawatt.planning.engineer.folder import Folder, question_of
from gigawatt.planning.engineer.measures import Measures
from gigawatt.planning.engineer.proof import finalists, prove, rivals_on
from gigawatt.planning.engineer.proposals import Proposal
from gigawatt.planning.engineer.proposals.genetic import Genetic
from gigawatt.planning.engineer.result import page, policy_file, record, verdict, write
from gigawatt.planning.engineer.score import limits_of
from gigawatt.planning.engineer.search import BATCH, MOST_FAILURES, Progress, Search
from gigawatt.planning.engineer.targets import TARGETS, features_of
from gigawatt.planning.policies import read_policy
from tests.unit.planning.engineer.test_engineer_score import BY_HAND

SEEDS = tuple(TARGETS["scheduler"].books.values())


class Cheap:
    """Judges that look at a text's length in place of simulating."""

    def __init__(self):
        self.asked = []

    def texts(self, texts, slices):
        """Judge: the nearer to thirty characters, the shorter the wait."""
        self.asked += texts
        wait_s = [3600.0 * (0.5 + abs(len(text) - 30) / 30) for text in texts]
        rows = [Measures(value, 20000.0, 8000.0, 40000.0, 0.8, 0.01, 0.0, 0.0) for value in wait_s]
        return [Verdict((row,) * len(slices), 10) for row in rows]


def cheap_limits(bench):
    """Return limits for the training slices by the rules of another test."""
    slices = [bench.slices[at] for at in bench.of("train")]
    return limits_of("scheduler", {name: Verdict(found.rows * len(slices)) for name, found in BY_HAND.items()}, slices)


def search_in(path, bench, budget, judges=None, proposer=None, **more):
    """Return a search over cheap judges."""
    question = replace(bench.question, budget_evaluations=budget, **more)
    folder = Folder(path)
    there = (path / "state.json").exists()
    state = folder.open(question, resume=there)
    archive, progress = Archive(cheap_limits(bench)), Progress()
    if state:
        archive.restore(state["archive"])
        progress = Progress(**{name: state[name] for name in Progress.__dataclass_fields__})
    source = proposer or Genetic(features_of("scheduler"), SEEDS, question.seed)
    if state and proposer is None:
        source.remember(folder.logged_texts())
    places = bench.of("train")
    return Search(question, bench.slices, places, judges or Cheap(), source, archive, folder, progress, float("inf"))


def log_of(path):
    """Return the lines of a log."""
    return [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]


def test_a_search_improves_and_logs_every_proposal(tmp_path, bench):
    search = search_in(tmp_path, bench, 6 * BATCH)
    search.run(lambda _: None)
    rows = log_of(tmp_path)
    assert len(rows) == search.progress.proposals == 6 * BATCH
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    first = max(row["gain_frac"] for row in rows[:BATCH])
    assert search.archive.best()[0].score.gain_frac >= first
    assert len(search.archive.best()[0].text) == 30
    assert "192 policies" in search.progress.stopped


def test_a_search_that_was_cut_off_goes_on_as_if_it_had_not_been(tmp_path, bench):
    whole = search_in(tmp_path / "whole", bench, 4 * BATCH)
    whole.run(lambda _: None)

    class Breaks(Cheap):
        def texts(self, texts, slices):
            if len(self.asked) > 4 * BATCH:  # two batches on the first and the other slices, and something of a third
                raise KeyboardInterrupt
            return super().texts(texts, slices)

    cut = search_in(tmp_path / "cut", bench, 4 * BATCH, Breaks())
    with pytest.raises(KeyboardInterrupt):
        cut.run(lambda _: None)
    with (tmp_path / "cut" / "log.jsonl").open("a") as file:
        file.write('{"text": "half a li')  # as of a process that was killed while writing
    assert 0 < cut.progress.batch < 4
    again = search_in(tmp_path / "cut", bench, 4 * BATCH)
    again.run(lambda _: None)
    assert log_of(tmp_path / "cut") == log_of(tmp_path / "whole")
    assert again.archive.record() == whole.archive.record()


def test_another_question_does_not_go_on_in_the_same_folder(tmp_path, bench):
    search_in(tmp_path, bench, BATCH).run(lambda _: None)
    with pytest.raises(InputError, match="another draws"):
        search_in(tmp_path, bench, BATCH, draws=9)
    with pytest.raises(InputError, match="--resume"):
        Folder(tmp_path).open(bench.question, resume=False)
    with pytest.raises(RunNotFoundError):
        Folder(tmp_path / "none").open(bench.question, resume=True)
    assert question_of(tmp_path).gpus == 128


class Fails:
    """A source without policies."""

    def propose(self, batch, count, archive):
        """Fail."""
        return [Proposal("", "none", "it is asleep", 10)] * count


def test_a_source_that_only_fails_is_given_up(tmp_path, bench):
    search = search_in(tmp_path, bench, 10 * BATCH, proposer=Fails())
    search.run(lambda _: None)
    assert "asleep" in search.progress.stopped
    assert MOST_FAILURES <= search.progress.rejections <= BATCH
    assert search.progress.evaluations == 0


def test_tokens_and_time_are_budgets_too(tmp_path, bench):
    class Dear(Fails):
        def propose(self, batch, count, archive):
            return [Proposal(f"-run_time_s - {batch} * job_gpus", "dear", tokens_count=400)]

    tokens = search_in(tmp_path / "a", bench, 1000, proposer=Dear(), budget_tokens=1000)
    tokens.run(lambda _: None)
    assert tokens.progress.tokens == 1200  # the third answer goes over
    hurried = search_in(tmp_path / "b", bench, 1000, proposer=Dear(), budget_s=1e-9)
    hurried.run(lambda _: None)
    assert hurried.progress.proposals == 1


@pytest.fixture(scope="module")
def answer(bench, court, tmp_path_factory):
    """Return the answer of a small search by simulation."""
    question = bench.question
    folder = Folder(tmp_path_factory.mktemp("run"))
    folder.open(question, resume=False)
    places = bench.of("train")
    rivals = rivals_on(bench, court, places)
    archive = Archive(limits_of("scheduler", rivals, [bench.slices[at] for at in places]))
    source = Genetic(features_of("scheduler"), SEEDS, question.seed)
    search = Search(question, bench.slices, places, court, source, archive, folder, Progress(), float("inf"))
    search.run(lambda _: None)
    found = finalists(bench, court, archive)
    proof = prove(bench, court, found[0].entry.text)
    return EngineerAnswer(question, bench.key, bench.notes, search.progress, tuple(found), proof, "search")


def test_a_small_search_beats_first_come_first_served_on_weeks_it_has_not_seen(answer):
    proof = answer.proof
    found = proof.against["fifo"]
    assert found.change_frac < -0.2
    assert found.p_value < 0.01
    assert found.better_count == found.slices_count
    assert proof.means["policy"].mean_wait_s >= proof.least
    assert not proof.score.alarm


def test_the_hardest_rule_is_the_best_on_the_test_weeks(answer):
    proof = answer.proof
    waits = {name: row.mean_wait_s for name, row in proof.means.items() if name != "policy"}
    assert waits[proof.reference] == min(waits.values())
    assert waits[proof.built_in] == min(waits[name] for name in TARGETS["scheduler"].rivals)


def test_the_result_is_a_policy_file_a_page_and_a_record(answer, tmp_path):
    paths = write(answer, tmp_path / "first")
    written = read_policy(paths[0])
    assert written.queue is not None
    text = paths[1].read_text()
    assert verdict(answer.proof) in text
    assert all(f"| {name} |" in text for name in answer.proof.against)
    assert "Where it loses" in text
    document = json.loads(paths[2].read_text())
    assert document["schema"] == "gigawatt/engineer/1"
    assert document["result"]["bench"] == answer.key
    assert page(answer) == text
    assert record(answer)["result"]["built_in"] == answer.proof.built_in


def test_the_leaderboard_sets_results_on_the_same_slices_side_by_side(answer, bench, court, tmp_path):
    worse = replace(answer, proof=prove(bench, court, "-submit_s"), source="mine.py", progress=None, finalists=())
    write(answer, tmp_path / "first")
    write(worse, tmp_path / "second")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "result.json").write_text("{}")
    places = leaderboard(tmp_path)
    assert [place.folder for place in places] == [str(tmp_path / "first"), str(tmp_path / "second")]
    assert places[0].bench == places[1].bench
    assert places[1].proven == "none"
    with pytest.raises(RunNotFoundError):
        leaderboard(tmp_path / "other")


def test_a_rejected_policy_cannot_be_proven(bench, court):
    with pytest.raises(InputError, match="an attribute"):
        prove(bench, court, "wait_s.real")


def test_a_policy_file_reads_back_as_the_same_policy():
    text = policy_file("scheduler", "-run_time_s * job_gpus ** 0.5")
    assert text == "def queue(job_gpus, run_time_s):\n    return -run_time_s * job_gpus ** 0.5\n"


def test_what_the_test_shows_and_the_interval_does_not_is_said_so(answer):
    proof = answer.proof
    found = replace(proof.against["fifo"], p_value=0.001, change_frac=-0.1, high_frac=0.01)
    shown = replace(
        proof,
        built_in="fifo",
        reference="fifo",
        against={"fifo": found},
        score=replace(proof.score, breaches=(), alarm=""),
    )
    assert not shown.is_better_than("fifo")
    assert "not surely beyond these weeks" in verdict(shown)
    surely = replace(shown, against={"fifo": replace(found, high_frac=-0.01)})
    assert verdict(surely).startswith("Better than every rule by hand")
    noise = replace(shown, against={"fifo": replace(found, p_value=0.2)})
    assert verdict(noise).startswith("Not proven better")


def test_an_alarm_is_no_prize(answer):
    alarmed = replace(answer.proof, score=replace(answer.proof.score, alarm="too good"))
    assert verdict(alarmed).startswith("ALARM: too good")
    assert not alarmed.is_better_than("fifo")
