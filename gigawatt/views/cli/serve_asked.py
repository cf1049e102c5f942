"""From the options of `serve` to a question to planning, and its answer onto the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigawatt.errors import InputError
from gigawatt.views.cli import shell
from gigawatt.views.cli.serve_trace import hours_of, regions_of, replica_of, trace_of, write_out
from gigawatt.views.cli.shell import put_json, quantity, say_aside

if TYPE_CHECKING:
    from gigawatt.planning.launch.serving import ServingFlags
    from gigawatt.planning.serving_jobs import ServeAnswer

NO_LIMIT = float("inf")
USUAL = {"precision": "fp8", "input": 1000.0, "output": 300.0}


@dataclass(frozen=True, slots=True)
class Question:
    """Arguments of `gigawatt.planning.jobs.serve`, and what to do with its answer."""

    arguments: dict[str, Any]
    emit: str | None = None
    model_name: str = ""  # as launch flags call it
    draft_name: str = ""
    notes: tuple[str, ...] = field(default=())


def asked(given: Mapping[str, Any]) -> Question:
    """Read the options; raise InputError where they contradict each other."""
    from gigawatt.catalogue import load

    flags = _flags(given)
    setup = flags.setup if flags else None
    catalogue = load(tuple(given["overlays"] or ()))
    model, notes = _model(given, flags, catalogue)
    for one in ("trace", "requests", "users", "developers"):
        others = [name for name in ("trace", "users", "developers") if given[name] and name != one]
        if given[one] and others and (one, given["trace"]) != ("requests", "synthetic"):
            message = f"--{one} and --{others[0]} are two demands; give one"
            raise InputError(message)
    replica = replica_of(given["tp"], given["pp"], given["ep"], given["attention_dp"])
    arguments: dict[str, Any] = {
        "catalogue": catalogue,
        "model": model,
        "accelerator": given["accelerator"],
        "precision": given["precision"] or (setup.precision if setup else "") or USUAL["precision"],
        "ttft_p99_s": quantity("--ttft", given["ttft"], "s", 1e-6) if given["ttft"] else NO_LIMIT,
        "tpot_p99_s": quantity("--tpot", given["tpot"], "s", 1e-6) if given["tpot"] else NO_LIMIT,
        "peak_to_mean": given["peak_to_mean"],
        "hours": hours_of(given["hours"]),
        "regions": regions_of(given["regions"]),
        "availability": _number(given, "availability", "1"),
        "gpus": given["gpus"],
        "replica": replica or (setup.replica if setup else None),
        "max_batch": given["max_sequences"] or (setup.max_sequences if setup else None) or 0,
        "software_date": given["software_date"],
        "engine": given["engine"] or ("tensorrt-llm" if not flags or flags.tool == "tensorrt-llm" else "vllm"),
        "terms": _terms(given, setup, catalogue),
        "power_cap_w": float(shell.power_cap(given["power_cap"]) or 0.0),
        "tariff": given["tariff"],
        "pue": given["pue"],
        **_traffic(given, catalogue),
    }
    if given["trace"]:
        arguments |= {"trace": _trace(given, catalogue), "replay": _replay(given, setup)}
        # a demand of its own is not sized beside a trace
        arguments |= {"requests_per_s": None, "hours": None, "regions": None}
    named = setup.model if setup and setup.model else model
    return Question(
        arguments, given["emit"], named, given["draft_model"] or "", (*notes, *(flags.notes if flags else ()))
    )


def _number(given: Mapping[str, Any], name: str, unit: str) -> float | None:
    """Read an option that is a quantity; None where it is not given."""
    return quantity(f"--{name.replace('_', '-')}", given[name], unit, 0.0) if given[name] else None


def _flags(given: Mapping[str, Any]) -> ServingFlags | None:
    """Read launch flags from a file or standard input."""
    from gigawatt.planning.launch.serving import read, tool_named
    from gigawatt.views.cli.train_flags import text_of

    for name in ("tool", "emit"):
        if given[name] is not None:
            tool_named(given[name])
    return read(text_of(given["from_flags"]), given["tool"] or "") if given["from_flags"] else None


def _model(given: Mapping[str, Any], flags: ServingFlags | None, catalogue: Any) -> tuple[str, tuple[str, ...]]:
    """Return the model, as given or as the flags name it, and a note where it was told from its name."""
    from gigawatt.planning.launch.models import catalogue_model

    if given["model"]:
        return str(given["model"]), ()
    if flags is None or not flags.setup.model:
        message = "--model: needed, unless --from-flags says it"
        raise InputError(message)
    found = catalogue_model(flags.setup.model, catalogue)
    note = f"{flags.setup.model} is taken as {found} of the catalogue; --model says another"
    return found, (note,) if found != flags.setup.model else ()


def _terms(given: Mapping[str, Any], setup: Any, catalogue: Any) -> Any:
    """Return how the engine is set up."""
    from gigawatt.planning.launch.models import catalogue_model
    from gigawatt.planning.serving import USUAL_ACCEPTANCE_FRAC, EngineTerms

    usual = EngineTerms()
    draft = given["draft_model"] or (setup.draft_model if setup else "")
    if (given["acceptance"] or given["draft_model"]) and not (given["draft_tokens"] or (setup and setup.draft_tokens)):
        message = "--acceptance and --draft-model belong to --draft-tokens; say how many are drafted"
        raise InputError(message)
    accepted = _number(given, "acceptance", "1")
    stepped = setup.step_tokens // setup.attention_ranks if setup and setup.step_tokens else None
    return EngineTerms(
        draft_tokens=given["draft_tokens"] or (setup.draft_tokens if setup else 0),
        acceptance_frac=USUAL_ACCEPTANCE_FRAC if accepted is None else accepted,
        draft_model=catalogue_model(draft, catalogue) if draft else "",
        chunked_prefill=not given["whole_prompts"] and (setup.chunked_prefill if setup else True),
        step_tokens=given["step_tokens"] or stepped or usual.step_tokens,
        kv_precision=given["kv_precision"] or (setup.kv_precision if setup else ""),
    )


def _traffic(given: Mapping[str, Any], catalogue: Any) -> dict[str, Any]:
    """Return the mean request and the demand."""
    tokens = {name: _number(given, f"{name}_tokens", "token") for name in ("input", "output")}
    cached = _number(given, "cached", "1")
    if bool(given["developers"]) != bool(given["tasks"]) or bool(given["users"]) != (given["messages"] is not None):
        message = "--users and --messages, --developers and --tasks go together"
        raise InputError(message)
    if given["developers"]:
        from gigawatt.planning.demand import traffic_of_developers

        developers = quantity("--developers", given["developers"], "developer", 0.0)
        asked_of = (given["turns"], tokens["input"], tokens["output"], cached)
        return {"traffic": traffic_of_developers(catalogue, developers, given["tasks"], *asked_of)}
    return {
        "input_tokens": tokens["input"] or USUAL["input"],
        "output_tokens": tokens["output"] or USUAL["output"],
        "cached": cached or 0.0,
        "requests_per_s": _rate(given),
    }


def _rate(given: Mapping[str, Any]) -> float | None:
    """Return the mean demand; None where there is none. [1/s]."""
    if given["users"]:
        from gigawatt.units import SECONDS_PER_DAY

        return quantity("--users", given["users"], "user", 0.0) * float(given["messages"]) / SECONDS_PER_DAY
    if not given["requests"]:
        return None
    return quantity("--requests", str(given["requests"]).replace("/s", "").strip() + " 1/s", "1/s", 0.0)


def _trace(given: Mapping[str, Any], catalogue: Any) -> Any:
    """Read or draw the trace."""
    from gigawatt.planning.demand import hours_given
    from gigawatt.planning.figures import Figures

    drawn = {
        "requests_per_s": _rate(given),
        "duration_s": quantity("--duration", given["duration"], "s", 1e-3),
        "arrival_cv": given["burstiness"],
        "hours": hours_given(hours_of(given["hours"]), catalogue, Figures()),
    }
    return trace_of(
        given["trace"],
        form=given["trace_format"] or "",
        columns=given["columns"],
        clean=given["clean"],
        workload=given["workload"] or "",
        seed=given["seed"],
        lengths=(_number(given, "input_tokens", "token"), _number(given, "output_tokens", "token")),
        drawn=drawn,
    )


def _replay(given: Mapping[str, Any], setup: Any) -> Any:
    """Return how the trace is served."""
    from gigawatt.planning.replay_terms import ReplayTerms
    from gigawatt.planning.routers import read_router

    cache = given["prefix_cache"]
    if cache is not None:
        cache = quantity("--prefix-cache", cache, "1" if "%" in cache or "." in cache else "token", 0.0)
    elif setup and not setup.prefix_caching:
        cache = 0.0
    return ReplayTerms(
        replicas=given["replicas"],
        prefill_replicas=given["prefill_replicas"],
        decode_replicas=given["decode_replicas"],
        apart=given["pools_apart"],
        routing=given["routing"],
        router=read_router(given["router"]) if given["router"] else None,
        rate_scale=given["rate_scale"],
        max_sequences=given["max_sequences"] or (setup.max_sequences if setup else None) or 0,
        prefix_cache=cache,
        seed=given["seed"],
    )


def answer_of(question: Question) -> ServeAnswer:
    """Ask planning."""
    from gigawatt.planning.jobs import serve

    return serve(**question.arguments)


def put_answer(
    answer: ServeAnswer, question: Question, given: Mapping[str, Any], *, quiet: bool, as_json: bool
) -> None:
    """Print the answer: a document, or tables and perhaps flags; write what a replay writes."""
    from gigawatt.planning.document import dumps
    from gigawatt.planning.run_folders import recorded
    from gigawatt.views.cli.serve_tables import show
    from gigawatt.views.terminal import console

    text = None
    if question.emit:
        from gigawatt.planning.launch.serving import emit, setup_of

        point, inputs = answer.pool.deployment, answer.pool.inputs
        text = emit(question.emit, setup_of(inputs, point, question.model_name, question.draft_name))
    document = _document(answer, question, given, text) if as_json or given["out"] else {}
    if as_json:
        put_json(document)
    else:
        for note in (*question.notes, *answer.notes):
            say_aside(f"note: {note}", quiet)
        if not (quiet and text):
            show(answer, console(aside=True).print if text else shell.put)
        sys.stdout.write(text or "")
    if given["out"]:
        if answer.replayed is None:
            message = "--out: belongs to --trace"
            raise InputError(message)
        with recorded(given["out"], "serve", question.model_name, inputs=document["inputs"], seed=given["seed"]):
            written = write_out(answer.replayed, given["out"], dumps(document))
        for path in written:
            say_aside(f"written: {path}", quiet or as_json)


def _document(answer: ServeAnswer, question: Question, given: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    """Return the document."""
    from gigawatt.planning.document import envelope
    from gigawatt.planning.job_documents import pool_record
    from gigawatt.planning.jobs import used_figures
    from gigawatt.planning.pipeline import package_version
    from gigawatt.planning.replay_documents import day_record, replay_record, token_record
    from gigawatt.planning.token_costs import token_costs

    result = pool_record(answer.pool) | {"tokens": token_record(token_costs(answer.pool))}
    if answer.sizing:
        result["gpus_needed"] = answer.sizing.gpus_count
        result["replicas"] = answer.sizing.replicas_count
        result["mean_utilisation"] = answer.sizing.mean_utilisation_frac
    if answer.day:
        result["day"] = day_record(answer.day)
    if answer.replayed:
        result["replay"] = replay_record(answer.replayed)
        result["gpus_needed"] = answer.replayed.gpus_count
    if notes := [*question.notes, *answer.notes]:
        result["notes"] = notes
    if text:
        result["emit"] = {"tool": question.emit, "flags": text}
    plain = (str, int, float, bool)
    given = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    inputs = {name: value for name, value in given.items() if isinstance(value, plain) or value is None}
    return envelope("serve", package_version(), inputs, result, used_figures(answer.figures))
