"""Routing written as text: what a router may look at, and the built-in rules in its words.

The language is that of `gigawatt.engines.policy`. A router is asked for each replica that could take a request; **the
highest score gets it**, and of equal ones the replica with the lowest number. With pools apart it chooses who reads the
prompt; the cache then goes to the least loaded decode replica.
"""

from __future__ import annotations

from collections.abc import Mapping

from gigawatt.engines.policy import Feature, Features

FEATURES = Features(
    (
        Feature("input_tokens", "token", "Length of the request's prompt.", 1.0, 200_000.0),
        Feature("prefix_hit_tokens", "token", "Of it, what the replica's prefix cache holds.", 0.0, 200_000.0),
        Feature("prefix_hit_frac", "-", "The same over the whole prompt.", 0.0, 1.0),
        Feature("outstanding_requests", "-", "Requests that the replica has and has not finished.", 0.0, 10_000.0),
        Feature("waiting_requests", "-", "Of them, those in its queue.", 0.0, 10_000.0),
        Feature("running_sequences", "-", "Of them, those in its batch.", 0.0, 4096.0),
        Feature("unread_tokens", "token", "Prompt tokens that the replica has still to read.", 0.0, 1e7),
        Feature("kv_free_frac", "-", "Share of its KV cache that is free.", 0.0, 1.0),
        Feature("kv_free_tokens", "token", "The same in tokens.", 0.0, 1e8),
        Feature("step_s", "s", "Length of its running step; 0 where it idles.", 0.0, 10.0),
        Feature("turns_to_wait", "-", "Replicas that come before it in turn; 0 for the next.", 0.0, 10_000.0),
        Feature("replicas_count", "-", "Replicas that the request could go to.", 1.0, 10_000.0),
    )
)
# Each as a score, so that the highest goes first: tokens break ties of requests, and requests ties of tokens.
BUILT_IN: Mapping[str, str] = {
    "round-robin": "-turns_to_wait",
    "least-loaded": "-(outstanding_requests * 1e9 + unread_tokens)",
    "prefix-aware": "-((unread_tokens + input_tokens - prefix_hit_tokens) * 1e6 + outstanding_requests)",
}
