"""A simulated fleet in words and rows: what the terminal and the report both show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gigawatt.units import say, three_digits

Row = Sequence[str]
Table = tuple[Row, Sequence[Row]]  # headings, rows
STATES = {
    "useful": "useful work",
    "rework": "work lost and done again",
    "checkpoint": "standing still for checkpoints",
    "restart": "from failure to running",
    "slow": "held, not at full speed",
    "idle": "free, and no job waits",
    "fragmented": "free while a job waits",
    "draining": "kept free for a large job or maintenance",
    "spare": "hot spares",
    "down": "failed: detection, waiting for hands, repair",
    "maintenance": "maintenance",
}
CAUSES_SHOWN = 8


def _percent(share: float | None) -> str:
    """Write a share as a percentage."""
    return "–" if share is None else f"{three_digits(100.0 * share)} %"


def _mw(value: float) -> str:
    """Say megawatts."""
    return say(value * 1e6, "W")


def span(seconds: float | None) -> str:
    """Say a time in the unit that suits it.

    Examples
    --------
    >>> span(0.0), span(90.0), span(7200.0), span(864000.0), span(None)
    ('0 s', '1.50 min', '2.00 h', '10.0 days', '–')
    """
    if seconds is None or seconds != seconds:
        return "–"
    for size_s, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size_s:
            return f"{three_digits(seconds / size_s)} {name}"
    return f"{seconds:.0f} s"


def _count(count: int, noun: str) -> str:
    """Say a number of things."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _hours(value: float | None) -> str:
    """Say hours between stops."""
    return "–" if value is None or value != value else span(value * 3600.0)


def headline(result: dict[str, Any]) -> str:
    """Say what was simulated and how much of it was useful."""
    return f"{result['fleet']['title']}: {_percent(result['useful_share'])} of all GPU-hours useful"


def _by_age(fleet: dict[str, Any]) -> str:
    """Say that failures follow the age of nodes, and where all are there from the start, how old they are then."""
    months = fleet["terms"]["age_months"]
    if months is None:
        return ""
    return " by the age of nodes" + (f", {months:.3g} months at the start" if fleet["start"] is None else "")


def _confined(terms: dict[str, Any]) -> str:
    """Say which failures of software one replica alone restarts from."""
    share = terms["confined_software_pct"]
    return "" if share is None else f"{share:.3g} % of software failures in one replica"


def conditions(result: dict[str, Any]) -> str:
    """Say under which conditions the figures hold."""
    fleet = result["fleet"]
    warm = f", the first {fleet['warm_up_days']:.3g} days left out" if fleet["warm_up_days"] else ""
    terms = fleet["terms"]
    said = [
        f"failures as {terms['reliability']}{_by_age(fleet)}" if terms["reliability"] != "none" else "no node fails",
        f"checkpoints as {terms['checkpoint_tiers']}" if terms["checkpoint_tiers"] else "",
        f"recovery {terms['recovery']}" if terms["recovery"] != "stall" else "",
        _confined(terms),
        f"{terms['spares_pct']:.3g} % hot spares" if terms["spares_pct"] else "",
        "defragmentation" if terms["defragmentation"] else "",
        f"lemons out after {terms['lemons_out_after']} failures" if terms["lemons_out_after"] else "",
        f"{terms['stragglers_pct']:.3g} % stragglers" if terms["stragglers_pct"] else "",
        f"maintenance every {terms['maintenance_days']:.3g} days" if terms["maintenance_days"] else "",
    ]
    return (
        f"{', '.join(item for item in said if item)}; "
        f"{_count(result['jobs']['submitted'], 'job')}, policy {fleet['policy']}, placement {fleet['placement']}, seed "
        f"{result['seed']}{warm}; {result['events']:,} events in {result['wall_s']:.2f} s"
    )


def figures(result: dict[str, Any]) -> list[Row]:
    """Return the figures of the first screen: label, value, what it consists of."""
    jobs, wait, power = result["jobs"], result["queue_delay_s"], result["power_mw"]
    ended = f"{jobs['completed']:,} completed, {jobs['failed']:,} failed by themselves, {jobs['cancelled']:,} cancelled"
    left = ", ".join(f"{jobs[name]:,} {name}" for name in ("running", "waiting", "rejected") if jobs[name])
    return [
        ("Utilisation", _percent(result["utilisation"]), "GPU-hours in jobs over all"),
        ("Goodput", _percent(result["goodput"]), "useful over GPU-hours in jobs"),
        (
            "Interruptions",
            f"{three_digits(result['interruptions_per_day'])} a day",
            f"stops of jobs by failures, which hit {_count(jobs['interrupted'], 'job')}",
        ),
        ("Waiting, median", span(wait["p50"]), f"p90 {span(wait['p90'])}, p99 {span(wait['p99'])}"),
        (
            "IT power",
            _mw(power["mean"]),
            f"p99 of hours {_mw(power['p99'])}, at most {_mw(power['max'])}; greatest step at once "
            f"{_mw(power['max_ramp_mw_per_s'])}",
        ),
        ("Energy", say(result["energy_mwh"], "MWh"), "IT"),
        ("Jobs", f"{jobs['submitted']:,}", f"{ended}; {left}" if left else ended),
    ]


def states(result: dict[str, Any]) -> Table:
    """Return where every accelerator-hour went."""
    hours, capacity = result["gpu_hours_by_state"], result["capacity_gpu_hours"]
    rows = [
        (name, _percent(hours[name] / capacity if capacity else None), say(hours[name], "1"), words)
        for name, words in STATES.items()
        if hours[name] > 0.0
    ]
    return ("state", "share", "GPU-hours", "what it is"), rows


def sizes(result: dict[str, Any]) -> Table:
    """Return kept time, time to failure and waits by size of job."""
    rows = []
    for name, ettr in result["ettr_by_size"].items():
        wait = result["queue_delay_s"]["by_size"][name]
        rows.append(
            (
                _range(name), f"{result['jobs_by_size'][name]:,.0f}", say(result["gpu_hours_by_size"][name], "1"),
                _percent(None if ettr != ettr else ettr), _hours(result["mttf_h_by_size"][name]), span(wait["p50"]),
                span(wait["p99"]),
            )
        )  # fmt: skip
    return ("GPUs of a job", "jobs", "GPU-hours", "time kept", "between stops", "wait, median", "wait, p99"), rows


def _range(label: str) -> str:
    """Write a range of sizes with its thousands."""
    parts = [f"{int(part):,}" for part in label.rstrip("+").split("-")]
    return " to ".join(parts) if len(parts) > 1 else f"{parts[0]} or more" if label.endswith("+") else parts[0]


def causes(result: dict[str, Any]) -> Table:
    """Return stops of jobs by their cause: failures, rare ones in one row, then whatever else stops jobs."""
    rows = [row for row in result["interruptions_by_cause"] if row["interruptions"] or row["failures"]]
    failures = [row for row in rows if row["unexpected"]]
    shown, rest = failures[:CAUSES_SHOWN], failures[CAUSES_SHOWN:]
    total = sum(row["interruptions"] for row in failures)
    cells = [_cause(row["cause"], [row], total) for row in shown]
    if rest:
        cells.append(_cause(f"{len(rest)} others", rest, total))
    if len(failures) > 1:
        cells.append(_cause("all failures", failures, total))
    cells += [_cause(row["cause"], [row], None) for row in rows if not row["unexpected"]]
    return ("cause", "stops of jobs", "share of failures", "failures of nodes"), cells


def _cause(name: str, rows: Sequence[dict[str, Any]], total: int | None) -> Row:
    """Return a row of causes; what is no failure has no share of them."""
    stops, failures = sum(row["interruptions"] for row in rows), sum(row["failures"] for row in rows)
    share = "–" if total is None else _percent(stops / total if total else None)
    return name, f"{stops:,}", share, f"{failures:,}" if failures else "–"


def runs(result: dict[str, Any]) -> Table:
    """Return the training runs that were known beforehand."""
    rows = [
        (
            run["label"], f"{run['gpus']:,}", run["state"], f"{three_digits(run['days'])}",
            _percent(run["ettr"]), f"{run['interruptions']:,}", _hours(run["mttf_h"]),
            say(run["tokens"], "token").removesuffix(" tokens"),
        )
        for run in result["runs"]
    ]  # fmt: skip
    heads = ("run", "GPUs", "state", "days", "ETTR", "stops by failures", "MTTF", "tokens")
    return heads, rows


def sites(result: dict[str, Any]) -> Table:
    """Return power by site."""
    rows = [
        (site["site"], _mw(site["it_mean_mw"]), _mw(site["it_peak_hour_mw"]), say(site["energy_mwh"], "MWh"))
        for site in result["sites"]
    ]
    return ("site", "IT power", "peak hour", "IT energy"), rows


def comparison(records: dict[str, dict[str, Any]]) -> Table:
    """Set policies beside each other: a row for each figure, a column for each policy."""
    labels = [row[0] for row in figures(next(iter(records.values())))]
    values = {name: {row[0]: row[1] for row in figures(record)} for name, record in records.items()}
    rows: list[Row] = [("Useful", *(_percent(record["useful_share"]) for record in records.values()))]
    rows += [(label, *(values[name][label] for name in records)) for label in labels]
    rows.append(("Waiting, mean", *(span(record["queue_delay_s"]["mean"]) for record in records.values())))
    rows.append(("Waiting, p99", *(span(record["queue_delay_s"]["p99"]) for record in records.values())))
    for state in ("idle", "fragmented", "draining", "rework"):
        shares = [record["gpu_hours_by_state"][state] / record["capacity_gpu_hours"] for record in records.values()]
        if any(share > 0.0 for share in shares):
            rows.append((STATES[state].capitalize(), *(_percent(share) for share in shares)))
    largest = list(next(iter(records.values()))["queue_delay_s"]["by_size"])[-1:]
    for label in largest:
        waits = [record["queue_delay_s"]["by_size"][label]["p50"] for record in records.values()]
        rows.append((f"Waiting, median, {_range(label)} GPUs", *(span(wait) for wait in waits)))
    return ("figure", *records), rows


def tables(result: dict[str, Any]) -> list[tuple[str, Table]]:
    """Return every table with its title, in the order in which it reads."""
    found = [("training runs", runs(result))] if result["runs"] else []
    found += [("where every GPU-hour went", states(result)), ("jobs by size", sizes(result))]
    if any(row["failures"] or row["interruptions"] for row in result["interruptions_by_cause"]):
        found.append(("stops of jobs by cause", causes(result)))
    if len(result["sites"]) > 1:
        found.append(("power by site", sites(result)))
    return found
