"""A trace of requests that is wrong gives one error that says where and what, or is cleaned with a count."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.errors import InputError
from gigawatt.planning.requests import Lengths, read_requests, synthetic

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
GOOD = HEAD + "2023-11-16 18:00:00,10,5\n2023-11-16 18:01:00,10,5\n"


def said(path, **options):
    with pytest.raises(InputError) as caught:
        read_requests(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2023-11-16 18:02:00,-5,8", ["ContextTokens", '"-5"', "negative"]),
        ("2023-11-16 18:02:00,5,-8", ["GeneratedTokens", '"-8"', "negative"]),
        ("2023-11-16 18:02:00,0,8", ["ContextTokens", '"0"', "no token read"]),
        ("2023-11-16 18:02:00,5,0", ["GeneratedTokens", "no token written"]),
        ("2023-11-16 18:02:00,9e12,8", ["ContextTokens", "more than 100,000,000"]),
        ("2023-11-16 18:02:00,many,8", ["ContextTokens", '"many"', "no number of tokens"]),
        ("2023-11-16 18:02:00,nan,8", ["ContextTokens", "missing"]),
        ("2023-11-16 18:02:00,inf,8", ["ContextTokens", "no number of tokens"]),
        ("soon,5,8", ["TIMESTAMP", '"soon"', "no time"]),
        ("1970-01-01 00:00:00,5,8", ["TIMESTAMP", "outside 1990 to 2100"]),
        ("2023-11-16 17:59:00,5,8", ["TIMESTAMP", "before the row above it", "Sort by arrival"]),
        ("2023-11-16 18:02:00,5", ["GeneratedTokens", "missing"]),
    ],
)
def test_a_wrong_row_is_named_and_can_be_cleaned_away(tmp_path, row, words):
    path = tmp_path / "requests.csv"
    path.write_text(GOOD + row + "\n")
    text = said(path)
    assert text.startswith(f"{path}:4: ")
    assert all(word in text for word in words), text
    assert "--clean" in text
    trace = read_requests(path, clean=True)
    out_of_order = "17:59" in row  # cleaning sorts it in
    assert trace.requests_count == (3 if out_of_order else 2)
    assert sum(trace.left_out.values()) == (0 if out_of_order else 1)


def test_blocks_that_are_no_list_are_named(tmp_path):
    path = tmp_path / "kimi.jsonl"
    row = '{"timestamp": 0, "input_length": 5, "output_length": 5, "hash_ids": [0]}\n'
    path.write_text(row + row.replace("[0]", '"none of it"'))
    text = said(path)
    assert text.startswith(f"{path}:2: hash_ids")
    assert "no list of whole numbers" in text
    assert read_requests(path, clean=True).requests_count == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello world\n", "is no table"),
        (b"\x00\x01\x02\x03", "binary"),
        (HEAD.encode(), "holds no request"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-12], "cut off"),
        (b"when,prompt\n1,2\n", "names no column of arrival and input and output"),
        (b"1,2,3\n4,5,6\n", "Add a header line"),
        (b"PK\x03\x04rest", "zip archive"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path, content, words):
    path = tmp_path / "requests"
    path.write_bytes(content)
    assert words in said(path)


def test_a_missing_file_and_misspelt_words_are_met_with_the_nearest(tmp_path):
    assert "no such file" in said(tmp_path / "none.csv")
    path = tmp_path / "requests.csv"
    path.write_text("ts,prompt,answer\n1,2,3\n")
    assert "mooncake" in said(path, form="moncake")
    columns = {"arrival": "ts", "input": "promt", "output": "answer"}
    assert 'no column "promt" for input' in said(path, columns=columns)
    assert "Nearest: prompt" in said(path, columns=columns)
    assert '"inputs" is no part of a request' in said(path, columns={"inputs": "prompt"})
    assert 'is not of format "azure"' in said(path, form="azure")


def test_a_wrong_rate_is_named_with_its_line(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("workload,t_s,rate_rps\na,0,1.0\na,600,-2\n")
    text = said(path)
    assert f"{path}:3" in text
    assert "rate_rps" in text
    assert 'has no workload "b"' in said(path, workload="b")


@given(st.binary(max_size=200))
@settings(max_examples=40)
def test_garbage_gives_an_error_of_input_and_never_another(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("garbage") / "requests.csv"
    path.write_bytes(HEAD.encode() + content)
    try:
        trace = read_requests(path)
    except InputError:
        return
    assert trace.requests_count > 0


def test_drawn_requests_have_the_rate_lengths_and_burstiness_asked_for():
    lengths = Lengths(1000.0, 200.0, 0.9, 0.5)
    plain = synthetic(20.0, 3600.0, lengths, seed=5)
    assert plain.requests_count == pytest.approx(72_000, abs=5 * 72_000**0.5)
    assert plain.arrival_cv == pytest.approx(1.0, abs=0.02)
    assert plain.input_tokens_N.mean() == pytest.approx(1000.0, rel=0.02)
    assert plain.output_tokens_N.std() / plain.output_tokens_N.mean() == pytest.approx(0.5, abs=0.02)
    bursty = synthetic(20.0, 3600.0, lengths, arrival_cv=4.0, seed=5)
    assert bursty.arrival_cv == pytest.approx(4.0, rel=0.05)
    assert bursty.requests_per_s == pytest.approx(20.0, rel=0.1)


def test_drawn_requests_follow_the_hours():
    hours = [1.0] * 12 + [3.0] * 12
    trace = synthetic(2.0, 86400.0, Lengths(10.0, 10.0), hours=hours, seed=2)
    late = (trace.arrival_s_N > 43200.0).mean()
    assert late == pytest.approx(0.75, abs=0.01)
    assert trace.requests_count == pytest.approx(172_800, abs=5 * 172_800**0.5)


@pytest.mark.parametrize(
    "options",
    [{"requests_per_s": 0.0}, {"duration_s": -1.0}, {"arrival_cv": 0.0}, {"hours": [1.0] * 23}, {"hours": [0.0] * 24}],
)
def test_what_cannot_be_drawn_is_refused(options):
    asked = {"requests_per_s": 1.0, "duration_s": 60.0, "lengths": Lengths(10.0, 10.0), **options}
    with pytest.raises(InputError):
        synthetic(**asked)
