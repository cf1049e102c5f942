"""Timings in, a profile out: what is read, what is refused, and what the engines make of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gigawatt.catalogue import Catalogue, load
from gigawatt.catalogue.store import DATA
from gigawatt.engines.hardware.collectives import Tiers, all_reduce_time_s, gather_time_s
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.engines.training.types import Layout
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning import measurements as reading
from gigawatt.planning.calibrate import calibrate, write_profile
from gigawatt.planning.convert import accelerator
from gigawatt.planning.jobs import serve, train
from gigawatt.planning.measurements import Timing, read_measurements, write_text
from gigawatt.planning.microbenchmarks import QUICK_SWEEP, attention_numpy, has_torch, measure
from gigawatt.planning.training import find_layout, training_job

H100 = "h100-sxm"
PEAK, BANDWIDTH, LINE = 989.4e12, 3.35e12, 450e9  # datasheet, as in the catalogue
HEADER = "kind,precision,m,n,k,bytes,ranks,time_s\n"
ROW = "gemm,bf16,4096,4096,4096,,,0.00025\n"


def products(share, precision="bf16", traffic=2.0, spread=0.02):
    """Timings of an H100 that achieves a share of its peak."""
    random = np.random.default_rng(0)
    shapes = [(m, n, k) for m in (256, 2048, 16384) for n in (1024, 8192) for k in (1024, 8192)]
    times = [
        float(gemm_time_s(m, k, n, share * PEAK, BANDWIDTH, 2.0, traffic)) * np.exp(random.normal(0, spread)) + 4e-6
        for m, n, k in shapes
    ]
    return [
        Timing("gemm", time_s, 0, precision, dict(zip("mnk", shape, strict=True)))
        for shape, time_s in zip(shapes, times, strict=True)
    ]


def saved(folder: Path, timings, name="own.csv", **about):
    path = folder / name
    path.write_text(write_text(timings, {"device": "H100 of a test", "date": "2026-01-15"} | about))
    return path


def calibrated(folder: Path, timings, name=H100):
    return calibrate(load(), name, [read_measurements(saved(folder, timings))])


def overlay(folder: Path, found) -> Catalogue:
    write_profile(found, folder / "facts")
    return Catalogue(folders=(DATA, folder / "facts"))


def nccl(kind="all_reduce", ranks=8, efficiency=0.7, latency_s=2e-6, reduction=1.0, domain=8, name=True):
    """Output of nccl-tests, as its format strings print it, of a fabric with known figures."""
    tiers = Tiers(efficiency * LINE, latency_s, 0.85 * 50e9, 6e-6)
    lines = [f"# Collective test starting: {kind}_perf"] if name else []
    lines += ["# nThread 1 nGpus 1 minBytes 1024 maxBytes 8589934592 step: 2(factor) warmup iters: 5 iters: 20", "#"]
    lines += ["# Using devices"]
    lines += [
        f"#  Rank {rank:2d} Group  0 Pid {9000 + rank:6d} on node-{rank // 8} device {rank % 8:2d} "
        f"[0000:{rank % 8 + 10:02x}:00] NVIDIA H100 80GB HBM3"
        for rank in range(ranks)
    ]
    head = " ".join(["time", "algbw", "busbw", "#wrong"] * 2)
    lines += [f"#       size         count      type   redop    root     {head}"]
    lines += ["#        (B)    (elements)                               (us)  (GB/s)  (GB/s)"]
    for power in range(10, 34):
        size, inside = 2.0**power, min(ranks, domain)
        if kind == "all_reduce":
            time_s, factor = float(all_reduce_time_s(size, ranks, inside, tiers, reduction)), 2 * (ranks - 1) / ranks
        else:
            time_s, factor = float(gather_time_s(size, ranks, inside, tiers)), (ranks - 1) / ranks
        rate = size / time_s / 1e9
        cell = f"{time_s * 1e6:9.2f} {rate:7.2f} {rate * factor:7.2f}      0"
        redop = "sum" if kind != "all_gather" else "none"
        lines.append(f"{int(size):12d}  {int(size) // 4:12d}     float  {redop:>6s}      -1  {cell}  {cell}")
    return "\n".join([*lines, "# Out of bounds values : 0 OK", "# Avg bus bandwidth    : 100.1", "#"]) + "\n"


def test_a_profile_gives_back_what_made_the_timings(tmp_path):
    found = calibrated(tmp_path, products(0.6))
    assert found.profile.gemm_frac["bf16"].value == pytest.approx(0.6, rel=0.05)
    assert found.profile.gemm_traffic_ratio["bf16"].value == pytest.approx(2.0, rel=0.2)
    assert found.profile.gemm_frac["bf16"].low < 0.6 < found.profile.gemm_frac["bf16"].high * 1.05


def test_every_figure_of_a_profile_says_that_and_where_it_was_measured(tmp_path):
    profile = calibrated(tmp_path, products(0.6)).profile
    figures = profile.figures()
    assert len(figures) >= 4
    assert {(figure.kind, figure.source, figure.as_of) for figure in figures.values()} == {
        ("measured", "own.csv", "2026-01-15")
    }
    assert profile.device == "H100 of a test"
    assert profile.measurements[0].startswith("own.csv sha256 ")


def test_the_engines_predict_the_measured_times_better_afterwards(tmp_path):
    (row,) = calibrated(tmp_path, products(0.45)).comparisons
    assert row.before_pct > 15.0
    assert row.after_pct < 5.0


def test_a_profile_that_is_written_is_there_for_who_loads_next(tmp_path):
    folder = tmp_path / "facts"
    folder.mkdir()
    assert not load((folder,)).shelf("profiles")
    write_profile(calibrated(tmp_path, products(0.6)), folder)
    assert list(load((folder,)).shelf("profiles")) == [H100]


def test_products_too_small_to_show_the_ceiling_are_told(tmp_path):
    large = products(0.9, spread=0.0)
    small = [timing for timing in large if timing.sizes["m"] <= 2048 and timing.sizes["n"] <= 1024]
    small += [replace(t, sizes=t.sizes | {"n": 512}, time_s=0.6 * t.time_s) for t in small]
    assert any("add larger products" in notice for notice in calibrated(tmp_path, small).notices)
    assert not calibrated(tmp_path, large).notices


def step_s(catalogue):
    job = training_job(
        catalogue,
        *("llama-3.1-8b", H100, 8),
        sequence_tokens=8192,
        batch_tokens=2**20,
        precision="bf16",
        software_date=2026.0,
    )
    layout = Layout(tensor_parallel=1, pipeline_parallel=1, data_parallel=8, micro_batch=1, zero_stage=3)
    return find_layout(job, layout).best.step_time_s


def test_slow_hardware_trains_slower_and_fast_hardware_faster(tmp_path):
    slow = overlay(tmp_path / "slow", calibrated(tmp_path, products(0.4)))
    fast = overlay(tmp_path / "fast", calibrated(tmp_path, products(0.95, traffic=0.5)))
    assert step_s(fast) < step_s(load()) < step_s(slow)


def test_the_step_is_slower_by_what_the_products_are(tmp_path):
    halved = [replace(timing, time_s=2.0 * timing.time_s) for timing in products(0.7, spread=0.0)]
    times = [step_s(overlay(tmp_path / name, calibrated(tmp_path, timings)))
             for name, timings in (("one", products(0.7, spread=0.0)), ("two", halved))]  # fmt: skip
    assert 1.5 < times[1] / times[0] < 2.0  # products are most of the step, and the rest is unchanged


def test_a_profile_of_one_accelerator_leaves_the_others_alone(tmp_path):
    catalogue = overlay(tmp_path, calibrated(tmp_path, products(0.4)))
    others = [catalogue.accelerators[name] for name in catalogue.accelerators if name != H100]
    assert others
    assert all(accelerator(other, catalogue).efficiency is None for other in others)
    assert accelerator(catalogue.accelerators[H100], catalogue).efficiency is not None
    assert accelerator(catalogue.accelerators[H100], catalogue, measured=False).efficiency is None


def test_a_job_says_which_measured_figures_it_drew_on(tmp_path):
    catalogue = overlay(tmp_path, calibrated(tmp_path, products(0.6)))
    used = train(catalogue, "llama-3.1-8b", H100, 8).figures.used
    assert used[f"profiles.{H100}.gemm_frac.bf16"].source == "own.csv"
    assert not any(path.startswith("profiles.") for path in train(load(), "llama-3.1-8b", H100, 8).figures.used)


def test_slow_memory_serves_fewer_tokens(tmp_path):
    copies = [
        Timing("memory_copy", 2.0 * size / (0.5 * BANDWIDTH) + 5e-6, 0, sizes={"bytes": size})
        for size in (2**p for p in range(22, 33))
    ]
    slow = overlay(tmp_path, calibrated(tmp_path, copies))
    words = {"precision": "bf16", "gpus": 1, "software_date": 2025.6}
    rates = [
        max(point.output_tokens_per_s for point in serve(c, "llama-3.1-8b", H100, **words).pool.frontier.deployments)
        for c in (slow, load())
    ]
    assert rates[0] < rates[1]


def test_collectives_of_nccl_tests_give_the_fabric_and_its_reduction(tmp_path):
    paths = [tmp_path / f"{kind}.txt" for kind in ("all_reduce", "all_gather")]
    for path in paths:
        path.write_text(nccl(path.stem, efficiency=0.8, latency_s=3e-6, reduction=0.4))
    profile = calibrate(load(), H100, [read_measurements(path) for path in paths]).profile
    assert profile.scale_up_frac.value == pytest.approx(0.8, rel=0.02)
    assert profile.scale_up_hop_latency_s.value == pytest.approx(3e-6, rel=0.05)
    assert profile.in_network_frac.value == pytest.approx(0.4, abs=0.03)
    assert profile.device == "NVIDIA H100 80GB HBM3"


def test_collectives_over_nodes_give_the_scale_out_network(tmp_path):
    for ranks in (8, 64):
        (tmp_path / f"{ranks}.txt").write_text(nccl(ranks=ranks))
    profile = calibrate(load(), H100, [read_measurements(tmp_path / f"{ranks}.txt") for ranks in (8, 64)]).profile
    assert profile.scale_up_frac.value == pytest.approx(0.7, rel=0.02)
    assert profile.scale_out_frac.value == pytest.approx(0.85, rel=0.03)
    assert profile.scale_out_hop_latency_s.value == pytest.approx(6e-6, rel=0.1)


def test_an_old_output_without_its_name_is_told_by_its_bandwidth(tmp_path):
    for kind in ("all_reduce", "reduce_scatter"):
        (tmp_path / "run.log").write_text(nccl(kind, name=False))
        assert {timing.kind for timing in read_measurements(tmp_path / "run.log").timings} == {kind}


def test_labels_of_launchers_and_foreign_lines_do_not_matter(tmp_path):
    text = "".join(f"[1,0]<stdout>:{line}\n" for line in nccl().splitlines())
    (tmp_path / "run.log").write_text("bash: warning: setlocale\nNCCL version 2.29.3+cuda13.1\n" + text)
    assert len(read_measurements(tmp_path / "run.log").timings) == 24


@pytest.mark.parametrize(
    ("mend", "words"),
    [
        (lambda text: text[: text.index("# Out of bounds")], "ends without its line"),
        (lambda text: text[: len(text) * 3 // 4], "ends without its line"),
        (lambda text: "\n".join(line for line in text.splitlines() if "Rank" not in line), "names 0 ranks"),
        (lambda text: text.replace("all_reduce_perf", "sendrecv_perf"), "sendrecv"),
        (lambda text: text.replace("all_reduce_perf", "all_gather_perf"), "does not fit all_gather over 8 ranks"),
        (lambda text: text.replace("      0  ", "      7  ", 1), "7 results were wrong"),
        (lambda text: text.replace("     float", "    ", 1), "cells where the header has"),
    ],
)
def test_a_damaged_output_of_nccl_tests_is_refused(tmp_path, mend, words):
    path = tmp_path / "run.log"
    path.write_text(mend(nccl()))
    with pytest.raises(InputError, match=words):
        read_measurements(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,b,c\n1,2,3\n", 'neither a header line with the columns "kind" and "time_s"'),
        (HEADER, "holds a header and no timing"),
        (
            "kind,precisoin_,m,n,k,time_s\n" + ROW,
            r":1: precisoin_: is no column of a table of timings. Nearest: precision",
        ),
        ("kind,m,m,time_s\n", ":1: m: stands twice"),
        (HEADER + ROW + "gemm,bf16,4096\n", ":3: has 3 cells where the header has 8. A short last row"),
        (HEADER + "gem,bf16,4096,4096,4096,,,0.1\n", ':2: kind: "gem" is no kind of timing. Nearest: gemm'),
        (HEADER + "gemm,bf16,,4096,4096,,,0.1\n", ":2: m: is missing for gemm. gemm needs precision, m, n, k"),
        (HEADER + "gemm,bf16,-4,4096,4096,,,0.1\n", ':2: m: "-4" is no whole number from 1'),
        (HEADER + "gemm,bf16,4.5,4096,4096,,,0.1\n", ':2: m: "4.5" is no whole number'),
        (HEADER + "gemm,bf16,nan,4096,4096,,,0.1\n", ':2: m: "nan" is no whole number'),
        (HEADER + "gemm,bf16,4096,4096,4096,,,-0.1\n", ':2: time_s: "-0.1" is no time above 0'),
        (HEADER + "gemm,bf16,4096,4096,4096,,,0\n", ':2: time_s: "0" is no time above 0'),
        (HEADER + "gemm,bf16,4096,4096,4096,,,inf\n", ':2: time_s: "inf" is no time'),
        (HEADER + "gemm,bf16,4096,4096,4096,,,fast\n", ':2: time_s: "fast" is no time'),
        (HEADER + "all_reduce,,,,,1024,1,0.1\n", ':2: ranks: "1" is no whole number from 2'),
        (HEADER + '"gemm,bf16,4096\n' + ROW, ":2: is no row of a CSV"),
        ("# timings: 3\n" + HEADER + ROW, "holds 1 of the 3 timings that it states"),
        ("Time (%),Total Time (ns),Instances,Name\n50,100,1,ampere_sgemm\n", "a profile of Nsight: its kernel names"),
        (HEADER + "x" * 30_000 + "\n", ":2: is no line of a table of timings"),
        ("kind,time_s\0\n", ":1: is no line of a table of timings"),
    ],
)
def test_a_wrong_file_is_refused_with_line_column_and_remedy(tmp_path, text, words):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_measurements(path)
    assert str(path) in str(caught.value)


def test_all_faults_are_named_at_once_and_not_without_end(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(HEADER + "gem,bf16,1,1,1,,,1\n" + "gemm,bf16,1,1,1,,,-1\n" * 100)
    with pytest.raises(InputError) as caught:
        read_measurements(path)
    assert str(caught.value).count("\n") == reading.MOST_FAULTS - 1


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "own.csv"
    with path.open("wb") as file:
        file.truncate(2**30)  # sparse: takes no space
    with pytest.raises(InputError, match="has 1,024 MiB, and a file of timings at most 64 MiB"):
        read_measurements(path)


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_what_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="there is no such file"):
        read_measurements(tmp_path / name)


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read as UTF-8"):
        read_measurements(path)


def test_what_is_written_is_read_back(tmp_path):
    timings = [
        *products(0.6)[:2],
        Timing("attention", 1e-3, 0, "", {"batch": 1, "heads": 8, "sequence": 512, "head_dim": 64, "causal": 1}, True),
        Timing("memory_copy", 1e-3, 0, sizes={"bytes": 2**30}),
        Timing("all_gather", 1e-3, 0, sizes={"bytes": 2**20, "ranks": 8}),
    ]
    read = read_measurements(saved(tmp_path, timings)).timings
    assert [(t.kind, t.sizes, t.training) for t in read] == [(t.kind, t.sizes, t.training) for t in timings]
    assert [t.time_s for t in read] == pytest.approx([t.time_s for t in timings], rel=1e-5)


def test_a_time_faster_than_the_peak_is_refused_with_its_line(tmp_path):
    # 2 x 4096^3 FLOP in 0.1 ms is 1,374 TFLOP/s
    path = tmp_path / "own.csv"
    path.write_text(HEADER + ROW + "gemm,bf16,4096,4096,4096,,,1e-4\n")
    with pytest.raises(
        InputError, match=r"own.csv:3: time_s: 0.0001 s means 1.37 PFLOP/s, and h100-sxm has 989 TFLOP/s"
    ):
        calibrate(load(), H100, [read_measurements(path)])


def test_a_precision_that_the_chip_lacks_is_refused(tmp_path):
    with pytest.raises(InputError, match='"fp4" is no precision of h100-sxm'):
        calibrated(tmp_path, products(0.5, precision="fp4"))


def test_too_few_timings_are_refused_by_what_they_were_for(tmp_path):
    with pytest.raises(InputError, match="gemm in bf16: 2 timings are too few"):
        calibrated(tmp_path, products(0.5)[:2])


def test_an_unknown_accelerator_is_refused_with_the_nearest():
    with pytest.raises(CatalogueError, match="Nearest: h100-sxm"):
        calibrate(load(), "h100-sxn", [])


@pytest.mark.parametrize("share", ["0", "1.2", "-0.1"])
def test_a_profile_with_an_impossible_share_is_refused(tmp_path, share):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / f"{H100}.yaml").write_text(
        f"name: x\naccelerator: {H100}\ndefaults: {{source: x, kind: measured}}\nhbm_frac: {share}\n"
    )
    catalogue = Catalogue(folders=(DATA, tmp_path))
    with pytest.raises(CatalogueError, match="hbm_frac"):
        accelerator(catalogue.accelerators[H100], catalogue)


def test_gradients_of_the_timed_attention_are_true():
    random = np.random.default_rng(0)
    query, key, value, gradient = (random.normal(size=(1, 2, 5, 3)) for _ in range(4))
    _, *slopes = attention_numpy(query, key, value, gradient, True)
    for place, slope in enumerate(slopes):
        step = np.zeros_like(query)
        step[0, 1, 2, 0] = 1e-6
        moved = [[part + sign * step if place == each else part for each, part in enumerate((query, key, value))]
                 for sign in (1.0, -1.0)]  # fmt: skip
        change = sum(s * float((attention_numpy(*m, gradient)[0] * gradient).sum())
                     for s, m in zip((1, -1), moved, strict=True))  # fmt: skip
        assert slope[0, 1, 2, 0] == pytest.approx(change / 2e-6, rel=1e-4, abs=1e-8)


def test_an_unknown_device_is_refused():
    with pytest.raises(InputError, match='"tpu" is neither cpu nor cuda'):
        measure("tpu")


@pytest.mark.skipif(has_torch(), reason="PyTorch is installed, so nothing is missing")
def test_without_pytorch_a_gpu_is_refused_in_one_sentence():
    with pytest.raises(InputError, match="PyTorch is not installed"):
        measure("cuda")


@pytest.mark.skipif(not has_torch(), reason="needs PyTorch, which is optional")
def test_pytorch_times_the_same_kinds_as_numpy():
    timings, about = measure("cpu", quick=True)
    assert about["software"].startswith("PyTorch")
    assert {timing.kind for timing in timings} == {"gemm", "attention", "memory_copy"}
    assert len(timings) <= 2 * len(QUICK_SWEEP.products) + 2 * len(QUICK_SWEEP.attentions) + len(
        QUICK_SWEEP.copies_bytes
    )
