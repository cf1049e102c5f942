"""Reliability of a fleet: failures, checkpoints, effective training time."""
