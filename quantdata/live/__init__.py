"""The present state of everything watched, fed by polls and streams at once."""

from __future__ import annotations

from quantdata.live.alerts import Alert
from quantdata.live.default import global_hub, hub, replay
from quantdata.live.market_hub import MarketDataHub
from quantdata.live.snapshot import HubSnapshot, Tick

__all__ = ["Alert", "HubSnapshot", "MarketDataHub", "Tick", "global_hub", "hub", "replay"]
