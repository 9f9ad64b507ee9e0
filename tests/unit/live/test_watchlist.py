"""What a hub watches: symbols as users write them, each once, and what polls need beside them."""

from __future__ import annotations

import pytest

from quantdata.errors import ArgumentError, SymbolError
from quantdata.live.watchlist import Watchlist


def test_symbols_are_read_as_users_write_them_each_once() -> None:
    watched = Watchlist.of(["spy", "SPX", "SPY"], equities="brk/b", indices=["I:VIX", "VIX"])
    assert watched == Watchlist(("SPY", "SPX"), ("BRK.B",), ("VIX",))
    assert watched.names() == ["SPY", "SPX", "BRK.B", "VIX"]
    assert Watchlist.of() == Watchlist()
    assert Watchlist.of().is_empty
    assert not watched.is_empty


def test_an_iterator_is_read_once() -> None:
    assert Watchlist.of(iter(["SPY", "QQQ"])).chains == ("SPY", "QQQ")


def test_the_underlyings_of_chains_are_polled_too() -> None:
    watched = Watchlist.of(["SPY", "SPX"], equities=["AAPL", "SPY"], indices="VIX")
    assert watched.polled_equities == ("AAPL", "SPY")
    assert watched.polled_indices == ("VIX", "SPX")


def test_more_and_less_keep_the_order() -> None:
    watched = Watchlist.of(["SPY", "QQQ"], indices="VIX")
    more = watched.with_more(Watchlist.of(["QQQ", "IWM"], equities="AAPL"))
    assert more == Watchlist(("SPY", "QQQ", "IWM"), ("AAPL",), ("VIX",))
    assert more.without(Watchlist.of("QQQ", equities="AAPL")) == Watchlist(("SPY", "IWM"), (), ("VIX",))


def test_what_is_not_watched_cannot_be_given_up_nor_can_all() -> None:
    watched = Watchlist.of("SPY")
    with pytest.raises(ArgumentError, match="not watched: QQQ, IWM; there are SPY"):
        watched.without(Watchlist.of(["QQQ", "IWM"]))
    with pytest.raises(ArgumentError, match="not watched: VIX; there are none"):
        watched.without(Watchlist.of(indices="VIX"))
    with pytest.raises(ArgumentError, match="close\\(\\) ends it"):
        watched.without(watched)


def test_what_is_no_symbol_is_refused() -> None:
    with pytest.raises(SymbolError):
        Watchlist.of("SPY261218C00600000")
    with pytest.raises(ArgumentError, match="symbols must be text"):
        Watchlist.of([7])  # type: ignore[list-item]
