"""Tradier on the wire: endpoints, envelope, requests."""
