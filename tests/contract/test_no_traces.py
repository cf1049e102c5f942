"""No tracked file tells on which machine, from which index or in which working process it was made."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THIS = Path(__file__).name

FORBIDDEN = {
    "the path of a machine": r"(?<![\w.:/~-])/(?:work|tmp|root|home|Users|opt|mnt)/\w",
    "a package index": r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|--(?:extra-)?index-url\s",
    "a note to self": r"\b(?:TODO|FIXME|XXX|HACK)\b",
    "a reference into a tracker": r"(?i)\b(?:issue|pull request|ticket) #\d|\b(?:fixes|closes) #\d",
    "a conversation": r"(?i)\bas an ai (?:language )?model\b|\bco-authored-by\b|\bgenerated (?:by|with) an? ai\b",
}


def tracked_texts() -> list[str]:
    """Return the tracked files that hold text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.split("\0") if name and Path(name).name != THIS and (ROOT / name).is_file()]
    return [name for name in names if b"\0" not in (ROOT / name).read_bytes()[:4096]]


@pytest.mark.parametrize("name", tracked_texts())
def test_a_file_keeps_its_origin_to_itself(name):
    text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
    found = {
        what: [f"line {text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}" for hit in re.finditer(pattern, text)]
        for what, pattern in FORBIDDEN.items()
    }
    assert not {what: hits for what, hits in found.items() if hits}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the path of a machine", "see /tmp/x"),
        ("the path of a machine", 'open("/home/someone/plan.json")'),
        ("a package index", "--index-url somewhere"),
        ("a note to self", "# TODO: later"),
        ("a reference into a tracker", "as in issue #12"),
    ],
)
def test_each_trace_would_be_seen(what, text):
    assert re.search(FORBIDDEN[what], text)


@pytest.mark.parametrize("text", ["https://example.org/home/x", "runs/tmp/a", "an issue of bonds", "tmp_path / 'work'"])
def test_ordinary_text_passes(text):
    assert not any(re.search(pattern, text) for pattern in FORBIDDEN.values())
