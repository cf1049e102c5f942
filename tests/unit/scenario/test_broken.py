"""Every broken file gives exactly the faults listed beside it: file, line, field, problem and remedy, all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gigawatt.errors import ScenarioError
from gigawatt.scenario.read import read

BROKEN = Path(__file__).parents[2] / "scenarios" / "broken"
EXPECTED = YAML(typ="safe").load((BROKEN / "expected.yaml").read_text(encoding="utf-8"))
FILES = sorted(path.name for path in BROKEN.iterdir() if path.name != "expected.yaml")

# words of our tools that a planner has no use for
JARGON = re.compile(
    r"pydantic|ruamel|validation error|Value error|Input should|type=|dict\b|tuple|NoneType|Traceback|loc\b"
)


def faults_of(name):
    with pytest.raises(ScenarioError) as caught:
        read(BROKEN / name)
    return caught.value.faults


def test_every_file_has_its_expected_faults_and_there_are_many():
    assert set(EXPECTED) == set(FILES)
    assert len(FILES) >= 20


@pytest.mark.parametrize("name", FILES)
def test_faults_are_exactly_those_expected(name):
    found = [(Path(fault.file).name, fault.line, fault.field, fault.problem) for fault in faults_of(name)]
    assert found == [tuple(row[:4]) for row in EXPECTED[name]]


@pytest.mark.parametrize("name", FILES)
def test_each_fault_says_what_to_do(name):
    for fault, (_, _, _, _, remedy) in zip(faults_of(name), EXPECTED[name], strict=True):
        assert remedy, "every fault in the list names a remedy"
        assert remedy in fault.remedy


@pytest.mark.parametrize("name", FILES)
def test_faults_are_in_order_without_repeats_and_without_jargon(name):
    faults = faults_of(name)
    assert len(set(faults)) == len(faults)
    own = [fault.line for fault in faults if Path(fault.file).name == name]
    assert own == sorted(own)
    for fault in faults:
        assert not JARGON.search(str(fault))
        assert fault.problem.endswith(".")
        assert "\n" not in str(fault)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".yaml")])
def test_the_line_holds_what_the_fault_is_about(name):
    for fault in faults_of(name):
        path = BROKEN / Path(fault.file).name
        if not fault.line or path.stat().st_size == 0:
            continue
        row = path.read_bytes().decode("latin-1").splitlines()[fault.line - 1]
        last = fault.field.rsplit(".", 1)[-1]
        is_field_written = last and not last.isdecimal() and f'"{last}" is missing' not in fault.problem
        if is_field_written and fault.field.count(".") < 4:
            assert last in row


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"{" * 5_000,
        b"a: " * 3_000,
        b"? [a]\n: b\n",
        b"- " * 20_000,
        b"a: 1" + b"0" * 5_000,
    ],
)
def test_hostile_files_give_faults_not_crashes(tmp_path, content):
    path = tmp_path / "hostile.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError):
        read(path)


@pytest.mark.parametrize(
    ("content", "line", "problem", "remedy"),
    [
        (b"scenario: x\ntitle: caf\xe9\n", 2, "not UTF-8 text", "Save the file as UTF-8"),
        (b"scenario: x\x00\x01\x02", 0, "not a text file", "YAML or TOML"),
        (b"scenario: x\ntitle: a\x07b\n", 2, "control character", "Remove it"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, line, problem, remedy):
    path = tmp_path / "bytes.yaml"
    path.write_bytes(content)
    (fault,) = faults_of(path)
    assert fault.line == line
    assert problem in fault.problem
    assert remedy in fault.remedy


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(1_000_000_000)  # sparse: reading all of it would need a gigabyte of memory
    with pytest.raises(ScenarioError, match="larger than 1 MB"):
        read(path)
