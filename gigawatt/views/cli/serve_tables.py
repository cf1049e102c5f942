"""What `serve` prints: the frontier, the size for a demand, the day, the cost of tokens, the replay of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gigawatt.units import SECONDS_PER_HOUR, say
from gigawatt.views.cli.shell import put
from gigawatt.views.figures.spark import sparkline
from gigawatt.views.terminal import show_table

if TYPE_CHECKING:
    from gigawatt.planning.demand import Day
    from gigawatt.planning.replay import ReplayAnswer
    from gigawatt.planning.serving_jobs import ServeAnswer

POINTS_SHOWN = 12
MS_PER_S = 1000.0


def show(answer: ServeAnswer, put: Any = put) -> None:
    """Print an answer.

    Parameters
    ----------
    answer : ServeAnswer
    put : callable
        What takes a table: standard output, or standard error where flags go to the former.
    """
    if answer.replayed is not None:
        for table in replay_tables(answer.replayed):
            put(table)
        return
    put(_frontier(answer.pool))
    put(_stated(answer.pool))
    put(_tokens(answer.pool))
    if answer.sizing:
        put(_size(answer.sizing))
    if answer.day:
        put(_day(answer.day))


def replica_words(replica: Any) -> str:
    """Return the degrees above one: "TP8 PP2"."""
    degrees = {"TP": replica.tensor_parallel, "PP": replica.pipeline_parallel, "EP": replica.expert_parallel}
    words = [f"{name}{degree}" for name, degree in degrees.items() if degree > 1]
    return " ".join([*words, *(["DPA"] if replica.attention_data_parallel else [])]) or "1 GPU"


def _thinned(points: Any, chosen: Any) -> list[Any]:
    """Return at most a screenful of the frontier, by throughput, the chosen point among them."""
    fitting = sorted((point for point in points if point.fits), key=lambda point: -point.output_tokens_per_s_per_gpu)
    step = max(1, -(-len(fitting) // POINTS_SHOWN))
    kept = fitting[::step]
    return kept if chosen in kept else sorted([*kept, chosen], key=lambda point: -point.output_tokens_per_s_per_gpu)


def _frontier(pool: Any) -> Any:
    """Throughput against latency."""
    from gigawatt.planning.serving import usd_per_million

    rows = [
        (
            replica_words(point.replica),
            f"{point.batch:.0f}",
            say(point.output_tokens_per_s_per_gpu, "1"),
            *(f"{value * MS_PER_S:.3g}" for value in (point.tpot_p50_s, point.tpot_p99_s, point.ttft_p99_s)),
            f"{usd_per_million(point, pool.usd_per_gpu_hour):.2f}",
            f"{point.j_per_output_token:.2f}",
            "yes" if point == pool.deployment else "",
        )
        for point in _thinned(pool.frontier.deployments, pool.deployment)
    ]
    heads = ("replica", "batch", "tok/s\nper GPU", "TPOT\np50", "TPOT\np99", "TTFT\np99", "USD/M", "J/tok", "chosen")
    return show_table(heads, rows, title=f"{_title(pool.inputs)}\ntimes in ms; USD and J per output token")


def _stated(pool: Any) -> Any:
    """How far to trust the chosen point, and the energy of a request."""
    from gigawatt.planning.serving_bands import bands_of

    bands, chip = bands_of(pool), pool.inputs.accelerator
    rows = [
        (name, *(f"{value:,.{digits}f}" for value in (band.middle, band.low, band.high)))
        for name, band, digits in (
            ("output tokens/s per GPU", bands.output_tokens_per_s_per_gpu, 0),
            ("USD per million output tokens", bands.usd_per_million_output_tokens, 2),
            ("W per accelerator", bands.gpu_power_w, 0),
            ("J per output token, IT", bands.j_per_output_token, 3),
        )
    ]
    each_wh = pool.query.total_j / SECONDS_PER_HOUR / bands.j_per_output_token.middle
    energies = (bands.j_per_output_token.middle, bands.j_per_output_token.low, bands.j_per_output_token.high)
    rows += [
        (f"Wh per request, PUE {pool.pue:g}", *(f"{energy_j * each_wh:.3f}" for energy_j in energies)),
        ("gap between tokens at p99, ms", f"{pool.deployment.gap_p99_s * MS_PER_S:.3g}", "", ""),
    ]
    said = (
        "" if bands.is_calibrated else f"\nNOT CALIBRATED: nothing measured on the kind of {chip.name}; wider intervals"
    )
    title = f"the chosen point{said}"
    return show_table(("", "predicted", "80 % from", "to"), rows, title=title)


def _title(inputs: Any) -> str:
    """Model, accelerator and precision."""
    return f"{inputs.model.name} on {inputs.accelerator.name}, {inputs.precision} weights"


def _tokens(pool: Any) -> Any:
    """Cost of each kind of token at the chosen point."""
    from gigawatt.planning.token_costs import token_costs

    costs = token_costs(pool)
    rows = [
        (name, f"{part.tokens:,.0f}", f"{part.time_frac:.0%}", f"{part.usd_per_million:.3f}", f"{part.j_per_token:.3f}")
        for name, part in (("input", costs.input), ("input, cached", costs.cached), ("output", costs.output))
    ]
    return show_table(("token", "per request", "of the time", "USD/M", "J/token"), rows)


def _size(size: Any) -> Any:
    """Accelerators for a demand."""
    return show_table(("for the demand", ""), [
        ("accelerators", f"{size.gpus_count:,}"),
        ("replicas", f"{size.replicas_count:,}"),
        ("mean utilisation", f"{size.mean_utilisation_frac:.0%}"),
        ("mean IT power", say(size.mean_it_w, "W")),
    ])  # fmt: skip


def _day(day: Day) -> Any:
    """Demand and accelerators by the hour."""
    needed = day.needed_gpus_H
    return show_table(("over the day (UTC)", ""), [
        ("demand, 00 to 23 h", sparkline(day.requests_per_s_H.tolist())),
        ("busiest hour over mean", f"{day.peak_to_mean:.2f}"),
        ("accelerators needed", f"{needed.min():,.0f} to {needed.max():,.0f}, mean {needed.mean():,.0f}"),
        ("mean over peak", f"{day.mean_over_peak_frac:.0%}"),
        ("free for other work", f"{day.freed_gpu_hours:,.0f} GPU-hours a day"),
    ])  # fmt: skip


def replay_tables(found: ReplayAnswer) -> Sequence[Any]:
    """Return the tables of a replay: latencies, then throughput, memory, energy and money."""
    from gigawatt.planning.replay import gap_percentiles, percentiles

    result, slo = found.result, found.pool.inputs.slo
    times = [
        ("time to first token, s", percentiles(result.ttft_s_N), slo.ttft_p99_s, 1.0),
        ("time per output token, ms", percentiles(result.tpot_s_N), slo.tpot_p99_s, MS_PER_S),
        ("gap between tokens, ms", gap_percentiles(result), float("inf"), MS_PER_S),
        ("whole answer, s", percentiles(result.latency_s_N), float("inf"), 1.0),
        ("wait before reading, s", percentiles(result.queue_s_N), float("inf"), 1.0),
    ]
    rows = [
        (name, *(_time(values[place] * scale) for place in ("p50", "p90", "p99")), _limit(values["p99"], limit, scale))
        for name, values, limit, scale in times
    ]
    trace = found.trace
    title = (
        f"{trace.name}: {trace.requests_count:,} requests in {say(trace.duration_s / found.terms.rate_scale, 's')} on "
        f"{_pools(found)}, {found.gpus_count:,} GPUs"
    )
    first = show_table(("", "p50", "p90", "p99", "limit at p99"), rows, title=f"{_title(found.pool.inputs)}\n{title}")
    return first, show_table(("", ""), _sums(found)), *([_compared(found)] if found.compared else [])


def _compared(found: ReplayAnswer) -> Any:
    """Layouts that were replayed beside each other."""
    rows = [
        (
            replica_words(layout.deployment.replica),
            layout.deployment.precision,
            f"{layout.deployment.batch:.0f}",
            f"{layout.gpus_count:,}" if layout.gpus_count else layout.reason.removeprefix("no number of replicas "),
            "yes" if layout.deployment == found.pool.deployment else "",
        )
        for layout in found.compared
    ]
    heads = ("replica", "weights", "batch", "GPUs within the limits", "chosen")
    return show_table(heads, rows, title="layouts replayed, the steady model's best ones")


def _pools(found: ReplayAnswer) -> str:
    """Say how many replicas of what."""
    service, chosen = found.service, found.pool.deployment.replica
    if not service.decode_replicas_count:
        several = "replica" if service.replicas_count == 1 else "replicas"
        return f"{service.replicas_count} {several} of {replica_words(chosen)}"
    reader, writer = (found.pair.prompts.replica, found.pair.answers.replica) if found.pair else (chosen, chosen)
    return (
        f"{service.replicas_count} prefill replicas of {replica_words(reader)} and "
        f"{service.decode_replicas_count} decode replicas of {replica_words(writer)}"
    )


def _time(value: float) -> str:
    """Write a time with three digits; a dash where there is none."""
    return "–" if value != value else f"{value:.3g}"  # NaN differs from itself


def _limit(p99: float, limit: float, scale: float) -> str:
    """Write a limit and whether it is met; empty where there is none."""
    if limit == float("inf"):
        return ""
    return f"{limit * scale:g} {'met' if p99 <= limit else 'missed'}"


def _sums(found: ReplayAnswer) -> list[tuple[str, str]]:
    """Return throughput, memory, energy and money as rows."""
    result, trace = found.result, found.trace
    seconds = max(result.duration_s, 1e-9)
    rejected = int((result.state_N == 4).sum())
    rows = [
        ("within all limits", f"{found.met_frac:.1%} of requests, {found.goodput_requests_per_s:.3g} requests/s"),
        ("tokens read, written", f"{result.input_tokens / seconds:,.0f}/s, {result.output_tokens / seconds:,.0f}/s"),
        ("running sequences, mean", f"{result.batch_mean:.1f} of at most {found.service.max_sequences_count}"),
        ("busy", f"{result.busy_frac:.0%} of the time"),
        ("KV cache", f"{result.kv_used_frac:.0%} mean, {result.kv_peak_frac:.0%} peak"),
        ("sequences taken off", f"{int(result.preemptions_N.sum()):,}"),
    ]
    if len(trace.block_ids):
        hits = result.hit_tokens_N.sum() / trace.input_tokens_N.sum()
        rows.append(("prefix hits", f"{hits:.1%} of the input; {trace.repeated_frac:.1%} of its blocks repeat"))
    if rejected:
        rows.append(("rejected, too long", f"{rejected:,}"))
    if result.output_tokens:
        rows += [
            ("energy", f"{result.energy_j / result.output_tokens:.2f} J of IT energy per output token"),
            (
                "cost",
                f"{found.usd / result.output_tokens * 1e6:.2f} USD per million output tokens, input included",
            ),
        ]
    if found.service.router is not None:
        faults = f", {result.router_faults:,} scores without a value" if result.router_faults else ""
        rows.append(("routing", f"as written{faults}"))
    if found.tried:
        tried = ", ".join(f"{count} {'meets' if met else 'misses'}" for count, met in sorted(found.tried))
        rows.append(("replicas tried", tried))
    return rows
