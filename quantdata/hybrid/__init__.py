"""Two vendors as one provider: capabilities, routing, fallback, gap filling."""

from __future__ import annotations

from quantdata.hybrid.provider import AsyncHybrid

__all__ = ["AsyncHybrid"]
