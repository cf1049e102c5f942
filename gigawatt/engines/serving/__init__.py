"""Serving: prefill and decode, latency and throughput, accelerators for a demand."""
