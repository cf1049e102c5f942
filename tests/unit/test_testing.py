"""What users' own tests rely on: a difference is found wherever it is, and nothing else is called one."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigawatt.errors import InputError
from gigawatt.testing import assert_plans_equal, read_golden

DOCUMENT = {
    "schema": "gigawatt/plan/1",
    "gigawatt": "0.1.0",
    "result": {"months": [{"month": "2025-01", "gpus": 10.0}, {"month": "2025-02", "gpus": 20.0}], "irr": None},
}


def test_a_document_equals_itself_in_any_key_order():
    turned = dict(reversed(copy.deepcopy(DOCUMENT).items()))
    assert_plans_equal(DOCUMENT, turned, rtol=0.0)


@given(st.floats(1e-6, 0.1), st.booleans())
def test_a_number_is_equal_within_the_tolerance_and_not_beyond(rtol, upwards):
    def changed(times):
        other = copy.deepcopy(DOCUMENT)
        other["result"]["months"][1]["gpus"] *= 1.0 + (times if upwards else -times) * rtol
        return other

    # math.isclose measures against the larger of the two, so halve and double stay clear of the edge
    assert_plans_equal(DOCUMENT, changed(0.5), rtol=rtol)
    with pytest.raises(AssertionError, match=r"result\.months\.1\.gpus: 20\.0 against"):
        assert_plans_equal(DOCUMENT, changed(2.1), rtol=rtol)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["result"].update(irr=0.1), "result.irr: None against 0.1"),
        (lambda d: d["result"]["months"].pop(), "result.months: 2 items against 1"),
        (lambda d: d["result"].pop("irr"), "result.irr: only in the first"),
        (lambda d: d["result"].update(extra=1), "result.extra: only in the second"),
        (lambda d: d["result"]["months"][0].update(month="2026-01"), "result.months.0.month: '2025-01' against"),
        (lambda d: d["result"]["months"][0].update(gpus=True), "result.months.0.gpus: 10.0 against True"),
    ],
)
def test_each_kind_of_difference_is_named_with_its_path(change, said):
    other = copy.deepcopy(DOCUMENT)
    change(other)
    with pytest.raises(AssertionError) as raised:
        assert_plans_equal(DOCUMENT, other)
    assert said in str(raised.value)


def test_the_version_is_ignored_unless_asked_for():
    other = {**DOCUMENT, "gigawatt": "0.2.0"}
    assert_plans_equal(DOCUMENT, other)
    with pytest.raises(AssertionError, match=r"gigawatt: '0\.1\.0' against '0\.2\.0'"):
        assert_plans_equal(DOCUMENT, other, ignore=())


def test_many_differences_are_counted_and_cut_short():
    with pytest.raises(AssertionError) as raised:
        assert_plans_equal({"x": list(range(50))}, {"x": list(range(1, 51))})
    lines = str(raised.value).splitlines()
    assert lines[0] == "the plans differ in 50 places:"
    assert lines[-1] == "... and 30 more"
    assert len(lines) == 22


SOURCE = "title: A paper\npublisher: Someone\nurl: https://example.org\ndate: 2024-05\n"
HEAD = "quantity,model,gpus,expected,unit,tolerance_frac,page\n"


def write(folder, table, source=SOURCE):
    (folder / "table.csv").write_text(table)
    (folder / "source.yaml").write_text(source)
    return folder


def test_a_golden_table_keeps_inputs_apart_from_what_is_expected(tmp_path):
    table = read_golden(write(tmp_path, HEAD + "step_time_s,gpt3,1024,18.2,s,0.1,table 5\n"))
    (row,) = table.rows
    assert dict(row.inputs) == {"model": "gpt3", "gpus": 1024.0}
    assert (row.quantity, row.expected, row.unit, row.page) == ("step_time_s", 18.2, "s", "table 5")
    assert table.source["title"] == "A paper"
    # 18.2 s and a tenth: 16.38 to 20.02
    assert [row.holds(found) for found in (16.3, 16.4, 20.0, 20.1)] == [False, True, True, False]
    assert row.error_frac(9.1) == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("table", "source", "said"),
    [
        ("quantity,expected,unit,page\nx,1,s,2\n", SOURCE, "table.csv: lacks tolerance_frac"),
        (HEAD + "x,gpt3,1,many,s,0.1,5\n", SOURCE, "table.csv:2: expected and tolerance_frac"),
        (HEAD + "x,gpt3,1,nan,s,0.1,5\n", SOURCE, "table.csv:2: expected and tolerance_frac"),
        (HEAD + "x,gpt3,1,2,s,-0.1,5\n", SOURCE, "table.csv:2: expected and tolerance_frac"),
        (HEAD + "x,gpt3,1,2,s,0.1\n", SOURCE, "table.csv:2: has more or fewer cells"),
        (HEAD + "x,gpt3,1,2,s,0.1,5,6\n", SOURCE, "table.csv:2: has more or fewer cells"),
        (HEAD, "title: A paper\n", "source.yaml: lacks publisher, url, date"),
        (HEAD, "- a list\n", "source.yaml: lacks title"),
        (HEAD, "title: [", "cannot be read as a golden table"),
    ],
)
def test_a_broken_golden_table_is_refused_with_its_place(tmp_path, table, source, said):
    with pytest.raises(InputError) as raised:
        read_golden(write(tmp_path, table, source))
    assert said in str(raised.value)


def test_a_missing_golden_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_golden(tmp_path / "nowhere")
