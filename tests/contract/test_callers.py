"""The client from everywhere that people call it: threads, event loops, forks, notebook cells, under Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Literal

import polars as pl
import pytest

import quantdata as qd
from quantdata.cli.output import write_file
from quantdata.sim import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.sim import Simulator

pytestmark = pytest.mark.thorough

SECRET = "s3cr3t-k3y-0123456789"  # noqa: S105  # looked for in every sink


@pytest.fixture
def client(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[qd.Client]:
    """Return a client made from the environment, pointed at the simulated market by its base URL."""
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("MASSIVE_API_KEY", SECRET)
    with qd.Client() as made:
        yield made


def python(code: str, simulator: Simulator, *arguments: str) -> str:
    """Run code in a fresh interpreter whose environment points at the simulated market; return what it prints."""
    environment = {**os.environ, "MASSIVE_BASE_URL": simulator.base_url, "MASSIVE_API_KEY": SECRET}
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=50)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_fifty_calls_from_eight_threads_agree(client: qd.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(lambda number: client.chain("DIA", dte=(0, 7 + number % 5)), range(50)))
    for number, frame in enumerate(frames):
        assert frame.drop("received_ts").equals(frames[number % 5].drop("received_ts"))


def test_sync_calls_work_inside_a_running_event_loop(client: qd.Client) -> None:
    async def cell() -> list[str]:
        return client.quotes(["SPY"]).get_column("symbol").to_list()

    assert asyncio.run(cell()) == ["SPY"]


def test_one_async_client_works_from_two_loops(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("MASSIVE_API_KEY", SECRET)
    shared = qd.AsyncClient("massive", cache_ttl={"quotes": 0})

    async def ask() -> float:
        quotes = await asyncio.gather(*(shared.quotes(symbol) for symbol in ("SPY", "QQQ", "DIA")))
        return float(sum(quote.get_column("price")[0] for quote in quotes))

    assert asyncio.run(ask()) == asyncio.run(ask())
    asyncio.run(shared.close())


# In a process of its own: nesting patches asyncio for good.
NESTING = """
import asyncio
import quantdata as qd

async def main():
    async with qd.AsyncClient() as client:
        return (await client.indices("SPX")).height

async def cell():
    await asyncio.sleep(0)
    return qd.run(main()) + qd.Client().quotes("SPY").height

print(qd.run(main()), asyncio.run(cell()))
"""


def test_run_works_in_a_script_and_in_a_cell(simulator: Simulator) -> None:
    assert python(NESTING, simulator) == "1 2\n"


def test_ctrl_c_ends_the_call_and_leaves_the_client_usable(client: qd.Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault("timeout", path="/v3/snapshot/options/*", seconds=20))
    main_thread = threading.main_thread().ident or 0
    interruption = threading.Timer(0.3, signal.pthread_kill, (main_thread, signal.SIGINT))
    interruption.start()
    with pytest.raises(KeyboardInterrupt):
        client.chain("DIA")
    interruption.join()
    simulator.faults.clear()
    assert client.chain("DIA", dte=(0, 7)).height > 0


FORKING = """
import os, signal, sys, warnings
import quantdata as qd
warnings.simplefilter("ignore")
signal.alarm(30)
client = qd.Client()
if "after" in sys.argv:
    client.quotes(["SPY", "QQQ"])
if "connected" in sys.argv:
    client.market_status()  # opens connections, and does not use Polars
child = os.fork()
if child == 0:
    try:
        if "connected" in sys.argv:
            print(client.entitlements().height, "blocks", flush=True)  # never cached
        print(client.indices(["SPX", "VIX"]).height, "rows", flush=True)
    except qd.QuantDataError as error:
        print(type(error).__name__, error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("parent", client.quotes(["SPY", "DIA"]).height)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("before", "2 rows"),
        ("connected", "10 blocks\n2 rows"),
        ("after", "QuantDataError this process was forked from one that had"),
    ],
)
def test_a_forked_child_works_or_says_why_not_and_its_parent_goes_on(
    when: str, said: str, simulator: Simulator
) -> None:
    printed = python(FORKING, simulator, when)
    assert printed.startswith(said)
    assert printed.endswith("parent 2\n")


def test_a_client_that_nobody_closes_hangs_up_silently(client: qd.Client) -> None:
    own = qd.Client()
    assert own.quotes("SPY").height == client.quotes("SPY").height == 1
    del own
    gc.collect()  # warnings are errors here: an open session would be one


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "import gc; del client; gc.collect()"])
def test_a_client_that_is_open_when_the_process_ends_leaves_nothing_to_read(simulator: Simulator, ending: str) -> None:
    code = f"import quantdata as qd; client = qd.Client(); print(client.quotes('SPY').height); {ending}"
    environment = {**os.environ, "MASSIVE_BASE_URL": simulator.base_url, "MASSIVE_API_KEY": SECRET}
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=50)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1\n", "")


MANY: Final = (Fault("status", "*", status=401), Fault("status", "*", status=403), Fault("drop", "*"))
FAULTS: Final = {
    "massive": (*MANY, Fault("status", status=429), Fault("invalid_json"), Fault("next_url_loop")),
    "tradier": (
        *MANY,
        Fault("invalid_json", "tradier"),
        Fault("expired_token", "tradier"),
        Fault("quota_violation", "tradier", seconds=0),
        Fault("errors_200", "tradier"),
    ),
}


@pytest.mark.parametrize("source", ["massive", "tradier"])
def test_no_sink_shows_the_key(
    source: Literal["massive", "tradier"],
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("MASSIVE_API_KEY", SECRET)
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", SECRET)
    caplog.set_level(logging.DEBUG)
    with qd.Client(source) as client:
        sinks = [repr(client), repr(vars(client)), repr(client.entitlements())]
        for fault in FAULTS[source]:
            simulator.faults.add(fault)
            with pytest.raises(qd.DataProviderError) as caught:
                client.chain("QQQ")
            simulator.faults.clear()
            error = caught.value
            sinks += ["".join(traceback.format_exception(error)), repr(error.__dict__), repr(pickle.dumps(error))]
        write_file(client.chain("DIA", dte=(0, 7)), tmp_path / "chain.parquet")
        sinks += [
            caplog.text,
            repr((tmp_path / "chain.parquet").read_bytes()),
            repr(client._core.cache._entries.keys()),
            client.health().write_json(),
            client.metrics().write_json(),
        ]
        assert "DEBUG    quantdata.wire:" in caplog.text
        assert "WARNING  quantdata.clients:" in caplog.text
        assert "last_error_code" in client.health().columns
        assert client.metrics().filter(metric="failures").height
        assert pl.read_parquet_metadata(tmp_path / "chain.parquet")["quantdata.feed"] == "simulated"
        assert not [sink for sink in sinks if SECRET in sink]
        for secret in (client._core._config.massive_api_key, client._core._config.tradier_access_token):
            with pytest.raises(TypeError, match="never pickled"):
                pickle.dumps(secret)
