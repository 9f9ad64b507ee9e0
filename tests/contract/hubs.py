"""What tests of a hub on the simulated market share: where its vendors are, and patience."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim import Simulator

__all__ = ["SOON_S", "places", "until"]

# Longer than any of this takes on a busy machine.
SOON_S: Final = 30.0


def until(holds: Callable[[], Any]) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def places(simulator: Simulator) -> dict[str, str]:
    """Return where both vendors answer and stream, as a user's environment has it."""
    return {
        "MASSIVE_BASE_URL": simulator.base_url,
        "MASSIVE_WS_URL": simulator.socket_url,
        "TRADIER_BASE_URL": simulator.tradier_url,
        "TRADIER_STREAM_URL": f"{simulator.socket_url}/v1/markets/events",
    }
