"""Measuring this very machine, from timing to profile to prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.store import DATA
from gigawatt.planning.convert import accelerator
from gigawatt.planning.jobs import train

Run = Callable[..., Any]

# The machine of the test, with peaks that no CPU core count reaches: shares are then below 1 wherever it runs.
MACHINE = """
name: The machine that runs the tests
vendor: none
generation: cpu
available_from: 2024-01
defaults: {source: test, kind: assumption, as_of: 2024}
dense_flop_per_s: {fp32: 100 TFLOP/s, bf16: 100 TFLOP/s}
hbm_bytes: 192 GiB
hbm_bytes_per_s: 4 TB/s
scale_up_domain_count: 2
scale_up_bytes_per_s: 200 GB/s
scale_out_bytes_per_s: 50 GB/s
tdp_w: 200 W
system_w: 400 W
"""


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    (folder / "accelerators").mkdir(parents=True)
    (folder / "accelerators" / "test-machine.yaml").write_text(MACHINE)
    return folder


def step_s(folder: Path) -> float:
    answer = train(
        Catalogue(folders=(DATA, folder)),
        "llama-3.1-8b",
        "test-machine",
        8,
        fixed={"tensor_parallel": 1, "pipeline_parallel": 1, "micro_batch": 1},
    )
    assert answer.found.best is not None
    return answer.found.best.step_time_s


def test_this_machine_is_measured_kept_and_then_predicted(gigawatt: Run, facts: Path, tmp_path: Path) -> None:
    before_s = step_s(facts)
    out = tmp_path / "own.csv"
    ran = gigawatt(
        *("calibrate", "--measure", "--quick", "--device", "cpu", "--out", str(out)),
        *("--accelerator", "test-machine", "--catalogue", str(facts), "--json"),
    )
    assert ran.code == 0, ran.err
    assert ran.err == "measuring on cpu\n"
    assert ran.document["schema"] == "gigawatt/calibrate/1"
    result = ran.document["result"]
    assert set(result["measured"][0]["timings"]) == {"gemm", "attention", "memory_copy"}
    assert all(figure["value"] >= 0.0 for figure in result["fitted"])
    # the generation's constants expect far more of these peaks than a CPU gives
    assert all(row["after_pct"] < row["before_pct"] for row in result["comparisons"])

    profile = Path(result["profile"])
    assert profile == facts / "profiles" / "test-machine.yaml"
    assert [path.name for path in profile.parent.iterdir()] == ["test-machine.yaml"]  # nothing half-written beside it
    held = Catalogue(folders=(DATA, facts)).shelf("profiles")["test-machine"]
    shares = {figure["name"]: figure["value"] for figure in result["fitted"]}
    assert held.hbm_frac.value == pytest.approx(shares["hbm_frac"], rel=1e-4)
    assert held.gemm_frac["fp32"].source == "own.csv"
    assert step_s(facts) > before_s

    again = gigawatt("calibrate", str(out), "--accelerator", "test-machine", "--catalogue", str(facts), "--json")
    assert again.document["result"]["fitted"] == result["fitted"]  # a kept file gives the same profile


def test_a_measured_product_is_predicted_within_what_the_fit_states(gigawatt: Run, facts: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.csv"
    rows = ["kind,precision,m,n,k,time_s"]
    rows += [f"gemm,fp32,{n},{n},{n},{2 * n**3 / 3e12 + 4e-5}" for n in (256, 512, 1024, 2048, 4096)]
    out.write_text("\n".join(rows) + "\n")
    ran = gigawatt("calibrate", str(out), "--accelerator", "test-machine", "--catalogue", str(facts))
    assert ran.code == 0, ran.err
    assert "gemm_frac.fp32" in ran.out
    assert "written" in ran.out
    catalogue = Catalogue(folders=(DATA, facts))
    chip = accelerator(catalogue.accelerators["test-machine"], catalogue)
    assert chip.efficiency is not None
    assert chip.efficiency.gemm_frac["fp32"] == pytest.approx(0.03, rel=0.05)  # 3 of 100 TFLOP/s


def test_without_a_folder_nothing_is_written(gigawatt: Run, tmp_path: Path) -> None:
    out = tmp_path / "own.csv"
    sizes = (1024, 2048, 4096, 8192, 16384)
    rows = [f"gemm,bf16,{n},{n},{n},{2 * n**3 / 6e14 + 6e-6 + n**2 * 8e-12}" for n in sizes]
    out.write_text("kind,precision,m,n,k,time_s\n" + "\n".join(rows) + "\n")
    ran = gigawatt("calibrate", str(out), "--accelerator", "h100-sxm")
    assert ran.code == 0, ran.err
    assert "not written" in ran.out
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]


def test_a_folder_that_is_not_there_is_made(gigawatt: Run, tmp_path: Path) -> None:
    out, folder = tmp_path / "own.csv", tmp_path / "new"
    rows = [f"memory_copy,{2**p},{2 * 2**p / 3e12 + 5e-6}" for p in range(24, 33)]
    out.write_text("kind,bytes,time_s\n" + "\n".join(rows) + "\n")
    assert gigawatt("calibrate", str(out), "--accelerator", "h100-sxm", "--catalogue", str(folder)).code == 0
    shown = gigawatt("catalogue", "profiles", "h100-sxm", "--catalogue", str(folder), "--json").document
    assert shown["result"]["figures"]["hbm_frac"]["value"] == pytest.approx(3.0 / 3.35, rel=0.01)


def test_ranges_of_nsight_are_of_the_precision_that_is_said(gigawatt: Run, tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    rows = [
        f'":aten::mm, op_id = {n}, sizes = [[{n}, {n}], [{n}, {n}]]",1,{1e9 * (2 * n**3 / 6e14 + 6e-6 + n**2 * 8e-12)}'
        for n in (1024, 2048, 4096, 8192, 16384)
    ]
    rows += ['":aten::scaled_dot_product_attention, sizes = [[1, 8, 64, 64], [1, 8, 64, 64], [1, 8, 64, 64]]",1,1e6']
    path.write_text("\n".join(["Range,Range Instances,Total Proj Time (ns)", *rows]) + "\n")
    words = ("calibrate", str(path), "--accelerator", "h100-sxm")
    ran = gigawatt(*words, "--precision", "fp16", "--json")
    assert ran.code == 0, ran.err
    assert {figure["name"] for figure in ran.document["result"]["fitted"]} >= {"gemm_frac.bf16"}  # the same rate
    assert "5 NVTX ranges used" in ran.document["result"]["notices"][0]
    assert "1 attention" in gigawatt(*words).out
    wrong = gigawatt(*words, "--precision", "fp61")
    assert wrong.code == 2
    assert "steps.csv:2: precision" in wrong.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give files of timings"),
        (("--measure",), "--measure and --out CSV belong together"),
        (("--measure", "--out", "x.csv", "--device", "tpu"), '"tpu" is neither cpu nor cuda'),
        (("absent.csv",), "--accelerator says on what"),
        (("--measure", "--out", "x.csv", "--accelerator", "h100"), "Nearest: h100-"),
        (("absent.csv", "--accelerator", "h100-sxm"), "absent.csv: there is no such file"),
    ],
)
def test_a_wrong_call_is_a_sentence(gigawatt: Run, words: tuple[str, ...], said: str) -> None:
    ran = gigawatt("calibrate", *words)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""
