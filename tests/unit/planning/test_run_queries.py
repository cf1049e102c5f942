"""SQL over run folders reads the tables of runs, and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import openpyxl
import pytest

from gigawatt.errors import InputError
from gigawatt.planning.run_folders import find_run, list_runs, recorded
from gigawatt.planning.run_queries import export, query, tables_of


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two runs: one with a table and a unit, one with more columns and parts."""
    place = tmp_path_factory.mktemp("runs")
    for name, columns in (("a", "1 AS gpus, 2.5 AS energy_mwh"), ("b", "3 AS gpus, 4.5 AS energy_mwh, 'x' AS note")):
        with recorded(place / name, "plan", seed=7):
            (place / name / "tables").mkdir()
            duckdb.connect().sql(f"COPY (SELECT {columns}) TO '{place / name / 'tables' / 'months.parquet'}'")
    (place / "a" / "tables" / "units.json").write_text('{"months": {"gpus": "GPU"}}')
    (place / "b" / "parts").mkdir()
    for part in range(3):
        duckdb.connect().sql(f"COPY (SELECT {part} AS draw) TO '{place / 'b' / 'parts' / f'part-{part:05d}.parquet'}'")
    secret = place.parent / "secret.parquet"
    duckdb.connect().sql(f"COPY (SELECT 42 AS hidden) TO '{secret}'")
    (place / "b" / "tables" / "secret.parquet").symlink_to(secret)
    return place


def test_tables_of_all_runs_stand_together_by_name(root):
    found = query("SELECT run, gpus, note FROM months ORDER BY run", list_runs(root))
    assert (found.columns, found.rows, found.more) == (("run", "gpus", "note"), [("a", 1, None), ("b", 3, "x")], False)
    assert query("SELECT run, verb, seed FROM runs ORDER BY run", list_runs(root)).rows == [
        ("a", "plan", 7),
        ("b", "plan", 7),
    ]
    assert query("SELECT count(*), sum(draw) FROM parts", [find_run("b", root)]).rows == [(3, 3)]


def test_rows_left_out_are_told(root):
    found = query("SELECT draw FROM parts ORDER BY draw", [find_run("b", root)], most_rows=2)
    assert (found.rows, found.more) == ([(0,), (1,)], True)


WRITES = "a query is one SELECT; nothing is written, attached, installed or set"
READS = "a query reads the tables of runs and nothing else"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("COPY months TO 'out.csv'", WRITES),
        ("EXPLAIN ANALYZE COPY months TO 'out.csv'", WRITES),
        ("EXPORT DATABASE 'out'", WRITES),
        ("SELECT 1; COPY months TO 'out.csv'", WRITES),
        ("CREATE TABLE x AS SELECT 1", WRITES),
        ("INSERT INTO runs VALUES (1)", WRITES),
        ("DROP VIEW months", WRITES),
        ("ATTACH 'out.db'", WRITES),
        ("INSTALL httpfs", WRITES),
        ("LOAD httpfs", WRITES),
        ("SET enable_external_access = true", WRITES),
        ("PRAGMA database_list", WRITES),
        ("", WRITES),
        ("SELECT * FROM read_text('{outside}')", READS),
        ("SELECT * FROM read_csv('{outside}')", READS),
        ("SELECT * FROM glob('{root}/*')", READS),
        ("SELECT * FROM read_parquet('{root}/../secret.parquet')", READS),
        ("SELECT * FROM read_blob('{root}/a/run.json')", READS),
        ("SELECT * FROM 'https://example.org/x.parquet'", "(does not exist|nothing else)"),
        ("SELECT hidden FROM secret", "Table with name secret does not exist"),
        ("SELECT * FROM month", "Table with name month does not exist"),
        ("SELEC 1", "syntax error"),
        ("SELECT gpu FROM months", '"gpu" not found'),
    ],
)
def test_what_writes_or_reads_elsewhere_is_refused(root, sql, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with pytest.raises(InputError, match=words):
        query(sql.format(outside=outside, root=root), list_runs(root))
    assert [path.name for path in tmp_path.iterdir()] == ["outside.csv"]


def test_names_of_this_program_are_no_tables(root):
    frame = [1]  # DuckDB would else look for a variable of this name
    with pytest.raises(InputError, match="Table with name frame does not exist"):
        query("SELECT * FROM frame", list_runs(root))
    assert frame


def test_a_query_without_end_is_stopped(root):
    with pytest.raises(InputError, match=r"longer than 0\.2 s"):
        query("SELECT count(*) FROM range(1000000000000) AS t(x) WHERE x % 7 = 3", [], time_limit_s=0.2)


def test_links_that_lead_out_are_no_tables(root):
    assert sorted(tables_of(find_run("b", root))) == ["months", "parts"]


def test_export_names_the_unit_of_each_column(root, tmp_path):
    written = export(find_run("a", root), tmp_path)
    assert [path.name for path in written] == ["units.csv", "months.csv"]
    assert (tmp_path / "months.csv").read_text() == "gpus,energy_mwh\n1,2.5\n"
    with (tmp_path / "units.csv").open() as file:
        assert list(csv.reader(file)) == [
            ["table", "column", "unit"],
            ["months", "gpus", "GPU"],
            ["months", "energy_mwh", "MWh"],
        ]


def test_export_as_a_workbook_and_as_parquet(root, tmp_path):
    run = find_run("b", root)
    export(run, tmp_path, "xlsx")
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx")
    assert [list(row) for row in book["months"].iter_rows(values_only=True)] == [
        ["gpus", "energy_mwh", "note"],
        ["GPU", "MWh", None],
        [3, 4.5, "x"],
    ]
    assert book["parts"].max_row == 2 + 3
    export(run, tmp_path, "parquet")
    assert duckdb.connect().sql(f"SELECT draw FROM '{tmp_path / 'parts.parquet'}' ORDER BY draw").fetchall() == [
        (0,),
        (1,),
        (2,),
    ]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("kind", "words"), [("cvs", "Nearest: csv"), ("csv", "has no tables to export")])
def test_export_says_what_it_cannot_do(root, tmp_path, kind, words):
    empty = tmp_path / "runs" / "empty"
    with recorded(empty, "plan"):
        pass
    with pytest.raises(InputError, match=words):
        export(find_run("empty", empty.parent), Path(tmp_path), kind)
