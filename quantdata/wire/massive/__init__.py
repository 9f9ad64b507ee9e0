"""Massive's protocol: endpoints, envelope, paging; and the frames of its streams."""
