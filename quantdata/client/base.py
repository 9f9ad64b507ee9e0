"""What both clients share: how one is made, shown and sent to another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.client.core import CLOCK, SEED, Core
from quantdata.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any, Literal, Self

    from quantdata.lake import Lake
    from quantdata.pricing.rates import RateCurve

__all__ = ["ClientBase"]


class ClientBase:
    """One core, made from arguments and environment; `Client` documents the arguments."""

    def __init__(
        self,
        source: Literal["hybrid", "massive", "tradier", "sim"] | None = None,
        *,
        cache_ttl: Mapping[str, float] | None = None,
        rates: float | Mapping[int, float] | RateCurve | None = None,
        max_age: float | None = None,
        delayed_fallback: bool = False,
        lake: str | Path | Lake | None = None,
        seed: int = SEED,
        clock: str = CLOCK,
    ) -> None:
        self._core = Core(
            source,
            config=Config.from_environment(),
            cache_ttl=cache_ttl,
            rates=rates,
            max_age=max_age,
            delayed_fallback=delayed_fallback,
            lake=lake,
            seed=seed,
            clock=clock,
        )

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Self], tuple[dict[str, Any]]]:
        # Workers make their own client, with the key of their own environment.
        return type(self)._remade, (self._core.settings,)  # noqa: SLF001  # a method of its own

    def __repr__(self) -> str:
        return f"{type(self).__name__}(source={self._core.source!r})"

    @classmethod
    def _remade(cls, settings: dict[str, Any]) -> Self:
        return cls(**settings)
