from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

import gigawatt as gw
from gigawatt.planning.study.studied import Studied, studied


@pytest.fixture(scope="session")
def ready() -> Callable[..., Studied]:
    """Shipped scenarios made ready for draws, each once for all tests."""

    @lru_cache(maxsize=16)
    def make(name: str, *settings: str) -> Studied:
        return studied(gw.load(name, settings))

    return make
