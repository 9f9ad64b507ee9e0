"""Tradier's REST protocol over the simulated market."""
