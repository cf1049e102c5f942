"""Proof: predictions against published measurements."""
