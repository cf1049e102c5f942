"""The verbs finetune and scale: documents, tables, exit codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


def test_finetune_prints_one_document(gigawatt: Run) -> None:
    ran = gigawatt("finetune", "--model", "llama-3.1-8b", "--method", "qlora", "--tokens", "100M", "--json")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    document = ran.document
    assert document["schema"] == "gigawatt/finetune/1"
    assert document["inputs"]["method"] == "qlora"
    result = document["result"]
    best = result["best"]
    assert best["gpus"] == best["nodes"] == 1
    assert {"step_time_s", "mfu", "memory_gib", "breakdown_s", "tensor_parallel"} <= set(best)
    memory = best["memory_gib"]
    assert sum(value for name, value in memory.items() if name != "total") == pytest.approx(memory["total"])
    assert set(best["run"]["cost_usd"]) == {"p10", "p50", "p90"}
    assert best["run"]["cost_usd"]["p50"] <= min(item["run"]["cost_usd"]["p50"] for item in result["alternatives"])
    assert all(row["source"] for row in document["provenance"])
    assert any(row["path"].startswith("accelerators.h100-sxm") for row in document["provenance"])


def test_finetune_shows_hardware_and_memory(gigawatt: Run) -> None:
    ran = gigawatt("finetune", "--model", "llama-3.1-70b", "--accelerator", "h100-sxm", "--optimizer-bits", "8")
    assert ran.code == 0, ran.err
    for word in ("h100-sxm", "weights", "activations", "optimizer", "USD"):
        assert word in ran.out


def test_finetune_says_what_is_short(gigawatt: Run) -> None:
    words = ("--model", "llama-3.1-405b", "--method", "full", "--gpus", "8")
    ran = gigawatt("finetune", "--accelerator", "h100-sxm", *words)
    assert ran.code == 3
    assert "GiB short" in ran.err
    everywhere = gigawatt("finetune", *words)
    assert everywhere.code == 3
    assert everywhere.err.count("GiB short") > 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "qlor"), "qlora"),
        (("--optimizer-bits", "16"), "optimizer_bits"),
        (("--document", "0"), "--document"),
        (("--accelerator", "h100-sx"), "h100-sxm"),
        (("--tokens", "many"), "--tokens"),
    ],
)
def test_finetune_refuses_with_a_hint(gigawatt: Run, words: tuple[str, ...], said: str) -> None:
    ran = gigawatt("finetune", "--model", "llama-3.1-8b", *words)
    assert ran.code == 2
    assert said in ran.err


def test_scale_prints_one_document(gigawatt: Run) -> None:
    words = ("--accelerator", "h100-sxm", "--gpus", "1k,2k", "--loss", "2.0")
    ran = gigawatt("scale", *words, "--json")
    assert ran.code == 0, ran.err
    assert ran.document["schema"] == "gigawatt/scale/1"
    result = ran.document["result"]
    best = result["best"]
    assert result["flops"] == pytest.approx(6.0 * best["parameters"] * best["tokens"])
    assert result["gpus"] == 2000
    assert result["laws"]["llama-3"]["loss_nats"] is None
    assert result["loss_target"]["days"] > 0
    shown = gigawatt("scale", *words)
    assert "reached after" in shown.out
    assert "besiroglu-2024" in shown.out


def test_scale_refuses_an_impossible_loss(gigawatt: Run) -> None:
    ran = gigawatt("scale", "--accelerator", "h100-sxm", "--gpus", "64", "--mfu", "0.4", "--loss", "1.5")
    assert ran.code == 2
    assert "never falls" in ran.err
