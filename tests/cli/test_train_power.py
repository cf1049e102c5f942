"""Power caps and number formats of `train`, as typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
JOB = ("train", "--model", "llama-3.1-8b", "--accelerator", "gb200-nvl72", "--gpus", "72", "--batch", "4M")


def test_a_cap_is_in_the_document(gigawatt: Run) -> None:
    """In watts, with the power and the tokens per joule of each layout."""
    result = gigawatt(*JOB, "--power-cap", "1 kW", "--json").document["result"]
    best = result["best"]
    assert result["power_cap_w"] == 1000.0
    assert best["tokens_per_j"] == pytest.approx(best["tokens_per_s_per_gpu"] / best["gpu_power_w"])
    assert "power_caps" not in result
    assert gigawatt(*JOB, "--json").document["result"]["power_cap_w"] is None


def test_megawatts_compare_caps(gigawatt: Run) -> None:
    """Each row fills the power; one row is chosen."""
    result = gigawatt(*JOB, "--power-cap", "best", "--megawatts", "10", "--json").document["result"]
    rows = result["power_caps"]["rows"]
    assert result["power_caps"]["it_mw"] == 10.0
    assert all(row["gpus"] * row["provisioned_w"] <= 10e6 for row in rows)
    chosen = [row for row in rows if row["chosen"]]
    assert [row["power_cap_w"] for row in chosen] == [result["power_cap_w"]]
    assert chosen[0]["cluster_tokens_per_s"] == max(row["cluster_tokens_per_s"] for row in rows)


def test_the_table_marks_the_cap_taken(gigawatt: Run) -> None:
    """A cap of one's own stands among the others."""
    out = gigawatt(*JOB, "--power-cap", "910W", "--megawatts", "10 MW").out
    assert "72 gb200-nvl72 at 910 W" in out
    assert "power caps in 10.0 MW of IT power" in out
    assert [line.split()[1] for line in out.splitlines() if line.lstrip().startswith(">")] == ["910"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--power-cap", "0"), "--power-cap: 0 W is no cap; leave the option out for none"),
        (("--power-cap", "300W"), "write one from 600 W to 1,200 W"),
        (("--power-cap", "2kW"), "above the rated power of gb200-nvl72, 1,200 W"),
        (("--power-cap", "least"), '"least" is no power; write it as 1000W, or best'),
        (("--power-cap", "1000 h"), "--power-cap:"),
        (("--megawatts", "0.1"), "does not carry 72 gb200-nvl72"),
        (("--precision", "fp6"), '"fp6" is no number format of training'),
    ],
)
def test_refusals_say_what_is_allowed(gigawatt: Run, options: tuple[str, ...], words: str) -> None:
    """Bad input ends with code 2."""
    ran = gigawatt(*JOB, *options)
    assert ran.code == 2
    assert words in ran.err


def test_every_number_format_by_its_name(gigawatt: Run) -> None:
    """mxfp8 and nvfp4 as people write them."""
    for name, shown in (("mxfp8", "mxfp8"), ("nvfp4", "fp4")):
        document = gigawatt(*JOB, "--precision", name, "--json").document
        assert document["inputs"]["precision"] == name
        assert document["result"]["best"]["precision"] == shown
    ran = gigawatt(
        "train", "--model", "llama-3.1-8b", "--accelerator", "h100-sxm", "--gpus", "8", "--precision", "nvfp4"
    )
    assert ran.code == 2
    assert "h100-sxm cannot train in nvfp4: it has no fp4 matrix unit; it can in bf16, fp8" in ran.err


def test_nothing_that_fits_has_no_best_cap(gigawatt: Run) -> None:
    """The message is that of the search."""
    ran = gigawatt("train", "--model", "llama-3.1-405b", "--accelerator", "gb200-nvl72", "--gpus", "8",
                   "--power-cap", "best")  # fmt: skip
    assert ran.code == 3
    assert "does not fit" in ran.err


def test_serving_takes_a_cap(gigawatt: Run) -> None:
    """Fewer watts, no more tokens; a cap below the least is refused."""
    job = ("serve", "--model", "llama-3.1-70b", "--accelerator", "h100-sxm")
    full, capped = (gigawatt(*job, *more, "--json").document["result"] for more in ((), ("--power-cap", "500W")))
    assert capped["chosen"]["gpu_power_w"] <= 500.0 < full["chosen"]["gpu_power_w"]
    assert capped["chosen"]["output_tokens_per_s"] <= full["chosen"]["output_tokens_per_s"]
    ran = gigawatt(*job, "--power-cap", "200W")
    assert ran.code == 2
    assert "write one from 350 W to 700 W" in ran.err
