"""What both clients share: how one is made, shown and sent to another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.client.core import CLOCK, SEED, Core
from quantdata.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal, Self

__all__ = ["ClientBase"]


class ClientBase:
    """One core, made from arguments and environment; `Client` documents the arguments."""

    def __init__(
        self,
        source: Literal["massive", "tradier", "sim"] | None = None,
        *,
        cache_ttl: Mapping[str, float] | None = None,
        seed: int = SEED,
        clock: str = CLOCK,
    ) -> None:
        self._core = Core(source, config=Config.from_environment(), cache_ttl=cache_ttl, seed=seed, clock=clock)

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Self], tuple[dict[str, Any]]]:
        # Workers make their own client, with the key of their own environment.
        return type(self)._remade, (self._core.settings,)  # noqa: SLF001  # a method of its own

    def __repr__(self) -> str:
        return f"{type(self).__name__}(source={self._core.source!r})"

    @classmethod
    def _remade(cls, settings: dict[str, Any]) -> Self:
        return cls(**settings)
