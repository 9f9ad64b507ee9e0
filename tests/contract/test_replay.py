"""A recording of a hub on the simulated market plays the same, bit for bit: again, elsewhere, later, at any speed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl
import pytest

import quantdata as qd
from quantdata.live.blocks import unpacked
from quantdata.live.recording_reader import Reading
from quantdata.live.records import Answer, Frame
from quantdata.sim import Simulator
from quantdata.wire.tradier.rest import TradierRest
from tests.contract.replayed import digests, digests_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from quantdata.config import Secret

pytestmark = pytest.mark.thorough

KEYS: Final = {"MASSIVE_API_KEY": "k3y-nobody-may-see", "TRADIER_ACCESS_TOKEN": "t0ken-nobody-may-see"}
# Longer than any of this takes on a busy machine.
SOON_S: Final = 20.0
# Until so much has come in.
# A list of expirations is a poll and no answer that is written.
FRAMES, ANSWERS, POLLS = 40, 6, 9


class Recorded(NamedTuple):
    """A recording, what the hub showed last, and what must not be in it."""

    folder: Path
    last: qd.HubSnapshot
    secrets: list[str]


@pytest.fixture(scope="module", params=["hybrid", "tradier"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Record a hub with polls and streams: of Massive's three sockets, or Tradier's one; the watchlist changes."""
    secrets = list(KEYS.values())
    with pytest.MonkeyPatch.context() as patch, Simulator(clock="open") as simulator:
        places = {
            "MASSIVE_BASE_URL": simulator.base_url,
            "MASSIVE_WS_URL": simulator.socket_url,
            "TRADIER_BASE_URL": simulator.tradier_url,
            "TRADIER_STREAM_URL": f"{simulator.socket_url}/v1/markets/events",
        }
        for name, text in {**KEYS, **places, "QUANTDATA_SOURCE": str(request.param)}.items():
            patch.setenv(name, text)
        patch.setattr(TradierRest, "stream_session", _noting(TradierRest.stream_session, secrets))
        folder = tmp_path_factory.mktemp("recorded")
        last = _record(folder)
        ports = {simulator.base_url.rsplit(":", 1)[-1], "127.0.0.1"}
        yield Recorded(folder, last, [*secrets, *ports, "Bearer", "apiKey", "sessionid"])


def _noting(ask: Callable[..., object], secrets: list[str]) -> Callable[[TradierRest], object]:
    async def asked(rest: TradierRest) -> Secret:
        session: Secret = await ask(rest)  # type: ignore[misc]
        secrets.append(session.reveal())
        return session

    return asked


def _record(folder: Path) -> qd.HubSnapshot:
    with qd.hub("SPY", equities="AAPL", client=qd.Client(), dte=(0, 1), refresh_interval=1.0) as hub:
        hub.wait()
        # What was there before it began belongs to it too.
        _until(lambda: hub.streams().filter(state="live").height >= 1)
        before = _counted(hub, "polls")
        with hub.record(folder) as recording:
            hub.watch("QQQ")
            hub.wait()
            hub.unwatch(equities="AAPL")
            _until(lambda: _counted(hub, "frames") >= FRAMES and _counted(hub, "polls") >= before + POLLS)
            last = hub.snapshot()
        assert (recording.lost, recording.error) == (0, None)
    return last


def _counted(hub: qd.MarketDataHub, metric: str) -> float:
    return float(hub.metrics().filter(pl.col("metric") == metric).get_column("value").sum())


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def test_it_plays_the_same_again_and_in_another_process_years_later_and_at_another_speed(recorded: Recorded) -> None:
    first = digests(recorded.folder)
    assert len(first) > 30
    assert _others(digests(recorded.folder), first) == []
    assert _others(digests_elsewhere(recorded.folder), first) == []
    # At a speed a subscriber that is slow misses publications, as in life; those that it sees are the same.
    quick = digests(recorded.folder, speed=20.0)
    assert [name for name in quick if name != "ticks" and quick[name] != first[name]] == []
    assert list(quick)[-2] == list(first)[-2]


def _others(digests: dict[str, str], first: dict[str, str]) -> list[str]:
    """Return what is not the same in both."""
    return [name for name in first.keys() | digests.keys() if first.get(name) != digests.get(name)]


def test_it_holds_what_the_hub_showed(recorded: Recorded) -> None:
    with qd.replay(recorded.folder) as hub:
        again = hub.wait_over(SOON_S)
        assert again.is_simulated
    for name in ("SPY", "QQQ"):
        then, now = recorded.last.chains[name], again.chains[name]
        both = then.join(now, on="contract_symbol", how="inner", suffix="_now")
        assert both.height == then.height == now.height
        assert (both.get_column("quote_ts_now") >= both.get_column("quote_ts")).all()
        same = both.filter(pl.col("quote_ts") == pl.col("quote_ts_now"))
        assert same.height > 0
        for column in ("bid", "ask", "bid_size", "ask_size", "quote_source", "feed"):
            assert same.get_column(column).equals(same.get_column(f"{column}_now"), check_names=False), column
    assert {"SPY", "QQQ"} <= set(again.equities.get_column("symbol"))


def test_it_holds_frames_and_answers(recorded: Recorded) -> None:
    records = [record for block in Reading(recorded.folder).blocks() for record in block]
    assert sum(isinstance(record, Frame) for record in records) > 10
    assert sum(isinstance(record, Answer) for record in records) >= ANSWERS


def test_nothing_secret_and_no_address_is_in_it(recorded: Recorded) -> None:
    files = [path for path in recorded.folder.iterdir() if path.is_file()]
    assert {path.suffix for path in files} == {".zst", ".json"}
    texts = [path.read_bytes() for path in files]
    texts += [block for path in files if path.suffix == ".zst" for block in unpacked(path, is_last=True)]
    for secret in recorded.secrets:
        assert not [text for text in texts if secret.encode() in text], secret
