"""Massive's REST protocol: endpoints, envelope, paging."""
