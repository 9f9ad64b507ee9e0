"""How far data can be trusted: named rules, confidence, and what they mean in words."""

from __future__ import annotations

from quantdata.validation.judging import failures, validate
from quantdata.validation.summary import Quality, quality, with_candles
from quantdata.validation.words import explain

__all__ = ["Quality", "explain", "failures", "quality", "validate", "with_candles"]
