"""The catalogue reads the same with the parser in C, which is there for speed, as with the one in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

DATA = Path(__file__).parents[2] / "gigawatt" / "catalogue" / "data"

pytest.importorskip("_ruamel_yaml", reason="ruamel.yaml.clib has no build for this interpreter")


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.yaml")), ids=lambda path: path.relative_to(DATA).as_posix())
def test_both_parsers_agree(path):
    text = path.read_text(encoding="utf-8")
    quick, plain = (YAML(typ="safe", pure=pure).load(text) for pure in (False, True))
    assert quick == plain


def test_both_read_yaml_1_2():
    for pure in (False, True):
        read = YAML(typ="safe", pure=pure).load("{rate: 1e9, country: no, month: 2025-01}")
        assert read == {"rate": 1e9, "country": "no", "month": "2025-01"}
