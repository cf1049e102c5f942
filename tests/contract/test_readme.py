"""The README's table of claims is what the plans say today, and its commands exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def builder():
    place = importlib.util.spec_from_file_location("build_readme", ROOT / "tools" / "build_readme.py")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_the_table_of_claims_is_true(builder):
    assert builder.with_block(README, builder.CLAIMS, builder.table()) == README, "run python tools/build_readme.py"


def test_the_table_of_errors_is_true(builder):
    assert builder.with_block(README, builder.ERRORS, builder.error_table()) == README, (
        "run python tools/build_readme.py"
    )


def test_every_picture_and_link_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


CLAIMS = (
    "60 to 65", "38 to 39", "51 to 53", "1 GW", "1.3 million", "Manhattan", "Llama 4", "fine-tuned", "AI engineer",
    "billion users", "advertisers", "Microsoft", "Stargate", "xAI", "investors",
)  # fmt: skip


@pytest.mark.parametrize("word", CLAIMS)
def test_every_claim_of_the_announcement_is_answered(word):
    assert word in README
