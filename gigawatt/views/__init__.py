"""Sight: read a finished plan, compute nothing."""
