"""Proposals by a language model, end to end against an endpoint that the test starts: good, broken, hostile, none."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gigawatt.planning.engineer.archive import Archive, Entry
from gigawatt.planning.engineer.folder import Folder
from gigawatt.planning.engineer.proof import rivals_on
from gigawatt.planning.engineer.proposals.chat import RETRIES, Chat
from gigawatt.planning.engineer.proposals.llm import LanguageModel, code_in, prompt
from gigawatt.planning.engineer.score import limits_of
from gigawatt.planning.engineer.search import MOST_FAILURES, Progress, Search
from gigawatt.planning.engineer.targets import TARGETS, features_of
from tests.unit.planning.engineer.test_engineer_score import LIMITS, scored

TARGET, FEATURES = TARGETS["scheduler"], features_of("scheduler")


def answer(content, **more):
    """Return a chat completion."""
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": "stop", **more}
    return 200, json.dumps({"choices": [choice], "usage": {"total_tokens": 100}})


class Endpoint:
    """An OpenAI-compatible server that answers by a script, one line a request; the last line again and again."""

    def __init__(self, script):
        self.script, self.requests = list(script), []
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((self.path, self.headers.get("Authorization"), body))
                line = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                if line == "silence":
                    outer.release.wait(5.0)
                    return
                status, text, *headers = line
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self):
        """Up to and with /v1."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def close(self):
        """Stop."""
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint():
    """Return a function that starts an endpoint with a script."""
    started = []

    def start(*script):
        started.append(Endpoint(script))
        return started[-1]

    yield start
    for item in started:
        item.close()


def chat(found, pauses=None, **more):
    """Return a chat with an endpoint that does not really wait."""
    return Chat(found.address, "test-model", "s3cret", sleep=(pauses if pauses is not None else []).append, **more)


def ask(found, pauses=None, **more):
    """Ask once."""
    return chat(found, pauses, **more).ask([{"role": "user", "content": "x"}])


def test_a_good_answer_with_its_tokens_and_the_key_in_the_header(endpoint):
    found = endpoint(answer("-run_time_s"))
    reply = ask(found)
    assert (reply.text, reply.tokens_count, reply.failure) == ("-run_time_s", 100, "")
    path, key, body = found.requests[0]
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer s3cret", "test-model")


def test_the_key_is_shown_by_nothing(endpoint):
    assert "s3cret" not in repr(chat(endpoint(answer("x"))))


def test_rate_limits_and_breakdowns_are_waited_out(endpoint):
    found = endpoint((429, "slow down", ("Retry-After", "7")), (503, "busy"), answer("wait_s"))
    pauses = []
    assert ask(found, pauses).text == "wait_s"
    assert pauses == [7.0, 2.0]  # what the server asks for, then twice the first pause


def test_a_server_that_is_never_well_is_given_up_after_some_tries(endpoint):
    found = endpoint((500, "oh no"))
    pauses = []
    reply = ask(found, pauses)
    assert "500" in reply.failure
    assert "oh no" in reply.failure
    assert len(found.requests) == RETRIES + 1
    assert pauses == sorted(pauses)


def test_a_wrong_key_is_not_tried_again(endpoint):
    found = endpoint((401, "bad key"))
    assert "401" in ask(found).failure
    assert len(found.requests) == 1


def test_a_server_that_says_nothing_runs_into_the_time_limit(endpoint):
    found = endpoint("silence")
    reply = ask(found, timeout_s=0.05)
    assert "cannot be reached" in reply.failure
    assert len(found.requests) == RETRIES + 1


def test_a_redirect_is_not_followed_with_the_key(endpoint):
    other = endpoint(answer("x"))
    found = endpoint((307, "", ("Location", other.address + "/chat/completions")))
    assert "307" in ask(found).failure
    assert not other.requests


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ((200, "{"), "no JSON"),
        ((200, "[]"), "no JSON"),
        ((200, '{"choices": []}'), "no JSON"),
        ((200, '{"choices": [{"message": "x"}]}'), "no JSON"),
        (answer(None, message={"refusal": "I will not."}), "refused: I will not."),
        (answer("x", finish_reason="content_filter"), "filter"),
        (answer("  "), "nothing"),
    ],
)
def test_answers_that_are_none_are_failures_with_a_reason(endpoint, line, words):
    reply = ask(endpoint(line))
    assert words in reply.failure
    assert not reply.text


def test_nobody_at_the_address_is_a_failure(endpoint):
    found = endpoint(answer("x"))
    address = found.address
    found.close()
    reply = Chat(address, "m", sleep=[].append).ask([])
    assert "cannot be reached" in reply.failure


def test_code_is_the_last_fenced_block_or_all_of_it():
    assert code_in("First\n```\na\n```\nbetter:\n```python\nwait_s + 1\n```\nDone.") == "wait_s + 1"
    assert code_in("  wait_s \n") == "wait_s"


def test_the_prompt_tells_contract_features_the_best_and_where_they_are_weak(bench):
    weak = scored(bench, tail_wait_s=90000.0)
    words = prompt(TARGET, FEATURES, [Entry("-run_time_s", 2, weak, 1)], LIMITS, "policy, line 1: an import.")
    assert TARGET.contract in words
    assert all(f"{row.name} [{row.unit}]" in words for row in FEATURES.rows)
    assert "-run_time_s" in words
    assert "99th percentile of waits is 25.000 h, at most" in words
    assert "Your last answer was rejected. policy, line 1: an import." in words


def test_an_answer_that_was_tried_before_is_not_judged_again(endpoint):
    found = endpoint(answer("-run_time_s"), answer("```\n-run_time_s  # the same\n```"))
    source = LanguageModel(chat(found), TARGET, FEATURES)
    first, second = source.propose(1, 2, Archive(LIMITS))
    assert first.text == "-run_time_s"
    assert "tried" in second.failure


SCRIPT = (
    answer("Here:\n```python\n-run_time_s * job_gpus ** 0.5\n```"),
    answer("```python\nqueue = wait_s +\n```"),
    answer("```python\nimport os\nos.system('touch was-here')\n```"),
    answer(None, message={"refusal": "I cannot help with that."}),
    (200, "<html>gateway</html>"),
    (429, "slow down"),
    answer("```python\n().__class__.__base__.__subclasses__()\n```"),
    answer("-run_time_s - wait_s / 1e9"),
    (500, "down for good"),
)


def test_a_search_by_a_model_end_to_end(endpoint, bench, court, tmp_path):
    found = endpoint(*SCRIPT)
    source = LanguageModel(chat(found), TARGET, FEATURES)
    places = bench.of("train")
    slices = [bench.slices[at] for at in places]
    archive = Archive(limits_of("scheduler", rivals_on(bench, court, places), slices))
    question = bench.question.__class__(
        gpus=128, llm=found.address, model="test-model", budget_evaluations=1000, seed=3
    )
    folder = Folder(tmp_path / "run")
    folder.open(question, resume=False)
    search = Search(question, bench.slices, places, court, source, archive, folder, Progress(), float("inf"))
    search.run(lambda _: None)
    rows = [json.loads(line) for line in (folder.path / "log.jsonl").read_text().splitlines()]
    by_text = {row["text"]: row for row in rows if row["text"]}
    reasons = [row["rejected"] for row in rows if "rejected" in row]
    assert by_text["-run_time_s * job_gpus ** 0.5"]["slices"] == 2
    assert by_text["-run_time_s - wait_s / 1e9"]["slices"] == 2
    assert (
        "import" in by_text["import os\nos.system('touch was-here')"]["rejected"]
        or "character" in (by_text["import os\nos.system('touch was-here')"]["rejected"])
    )
    assert "attribute" in by_text["().__class__.__base__.__subclasses__()"]["rejected"]
    assert by_text["queue = wait_s +"]["rejected"]
    assert any("refused" in reason for reason in reasons)
    assert any("no JSON" in reason for reason in reasons)
    assert f"failed {MOST_FAILURES} times in a row" in search.progress.stopped  # and then gives up
    assert search.progress.tokens >= 500
    assert "s3cret" not in "".join(path.read_text() for path in folder.path.iterdir())
    told = [message["content"] for _, _, body in found.requests for message in body["messages"]]
    assert any("Your last answer was rejected." in words for words in told)
    assert any("-run_time_s * job_gpus ** 0.5" in words for words in told)  # the good one comes back in the prompt
