"""The portal: one loop for scripts, threads, notebook cells and forked children."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest

from quantdata import portal
from quantdata.portal import _Portal


async def _thread() -> threading.Thread:
    return threading.current_thread()


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def _script(text: str) -> str:
    """Run a script in a process of its own, warnings as errors; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(text)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


# --- where calls come from ------------------------------------------------------------------------------------------


def test_a_call_runs_on_a_daemon_thread_of_its_own() -> None:
    thread = portal.call(_thread())
    assert thread.name == "quantdata-portal"
    assert thread.daemon
    assert thread is not threading.current_thread()


def test_calls_from_eight_threads_share_one_loop() -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: portal.call(_double(number)), range(50)))
        threads = set(pool.map(lambda _: portal.call(_thread()), range(50)))
    assert answers == [2 * number for number in range(50)]
    assert len(threads) == 1


def test_a_sync_call_works_inside_a_running_loop() -> None:
    async def cell() -> int:
        return portal.call(_double(21))

    assert asyncio.run(cell()) == 42


def test_a_coroutine_is_awaited_from_any_loop() -> None:
    async def cell() -> tuple[int, threading.Thread]:
        return await portal.from_any_loop(_double(21)), await portal.from_any_loop(_thread())

    answer, thread = asyncio.run(cell())
    assert answer == 42
    assert thread is portal.call(_thread())


def test_the_portals_own_loop_may_await_itself() -> None:
    async def nested() -> int:
        return await portal.from_any_loop(_double(21))

    assert portal.call(nested()) == 42


def test_a_sync_call_on_the_portals_own_thread_is_refused() -> None:
    async def waits_for_itself() -> None:
        portal.call(_double(1))

    with pytest.raises(RuntimeError, match="await AsyncClient instead"):
        portal.call(waits_for_itself())


def test_an_exception_comes_with_the_place_it_was_raised_at() -> None:
    async def breaks() -> None:
        await asyncio.sleep(0)
        raise LookupError("here")

    with pytest.raises(LookupError, match="here") as failure:
        portal.call(breaks())
    assert "breaks" in [frame.name for frame in traceback.extract_tb(failure.tb)]


def test_cancelling_the_awaiting_task_cancels_the_coroutine() -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def waits() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def cell() -> None:
        waiting = asyncio.ensure_future(portal.from_any_loop(waits()))
        await asyncio.to_thread(started.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cell())
    assert cancelled.wait(5)


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to a thread are POSIX")
def test_ctrl_c_cancels_the_coroutine_and_leaves_the_portal_usable() -> None:
    caller = threading.get_ident()
    assert threading.current_thread() is threading.main_thread()
    cancelled = threading.Event()

    async def interrupts() -> None:
        # Once the caller waits for the answer, and not on its way there; nobody tells when that is.
        while sys._current_frames()[caller].f_code.co_name != "wait":  # noqa: ASYNC110
            await asyncio.sleep(0)
        signal.pthread_kill(caller, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(KeyboardInterrupt):
        portal.call(interrupts())
    assert cancelled.wait(5)
    assert portal.call(_double(21)) == 42


def _interrupt() -> None:
    raise KeyboardInterrupt


async def _interrupted() -> None:
    await asyncio.sleep(0)
    raise KeyboardInterrupt


def test_an_interrupt_on_the_loop_does_not_end_it() -> None:
    # Polars raises it in whichever thread is at work, and asyncio lets it through.
    own = _Portal()
    loop, thread = own.loop(), own._thread
    waiting = asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop)
    for _ in range(3):
        loop.call_soon_threadsafe(_interrupt)
        assert asyncio.run_coroutine_threadsafe(_double(21), loop).result(5) == 42
    with pytest.raises(KeyboardInterrupt):
        asyncio.run_coroutine_threadsafe(_interrupted(), loop).result(5)
    assert asyncio.run_coroutine_threadsafe(_double(21), loop).result(5) == 42
    assert not waiting.done()
    assert own.loop() is loop
    assert thread is not None
    assert thread.is_alive()
    own.stop()
    assert not thread.is_alive()
    assert waiting.cancelled()


# --- the life of the loop -------------------------------------------------------------------------------------------


def test_stopping_cancels_what_runs_and_a_later_call_starts_anew() -> None:
    own = _Portal()
    started, cancelled = threading.Event(), threading.Event()

    async def waits() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    loop = own.loop()
    asyncio.run_coroutine_threadsafe(waits(), loop)
    assert started.wait(5)
    own.stop()
    assert cancelled.is_set()
    assert loop.is_closed()
    own.stop()
    assert own.loop() is not loop
    own.stop()


def test_a_forgotten_loop_is_replaced_and_the_generation_tells() -> None:
    own = _Portal()
    first, thread, generation = own.loop(), own._thread, own.generation
    own.forget()
    assert own.generation == generation + 1
    assert own.loop() is not first
    own.stop()
    first.call_soon_threadsafe(first.stop)
    assert thread is not None
    thread.join(5)


def test_importing_starts_no_thread() -> None:
    assert _script("import threading, quantdata.portal; print(threading.active_count())") == "1"


def test_a_process_ends_while_coroutines_still_run() -> None:
    assert (
        _script(
            """
            import asyncio
            from quantdata import portal
            portal.spawn(asyncio.sleep(3600))
            print(portal.call(asyncio.sleep(0, result="done")))
            """
        )
        == "done"
    )


def test_a_process_ends_quietly_when_a_library_has_set_a_policy_of_its_own() -> None:
    # As uvloop does, and with it NautilusTrader, whose policy knows no loop of a thread that was there before.
    script = """
        import asyncio
        from quantdata import portal
        print(portal.call(asyncio.sleep(0, "done")))
        asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
    """
    assert _script(script) == "done"


def test_a_goodbye_is_waited_for_at_the_end_of_a_process() -> None:
    assert _script(
        """
            import asyncio
            from quantdata import portal

            async def bye(name):
                for _ in range(10):
                    await asyncio.sleep(0.001)
                print(name, flush=True)

            portal.call(asyncio.sleep(0))
            portal.say_goodbye(bye("first"))
            portal.say_goodbye(bye("second"))
            """
    ).split() == ["first", "second"]


def test_a_goodbye_that_takes_too_long_is_not_waited_for() -> None:
    assert (
        _script(
            """
            import asyncio
            from quantdata import portal
            portal.LONGEST_GOODBYE_S = 0.01

            async def bye():
                try:
                    await asyncio.Event().wait()
                finally:
                    print("cut short", flush=True)

            portal.say_goodbye(bye())
            """
        )
        == "cut short"
    )


def test_a_goodbye_from_the_loop_itself_does_not_wait() -> None:
    said = threading.Event()

    async def bye() -> None:
        said.set()

    async def collects() -> bool:
        portal.say_goodbye(bye())
        return said.is_set()

    assert portal.call(collects()) is False
    assert said.wait(5)


def test_what_is_run_to_the_end_goes_on_without_the_one_who_waits() -> None:
    began, said = threading.Event(), threading.Event()

    async def bye() -> None:
        began.set()
        await asyncio.sleep(0.01)
        said.set()

    waiting = portal.spawn(portal.to_the_end(bye()))
    assert began.wait(5)
    assert waiting.cancel()
    assert said.wait(5)


@pytest.mark.parametrize("calls", ["portal.call(waits())", "while True: started.set(); portal.call(asyncio.sleep(0))"])
def test_a_daemon_thread_that_is_at_a_call_when_the_process_ends_is_silent(calls: str) -> None:
    script = """
        import asyncio, threading
        from quantdata import portal
        started = threading.Event()

        async def waits():
            started.set()
            await asyncio.Event().wait()

        def work():
            CALLS

        threading.Thread(target=work, daemon=True).start()
        started.wait()
        print("ended")
    """
    assert _script(script.replace("CALLS", calls)) == "ended"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_makes_its_own_loop() -> None:
    generation, parents = portal.generation(), portal.call(_thread())
    with warnings.catch_warnings():
        # Since Python 3.12 a fork with threads warns; that this one has threads is the point.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            own = portal.call(_thread())
            is_new = own is not parents and portal.generation() == generation + 1
            os._exit(0 if is_new and portal.call(_double(21)) == 42 else 1)
        finally:
            os._exit(2)
    assert _exit_code(child) == 0
    assert portal.call(_thread()) is parents
    assert portal.generation() == generation


def _exit_code(child: int) -> int:
    """Wait for a child, but not for ever; a child that hangs counts as -9."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        threading.Event().wait(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# --- run() ----------------------------------------------------------------------------------------------------------


def test_run_without_a_loop() -> None:
    assert portal.run(_double(21)) == 42


def test_run_inside_a_running_loop_nests() -> None:
    # In a process of its own: nesting patches asyncio for good.
    assert (
        _script(
            """
            import asyncio
            import quantdata as qd

            async def inner(seen):
                await asyncio.sleep(0)
                seen.append("inner")
                return qd.run(asyncio.sleep(0, result="innermost"))

            async def breaks():
                raise LookupError("here")

            async def cell():
                seen = []
                other = asyncio.ensure_future(asyncio.sleep(0, result="the loop stays alive"))
                seen.append(qd.run(inner(seen)))
                try:
                    qd.run(breaks())
                except LookupError as error:
                    seen.append(str(error))
                return [*seen, await other]

            print(*asyncio.run(cell()), sep=", ")
            """
        )
        == "inner, innermost, here, the loop stays alive"
    )
