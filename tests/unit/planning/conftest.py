from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

import gigawatt as gw
from gigawatt.planning.plan import Plan


@pytest.fixture(scope="session")
def planned() -> Callable[[str], Plan]:
    """Plans of shipped scenarios, each made once for all tests, with few draws."""
    return lru_cache(maxsize=16)(lambda name: gw.plan(name, draws_count=16))


@pytest.fixture(scope="session")
def meta(planned: Callable[[str], Plan]) -> Plan:
    return planned("meta-2025")
