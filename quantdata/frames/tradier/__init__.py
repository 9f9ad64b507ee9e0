"""Tradier's items to canonical columns: one file a kind of frame."""
