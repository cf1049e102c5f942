"""Section `announced` and `outcome`: what was said, and what came of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from pydantic import model_validator

from gigawatt.errors import UnitError
from gigawatt.records import Quantity
from gigawatt.scenario.fields import AMonth, ModelId, Section, SiteId, SourceId, Text
from gigawatt.units import parse

# claim -> unit in which it is kept and compared
CLAIM_UNITS: dict[str, str] = {
    "capex": "USD",
    "capex-before": "USD",
    "capex-expected": "USD",
    "compute-online": "W",
    "accelerators": "GPU",
    "accelerators-added": "GPU",
    "h100-equivalents": "GPU",
    "accelerator-spend": "USD",
    "chip-power-added": "W",
    "site-power": "W",
    "site-area": "m2",
    "site-capex": "USD",
    "capex-per-watt": "USD/W",
    "training-gpu-hours": "h",
    "training-tflops": "TFLOP/s",
    "training-accelerators": "GPU",
    "users": "user",
    "revenue": "USD",
    "days-to-first-power": "day",
}

_SIGNS = {"~": "about", ">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}


def _read_claimed(written: Any) -> Any:
    """Split "~1 GW" into sign and text; the unit is checked when the claim's kind is known."""
    match = re.match(r"^\s*(~|>=|<=|>|<)?\s*(.*)$", str(written))
    return (_SIGNS.get(match[1] or "", ""), match[2]) if match else ("", str(written))


_parsed = lru_cache(maxsize=1024)(parse)  # a study asks for the same claims in every draw


class Claim(Section):
    """One announced or later reported figure; the plan is checked against it and never takes it as given."""

    claim: Literal[
        "capex", "capex-before", "capex-expected", "compute-online", "accelerators", "accelerators-added",
        "h100-equivalents", "accelerator-spend", "chip-power-added", "site-power", "site-area", "site-capex",
        "capex-per-watt", "training-gpu-hours", "training-tflops", "training-accelerators", "users", "revenue",
        "days-to-first-power",
    ]  # fmt: skip
    value: Text
    period: Text = ""  # "2025": the calendar year, or "2024-07..2025-06"
    at: AMonth | None = None
    site: SiteId | None = None
    model: ModelId | None = None
    vendor: str = ""  # where the claim counts one vendor only
    source: SourceId
    note: str = ""

    @model_validator(mode="after")
    def _value_fits(self) -> Claim:
        """Check that the value reads in the claim's unit."""
        self.quantity()
        return self

    @property
    def sign(self) -> str:
        """About, more than, at least, less than, at most; empty for a plain value."""
        return str(_read_claimed(self.value)[0])

    def quantity(self) -> Quantity:
        """Return the claimed value in the claim's unit."""
        try:
            value, low, high = _parsed(str(_read_claimed(self.value)[1]), CLAIM_UNITS[self.claim])
        except UnitError as error:
            message = f"value: {error}"
            raise ValueError(message) from error
        return Quantity(value, CLAIM_UNITS[self.claim], low, high, source=self.source, kind="reported", note=self.note)
