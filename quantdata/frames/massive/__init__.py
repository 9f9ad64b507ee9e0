"""Massive's rows to canonical columns: one file a kind of frame."""
