"""Bytes in and out: HTTP with limits, deadlines and retries; vendor envelopes checked, contents untouched."""
