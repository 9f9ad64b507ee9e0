"""The simulator's own endpoints under ``/_sim``: what it is doing, what goes wrong, what time it is.

==========================  =========================================================
``GET /_sim``               seed, clock, simulated moment, plan, requests per path, streams
``GET /_sim/faults``        the faults in force, each with its number of hits
``POST /_sim/faults``       one fault, or a list: ``{"kind": "status", "status": 503}``
``DELETE /_sim/faults``     lift them all
``POST /_sim/clock``        ``{"clock": "at:2026-11-18T15:30:00-05:00"}``
``POST /_sim/stream``       ``{"rate": 10000}``: events per second; null: the market's pace
==========================  =========================================================
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from quantdata.errors import ArgumentError
from quantdata.sim.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from quantdata.sim.server import Simulator

__all__ = ["control_routes"]

_FAULT_FIELDS = frozenset(field.name for field in fields(Fault))


def control_routes(simulator: Simulator) -> list[Route]:
    """Return the routes that show and steer a simulator."""

    async def show(_: Request) -> Response:
        return _json(simulator.describe())

    async def faults(request: Request) -> Response:
        try:
            if request.method == "POST":
                simulator.faults.add(*_read_faults(await request.body()))
            elif request.method == "DELETE":
                simulator.faults.clear()
        except (ArgumentError, msgspec.MsgspecError) as error:
            return _json({"error": str(error)}, status=400)
        return _json([{**msgspec.to_builtins(fault), "hits": hits} for fault, hits in simulator.faults.active()])

    def set_rate(rate: float | None) -> None:
        simulator.streams.rate = rate

    return [
        Route("/_sim", show),
        Route("/_sim/faults", faults, methods=["GET", "POST", "DELETE"]),
        _setting(simulator, "clock", '"at:2026-11-18T15:30:00-05:00"', str, simulator.set_clock),
        _setting(simulator, "stream", "10000", float | None, set_rate, key="rate"),
    ]


def _setting(
    simulator: Simulator, name: str, example: str, kind: Any, change: Callable[[Any], None], *, key: str | None = None
) -> Route:
    """Return a route that changes one thing, and answers what `describe` then says."""
    key = key or name

    async def answer(request: Request) -> Response:
        try:
            change(msgspec.json.decode(await request.body(), type=dict[str, kind])[key])
        except KeyError:
            return _json({"error": f'send {{"{key}": {example}}}'}, status=400)
        except (ArgumentError, msgspec.MsgspecError) as error:
            return _json({"error": str(error)}, status=400)
        return _json(simulator.describe())

    return Route(f"/_sim/{name}", answer, methods=["POST"])


def _read_faults(body: bytes) -> list[Fault]:
    sent = msgspec.json.decode(body)
    listed = sent if isinstance(sent, list) else [sent]
    for each in listed:
        unknown = set(each) - _FAULT_FIELDS if isinstance(each, dict) else {"(not an object)"}
        if unknown:
            raise ArgumentError(f"fault fields {sorted(unknown)}: there are {', '.join(sorted(_FAULT_FIELDS))}")
    return msgspec.convert(listed, list[Fault])


def _json(body: Any, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
