"""`gigawatt fleet` as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SMALL = ("fleet", "--workload", "helios-venus", "--days", "20", "--gpus", "1024")
KEYS = {
    "events", "wall_s", "events_per_s", "jobs", "utilisation", "goodput", "ettr_by_size", "mttf_h_by_size",
    "interruptions_per_day", "queue_delay_s", "gpu_hours", "power_mw",
}  # fmt: skip


def table(path: Path, rows: list[str]) -> str:
    """Write a small trace."""
    path.write_text("\n".join(["submit,duration,gpus", *rows]) + "\n")
    return str(path)


def test_the_document_has_the_contracts_keys(gigawatt: Run) -> None:
    document = gigawatt(*SMALL, "--json").document
    result = document["result"]
    assert document["schema"] == "gigawatt/fleet/1"
    assert set(result) >= KEYS
    assert set(result["jobs"]) >= {"submitted", "completed", "failed", "cancelled", "interrupted"}
    assert set(result["gpu_hours"]) == {"useful", "lost_rework", "restart", "idle", "down", "draining"}
    assert set(result["power_mw"]) == {"mean", "p99", "max", "max_ramp_mw_per_s"}
    assert set(result["queue_delay_s"]) >= {"p50", "p90", "p99", "by_size"}
    assert {item["source"] for item in document["provenance"]} - {""}


def test_hours_sum_to_capacity_and_jobs_to_what_was_submitted(gigawatt: Run) -> None:
    result = gigawatt(*SMALL, "--json").document["result"]
    capacity = 1024 * 15.0 * 24.0  # five days fill the fleet and are left out
    assert result["capacity_gpu_hours"] == pytest.approx(capacity)
    assert sum(result["gpu_hours"].values()) == pytest.approx(capacity)
    assert sum(result["gpu_hours_by_state"].values()) == pytest.approx(capacity)
    jobs = result["jobs"]
    ends = ("completed", "failed", "cancelled", "running", "waiting", "rejected")
    assert sum(jobs[name] for name in ends) == jobs["submitted"] > 1000
    assert sum(result["jobs_by_size"].values()) == jobs["submitted"]
    assert result["energy_mwh"] == pytest.approx(result["power_mw"]["mean"] * 15.0 * 24.0)
    assert result["power_mw"]["mean"] <= result["power_mw"]["p99"] <= result["power_mw"]["max"]


def test_the_same_seed_gives_the_same_document_but_for_the_wall_time(gigawatt: Run) -> None:
    def told(*more: str) -> dict[str, Any]:
        result = gigawatt(*SMALL, *more, "--json").document["result"]
        return {name: value for name, value in result.items() if name not in ("wall_s", "events_per_s")}

    assert told() == told()
    assert told("--seed", "1")["gpu_hours"] != told()["gpu_hours"]


def test_policies_beside_each_other_see_the_same_failures(gigawatt: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("-run_time_s * job_gpus\n")
    result = gigawatt(*SMALL, "--load", "95%", "--compare", f"fifo,easy-backfill,{mine}", "--json").document["result"]
    assert list(result["compared"]) == ["fifo", "easy-backfill", str(mine)]
    failures = [sorted((row["cause"], row["failures"]) for row in each["interruptions_by_cause"]
                       if row["cause"] != "software of jobs, by job")
                for each in result["compared"].values()]  # fmt: skip
    assert failures[0] == failures[1] == failures[2]
    assert sum(count for _, count in failures[0]) > 0
    waits = {name: each["queue_delay_s"]["mean"] for name, each in result["compared"].items()}
    assert waits["easy-backfill"] < waits["fifo"]
    ran = gigawatt(*SMALL, "--compare", f"fifo,easy-backfill,{mine}", "--out", str(tmp_path / "out"))
    assert "3 policies on the same jobs and failures" in ran.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["easy-backfill", "fifo", "mine"]


def test_a_trace_runs_and_its_jobs_end_as_it_says(gigawatt: Run, tmp_path: Path) -> None:
    trace = table(tmp_path / "jobs.csv", ["0,3600,8", "60,7200,16", "120,600,1", "180,60,64"])
    result = gigawatt("fleet", "--trace", trace, "--gpus", "32", "--reliability", "none", "--json").document["result"]
    assert result["jobs"]["completed"] == 3
    assert result["jobs"]["rejected"] == 1
    assert any("64 accelerators where at most 32" in notice for notice in result["notices"])
    assert result["gpu_hours"]["useful"] == pytest.approx(8 + 32 + 1 / 6)


def test_a_faulty_row_is_named_or_cleaned_and_counted(gigawatt: Run, tmp_path: Path) -> None:
    trace = table(tmp_path / "jobs.csv", ["0,3600,8", "60,-5,8", "120,600,1"])
    ran = gigawatt("fleet", "--trace", trace, "--gpus", "32")
    assert ran.code == 2
    assert 'jobs.csv:3: duration: "-5" is negative' in ran.err
    assert "--clean leaves the row out" in ran.err
    result = gigawatt("fleet", "--trace", trace, "--gpus", "32", "--clean", "--json").document["result"]
    assert result["jobs"]["submitted"] == 2
    assert any("1 row left out" in notice for notice in result["notices"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--policy", "fifi"), 'policy "fifi" is not known. Nearest: fifo.'),
        (("--placement", "sprea"), "Nearest: spread."),
        (("--recovery", "replic"), "Nearest: replica, elastic."),
        (("--workload", "acme-kalo"), "acme-kalos"),
        (("--trace", "nothing.csv", "--gpus", "8"), "nothing.csv"),
        (("--run-gpus", "8"), "need its model"),
        (("--model", "llama-3.1-8b"), "--run-gpus"),
        (("--events",), "--out"),
        (("--spares", "120%"), "share below 1"),
        (("--curtail", "30"), "DAY:HOURS:SHARE"),
        (("--compare", "fifo", "--policy", "fifo"), "leave --policy out"),
        (("--tiers", "gemin"), "Nearest: gemini."),
        (("--power-response", "thrtle"), "Nearest: throttle."),
        (("--maintenance", "90days"), "EVERY:LASTS[:NOTICE[:PODS]], as in 90days:4h:12h:2"),
        (("--maintenance", "90days:4h:0h:none"), "no whole number of at least 1"),
        (("--lemons-out", "0:30days"), "no whole number of at least 1"),
        (("--stragglers", "1%"), "SHARE:SPEED, as in 1%:80%"),
        (("--software-failures", "0.1"), "has no unit"),
        (("--age", "old"), "--age"),
        (("sovereign-1mw", "--set", "fleet.checkpoint_tiers=gemin"), "Nearest: gemini."),
        (("sovereign-1mw", "--set", "fleet.recovery=elastc"), "Nearest: elastic"),
        (("sovereign-1mw", "--set", "fleet.maintenance={everyy: 90 days, lasts: 4 h}"), "Nearest: every."),
        (("meta-2025", "--gpus", "8"), "gpus is the scenario's"),
        (("meta-2025", "--months", "1999-01"), "the plan has 2025-01 to 2030-12"),
    ],
)
def test_what_cannot_be_is_said_with_exit_code_2(gigawatt: Run, words: tuple[str, ...], said: str) -> None:
    ran = gigawatt("fleet", *words)
    assert ran.code == 2
    assert said in ran.err


TRAIN = ("fleet", "--model", "llama-3.1-8b", "--run-gpus", "8192", "--days", "30")


def test_places_of_checkpoints_and_age_change_what_a_run_keeps(gigawatt: Run) -> None:
    def run(*more: str) -> dict[str, Any]:
        return gigawatt(*TRAIN, *more, "--json").document["result"]["runs"][0]

    plain, tiers, new, silent = run(), run("--tiers", "byterobust"), run("--age", "0"), run("--software-failures", "0")
    assert tiers["ettr"] > plain["ettr"] + 0.01
    assert new["interruptions"] > 1.2 * plain["interruptions"]
    assert silent["interruptions"] < plain["interruptions"]
    assert run("--job-failures", "2/day")["interruptions"] > plain["interruptions"] + 30


def test_maintenance_lemons_and_stragglers_show_in_the_hours(gigawatt: Run) -> None:
    result = gigawatt(*TRAIN, "--maintenance", "10days:2h:1h", "--lemons-out", "2:30days:7days",
                      "--stragglers", "1%:80%", "--reliability", "meta-rsc1", "--check",
                      "--json").document["result"]  # fmt: skip
    hours = result["gpu_hours_by_state"]
    assert hours["maintenance"] > 0.0
    assert hours["slow"] > 0.1 * hours["useful"]
    assert sum(hours.values()) == pytest.approx(result["capacity_gpu_hours"])
    assert result["interruptions_by_cause"][0]["cause"] == "software of jobs, by job"
    assert result["interruptions_by_cause"][0]["failures"] == 0  # no node fails


def test_jobs_are_moved_together(gigawatt: Run, tmp_path: Path) -> None:
    # pairs of jobs fill four nodes; one of each leaves, and a job that needs a whole node finds none
    pairs = [f"{at},{7200 if at % 2 else 36000},4" for at in range(8)]
    trace = table(tmp_path / "jobs.csv", [*pairs, "10800,600,8"])
    words = ("fleet", "--trace", trace, "--gpus", "32", "--reliability", "none", "--json")
    still, moved = (gigawatt(*words, *more).document["result"] for more in ((), ("--defragmentation",)))
    assert still["queue_delay_s"]["by_size"]["8-63"]["p50"] == pytest.approx(36000 - 10800, abs=60)
    assert moved["queue_delay_s"]["by_size"]["8-63"]["p50"] <= 900  # the notice, and a checkpoint


def test_a_scenario_says_how_its_fleet_is_run(gigawatt: Run) -> None:
    words = ("fleet", "sovereign-1mw", "--json")
    cuts = "fleet.curtailments=[{month: %s, day: 2, hour: 17, lasts: 48 h, to: 40%%}]"
    plain = gigawatt(*words).document["result"]
    start = plain["fleet"]["start"]
    held = gigawatt(*words, "--set", cuts % start, "--set", "fleet.spares=10%").document["result"]
    assert held["power_mw"]["mean"] < plain["power_mw"]["mean"]
    assert plain["fleet"]["terms"]["spares_pct"] == 0.0
    assert held["fleet"]["terms"]["spares_pct"] == pytest.approx(10.0)
    words = ("fleet", "sovereign-1mw", "--recovery", "replica", "--set", "fleet.recovery=elastic")
    assert "recovery replica" in gigawatt(*words, "--set", "fleet.age=2 months").out
    assert held["gpu_hours"]["useful"] < plain["gpu_hours"]["useful"]


def test_a_model_that_does_not_fit_is_infeasible(gigawatt: Run) -> None:
    assert gigawatt("fleet", "--model", "llama-3.1-405b", "--run-gpus", "8", "--days", "1").code == 3


class Reader(HTMLParser):
    """Collects the ids of figures and what would reach out."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[str] = []
        self.outside: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "figure":
            self.figures.append(str(told["id"]))
        if tag in ("script", "img", "link", "iframe"):
            self.outside.append(tag)


def test_a_run_of_a_model_writes_its_report_its_tables_and_its_events(gigawatt: Run, tmp_path: Path) -> None:
    import duckdb

    ran = gigawatt("fleet", "--model", "llama-3.1-8b", "--run-gpus", "512", "--days", "30", "--spares", "3%",
                   "--recovery", "replica", "--power-cap", "0.8MW", "--curtail", "10:12h:60%", "--events", "--json",
                   "--out", str(tmp_path))  # fmt: skip
    result = ran.document["result"]
    assert result["runs"][0]["ettr"] > 0.9
    assert result["runs"][0]["tokens"] > 1e12
    assert result["gpu_hours_by_state"]["slow"] > 0.0  # while power is held down
    reader = Reader()
    reader.feed((tmp_path / "report.html").read_text())
    assert reader.figures == [f"figure-fleet-{name}" for name in ("ledger", "ettr", "use", "jobs", "power")]
    assert not reader.outside
    assert json.loads((tmp_path / "fleet.json").read_text())["result"] == result
    hours = duckdb.connect().sql(f"select sum(it_mw) from '{tmp_path / 'tables' / 'hours.parquet'}'").fetchall()[0][0]
    assert hours == pytest.approx(result["energy_mwh"])
    events = duckdb.connect().sql(f"select event, count(*) from '{tmp_path / 'events.parquet'}' group by 1").fetchall()
    counts = dict(events)
    assert counts["power"] == 30 * 24
    assert counts["failure"] == sum(row["failures"] for row in result["interruptions_by_cause"])
    stops = (
        duckdb.connect()
        .sql(f"select cause, count(*) from '{tmp_path / 'events.parquet'}' where event = 'stopped' group by 1")
        .fetchall()
    )
    causes = {row["cause"]: row["interruptions"] for row in result["interruptions_by_cause"] if row["interruptions"]}
    assert dict(stops) == causes
    failures = {row["cause"] for row in result["interruptions_by_cause"] if row["unexpected"]}
    assert sum(causes[cause] for cause in causes if cause in failures) == result["runs"][0]["interruptions"]
    assert sum(causes.values()) == counts["stopped"]
    assert f"stopped {counts['stopped']:,} times" in (tmp_path / "report.html").read_text()
    assert "50 % of software failures in one replica" in (tmp_path / "report.html").read_text()
    times = duckdb.connect().sql(f"select time_s from '{tmp_path / 'events.parquet'}'").fetchall()
    assert times == sorted(times)
    written = ["events.parquet", "fleet.json", "report.html", "run.json", "tables"]
    assert sorted(path.name for path in tmp_path.iterdir()) == written


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("easy-backfil", '"easy-backfil" is no policy, nor a file that ends in .py. Nearest: easy-backfill'),
        ("mime.py", "mime.py: there is no such file. Nearest: mine.py"),
        ("mine.py", "mine.py:2:12: queue: wait_ss is no feature and has no value here. Nearest: wait_s"),
        ("good.py", ""),
    ],
)
def test_check_finds_what_is_wrong_with_a_scenarios_policy(
    gigawatt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def queue(wait_s):\n    return wait_ss\n")
    Path("good.py").write_text("def queue(wait_s):\n    return wait_s\n")
    Path("mine.yaml").write_text(f"scenario: mine\nextends: meta-2025\nfleet:\n  policy: {policy}\n")
    ran = gigawatt("check", "mine.yaml", "--json")
    assert ran.code == (2 if words else 0)
    faults = ran.document["result"]["faults"]
    assert len(faults) == bool(words)
    for fault in faults:
        assert (fault["file"], fault["line"], fault["field"]) == ("mine.yaml", 4, "fleet.policy")
        assert f"{fault['problem']} {fault['remedy']}".startswith(words)
