"""An OpenAI-compatible chat endpoint over the standard library: time limits, retries that wait, answers checked."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

TIMEOUT_S = 120.0  # of one request
RETRIES = 4  # after the first try
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # before the first retry, twice as long before each next one; at most
RETRIED = (408, 409, 429, 500, 502, 503, 504, 529)  # of HTTP: the same request may succeed later
ANSWER_TOKENS = 1500  # of one answer at most
ANSWER_BYTES = 1 << 20  # of what is read of one answer
TEMPERATURE = 0.8
SHOWN_COUNT = 200  # characters of a server's words that are repeated


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes
    ----------
    text : str
        Empty where it failed.
    tokens_count : int
        Spent, as the server counts; estimated where it does not say.
    failure : str
        Why there is no text.
    """

    text: str
    tokens_count: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """An endpoint.

    Attributes
    ----------
    address : str
        Up to and with /v1.
    model : str
    secret : str
        Sent to the endpoint alone; empty for one that wants none.
    timeout_s, first_pause_s : float
        [s]
    sleep : callable
        Waits; replaced in tests.
    """

    address: str
    model: str
    secret: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S
    first_pause_s: float = FIRST_PAUSE_S
    sleep: Callable[[float], None] = time.sleep

    def ask(self, messages: Sequence[dict[str, str]]) -> Reply:
        """Ask, and try again where that may help.

        Parameters
        ----------
        messages : sequence of dict
            With role and content.

        Returns
        -------
        Reply
            Never raises for what the server does: a failure is an answer, too.
        """
        body = json.dumps(
            {"model": self.model, "messages": list(messages), "max_tokens": ANSWER_TOKENS, "temperature": TEMPERATURE}
        ).encode()
        failure = ""
        for turn in range(RETRIES + 1):
            pause_s = min(self.first_pause_s * 2.0**turn, LONGEST_PAUSE_S)
            try:
                return self._read(self._send(body), len(body))
            except urllib.error.HTTPError as error:
                failure = f"the endpoint answered {error.code}: {_words(error)}"
                if error.code not in RETRIED:
                    break
                pause_s = max(pause_s, _asked_pause_s(error)) if _asked_pause_s(error) else pause_s
            except (OSError, http.client.HTTPException) as error:
                failure = (
                    f"the endpoint cannot be reached: {getattr(error, 'reason', None) or error or type(error).__name__}"
                )
            if turn < RETRIES:
                self.sleep(min(pause_s, LONGEST_PAUSE_S))
        return Reply("", failure=_cut(failure))

    def _send(self, body: bytes) -> bytes:
        """Send a request, return the answer; redirects to other hosts would carry the key and are not followed."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "gigawatt"}
        if self.secret:
            headers["Authorization"] = f"Bearer {self.secret}"
        address = self.address.rstrip("/") + "/chat/completions"
        request = urllib.request.Request(address, data=body, headers=headers, method="POST")
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(request, timeout=self.timeout_s) as answer:
            return bytes(answer.read(ANSWER_BYTES))

    def _read(self, answer: bytes, sent_bytes: int) -> Reply:
        """Take the text out of an answer."""
        try:
            found: Any = json.loads(answer)
            choice = found["choices"][0]
            message = choice["message"]
        except (ValueError, KeyError, IndexError, TypeError):
            return Reply("", failure="the endpoint's answer is no JSON with choices and a message")
        tokens = _tokens(found, sent_bytes + len(answer))
        if not isinstance(message, dict):
            return Reply("", tokens, "the endpoint's answer is no JSON with choices and a message")
        refusal, text = message.get("refusal"), message.get("content")
        if isinstance(refusal, str) and refusal:
            return Reply("", tokens, _cut(f"the model refused: {refusal}"))
        if choice.get("finish_reason") == "content_filter":
            return Reply("", tokens, "the endpoint's filter held the answer back")
        if not isinstance(text, str) or not text.strip():
            return Reply("", tokens, "the model answered nothing")
        return Reply(text, tokens)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an error."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def _tokens(found: Any, moved_bytes: int) -> int:
    """Return the tokens that were spent; four bytes to a token where the server does not say."""
    usage = found.get("usage") if isinstance(found, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and total > 0 else moved_bytes // 4


def _asked_pause_s(error: urllib.error.HTTPError) -> float:
    """Return how long the server asks to wait; 0 where it does not say. [s]."""
    try:
        return max(float(error.headers.get("Retry-After", "0")), 0.0)
    except ValueError:
        return 0.0


def _words(error: urllib.error.HTTPError) -> str:
    """Return what the server says about an error."""
    try:
        return error.read(ANSWER_BYTES).decode("utf-8", "replace").strip() or str(error.reason)
    except OSError:
        return str(error.reason)


def _cut(words: str) -> str:
    """Shorten words to what a log can hold."""
    return words if len(words) <= SHOWN_COUNT else words[:SHOWN_COUNT] + "..."
