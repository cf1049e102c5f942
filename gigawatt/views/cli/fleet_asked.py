"""What the options of `gigawatt fleet` say: quantities, and parts between colons."""

from __future__ import annotations

from typing import Any

from gigawatt.errors import InputError
from gigawatt.views.cli.shell import quantity


def number(option: str, text: str | None, unit: str, at_least: float = 0.0) -> float | None:
    """Read a quantity; None where none is given."""
    return None if text is None else quantity(option, text, unit, at_least)


def rate(option: str, text: str | None) -> float | None:
    """Read a rate by the day; none at all needs no unit."""
    return number(option, "0/day" if text is not None and text.strip() == "0" else text, "1/day")


def count(option: str, text: str | None) -> int | None:
    """Read a number of accelerators."""
    return None if text is None else round(quantity(option, text, "GPU", 1.0))


def days(text: str | None) -> float | None:
    """Read a time; a bare number is in days."""
    if text is None:
        return None
    bare = text.replace(".", "", 1).isdigit()
    return quantity("--days", f"{text} days" if bare else text, "s", 3600.0) / 86400.0


def pairs(option: str, text: str | None) -> dict[str, Any] | None:
    """Read NAME=VALUE,NAME=VALUE; whole numbers become numbers."""
    if text is None:
        return None
    found: dict[str, Any] = {}
    for item in text.split(","):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not name or not equals or not value:
            message = f'{option}: "{item.strip()}" is not NAME=VALUE'
            raise InputError(message)
        found[name] = int(value) if value.isdigit() else value
    return found


def curtailments(text: str | None) -> tuple[Any, ...] | None:
    """Read DAY:HOURS:SHARE,..."""
    from gigawatt.planning.fleet import Curtailment

    found = []
    for item in text.split(",") if text else ():
        parts = [part.strip() for part in item.split(":")]
        if len(parts) != 3:
            message = f'--curtail: "{item.strip()}" is not DAY:HOURS:SHARE, as in 30:4h:60%'
            raise InputError(message)
        start_s = quantity("--curtail", f"{parts[0]} days", "s", 0.0)
        duration_s = quantity("--curtail", parts[1], "s", 1.0)
        found.append(Curtailment(start_s, duration_s, quantity("--curtail", parts[2], "1", 0.0)))
    return tuple(found) if text else None


def age_s(text: str | None) -> float | None:
    """Read an age; a bare number is in months."""
    if text is None:
        return None
    bare = text.replace(".", "", 1).isdigit()
    return quantity("--age", f"{text} months" if bare else text, "s", 0.0)


def _parts(option: str, text: str, shape: str, example: str, least: int, most: int) -> list[str]:
    """Cut a text at its colons; raise InputError that shows how it is written."""
    parts = [part.strip() for part in text.split(":")]
    if not least <= len(parts) <= most or not all(parts):
        message = f'{option}: "{text}" is not {shape}, as in {example}'
        raise InputError(message)
    return parts


def _whole(option: str, text: str) -> int:
    """Read a number of things, at least one."""
    if not text.isdigit() or int(text) < 1:
        message = f'{option}: "{text}" is no whole number of at least 1'
        raise InputError(message)
    return int(text)


def lemons(text: str | None) -> dict[str, Any]:
    """Read COUNT:WINDOW[:TIME]."""
    if text is None:
        return {}
    option = "--lemons-out"
    after, window, *time = _parts(option, text, "COUNT:WINDOW[:TIME]", "3:30days:7days", 2, 3)
    found: dict[str, Any] = {
        "lemons_out_after_count": _whole(option, after),
        "lemon_window_s": quantity(option, window, "s", 1.0),
    }
    return found | ({"replacement_s": quantity(option, time[0], "s", 0.0)} if time else {})


def stragglers(text: str | None) -> dict[str, Any]:
    """Read SHARE:SPEED."""
    if text is None:
        return {}
    share, speed = _parts("--stragglers", text, "SHARE:SPEED", "1%:80%", 2, 2)
    return {
        "straggler_frac": quantity("--stragglers", share, "1", 0.0),
        "straggler_speed_frac": quantity("--stragglers", speed, "1", 0.0),
    }


def maintenance(text: str | None) -> Any:
    """Read EVERY:LASTS[:NOTICE[:PODS]]."""
    if text is None:
        return None
    from gigawatt.planning.fleet import Maintenance

    option = "--maintenance"
    every, lasts, *more = _parts(option, text, "EVERY:LASTS[:NOTICE[:PODS]]", "90days:4h:12h:2", 2, 4)
    return Maintenance(
        quantity(option, every, "s", 1.0),
        quantity(option, lasts, "s", 1.0),
        quantity(option, more[0], "s", 0.0) if more else 0.0,
        _whole(option, more[1]) if len(more) > 1 else 1,
    )
