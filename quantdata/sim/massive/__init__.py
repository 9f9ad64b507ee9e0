"""Massive's REST protocol, spoken by the simulated market."""
