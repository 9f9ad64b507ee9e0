"""How far data can be trusted: named rules, confidence, and what they mean in words."""

from __future__ import annotations

from quantdata.validation.judging import validate
from quantdata.validation.summary import Quality, quality
from quantdata.validation.words import explain

__all__ = ["Quality", "explain", "quality", "validate"]
