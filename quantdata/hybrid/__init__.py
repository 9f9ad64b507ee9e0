"""Two vendors as one provider: capabilities, routing, fallback, gap filling."""

from __future__ import annotations

from quantdata.hybrid.provider import AsyncHybrid
from quantdata.hybrid.routing import ANSWER_PATIENCE_S

__all__ = ["ANSWER_PATIENCE_S", "AsyncHybrid"]
