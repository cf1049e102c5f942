"""Predictions against published training steps, and files that are wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gigawatt.engines.training import estimate
from gigawatt.errors import InputError
from gigawatt.validation.training import PUBLISHED_DATA, PUBLISHED_FLAGS, read_flags, validate_training

SHARED = Path(__file__).parents[4] / "shared" / "validation"
COLUMNS = PUBLISHED_DATA.read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.fixture(scope="module")
def validation():
    return validate_training()


def _write(path, **changes):
    """Write the first row of the shipped file, changed, or without a column where the change is None."""
    with PUBLISHED_DATA.open(encoding="utf-8") as file:
        row = next(csv.DictReader(file)) | {key: value for key, value in changes.items() if value is not None}
    columns = [name for name in COLUMNS if changes.get(name, "") is not None]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerow(row)
    return path


def test_accuracy_is_as_the_methods_page_says(validation):
    dense, moe = validation.groups["dense"], validation.groups["moe"]
    assert dense.n > 300
    assert dense.median_abs_error_pct < 4.7
    assert dense.p90_abs_error_pct < 12.0
    assert moe.n > 60
    assert moe.median_abs_error_pct < 7.5
    assert moe.p90_abs_error_pct < 20.0


def test_no_group_of_ten_rows_is_biased(validation):
    groups = {name: one for name, one in validation.groups.items() if name.count(" ") == 2 and one.n >= 10}
    assert len(groups) >= 7
    for name, one in groups.items():
        assert abs(one.bias_pct) < 3.0, name


def test_the_stated_interval_holds_its_share(validation):
    assert 75.0 < validation.summary.interval_coverage_pct < 90.0


def test_every_row_is_predicted_or_says_why_not(validation):
    for row in validation.rows:
        assert bool(row.skipped) != (row.predicted > 0.0)


def test_doubted_rows_count_apart(validation):
    assert validation.summary_with_flagged.n == validation.summary.n + sum(
        bool(row.flag) and not row.skipped for row in validation.rows
    )


def test_nineteen_of_twenty_published_layouts_fit_memory():
    from gigawatt.catalogue.store import load
    from gigawatt.validation.training_rows import read_measurements

    fits, stated = 0, 0
    for one in read_measurements(PUBLISHED_DATA, read_flags(PUBLISHED_FLAGS), load())[::5]:
        if not one.skipped and one.recompute_stated:
            stated += 1
            fits += estimate(one.job, one.layout).fits
    assert stated > 10
    assert fits / stated >= 0.95


@pytest.mark.skipif(not (SHARED / "training.csv").exists(), reason="../shared/validation/training.csv is not there")
def test_the_shared_rows_are_those_that_ship(validation):
    shared = validate_training(SHARED / "training.csv", SHARED / "training_flags.csv")
    assert shared.summary.n == validation.summary.n
    assert shared.summary.median_abs_error_pct == pytest.approx(validation.summary.median_abs_error_pct)


def test_unknown_ids_are_scored_without_flags(tmp_path):
    found = validate_training(_write(tmp_path / "mine.csv", id="mine-1"))
    assert found.summary.n == 1
    assert found.rows[0].flag == ""


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tp": "eight"}, r'2: tp: "eight" is not a number'),
        ({"seq_len": "nan"}, r"2: seq_len: nan is not a number from 0"),
        ({"n_gpus": "-4"}, r"2: n_gpus: -4 is not a number from 0"),
        ({"layers": "1e300"}, r"2: layers: 1e300 is not a number from 0"),
        ({"precision": None}, r"1: columns are missing: precision"),
    ],
)
def test_a_wrong_cell_is_named_with_file_line_and_field(tmp_path, changes, text):
    with pytest.raises(InputError, match=text):
        validate_training(_write(tmp_path / "bad.csv", **changes))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"precision": "int3"}, "precision"),
        ({"system": "Abacus"}, "system"),
        ({"tp": ""}, "layout not published"),
        ({"global_batch_seqs": "1"}, "fewer sequences"),
        ({"n_gpus": "7"}, "n_gpus 7 is not"),
        ({"layers": "", "model": "Mystery"}, "architecture not published"),
        ({"tflops_per_gpu": "", "mfu": ""}, "neither step time"),
    ],
)
def test_a_row_that_cannot_be_predicted_says_why(tmp_path, changes, text):
    found = validate_training(_write(tmp_path / "odd.csv", **changes))
    assert text in found.rows[0].skipped
    assert found.summary.n == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'id,action,reason\nx,"'])
def test_files_that_are_no_tables_are_refused(tmp_path, content):
    path = tmp_path / "flags.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        validate_training(None, path)


def test_an_unknown_action_is_named(tmp_path):
    path = tmp_path / "flags.csv"
    path.write_text("id,action,reason\nx,exclud,because\n", encoding="utf-8")
    with pytest.raises(InputError, match="Nearest: exclude"):
        validate_training(None, path)
