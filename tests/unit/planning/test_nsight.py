"""NVTX ranges that carry shapes, from a report of Nsight Systems to a profile."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from gigawatt.catalogue import load
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.errors import InputError
from gigawatt.planning.calibrate import calibrate
from gigawatt.planning.measurements import Timing, read_measurements
from gigawatt.planning.microbenchmarks import MARKED_CALLS, Sweep, _mark, _with_torch
from gigawatt.planning.nsight import range_name

H100 = "h100-sxm"
PEAK, BANDWIDTH = 989.4e12, 3.35e12  # datasheet, as in the catalogue
# The header of the report as published outputs show it.
COLUMNS = [
    *("Range", "Style", "Total Proj Time (ns)", "Total Range Time (ns)", "Range Instances", "Proj Avg (ns)"),
    *("Proj Med (ns)", "Proj Min (ns)", "Proj Max (ns)", "Proj StdDev (ns)", "Total GPU Ops", "Avg GPU Ops"),
    *("Avg Range Lvl", "Avg Num Child"),
]
SHAPES = [(m, n, k) for m in (256, 2048, 16384) for n in (1024, 8192) for k in (1024, 8192)]
MM = ":aten::mm, op_id = 12, sizes = [[4096, 8192], [8192, 2048]]"


def cells(name, time_ns=400_000.0, count=1):
    values = (f"{time_ns * count:.0f}", "9000", count, f"{time_ns:.1f}", f"{time_ns:.1f}", f"{time_ns:.0f}")
    return dict(
        zip(COLUMNS, (name, "PushPop", *values, f"{time_ns:.0f}", "0.0", count, "1.0", "2.0", "0.0"), strict=True)
    )


def report(rows, columns=COLUMNS):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(tmp_path, text, **words):
    path = tmp_path / "steps.csv"
    path.write_text(text)
    return read_measurements(path, **words)


def products(share, name):
    """Rows of an H100 that achieves a share of its peak."""
    return [
        cells(name(*shape), 1e9 * (4e-6 + float(gemm_time_s(m, k, n, share * PEAK, BANDWIDTH, 2.0, 2.0))))
        for shape in SHAPES
        for m, n, k in [shape]
    ]


def of_mm(m, n, k):
    return f":aten::mm, op_id = {m + n + k}, sizes = [[{m}, {k}], [{k}, {n}]]"


def of_addmm(m, n, k):
    return f":aten::addmm, seq = 7, op_id = 9, sizes = [[{n}], [{m}, {k}], [{k}, {n}], [], []], input_op_ids = [(3,0)]"


def of_gigawatt(m, n, k):
    return ":" + range_name(Timing("gemm", 0.0, 0, "bf16", {"m": m, "n": n, "k": k}))


@pytest.mark.parametrize("name", [of_mm, of_addmm, of_gigawatt])
@pytest.mark.parametrize("share", [0.5, 0.7])
def test_the_share_of_peak_behind_the_ranges_is_recovered(tmp_path, name, share):
    found = calibrate(load(), H100, [read(tmp_path, report(products(share, name)))])
    assert found.profile.gemm_frac["bf16"].value == pytest.approx(share, rel=0.01)
    assert any("12 NVTX ranges used, 12 shapes; left out: none" in notice for notice in found.notices)


def test_columns_in_another_order_lines_around_and_other_units_do_not_matter(tmp_path):
    plain = read(tmp_path, report([cells(MM)])).timings
    around = (
        "Processing [steps.sqlite] with [nvtx_gpu_proj_sum.py]...\n\n" + report([cells(MM)], COLUMNS[::-1]) + "\nend\n"
    )
    assert [(t.sizes, t.time_s) for t in read(tmp_path, around).timings] == [(t.sizes, t.time_s) for t in plain]
    in_us = report([cells(MM, 400.0)]).replace("(ns)", "(us)")
    assert read(tmp_path, in_us).timings[0].time_s == pytest.approx(plain[0].time_s) == pytest.approx(4e-4)
    assert plain[0].sizes == {"m": 4096, "n": 2048, "k": 8192}


@pytest.mark.parametrize(
    "kept", [("Range", "Range Instances", "Total Proj Time (ns)"), ("Range Instances", "Proj Avg (ns)", "Range")]
)
def test_without_a_median_the_mean_or_the_total_serves(tmp_path, kept):
    assert read(tmp_path, report([cells(MM, count=4)], kept)).timings[0].time_s == pytest.approx(4e-4)


def test_the_printed_table_is_read(tmp_path):
    rows = [cells(MM, 400_000, 3), cells(":forward", 5e6)]
    widths = [max(len(column), *(len(str(row[column])) for row in rows)) for column in COLUMNS]
    lines = [" ** NVTX GPU Projection Summary (nvtx_gpu_proj_sum):", ""]
    lines += ["  ".join(c.center(w) for c, w in zip(COLUMNS, widths, strict=True))]
    lines += ["  ".join("-" * w for w in widths)]
    lines += ["  ".join(str(row[c]).ljust(w) for c, w in zip(COLUMNS, widths, strict=True)) for row in rows]
    text = "\n".join(lines).replace("1200000 ", "1,200,000 ") + "\n\n"
    found = read(tmp_path, text)
    assert [(t.sizes["m"], t.time_s) for t in found.timings] == [(4096, pytest.approx(4e-4))]
    assert "1 of names without a known operator" in found.notes[0]


def test_a_shape_has_the_median_of_its_ranges_by_their_number(tmp_path):
    calls = [(1, 9e5, 1), (2, 4e5, 1), (3, 5e5, 5)]
    rows = [cells(MM.replace("12", str(op)), time_ns, count) for op, time_ns, count in calls]
    (timing,) = read(tmp_path, report(rows)).timings
    assert timing.time_s == pytest.approx(5e-4)


def test_the_precision_is_what_the_caller_says_except_in_own_ranges(tmp_path):
    found = read(tmp_path, report([cells(MM), cells(of_gigawatt(128, 128, 128))]), precision="fp16")
    assert [timing.precision for timing in found.timings] == ["fp16", "bf16"]


def test_what_is_not_used_is_counted_by_its_reason(tmp_path):
    names = [
        *(":optimizer", ":train_step_1", "NCCL:ncclAllReduce", ":aten::add, op_id = 3, sizes = [[8], [8], []]"),
        ":aten::matmul, op_id = 11, sizes = [[4096, 8192], [8192, 2048]]",
        ":aten::bmm, op_id = 4, sizes = [[8, 64, 32], [8, 32, 64]]",
        ":aten::mm, op_id = 4",
        ":aten::mm, op_id = 4, sizes = [[4096, 81",
        ":aten::mm, op_id = 4, sizes = [[0, 8], [8, 4]]",
        f":aten::mm, op_id = 4, sizes = [[{'9' * 5000}, 8], [8, 4]]",
        ":aten::scaled_dot_product_attention, op_id = 5, sizes = [[1, 8, 64, 32], [1, 8, 64, 32], [1, 8, 64, 32]]",
    ]
    rows = [cells(MM), cells(":aten::bmm, op_id = 5, sizes = [[1, 64, 32], [1, 32, 16]]"), *map(cells, names)]
    found = read(tmp_path, report(rows))
    assert [timing.sizes["n"] for timing in found.timings] == [2048, 16]
    assert "2 NVTX ranges used, 2 shapes" in found.notes[0]
    for words in ("4 of names without", "1 aten::matmul", "1 aten::bmm of several", "4 operators without sizes"):
        assert words in found.notes[0]
    assert "1 attention, whose range does not say whether it is causal: give --causal" in found.notes[0]


def attention(query, key, mask=""):
    sizes = f"[{query}, {key}, {key}, [{mask}], [], [], []]"
    return f":aten::scaled_dot_product_attention, seq = 3, op_id = 5, sizes = {sizes}"


@pytest.mark.parametrize("causal", [True, False])
def test_attention_is_used_once_it_is_said_whether_it_is_causal(tmp_path, causal):
    names = [
        attention([2, 32, 4096, 128], [2, 8, 4096, 128]),  # grouped queries
        attention([2, 32, 1, 128], [2, 32, 4096, 128]),  # a decoding step
        attention([2, 32, 512, 128], [2, 32, 512, 128], "512, 512"),
    ]
    found = read(tmp_path, report(map(cells, names)), causal=causal)
    (timing,) = found.timings
    assert (timing.kind, timing.training) == ("attention", False)
    expected = {"batch": 2, "heads": 32, "sequence": 4096, "head_dim": 128, "causal": int(causal)}
    assert timing.sizes == expected
    assert "2 attention with a mask tensor, or of unlike sizes" in found.notes[0]


@pytest.mark.parametrize(
    "timing",
    [
        Timing("gemm", 0.0, 2, "fp8", {"m": 1, "n": 2, "k": 3}),
        Timing("memory_copy", 0.0, 2, sizes={"bytes": 2**32}),
        *(
            Timing(
                "attention", 0.0, 2, "", {"batch": 1, "heads": 8, "sequence": 64, "head_dim": 32, "causal": c}, c == 1
            )
            for c in (0, 1)
        ),
    ],
)
def test_a_name_that_is_pushed_is_read_back(tmp_path, timing):
    (found,) = read(tmp_path, report([cells(":" + range_name(timing))])).timings
    assert (found.kind, found.precision, found.sizes, found.training, found.line) == (
        *(timing.kind, timing.precision, timing.sizes, timing.training, timing.line),
    )


def test_each_marked_call_has_a_range_of_its_own():
    did = []
    nvtx = SimpleNamespace(range_push=did.append, range_pop=lambda: did.append("pop"))
    _mark(SimpleNamespace(cuda=SimpleNamespace(nvtx=nvtx)), "name", lambda: did.append("call"))
    assert did == ["name", "call", "pop"] * MARKED_CALLS


def test_measuring_on_a_gpu_marks_all_that_it_times_but_training(tmp_path):
    torch = MagicMock()
    torch.cuda.get_device_name.return_value = "a GPU that is not there"
    torch.__version__ = "0"
    sweep = Sweep(((64, 32, 16), (8, 8, 8)), ((1, 2, 64, 32),), (2**20,), (), 1e-6)
    timings, _ = _with_torch(torch, "cuda", sweep, 1)
    pushed = [call.args[0] for call in torch.cuda.nvtx.range_push.call_args_list]
    assert torch.cuda.nvtx.range_pop.call_count == len(pushed) == MARKED_CALLS * 4
    marked = read(tmp_path, report([cells(":" + name) for name in dict.fromkeys(pushed)])).timings
    facts = [(timing.kind, timing.precision, timing.sizes) for timing in timings if not timing.training]
    assert [(timing.kind, timing.precision, timing.sizes) for timing in marked] == facts
    assert [timing.training for timing in timings].count(True) == 1
    assert all(timing.time_s > 0.0 for timing in timings)


def test_measuring_on_a_cpu_marks_nothing():
    torch = MagicMock()
    torch.__version__ = "0"
    assert _with_torch(torch, "cpu", Sweep(((8, 8, 8),), (), (2**10,), (), 1e-6), 1)[0]
    torch.cuda.nvtx.range_push.assert_not_called()


WHOLE = report([cells(MM), cells(MM)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WHOLE[: WHOLE.rindex("PushPop")], ":3: has 2 cells where the header has 14. A short last row"),
        (WHOLE[: WHOLE.rindex("8192]")], ":3: is no row of a CSV: .* The file was cut off"),
        (report([cells(MM)]).replace("400000.0", "500000.0"), ":2: Proj Avg: .* is not the total"),
        (report([cells(MM)]).replace("400000", "-1"), r':2: Total Proj Time \(ns\): "-1" is no time'),
        (report([cells(MM)]).replace("(ns)", "(fortnights)"), ':2: .*has the unit "fortnights". Export with'),
        (report([cells(MM) | {"Range Instances": "x"}]), '"x" is no number'),
        (report([cells(MM)]).replace("Range,Style", "Name,Style"), ":2: Range: is missing in the header"),
        (report([cells(":gigawatt gemm bf16 m=1 n=2")]), ":2: Range: .* is no name of a range of gigawatt. Leave"),
        (report([cells(":gigawatt gemm bf16 m=1 n=2 k=-3")]), ":2: Range: .* is no name of a range of gigawatt"),
        (report([cells(":gigawatt gemm bf16 m=0 n=2 k=3")]), ":2: Range: .* is no name of a range of gigawatt"),
        (report([cells(":forward")]), "no NVTX range that tells a shape: left out 1 of names .*emit_nvtx"),
        (report([]), "holds no NVTX range that tells a shape; profile with"),
        ("Total Proj Time (ns)  Range\nforward\n", ":2: is no line of dashes under the header"),
        (
            "Time (%),Total Time (ns),Instances,Avg (ns),Name\n50,100,1,100,ampere_sgemm\n",
            ":1: .*kernel names tell neither shapes .* export NVTX ranges .* --report nvtx_gpu_proj_sum --format csv",
        ),
        ("NVTX Range,Style,Kern Inst,Total Time (ns),Kernel Name\n", "--report nvtx_gpu_proj_sum"),
        ("Time (%),Total Time (ns),Instances,Style,Range\n", "times on the host are no times of kernels"),
    ],
)
def test_a_wrong_report_is_refused_with_line_and_remedy(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, text)
    assert "steps.csv" in str(caught.value)
