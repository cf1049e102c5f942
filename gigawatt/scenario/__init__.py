"""Wishes: what a user may write, read with line numbers and checked."""
