"""Puts this folder on the path, so that tests of several rooms share their parts; fixes how hypothesis draws.

A run draws the same examples each time, so that a failure is of the change that is tested. To look further:
`HYPOTHESIS_PROFILE=explore pytest tests/property`.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
