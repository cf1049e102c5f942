"""A small language for scores of schedulers: read, checked, compiled; the machine is in `policy.machine`."""

from __future__ import annotations

from gigawatt.engines.policy.compile import Program, compile_policy
from gigawatt.engines.policy.features import Feature, Features, Limits
from gigawatt.engines.policy.parse import parse

__all__ = ["Feature", "Features", "Limits", "Program", "compile_policy", "parse"]
