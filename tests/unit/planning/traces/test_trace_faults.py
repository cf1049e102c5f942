"""A trace that is wrong gives one error that says where and what, or is cleaned with a count."""

from __future__ import annotations

import gzip

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.errors import InputError
from gigawatt.planning.traces import read_trace

HEAD = "submit_time,duration,num_gpus,vc\n"
GOOD = HEAD + "2024-01-01 00:00:00,60,8,a\n2024-01-01 00:01:00,60,8,a\n"


def said(path, **options):
    with pytest.raises(InputError) as caught:
        read_trace(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "line", "words"),
    [
        ("2024-01-01 00:02:00,-5,8,a", 4, ["duration", '"-5"', "negative"]),
        ("2024-01-01 00:02:00,60,-8,a", 4, ["num_gpus", '"-8"', "negative"]),
        ("2024-01-01 00:02:00,60,9000000,a", 4, ["num_gpus", "more than 2,000,000"]),
        ("2024-01-01 00:02:00,99999999999,8,a", 4, ["duration", "longer than ten years"]),
        ("2024-01-01 00:02:00,soon,8,a", 4, ["duration", '"soon"', "no duration"]),
        ("2024-01-01 00:02:00,inf,8,a", 4, ["duration", "no duration"]),
        ("2024-01-01 00:02:00,60,,a", 4, ["num_gpus", "is missing"]),
        ("yesterday,60,8,a", 4, ["submit_time", '"yesterday"', "no time"]),
        ("2024-13-41 00:00:00,60,8,a", 4, ["submit_time", "2024-13-41"]),
        ("1970-01-01 00:00:00,60,8,a", 4, ["submit_time", "outside 1990 to 2100"]),
        ("2106-02-07 06:28:15,60,8,a", 4, ["submit_time", "outside 1990 to 2100"]),
        ("2023-12-31 00:00:00,60,8,a", 4, ["submit_time", "before the row above it", "Sort by submission"]),
        ("2024-01-01 00:02:00,60", 4, ["num_gpus", "is missing"]),
    ],
)
def test_a_wrong_row_is_named_and_can_be_cleaned_away(tmp_path, row, line, words):
    path = tmp_path / "jobs.csv"
    path.write_text(GOOD + row + "\n")
    text = said(path)
    assert text.startswith(f"{path}:{line}: ")
    assert all(word in text for word in words)
    assert "clean=True" in text
    trace = read_trace(path, clean=True)
    assert trace.jobs_count == 2
    assert sum(trace.left_out.values()) == 1


def test_many_faults_are_one_error_with_a_count_by_kind(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(GOOD + "2024-01-01 00:02:00,-1,8,a\n" * 3 + "2024-01-01 00:03:00,1,x,a\n")
    text = said(path)
    assert text.count("\n") == 1
    assert f"{path}:4: duration" in text
    assert "4 rows have faults: 1 no number of accelerators, 3 negative duration" in text
    assert read_trace(path, clean=True).left_out == {"no number of accelerators": 1, "negative duration": 3}


def test_a_row_of_too_many_cells(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(GOOD + "2024-01-01 00:02:00,60,8,a,b\n" + "2024-01-01 00:03:00,60,8,a\n")
    assert f"{path}:4: has 5 cells where the header has 4" in said(path)
    trace = read_trace(path, clean=True)
    assert (trace.jobs_count, trace.left_out) == (3, {"rows of too many cells or no text": 1})


def test_times_in_milliseconds_are_told(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(HEAD + "1704067200000,60,8,a\n")
    assert "milliseconds" in said(path)


def test_a_trace_in_its_own_seconds_may_not_start_before_them(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(HEAD + "-7,60,8,a\n5,60,8,a\n")
    assert f"{path}:2: submit_time" in said(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "nothing but blank lines"),
        (b"PK\x03\x04abc", "zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
        (b"PAR1" + b"x" * 100, "Parquet file without its end"),
        (b"PAR1" + b"x" * 100 + b"PAR1", "cannot be read as Parquet"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
        (gzip.compress(b"", mtime=0), "empty inside its gzip"),
        (b"abc\0def,1\n", "is binary"),
        (b"a,b\n\xff\xfe,1\n", "no text in UTF-8"),
        (b"hello world\n", "is no table: "),
        (b"1,2,3\n4,5,6\n", "starts with numbers"),
        (b"submit_time,gpus,gpus\n1,2,3\n", "stands twice in the header"),
        (b"colour,shape\nred,round\n", "names no column of submit and gpus and duration"),
        (HEAD.encode(), "holds no job"),
        (b"submit_time,duration,num_gpus,vc\n0,5,0,a\n", "jobs without accelerators: 1"),
        (b"{not json}\n", "no JSON object"),
        (b"x" * 70000, "first line does not end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_trace(tmp_path, content, words):
    path = tmp_path / "jobs"
    path.write_bytes(content)
    text = said(path)
    assert words in text
    assert str(path) in text


def test_missing_and_huge_files(tmp_path):
    assert "there is no such file" in said(tmp_path / "nothing.csv")
    assert "there is no such file" in said(tmp_path)
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(17 * 2**30)
    assert "17 GiB, more than 16 GiB" in said(huge)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_cut_gzip_is_refused(tmp_path, cut):
    rows = "".join(
        f"{place},{place * 7919 % 86399 + 1},{1 + place % 8},vc{place * 31 % 97}\n" for place in range(20000)
    )
    whole = gzip.compress((HEAD + rows).encode())
    path = tmp_path / "jobs.csv.gz"
    path.write_bytes(whole[: int(len(whole) * cut)])
    assert str(path) in said(path)


def test_a_cut_parquet_is_refused(tmp_path):
    path = tmp_path / "jobs.parquet"
    duckdb.connect().execute(f"copy (select 1 as submit_time, 5 as duration, 8 as num_gpus, 'a' as vc) to '{path}'")
    path.write_bytes(path.read_bytes()[:-10])
    assert "without its end" in said(path)


def test_a_row_of_parquet_is_named_by_its_place(tmp_path):
    path = tmp_path / "jobs.parquet"
    duckdb.connect().execute(
        "copy (select unnest([0, 1]) as submit_time, unnest([5, -5]) as duration, 8 as num_gpus, 'a' as vc) "
        f"to '{path}'"
    )
    assert said(path).startswith(f'{path}: row 2: duration: "-5" is negative')


def test_swf_rows_that_are_short_or_out_of_order(tmp_path):
    path = tmp_path / "log.swf"
    good = "1 100 0 10 8 -1 -1 8 9 -1 1 1 1 1 1 1 -1 -1\n"
    path.write_text("; note\n" + good + "2 100 0 10 8\n")
    assert f"{path}:3: field 2" in said(path)
    path.write_text(good + good.replace(" 100 ", " 90 "))
    assert f"{path}:2: field 2: is before the row above it" in said(path)


def test_json_lines_that_are_cut(tmp_path):
    path = tmp_path / "jobs.jsonl"
    path.write_text('{"submit": 0, "duration": 5, "gpus": 8}\n{"submit": 1, "dur')
    assert said(path).startswith(f"{path}:2: submit: is missing or no time. A line that is cut off")
    trace = read_trace(path, clean=True)
    assert (trace.jobs_count, trace.left_out) == (1, {"no time": 1})


def test_unknown_formats_parts_and_columns_name_the_nearest(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(GOOD)
    assert "Nearest: helios" in said(path, form="helos")
    assert 'no column "gpu_num"' in said(path, form="helios")
    assert "Nearest: duration" in said(path, columns={"duraton": "duration"})
    assert "Nearest: num_gpus" in said(path, columns={"gpus": "num_gpu"})
    assert "not for" in said(path, form="helios", columns={"gpus": "num_gpus"})


@settings(max_examples=20, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"", HEAD.encode(), b"JobID|Submit|State\n", b"{", b"; a\n", b"1 2 3 "])
)
def test_no_bytes_give_anything_but_a_trace_or_an_error_of_ours(tmp_path_factory, noise, start):
    path = tmp_path_factory.mktemp("noise") / "jobs"
    path.write_bytes(start + noise)
    for clean in (False, True):
        try:
            assert read_trace(path, clean=clean).jobs_count > 0
        except InputError as error:
            message = str(error)
            if str(path) not in message:
                raise
