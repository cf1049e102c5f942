"""A validation with known errors, a doubted row and skipped ones, for tests of views."""

from __future__ import annotations

import math

from gigawatt.validation.compare import Row, Validation, summarise

HOSTILE = "<script>alert(1)</script> & "
ERRORS_PCT = (-30.5, -24.0, -12.0, -9.0, -6.0, -4.0, -2.0, -1.0, 0.0, 0.5, 1.5, 2.5, 3.0, 5.0, 7.0, 9.5, 10.5, 20.0)


def row(place: int, group: str, error_pct: float, *, quantity: str = "step_time_s", flag: str = "") -> Row:
    """Make a row of known error with a stated range of ±10 %."""
    measured = 1.3**place
    predicted = measured * (1.0 + error_pct / 100.0)
    return Row(
        f"row-{place}", group, quantity, measured, predicted, error_pct, predicted / 1.1, predicted * 1.1, flag, ""
    )


def skipped_row(place: int, reason: str) -> Row:
    """Make a row that could not be predicted."""
    nothing = math.nan
    return Row(f"skipped-{place}", "skipped", "step_time_s", 5.0, nothing, nothing, nothing, nothing, "", reason)


def sample_validation(repeats: int = 3, *, hostile: bool = False) -> Validation:
    """Rows of two kinds on three generations, one doubted by 60 %, two skipped."""
    mark = HOSTILE if hostile else ""
    errors = ERRORS_PCT * repeats
    groups = ("dense/hopper/bf16", "dense/hopper/fp8", "moe/ampere/bf16", f"moe/{mark}blackwell/fp8")
    fair = [row(place % 30, groups[place % 4], error) for place, error in enumerate(errors)]
    doubted = row(7, groups[0], 60.0, flag=f"{mark}early: slow software")
    skipped = [skipped_row(1, f"{mark}precision not published"), skipped_row(2, "layers not published")]
    by_name: dict[str, list[Row]] = {}
    for one in fair:
        for name in (*one.group.split("/"), one.group.replace("/", " ")):
            by_name.setdefault(name, []).append(one)
    return Validation(
        (*fair, doubted, *skipped),
        summarise([*fair, *skipped]),
        {name: summarise(members) for name, members in sorted(by_name.items())},
        summarise([*fair, doubted, *skipped]),
    )
