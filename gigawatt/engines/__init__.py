"""Arithmetic: pure functions, arrays in, arrays out. Engines do not import each other, only `hardware`."""
