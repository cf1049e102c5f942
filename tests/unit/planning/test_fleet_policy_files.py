"""Policies of a fleet in files: what is read, and what a fault says."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigawatt.engines.fleet.policies.written import HOOKS
from gigawatt.errors import InputError
from gigawatt.planning.policies import read_policy

SHIPPED = sorted((Path(__file__).parents[3] / "docs" / "policies").glob("*.py"))


def test_shipped_policies_compile_and_together_show_every_hook():
    written = [read_policy(path) for path in SHIPPED]
    shown = {hook for each in written for hook in HOOKS if getattr(each, hook) is not None}
    assert shown == set(HOOKS)


def test_a_bare_expression_orders_the_queue(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("# oldest first\n-submit_s\n")
    assert read_policy(path).queue.features == ("submit_s",)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("def queue(wait_s):\n    return wait_s\n\ndef victim(job_w):\n    return job_ww\n", "5:12", "Nearest: job_w"),
        ("# mine\ndef queues(wait_s):\n    return wait_s\n", "2:5", "queue"),
        ("def queue(a):\n    return 1\n", "1:11", "a"),
        ("def queue(wait_s):\n    return 1\ndef queue(wait_s):\n    return 2\n", "3:5", "twice"),
        ("import os\ndef queue(wait_s):\n    return wait_s\n", "1:1", "comments"),
        ("def queue(wait_s):\n    return 1\nprint(1)\n", "3:1", "queue"),
        ("def queue(wait_s):\n    return __import__(0)\n", "2:12", "queue"),
        ("", "1:1", "nothing"),
    ],
)
def test_faults_name_the_place(tmp_path, text, place, words):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_policy(path)
    assert str(caught.value).startswith(f"{path}:{place}: "), str(caught.value)


def test_a_file_that_is_not_text_or_too_long_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="read as text"):
        read_policy(path)
    path.write_text("#" * 50_000)
    with pytest.raises(InputError, match="characters"):
        read_policy(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_policy(tmp_path / "none.py")
