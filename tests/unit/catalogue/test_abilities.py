"""What the catalogue's accelerators may be asked to do."""

from __future__ import annotations

import pytest

from gigawatt.catalogue import Catalogue, load
from gigawatt.catalogue.abilities import cap_fault, cap_range_w, format_fault, training_formats


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return the catalogue that ships."""
    return load()


@pytest.mark.parametrize(
    ("accelerator", "formats"),
    [
        ("a100-sxm", ("bf16",)),
        ("h100-sxm", ("bf16", "fp8")),
        ("gb200-nvl72", ("bf16", "fp8", "mxfp8", "nvfp4", "fp4")),
        ("gb300-nvl72", ("bf16", "fp8", "mxfp8", "nvfp4", "fp4")),
        ("mi300x", ("bf16", "fp8")),
        ("mi355x", ("bf16", "fp8", "mxfp8", "fp4")),
        ("tpu-v7", ("bf16", "fp8")),
    ],
)
def test_number_formats_are_those_of_the_matrix_units(
    catalogue: Catalogue, accelerator: str, formats: tuple[str, ...]
) -> None:
    """MX formats came with Blackwell and CDNA 4, and NVFP4 is NVIDIA's."""
    assert training_formats(catalogue.accelerators[accelerator]) == formats


def test_a_lacking_format_is_told_with_those_there_are(catalogue: Catalogue) -> None:
    """Each fault says what is missing and what to write."""
    h100, mi355x = catalogue.accelerators["h100-sxm"], catalogue.accelerators["mi355x"]
    assert format_fault(h100, "fp8") == ("", "")
    assert format_fault(h100, "nvfp4") == (
        "h100-sxm cannot train in nvfp4: it has no fp4 matrix unit",
        "it can in bf16, fp8",
    )
    assert "no scale for every 32 values" in format_fault(h100, "mxfp8")[0]
    assert "NVIDIA's" in format_fault(mi355x, "nvfp4")[0]
    assert format_fault(h100, "mxpf8") == ('"mxpf8" is no number format of training', "Nearest: mxfp8, fp8")


def test_caps_lie_between_half_of_the_rating_and_the_rating(catalogue: Catalogue) -> None:
    """Both ends are allowed; beyond them the fault names both."""
    gb200 = catalogue.accelerators["gb200-nvl72"]
    assert cap_range_w(gb200) == (600.0, 1200.0)
    for cap_w in (600.0, 1000.0, 1200.0):
        assert cap_fault(gb200, cap_w) == ("", "")
    above, below = cap_fault(gb200, 1300.0), cap_fault(gb200, 500.0)
    assert "above the rated power of gb200-nvl72, 1,200 W" in above[0]
    assert "below 50% of the rated power" in below[0]
    assert above[1] == below[1] == "write one from 600 W to 1,200 W"
